import pytest
import torch
from PIL import Image

from styleshot_demo.styleshot import patches


def test_counts_and_sides():
    split = patches.split(torch.zeros(2, 3, 512, 512))
    assert [tuple(level.shape) for level in split] == [
        (2, 8, 3, 128, 128),
        (2, 16, 3, 64, 64),
        (2, 32, 3, 32, 32),
    ]


def test_no_pixel_twice_and_one_eighth_unseen():
    pixels = torch.arange(64 * 64, dtype=torch.float32).view(1, 1, 64, 64).expand(1, 3, 64, 64)
    seen = torch.cat([level[:, :, 0].flatten() for level in patches.split(pixels)])
    assert len(seen) == len(seen.unique()) == 64 * 64 * 7 // 8


def test_order_is_a_function_of_the_seed_alone():
    torch.manual_seed(1)
    first = patches.order(7)
    state = torch.random.get_rng_state()
    torch.manual_seed(2)
    second = patches.order(7)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    torch.manual_seed(1)
    assert torch.equal(torch.random.get_rng_state(), state), "the global generator must not be drawn from"
    assert not torch.equal(first.low, patches.order(8).low)


def test_shuffle_moves_whole_patches_within_a_level():
    split = patches.split(torch.rand(2, 3, 64, 64))
    places = patches.order(3)
    for before, after, index in zip(split, patches.shuffle(split, places), places, strict=True):
        assert sorted(index.tolist()) == list(range(before.shape[1]))
        for n, place in enumerate(index):
            assert torch.equal(after[:, n], before[:, place])


@pytest.mark.parametrize("size", [(512, 512), (513, 511), (64, 900), (1, 1), (700, 40)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "1", "CMYK"])
def test_crop_of_any_picture(size, mode):
    cropped = patches.crop(Image.new(mode, size))
    assert cropped.size == (512, 512) and cropped.mode == "RGB"


def test_to_tensor_range():
    image = Image.new("RGB", (2, 1))
    image.putpixel((1, 0), (255, 0, 255))
    tensor = patches.normalised(image)
    assert tensor.shape == (1, 3, 1, 2) and tensor[0, :, 0, 0].tolist() == [-1, -1, -1]
    assert tensor[0, :, 0, 1].tolist() == [1, -1, 1]
