"""Pictures of 16 bits a channel: read beside their 8-bit twin, and written as PNG or TIFF.

Pillow has no such pictures in colour. OpenCV decodes them; what it makes counts only where it is the picture that the
gate has opened, but for finer steps.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from PIL import Image, TiffImagePlugin

from styleshot_demo.formats.clean import Clean

if TYPE_CHECKING:
    import numpy as np

SAME = 3  # levels of 255 that the twin may differ: others round, and bring colours over, in another way
WHITE = 65535
_NODES = 52  # of the table that brings colours over, each 5 levels from the next
_STRIP = 2**19  # pixels that are brought over at once
_TURNS: dict[int, Callable[["np.ndarray"], "np.ndarray"]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels.swapaxes(0, 1)[:, ::-1],
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels.swapaxes(0, 1)[::-1],
}


def read(
    kind: str, clean: Clean, twin: Image.Image, to_srgb: Callable[[Image.Image], Image.Image]
) -> "np.ndarray | None":
    """[H, W, 3] uint16, upright sRGB without opacity; None where the file has no 16 bits that could be used.

    twin     the same picture as the gate has opened it
    to_srgb  what the gate does to the colours of an RGB picture from this file
    """
    import cv2
    import numpy as np

    if kind not in ("PNG", "TIFF") or clean.canvas is not None or kind == "PNG" and clean.data[24] != 16:
        return None
    try:
        pixels = cv2.imdecode(np.frombuffer(clean.data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if pixels is None or pixels.dtype != np.uint16:
        return None
    pixels = pixels[..., None].repeat(3, 2) if pixels.ndim == 2 else pixels[..., 2::-1]
    if pixels.shape[2] != 3:
        return None
    pixels = _brought_over(pixels, to_srgb)
    turn = _TURNS.get(clean.orientation if kind == "PNG" else _turn(clean.data), lambda same: same)
    # Whether a TIFF comes turned depends on how it is stored.
    return next((one for one in (pixels, turn(pixels)) if _same(one, twin)), None)


def _turn(data: bytes) -> int:
    with Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
        return int(cast(TiffImagePlugin.TiffImageFile, image).tag_v2.get(274, 1))


def _same(pixels: "np.ndarray", twin: Image.Image) -> bool:
    import numpy as np

    if pixels.shape[1::-1] != twin.size:
        return False
    step = max(1, int((twin.width * twin.height / 100_000) ** 0.5))
    some = np.asarray(twin.convert("RGBA"))[::step, ::step].astype(np.float32)
    seen = some[..., 3] == 255  # what is under transparency is anybody's guess
    return bool((np.abs(pixels[::step, ::step] / np.float32(257) - some[..., :3]).max(2)[seen] <= SAME).all())


def _brought_over(pixels: "np.ndarray", to_srgb: Callable[[Image.Image], Image.Image]) -> "np.ndarray":
    """By a table of what the gate makes of 8-bit colours: as smooth as before, and right to half a level of those."""
    import numpy as np

    levels = np.rint(np.linspace(0, 255, _NODES)).astype(np.uint8)
    nodes = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1)
    flat = Image.fromarray(nodes.reshape(_NODES, -1, 3))
    table = np.asarray(to_srgb(flat).convert("RGB")).reshape(nodes.shape)
    if np.abs(table.astype(int) - nodes).max() <= 1:  # it is sRGB
        return pixels
    table = table.astype(np.float32) * 257
    made = np.empty(pixels.shape, np.uint16)
    rows = max(1, _STRIP // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        places = pixels[top : top + rows].astype(np.float32) * ((_NODES - 1) / WHITE)
        first = np.minimum(places.astype(np.int32), _NODES - 2)
        share = places - first
        total = np.zeros_like(places)
        for corner in np.ndindex(2, 2, 2):
            weight = np.prod(np.where(corner, share, 1 - share), 2, keepdims=True)
            total += weight * table[tuple(np.moveaxis(first + corner, 2, 0))]
        made[top : top + rows] = np.rint(total)
    return made


def resized(pixels: "np.ndarray", size: tuple[int, int]) -> "np.ndarray":
    """[H, W, 3] uint16 at another width and height (Lanczos)."""
    import numpy as np

    if pixels.shape[1::-1] == size:
        return pixels
    made = np.empty((size[1], size[0], 3), np.uint16)
    for channel in range(3):
        values = Image.fromarray(pixels[..., channel].astype(np.float32)).resize(size, Image.Resampling.LANCZOS)
        made[..., channel] = np.rint(np.clip(np.asarray(values), 0, WHITE))
    return made


def with_opacity(pixels: "np.ndarray", alpha: Image.Image | None) -> "np.ndarray":
    """[H, W, 4] where there is opacity, mode L; else the pixels as they are."""
    import numpy as np

    if alpha is None:
        return pixels
    return np.dstack([pixels, np.asarray(alpha).astype(np.uint16) * 257])


# Writing ------------------------------------------------------------------------------------------------------------


def to_png(pixels: "np.ndarray", chunks: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """A PNG of [H, W, 3 or 4] uint16; `chunks` are (kind, content) of what else is to stand before the pixels."""
    height, width, channels = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    packer = zlib.compressobj(6)
    packed = b"".join([*(packer.compress(rows) for rows in _filtered(pixels)), packer.flush()])
    parts = [(b"IHDR", head), *chunks, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _filtered(pixels: "np.ndarray") -> Iterator[bytes]:
    """Rows less the rows above them, byte by byte (PNG's filter 2)."""
    import numpy as np

    above = None
    for row in pixels:
        row = np.frombuffer(row.astype(">u2").tobytes(), np.uint8)
        yield b"\2" + (row if above is None else row - above).tobytes()
        above = row


def to_tiff(pixels: "np.ndarray", xmp: bytes | None = None) -> bytes:
    """A TIFF of [H, W, 3 or 4], uint8 or uint16: deflated, each pixel less the one before it (predictor 2)."""
    import numpy as np

    height, width, channels = pixels.shape
    bits = pixels.dtype.itemsize * 8
    rows = max(1, 2**20 // (width * channels * bits // 8))
    strips = []
    for top in range(0, height, rows):
        values = pixels[top : top + rows].astype(f"<u{bits // 8}")
        values[:, 1:] -= values[:, :-1].copy()
        strips.append(zlib.compress(values.tobytes(), 6))
    tags: list[tuple[int, str, Any]] = [
        (256, "I", [width]),
        (257, "I", [height]),
        (258, "H", [bits] * channels),
        (259, "H", [8]),  # deflate
        (262, "H", [2]),  # RGB
        (273, "I", list(np.cumsum([8, *map(len, strips)])[:-1])),
        (277, "H", [channels]),
        (278, "I", [rows]),
        (279, "I", [len(strip) for strip in strips]),
        (317, "H", [2]),
    ]
    if channels == 4:
        tags.append((338, "H", [2]))  # the fourth is opacity, the colours are whole
    if xmp:
        tags.append((700, "B", xmp))
    place = 8 + sum(map(len, strips))
    padding = place % 2
    place += padding
    beyond = place + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, code, content in tags:
        packed = bytes(content) if code == "B" else struct.pack(f"<{len(content)}{code}", *content)
        where = packed.ljust(4, b"\0")
        if len(packed) > 4:
            where = struct.pack("<I", beyond + len(values))
            values += packed + b"\0" * (len(packed) % 2)
        entries += struct.pack("<HHI", tag, {"B": 1, "H": 3, "I": 4}[code], len(content)) + where
    head = struct.pack("<2sHI", b"II", 42, place)
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    return b"".join([head, *strips, b"\0" * padding, directory, values])
