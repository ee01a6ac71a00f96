"""A picture in a few colours: mixtures of them and their shades, smooth, with light and dark as they were."""

import numpy as np
import pytest
import torch
from scipy.optimize import nnls

from styleshot_demo.classical.colour import to_oklab
from styleshot_demo.classical.palette import SHADE, PaletteMap, main_colours

PALETTES = {
    "five": ["1d3557", "457b9d", "a8dadc", "f1faee", "e63946"],
    "equally light": ["ff6b9d", "6bcbff", "fff56b"],
    "far apart": ["000000", "ff0000"],
    "one": ["3b2f2f"],
    "twice the same": ["808080", "808080"],
}


def rgb(palette: list[str]) -> torch.Tensor:
    return torch.tensor([list(bytes.fromhex(one)) for one in palette]) / 255


def oklab(pixels: torch.Tensor) -> np.ndarray:
    return to_oklab(pixels)[0].flatten(1).T.double().numpy()


def all_colours(steps: int) -> torch.Tensor:
    """[1, 3, steps, steps^2]: sRGB, evenly."""
    axis = torch.linspace(0, 1, steps)
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).reshape(1, 3, steps, -1)


def away_from_mixtures(colour: np.ndarray, palette: np.ndarray) -> float:
    """How far a colour in Oklab is from the nearest mixture of a palette [K, 3]."""
    sums_to_one = 100.0
    weights, _ = nnls(np.vstack([palette.T, np.full(len(palette), sums_to_one)]), np.append(colour, sums_to_one))
    return float(np.linalg.norm(weights @ palette - colour))


@pytest.mark.parametrize("name", PALETTES)
def test_every_colour_becomes_a_mixture_or_a_shade_of_one(name):
    palette = rgb(PALETTES[name])
    made = oklab(PaletteMap(palette)(all_colours(9)))
    known = oklab(palette.T[None, :, :, None])
    slack = 0.01  # of the lattice, and of colours that no screen can show
    assert max(away_from_mixtures(colour, known) for colour in made) < SHADE + slack


@pytest.mark.parametrize("name", PALETTES)
def test_what_is_lighter_stays_lighter(name):
    pixels = all_colours(9)
    before, after = oklab(pixels)[:, 0], oklab(PaletteMap(rgb(PALETTES[name]))(pixels))[:, 0]
    order = before.argsort()
    assert np.diff(after[order]).min() > -1e-3
    assert after.max() - after.min() > SHADE  # and strokes are seen


@pytest.mark.parametrize("name", PALETTES)
def test_gradients_stay_smooth(name):
    """No step between neighbours is many times the step that they had."""
    ramp = torch.lerp(torch.tensor([0.1, 0.2, 0.9]), torch.tensor([1.0, 0.8, 0.1]), torch.linspace(0, 1, 512)[:, None])
    ramp = ramp.T[None, :, None]
    both = (ramp, PaletteMap(rgb(PALETTES[name]))(ramp))
    steps = [np.linalg.norm(np.diff(oklab(each), axis=0), axis=1) for each in both]
    assert steps[1].max() < 8 * steps[0].max()


def test_a_colour_of_the_palette_comes_near_to_itself():
    palette = rgb(PALETTES["five"])
    made = oklab(PaletteMap(palette)(palette.T[None, :, :, None]))
    known = oklab(palette.T[None, :, :, None])
    nearest = np.linalg.norm(made[:, None, 1:] - known[None, :, 1:], axis=2).argmin(1)
    assert nearest.tolist() == list(range(len(palette)))


def test_a_part_becomes_what_it_is_in_the_whole():
    pixels = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    mapping = PaletteMap(rgb(PALETTES["five"]))
    assert torch.allclose(mapping(pixels)[..., 5:9, 7:20], mapping(pixels[..., 5:9, 7:20]), atol=1e-5)


def test_the_main_colours_are_those_a_picture_has_and_go_from_dark_to_light():
    picture = torch.zeros(1, 3, 60, 60)
    picture[:, 0, :, 20:40] = 1
    picture[..., 40:] = 1
    assert main_colours(picture, 8) == [(0, 0, 0), (255, 0, 0), (255, 255, 255)]
