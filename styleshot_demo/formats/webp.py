"""WebP: the first frame alone."""

import struct
from collections.abc import Iterator

from styleshot_demo.errors import Problem
from styleshot_demo.formats.clean import Clean
from styleshot_demo.formats.exif import exif_orientation


def chunks_of(data: bytes) -> Iterator[tuple[bytes, int, int]]:
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


# Pictures and animations: what the pixels need.
_NEEDED = {b"VP8X", b"ANIM", b"ALPH", b"VP8 ", b"VP8L"}


def clean(data: bytes) -> Clean:
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
        elif (kind in _NEEDED or kind == b"ANMF") and not seen:
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


def size_of(data: bytes) -> tuple[int, int]:
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
