"""Each region of a photo takes a colour that the style really has."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from styleshot_demo.classical import colour_clusters
from styleshot_demo.classical.colour import to_oklab
from styleshot_demo.classical.colour_clusters import ClusterColourTransfer, ColourClusters
from styleshot_demo.classical.tiles import Box
from styleshot_demo.classical.weights import load_fast
from styleshot_demo.settings import ASSETS


def pixels(image) -> torch.Tensor:
    return torch.from_numpy(image[::3, ::3].copy()).permute(2, 0, 1)[None].float() / 255


@pytest.fixture(scope="module")
def painter():
    return load_fast(ASSETS / "weights" / "encoder.safetensors", ASSETS / "weights" / "fast.safetensors")


def swatches(*colours: tuple[float, float, float]) -> torch.Tensor:
    """[1, 3, 32, 16 n]: one stripe for each colour."""
    return torch.tensor(colours).T[None, :, None, :].repeat_interleave(16, 3).expand(-1, -1, 32, -1).contiguous()


def led(painted: torch.Tensor, content: torch.Tensor, style: torch.Tensor, strength: float = 1.0) -> torch.Tensor:
    whole = Box(0, content.shape[2], 0, content.shape[3])
    leading = ClusterColourTransfer(
        ColourClusters.from_pixels(content), [(ColourClusters.from_pixels(style), 1.0)], (whole.height, whole.width)
    )
    inside = leading.memberships(content)
    leading.observe(painted, inside)
    leading.fit(lambda colours: colours)
    return leading.apply(painted, inside, whole, whole, strength)


def test_the_regions_of_a_picture_are_its_colours():
    colours = (0.1, 0.1, 0.1), (0.8, 0.2, 0.1), (0.2, 0.3, 0.9)
    found = ColourClusters.from_pixels(swatches(*colours, colours[0]))
    assert found.shares.sum() == pytest.approx(1) and found.shares.max() == pytest.approx(0.5)
    wanted = to_oklab(torch.tensor(colours).T[None, :, :, None])[0, :, :, 0].T.double()
    assert all((found.colours - colour).norm(dim=1).min() < 0.02 for colour in wanted)


def test_browns_that_were_stretched_to_green_come_back_to_what_the_style_has():
    """The style has brown, cream and blue, and no green at all."""
    content = swatches((0.30, 0.16, 0.08), (0.55, 0.33, 0.18), (0.92, 0.9, 0.88))
    painted = swatches((0.35, 0.1, 0.1), (0.45, 0.6, 0.1), (0.7, 0.8, 0.95))
    style = swatches((0.3, 0.2, 0.1), (0.6, 0.4, 0.2), (0.9, 0.85, 0.7), (0.1, 0.2, 0.5))
    green = to_oklab(led(painted, content, style))[0, 1, 8, 24]
    assert to_oklab(painted)[0, 1, 8, 24] < -0.08 and green > -0.03
    assert torch.equal(led(painted, content, style, 0.0), painted)


def test_a_style_without_colours_leaves_none():
    style = swatches((0.1,) * 3, (0.5,) * 3, (0.9,) * 3)
    painted = swatches((0.6, 0.4, 0.4), (0.4, 0.4, 0.6))
    made = to_oklab(led(painted, swatches((0.7, 0.2, 0.2), (0.2, 0.2, 0.7)), style))
    chroma = made[:, 1:].norm(dim=1).mean() / to_oklab(painted)[:, 1:].norm(dim=1).mean()
    assert chroma == pytest.approx(1 - colour_clusters.BLEND, abs=0.06)


@pytest.mark.parametrize("colours", [((0.5, 0.5, 0.5),), ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))])
def test_pictures_of_few_colours(colours):
    picture = swatches(*colours)
    assert torch.isfinite(led(picture, picture, picture)).all()
    assert (led(picture, picture, picture) - picture).abs().max() < 0.01


def test_a_photo_of_browns_turns_green_far_less(painter, monkeypatch):
    content, style = pixels(data.coffee()), Image.open(ASSETS / "styles" / "cubist-facets.jpg").convert("RGB")
    encoded = painter.encode(content, [(pixels(np.asarray(style)), 1.0)], grain=0.5)

    def green() -> float:
        _, a, b = to_oklab(painter.decode(encoded))[0]
        return float(((a < -0.015) & (b > 0.02)).float().mean())

    with_regions = green()
    monkeypatch.setattr(colour_clusters, "BLEND", 0.0)
    assert with_regions < 0.6 * green()
