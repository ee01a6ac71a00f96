"""Rings around things on flat ground."""

import pytest
import torch

from styleshot_demo.classical.deringing import dering


def scene(height: int = 240, width: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    """(content, pixels to the nearest edge): a dark square on white."""
    content = torch.ones(1, 3, height, width)
    content[..., 90:150, 70:130] = 0.1
    rows, columns = torch.arange(height)[:, None], torch.arange(width)[None]
    down = torch.maximum(90 - rows, rows - 149).clamp_min(0)
    right = torch.maximum(70 - columns, columns - 129).clamp_min(0)
    return content, torch.hypot(down.float(), right.float())


def rung(height: int = 240, width: int = 200) -> tuple[torch.Tensor, ...]:
    """(content, painted with a ring, the same without, ring area)."""
    content, away = scene(height, width)
    texture = 0.05 * torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    clean = 0.25 + 0.3 * content + texture
    ring = torch.where(away > 0, 0.5 * torch.exp(-away / 10), torch.zeros(()))
    return content, clean + ring * torch.tensor([1.0, 0.8, 0.5])[:, None, None], clean, (away > 4) & (away < 20)


def test_a_ring_is_taken_away_and_texture_stays() -> None:
    content, painted, clean, ring = rung()
    made = dering(painted, content, torch.ones_like(content[:, :1]))
    before, after = ((picture - clean)[..., ring] for picture in (painted, made))
    assert before.mean() > 0.1
    assert abs(float(after.mean())) < 0.01 and float(after.std()) < 0.03
    assert float(made[..., ring].std(2).mean()) == pytest.approx(float(clean[..., ring].std(2).mean()), rel=0.25)


def test_what_has_no_ring_keeps_its_look() -> None:
    content, _, clean, ring = rung()
    made = dering(clean, content, torch.ones_like(content[:, :1]))
    assert abs(float((made - clean)[..., ring].mean())) < 0.01
    assert float((made - clean).abs().mean()) < 0.01


def test_what_is_not_calm_is_left_alone() -> None:
    content, painted, *_ = rung()
    calm = torch.zeros_like(content[:, :1])
    assert torch.equal(dering(painted, content, calm), painted)
    calm[..., :120, :] = 1
    made = dering(painted, content, calm)
    assert torch.equal(made[..., 124:, :], painted[..., 124:, :])


def test_a_picture_without_edges_stays() -> None:
    content = torch.ones(1, 3, 64, 64)
    assert dering(content, content, content[:, :1]) is content


@pytest.mark.parametrize("size", [(17, 241), (16, 16), (99, 30), (1, 40)])
def test_any_shape(size: tuple[int, int]) -> None:
    content = torch.ones(1, 3, *size)
    content[..., : size[1] // 2] = 0
    made = dering(content * 0.5, content, torch.ones_like(content[:, :1]))
    assert made.shape == content.shape and made.isfinite().all()
