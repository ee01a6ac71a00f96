"""Targa pictures. They have nothing at their start to be known by, so the whole header has to make sense."""

import struct

_DEPTHS = {1: (8,), 2: (16, 24, 32), 3: (8, 16), 9: (8,), 10: (16, 24, 32), 11: (8, 16)}  # by type of picture
_FOOTER = b"TRUEVISION-XFILE.\0"


def is_one(data: bytes) -> bool:
    """Whether the header is that of a Targa, and the file long enough for what it announces."""
    if len(data) < 18:
        return False
    named, mapped, kind, first, count, map_depth, _, _, width, height, depth, flags = struct.unpack_from(
        "<BBBHHBHHHHBB", data
    )
    if depth not in _DEPTHS.get(kind, ()) or mapped > 1 or not width or not height or flags & 0xC0:
        return False
    if mapped != (kind in (1, 9)) and not (mapped and map_depth in (15, 16, 24, 32)):
        return False
    if mapped and (map_depth not in (15, 16, 24, 32) or not 0 < first + count <= 256):
        return False
    if not mapped and (first or count):
        return False
    pixels = 18 + named + (count * ((map_depth + 7) // 8) if mapped else 0)
    if kind < 9:
        # One that is cut off is known by half of its pixels: less may be any file that begins with zeros.
        return len(data) - pixels >= width * height * depth // 16 or data.endswith(_FOOTER)
    # Each packet of a run-length one holds at most 128 pixels.
    return len(data) - pixels >= width * height // 128 * (1 + depth // 8) // 2 or data.endswith(_FOOTER)


def has_alpha(data: bytes) -> bool:
    """Whether the header says that bits of each pixel are its opacity."""
    return data[17] & 15 > 0
