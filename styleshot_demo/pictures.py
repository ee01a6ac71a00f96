"""The one gate for pictures: untrusted bytes come in, upright 8-bit sRGB images go out, and finished ones are saved.

A file is first taken apart by the small readers below: they keep only what the pixels need and pull out the colour
profile and the orientation themselves. So no decoder ever sees text, comments, EXIF, later frames or a TIFF tag that
asks for gigabytes, and Pillow is told which one format to expect.
"""

import hashlib
import io
import math
import os
import re
import secrets
import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

# Importing the plugins registers them, so that Pillow need not import its readers of every other format.
from PIL import (
    BmpImagePlugin,  # noqa: F401
    GifImagePlugin,  # noqa: F401
    Image,
    ImageCms,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from styleshot_demo.errors import Problem
from styleshot_demo.settings import MAX_PICTURE_MB

Source = Image.Image | str | Path | bytes | BinaryIO

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
MAX_PIXELS = 40_000_000
MAX_BYTES = MAX_PICTURE_MB * 2**20
MIN_SIDE = 16
MAX_ASPECT = 10
XMP_KEYWORD = "XML:com.adobe.xmp"
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"

_MAX_PROFILE = 4 * 2**20  # bytes; the largest printing profiles in use have about 3 MB
_MAX_SCANS = 100  # of a progressive JPEG, which has about 10; each one costs a pass over the whole picture
_STRIP = 2**20  # pixels of 16- or 32-bit grey that are worked on at once


# Opening ------------------------------------------------------------------------------------------------------------


def open_picture(source: Source) -> Image.Image:
    """The picture as an upright sRGB image of 8 bits, mode RGB, or RGBA if a pixel is really transparent.

    source    a path, the bytes of a file, a binary stream, or a PIL image of any mode (which is not changed)

    Reads PNG, JPEG, WebP, BMP, TIFF (8, 12, 16 and 32 bits) and GIF, of several frames the first. The result is the
    caller's own: it shares nothing with `source` and carries no metadata. Raises `Problem`: not_a_picture,
    format_refused, picture_truncated, picture_damaged, picture_missing, too_many_pixels, too_many_bytes, too_small,
    too_long. Never needs more than 1 GB beside the file and the result. May be called from several threads.
    """
    if isinstance(source, Image.Image):
        if source.format not in (None, "MPO", *FORMATS):
            raise Problem("format_refused", format=str(source.format)[:20])
        _load(source)
        info = source.info
        return _to_srgb(source, info.get("icc_profile"), exif_orientation(info.get("exif")))
    data = read_bytes(source)
    kind = _kind(data)
    try:
        clean, profile, orientation = _CLEANERS[kind](data)
    except (struct.error, IndexError, OverflowError):
        raise Problem("picture_truncated") from None
    with _damage_as_problem():
        image = Image.open(io.BytesIO(clean), formats=[kind])
    _load(image)
    return _to_srgb(image, profile, orientation)


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


def check_size(width: int, height: int) -> None:
    """`Problem` unless the sides, in pixels, are ones that are accepted."""
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(width * height)
    if min(width, height) < MIN_SIDE:
        raise Problem("too_small", width=width, height=height, limit=MIN_SIDE)
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise Problem("too_long", width=width, height=height, limit=MAX_ASPECT)


def _too_many_pixels(count: int) -> Problem:
    megapixels = math.ceil(count / 1e5) / 10
    text = f"{megapixels:g}" if megapixels < 1000 else f"{megapixels:.0f}"
    return Problem("too_many_pixels", megapixels=text, limit=MAX_PIXELS // 1_000_000)


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
        _check_tiff(image)
        image.load()


# What kind of file --------------------------------------------------------------------------------------------------

_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_REFUSED = (
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"\x00\x00\x02\x00", "CUR"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"gimp xcf", "GIMP"),
    (b"qoif", "QOI"),
    (b"DDS ", "DDS"),
    (b"icns", "ICNS"),
    (b"\xd7\xcd\xc6\x9a", "WMF"),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC"}


def _kind(data: bytes) -> str:
    """Which of `FORMATS` the first bytes announce; `Problem` for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    for start, name in _REFUSED:
        if data.startswith(start):
            raise Problem("format_refused", format=name)
    if data[4:8] == b"ftyp" and data[8:12] in _BRANDS:
        raise Problem("format_refused", format=_BRANDS[data[8:12]])
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<") and b"<svg" in head:
        raise Problem("format_refused", format="SVG")
    raise Problem("not_a_picture")


# Taking files apart -------------------------------------------------------------------------------------------------


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, start, end) of each chunk's content, up to the end chunk; `Problem` if the file ends before."""
    position = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, position)
        start, end = position + 8, position + 8 + length
        if end + 4 > len(data):
            raise Problem("picture_truncated")
        yield kind, start, end
        if kind == b"IEND":
            return
        position = end + 4


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment's content up to the first scan, whose end is that of its header."""
    position = 2
    while True:
        position = data.find(b"\xff", position)
        if position < 0:
            raise Problem("picture_truncated")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD9:  # markers without content
            position += 2
        else:
            (length,) = struct.unpack_from(">H", data, position + 2)
            start, end = position + 4, position + 2 + length
            if length < 2 or end > len(data):
                raise Problem("picture_truncated")
            yield marker, start, end
            if marker == 0xDA:
                return
            position = end


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, start, end) of the content of each chunk of a WebP file; `Problem` if the file ends before."""
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise Problem("picture_truncated")
    position = 12
    while position + 8 <= length + 8:
        kind, size = struct.unpack_from("<4sI", data, position)
        start, end = position + 8, position + 8 + size
        if end > len(data):
            raise Problem("picture_truncated")
        yield kind, start, end
        position = end + size % 2


def inflate(data: bytes, limit: int) -> bytes | None:
    """zlib data unpacked; None if it is broken or would have more than `limit` bytes."""
    unpacker = zlib.decompressobj()
    try:
        result = unpacker.decompress(data, limit)
    except zlib.error:
        return None
    return result if unpacker.eof else None


def exif_orientation(block: Any) -> int:
    """The orientation, 1 to 8, that an EXIF block states; 1 if it states none.

    Reads the one number and nothing else: a full EXIF reader follows every offset, and a small block can make it
    copy itself thousands of times.
    """
    if not isinstance(block, bytes):
        return 1
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return 1
    try:
        (position,) = struct.unpack_from(order + "I", block, 4)
        (count,) = struct.unpack_from(order + "H", block, position)
        for entry in range(position + 2, position + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", block, entry)
            if tag == 0x0112:
                return value if kind == 3 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


_Clean = tuple[bytes, bytes | None, int]  # what the decoder gets, the colour profile, the orientation
_PNG_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _clean_png(data: bytes) -> _Clean:
    kept, profile, orientation = [data[:8]], None, 1
    bits, colours = data[24], data[25]
    for kind, start, end in png_chunks(data):
        if kind == b"tRNS" and (bits < 8 and colours == 0 or bits == 16 and colours == 2):
            # Pillow brings these samples to 8 bits, but leaves the transparent colour as it stands in the file.
            values = struct.unpack(f">{(end - start) // 2}H", data[start : end - (end - start) % 2])
            scaled = (value >> 8 if bits == 16 else value * 255 // (2**bits - 1) & 255 for value in values)
            kept.append(_png_chunk(kind, struct.pack(f">{len(values)}H", *scaled)))
        elif kind in _PNG_NEEDED:
            kept.append(data[start - 8 : end + 4])
        elif kind == b"iCCP":
            packed = data[start:end].partition(b"\0")[2]
            profile = inflate(packed[1:], _MAX_PROFILE)
        elif kind == b"eXIf":
            orientation = exif_orientation(data[start:end])
    return b"".join(kept), profile, orientation


def _clean_jpeg(data: bytes) -> _Clean:
    kept, profile, orientation = [data[:2]], {}, 1
    for marker, start, end in jpeg_segments(data):
        if marker == 0xE1 and data.startswith(b"Exif\0\0", start):
            orientation = exif_orientation(data[start:end])
        elif marker == 0xE2 and data.startswith(b"ICC_PROFILE\0", start) and end - start > 14:
            profile[data[start + 12]] = data[start + 14 : end]
        elif marker == 0xDA:
            finish = data.find(b"\xff\xd9", end)
            if data.count(b"\xff\xda", end, finish if finish > 0 else len(data)) >= _MAX_SCANS:
                raise Problem("picture_damaged")
            kept.append(data[start - 4 :])
        elif marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(data[start - 4 : end])  # JFIF and Adobe say how the colours are stored
    return b"".join(kept), b"".join(part for _, part in sorted(profile.items())) or None, orientation


def _clean_webp(data: bytes) -> _Clean:
    # The decoder reserves the whole canvas when it opens the file, so the size is read before.
    profile, orientation, first = None, 1, True
    for kind, start, end in riff_chunks(data):
        if first:
            check_size(*_webp_size(kind, data, start))
            first = False
        if kind == b"ICCP":
            profile = data[start:end]
        elif kind == b"EXIF":
            orientation = exif_orientation(data[start:end])
    return data, profile, orientation


def _webp_size(kind: bytes, data: bytes, start: int) -> tuple[int, int]:
    if kind == b"VP8X":
        width, height = data[start + 4 : start + 7], data[start + 7 : start + 10]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, start + 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, start + 6)
        return width & 0x3FFF, height & 0x3FFF
    raise Problem("picture_damaged")


def _clean_gif(data: bytes) -> _Clean:
    """The first frame alone, without comments."""

    def colours(flags: int) -> int:
        return 3 << (flags & 7) + 1 if flags & 0x80 else 0

    def after_blocks(position: int) -> int:
        while data[position]:
            position += data[position] + 1
        return position + 1

    position = 13 + colours(data[10])
    kept, control = data[:position], b""
    while data[position] == 0x21:
        end = after_blocks(position + 2)
        if data[position + 1] == 0xF9:  # transparency of the frame that follows
            control = data[position:end]
        position = end
    if data[position] != 0x2C:
        raise Problem("picture_damaged")
    end = after_blocks(position + 10 + colours(data[position + 9]) + 1)
    return kept + control + data[position:end] + b";", None, 1


_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8}  # bytes, by type
# Width, height, bits, compression, photometry, fill order, strips, orientation, samples, rows, planes, fax options,
# predictor, colour map, tiles, extra samples, sample format, JPEG tables, YCbCr coefficients to black and white.
_TIFF_NEEDED = {256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325}
_TIFF_NEEDED |= {338, 339, 347, 529, 530, 531, 532}
_TIFF_COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50000}  # none, fax, LZW, JPEG, deflate, PackBits, zstd
_TIFF_MAX_VALUES = 200_000  # of one tag; 40 megapixels in tiles of 16 x 16 have 156,250
_TIFF_PROFILE = 34675


def _clean_tiff(data: bytes) -> _Clean:
    """The first directory with only the tags that the pixels need, each of a sane size."""
    order = "<" if data.startswith(b"II") else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    word, count_word, inline = ("Q", "Q", 8) if big else ("I", "H", 4)
    entry_format = f"{order}HH{word}"
    entry_size = struct.calcsize(entry_format) + inline
    (directory,) = struct.unpack_from(order + word, data, 8 if big else 4)
    (count,) = struct.unpack_from(order + count_word, data, directory)
    first = directory + struct.calcsize(order + count_word)
    kept: dict[int, bytes] = {}
    profile = None
    for position in range(first, first + min(count, 4096) * entry_size, entry_size):
        entry = data[position : position + entry_size]
        tag, kind, values = struct.unpack_from(entry_format, entry)
        size = values * _TIFF_SIZES.get(kind, 2**40)
        where = struct.unpack_from(order + word, entry, entry_size - inline)[0] if size > inline else 0
        if tag in _TIFF_NEEDED:
            if values > _TIFF_MAX_VALUES or where + size > len(data) and size > inline:
                raise Problem("picture_truncated" if where > len(data) else "picture_damaged")
            kept.setdefault(tag, entry)
        elif tag == _TIFF_PROFILE and inline < size <= _MAX_PROFILE:
            profile = data[where : where + size]
    clean = bytearray(data)
    head = struct.pack(order + count_word, len(kept)) + b"".join(kept[tag] for tag in sorted(kept)) + bytes(inline)
    clean[directory : directory + len(head)] = head
    return bytes(clean), profile, 1  # Pillow itself turns a TIFF upright


def _check_tiff(image: Image.Image) -> None:
    """`Problem` for a TIFF that asks for far more memory than its size, or whose pixels lie past its end."""
    tags = getattr(image, "tag_v2", None)
    if image.format != "TIFF" or tags is None or not getattr(image, "tile", None):
        return
    compression = tags.get(259, 1)
    if compression not in _TIFF_COMPRESSIONS:
        raise Problem("picture_damaged")
    # Two kinds that Pillow 12.3 reads as noise: plain 16-bit samples in planes, packed big-endian floating point.
    if compression == 1 and tags.get(284) == 2 and max(tags.get(258, (1,))) > 8:
        raise Problem("picture_damaged")
    if compression != 1 and image.mode == "F" and tags.prefix == b"MM":
        raise Problem("picture_damaged")
    if 322 in tags:
        width, height = int(tags[322]), int(tags.get(323, 0))
        # A tile may stick out of the picture, but not by more than a usual tile has.
        if not (0 < width <= tags[256] + 1024 and 0 < height <= tags[257] + 1024):
            raise Problem("picture_damaged")
    stream = getattr(image, "fp", None)
    if isinstance(stream, io.BytesIO):
        length = stream.getbuffer().nbytes
        places, sizes = (tags.get(324), tags.get(325)) if 322 in tags else (tags.get(273), tags.get(279))
        if places and sizes and any(place + size > length for place, size in zip(places, sizes, strict=False)):
            raise Problem("picture_truncated")


def _keep(data: bytes) -> _Clean:
    return data, None, 1


_CLEANERS = {
    "PNG": _clean_png,
    "JPEG": _clean_jpeg,
    "WEBP": _clean_webp,
    "GIF": _clean_gif,
    "TIFF": _clean_tiff,
    "BMP": _keep,
}


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


def _to_srgb(image: Image.Image, profile: bytes | None, orientation: int) -> Image.Image:
    """A decoded image of any mode, stored in the colours of `profile`, as upright sRGB: RGB or RGBA."""
    with _damage_as_problem():
        colours, alpha = _colours_and_alpha(image)
        colours = _apply_profile(colours, profile)
        if alpha is not None and alpha.getextrema() != (255, 255):
            colours.putalpha(alpha)
        if orientation in _TURNS:
            colours = colours.transpose(_TURNS[orientation])
        colours.info = {}
        return colours


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
    elif isinstance(profile, bytes) and 128 < len(profile) <= _MAX_PROFILE:
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
        return ImageCms.profileToProfile(
            image,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        if image.mode == "LAB":
            raise
        return image.convert("RGB")


def fit_longest(image: Image.Image, size: int) -> Image.Image:
    """The image resized (Lanczos) so that its longest side has `size` pixels; the other keeps the aspect, at least 1.

    Colours are weighted by opacity, so the invisible colour of a transparent pixel never bleeds over an edge.
    """
    longest = max(image.size)
    sides = tuple(size if side == longest else max(1, round(side * size / longest)) for side in image.size)
    if sides == image.size:
        return image.copy()
    if image.mode == "RGBA":
        return image.convert("RGBa").resize(sides, Image.Resampling.LANCZOS).convert("RGBA")
    return image.resize(sides, Image.Resampling.LANCZOS)


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
) -> None:
    """Saves a PNG with text chunks and an XMP packet; a file appears whole or not at all. `Problem` cannot_write."""
    extra = PngImagePlugin.PngInfo()
    for keyword, value in (text or {}).items():
        extra.add_text(keyword, value)
    if xmp is not None:
        extra.add_itxt(XMP_KEYWORD, xmp.decode("utf-8"))
    encoded = io.BytesIO()
    image.save(encoded, format="PNG", pnginfo=extra, icc_profile=None)
    write_bytes(encoded.getvalue(), destination)


def write_bytes(data: bytes, destination: str | Path | BinaryIO) -> None:
    """Writes to a stream, or to a file that appears whole or not at all. `Problem` cannot_write."""
    if not isinstance(destination, str | Path):
        try:
            destination.write(data)
        except (OSError, ValueError):
            raise Problem("cannot_write") from None
        return
    path = Path(destination)
    part = path.with_name(f".{secrets.token_hex(8)}.part") if path.name else path
    try:
        with open(part, "xb") as stream:
            stream.write(data)
        os.replace(part, path)
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
        raise Problem("cannot_write") from None
