"""Rings around things on flat ground."""

import pytest
import torch

from styleshot_demo.classical.deringing import DeringingFilter, dering
from styleshot_demo.classical.tiles import Box


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


def test_a_line_right_beside_an_edge_is_taken_away_on_both_its_sides() -> None:
    content, away = scene()
    clean = rung()[2]
    inside = torch.zeros(240, 200, dtype=torch.bool)
    inside[90:150, 70:130] = True
    rows, columns = torch.arange(240)[:, None], torch.arange(200)[None]
    deep = torch.minimum(torch.minimum(rows - 89, 150 - rows), torch.minimum(columns - 69, 130 - columns))
    pale = torch.where(away > 0, 0.35 * torch.exp(-((away / 3) ** 2)), torch.zeros(()))
    dark = torch.where(inside, -0.2 * torch.exp(-((deep.float() / 3) ** 2)), torch.zeros(()))
    painted = clean + pale + dark
    made = dering(painted, content, torch.ones_like(content[:, :1]))
    for line, was, left in (((away > 0) & (away < 4), 0.2, 0.2), (inside & (deep < 4), -0.11, 0.5)):
        assert float((painted - clean)[..., line].mean()) == pytest.approx(was, abs=0.02)
        assert float((made - clean)[..., line].mean()) / was == pytest.approx(0, abs=left)
        assert float(made[..., line].std(2).mean()) == pytest.approx(float(clean[..., line].std(2).mean()), rel=0.5)
    # Where there is no line, no other takes its place.
    assert float((made - clean)[..., (away > 8) | (inside & (deep > 8))].abs().mean()) < 0.01


def test_shading_of_the_content_towards_its_edge_is_no_line() -> None:
    content, away = scene()
    content = content - 0.25 * torch.exp(-away / 4) * (away > 0)  # as a thing's soft shadow
    clean = 0.2 + 0.5 * content
    made = dering(clean, content, torch.ones_like(content[:, :1]))
    shadow = (away > 0) & (away < 12)
    assert float((made - clean)[..., shadow].abs().mean()) < 0.02


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


@pytest.mark.parametrize("size", [(241, 199), (97, 48), (31, 15)])
@pytest.mark.parametrize("step", [(16, 16), (64, 48), (16, 208)])
def test_part_by_part_it_is_what_it_is_of_the_whole(size: tuple[int, int], step: tuple[int, int]) -> None:
    height, width = size
    content, painted = torch.full((1, 3, *size), 0.9), torch.rand(1, 3, *size)
    content[..., height // 4 : height // 2, width // 5 : width // 2] = 0.2
    mask = torch.ones_like(content[:, :1])
    whole = dering(painted, content, mask)
    parts = DeringingFilter.from_reader(lambda box: box.crop(content), height, width, strip=step[0])
    assert parts is not None
    boxes = [
        Box(top, min(height, top + step[0]), left, min(width, left + step[1]))
        for top in range(0, height, step[0])
        for left in range(0, width, step[1])
    ]
    for box in boxes:
        parts.observe(box.crop(painted), box.crop(content), box.crop(mask), box)
    parts.fit()
    made = torch.empty_like(painted)
    for box in boxes:
        box.crop(made).copy_(parts.apply(box.crop(painted), box.crop(content), box))
    assert float((whole - painted).abs().max()) > 0.01
    assert float((made - whole).abs().max()) < 1e-4


@pytest.mark.parametrize("size", [(17, 241), (16, 16), (99, 30), (1, 40)])
def test_any_shape(size: tuple[int, int]) -> None:
    content = torch.ones(1, 3, *size)
    content[..., : size[1] // 2] = 0
    made = dering(content * 0.5, content, torch.ones_like(content[:, :1]))
    assert made.shape == content.shape and made.isfinite().all()
