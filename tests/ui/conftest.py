import pytest
from PIL import Image

from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.settings import ASSETS, Settings
from styleshot_demo.studio import Studio


@pytest.fixture(autouse=True, scope="module")
def without_routes():
    """Pages that are looked at and not served get none of the server's hundred routes, which Gradio makes for each page
    twice: that would be most of the time here. Those that are served are in processes of their own."""
    from gradio import routes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes.App, "create_app", lambda *given, **more: None)
        yield


@pytest.fixture
def picture():
    return Image.linear_gradient("L").convert("RGB").resize((40, 30))


def decide_on_small(patch: pytest.MonkeyPatch, here: bool, find=hub.find):
    """From now on the small built-in StyleShot is found, or is not."""

    def found(model, settings):
        if model != "styleshot-small":
            return find(model, settings)
        built_in = MODELS["styleshot-small"]
        return hub.FoundModel(built_in, ASSETS, {}, None) if here else hub.Missing(built_in, (), 0)

    patch.setattr(hub, "find", found)


@pytest.fixture
def small(monkeypatch):
    """`small(here)` decides whether the small built-in StyleShot is found."""
    return lambda here: decide_on_small(monkeypatch, here)


@pytest.fixture
def studio(tmp_path, small):
    """A studio without StyleShot's weights."""
    small(False)
    return Studio(Settings(device="cpu", models=tmp_path / "models"), ModelCache(10**9))
