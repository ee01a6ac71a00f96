"""JPEG 2000: what its header announces, before the decoder reserves memory for it."""

import struct

from styleshot_demo.errors import Problem
from styleshot_demo.formats import boxes

_MAX_TILES = 4096  # 40 megapixels in tiles of 128 x 128 have 2,500


def size_of(data: bytes) -> tuple[int, int]:
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
