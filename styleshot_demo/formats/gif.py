"""GIF: the first frame alone, without comments."""

import struct

from styleshot_demo.errors import Problem
from styleshot_demo.formats.clean import Clean


def _first(data: bytes) -> tuple[int, bytes]:
    """Where the first frame starts, and the block before it that says which colour is transparent."""
    position, control = 13 + _colours(data[10]), b""
    while data[position] == 0x21:
        end = _after(data, position + 2)
        if data[position + 1] == 0xF9:
            control = data[position:end]
        position = end
    if data[position] != 0x2C:
        raise Problem("picture_damaged")
    return position, control


def _colours(flags: int) -> int:
    """Bytes of the colours that a flag announces."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after(data: bytes, position: int) -> int:
    while data[position]:
        position += data[position] + 1
    return position + 1


def size_of(data: bytes) -> tuple[int, int]:
    """The screen, or more where the first frame reaches beyond it."""
    wide, tall = struct.unpack_from("<HH", data, 6)
    left, top, width, height = struct.unpack_from("<HHHH", data, _first(data)[0] + 1)
    return max(wide, left + width), max(tall, top + height)


def clean(data: bytes) -> Clean:
    """The first frame alone, without comments, on a screen of its own."""
    position, control = _first(data)
    left, top, width, height = struct.unpack_from("<HHHH", data, position + 1)
    pixels = position + 10 + _colours(data[position + 9]) + 1
    try:
        end = _after(data, pixels)
        body = data[pixels - 1 : end]
    except IndexError:  # whether a pixel is missing, the decoder will see
        if pixels >= len(data):
            raise
        body = _cut(data, pixels)
    screen = data[:6] + struct.pack("<HH", width, height) + data[10 : 13 + _colours(data[10])]
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, width, height) + data[position + 9 : pixels - 1]
    canvas = (*size_of(data), left, top)
    covered = canvas == (width, height, 0, 0)
    return Clean(screen + control + frame + body + b";", canvas=None if covered else canvas)


def _cut(data: bytes, position: int) -> bytes:
    """The blocks of a frame that has no end, with one: the last block is as long as what is there of it."""
    kept = [data[position - 1 : position]]
    while position < len(data) and data[position]:
        block = data[position + 1 : position + 1 + data[position]]
        kept.append(bytes([len(block)]) + block if block else b"")
        position += data[position] + 1
    return b"".join(kept) + b"\0"
