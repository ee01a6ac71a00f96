"""Faces stay faces in a painting."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from styleshot_demo.classical.face_preservation import PALER, FaceLocation, head_mask, preserve_faces
from styleshot_demo.helpers.faces import faces


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    return Image.fromarray(data.astronaut())


@pytest.fixture(scope="module")
def place(portrait) -> FaceLocation:
    (face,) = faces(portrait)
    left, top, right, bottom = face.box
    return FaceLocation((left + right) / 2, (top + bottom) / 2, face.size)


@pytest.fixture(scope="module")
def painted(portrait) -> Image.Image:
    """Green, blurred, with strokes: what a style that knows no faces may make of it."""
    pixels = cv2.GaussianBlur(np.asarray(portrait), (0, 0), 5).astype(np.float32)
    pixels = pixels @ np.array([[0.3, 0.5, 0.1], [0.3, 0.6, 0.1], [0.1, 0.5, 0.1]], np.float32)
    strokes = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 60, pixels.shape[:2]), (0, 0), 1.2)
    return Image.fromarray(np.clip(pixels + strokes[..., None], 0, 255).astype(np.uint8))


def lab(image: Image.Image) -> np.ndarray:
    return cv2.cvtColor(np.asarray(image).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def inside(place: FaceLocation, reach: float) -> tuple[slice, slice]:
    reach = round(reach * place.size)
    return slice(round(place.y) - reach, round(place.y) + reach), slice(round(place.x) - reach, round(place.x) + reach)


def test_features_come_back(portrait, painted, place) -> None:
    def alike(image: Image.Image) -> float:
        one, other = (cv2.GaussianBlur(lab(part)[..., 0], (0, 0), 2)[inside(place, 0.4)] for part in (image, portrait))
        return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])

    kept = preserve_faces(painted, portrait, [place])
    assert alike(kept) > alike(painted) + 0.02 and alike(kept) > 0.9


def test_dark_skin_stays_dark_and_light_skin_light(portrait, place) -> None:
    """Ink on paper, and chalk on a board, are lighter and darker than any skin."""
    for own, factor, lift in ((portrait.point(lambda value: value * 0.4), 0.25, 190), (portrait, 0.3, 0)):
        made = preserve_faces(portrait.point(lambda value, f=factor, up=lift: value * f + up), own, [place])
        found, wanted = (lab(image)[inside(place, 0.3)][..., 0].mean() for image in (made, own))
        assert abs(found - wanted) < PALER + 4


def test_skin_is_not_green_and_no_more_colourful_than_the_style(portrait, painted, place) -> None:
    kept = preserve_faces(painted, portrait, [place])
    green, skin, own = (lab(image)[inside(place, 0.3)].mean((0, 1)) for image in (painted, kept, portrait))
    assert green[1] < -5 < 0 < skin[1]
    assert abs(np.arctan2(*skin[:0:-1]) - np.arctan2(*own[:0:-1])) < 0.5
    grey = painted.convert("L").convert("RGB")
    assert np.hypot(
        *lab(preserve_faces(grey, portrait, [place]))[inside(place, 0.3)].mean((0, 1))[1:]
    ) < 0.5 * np.hypot(*own[1:])


def test_hair_that_stands_out_from_the_head_is_not_green_either(portrait, painted, place) -> None:
    head, own = head_mask([place], portrait.height, portrait.width), lab(portrait)
    hair = (head > 0.02) & (head < 0.5) & (own[..., 0] < 50) & (np.hypot(own[..., 1], own[..., 2]) > 6)
    hair[round(place.y + 0.6 * place.size) :] = False  # the collar
    green, kept = (lab(image)[hair].mean(0) for image in (painted, preserve_faces(painted, portrait, [place])))
    assert green[1] < -30 and kept[1] > 0.4 * green[1]


def test_strokes_stay_and_so_does_all_that_is_no_face(portrait, painted, place) -> None:
    def strokes(image: Image.Image) -> float:
        lightness = lab(image)[..., 0][inside(place, 0.3)]
        return float((lightness - cv2.GaussianBlur(lightness, (0, 0), 1.5)).std())

    kept = preserve_faces(painted, portrait, [place])
    assert strokes(kept) > 0.7 * strokes(painted)
    changed = np.abs(np.asarray(kept).astype(int) - np.asarray(painted)).max(2)
    assert (changed[380:] == 0).all() and (changed[:, 430:] == 0).all()


def test_a_large_face_is_kept_as_a_small_one_is(portrait, painted, place) -> None:
    def larger(image: Image.Image) -> Image.Image:
        return image.resize((4 * image.width, 4 * image.height), Image.Resampling.BICUBIC)

    cut = (100, 0, 356, 256)  # the head is in it
    painted, portrait, place = painted.crop(cut), portrait.crop(cut), replace(place, x=place.x - cut[0])
    kept = preserve_faces(painted, portrait, [place])
    large = preserve_faces(larger(painted), larger(portrait), [FaceLocation(4 * place.x, 4 * place.y, 4 * place.size)])
    one, other = (lab(image)[inside(place, 0.5)] for image in (kept, large.resize(kept.size, Image.Resampling.BOX)))
    assert np.abs(one - other).mean() < 2


def test_a_face_at_the_border_and_none_at_all(portrait, painted, place) -> None:
    assert preserve_faces(painted, portrait, []) is painted
    for cut in ((200, 60, 512, 260), (0, 0, 230, 130)):
        moved = FaceLocation(place.x - cut[0], place.y - cut[1], place.size)
        made = preserve_faces(painted.crop(cut), portrait.crop(cut), [moved, FaceLocation(-900, -900, 40)])
        assert made.size == painted.crop(cut).size
