"""Pictures that are read, and painted, part by part."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from styleshot_demo.classical.tiles import Box

Read = Callable[[Box], Tensor]  # part of a picture -> its pixels, [1, 3, h, w], RGB in [0, 1]


@dataclass(frozen=True)
class LazyPicture:
    """A picture of which only parts are ever in memory as numbers."""

    height: int
    width: int
    read: Read

    @classmethod
    def from_pixels(cls, pixels: Tensor) -> "LazyPicture":
        """One that is there, [1, 3, H, W]."""
        return cls(pixels.shape[2], pixels.shape[3], lambda box: box.crop(pixels))


@dataclass(frozen=True)
class TileStep:
    """How far it is, 0 to 1; and, if something is finished, where that lies and its pixels, [1, 3, h, w] in [0, 1]."""

    fraction: float
    box: Box | None = None
    pixels: Tensor | None = None
