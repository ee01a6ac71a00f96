"""A part of a picture as a picture of its own: turned by quarters, cut, and saved without loss.

The file itself is opened, by the gate, never what a browser has made of it: colours come out as those of the whole
picture do, opacity stays, and so do 16 bits a channel.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from styleshot_demo import pictures
from styleshot_demo.errors import Problem
from styleshot_demo.formats import sixteen_bit

if TYPE_CHECKING:
    import numpy as np

Box = tuple[int, int, int, int]

_TURNS = (None, Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)  # Pillow's go left
_QUALITIES = (98, 94, 90)  # of a JPEG, where a PNG would be larger than the gate takes


class Cut(NamedTuple):
    """What is left of a picture.

    turns  quarter turns clockwise, 0 to 3, which come first
    box    (left, top, right, bottom) in pixels of the picture as it then lies; right and bottom are not in it
    """

    turns: int
    box: Box

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Cut":
        """From {"turns": ..., "box": [...]}, which anybody may have sent; `Problem` cut_outside."""
        turns, box = told.get("turns"), told.get("box")
        numbers = isinstance(box, list | tuple) and len(box) == 4 and all(type(side) is int for side in box)
        if type(turns) is not int or not 0 <= turns <= 3 or not numbers:
            raise Problem("cut_outside")
        return cls(turns, tuple(box))  # pyright: ignore[reportArgumentType]  the four whole numbers

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is left."""
        left, top, right, bottom = self.box
        return right - left, bottom - top

    def is_whole(self, size: tuple[int, int]) -> bool:
        """Whether that is all of a picture with this width and height, as it lies."""
        return self.turns == 0 and self.box == (0, 0, *size)

    def check(self, size: tuple[int, int]) -> None:
        """`Problem` cut_outside, too_small or too_long unless it can be cut out of a picture of this size."""
        left, top, right, bottom = self.box
        width, height = size[::-1] if self.turns % 2 else size
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise Problem("cut_outside")
        pictures.check_size(*self.size)


def cut(source: str | Path | bytes, part: Cut) -> "tuple[Image.Image, np.ndarray | None]":
    """(the part of a picture, RGB or RGBA; the same as [H, W, 3] uint16 where the file has 16 bits a channel).

    Raises the `Problem`s of the gate and of `Cut.check`.
    """
    import numpy as np

    image, pixels = pictures.open_deep(source)
    part.check(image.size)
    turn = _TURNS[part.turns]
    image = (image if turn is None else image.transpose(turn)).crop(part.box)
    if pixels is None:
        return image, None
    left, top, right, bottom = part.box
    return image, np.ascontiguousarray(np.rot90(pixels, -part.turns)[top:bottom, left:right])


def save(image: Image.Image, pixels: "np.ndarray | None", folder: Path, stem: str) -> Path:
    """Saves what `cut` returns as "stem.png", which the gate opens as the very same pixels; returns its path.

    An opaque photo that would be a PNG of more bytes than the gate takes becomes the best JPEG that is not, "stem.jpg".
    Raises `Problem` cut_too_large and cannot_write.
    """
    encoded = io.BytesIO()
    if pixels is None:
        image.save(encoded, format="PNG", compress_level=1)
    else:
        pixels = sixteen_bit.with_opacity(pixels, pictures.split_alpha(image)[1])
        encoded.write(sixteen_bit.to_png(pixels))
    if len(encoded.getvalue()) <= pictures.MAX_BYTES:
        path = folder / f"{stem}.png"
        pictures.write_bytes(encoded.getvalue(), path)
        return path
    for quality in _QUALITIES if image.mode == "RGB" else ():
        encoded = io.BytesIO()
        image.save(encoded, format="JPEG", quality=quality, subsampling=0)
        if len(encoded.getvalue()) <= pictures.MAX_BYTES:
            path = folder / f"{stem}.jpg"
            pictures.write_bytes(encoded.getvalue(), path)
            return path
    raise Problem("cut_too_large", limit=pictures.MAX_BYTES // 2**20)
