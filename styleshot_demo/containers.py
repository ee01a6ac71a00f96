"""Picture files taken apart before any decoder sees them: only what the pixels need is kept.

The colour profile and the orientation are pulled out here, so no decoder ever sees text, comments, EXIF, later frames
or a TIFF tag that asks for gigabytes. Bytes in, bytes out; pixels are the business of `pictures`.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from styleshot_demo.errors import Problem

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
MAX_PROFILE = 4 * 2**20  # bytes; the largest printing profiles in use have about 3 MB
_MAX_SCANS = 100  # of a progressive JPEG, which has about 10; each one costs a pass over the whole picture


class Clean(NamedTuple):
    """What is left of a file: the bytes for the decoder, the colour profile, the orientation (1 to 8)."""

    data: bytes
    profile: bytes | None
    orientation: int


def clean(kind: str, data: bytes) -> Clean:
    """A file of the kind that `kind_of` found, with only what its pixels need.

    Raises `Problem` picture_truncated or picture_damaged. A decoder may still find the pixels themselves broken.
    """
    with _ends_early():
        return _CLEANERS[kind](data)


def announced_size(kind: str, data: bytes) -> tuple[int, int] | None:
    """(width, height) of a WebP, whose decoder reserves the whole canvas on opening; None for all others."""
    if kind != "WEBP":
        return None
    with _ends_early():
        first = next(riff_chunks(data), None)
        return None if first is None else _webp_size(first[0], data, first[1])


@contextmanager
def _ends_early() -> Iterator[None]:
    try:
        yield
    except (struct.error, IndexError, OverflowError):
        raise Problem("picture_truncated") from None


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


def kind_of(data: bytes) -> str:
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


_PNG_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _clean_png(data: bytes) -> Clean:
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
            profile = inflate(packed[1:], MAX_PROFILE)
        elif kind == b"eXIf":
            orientation = exif_orientation(data[start:end])
    return Clean(b"".join(kept), profile, orientation)


def _clean_jpeg(data: bytes) -> Clean:
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
    return Clean(b"".join(kept), b"".join(part for _, part in sorted(profile.items())) or None, orientation)


def _clean_webp(data: bytes) -> Clean:
    profile, orientation = None, 1
    for kind, start, end in riff_chunks(data):
        if kind == b"ICCP":
            profile = data[start:end]
        elif kind == b"EXIF":
            orientation = exif_orientation(data[start:end])
    return Clean(data, profile, orientation)


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


def _clean_gif(data: bytes) -> Clean:
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
    return Clean(kept + control + data[position:end] + b";", None, 1)


_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8}  # bytes, by type
# Width, height, bits, compression, photometry, fill order, strips, orientation, samples, rows, planes, fax options,
# predictor, colour map, tiles, extra samples, sample format, JPEG tables, YCbCr coefficients to black and white.
_TIFF_NEEDED = {256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325}
_TIFF_NEEDED |= {338, 339, 347, 529, 530, 531, 532}
_TIFF_COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50000}  # none, fax, LZW, JPEG, deflate, PackBits, zstd
_TIFF_MAX_VALUES = 200_000  # of one tag; 40 megapixels in tiles of 16 x 16 have 156,250
_TIFF_PROFILE = 34675


def _clean_tiff(data: bytes) -> Clean:
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
        elif tag == _TIFF_PROFILE and inline < size <= MAX_PROFILE:
            profile = data[where : where + size]
    result = bytearray(data)
    head = struct.pack(order + count_word, len(kept)) + b"".join(kept[tag] for tag in sorted(kept)) + bytes(inline)
    result[directory : directory + len(head)] = head
    return Clean(bytes(result), profile, 1)  # Pillow itself turns a TIFF upright


def check_tiff(image: "Image.Image") -> None:
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


def _keep(data: bytes) -> Clean:
    return Clean(data, None, 1)


_CLEANERS = {
    "PNG": _clean_png,
    "JPEG": _clean_jpeg,
    "WEBP": _clean_webp,
    "GIF": _clean_gif,
    "TIFF": _clean_tiff,
    "BMP": _keep,
}
