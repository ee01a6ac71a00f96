"""Finished pictures to files, which appear whole or not at all."""

import io
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image, PngImagePlugin

from styleshot_demo.atomic import put
from styleshot_demo.destinations import not_written
from styleshot_demo.formats import sixteen_bit

if TYPE_CHECKING:
    import numpy as np

XMP_KEYWORD = "XML:com.adobe.xmp"


def save_png(
    image: Image.Image,
    destination: str | Path | BinaryIO,
    text: Mapping[str, str] | None = None,
    xmp: bytes | None = None,
    pixels: "np.ndarray | None" = None,
) -> None:
    """Saves a PNG with text chunks and an XMP packet; a file appears whole or not at all. `Problem` cannot_write.

    pixels  the same picture in 16 bits, [H, W, 3 or 4]: then these are saved
    """
    extra = PngImagePlugin.PngInfo()
    for keyword, value in (text or {}).items():
        extra.add_text(keyword, value)
    if xmp is not None:
        extra.add_itxt(XMP_KEYWORD, xmp.decode("utf-8"))
    if pixels is not None:
        write_bytes(sixteen_bit.to_png(pixels, [chunk[:2] for chunk in extra.chunks]), destination)
        return
    encoded = io.BytesIO()
    image.save(encoded, format="PNG", pnginfo=extra, icc_profile=None)
    write_bytes(encoded.getvalue(), destination)


def save_tiff(
    image: Image.Image,
    destination: str | Path | BinaryIO,
    xmp: bytes | None = None,
    pixels: "np.ndarray | None" = None,
) -> None:
    """Saves a TIFF with an XMP packet; all is as in `save_png`."""
    import numpy as np

    write_bytes(sixteen_bit.to_tiff(np.asarray(image) if pixels is None else pixels, xmp), destination)


def write_bytes(data: bytes, destination: str | Path | BinaryIO) -> None:
    """Writes to a stream, or to a file that appears whole or not at all. `Problem` cannot_write."""
    if not isinstance(destination, str | Path):
        try:
            destination.write(data)
        except (OSError, ValueError) as error:
            raise not_written(error) from None
        return
    path = Path(destination)
    if os.path.islink(path):  # the picture goes to where the link leads, and the link stays
        path = path.resolve()
    part = path.with_name(f".{secrets.token_hex(8)}.part") if path.name else path
    try:
        with open(part, "xb") as stream:
            stream.write(data)
        put(part, path)
    except (OSError, ValueError) as error:
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
        raise not_written(error) from None
