"""A 3x3 convolution over a map enlarged to twice its size, computed on the small map."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad


def add_enlarged_conv(onto: Tensor, maps: Tensor, weight: Tensor) -> None:
    """Add to `onto` what a 3x3 convolution makes of `maps` after nearest-neighbour enlargement, borders reflected.

    onto    [1, D, 2 H, 2 W]
    maps    [1, C, H, W]
    weight  [D, C, 3, 3]

    Each of the four places of an enlarged pixel sees 2x2 small pixels only, some through the sum of several weights:
    four 2x2 kernels instead of one 3x3 at four places, 16 products for 36 (the sub-pixel convolution of Shi et al.,
    CVPR 2016, read backwards). Reflecting the large map's border repeats the small map's.
    """
    channels, (height, width) = len(weight), maps.shape[2:]
    kernels = torch.cat([_halved(rows, 3) for rows in _halved(weight, 2).chunk(2)])
    found = conv2d(pad(maps, (1, 1, 1, 1), mode="replicate"), kernels.contiguous(memory_format=torch.channels_last))
    for place, part in enumerate(found.split(channels, 1)):
        down, right = divmod(place, 2)
        onto[:, :, down::2, right::2] += part[:, :, down : down + height, right : right + width]


def _halved(weight: Tensor, axis: int) -> Tensor:
    """Kernels of 3 along `axis` as kernels of 2, first for the even, then (further along axis 0) for the odd places."""
    first, middle, last = weight.unbind(axis)
    return torch.cat([torch.stack([first, middle + last], axis), torch.stack([first + middle, last], axis)])
