"""Pieces of the style itself: its structure arrives, the content stays where it is, and the seed repeats."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from styleshot_demo import pictures
from styleshot_demo.classical.patches import PATCHES, patch_transfer

STYLES = Path(__file__).parents[2] / "assets/styles"


def tensor(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None].float() / 255


def pieced(content: torch.Tensor, styles, seed: int = 0) -> torch.Tensor:
    *_, last = patch_transfer(content, styles, seed)
    return last.pixels


@pytest.fixture(scope="module")
def cat() -> torch.Tensor:
    return tensor(pictures.fit_longest(Image.fromarray(data.chelsea()), 192))


@pytest.fixture(scope="module")
def stripes() -> torch.Tensor:
    """Vertical stripes, four pixels dark and four light, on a ramp from dark to light."""
    across = torch.arange(192)
    ramp = torch.linspace(0.25, 0.75, 192)[:, None]
    return (ramp + 0.25 * torch.where(across % 8 < 4, -1.0, 1.0)).clamp(0, 1).expand(1, 3, 192, 192).contiguous()


@pytest.fixture(scope="module")
def striped(cat, stripes) -> torch.Tensor:
    return pieced(cat, [(stripes, 1.0)])


def test_what_is_larger_than_a_stroke_arrives(cat, striped) -> None:
    light = striped[0].mean(0)
    spectrum = torch.fft.rfft2(light - light.mean()).abs().square()
    across = spectrum[:, round(light.shape[1] / 8) - 2 : round(light.shape[1] / 8) + 3].sum()
    own = torch.fft.rfft2(cat[0].mean(0) - cat.mean()).abs().square()
    before = own[:, round(light.shape[1] / 8) - 2 : round(light.shape[1] / 8) + 3].sum() / own[:].sum()
    assert across / spectrum.sum() > 0.3 > 10 * before


def test_light_stays_light_and_dark_dark(cat, striped) -> None:
    blurred = [torch.nn.functional.avg_pool2d(one.mean(1), 16).flatten() for one in (striped, cat)]
    assert torch.corrcoef(torch.stack(blurred))[0, 1] > 0.7


def test_the_same_seed_the_same_bytes(cat) -> None:
    style = tensor(Image.open(STYLES / "risograph.jpg").resize((96, 96)))
    once, again, other = (pieced(cat[..., :48, :96], [(style, 1.0)], seed) for seed in (3, 3, 4))
    assert torch.equal(once, again) and not torch.equal(once, other)


def test_weights_say_of_which_style_pieces_come(cat) -> None:
    red, blue = torch.zeros(2, 1, 3, 64, 64)
    noise = torch.rand(64, 64, generator=torch.Generator().manual_seed(0))
    red[:, 0], blue[:, 2] = noise, noise
    cat = cat[..., :64, 64:160]
    mostly_red = pieced(cat, [(red, 0.95), (blue, 0.05)])
    mostly_blue = pieced(cat, [(red, 0.05), (blue, 0.95)])
    assert mostly_red[:, 0].mean() > mostly_blue[:, 0].mean()
    assert mostly_red[:, 2].mean() < mostly_blue[:, 2].mean()


# Each shape and each style once or twice: smaller and larger than the other, and long ones across each other.
@pytest.mark.parametrize(
    ("shape", "style"),
    [((16, 16), (300, 40)), ((17, 300), (64, 64)), ((17, 300), (300, 40)), ((255, 129), (8, 200)), ((9, 64), (64, 64))],
)
def test_any_shape(shape, style) -> None:
    generator = torch.Generator().manual_seed(0)
    content, painting = (torch.rand(1, 3, *sides, generator=generator) for sides in (shape, style))
    parts = list(patch_transfer(content, [(painting, 1.0)]))
    assert parts[-1].pixels.shape == content.shape and parts[-1].pixels.isfinite().all()
    fractions = [part.fraction for part in parts]
    assert fractions == sorted(fractions) and fractions[-1] == 1 and len(parts) > 2 * len(PATCHES)
    assert all(part.pixels.min() >= 0 and part.pixels.max() <= 1 for part in parts)


@pytest.mark.parametrize("colour", [0.0, 0.5, 1.0])
def test_a_style_of_one_colour_gives_that_colour(cat, colour) -> None:
    made = pieced(cat[..., :64, 64:160], [(torch.full((1, 3, 64, 64), colour), 1.0)])
    assert (made - colour).abs().max() < 0.02
