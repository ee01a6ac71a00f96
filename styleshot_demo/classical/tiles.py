"""A picture in pieces: tiles that own their pixels, windows that also see what lies around, maps enlarged in part."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate

ALIGNMENT = 16  # pixels: tiles begin at multiples of it, as the networks' strides and the cells of rings do


class Box(NamedTuple):
    """Rows `top` to `bottom` and columns `left` to `right`, the ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    def expanded(self, margin: int, height: int, width: int) -> "Box":
        """With a margin on all sides, as far as a picture of `height` x `width` goes.

        What is computed in such a window equals what is computed in the whole picture, but for a margin as wide as the
        computation reaches: where the window ends with the picture, both see the same border.
        """
        return Box(
            max(0, self.top - margin),
            min(height, self.bottom + margin),
            max(0, self.left - margin),
            min(width, self.right + margin),
        )

    def downscaled(self, stride: int) -> "Box":
        """The places of a map with this stride; at the end of a picture one may stick out."""
        return Box(self.top // stride, -(-self.bottom // stride), self.left // stride, -(-self.right // stride))

    def crop(self, maps: Tensor, window: "Box | None" = None) -> Tensor:
        """This part of `maps` [..., h, w], which show `window`, or the whole."""
        down, right = (window.top, window.left) if window is not None else (0, 0)
        return maps[..., self.top - down : self.bottom - down, self.left - right : self.right - right]


def tiles(height: int, width: int, side: int) -> Iterator[Box]:
    """Boxes of about equal size, with sides of at most `side` pixels, that cover a picture, row by row."""
    for top, bottom in _parts(height, side):
        for left, right in _parts(width, side):
            yield Box(top, bottom, left, right)


def _parts(length: int, side: int) -> Iterator[tuple[int, int]]:
    step = -(-length // -(-length // side))
    step = -(-step // ALIGNMENT) * ALIGNMENT
    for start in range(0, length, step):
        yield start, min(start + step, length)


def upsample_crop(maps: Tensor, place: Box, small: tuple[int, int], size: tuple[int, int], box: Box) -> Tensor:
    """The part `box` of what bilinear enlargement from `small` to `size` (height, width each) makes.

    maps  [N, C, h, w]: the part `place` of the small maps, with all that `box` sees of them (see `source_box`)
    """
    if box == (0, size[0], 0, size[1]) and place == (0, small[0], 0, small[1]):
        return interpolate(maps, size=size, mode="bilinear")  # the same, in a tenth of the time
    factor = size[0] // small[0]
    if size == (factor * small[0], factor * small[1]):
        enlarged = interpolate(maps, scale_factor=factor, mode="bilinear")
        return box.crop(enlarged, Box(*(factor * end for end in place)))
    # Columns first, while there are few rows: picking them out is what takes time.
    for axis, start, end, offset in ((3, box.left, box.right, place.left), (2, box.top, box.bottom, place.top)):
        few, many = small[axis - 2], size[axis - 2]
        places = _source_coordinates(torch.arange(start, end, dtype=torch.float64), few, many)
        first = places.long()
        share = (places - first).to(maps)
        share = share[:, None] if axis == 2 else share
        first = first.to(maps.device)
        second = (first + 1).clamp_max(few - 1)
        maps = torch.lerp(maps.index_select(axis, first - offset), maps.index_select(axis, second - offset), share)
    return maps


def halved(pixels: Tensor) -> Tensor:
    """Means of 2x2 pixels of [N, C, H, W]; at an odd end, of those that are there: [N, C, ceil(H / 2), ceil(W / 2)]."""
    height, width = pixels.shape[2:]
    rows = pixels[:, :, : height - 1 : 2] + pixels[:, :, 1::2]
    if height % 2:
        rows = torch.cat([rows, 2 * pixels[:, :, -1:]], 2)
    sums = rows[..., : width - 1 : 2] + rows[..., 1::2]
    if width % 2:
        sums = torch.cat([sums, 2 * rows[..., -1:]], 3)
    return sums / 4  # in a third of the time of `avg_pool2d`


def source_box(box: Box, small: tuple[int, int], size: tuple[int, int]) -> Box:
    """The part of the small maps that `upsample_crop` needs for `box`."""
    sides = []
    for start, end, few, many in ((box.top, box.bottom, small[0], size[0]), (box.left, box.right, small[1], size[1])):
        low, high = _source_coordinates(torch.tensor([start, end - 1], dtype=torch.float64), few, many).long().tolist()
        sides += [low, min(few, high + 2)]
    return Box(*sides)


def _source_coordinates(places: Tensor, few: int, many: int) -> Tensor:
    """Where on a side of `few` pixels those `places` lie that it has when enlarged to `many`."""
    return ((places + 0.5) * (few / many) - 0.5).clamp(0, few - 1)
