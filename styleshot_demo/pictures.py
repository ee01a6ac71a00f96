"""The one gate for pictures: untrusted bytes come in, upright 8-bit sRGB images go out, and finished ones are saved.

A file is first taken apart by `containers`, which keeps only what the pixels need; then Pillow is told which one format
to expect.
"""

import hashlib
import io
import math
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

# Importing the plugins registers them, so that Pillow need not import its readers of every other format.
from PIL import (
    AvifImagePlugin,  # noqa: F401
    BmpImagePlugin,  # noqa: F401 (for what libraries hand over)
    GifImagePlugin,  # noqa: F401
    Image,
    ImageChops,
    ImageCms,
    Jpeg2KImagePlugin,  # noqa: F401
    JpegImagePlugin,
    PngImagePlugin,
    TgaImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from styleshot_demo import containers
from styleshot_demo.atomic import put
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
from styleshot_demo.formats import bmp, colours, deep, tga, tiff
from styleshot_demo.formats.clean import Clean
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
XMP_KEYWORD = "XML:com.adobe.xmp"

_STRIP = 2**20  # pixels of 16- or 32-bit grey that are worked on at once
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
    format_refused, camera_raw, picture_truncated, picture_damaged, picture_missing, too_many_pixels, too_many_bytes,
    too_small, too_long. Never needs more than 1 GB beside the file and the result. May be called from several threads.
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

    return image, deep.read(kind, clean, image, to_srgb)


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


# Pixels -------------------------------------------------------------------------------------------------------------

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _to_srgb(image: Image.Image, clean: Clean) -> Image.Image:
    """A decoded image of any mode, stored and lying as `clean` says, as upright sRGB: RGB or RGBA."""
    with _damage_as_problem():
        result, alpha = _colours_and_alpha(image)
        if clean.space is not None and result.mode in ("L", "RGB"):
            result = colours.to_srgb(result, clean.space).convert("RGB")
        else:
            result = _apply_profile(result, clean.profile)
        if alpha is not None and alpha.getextrema() != (255, 255):
            result.putalpha(alpha)
        if clean.canvas is not None:
            width, height, left, top = clean.canvas
            frame, result = result, Image.new("RGBA", (width, height))
            result.paste(frame, (left, top))
        if clean.orientation in _TURNS:
            result = result.transpose(_TURNS[clean.orientation])
        result.info = {}
        return result


def _colours_and_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """(L, RGB, CMYK or LAB image that shares nothing with `image`, L image of the opacity or None)."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        return _grey8(image)
    if mode == "La":
        image = image.convert("LA")
    elif mode == "RGBa":
        image = image.convert("RGBA")
    elif image.has_transparency_data and mode not in ("LA", "RGBA"):
        image = _with_transparency(image)
    if image.mode in ("LA", "RGBA"):
        return image.convert(image.mode[:-1]), image.getchannel("A")
    if image.mode == "1":
        return image.convert("L"), None
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image.copy(), None
    return image.convert("RGB"), None


def _with_transparency(image: Image.Image) -> Image.Image:
    """A picture with a transparent colour (`info["transparency"]`, in 8 bits) or palette entries as RGBA."""
    if image.mode in ("P", "PA"):
        return image.convert("RGBA")
    key = image.info["transparency"]
    mode = "L" if image.mode in ("1", "L") else "RGB"
    image = image.copy()
    image.info = {}
    image = image.convert(mode)
    values = key if isinstance(key, tuple) else (key,)
    if len(values) == len(mode) and all(isinstance(value, int) and 0 <= value <= 255 for value in values):
        image.info = {"transparency": key}
        return image.convert("RGBA")
    return image


def _grey8(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """A 16- or 32-bit grey picture scaled to 8 bits, and the opacity if it has a transparent shade.

    I;16 is scaled from its full range. I and F say nothing about their range: white is the first of 1 (F only), 255
    and 65535 that no pixel exceeds, else the brightest pixel; black is 0, or the darkest pixel if that is negative.
    """
    import numpy as np

    rows = max(1, _STRIP // image.width)
    strips = [(top, min(top + rows, image.height)) for top in range(0, image.height, rows)]

    def strip(top: int, bottom: int) -> Any:
        return np.asarray(image.crop((0, top, image.width, bottom)))

    tags = getattr(image, "tag_v2", None) or {}
    low, high = 0.0, 65535.0
    if image.mode.startswith("I;16"):
        if tags.get(258) == (12,):
            high = 4095.0
    else:
        ranges = [(values.min(), values.max()) for values in map(_finite, (strip(*rows) for rows in strips))]
        low = min(0.0, float(min(least for least, _ in ranges)))
        top = float(max(most for _, most in ranges))
        known = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        high = next((limit for limit in known if top <= limit), top)
    result = np.empty((image.height, image.width), np.uint8)
    for top, bottom in strips:
        values = (_finite(strip(top, bottom)) - low) * (255.0 / (high - low))
        result[top:bottom] = np.clip(np.rint(values), 0, 255)
    if tags.get(262) == 0 and image.mode != "I":  # white is zero; Pillow leaves these two as they are
        np.subtract(255, result, out=result)
    alpha = None
    shade = image.info.get("transparency")
    if isinstance(shade, int):
        opaque = np.empty_like(result)
        for top, bottom in strips:
            opaque[top:bottom] = np.where(strip(top, bottom) == shade, 0, 255)
        alpha = Image.fromarray(opaque)
    return Image.fromarray(result), alpha


def _finite(values: Any) -> Any:
    """As float64, with 0 in place of what is no number."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        values = values.astype(np.float64)
    values[~np.isfinite(values)] = 0.0
    return values


_PROFILE_MODES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}


def _apply_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An L, RGB, CMYK or LAB image as sRGB; a profile that is broken or of other colours is ignored."""
    if image.mode == "LAB":
        source: Any = ImageCms.createProfile("LAB")
    elif isinstance(profile, bytes) and 128 < len(profile) <= containers.MAX_PROFILE:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = _PROFILE_MODES.get(source.profile.xcolor_space)
        except (OSError, ValueError, TypeError):
            return image.convert("RGB")
        if mode == "RGB" and image.mode == "L":  # grey pictures often carry the profile of the screen
            image = image.convert("RGB")
        if mode != image.mode:
            return image.convert("RGB")
    else:
        return image.convert("RGB")
    try:
        converted = ImageCms.profileToProfile(
            image,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        assert converted is not None  # nothing is converted in place
        return converted
    except (ImageCms.PyCMSError, OSError, ValueError):
        if image.mode == "LAB":
            raise
        return image.convert("RGB")


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


# Saving -------------------------------------------------------------------------------------------------------------


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
        write_bytes(deep.to_png(pixels, [chunk[:2] for chunk in extra.chunks]), destination)
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

    write_bytes(deep.to_tiff(np.asarray(image) if pixels is None else pixels, xmp), destination)


def write_bytes(data: bytes, destination: str | Path | BinaryIO) -> None:
    """Writes to a stream, or to a file that appears whole or not at all. `Problem` cannot_write."""
    if not isinstance(destination, str | Path):
        try:
            destination.write(data)
        except (OSError, ValueError):
            raise Problem("cannot_write") from None
        return
    path = Path(destination)
    if os.path.islink(path):  # the picture goes to where the link leads, and the link stays
        path = path.resolve()
    part = path.with_name(f".{secrets.token_hex(8)}.part") if path.name else path
    try:
        with open(part, "xb") as stream:
            stream.write(data)
        put(part, path)
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
        raise Problem("cannot_write") from None
