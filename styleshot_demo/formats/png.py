"""PNG: its chunks, those that the pixels need, and the first frame of an animation."""

import struct
import zlib
from collections.abc import Iterator

from styleshot_demo.errors import Problem
from styleshot_demo.formats import colours
from styleshot_demo.formats.clean import MAX_PROFILE, Clean
from styleshot_demo.formats.exif import exif_orientation

_MAX_CANVAS = 40_000_000  # pixels, as for all pictures


def chunks_of(data: bytes) -> Iterator[tuple[bytes, int, int]]:
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


def inflate(data: bytes, limit: int) -> bytes | None:
    """zlib data unpacked; None if it is broken or would have more than `limit` bytes."""
    unpacker = zlib.decompressobj()
    try:
        result = unpacker.decompress(data, limit)
    except zlib.error:
        return None
    return result if unpacker.eof else None


_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT"}
_NOTES = {b"iCCP", b"cICP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"}  # of each the first counts
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _intact(data: bytes, start: int, end: int) -> bool:
    """Whether a chunk's checksum is right."""
    return zlib.crc32(data[start - 4 : end]) == int.from_bytes(data[end : end + 4], "big")


def _parts(data: bytes) -> Iterator[tuple[bytes, int, int, bool]]:
    """As `chunks_of`, and whether the chunk is whole. What is missing behind the pixels is no fault of theirs."""
    position = 8
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        start, end = position + 8, position + 8 + length
        yield kind, start, min(end, len(data)), end + 4 <= len(data)
        if kind == b"IEND":
            return
        position = end + 4
    yield b"", len(data), len(data), False


def clean(data: bytes) -> Clean:
    kept, profile, orientation = [data[:8]], None, None
    packed, whole = [], True
    bits, kind_of_colours = data[24], data[25]
    codes = gamma = chromaticities = None
    srgb, film = False, _AnimatedPng()
    for kind, start, end, complete in _parts(data):
        if not complete:
            whole = False
        film.note(kind, data[start:end] if kind in _FILM else b"", complete, bool(packed))
        if kind == b"tRNS" and (bits < 8 and kind_of_colours == 0 or bits == 16 and kind_of_colours == 2):
            # Pillow brings these samples to 8 bits, but leaves the transparent colour as it stands in the file.
            values = struct.unpack(f">{(end - start) // 2}H", data[start : end - (end - start) % 2])
            scaled = (value >> 8 if bits == 16 else value * 255 // (2**bits - 1) & 255 for value in values)
            kept.append(_chunk(kind, struct.pack(f">{len(values)}H", *scaled)))
        elif kind == b"IDAT" and not complete:
            packed.append(data[start:end])
            kept.append(_chunk(kind, data[start:end]))
        elif kind in _NEEDED and complete:
            kept.append(data[start - 8 : end + 4])
            if kind == b"IDAT":
                packed.append(data[start:end])
        elif packed or not complete or kind not in _NOTES or not _intact(data, start, end):
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
    if not whole and not _has_pixels(data, packed):
        raise Problem("picture_truncated")
    space = codes
    # A profile that is none counts as if it were not there; a real one has a signature at its place.
    if space is None and not srgb and (profile is None or profile[36:40] != b"acsp") and gamma is not None:
        space = colours.from_gamma(gamma, chromaticities)
    kept.append(_chunk(b"IEND", b""))
    canvas = None
    if film.place is not None and film.packed:
        kept, canvas = film.instead_of(kept, *struct.unpack_from(">II", data, 16))
    return Clean(b"".join(kept), profile, orientation or 1, space, canvas)


_FILM = (b"acTL", b"fcTL", b"fdAT")


class _AnimatedPng:
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
        head = _chunk(b"IHDR", struct.pack(">II", width, height) + head[16:21])
        kept = [chunk for chunk in chunks if chunk[4:8] not in (b"IHDR", b"IDAT", b"IEND")]
        kept = [kept[0], head, *kept[1:], _chunk(b"IDAT", b"".join(self.packed)), _chunk(b"IEND", b"")]
        return kept, None if (width, height) == (wide, tall) else (wide, tall, left, top)


def with_checksum(clean_data: bytes) -> bytes | None:
    """A PNG with the right checksum behind its packed pixels; None where these are broken themselves.

    It comes last, and says nothing of the pixels that the checksums of the chunks do not say.
    """
    chunks = [(kind, clean_data[start:end]) for kind, start, end in chunks_of(clean_data)]
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
    before = [_chunk(kind, content) for kind, content in chunks if kind not in (b"IDAT", b"IEND")]
    return clean_data[:8] + b"".join([*before, _chunk(b"IDAT", mended), _chunk(b"IEND", b"")])


def _has_pixels(data: bytes, packed: list[bytes]) -> bool:
    """Whether the packed data hold every row, found without keeping what comes out."""
    width, height, bits, kind, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    depth = bits * _CHANNELS.get(kind, 4)
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
