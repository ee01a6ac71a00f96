"""Figures of flat areas."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from styleshot_demo.errors import Problem
from styleshot_demo.evaluation.flat import areas, drawn, evaluate_flat, figures


def disc(ground: int, thing: int) -> Image.Image:
    picture = Image.new("L", (256, 256), ground)
    ImageDraw.Draw(picture).ellipse((98, 98, 158, 158), fill=thing)
    return picture.convert("RGB")


def noise(seed: int = 0) -> Image.Image:
    levels = np.random.default_rng(seed).normal(128, 60, (256, 256)).clip(0, 255).astype(np.uint8)
    return Image.fromarray(levels).filter(ImageFilter.GaussianBlur(2)).convert("RGB")


def test_ring_and_far_area() -> None:
    ring, far = areas(disc(255, 0))
    rows, columns = np.mgrid[:256, :256]
    away = np.hypot(rows - 128, columns - 128) - 30
    assert ring[(away > 6) & (away < 18)].all() and not ring[(away < 3) | (away > 23)].any()
    assert far[20:60, 20:60].all() and not far[away < 38].any() and not (ring & far).any()
    assert areas(noise()) is None


def test_a_halo_is_a_halo() -> None:
    content, style = disc(255, 0), noise()
    clean = disc(180, 20)
    halo = Image.new("L", clean.size, 0)
    ImageDraw.Draw(halo).ellipse((78, 78, 178, 178), fill=60)
    ringed = Image.composite(Image.new("RGB", clean.size, (255, 255, 255)), clean, halo)
    assert figures(content, style, clean)["halo"] < 0.1
    assert figures(content, style, ringed)["halo"] > 4


def test_a_shaded_ground_is_no_halo() -> None:
    sky = Image.linear_gradient("L").point(lambda value: 60 + value // 2).convert("RGB")
    ImageDraw.Draw(sky).rectangle((0, 200, 256, 256), fill=(20, 40, 20))
    darker = sky.point(lambda value: value * 0.8)
    assert figures(sky, noise(), darker)["halo"] < 2


def test_stripes_and_brushwork() -> None:
    content, style = disc(255, 0), noise()
    bare, brushed = disc(180, 20), noise(1)
    rows = (127 + 60 * np.sin(np.arange(256) / 3)).astype(np.uint8)[:, None].repeat(256, 1)
    striped = Image.fromarray(rows).convert("RGB")
    assert figures(content, style, bare)["paint"] < 0.1
    assert figures(content, style, brushed)["paint"] == pytest.approx(1, abs=0.15)
    assert figures(content, style, brushed)["stripes"] < 0.1 and figures(content, style, striped)["stripes"] > 0.9


def test_a_run(tmp_path) -> None:
    (tmp_path / "flat").mkdir()
    (tmp_path / "style").mkdir()
    disc(255, 0).save(tmp_path / "flat" / "disc.png")
    noise(2).save(tmp_path / "flat" / "noise.png")  # has no flat area
    noise(3).save(tmp_path / "style" / "one.png")
    told = evaluate_flat(tmp_path / "flat", tmp_path / "style", size=256, part="all", sheet=tmp_path / "sheet.png")
    assert (told["pictures"], told["styles"]) == (3, 1)
    assert [row["picture"] for row in told["pairs"]["fast"]] == ["disc", "cup", "chart"]
    assert 0 <= told["methods"]["fast"]["good"] <= told["methods"]["fast"]["of"] == 3
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    with pytest.raises(Problem):
        evaluate_flat(tmp_path / "flat", tmp_path / "style", methods=["magic"])


def test_two_are_drawn_at_any_size() -> None:
    for size in (256, 512):
        assert all(areas(picture) is not None and picture.size == (size, size) for _, picture in drawn(size))
