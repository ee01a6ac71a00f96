"""A part of a picture: the very pixels of the file, however it is stored, and nothing that is no part of it."""

import io

import numpy as np
import pytest
from PIL import Image
from test_deep import gradient

from styleshot_demo import pictures
from styleshot_demo.errors import Problem
from styleshot_demo.formats import sixteen_bit
from styleshot_demo.images.cutting import Cut, cut, save

PART = (21, 4, 61, 90)


def stored(image: Image.Image, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, **options)
    return stream.getvalue()


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_pixels_are_those_of_the_turned_picture(tmp_path, mode, turns):
    image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (97, 97, len(mode)), np.uint8), mode)
    # Lying on its side, as phones store photos: what is cut is what is seen.
    exif = Image.Exif()
    exif[274] = 6
    data = stored(image, format="PNG", exif=exif)
    path = save(*cut(data, Cut(turns, PART)), tmp_path, "photo")
    whole = pictures.open_picture(data)
    expected = whole.rotate(-90 * turns).crop(PART)
    assert path.name == "photo.png" and (np.asarray(pictures.open_picture(path)) == np.asarray(expected)).all()
    assert pictures.open_picture(path).mode == mode


@pytest.mark.parametrize("channels", [3, 4])
def test_16_bits_stay(tmp_path, channels):
    pixels = gradient(channels)
    pixels[:50, :50, 3:] = 0x8080
    path = save(*cut(sixteen_bit.to_tiff(pixels), Cut(1, PART)), tmp_path, "scan")
    image, found = pictures.open_deep(path)
    expected = np.rot90(pixels, -1)[4:90, 21:61]
    assert found is not None and (found == expected[..., :3]).all()
    if channels == 4:
        assert (np.asarray(image)[..., 3] == expected[..., 3] // 257).all()


def test_colours_of_a_profile_come_out_as_those_of_the_whole_picture(tmp_path):
    source = "tests/pictures/avif_p3.avif"
    whole = pictures.open_picture(source)
    box = (1, 2, whole.width, whole.height)
    path = save(*cut(source, Cut(0, box)), tmp_path, "wide")
    assert (np.asarray(pictures.open_picture(path)) == np.asarray(whole.crop(box))).all()


def test_a_photo_that_no_png_can_hold_is_a_jpeg(tmp_path, monkeypatch):
    noise = Image.fromarray(np.random.default_rng(2).integers(0, 255, (90, 80, 3), np.uint8))
    monkeypatch.setattr(pictures, "MAX_BYTES", 20_000)
    path = save(noise, None, tmp_path, "photo")
    assert path.name == "photo.jpg" and pictures.open_picture(path).size == (80, 90)
    with pytest.raises(Problem) as problem:
        save(noise.convert("RGBA"), None, tmp_path, "photo")
    assert problem.value.key == "cut_too_large"


@pytest.mark.parametrize(
    "turns, box, key",
    [
        (0, [0, 0, 301, 200], "cut_outside"),
        (1, [0, 0, 300, 200], "cut_outside"),  # it stands upright by then
        (0, [40, 40, 40, 80], "cut_outside"),
        (0, [-1, 0, 50, 50], "cut_outside"),
        (0, [0, 0, 15, 50], "too_small"),
        (0, [0, 0, 300, 20], "too_long"),
        (4, [0, 0, 50, 50], "cut_outside"),
        (True, [0, 0, 50, 50], "cut_outside"),
        (0, [0.0, 0, 50, 50], "cut_outside"),
        (0, [0, 0, 50], "cut_outside"),
        (None, None, "cut_outside"),
    ],
)
def test_what_is_no_part_is_refused(turns, box, key):
    with pytest.raises(Problem) as problem:
        cut(stored(Image.new("RGB", (300, 200)), format="PNG"), Cut.read({"turns": turns, "box": box}))
    assert problem.value.key == key
