import pytest
import torch

from styleshot_demo.classical.tiles import ALIGNMENT, Box, halved, source_box, tiles, upsample_crop


@pytest.mark.parametrize("size", [(16, 16), (701, 33), (1024, 513), (40, 4000)])
def test_tiles_cover_a_picture_once(size):
    covered = torch.zeros(size, dtype=torch.int32)
    for box in tiles(*size, 256):
        assert box.top % ALIGNMENT == box.left % ALIGNMENT == 0 and max(box.height, box.width) <= 256
        box.crop(covered).add_(1)
    assert (covered == 1).all()


def test_a_window_ends_with_the_picture():
    assert Box(0, 32, 64, 96).expanded(24, 40, 200) == Box(0, 40, 40, 120)
    assert Box(16, 41, 0, 8).downscaled(8) == Box(2, 6, 0, 1)


@pytest.mark.parametrize("small, size", [((9, 7), (18, 14)), ((9, 7), (17, 13)), ((5, 8), (21, 30)), ((1, 3), (9, 9))])
def test_parts_are_enlarged_as_the_whole_is(small, size):
    maps = torch.rand(1, 2, *small)
    wanted = torch.nn.functional.interpolate(maps, size=size, mode="bilinear")
    for box in (Box(0, size[0], 0, size[1]), Box(3, 8, 2, 9), Box(size[0] - 1, size[0], 0, 1)):
        seen = source_box(box, small, size)
        made = upsample_crop(seen.crop(maps), seen, small, size, box)
        torch.testing.assert_close(made, box.crop(wanted), atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [(8, 6), (7, 6), (8, 5), (9, 7), (1, 1), (1, 4)])
def test_halves_are_means_and_what_is_left_at_an_odd_end_stands_for_itself(size):
    pixels = torch.rand(1, 3, *size)
    rows, columns = (side + side % 2 for side in size)
    even = torch.nn.functional.pad(pixels, (0, columns - size[1], 0, rows - size[0]), mode="replicate")
    torch.testing.assert_close(halved(pixels), torch.nn.functional.avg_pool2d(even, 2))
