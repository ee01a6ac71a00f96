"""The one number of an EXIF block that a picture needs."""

import struct
from typing import Any


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
