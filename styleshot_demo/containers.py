"""Picture files taken apart before any decoder sees them: only what the pixels need is kept.

The colour profile and the orientation are pulled out here, so no decoder ever sees text, comments, EXIF, later frames
or a TIFF tag that asks for gigabytes. Bytes in, bytes out; pixels are the business of `pictures`.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from styleshot_demo.errors import Problem
from styleshot_demo.formats import bmp, boxes, colours, tga, tiff
from styleshot_demo.formats.clean import Clean

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "HEIC", "BMP", "TIFF", "GIF", "TGA", "JPEG2000")
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
MAX_PROFILE = 4 * 2**20  # bytes; the largest printing profiles in use have about 3 MB
_MAX_CANVAS = 40_000_000  # pixels, as for all pictures
_MAX_TILES = 4096  # of a JPEG 2000; 40 megapixels in tiles of 128 x 128 have 2,500
_MAX_SCANS = 100  # of a progressive JPEG, which has about 10; each one costs a pass over the whole picture


def clean(kind: str, data: bytes) -> Clean:
    """A file of the kind that `kind_of` found, with only what its pixels need.

    Raises `Problem` picture_truncated, picture_damaged or camera_raw. A decoder may still find the pixels broken.
    """
    with _ends_early():
        return _CLEANERS[kind](data)


def announced_size(kind: str, data: bytes) -> tuple[int, int] | None:
    """(width, height) of the kinds whose decoder may reserve memory on opening, or that are decoded at a smaller size.

    None for the others, whose header Pillow reads first. `Problem` picture_truncated or picture_damaged.
    """
    with _ends_early():
        return _SIZES[kind](data) if kind in _SIZES else None


@contextmanager
def _ends_early() -> Iterator[None]:
    try:
        yield
    except (struct.error, IndexError, OverflowError):
        raise Problem("picture_truncated") from None


# What kind of file --------------------------------------------------------------------------------------------------

_REFUSED = (
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
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
# Camera raw that is no TIFF by its first bytes: Fujifilm, Sigma, Minolta, Olympus, Panasonic.
_RAW = (b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"mif1", b"mif2", b"mif3", b"msf1"}


def kind_of(data: bytes) -> str:
    """Which of `FORMATS` the first bytes announce; `Problem` for anything else. The name of a file says nothing."""
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
    if data.startswith((b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return "JPEG2000"
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in bmp.HEADERS:
        return "BMP"
    for start, name in _REFUSED:
        if data.startswith(start):
            raise Problem("format_refused", format=name)
    if data.startswith(_RAW):
        raise Problem("camera_raw")
    if data[4:8] == b"ftyp":
        return _kind_of_boxes(data)
    if data[:4] in (b"\0\0\1\0", b"\0\0\2\0") and _is_icon(data):
        raise Problem("format_refused", format="ICO" if data[2] == 1 else "CUR")
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<") and b"<svg" in head:
        raise Problem("format_refused", format="SVG")
    if tga.is_one(data):  # last: it has nothing at its start to be known by
        return "TGA"
    raise Problem("not_a_picture")


def _kind_of_boxes(data: bytes) -> str:
    named = boxes.brands(data)
    first = data[8:12]
    if first == b"crx ":
        raise Problem("camera_raw")
    if first == b"jxl ":
        raise Problem("format_refused", format="JPEG XL")
    if first in _AVIF_BRANDS or first in _HEIF_BRANDS and named & _AVIF_BRANDS:
        return "AVIF"
    if first in _HEIC_BRANDS or first in _HEIF_BRANDS and named & _HEIC_BRANDS:
        return "HEIC"
    if first in _HEIF_BRANDS:
        raise Problem("format_refused", format="HEIF")
    raise Problem("not_a_picture")


def _is_icon(data: bytes) -> bool:
    """Whether the list of pictures makes sense that follows where a Targa has its colours."""
    count = int.from_bytes(data[4:6], "little")
    if not 0 < count <= 256 or len(data) < 22:
        return False
    size, place = struct.unpack_from("<II", data, 14)
    return data[9] == 0 and size > 0 and place >= 6 + 16 * count


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
    if block.startswith(b"Exif\0"):  # the byte that follows is to be 0, and nobody asks
        block = block[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return 1
    try:
        (position,) = struct.unpack_from(order + "I", block, 4)
        (count,) = struct.unpack_from(order + "H", block, position)
        for entry in range(position + 2, position + 2 + 12 * count, 12):
            tag, kind, values, value = struct.unpack_from(order + "HHIH", block, entry)
            if tag == 0x0112:
                return value if kind == 3 and values == 1 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


_PNG_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT"}
_PNG_NOTES = {b"iCCP", b"cICP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"}  # of each the first counts
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png_intact(data: bytes, start: int, end: int) -> bool:
    """Whether a chunk's checksum is right."""
    return zlib.crc32(data[start - 4 : end]) == int.from_bytes(data[end : end + 4], "big")


