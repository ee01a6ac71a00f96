"""Pictures to tensors and back, onto white paper, side by side."""

import numpy as np
import pytest
import torch
from PIL import Image

from styleshot_demo.images.ops import grid, on_white, to_array, to_image, to_tensor


@pytest.fixture
def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))


def test_there_and_back_is_the_same_picture(picture):
    pixels = to_tensor(picture)
    assert pixels.shape == (1, 3, 20, 30) and pixels.dtype == torch.float32
    assert pixels[0, 0, 3, 5] == np.float32(picture.getpixel((5, 3))[0]) / 255
    assert to_image(pixels).tobytes() == picture.tobytes()


def test_what_lies_beyond_white_and_black_is_cut_off_and_the_rest_rounded():
    pixels = torch.tensor([-0.5, 0.5019, 1.5]).expand(1, 3, 1, 3)
    assert to_array(pixels)[0, :, 0].tolist() == [0, 128, 255]
    assert to_array(pixels, 65535)[0, :, 0].tolist() == [0, 32892, 65535]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white_paper(mode):
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))
    image = image.convert(mode)
    assert on_white(image).mode == "RGB"
    assert to_tensor(image)[0, 0, 0].tolist() == [0.0, 1.0]


def test_pictures_stand_in_rows(picture):
    sheet = grid([[picture, picture], [picture.crop((0, 0, 10, 5))]], gap=4)
    assert sheet.size == (64, 29)
    assert sheet.crop((34, 0, 64, 20)).tobytes() == picture.tobytes()
    assert sheet.getpixel((32, 3)) == (255, 255, 255) == sheet.getpixel((20, 26))
