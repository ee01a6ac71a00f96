"""Brushwork in flat areas."""

import pytest
import torch

from styleshot_demo.classical.cached_style import add_style_textures, cached_styles
from styleshot_demo.classical.grain import DEVIATION, add_texture, flat_masks, random_phase, texture_deviation


def page() -> torch.Tensor:
    """White, with a black bar."""
    pixels = torch.ones(1, 3, 200, 160)
    pixels[..., 80:120, 60:100] = 0
    return pixels


def grass() -> torch.Tensor:
    return torch.rand(1, 3, 200, 160, generator=torch.Generator().manual_seed(1))


def strokes(height: int = 96, width: int = 80) -> torch.Tensor:
    """Vertical stripes, red on blue, that change every four pixels."""
    stripes = (torch.arange(width) // 4 % 2).float().expand(height, width)
    return torch.stack([stripes, torch.full_like(stripes, 0.4), 1 - stripes])[None]


def test_paper_is_flat_up_to_its_edges_and_grass_is_not() -> None:
    flat = flat_masks(page())
    assert flat.area.min() > 0.85
    assert flat.interior[..., :60, :].min() > 0.9 and flat.interior[..., 90:110, 70:90].min() > 0.9
    assert flat.interior[0, 0, 100, 60] < 0.01
    assert flat_masks(grass()) is None


def test_a_sky_is_flat_although_it_shades() -> None:
    sky = torch.linspace(0.3, 0.6, 200)[None, None, :, None].expand(1, 3, 200, 160)
    assert flat_masks(sky).interior.min() > 0.7


def test_a_photograph_is_no_drawing() -> None:
    """What a camera adds to a sky tells; so does a picture that is mostly something else than paper."""
    shaken = page() + 0.004 * torch.randn(1, 3, 200, 160, generator=torch.Generator().manual_seed(1))
    busy = torch.cat([page(), grass(), grass()], 2)
    drawing, photo, other = (flat_masks(content) for content in (page(), shaken.clamp(0, 1), busy))
    assert drawing.drawing_score == 1 and photo.drawing_score == 0 and other.drawing_score == 0
    assert texture_deviation(1, 0.5) == DEVIATION and 0 < texture_deviation(0, 0.5) < DEVIATION / 5
    assert texture_deviation(0, 1.0) == DEVIATION and texture_deviation(1, 0) == texture_deviation(0, 0) == 0


def test_random_phases_keep_the_spectrum_and_lose_the_picture() -> None:
    made = random_phase(strokes(), 3)
    assert made.shape == strokes().shape
    assert abs(float(made.mean())) < 1e-4 and float(made.square().mean()) == pytest.approx(1, abs=0.01)
    down, right = (float(made.diff(dim=axis).square().mean()) for axis in (2, 3))
    assert right > 3 * down  # still vertical
    red, blue = made[0, 0].flatten(), made[0, 2].flatten()
    assert float(torch.corrcoef(torch.stack([red, blue]))[0, 1]) < -0.95  # still red against blue
    assert int(torch.fft.rfft2(made)[0, 0].abs().sum(0).argmax()) == 10  # still a stripe of 8 pixels in 80


def test_it_wraps_around() -> None:
    made = random_phase(strokes(), 3)
    across = (made[..., 0, :] - made[..., -1, :]).abs().mean()
    assert across < 2 * made.diff(dim=2).abs().mean()


@pytest.mark.parametrize("size", [(320, 264), (128, 192)])
def test_it_wraps_around_at_any_size(size) -> None:
    made = random_phase(strokes(), 3, size)
    assert made.shape[2:] == size and made.square().mean() == pytest.approx(1, abs=1e-3)
    for axis in (2, 3):
        seam = (made.select(axis, 0) - made.select(axis, -1)).abs().mean()
        assert seam < 2 * made.diff(dim=axis).abs().mean()


def test_what_is_large_is_left_out() -> None:
    slow = torch.sin(torch.arange(256) * (2 * torch.pi / 128)).expand(1, 3, 256, 256) * 0.5 + 0.5
    fine = torch.sin(torch.arange(256) * (2 * torch.pi / 8)).expand(1, 3, 256, 256) * 0.05
    power = torch.fft.rfft2(random_phase(slow + fine, 0))[0, 0].abs().square().sum(0)
    assert power[30:35].sum() > 5 * power[1:5].sum()


def test_a_seed_decides() -> None:
    one, same, other = (random_phase(strokes(), seed) for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_only_what_is_bare_gets_grain_and_nothing_is_cut_off() -> None:
    content = page()
    flat = flat_masks(content)
    made = add_texture(content, flat.interior, random_phase(strokes(), 1), DEVIATION)
    assert made.shape == content.shape
    paper = made[..., :60, :]
    assert float(paper.std()) == pytest.approx(DEVIATION, rel=0.25)
    assert float(((paper == 1) | (paper == 0)).float().mean()) < 0.15
    assert float((made - content)[..., 100, 59:61].abs().max()) < 0.01


def test_amount_0_changes_nothing_and_weights_mix() -> None:
    content = page()
    flat = flat_masks(content)
    one, other = strokes(), strokes(64, 64).transpose(2, 3)
    assert torch.equal(add_style_textures(content, flat, cached_styles([(one, 1.0)]), 0, 7), content)
    mixed = add_style_textures(content, flat, cached_styles([(one, 0.5), (other, 0.5)]), 1.0, 7)[..., :60, :]
    alone = add_style_textures(content, flat, cached_styles([(one, 1.0)]), 1.0, 7)[..., :60, :]
    down, right = (float(mixed.diff(dim=axis).square().mean()) for axis in (2, 3))
    assert 1 / 3 < down / right < 3
    assert float(mixed.std()) == pytest.approx(float(alone.std()), rel=0.2)


@pytest.mark.parametrize("shape", [(16, 16), (17, 600), (600, 17), (1, 1)])
def test_any_shape(shape: tuple[int, int]) -> None:
    content = torch.ones(1, 3, *shape)
    made = add_style_textures(content, flat_masks(content), cached_styles([(strokes(17, 23), 1.0)]), 1.0, 0)
    assert made.shape == content.shape and made.isfinite().all()


@pytest.mark.parametrize("corner", [(0, 0), (3, 0), (40, 75), (19, 23)])
def test_a_part_gets_the_strokes_that_the_whole_has_there(corner: tuple[int, int]) -> None:
    strokes, content = torch.randn(1, 3, 20, 24), torch.full((1, 3, 64, 96), 0.5)
    whole = add_texture(content, torch.ones(1, 1, 64, 96), strokes, 0.05)
    top, left = corner
    part = content[..., top : top + 24, left : left + 21]
    made = add_texture(part, torch.ones(1, 1, *part.shape[2:]), strokes, 0.05, corner)
    assert torch.equal(made, whole[..., top : top + 24, left : left + 21])
