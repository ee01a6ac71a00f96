"""More pixels: crisper than bicubic, true to the picture, the same in tiles, with its transparency."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from styleshot_demo.errors import Problem
from styleshot_demo.helpers import networks
from styleshot_demo.helpers.enlarging import Enlarger, enlarged, enlarging, load_enlarger
from styleshot_demo.settings import ASSETS


@pytest.fixture(scope="module")
def model():
    return load_enlarger()


def to_end(picture, factor, model, tile) -> tuple[list[float], np.ndarray]:
    """(what was told of how far it is, the pixels)."""
    steps, told = enlarging(picture, factor, model, tile=tile), []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return told, np.asarray(end.value)


def sharpness(picture: Image.Image) -> float:
    """Mean length of the gradient, grey levels per pixel."""
    return float(np.hypot(*np.gradient(np.asarray(picture.convert("L"), np.float32))).mean())


def error(one: Image.Image, other: Image.Image) -> float:
    """Root mean square, grey levels."""
    return float(np.sqrt(((np.asarray(one, np.float32) - np.asarray(other, np.float32)) ** 2).mean()))


@pytest.mark.parametrize(("name", "nearer"), [("wave-print", 0.9), ("woodcut", 1.0), ("watercolour", 1.0)])
def test_paint_is_crisper_than_bicubic_and_nearer_to_what_it_was(name, nearer) -> None:
    with Image.open(ASSETS / "styles" / f"{name}.jpg") as opened:
        painting = opened.convert("RGB").crop((100, 100, 484, 484))
    small = painting.resize((96, 96), Image.Resampling.LANCZOS)
    ours, bicubic = enlarged(small), small.resize((384, 384), Image.Resampling.BICUBIC)
    assert sharpness(ours) > 1.1 * sharpness(bicubic)
    assert error(ours, painting) < nearer * error(bicubic, painting)
    assert error(ours.resize((96, 96), Image.Resampling.BOX), small) < 6  # and made small again it is what it was


def test_twice_is_four_times_averaged(model) -> None:
    small = Image.fromarray(data.astronaut()).resize((64, 48))
    twice, four = (to_end(small, factor, model, 512)[1].astype(int) for factor in (2, 4))
    assert twice.shape == (96, 128, 3) and four.shape == (192, 256, 3)
    assert np.abs(four.reshape(96, 2, 128, 2, 3).mean((1, 3)) - twice).max() <= 1


@pytest.mark.parametrize("factor", [2, 4])
def test_no_tile_shows(model, factor) -> None:
    picture = Image.fromarray(data.astronaut()).crop((150, 50, 270, 155))
    told, tiled = to_end(picture, factor, model, 2 * Enlarger.MARGIN)
    whole_told, whole = to_end(picture, factor, model, 1000)
    assert np.abs(tiled.astype(int) - whole).max() <= 1
    assert told == sorted(told) and len(told) == 12 and told[-1] == 1 and whole_told == [1]


def test_it_can_be_stopped_between_tiles(model) -> None:
    steps = enlarging(Image.fromarray(data.astronaut()), 4, model, tile=32)
    assert 0 < next(steps) < 0.01
    steps.close()


def test_transparency_stays_and_nothing_invisible_shines_through(model) -> None:
    pixels = np.zeros((40, 60, 4), np.uint8)
    pixels[..., 1] = 255  # invisible green
    pixels[8:32, 10:50] = (200, 40, 40, 255)
    picture = Image.fromarray(pixels)
    result = enlarged(picture)
    assert result.mode == "RGBA" and result.size == (240, 160)
    made = np.asarray(result).astype(int)
    assert (made[:20, :, 3] == 0).all() and (made[48:112, 56:184, 3] == 255).all()
    seen = made[..., 3] > 0
    assert np.abs(made[seen][:, :3] - (200, 40, 40)).max() < 12
    assert enlarged(Image.new("LA", (20, 20), (90, 255)), 2).size == (40, 40)


def test_the_same_picture_gives_the_same_bytes() -> None:
    picture = Image.fromarray(data.coffee()).crop((200, 100, 280, 160))
    assert enlarged(picture).tobytes() == enlarged(picture).tobytes()


def test_damaged_weights_are_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(networks, "FOLDER", tmp_path)
    for content in (None, b"", b"no network"):
        if content is not None:
            (tmp_path / networks.ENLARGE).write_bytes(content)
        with pytest.raises(Problem) as told:
            load_enlarger()
        assert told.value.key == "weights_broken"


def test_it_is_the_network_that_was_published(model) -> None:
    layers = [layer for layer in model if isinstance(layer, torch.nn.Conv2d)]
    assert len(layers) == 18 and sum(values.numel() for values in model.parameters()) == 621_424
