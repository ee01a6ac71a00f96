"""Sketches painted: strengths, sizes, and patterns that still fit together."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from styleshot_demo.classical.weights import load_fast
from styleshot_demo.compose.painting import Painting, painted, set_off
from styleshot_demo.compose.sketch import draw
from styleshot_demo.compose.words import understood
from styleshot_demo.settings import ASSETS


@cache
def fast():
    return load_fast(ASSETS / "weights" / "encoder.safetensors", ASSETS / "weights" / "fast.safetensors")


@cache
def styles(name="oil-impasto"):
    with Image.open(ASSETS / "styles" / f"{name}.jpg") as picture:
        values = np.asarray(picture.convert("RGB").resize((256, 256)), np.float32) / 255
    return ((torch.from_numpy(values).permute(2, 0, 1)[None], 1.0),)


@cache
def sketch(prompt="a red apple on a table"):
    return draw(understood(prompt), (256, 256), 1)


def values(picture):
    return np.asarray(picture, np.float32)


def test_no_strength_gives_the_sketch_back():
    assert painted(sketch(), fast(), styles(), 0).tobytes() == sketch().picture.tobytes()


def test_equal_strengths_are_what_fast_paints():
    painting = Painting(sketch(), fast(), styles())
    plain = fast().decode(painting.encoded, 0.7)[0].permute(1, 2, 0).numpy() * 255
    mask = values(sketch().things_mask()) < 1  # things may be set off from their ground
    made = values(painting.at(0.7, ground=1.0, things=1.0))
    assert np.abs(made - plain)[mask].mean() < 1.0


def test_things_stay_nearer_to_the_sketch_than_the_ground():
    painting = Painting(sketch(), fast(), styles())
    mask = values(sketch().things_mask()) > 250
    away = [
        np.abs(values(painting.at(1.0, things=share)) - values(sketch().picture))[mask].mean() for share in (0.3, 1.0)
    ]
    assert away[0] < away[1]


def test_same_seed_same_bytes():
    once, again = (painted(sketch(), fast(), styles()).tobytes() for _ in range(2))
    assert once == again


@pytest.mark.parametrize("style", ["oil-impasto", "wave-print"])
def test_a_painted_pattern_has_no_seam(style):
    made = values(painted(sketch("pattern of lemons"), fast(), styles(style)))
    for axis in (0, 1):
        seam = np.abs(made.take(0, axis) - made.take(-1, axis)).mean()
        assert seam <= np.abs(np.diff(made, axis=axis)).mean() * 1.15


def moved(picture, by):
    return Image.fromarray(np.roll(np.asarray(picture), by, (0, 1)))


def test_a_pattern_is_painted_the_same_wherever_its_borders_lie():
    one, by = sketch("pattern of rockets in space"), (96, 160)
    layers = tuple(replace(layer, mask=moved(layer.mask, by)) for layer in one.layers)
    other = replace(one, picture=moved(one.picture, by), ground=moved(one.ground, by), layers=layers)
    whole, cut = (values(painted(each, fast(), styles(), grain=0)) for each in (one, other))
    assert np.abs(np.roll(whole, by, (0, 1)) - cut).max() <= 1


def test_a_pattern_whose_borders_could_not_fit_is_refused():
    with pytest.raises(ValueError, match="multiples of 8"):
        Painting(draw(understood("pattern of lemons"), (260, 256), 1), fast(), styles())


@pytest.mark.parametrize("size", [(300, 257)])
def test_odd_sizes(size):
    made = painted(draw(understood("a cat"), size), fast(), styles())
    assert made.size == size and made.mode == "RGB"


def test_a_thing_that_is_lighter_than_its_ground_on_one_side_alone_gets_no_border_in_its_middle():
    """A face before a wall with a light in it: where it is as light as the wall, its light was lifted by a jump."""
    portrait = draw(understood("portrait of a queen"), (256, 256), 1)
    across = np.linspace(60, 200, 256).astype(np.uint8)
    mask = np.asarray(portrait.things_mask()) > 127
    drawn = np.where(mask, 130, across)[..., None].repeat(3, 2).astype(np.uint8)
    made = np.where(mask, 100, 130)[..., None].repeat(3, 2).astype(np.uint8)
    lifted = values(set_off(Image.fromarray(made), replace(portrait, picture=Image.fromarray(drawn))))[..., 0]
    inside = mask[:, 1:] & mask[:, :-1]
    assert np.ptp(lifted[mask]) > 10  # it is lifted, on one side
    deep = ndimage.binary_erosion(inside, iterations=6)
    assert np.abs(np.diff(lifted, axis=1))[deep].max() <= 3


def test_a_night_is_dark_in_a_light_style_too():
    night, day = (sketch(f"a sailboat on the sea{time}") for time in (" at night", ""))
    light = styles("watercolour")
    made = {name: values(painted(one, fast(), light)) for name, one in (("night", night), ("day", day))}
    drawn = values(night.picture).mean()
    assert abs(made["night"].mean() - drawn) < 0.3 * (made["day"].mean() - drawn)
    assert np.quantile(made["night"].mean(-1), 0.99) > 170  # moon and stars are not
