"""Subjects and people: whole, nothing else, exact off the edge and soft on it."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from PIL.ImageFilter import MaxFilter, MinFilter
from skimage import data

from styleshot_demo.helpers.person import person_mask
from styleshot_demo.helpers.refining import refined
from styleshot_demo.helpers.subject import subject_mask


def drawn(size, *shapes) -> np.ndarray:
    """A mask by hand: polygons, and ellipses as boxes of four numbers."""
    mask = Image.new("L", size)
    for shape in shapes:
        draw = ImageDraw.Draw(mask)
        draw.ellipse(shape, fill=255) if len(shape) == 4 else draw.polygon(shape, fill=255)
    return np.asarray(mask) > 0


ASTRONAUT = drawn(
    (512, 512),
    (168, 15, 290, 185),
    (175, 130, 285, 130, 300, 180, 355, 230, 365, 345, 440, 340, 500, 400, 505, 511, 20, 511, 35, 330, 115, 240),
    (290, 345, 500, 600),
)
COFFEE = drawn((600, 400), (80, 10, 490, 392))


def share(mask: Image.Image, there: np.ndarray) -> float:
    """Intersection over union."""
    found = np.asarray(mask) > 127
    return (found & there).sum() / (found | there).sum()


@pytest.mark.parametrize(("name", "there"), [("astronaut", ASTRONAUT), ("coffee", COFFEE)])
def test_the_subject_is_what_stands_out(name, there) -> None:
    picture = Image.fromarray(getattr(data, name)())
    mask = subject_mask(picture)
    assert mask.mode == "L" and mask.size == picture.size
    assert share(mask, there) > 0.85
    levels = np.asarray(mask)
    assert (levels[:8, -60:] == 0).all()  # exactly none of a corner
    assert ((levels == 0) | (levels == 255)).mean() > 0.85
    assert ((levels > 20) & (levels < 235)).any()  # softly
    if name == "coffee":
        assert subject_mask(picture).tobytes() == mask.tobytes()


def test_where_nothing_stands_out_there_is_no_subject() -> None:
    assert subject_mask(Image.new("RGB", (300, 200), "white")) is None
    noise = np.random.default_rng(0).integers(100, 110, (200, 300, 3), dtype=np.uint8)
    assert subject_mask(Image.fromarray(noise)) is None


def test_a_person_is_found_and_a_cup_is_not() -> None:
    picture = Image.fromarray(data.astronaut())
    mask = person_mask(picture)
    assert mask.mode == "L" and mask.size == picture.size
    assert share(mask, ASTRONAUT) > 0.85
    assert (np.asarray(mask)[:60, 420:] == 0).all()
    assert person_mask(picture).tobytes() == mask.tobytes()
    assert person_mask(Image.fromarray(data.coffee())) is None
    assert person_mask(Image.fromarray(data.chelsea())) is None


def test_a_small_person_in_a_large_picture_is_found() -> None:
    large = Image.new("RGB", (1600, 1000), (150, 160, 150))
    large.paste(Image.fromarray(data.astronaut()).resize((200, 200), Image.Resampling.LANCZOS), (1100, 500))
    there = np.zeros((1000, 1600), bool)
    there[500:700, 1100:1300] = np.asarray(Image.fromarray(ASTRONAUT).resize((200, 200)))
    assert share(person_mask(large), there) > 0.7


def test_a_coarse_mask_follows_the_edges_of_the_picture() -> None:
    picture = np.full((400, 600, 3), 40, np.uint8)
    there = drawn((600, 400), (200, 60, 430, 330))
    picture[there] = (200, 120, 60)
    coarse = np.asarray(Image.fromarray(there).convert("L").resize((75, 50), Image.Resampling.BOX), np.float32) / 255
    found = refined(coarse, picture)
    assert found.shape == there.shape and found.dtype == np.float32
    blocky = np.asarray(Image.fromarray(coarse).resize((600, 400), Image.Resampling.BILINEAR))
    # How much it falls from 2 pixels within the thing to 2 pixels outside.
    shrunk, grown = (Image.fromarray(there).convert("L").filter(way(5)) for way in (MinFilter, MaxFilter))
    within, outside = there & ~(np.asarray(shrunk) > 0), (np.asarray(grown) > 0) & ~there
    falls = [mask[within].mean() - mask[outside].mean() for mask in (found, blocky)]
    assert falls[0] > 0.5 and falls[1] < 0.3, falls


def test_a_mask_is_the_same_in_strips_as_at_once(monkeypatch) -> None:
    from styleshot_demo.helpers import refining

    picture = data.astronaut()[:300]
    coarse = np.random.default_rng(0).random((32, 32), dtype=np.float32)
    whole = refined(coarse, picture)
    monkeypatch.setattr(refining, "STRIP", 70)
    assert np.abs(refined(coarse, picture) - whole).max() < 1e-3
