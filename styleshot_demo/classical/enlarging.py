"""A 3x3 convolution over a map enlarged to twice its size, computed on the small map."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad


def enlarged_conv(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """What a 3x3 convolution makes of `maps` after nearest-neighbour enlargement, borders reflected: [1, D, 2 H, 2 W].

    maps    [1, C, H, W]
    weight  [D, C, 3, 3]
    bias    [D]

    Each of the four places of an enlarged pixel sees 2x2 small pixels only, some through the sum of several weights:
    four 2x2 kernels instead of one 3x3 at four places, 16 products for 36 (the sub-pixel convolution of Shi et al.,
    CVPR 2016, read backwards). Reflecting the large map's border repeats the small map's.
    """
    height, width = maps.shape[2:]
    made = maps.new_empty((1, 2 * height, 2 * width, len(weight))).permute(0, 3, 1, 2)  # channels_last
    for down, right, part in _places(maps, weight, bias):
        made[:, :, down::2, right::2] = part
    return made


def add_enlarged_conv(onto: Tensor, maps: Tensor, weight: Tensor) -> None:
    """Add `enlarged_conv` without a bias to `onto` [1, D, 2 H, 2 W]."""
    for down, right, part in _places(maps, weight, None):
        onto[:, :, down::2, right::2] += part


def _places(maps: Tensor, weight: Tensor, bias: Tensor | None) -> Iterator[tuple[int, int, Tensor]]:
    """(row, column) inside an enlarged pixel, and the values [1, D, H, W] of all such places."""
    height, width = maps.shape[2:]
    kernels = torch.cat([_halved(rows, 3) for rows in _halved(weight, 2).chunk(2)])
    kernels = kernels.contiguous(memory_format=torch.channels_last)
    found = conv2d(pad(maps, (1, 1, 1, 1), mode="replicate"), kernels, None if bias is None else bias.repeat(4))
    for place, part in enumerate(found.split(len(weight), 1)):
        down, right = divmod(place, 2)
        yield down, right, part[:, :, down : down + height, right : right + width]


def _halved(weight: Tensor, axis: int) -> Tensor:
    """Kernels of 3 along `axis` as kernels of 2, first for the even, then (further along axis 0) for the odd places."""
    first, middle, last = weight.unbind(axis)
    return torch.cat([torch.stack([first, middle + last], axis), torch.stack([first + middle, last], axis)])
