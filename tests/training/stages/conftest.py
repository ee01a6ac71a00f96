"""A tiny StyleShot to train, in the published files' formats, and a folder of pictures in two styles."""

from copy import deepcopy
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
import tiny_models
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState
from PIL import Image
from styleshot import tiny

from styleshot_demo.settings import Settings
from styleshot_demo.training.gallery.opening import open_gallery
from styleshot_demo.training.stages import parts, validation
from styleshot_demo.training.stages.recipe import StageRecipe
from styleshot_demo.training.stages.runner import train
from styleshot_demo.training.stages.style import style_stage

SIDE = 64


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """What `STYLESHOT_MODELS` names: base, StyleShot and detectors."""
    return tiny_models.build(tmp_path_factory.mktemp("models"), ("base", "contour", "detectors"))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Two styles, three pictures each, and one file that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    for style, colour in (("red", (220, 40, 30)), ("blue", (20, 60, 200))):
        (folder / style).mkdir()
        for number in range(3):
            shade = tuple((level + 40 * number) % 256 for level in colour)
            tiny.picture(shade, (96 + 8 * number, 80)).save(folder / style / f"thing {number}.png")
    (folder / "red" / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="session")
def drawn(tmp_path_factory, pictures):
    """The same with content pictures, as JSON lines."""
    folder = tmp_path_factory.mktemp("drawn")
    lines = []
    for number, path in enumerate(sorted(pictures.rglob("thing*.png"))):
        with Image.open(path) as image:
            image.convert("L").point(lambda level: 255 if level > 90 else 0).save(folder / f"{number}.png")
        lines.append(f'{{"image_file": "{path}", "content_prompt": "a thing", "content_image_file": "{number}.png"}}\n')
    (folder / "gallery.jsonl").write_text("".join(lines))
    return folder / "gallery.jsonl"


@pytest.fixture
def one_thread():
    """As processes of their own have it in these tests, so that numbers agree to the last bit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def opened(models):
    """(base, StyleShot) as they are read from their files; to be copied, not trained."""
    settings = Settings(models=models, device="cpu")
    base = parts.load_base(parts.base_folder(settings))
    return base, parts.load_styleshot(parts.styleshot_folder(settings), base.unet)


@pytest.fixture(scope="module")
def workshop_in(opened, pictures):
    """`run(folder, out, stage=..., data=..., **recipe)` trains a fresh copy in a folder and says what came of it."""

    def run(folder, out="out", make=style_stage, data=pictures, report=None, styleshot=None, **asked):
        AcceleratorState._reset_state(True)
        GradientState._reset_state()
        base = replace(opened[0], unet=deepcopy(opened[0].unet))
        own = styleshot or deepcopy(opened[1])
        before = {name: value.clone() for name, value in _named(own).items()}
        stage = make(base, own)
        recipe = StageRecipe(**{"steps": 2, "batch": 2, "resolution": SIDE, "validate_every": 0} | asked)
        told = []
        gallery = open_gallery(
            data,
            seed=recipe.seed,
            contents=stage.uses_content,
            report=report or (lambda name, problem: told.append((name, problem.key))),
        )
        with pytest.MonkeyPatch.context() as patch:
            # That there is a sheet counts, not what is on it.
            patch.setitem(validation.Validation.__init__.__kwdefaults__, "steps", 2)
            state = train(stage, base, gallery, recipe, folder / out, Accelerator(cpu=True))
        return SimpleNamespace(
            out=folder / out, state=state, base=base, styleshot=own, stage=stage, before=before, told=told
        )

    return run


@pytest.fixture
def workshop(workshop_in, tmp_path):
    """`workshop_in` in the folder of a test."""
    return partial(workshop_in, tmp_path)


def _named(own):
    named = {"style_aware_encoder": own.style_encoder, "adapter": own.adapter, "controlnet": own.controlnet}
    return {f"{part}.{name}": value for part, module in named.items() for name, value in module.state_dict().items()}


@pytest.fixture
def named():
    """All weights of a StyleShot by name."""
    return _named
