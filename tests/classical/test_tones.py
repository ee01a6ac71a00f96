"""Light ground stays lighter than what stands on it."""

import pytest
import torch

from styleshot_demo.classical.tiles import tiles
from styleshot_demo.classical.tones import TONES, ToneCurve, tone_quantiles


def drawing() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A dark square on white; how it was painted: both in the same brown, with strokes; how flat it is."""
    content = torch.ones(1, 3, 96, 128)
    content[..., 30:60, 40:90] = 0.2
    noise = torch.randn(1, 1, 96, 128, generator=torch.Generator().manual_seed(0))
    painted = (torch.tensor([0.55, 0.42, 0.3])[None, :, None, None] + 0.06 * noise).clamp(0, 1)
    return content, painted, torch.ones(1, 1, 96, 128)


def style() -> torch.Tensor:
    return torch.linspace(0, 1, 4096).reshape(1, 1, 64, 64).expand(1, 3, 64, 64)


SIZE = (96, 128)


def led(share: float, calm: float = 1.0, size: tuple[int, int] = SIZE) -> tuple[torch.Tensor, torch.Tensor]:
    content, painted, flat = drawing()
    leading = ToneCurve(tone_quantiles(style()), size)
    leading.observe(painted, content, flat)
    leading.fit(share)
    return leading.apply(painted, content, calm * flat), painted


def test_a_styles_tones_rise_from_its_darks_to_its_lights() -> None:
    tones = tone_quantiles(style())
    assert len(tones) == TONES and (tones.diff() > 0).all() and tones[0] < 0.1 and tones[-1] > 0.8


def test_white_gets_lighter_dark_gets_darker_and_strokes_stay() -> None:
    made, painted = led(1.0)
    ground, thing = made[..., :25, :], made[..., 32:58, 42:88]
    assert ground.mean() > painted.mean() + 0.15 and thing.mean() < painted.mean() - 0.1
    assert ground.mean(1).std() > 0.5 * painted.mean(1).std()
    assert made.min() >= 0 and made.max() <= 1


def test_nothing_happens_without_a_share_or_where_it_is_not_flat() -> None:
    for made, painted in (led(0.0), led(1.0, calm=0.0)):
        torch.testing.assert_close(made, painted, atol=1e-3, rtol=0)


def test_of_large_pictures_a_quarter_of_the_pixels_tells_as_much() -> None:
    (all_of_them, _), (quarter, _) = led(1.0), led(1.0, size=(4000, 3000))
    assert not torch.equal(all_of_them, quarter)
    torch.testing.assert_close(quarter, all_of_them, atol=2 / 255, rtol=0)


@pytest.mark.parametrize("size", [SIZE, (4000, 3000)], ids=["small", "large"])
def test_part_by_part_it_is_the_same(size: tuple[int, int]) -> None:
    content, painted, flat = drawing()
    whole, _ = led(1.0, size=size)
    leading = ToneCurve(tone_quantiles(style()), size)
    boxes = list(tiles(96, 128, 48))
    for box in boxes:
        leading.observe(box.crop(painted), box.crop(content), box.crop(flat))
    leading.fit(1.0)
    made = torch.empty_like(painted)
    for box in boxes:
        box.crop(made).copy_(leading.apply(box.crop(painted), box.crop(content), box.crop(flat)))
    torch.testing.assert_close(made, whole, atol=1e-5, rtol=0)
