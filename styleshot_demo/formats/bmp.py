"""Windows and OS/2 bitmaps. Pillow reads the run-length ones wrong, and not every size of header, bits and masks."""

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from styleshot_demo.errors import Problem

if TYPE_CHECKING:
    from PIL import Image

HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_PLAIN, _RUNS_8, _RUNS_4, _MASKS, _MASKS_WITH_ALPHA = 0, 1, 2, 3, 6
_EMBEDDED = int.from_bytes(b"MBED", "big")
_MASK_BITS = {16: (0x7C00, 0x3E0, 0x1F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
_STRIP = 2**20  # pixels that are worked on at once


class Header(NamedTuple):
    width: int
    height: int
    upward: bool  # the last row comes first
    bits: int
    compression: int
    masks: tuple[int, int, int, int]  # red, green, blue, alpha
    palette: bytes  # blue, green, red of each colour
    pixels: int  # where they start


def read_header(data: bytes) -> Header:
    """The header of a file that begins with BM. `Problem` picture_truncated or picture_damaged."""
    try:
        return _read_header(data)
    except struct.error:
        raise Problem("picture_truncated") from None


def _read_header(data: bytes) -> Header:
    start, size = struct.unpack_from("<II", data, 10)
    if size not in HEADERS:
        raise Problem("picture_damaged")
    compression, colours, masks, end = _PLAIN, 0, None, 14 + size
    if size == 12:
        width, height, planes, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, planes, bits = struct.unpack_from("<iiHH", data, 18)
        if size >= 40:
            compression, _, _, _, colours = struct.unpack_from("<IIiiI", data, 30)
    if compression in (_MASKS, _MASKS_WITH_ALPHA) and size in (40, 52):
        count = 4 if compression == _MASKS_WITH_ALPHA else 3
        masks = struct.unpack_from(f"<{count}I", data, 54) + (0,) * (4 - count)
        end = max(end, 54 + 4 * count)
    elif compression in (_MASKS, _MASKS_WITH_ALPHA) and size > 52 and size != 64:
        masks = struct.unpack_from("<4I", data, 54)
    elif compression == _PLAIN and size > 52 and size != 64 and bits == 32:
        alpha = struct.unpack_from("<I", data, 66)[0]
        masks = (*_MASK_BITS[32][:3], alpha if alpha == 0xFF000000 else 0)
    allowed = {
        _PLAIN: (1, 2, 4, 8, 16, 24, 32),
        _RUNS_8: (8,),
        _RUNS_4: (4,),
        _MASKS: (16, 32),
        _MASKS_WITH_ALPHA: (16, 32),
    }
    # OS/2 has two compressions of its own under the numbers that are masks elsewhere.
    if bits not in allowed.get(compression, ()) or size == 64 and compression > _RUNS_4:
        raise Problem("picture_damaged")
    if width <= 0 or height == 0 or height == -(2**31) or planes not in (0, 1):
        raise Problem("picture_damaged")
    palette = b""
    if bits <= 8:
        each = 3 if size == 12 else 4
        count = 2**bits if not 0 < colours <= 2**bits else colours
        entries = data[end : min(end + each * count, start if start > end else len(data))]
        parts = (entries[place : place + 3] for place in range(0, len(entries) - 2, each))
        palette = b"".join(parts).ljust(3 * 2**bits, b"\0")
    masks = masks or _MASK_BITS.get(bits, (0, 0, 0, 0))
    return Header(width, abs(height), height > 0, bits, compression, masks, palette, start)


def profile(data: bytes) -> bytes | None:
    """The colour profile that lies in the file, if there is one."""
    if len(data) < 138 or struct.unpack_from("<I", data, 14)[0] != 124:
        return None
    kind, place, size = struct.unpack_from("<I52xII", data[:134], 70) if len(data) >= 134 else (0, 0, 0)
    return data[14 + place : 14 + place + size] or None if kind == _EMBEDDED else None


def decode(data: bytes) -> "Image.Image":
    """The picture, mode RGB or RGBA. The caller checks the size of `read_header` before."""
    from PIL import Image

    head = read_header(data)
    gaps = None
    if head.compression in (_RUNS_8, _RUNS_4):
        indices, gaps = _runs(head, data)
        image = Image.frombytes("L", (head.width, head.height), bytes(indices))
    elif head.bits <= 8:
        image = _plain(head, data, lambda rows: _unpacked(rows, head), "L")
    elif head.bits == 24:
        image = _plain(head, data, lambda rows: rows[:, : 3 * head.width].reshape(-1, head.width, 3)[..., ::-1], "RGB")
    else:
        mode = "RGBA" if head.masks[3] else "RGB"
        image = _plain(head, data, lambda rows: _masked(rows, head), mode)
    if head.bits <= 8:
        image.putpalette(b"".join(head.palette[place : place + 3][::-1] for place in range(0, len(head.palette), 3)))
        image = image.convert("RGB")
    if gaps is not None:
        image.paste((0, 0, 0), mask=Image.frombytes("L", image.size, bytes(gaps)))
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if head.upward else image


def _plain(head: Header, data: bytes, make: Any, mode: str) -> "Image.Image":
    """Rows in strips through `make`: only one strip is there in a wider form. The last padding may be missing."""
    import numpy as np
    from PIL import Image

    stride = (head.width * head.bits + 31) // 32 * 4
    needed = (head.height - 1) * stride + (head.width * head.bits + 7) // 8
    if head.pixels + needed > len(data):
        raise Problem("picture_truncated")
    image = Image.new(mode, (head.width, head.height))
    step = max(1, _STRIP // head.width)
    for top in range(0, head.height, step):
        count = min(step, head.height - top)
        start = head.pixels + top * stride
        rows = data[start : start + count * stride].ljust(count * stride, b"\0")
        part = make(np.frombuffer(rows, np.uint8).reshape(count, stride))
        image.paste(Image.fromarray(np.ascontiguousarray(part)), (0, top))
    return image


def _unpacked(rows: Any, head: Header) -> Any:
    """Indices of a byte each."""
    import numpy as np

    if head.bits == 8:
        return rows[:, : head.width]
    shifts = np.arange(8 - head.bits, -1, -head.bits, dtype=np.uint8)
    values = rows[:, :, None] >> shifts & (2**head.bits - 1)
    return values.reshape(len(rows), -1)[:, : head.width].astype(np.uint8)


def _masked(rows: Any, head: Header) -> Any:
    """Pixels of 16 or 32 bits taken apart by masks, each part scaled to 8 bits."""
    import numpy as np

    pixels = rows.view("<u2" if head.bits == 16 else "<u4")[:, : head.width]
    parts = []
    for mask in head.masks[: 4 if head.masks[3] else 3]:
        mask &= 2**head.bits - 1
        if mask == 0:
            parts.append(np.zeros(pixels.shape, np.uint8))
            continue
        shift = (mask & -mask).bit_length() - 1
        most = mask >> shift
        if most & (most + 1):
            raise Problem("picture_damaged")  # bits with gaps between them
        values = pixels.astype(np.uint32) >> shift & most
        if most > 255:
            values = values >> (most.bit_length() - 8)
        elif most < 255:
            values = (values * 255 + most // 2) // most
        parts.append(values.astype(np.uint8))
    return np.stack(parts, -1)


_HALVES = [bytes((value >> 4, value & 15)) for value in range(256)]


def _runs(head: Header, data: bytes) -> tuple[bytearray, bytearray | None]:
    """Indices of a run-length picture, a byte each; and 255 where no run has painted, None if that is nowhere."""
    width, height, four = head.width, head.height, head.compression == _RUNS_4
    total = width * height
    result, gaps = bytearray(total), None
    row, x = 0, 0  # where the row starts, and the column; both only grow, so a gap is one piece
    useless = 4 * height + 1000  # runs behind the end of a row before this is no picture any more
    place, end = head.pixels, len(data) - 1

    def leave_out(stop: int) -> None:
        nonlocal gaps
        start, stop = min(row + x, total), min(stop, total)
        if start < stop:
            gaps = gaps or bytearray(total)
            gaps[start:stop] = b"\xff" * (stop - start)

    while place < end:
        count, value = data[place], data[place + 1]
        place += 2
        if count:
            size = min(count, width - x)  # a run never goes on in the next row
            result[row + x : row + x + size] = (_HALVES[value] * 128)[:size] if four else bytes((value,)) * size
            x += size
            if size == 0:
                useless -= 1
        elif value == 0:
            leave_out(row + width)
            row, x = row + width, 0
        elif value == 1:
            leave_out(total)
            return result, gaps
        elif value == 2:
            if place + 2 > len(data):
                break
            right, down = data[place], data[place + 1]
            place += 2
            stop = row + down * width + min(x + right, width)
            leave_out(stop)
            row, x = row + down * width, min(x + right, width)
        else:
            length = (value + 1) // 2 if four else value
            if place + length > len(data):
                break
            literal = data[place : place + length]
            if four:
                literal = b"".join([_HALVES[byte] for byte in literal])
            size = min(value, width - x)
            result[row + x : row + x + size] = literal[:size]
            x += size
            place += length + length % 2
            if size == 0:
                useless -= 1
        if useless < 0:
            raise Problem("picture_damaged")
        if row >= total:
            return result, gaps
    # Without an end mark everything has to have been painted.
    if row + x == total:
        return result, gaps
    raise Problem("picture_truncated")
