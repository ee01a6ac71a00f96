"""The choice between ZeroGPU and everything else, with a stand-in for the `spaces` package."""

import sys
import types

import pytest
from PIL import Image

from styleshot_demo import ClassicalJob, ImageJob, Settings, Studio, TextJob
from styleshot_demo.events import Finished, Result, Step
from styleshot_demo.messages import remark
from styleshot_demo.runners import styleshot
from styleshot_demo.runners import weights as files
from styleshot_demo.runtime import zerogpu

PICTURE = Image.linear_gradient("L").convert("RGB").resize((64, 48))
RESULT = Result([PICTURE], None, 0, 0.1, {})


@pytest.fixture
def spaces(monkeypatch):
    """A `spaces` that lends GPUs and remembers what was asked of it."""
    package, config = types.ModuleType("spaces"), types.ModuleType("spaces.config")
    config.Config = types.SimpleNamespace(zero_gpu=True)
    package.asked = []

    def gpu(function, duration):
        def lent(*args):
            package.asked.append(duration(*args))
            return function(*args)

        return lent

    package.GPU = gpu
    monkeypatch.setitem(sys.modules, "spaces", package)
    monkeypatch.setitem(sys.modules, "spaces.config", config)
    package.config = config
    return package


@pytest.fixture
def studio(monkeypatch):
    studio = Studio(Settings(device="cpu"))

    def run(job, lower=False, strengths=()):
        yield Step(0.5, remark("painting"))
        yield Finished(RESULT)

    monkeypatch.setattr(studio.styleshot, "run", run)
    return studio


def test_without_the_package(studio, monkeypatch):
    monkeypatch.setitem(sys.modules, "spaces", None)
    monkeypatch.setitem(sys.modules, "spaces.config", None)
    assert not zerogpu.lends()
    assert zerogpu.decorated(studio.styleshot.run) is studio.styleshot.run
    assert studio.finish(TextJob([PICTURE], "a house")) is RESULT


def test_the_package_on_other_hardware(spaces, studio):
    spaces.config.Config.zero_gpu = False
    assert studio.finish(TextJob([PICTURE], "a house")) is RESULT
    assert spaces.asked == []


def test_a_run_asks_for_as_long_as_it_takes(spaces, studio):
    short, long = TextJob([PICTURE], "a house"), TextJob([PICTURE], "a house", count=4, steps=40)
    for job in (short, long):
        assert studio.finish(job) is RESULT
    assert spaces.asked == [zerogpu.seconds_for(short), zerogpu.seconds_for(long)]
    assert spaces.asked[0] < spaces.asked[1] <= zerogpu.LONGEST
    list(studio.sweep(short))
    assert spaces.asked[2] == zerogpu.seconds_for(short, 5) > spaces.asked[0]


def test_larger_pictures_and_content_take_longer():
    plain = zerogpu.seconds_for(TextJob([PICTURE], ""))
    assert zerogpu.seconds_for(TextJob([PICTURE], "", size=1024)) > plain
    assert zerogpu.seconds_for(ImageJob(PICTURE, [PICTURE])) > plain


def test_classical_jobs_are_not_decorated(spaces, studio, monkeypatch):
    monkeypatch.setattr(studio, "_classical", types.SimpleNamespace(run=lambda job: iter([Finished(RESULT)])))
    assert studio.finish(ClassicalJob(PICTURE, [PICTURE])) is RESULT
    assert spaces.asked == []


def test_models_are_loaded_at_the_start_and_stay(spaces, monkeypatch, tmp_path):
    studio, loaded = Studio(Settings(device="cpu", models=tmp_path)), []
    weights = files.Weights({}, {part: part for part in ("unet", "vae", "tokenizer", "style_encoder")}, None, {})
    chosen = files.Choice("styleshot", remark("model_styleshot"))
    monkeypatch.setattr(studio.styleshot, "ready", lambda kind, preprocessor: chosen)
    monkeypatch.setattr(files, "locate", lambda settings, model, preprocessor: iter([weights]))

    def load(part, weights, placement):
        loaded.append((part, placement.device, placement.form(part)))
        return bytearray(4)

    monkeypatch.setattr(files, "load", load)
    studio.prepare()
    # Both preprocessors have equal weights here: each part is loaded once.
    assert loaded == [(part, "cuda", "resident") for part in ("unet", "vae", "style_encoder")]
    assert all(model.in_use for model in studio.cache.loaded()) and len(studio.cache.loaded()) == 3


def test_elsewhere_nothing_is_loaded_at_the_start(monkeypatch):
    studio = Studio(Settings(device="cpu"))
    monkeypatch.setattr(zerogpu, "lends", lambda: False)
    studio.prepare()
    assert studio._styleshot is None and studio.cache.loaded() == []


def test_what_crosses_to_the_other_process_can_be_pickled():
    import pickle

    job = ImageJob(PICTURE, [(PICTURE, 0.5), (PICTURE, 0.25)], "a house")
    again = pickle.loads(pickle.dumps(job))
    assert again.settings() == job.settings() and again.content.tobytes() == job.content.tobytes()
    step = Step(0.5, remark("iterating", step=1, total=2, seconds=3), PICTURE)
    assert pickle.loads(pickle.dumps(step)).message == step.message
    assert styleshot.kind_of(again) == "image"
