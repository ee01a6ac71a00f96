"""A 3x3 convolution over a map enlarged to twice its size, computed on the small map."""

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from styleshot_demo.classical.row_streams import Edges

# Of rows: (place in the result, place that is seen, which of two neighbours it lies in, row of a kernel of 3).
_ROWS = ((0, 1, 0, 0), (0, 0, 0, 1), (0, 1, 1, 2), (1, 0, 0, 0), (1, 1, 1, 1), (1, 0, 1, 2))
_SEEN = tuple(product(_ROWS, _ROWS))


def upsample_conv(window: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """What a 3x3 convolution makes of maps after nearest-neighbour enlargement, borders reflected: [1, D, 2 H, 2 W].

    window  [1, C, H + 2, W + 2]: the maps with what lies around them, their border where nothing does
    weight  [D, C, 3, 3]
    bias    [D]

    Each of the four places of an enlarged pixel sees 2x2 small pixels only, some through the sum of several weights:
    four 2x2 kernels instead of one 3x3 at four places, 16 products for 36 (the sub-pixel convolution of Shi et al.,
    CVPR 2016, read backwards). Reflecting the large map's border repeats the small map's.
    """
    height, width = (2 * (side - 2) for side in window.shape[2:])
    made = window.new_empty((1, height, width, len(weight))).permute(0, 3, 1, 2)  # channels_last
    for down, right, part in _phases(window, weight, bias):
        made[:, :, down::2, right::2] = part
    return made


def add_upsample_conv(onto: Tensor, window: Tensor, weight: Tensor) -> None:
    """Add `upsample_conv` without a bias to `onto` [1, D, 2 H, 2 W]."""
    for down, right, part in _phases(window, weight, None):
        onto[:, :, down::2, right::2] += part


def conv_of_upsample_conv(
    window: Tensor, weight: Tensor, bias: Tensor, last: Tensor, last_bias: Tensor, edges: Edges = (True, True)
) -> Tensor:
    """What a 3x3 convolution by `last` [E, D, 3, 3] makes of the ReLU of `upsample_conv`: [1, E, 2 H, 2 W].

    edges  whether the maps begin, and end, with the picture

    The large map is never laid out: of its four places in each small pixel, which are channels here, the result's four
    places see 2x2 neighbours.
    """
    found = _subpixel_conv(window, weight, bias).relu_()
    channels, height, width = len(weight), *(side - 2 for side in window.shape[2:])
    blocks = found.unflatten(1, (2, 2, channels))  # rows and columns inside an enlarged pixel
    # Beyond its border the large map is reflected: where nothing was to be read, what lies opposite is put.
    if edges[0]:
        blocks[:, 1, :, :, 0] = blocks[:, 1, :, :, 1]
    if edges[1]:
        blocks[:, 0, :, :, height] = blocks[:, 0, :, :, height - 1]
    blocks[:, :, 1, :, :, 0] = blocks[:, :, 1, :, :, 1]
    blocks[:, :, 0, :, :, width] = blocks[:, :, 0, :, :, width - 1]
    kernels = last.new_zeros(2, 2, len(last), 2, 2, channels, 2, 2)
    (to_down, down, row, y), (to_right, right, column, x) = (
        list(zip(*side, strict=True)) for side in zip(*_SEEN, strict=True)
    )
    kernels[to_down, to_right, :, down, right, :, row, column] = last[:, :, y, x].permute(2, 0, 1)
    kernels = kernels.reshape(4 * len(last), 4 * channels, 2, 2).contiguous(memory_format=torch.channels_last)
    made = conv2d(found, kernels, last_bias.repeat(4)).reshape(2, 2, len(last), height, width)
    return made.permute(2, 3, 0, 4, 1).reshape(1, len(last), 2 * height, 2 * width)


def _phases(window: Tensor, weight: Tensor, bias: Tensor | None) -> Iterator[tuple[int, int, Tensor]]:
    """(row, column) inside an enlarged pixel, and the values [1, D, H, W] of all such places."""
    height, width = (side - 2 for side in window.shape[2:])
    for place, part in enumerate(_subpixel_conv(window, weight, bias).split(len(weight), 1)):
        down, right = divmod(place, 2)
        yield down, right, part[:, :, down : down + height, right : right + width]


def _subpixel_conv(window: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """[1, 4 D, H + 1, W + 1]: the values of the four places in turn, each a row or column later than the one before."""
    kernels = torch.cat([_fold_kernel(rows, 3) for rows in _fold_kernel(weight, 2).chunk(2)])
    kernels = kernels.contiguous(memory_format=torch.channels_last)
    return conv2d(window, kernels, None if bias is None else bias.repeat(4))


def _fold_kernel(weight: Tensor, axis: int) -> Tensor:
    """Kernels of 3 along `axis` as kernels of 2, first for the even, then (further along axis 0) for the odd places."""
    first, middle, last = weight.unbind(axis)
    return torch.cat([torch.stack([first, middle + last], axis), torch.stack([first + middle, last], axis)])
