"""The style picture as 8 large, 16 middle and 32 small patches (StyleShot, arXiv:2407.01414).

A square splits into quarters: top-left (0), bottom-left (1), top-right (2), bottom-right (3). Of every quarter of the
picture, parts 0 and 3 are large patches; the other two are split again and give middle patches by the same rule, and
the rest of those gives the small ones. One eighth of the picture is never looked at.

The order of the patches carries no meaning, so each level is shuffled; the order is a function of a seed alone.
"""

from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

CROP = 512
COUNTS = (8, 16, 32)


class Patches(NamedTuple):
    """Patches of B pictures of side S, float in [-1, 1]."""

    high: Tensor  # [B, 8, 3, S/4, S/4]
    middle: Tensor  # [B, 16, 3, S/8, S/8]
    low: Tensor  # [B, 32, 3, S/16, S/16]


class Order(NamedTuple):
    """A permutation for each level: int64 tensors of 8, 16 and 32 places."""

    high: Tensor
    middle: Tensor
    low: Tensor


def crop(image: Image.Image, size: int = CROP) -> Image.Image:
    """The centre square, `size` pixels wide, RGB: the short side is scaled to `size` first.

    Conversion to RGB comes last, as in the published code: palette pictures are scaled without smoothing, and an alpha
    channel is dropped, not composited.
    """
    width, height = image.size
    short = min(width, height)
    # Floor division of integers, not a scale factor: the long side must not depend on floating-point rounding.
    scaled = (
        size if width == short else size * width // short,
        size if height == short else size * height // short,
    )
    image = image.resize(scaled, Image.Resampling.BILINEAR)
    left, top = (round((side - size) / 2) for side in scaled)
    return image.crop((left, top, left + size, top + size)).convert("RGB")


def normalised(image: Image.Image) -> Tensor:
    """RGB picture -> float32 [1, 3, height, width] in [-1, 1]."""
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    pixels = pixels.view(image.height, image.width, 3).permute(2, 0, 1)
    return ((pixels.to(torch.float32) / 255 - 0.5) / 0.5).unsqueeze(0)


def split(picture: Tensor) -> Patches:
    """[B, 3, S, S] -> its patches in reading order of the recursion, not shuffled. S is a multiple of 16."""
    rest = _quarters(picture)
    levels = []
    for _ in COUNTS:
        parts = [_quarters(quarter) for quarter in rest]
        levels.append(torch.stack([part[index] for part in parts for index in (0, 3)], dim=1))
        rest = [part[index] for part in parts for index in (1, 2)]
    return Patches(*levels)


def order(seed: int) -> Order:
    """The order of the patches for a seed; it depends on neither device nor global random state."""
    generator = torch.Generator("cpu").manual_seed(seed)
    return Order(*(torch.randperm(count, generator=generator) for count in COUNTS))


def shuffle(patches: Patches, places: Order) -> Patches:
    """Patch n of each level becomes the one that was at `places[n]`."""
    return Patches(*(level[:, index.to(level.device)] for level, index in zip(patches, places, strict=True)))


def _quarters(square: Tensor) -> tuple[Tensor, ...]:
    left, right = square.chunk(2, dim=-1)
    return (*left.chunk(2, dim=-2), *right.chunk(2, dim=-2))
