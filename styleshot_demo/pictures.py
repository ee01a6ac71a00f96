"""The one gate for pictures: untrusted bytes come in, upright 8-bit sRGB images go out, and finished ones are saved.

A file is first taken apart by `containers`, which keeps only what the pixels need; then Pillow is told which one format
to expect.
"""

import hashlib
import io
import math
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

# Importing the plugins registers them, so that Pillow need not import its readers of every other format.
from PIL import (
    AvifImagePlugin,  # noqa: F401
    BmpImagePlugin,  # noqa: F401 (for what libraries hand over)
    GifImagePlugin,  # noqa: F401
    Image,
    ImageChops,
    Jpeg2KImagePlugin,  # noqa: F401
    JpegImagePlugin,
    TgaImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from styleshot_demo import containers
from styleshot_demo.containers import (
    FORMATS,
    JPEG_XMP,  # noqa: F401 (used by those who read what a file says of itself)
    exif_orientation,
    inflate,  # noqa: F401
    jpeg_segments,  # noqa: F401
    png_chunks,  # noqa: F401
    riff_chunks,  # noqa: F401
)
from styleshot_demo.errors import Problem
from styleshot_demo.formats import bmp, sixteen_bit, srgb, tga, tiff
from styleshot_demo.formats.clean import Clean
from styleshot_demo.formats.saving import (
    XMP_KEYWORD,  # noqa: F401
    save_png,  # noqa: F401
    save_tiff,  # noqa: F401
    write_bytes,  # noqa: F401
)
from styleshot_demo.settings import MAX_PICTURE_MB

if TYPE_CHECKING:
    import numpy as np

Source = Image.Image | str | Path | bytes | BinaryIO

MAX_PIXELS = 40_000_000
# Kinds of which phones make more; these come out at half their width and height.
MORE_PIXELS = {"JPEG": 100_000_000, "HEIC": 50_000_000}
MAX_BYTES = MAX_PICTURE_MB * 2**20
MIN_SIDE = 16
MAX_ASPECT = 10

_MAX_COEFFICIENTS = 620_000_000  # bytes that libjpeg may keep for a JPEG of several scans
_HALVED_J2K = 16_000_000  # pixels of a JPEG 2000 above which half its width and height has to do: OpenJPEG takes much


# Opening ------------------------------------------------------------------------------------------------------------


def open_picture(source: Source) -> Image.Image:
    """The picture as an upright sRGB image of 8 bits, mode RGB, or RGBA if a pixel is really transparent.

    source    a path, the bytes of a file, a binary stream, or a PIL image of any mode (which is not changed)

    Reads PNG, JPEG, WebP, AVIF, HEIC, BMP, TIFF (8, 12, 16 and 32 bits), GIF, TGA and JPEG 2000, by what is in the
    file and not by its name; of several frames the first. Colours come out as Chromium shows them. A JPEG of up to 100
    megapixels and a HEIC of up to 50 come out at half their width and height if they have more than 40. The result is
    the caller's own: it shares nothing with `source` and carries no metadata. Raises `Problem`: not_a_picture,
    format_refused, camera_raw, picture_truncated, picture_damaged, picture_missing, picture_is_folder, too_many_pixels,
    too_many_bytes, too_small, too_long. Never needs more than 1 GB beside the file and the result. May be called from
    several threads.
    """
    if isinstance(source, Image.Image):
        if source.format not in (None, "MPO", *FORMATS):
            raise Problem("format_refused", format=str(source.format)[:20])
        _load(source)
        info = source.info
        return _to_srgb(source, Clean(b"", info.get("icc_profile"), exif_orientation(info.get("exif"))))
    return _opened(source)[0]


def open_deep(source: str | Path | bytes | BinaryIO) -> "tuple[Image.Image, np.ndarray | None]":
    """`open_picture`, and the same in 16 bits a channel where a PNG or TIFF has them: [H, W, 3] uint16, no opacity."""
    image, kind, clean = _opened(source)

    def to_srgb(colours_of_the_file: Image.Image) -> Image.Image:
        return _to_srgb(colours_of_the_file, Clean(b"", clean.profile, 1, clean.space))

    return image, sixteen_bit.read(kind, clean, image, to_srgb)


def _opened(source: str | Path | bytes | BinaryIO) -> tuple[Image.Image, str, Clean]:
    """(the picture, its kind, the file that was decoded)"""
    data = read_bytes(source)
    kind = containers.kind_of(data)
    size = containers.announced_size(kind, data)
    if size is not None:
        check_size(*size, MORE_PIXELS.get(kind, MAX_PIXELS))
    clean = containers.clean(kind, data)
    del data
    return _to_srgb(_decoded(kind, clean, size), clean), kind, clean


def read_bytes(source: str | Path | bytes | BinaryIO) -> bytes:
    """All of a file or stream, at most 30 MB; `Problem` if there is more, or nothing to read."""
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    elif isinstance(source, str | Path):
        try:
            info = os.stat(source)
            if stat.S_ISDIR(info.st_mode):
                raise Problem("picture_is_folder")
            if not stat.S_ISREG(info.st_mode):
                raise Problem("picture_missing")
            if info.st_size > MAX_BYTES:
                raise _too_many_bytes(info.st_size)
            with open(source, "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except (OSError, ValueError):  # ValueError: a name with a null character
            raise Problem("picture_missing") from None
    elif hasattr(source, "read"):
        try:
            data = source.read(MAX_BYTES + 1)
        except (OSError, ValueError):  # ValueError: a closed stream
            raise Problem("not_a_picture") from None
    else:
        data = None
    if not isinstance(data, bytes):
        raise Problem("not_a_picture")
    if len(data) > MAX_BYTES:
        raise _too_many_bytes(len(data))
    return data


def _too_many_bytes(count: int) -> Problem:
    return Problem("too_many_bytes", megabytes=math.ceil(count / 2**20), limit=MAX_PICTURE_MB)


def check_size(width: int, height: int, most: int = MAX_PIXELS) -> None:
    """`Problem` unless the sides, in pixels, are ones that are accepted, with at most `most` pixels in all."""
    if width * height > most:
        raise _too_many_pixels(width * height, most)
    if min(width, height) < MIN_SIDE:
        raise Problem("too_small", width=width, height=height, limit=MIN_SIDE)
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise Problem("too_long", width=width, height=height, limit=MAX_ASPECT)


def _too_many_pixels(count: int, most: int = MAX_PIXELS) -> Problem:
    megapixels = math.ceil(count / 1e5) / 10
    text = f"{megapixels:g}" if megapixels < 1000 else f"{megapixels:.0f}"
    return Problem("too_many_pixels", megapixels=text, limit=most // 1_000_000)


@contextmanager
def _damage_as_problem() -> Iterator[None]:
    """Turns whatever a decoder raises inside the block into a `Problem`."""
    try:
        yield
    except Problem:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        count = re.search(r"\((\d+) pixels\)", str(error))
        raise _too_many_pixels(int(count[1]) if count else 2 * MAX_PIXELS) from None
    except Exception as error:  # decoders raise almost anything on damaged files
        raise Problem("picture_truncated" if "truncated" in str(error).lower() else "picture_damaged") from None


def _load(image: Image.Image) -> None:
    """Decodes the pixels, if that is still to be done, after a look at what the header says of their number."""
    check_size(*image.size)
    with _damage_as_problem():
        tiff.check(image)
        image.load()


def _decoded(kind: str, clean: Clean, size: tuple[int, int] | None) -> Image.Image:
    """The pixels as stored, of any mode; `size` is what the file announces of its kind."""
    with _damage_as_problem():
        if kind == "BMP":
            return bmp.decode(clean.data)
        if kind == "HEIC":
            return _heic(clean.data)
        if kind == "JPEG":
            image: Image.Image = _jpeg(clean.data)
        else:
            image = Image.open(io.BytesIO(clean.data), formats=[kind])
            if kind == "JPEG2000" and image.width * image.height > _HALVED_J2K:
                check_size(*image.size)
                cast(Any, image).reduce = 1  # an exponent, here, and no method
    try:
        _load(image)
    except Problem as problem:
        mended = containers.png_with_checksum(clean.data) if (kind, problem.key) == ("PNG", "picture_damaged") else None
        if mended is not None and mended != clean.data:
            return _decoded(kind, clean._replace(data=mended), size)
        if clean.mended and problem.key == "picture_damaged":
            raise Problem("picture_truncated") from None
        raise
    if kind == "JPEG" and clean.mended:
        other = _jpeg(containers.jpeg_without_end(clean.data))
        _load(other)
        if any(band.getbbox() for band in ImageChops.difference(image, other).split()):
            raise Problem("picture_truncated")
    # Many programs leave a Targa's fourth byte empty without saying so.
    if kind == "TGA" and image.mode in ("LA", "RGBA"):
        bare = not tga.has_alpha(clean.data) or image.getchannel("A").getextrema() == (0, 0)
        return image.convert(image.mode[:-1]) if bare else image
    return image


def _jpeg(data: bytes) -> Image.Image:
    """Not yet decoded, at half its size if it is too large otherwise."""
    # Not by `Image.open`: it warns of more than 89 megapixels, and looks for more pictures behind the first.
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    width, height = image.size
    check_size(width, height, MORE_PIXELS["JPEG"])
    if containers.jpeg_coefficients(data) > _MAX_COEFFICIENTS:
        raise _too_many_pixels(width * height)
    if width * height > MAX_PIXELS:
        image.draft(None, (width // 2, height // 2))
    return image


def _heic(data: bytes) -> Image.Image:
    """Upright, of mode L, LA, RGB, RGBA, or the premultiplied ones; at half its size if it is too large otherwise."""
    import pillow_heif  # not registered with Pillow: nobody but this gate is to open files with it

    file = pillow_heif.open_heif(data)
    found = file[file.primary_index]
    check_size(*found.size, MAX_PIXELS if found.has_alpha else MORE_PIXELS["HEIC"])
    pixels, mode = bytes(cast(Any, found.data)), found.mode
    if ";16" in mode:  # grey of more than 8 bits, which the library leaves as it is: the upper bytes
        pixels, mode = pixels[1::2], {"I": "L"}.get(mode.partition(";")[0], mode.partition(";")[0])
    image = Image.frombytes(mode, found.size, pixels)
    return image.reduce(2) if image.width * image.height > MAX_PIXELS else image


def _to_srgb(image: Image.Image, clean: Clean) -> Image.Image:
    with _damage_as_problem():
        return srgb.to_srgb(image, clean)


# Sizes, opacity, identity -------------------------------------------------------------------------------------------


def fit_longest(image: Image.Image, size: int) -> Image.Image:
    """The image resized (Lanczos) so that its longest side has `size` pixels; the other keeps the aspect, at least 1.

    Colours are weighted by opacity, so the invisible colour of a transparent pixel never bleeds over an edge.
    """
    sides = longest_at(image.size, size)
    if sides == image.size:
        return image.copy()
    if image.mode == "RGBA":
        return image.convert("RGBa").resize(sides, Image.Resampling.LANCZOS).convert("RGBA")
    return image.resize(sides, Image.Resampling.LANCZOS)


def longest_at(sides: tuple[int, int], size: int) -> tuple[int, int]:
    """Width and height that `fit_longest` gives to a picture with these sides."""
    longest = max(sides)
    width, height = (size if side == longest else max(1, round(side * size / longest)) for side in sides)
    return width, height


def split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """(RGB image, L image of the opacity, or None if there is none)."""
    if image.mode == "RGBA":
        return image.convert("RGB"), image.getchannel("A")
    return image.convert("RGB"), None


def join_alpha(image: Image.Image, alpha: Image.Image | None) -> Image.Image:
    """An RGB image with the opacity of `alpha` (mode L, resized to fit if it has another size), or as it is."""
    if alpha is None:
        return image.convert("RGB")
    if alpha.size != image.size:
        alpha = alpha.resize(image.size, Image.Resampling.LANCZOS)
    result = image.convert("RGB")
    result.putalpha(alpha)
    return result


def digest(image: Image.Image) -> str:
    """sha256 over mode, size and pixels, 64 hex digits: the same for the same picture, whatever file it came from."""
    state = hashlib.sha256(f"{image.mode} {image.width} {image.height} ".encode())
    state.update(image.tobytes())
    return state.hexdigest()
