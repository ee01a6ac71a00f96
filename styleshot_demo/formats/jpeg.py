"""JPEG: its segments, those that the pixels need, and the memory that it would take to decode."""

import re
import struct
from collections.abc import Iterator

from styleshot_demo.errors import Problem
from styleshot_demo.formats.clean import Clean
from styleshot_demo.formats.exif import exif_orientation

JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MAX_SCANS = 100  # of a progressive JPEG, which has about 10; each one costs a pass over the whole picture


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
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


_MARKER = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")  # all that ends a scan: no stuffed zero, no restart
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def clean(data: bytes) -> Clean:
    kept, profile, orientation, finish = [data[:2]], {}, None, None
    for marker, start, end in segments(data):
        if marker == 0xE1 and data.startswith(b"Exif\0", start):
            if orientation is None:  # only the first of them counts, for browsers and for Pillow
                orientation = exif_orientation(data[start:end])
        elif marker == 0xE2 and data.startswith(b"ICC_PROFILE\0", start) and end - start > 14:
            profile[data[start + 12]] = data[start + 14 : end]
        elif marker == 0xDA:
            finish = _end(data, end)
            # A last byte of 255 alone is half of a marker.
            kept.append(data[start - 4 : finish] if finish else data[start - 4 :].rstrip(b"\xff") + b"\xff\xd9")
        elif marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(data[start - 4 : end])  # JFIF and Adobe say how the colours are stored
    whole = b"".join(part for _, part in sorted(profile.items())) or None
    return Clean(b"".join(kept), whole, orientation or 1, mended=finish is None)


def _end(data: bytes, place: int) -> int | None:
    """Behind the end marker that follows the scans from `place` on; None if there is none."""
    scans = 1
    while True:
        found = _MARKER.search(data, place)
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


def without_end(clean_data: bytes) -> bytes:
    """A JPEG that `clean` gave an end, with more data before it.

    If all pixels were there, no decoder looks at these; where some were missing they change the picture.
    """
    return clean_data[:-2] + b"\x5a\xa5\x33\xc3" * 16 + clean_data[-2:]


def size(data: bytes) -> tuple[int, int] | None:
    for marker, start, _ in segments(data):
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, start + 1)
            return width, height
    return None


def coefficients(data: bytes) -> int:
    """Bytes that a decoder keeps for a JPEG of several scans, whatever scale it is asked for."""
    for marker, start, _ in segments(data):
        if marker in _FRAMES:
            height, width, count = struct.unpack_from(">HHB", data, start + 1)
            factors = [data[start + 7 + 3 * part] for part in range(count)]
            wide, tall = max(factor >> 4 for factor in factors), max(factor & 15 for factor in factors)
            shares = sum((factor >> 4) * (factor & 15) for factor in factors)
            return 2 * width * height * shares // max(1, wide * tall)
    return 0
