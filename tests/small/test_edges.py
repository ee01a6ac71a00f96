"""The contour that needs no weights: where its lines lie, what its threshold does, and what it leaves out."""

import random
import time

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation, distance_transform_edt, label
from skimage import data

from styleshot_demo.small.edges import _strength, edges

BOX = (64, 64, 191, 191)


def drawing(size: int = 256, figure: tuple = (200, 40, 40), ground: tuple = (240, 230, 210)) -> Image.Image:
    """One filled square on a flat ground."""
    picture = Image.new("RGB", (256, 256), ground)
    ImageDraw.Draw(picture).rectangle(BOX, fill=figure)
    return picture.resize((size, size), Image.Resampling.NEAREST)


def lines(picture: Image.Image, threshold: int = 128) -> np.ndarray:
    return np.asarray(edges(picture, threshold)) > 0


def outline(size: int = 256) -> np.ndarray:
    picture = Image.new("1", (size, size))
    scale = size / 256
    ImageDraw.Draw(picture).rectangle([side * scale for side in BOX], outline=1)
    return np.asarray(picture)


def test_where_in_memory_the_picture_lies_does_not_matter() -> None:
    photo = Image.fromarray(data.chelsea())
    made, held, rng = set(), [], random.Random(0)
    for _ in range(16):
        held += [np.empty(rng.randrange(200_000), np.uint8) for _ in range(rng.randrange(30))]
        rng.shuffle(held)
        del held[len(held) // 2 :]
        made.add(_strength(np.asarray(photo), 1.4).tobytes())
    assert len(made) == 1


@pytest.mark.parametrize("size", [(256, 256), (131, 98), (16, 160), (600, 300), (16, 16)])
def test_the_result_is_black_and_white_and_as_large_as_the_picture(size: tuple[int, int]) -> None:
    photo = Image.fromarray(data.chelsea()).resize(size)
    result = edges(photo)
    assert (result.mode, result.size) == ("L", size)
    assert set(np.unique(np.asarray(result))) <= {0, 255}


@pytest.mark.parametrize(
    "colours",
    [
        ((200, 40, 40), (240, 230, 210)),
        ((0, 0, 0), (255, 255, 255)),
        ((255, 255, 255), (0, 0, 0)),
        ((250, 220, 90), (255, 255, 255)),
        ((201, 98, 96), (96, 140, 96)),  # of the same lightness
    ],
)
@pytest.mark.parametrize("size", [128, 256, 512])
def test_the_outline_of_a_flat_figure_is_found_whole_and_at_its_place(colours: tuple, size: int) -> None:
    found = lines(drawing(size, *colours))
    wanted = outline(size)
    far = distance_transform_edt(~wanted)
    assert far[found].max() <= 4 * max(size / 256, 1)
    # Corners are cut a little, as every blur does.
    assert (distance_transform_edt(~found)[wanted] <= 2).mean() > 0.95
    assert label(found, np.ones((3, 3)))[1] == 1


def test_a_flat_picture_and_a_soft_gradient_have_no_lines() -> None:
    ramp = np.linspace(40, 220, 256).astype(np.uint8)
    gradient = Image.fromarray(np.dstack([np.tile(ramp, (256, 1))] * 3))
    assert not lines(Image.new("RGB", (256, 256), (90, 120, 60))).any()
    assert not lines(gradient, 40).any()


def test_noise_is_no_contour_but_a_figure_in_noise_is() -> None:
    noise = np.random.default_rng(0).normal(0, 12, (256, 256, 3))
    alone = Image.fromarray((128 + noise).clip(0, 255).astype(np.uint8))
    with_figure = Image.fromarray((np.asarray(drawing()) + noise).clip(0, 255).astype(np.uint8))
    assert lines(alone).mean() < 0.02
    found = lines(with_figure)
    assert (distance_transform_edt(~found)[outline()] <= 2).mean() > 0.9
    assert (distance_transform_edt(~outline())[found] <= 4).mean() > 0.9


@pytest.mark.parametrize("name", ["chelsea", "coffee", "astronaut"])
def test_a_lower_threshold_keeps_all_that_a_higher_one_keeps(name: str) -> None:
    photo = Image.fromarray(getattr(data, name)()).resize((256, 256))
    before = lines(photo, 0)
    counts = [before.mean()]
    for threshold in (30, 80, 128, 180, 230, 255):
        now = lines(photo, threshold)
        assert not (now & ~before).any()
        counts.append(now.mean())
        before = now
    assert counts[-1] == 0
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) >= 6


@pytest.mark.parametrize("name", ["coffee", "astronaut", "chelsea"])
def test_photos_give_a_line_drawing_not_a_grey_mass(name: str) -> None:
    photo = Image.fromarray(getattr(data, name)()).resize((256, 256))
    assert 0.01 < lines(photo).mean() < 0.25


def test_lines_are_grown_by_one_pixel_all_round_and_specks_are_gone() -> None:
    found = lines(Image.fromarray(data.coffee()).resize((256, 256)))
    opened = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    assert (opened == found).all()  # made of 3 x 3 squares
    pieces, count = label(found, np.ones((3, 3)))
    assert count and np.bincount(pieces.ravel())[1:].min() >= 20


def test_the_same_picture_gives_the_same_lines_and_is_left_as_it_was() -> None:
    photo = Image.fromarray(data.astronaut()).resize((200, 200))
    before = photo.tobytes()
    assert edges(photo).tobytes() == edges(photo.copy()).tobytes()
    assert photo.tobytes() == before


def test_a_turned_picture_gives_the_turned_lines() -> None:
    photo = Image.fromarray(data.coffee()).resize((256, 256))
    upright, turned = lines(photo), lines(photo.transpose(Image.Transpose.ROTATE_90))
    grown = np.ones((7, 7))
    back = np.rot90(turned, -1)
    assert (back <= binary_dilation(upright, grown)).mean() > 0.97
    assert (upright <= binary_dilation(back, grown)).mean() > 0.97


def test_a_small_picture_costs_little() -> None:
    photo = Image.fromarray(data.astronaut()).resize((256, 256))
    edges(photo)
    start = time.process_time()  # of this process alone, whatever else the machine does
    for _ in range(5):
        edges(photo)
    assert (time.process_time() - start) / 5 < 0.1