def _png_parts(data: bytes) -> Iterator[tuple[bytes, int, int, bool]]:
    """As `png_chunks`, and whether the chunk is whole. What is missing behind the pixels is no fault of theirs."""
    position = 8
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        start, end = position + 8, position + 8 + length
        yield kind, start, min(end, len(data)), end + 4 <= len(data)
        if kind == b"IEND":
            return
        position = end + 4
    yield b"", len(data), len(data), False


def _clean_png(data: bytes) -> Clean:
    kept, profile, orientation = [data[:8]], None, None
    packed, whole = [], True
    bits, kind_of_colours = data[24], data[25]
    codes = gamma = chromaticities = None
    srgb, film = False, _Film()
    for kind, start, end, complete in _png_parts(data):
        if not complete:
            whole = False
        film.note(kind, data[start:end] if kind in _FILM else b"", complete, bool(packed))
        if kind == b"tRNS" and (bits < 8 and kind_of_colours == 0 or bits == 16 and kind_of_colours == 2):
            # Pillow brings these samples to 8 bits, but leaves the transparent colour as it stands in the file.
            values = struct.unpack(f">{(end - start) // 2}H", data[start : end - (end - start) % 2])
            scaled = (value >> 8 if bits == 16 else value * 255 // (2**bits - 1) & 255 for value in values)
            kept.append(_png_chunk(kind, struct.pack(f">{len(values)}H", *scaled)))
        elif kind == b"IDAT" and not complete:
            packed.append(data[start:end])
            kept.append(_png_chunk(kind, data[start:end]))
        elif kind in _PNG_NEEDED and complete:
            kept.append(data[start - 8 : end + 4])
            if kind == b"IDAT":
                packed.append(data[start:end])
        elif packed or not complete or kind not in _PNG_NOTES or not _png_intact(data, start, end):
            continue  # these are stated before the pixels, and what is damaged states nothing
        elif kind == b"iCCP":
            profile = profile or inflate(data[start:end].partition(b"\0")[2][1:], MAX_PROFILE)
        elif kind == b"cICP" and end - start == 4 and data[start + 2 : end] == b"\0\1":
            codes = codes or colours.from_codes(data[start], data[start + 1])
        elif kind == b"sRGB" and end - start == 1:
            srgb = True
        elif kind == b"gAMA" and end - start == 4:
            gamma = struct.unpack_from(">I", data, start)[0] if gamma is None else gamma
        elif kind == b"cHRM" and end - start == 32:
            chromaticities = chromaticities or struct.unpack_from(">8I", data, start)
        elif kind == b"eXIf" and orientation is None:
            orientation = exif_orientation(data[start:end])
    if not whole and not _png_has_pixels(data, packed):
        raise Problem("picture_truncated")
    space = codes
    # A profile that is none counts as if it were not there; a real one has a signature at its place.
    if space is None and not srgb and (profile is None or profile[36:40] != b"acsp") and gamma is not None:
        space = colours.from_gamma(gamma, chromaticities)
    kept.append(_png_chunk(b"IEND", b""))
    canvas = None
    if film.place is not None and film.packed:
        kept, canvas = film.instead_of(kept, *struct.unpack_from(">II", data, 16))
    return Clean(b"".join(kept), profile, orientation or 1, space, canvas)


_FILM = (b"acTL", b"fcTL", b"fdAT")


class _Film:
    """The first frame of an animated PNG whose usual picture is none of its frames: that one is for other readers."""

    def __init__(self) -> None:
        self.announced = False
        self.place: tuple[int, int, int, int] | None = None  # width, height, left, top
        self.ended = False
        self.packed: list[bytes] = []

    def note(self, kind: bytes, content: bytes, whole: bool, behind_picture: bool) -> None:
        """Takes the chunks in their order."""
        if kind == b"acTL":
            self.announced = not behind_picture
        elif kind == b"fcTL" and not behind_picture:
            self.announced = False  # the usual picture is the first frame
        elif kind == b"fcTL" and self.announced and len(content) == 26:
            self.ended = self.place is not None
            self.place = self.place or struct.unpack_from(">IIII", content, 4)
        elif kind == b"fdAT" and self.place is not None and not self.ended and whole:
            self.packed.append(content[4:])

    def instead_of(
        self, chunks: list[bytes], wide: int, tall: int
    ) -> tuple[list[bytes], tuple[int, int, int, int] | None]:
        """The chunks with this frame as the picture, and where it lies on the canvas; unchanged if that is outside."""
        width, height, left, top = self.place or (0, 0, 0, 0)
        if left + width > wide or top + height > tall or wide * tall > _MAX_CANVAS:
            return chunks, None
        head = next(chunk for chunk in chunks if chunk[4:8] == b"IHDR")
        head = _png_chunk(b"IHDR", struct.pack(">II", width, height) + head[16:21])
        kept = [chunk for chunk in chunks if chunk[4:8] not in (b"IHDR", b"IDAT", b"IEND")]
        kept = [kept[0], head, *kept[1:], _png_chunk(b"IDAT", b"".join(self.packed)), _png_chunk(b"IEND", b"")]
        return kept, None if (width, height) == (wide, tall) else (wide, tall, left, top)


def png_with_checksum(clean_data: bytes) -> bytes | None:
    """A PNG with the right checksum behind its packed pixels; None where these are broken themselves.

    It comes last, and says nothing of the pixels that the checksums of the chunks do not say.
    """
    chunks = [(kind, clean_data[start:end]) for kind, start, end in png_chunks(clean_data)]
    packed = b"".join(content for kind, content in chunks if kind == b"IDAT")
    width, height = struct.unpack_from(">II", clean_data, 16)
    left = 8 * width * height + 16 * (width + height)  # bytes; more than any picture of this size has
    unpacker, rest, checksum = zlib.decompressobj(-zlib.MAX_WBITS), packed[2:], 1
    try:
        while rest and not unpacker.eof and left > 0:
            part = unpacker.decompress(rest, 2**20)
            checksum, left, rest = zlib.adler32(part, checksum), left - len(part), unpacker.unconsumed_tail
    except zlib.error:
        return None
    if not unpacker.eof:
        return None
    mended = packed[: len(packed) - len(unpacker.unused_data)] + checksum.to_bytes(4, "big")
    before = [_png_chunk(kind, content) for kind, content in chunks if kind not in (b"IDAT", b"IEND")]
    return clean_data[:8] + b"".join([*before, _png_chunk(b"IDAT", mended), _png_chunk(b"IEND", b"")])


def _png_has_pixels(data: bytes, packed: list[bytes]) -> bool:
    """Whether the packed data hold every row, found without keeping what comes out."""
    width, height, bits, kind, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    depth = bits * _PNG_CHANNELS.get(kind, 4)
    if interlaced:
        passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
        sides = [(-(-(width - x) // right), -(-(height - y) // down)) for x, y, right, down in passes]
        needed = sum(tall * (1 + (wide * depth + 7) // 8) for wide, tall in sides if wide > 0 and tall > 0)
    else:
        needed = height * (1 + (width * depth + 7) // 8)
    unpacker, found = zlib.decompressobj(), 0
    try:
        for part in packed:
            while part and found < needed:
                found += len(unpacker.decompress(part, 2**20))
                part = unpacker.unconsumed_tail
    except zlib.error:
        return False
    return found >= needed


_JPEG_MARKER = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")  # all that ends a scan: no stuffed zero, no restart
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def _clean_jpeg(data: bytes) -> Clean:
    kept, profile, orientation = [data[:2]], {}, None
    for marker, start, end in jpeg_segments(data):
        if marker == 0xE1 and data.startswith(b"Exif\0", start):
            if orientation is None:  # only the first of them counts, for browsers and for Pillow
                orientation = exif_orientation(data[start:end])
        elif marker == 0xE2 and data.startswith(b"ICC_PROFILE\0", start) and end - start > 14:
            profile[data[start + 12]] = data[start + 14 : end]
        elif marker == 0xDA:
            finish = _jpeg_end(data, end)
            # A last byte of 255 alone is half of a marker.
            kept.append(data[start - 4 : finish] if finish else data[start - 4 :].rstrip(b"\xff") + b"\xff\xd9")
        elif marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(data[start - 4 : end])  # JFIF and Adobe say how the colours are stored
    whole = b"".join(part for _, part in sorted(profile.items())) or None
    return Clean(b"".join(kept), whole, orientation or 1, mended=finish is None)


def _jpeg_end(data: bytes, place: int) -> int | None:
    """Behind the end marker that follows the scans from `place` on; None if there is none."""
    scans = 1
    while True:
        found = _JPEG_MARKER.search(data, place)
        if found is None:
            return None
        marker, place = data[found.end() - 1], found.end()
        if marker == 0xD9:
            return place
        if marker == 0xDA:
            scans += 1
            if scans > _MAX_SCANS:
                raise Problem("picture_damaged")
        if marker >= 0xC0 and not 0xD0 <= marker <= 0xD8:
            length = int.from_bytes(data[place : place + 2], "big")
            if length < 2 or place + length > len(data):
                # No segment but a wrong byte, perhaps: a decoder goes on at the next marker, and so does this.
                continue
            place += length


def jpeg_without_end(clean_data: bytes) -> bytes:
    """A JPEG that `clean` gave an end, with more data before it.

    If all pixels were there, no decoder looks at these; where some were missing they change the picture.
    """
    return clean_data[:-2] + b"\x5a\xa5\x33\xc3" * 16 + clean_data[-2:]


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    for marker, start, _ in jpeg_segments(data):
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, start + 1)
            return width, height
    return None


def jpeg_coefficients(data: bytes) -> int:
    """Bytes that a decoder keeps for a JPEG of several scans, whatever scale it is asked for."""
    for marker, start, _ in jpeg_segments(data):
        if marker in _JPEG_FRAMES:
            height, width, count = struct.unpack_from(">HHB", data, start + 1)
            factors = [data[start + 7 + 3 * part] for part in range(count)]
            wide, tall = max(factor >> 4 for factor in factors), max(factor & 15 for factor in factors)
            shares = sum((factor >> 4) * (factor & 15) for factor in factors)
            return 2 * width * height * shares // max(1, wide * tall)
    return 0


# Pictures and animations: what of a WebP its pixels need.
_WEBP_NEEDED = {b"VP8X", b"ANIM", b"ALPH", b"VP8 ", b"VP8L"}


def _clean_webp(data: bytes) -> Clean:
    """The first frame alone. What is cut off or miscounted behind it is no fault of the pixels."""
    profile = orientation = None
    kept: list[bytes] = []
    seen = False
    position = 12
    while position + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, position)
        start, end = position + 8, position + 8 + size
        whole = end <= len(data)
        if kind == b"ICCP" and whole:
            profile = profile or data[start:end]
        elif kind == b"EXIF" and whole:
            orientation = orientation or exif_orientation(data[start:end])
        elif (kind in _WEBP_NEEDED or kind == b"ANMF") and not seen:
            if not whole:
                raise Problem("picture_truncated")
            kept.append(data[position:end] + b"\0" * (size % 2))
            seen = kind in (b"VP8 ", b"VP8L", b"ANMF")
        position = end + size % 2
    if not seen:
        raise Problem("picture_truncated")
    if kept[0].startswith(b"VP8X"):
        # A frame that leaves some of the canvas bare needs opacity, whether the file says so or not.
        flags = kept[0][8] & 0x12 | (0x10 if kept[-1].startswith(b"ANMF") else 0)
        kept[0] = kept[0][:8] + bytes([flags]) + kept[0][9:]
    body = b"WEBP" + b"".join(kept)
    return Clean(b"RIFF" + struct.pack("<I", len(body)) + body, profile, orientation or 1)


def _webp_size(data: bytes) -> tuple[int, int]:
    kind, start = data[12:16], 20
    if kind == b"VP8X":
        width, height = data[start + 4 : start + 7], data[start + 7 : start + 10]
        if len(height) < 3:
            raise Problem("picture_truncated")
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, start + 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, start + 6)
        return width & 0x3FFF, height & 0x3FFF
    raise Problem("picture_damaged" if len(data) >= 20 else "picture_truncated")


def _gif_first(data: bytes) -> tuple[int, bytes]:
    """Where the first frame starts, and the block before it that says which colour is transparent."""
    position, control = 13 + _gif_colours(data[10]), b""
    while data[position] == 0x21:
        end = _gif_after(data, position + 2)
        if data[position + 1] == 0xF9:
            control = data[position:end]
        position = end
    if data[position] != 0x2C:
        raise Problem("picture_damaged")
    return position, control


def _gif_colours(flags: int) -> int:
    """Bytes of the colours that a flag announces."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _gif_after(data: bytes, position: int) -> int:
    while data[position]:
        position += data[position] + 1
    return position + 1


def _gif_size(data: bytes) -> tuple[int, int]:
    """The screen, or more where the first frame reaches beyond it."""
    wide, tall = struct.unpack_from("<HH", data, 6)
    left, top, width, height = struct.unpack_from("<HHHH", data, _gif_first(data)[0] + 1)
    return max(wide, left + width), max(tall, top + height)


def _clean_gif(data: bytes) -> Clean:
    """The first frame alone, without comments, on a screen of its own."""
    position, control = _gif_first(data)
    left, top, width, height = struct.unpack_from("<HHHH", data, position + 1)
    pixels = position + 10 + _gif_colours(data[position + 9]) + 1
    try:
        end = _gif_after(data, pixels)
        body = data[pixels - 1 : end]
    except IndexError:  # whether a pixel is missing, the decoder will see
        if pixels >= len(data):
            raise
        body = _gif_cut(data, pixels)
    screen = data[:6] + struct.pack("<HH", width, height) + data[10 : 13 + _gif_colours(data[10])]
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, width, height) + data[position + 9 : pixels - 1]
    canvas = (*_gif_size(data), left, top)
    covered = canvas == (width, height, 0, 0)
    return Clean(screen + control + frame + body + b";", canvas=None if covered else canvas)


def _gif_cut(data: bytes, position: int) -> bytes:
    """The blocks of a frame that has no end, with one: the last block is as long as what is there of it."""
    kept = [data[position - 1 : position]]
    while position < len(data) and data[position]:
        block = data[position + 1 : position + 1 + data[position]]
        kept.append(bytes([len(block)]) + block if block else b"")
        position += data[position] + 1
    return b"".join(kept) + b"\0"


def _clean_bmp(data: bytes) -> Clean:
    return Clean(data, bmp.profile(data))


def _bmp_size(data: bytes) -> tuple[int, int]:
    head = bmp.read_header(data)
    return head.width, head.height


def _j2k_size(data: bytes) -> tuple[int, int]:
    """By the code stream, which is what gets decoded. OpenJPEG keeps some kilobytes for each tile that is announced."""
    start = 0
    if not data.startswith(b"\xff\x4f"):
        start = next((place for kind, place, _ in boxes.outermost(data) if kind == b"jp2c"), len(data))
    right, bottom, left, top, wide, tall = struct.unpack_from(">6I", data, start + 8)
    width, height = right - left, bottom - top
    if data[start + 2 : start + 4] != b"\xff\x51" or min(width, height, wide, tall) <= 0:
        raise Problem("picture_damaged")
    if -(-width // wide) * -(-height // tall) > _MAX_TILES:
        raise Problem("picture_damaged")
    return width, height


def _clean_boxes(data: bytes) -> Clean:
    still = boxes.look(data)
    # libheif turns and mirrors by itself.
    orientation = still.orientation if still.kind == "AVIF" else 1
    profile = still.profile if still.profile and len(still.profile) <= MAX_PROFILE else None
    return Clean(boxes.without_notes(data), profile, orientation, still.space)


def _boxes_size(kind: str) -> Callable[[bytes], tuple[int, int]]:
    def size(data: bytes) -> tuple[int, int]:
        still = boxes.look(data)
        width, height = still.size
        # Decoders reserve what the coded data state; that may not be far from what the container states.
        if still.kind != kind or still.coded > 3 * width * height + 2**20:
            raise Problem("picture_damaged")
        return width, height

    return size


_CLEANERS: dict[str, Callable[[bytes], Clean]] = {
    "PNG": _clean_png,
    "JPEG": _clean_jpeg,
    "WEBP": _clean_webp,
    "GIF": _clean_gif,
    "TIFF": tiff.clean,
    "BMP": _clean_bmp,
    "AVIF": _clean_boxes,
    "HEIC": _clean_boxes,
    "TGA": Clean,
    "JPEG2000": Clean,
}
_SIZES: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "JPEG": _jpeg_size,
    "WEBP": _webp_size,
    "GIF": _gif_size,
    "BMP": _bmp_size,
    "AVIF": _boxes_size("AVIF"),
    "HEIC": _boxes_size("HEIC"),
    "JPEG2000": _j2k_size,
}
