"""The bundled weights in half precision: what people with a GPU see, computed on the CPU."""

import numpy as np
import pytest
import torch
from PIL import Image

from styleshot_demo import ImageJob, Settings, Studio, TextJob
from styleshot_demo.runners import weights
from styleshot_demo.runtime.placement import Placement
from styleshot_demo.settings import ASSETS, PLACEMENTS
from styleshot_demo.styleshot.tokens import encode_style

STYLES = sorted((ASSETS / "styles").glob("*.jpg"))
CLOSE = 2.0  # grey levels on average


def job(kind: str):
    common = {"styles": [STYLES[0]], "prompt": "a red apple", "steps": 3, "size": 128, "seed": 5, "model": "small"}
    if kind == "text":
        return TextJob(**common)
    photo = Image.linear_gradient("L").rotate(30).convert("RGB")
    photo.paste((200, 40, 30), (60, 60, 180, 200))
    return ImageJob(content=photo, **common)


@pytest.fixture(scope="module")
def exact():
    """The same jobs in single precision."""
    studio, made = Studio(Settings(device="cpu", precision="float32")), {}

    def image(kind):
        if kind not in made:
            made[kind] = np.asarray(studio.finish(job(kind)).images[0], dtype=float)
        return made[kind]

    return image


def check(result, expected):
    picture = np.asarray(result.images[0], dtype=float)
    assert picture.std() > 5, "not one colour, such as black"
    assert np.abs(picture - expected).mean() <= CLOSE


@pytest.mark.parametrize(("kind", "placement"), [*(("text", one) for one in PLACEMENTS), ("image", "resident")])
def test_half_precision_paints_the_same_picture(exact, kind, placement):
    studio = Studio(Settings(device="cpu", precision="float16", placement=placement))
    result = studio.finish(job(kind))
    assert result.plan.precision == "float16" and result.plan.placement.tier == placement
    check(result, exact(kind))


@pytest.fixture(scope="module")
def encoders():
    """(style encoder, adapter) in single precision, then as they lie on a GPU: offloaded, and resident on ZeroGPU."""
    found = [each for each in weights.locate(Settings(device="cpu"), "small", "contour")][-1]
    places = [
        Placement("resident", "cpu", "float32"),
        Placement("resident", "cpu", "float16"),
        Placement("resident", "cpu", "float16", offloading=False),
    ]
    return [[weights.load(part, found, place) for part in ("style_encoder", "adapter")] for place in places]


@pytest.mark.parametrize("style", STYLES, ids=[style.stem for style in STYLES])
def test_no_bundled_style_overflows(encoders, style):
    with Image.open(style) as picture:
        exact, *halves = (encode_style([picture], [0], *networks) for networks in encoders)
        # Trainings keep weights in single precision and compute in float16 by autocast, as their sheets do.
        with torch.autocast("cpu", torch.float16):
            halves.append(encode_style([picture], [0], *encoders[0]))
    for tokens in halves:
        assert torch.isfinite(tokens).all()
        assert (tokens.float() - exact).abs().mean() < 0.01 * exact.abs().mean()


def test_bfloat16_paints_too(exact):
    result = Studio(Settings(device="cpu", precision="bfloat16")).finish(job("text"))
    picture = np.asarray(result.images[0], dtype=float)
    # It has 8 bits where float16 has 11, so pictures differ more, but nothing can overflow.
    assert picture.std() > 5 and np.abs(picture - exact("text")).mean() <= 5 * CLOSE
