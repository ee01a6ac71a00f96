import pytest
from PIL import Image

from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.settings import ASSETS, Settings
from styleshot_demo.studio import Studio


@pytest.fixture
def picture():
    return Image.linear_gradient("L").convert("RGB").resize((40, 30))


@pytest.fixture
def small(monkeypatch):
    """`small(here)` decides whether the small built-in StyleShot is found."""
    find = hub.find

    def decide(here):
        def found(model, settings):
            if model != "styleshot-small":
                return find(model, settings)
            built_in = MODELS["styleshot-small"]
            return hub.FoundModel(built_in, ASSETS, {}, None) if here else hub.Missing(built_in, (), 0)

        monkeypatch.setattr(hub, "find", found)

    return decide


@pytest.fixture
def studio(tmp_path, small):
    """A studio without StyleShot's weights."""
    small(False)
    return Studio(Settings(device="cpu", models=tmp_path / "models"), ModelCache(10**9))
