"""HEIC and AVIF looked through before a decoder gets them: which item is the picture, how large it is inside.

Both are boxes in boxes (ISO/IEC 14496-12, 23008-12). What counts here is that nothing in them makes a decoder reserve
far more than the picture has: the sizes are read where the decoders read them, in the coded data, and not only where
the container states them.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from styleshot_demo.errors import Problem
from styleshot_demo.formats import colours
from styleshot_demo.formats.colours import Space

_CODED = {b"hvc1": "HEIC", b"av01": "AVIF"}
_DERIVED = (b"grid", b"iden")
_MAX_ITEMS = 1000  # tiles, thumbnails and notes; libheif allows as many
_AS_STILL = {b"avis": b"avif", b"msf1": b"mif1"}  # brands of films, whose first picture is a still as well
# Browsers take pictures by the curve of a camera (BT.709 and its kin) as sRGB; in a PNG they do not.
_CAMERA_CURVES, _SRGB_CURVE = (1, 6, 11, 14, 15), 13
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")

Box = tuple[bytes, int, int]  # type, where its content starts and ends


class StillImage(NamedTuple):
    """The picture of a HEIC or AVIF.

    size         (width, height) as stored, before it is turned
    coded        pixels that a decoder has to decode for it, with those of its opacity
    orientation  1 to 8, as in EXIF, from the container's own turn and mirror
    """

    kind: str
    size: tuple[int, int]
    coded: int
    profile: bytes | None
    space: Space | None
    orientation: int


def brands(data: bytes) -> set[bytes]:
    """What the file says it conforms to; empty if it is no such file."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), len(data), 400)
    return {data[8:12]} | {data[place : place + 4] for place in range(16, end - 3, 4)}


def look(data: bytes) -> StillImage:
    """The picture of a file. `Problem` picture_truncated or picture_damaged; struct.error where the file ends early."""
    return _File(data).still()


def without_notes(data: bytes) -> bytes:
    """The same file with no item that describes the picture, such as EXIF, and no film, under types nobody reads."""
    result = bytearray(data)
    for place in (8, *range(16, min(int.from_bytes(data[:4], "big"), len(data), 400) - 3, 4)):
        result[place : place + 4] = _AS_STILL.get(data[place : place + 4], data[place : place + 4])
    file = _File(data)
    for place in file.type_places:
        if data[place : place + 4] not in (*_CODED, *_DERIVED):
            result[place : place + 4] = b"skip"
    for kind, start, _ in outermost(data):
        if kind == b"moov":
            place = data.rindex(b"moov", 0, start)
            result[place : place + 4] = b"skip"
    return bytes(result)


def _boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, content)
            content += 8
        stop = end if size == 0 else start + size
        if stop < content or stop > end:
            # Cut off; what is known of it up to there is looked at.
            raise Problem("picture_truncated" if end == len(data) else "picture_damaged")
        yield kind, content, stop
        start = stop


class _File:
    def __init__(self, data: bytes) -> None:
        self.data = data
        meta = next((box for box in outermost(data) if box[0] == b"meta"), None)
        if meta is None:
            raise Problem("picture_damaged")
        parts = {kind: (start, end) for kind, start, end in _boxes(data, meta[1] + 4, meta[2])}
        if not {b"pitm", b"iloc", b"iinf", b"iprp"} <= parts.keys():
            raise Problem("picture_damaged")
        self.idat = parts.get(b"idat", (0, 0))
        start = parts[b"pitm"][0]
        self.primary = struct.unpack_from(">H" if data[start] == 0 else ">I", data, start + 4)[0]
        self.type_places: list[int] = []
        self.types = dict(self._types(*parts[b"iinf"]))
        self.extents = dict(self._extents(*parts[b"iloc"]))
        if len(self.types) > _MAX_ITEMS or len(self.extents) > _MAX_ITEMS:
            raise Problem("picture_damaged")
        self.properties = self._properties(*parts[b"iprp"])
        self.references = list(self._references(*parts[b"iref"])) if b"iref" in parts else []

    def still(self) -> StillImage:
        kind = self.types.get(self.primary, b"")
        tiles = self._tiles(self.primary)
        names = {_CODED.get(self.types.get(item, b"")) for item in tiles}
        if len(names) != 1 or None in names:
            raise Problem("picture_damaged")
        (name,) = names
        alphas = [
            source
            for kind, source, targets in self.references
            if kind == b"auxl" and self.primary in targets and self._is_alpha(source)
        ]
        coded = sum(self._coded_pixels(item) for item in tiles)
        coded += sum(self._coded_pixels(tile) for item in alphas for tile in self._tiles(item))
        profile = space = None
        orientation, size = 1, (0, 0)
        for kind, start, end in self.properties.get(self.primary, ()):
            if kind == b"ispe":
                size = struct.unpack_from(">II", self.data, start + 4)
            elif kind == b"colr" and self.data[start : start + 4] in (b"prof", b"rICC"):
                profile = self.data[start + 4 : end]
            elif kind == b"colr" and self.data[start : start + 4] == b"nclx":
                primaries, transfer = struct.unpack_from(">HH", self.data, start + 4)
                space = colours.from_codes(primaries, _SRGB_CURVE if transfer in _CAMERA_CURVES else transfer)
            elif kind == b"irot":
                orientation = _TURNED[orientation][self.data[start] & 3]
            elif kind == b"imir":
                orientation = _MIRRORED[orientation][self.data[start] & 1]
        return StillImage(str(name), size, coded, profile, None if profile else space, orientation)

    def _tiles(self, item: int) -> list[int]:
        """The coded items that an item is put together from, itself if it is one. At most one level: no chains."""
        if self.types.get(item) not in _DERIVED:
            return [item]
        found = [
            target
            for kind, source, targets in self.references
            if (kind, source) == (b"dimg", item)
            for target in targets
        ]
        if not found or len(found) > _MAX_ITEMS:
            raise Problem("picture_damaged")
        return found

    def _is_alpha(self, item: int) -> bool:
        return any(
            kind == b"auxC" and self.data[start + 4 : end].startswith(_ALPHA)
            for kind, start, end in self.properties.get(item, ())
        )

    def _coded_pixels(self, item: int) -> int:
        """The most pixels that the coded data of an item, and the container, state."""
        kind, most = self.types.get(item, b""), 0
        for name, start, end in self.properties.get(item, ()):
            if name == b"ispe":
                width, height = struct.unpack_from(">II", self.data, start + 4)
                most = max(most, width * height)
            elif name == b"hvcC":
                most = max([most, *(_hevc_pixels(unit) for unit in _hevc_head(self.data[start:end]))])
            elif name == b"av1C":
                most = max([most, *_av1_pixels(self.data[start + 4 : end])])
        content = self._content(item)
        if kind == b"hvc1":
            most = max([most, *(_hevc_pixels(unit) for unit in _hevc_units(content))])
        elif kind == b"av01":
            most = max([most, *_av1_pixels(content)])
        return most

    def _content(self, item: int) -> bytes:
        method, pieces = self.extents.get(item, (0, []))
        if method > 1 or not pieces:
            raise Problem("picture_damaged")
        low, high = self.idat if method == 1 else (0, len(self.data))
        parts = []
        for offset, length in pieces:
            if low + offset + length > high:
                raise Problem("picture_truncated")
            parts.append(self.data[low + offset : low + offset + length if length else high])
        if sum(map(len, parts)) > len(self.data):
            raise Problem("picture_damaged")  # the same bytes again and again
        return b"".join(parts)

    def _types(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        head = 6 if self.data[start] == 0 else 8
        for kind, place, _ in _boxes(self.data, start + head, end):
            if kind == b"infe" and self.data[place] >= 2:
                form = ">H2x4s" if self.data[place] == 2 else ">I2x4s"
                self.type_places.append(place + (8 if self.data[place] == 2 else 10))
                yield struct.unpack_from(form, self.data, place + 4)

    def _extents(self, start: int, end: int) -> Iterator[tuple[int, tuple[int, list[tuple[int, int]]]]]:
        data, version = self.data, self.data[start]
        sizes = struct.unpack_from(">H", data, start + 4)[0]
        offset_size, length_size, base_size, index_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
        word = 4 if version == 2 else 2
        place = start + 6

        def number(size: int) -> int:
            nonlocal place
            if place + size > end:
                raise Problem("picture_damaged")
            place += size
            return int.from_bytes(data[place - size : place], "big")

        count = number(word)
        if count > _MAX_ITEMS:
            raise Problem("picture_damaged")
        for _ in range(count):
            item = number(word)
            method = number(2) & 15 if version else 0
            number(2)
            base, pieces = number(base_size), []
            for _ in range(number(2)):
                if version:
                    number(index_size)
                offset = number(offset_size)
                pieces.append((base + offset, number(length_size)))
            yield item, (method, pieces)

    def _properties(self, start: int, end: int) -> dict[int, list[Box]]:
        data, known, found = self.data, [], {}
        for kind, place, stop in _boxes(data, start, end):
            if kind == b"ipco":
                known = list(_boxes(data, place, stop))
            elif kind == b"ipma":
                version, wide = data[place], data[place + 3] & 1
                (count,) = struct.unpack_from(">I", data, place + 4)
                place += 8
                for _ in range(min(count, _MAX_ITEMS)):
                    (item,) = struct.unpack_from(">H" if version == 0 else ">I", data, place)
                    place += 2 if version == 0 else 4
                    number = data[place]
                    place += 1
                    for _ in range(number):
                        index = struct.unpack_from(">H", data, place)[0] & 0x7FFF if wide else data[place] & 0x7F
                        place += 2 if wide else 1
                        if 0 < index <= len(known):
                            found.setdefault(item, []).append(known[index - 1])
        return found

    def _references(self, start: int, end: int) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
        code = "H" if self.data[start] == 0 else "I"
        for kind, place, stop in _boxes(self.data, start + 4, end):
            source, count = struct.unpack_from(f">{code}H", self.data, place)
            place += struct.calcsize(f">{code}H")
            if place + count * struct.calcsize(code) > stop:
                raise Problem("picture_damaged")
            yield kind, source, struct.unpack_from(f">{count}{code}", self.data, place)


def outermost(data: bytes) -> Iterator[Box]:
    """The outermost boxes; the last one may be cut off, which is a matter of what lies in it."""
    start = 0
    while start + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, content)
            content += 8
        stop = len(data) if size == 0 else start + size
        if stop < content:
            raise Problem("picture_damaged")
        if stop > len(data) and kind == b"meta":
            raise Problem("picture_truncated")
        yield kind, content, min(stop, len(data))
        start = stop


# An item's turn (counter-clockwise, by quarters) and mirror (axis 0: top to bottom, 1: left to right), put after what
# has been done to it before, as EXIF counts orientations.
_TURNED = {
    1: (1, 8, 3, 6), 2: (2, 5, 4, 7), 3: (3, 6, 1, 8), 4: (4, 7, 2, 5),
    5: (5, 4, 7, 2), 6: (6, 1, 8, 3), 7: (7, 2, 5, 4), 8: (8, 3, 6, 1),
}  # fmt: skip
_MIRRORED = {1: (4, 2), 2: (3, 1), 3: (2, 4), 4: (1, 3), 5: (8, 6), 6: (7, 5), 7: (6, 8), 8: (5, 7)}


# Sizes in coded data ------------------------------------------------------------------------------------------------


class _Bits:
    """Numbers of any length in bits; zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self.value = int.from_bytes(data, "big")
        self.left = 8 * len(data)

    def take(self, count: int) -> int:
        self.left -= count
        shift = self.left
        return (self.value >> shift if shift >= 0 else 0) & (1 << count) - 1

    def exp_golomb(self) -> int:
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
            if zeros > 32:
                return 2**32
        return (1 << zeros) - 1 + self.take(zeros)


def _hevc_head(record: bytes) -> Iterator[bytes]:
    """The parameter sets that a decoder gets before the data (hvcC)."""
    place = 23
    for _ in range(record[22]):
        (count,) = struct.unpack_from(">H", record, place + 1)
        place += 3
        for _ in range(count):
            (size,) = struct.unpack_from(">H", record, place)
            yield record[place + 2 : place + 2 + size]
            place += 2 + size


def _hevc_units(content: bytes) -> Iterator[bytes]:
    place = 0
    while place + 4 <= len(content):
        (size,) = struct.unpack_from(">I", content, place)
        if place + 4 + size > len(content):
            raise Problem("picture_damaged")
        yield content[place + 4 : place + 4 + min(size, 256)]
        place += 4 + size


def _hevc_pixels(unit: bytes) -> int:
    """Pixels by a sequence parameter set; 0 for other units."""
    if len(unit) < 2 or unit[0] >> 1 & 63 != 33:
        return 0
    bits = _Bits(unit[2:256].replace(b"\0\0\3", b"\0\0"))
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 88 + 8)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.exp_golomb()
    if bits.exp_golomb() == 3:
        bits.take(1)
    return bits.exp_golomb() * bits.exp_golomb()


def _av1_pixels(content: bytes) -> Iterator[int]:
    """Pixels by each sequence header."""
    place = 0
    while place < len(content):
        head = content[place]
        place += 2 if head & 4 else 1
        size, shift = 0, 0
        if head & 2:
            while True:
                if place >= len(content) or shift > 49:
                    return
                byte = content[place]
                size |= (byte & 127) << shift
                place, shift = place + 1, shift + 7
                if byte < 128:
                    break
        else:
            size = len(content) - place
        if head >> 3 & 15 == 1:
            yield _av1_size(_Bits(content[place : place + min(size, 256)]))
        place += size


def _av1_size(bits: _Bits) -> int:
    bits.take(4)
    if bits.take(1):  # a still picture's short header
        bits.take(5)
    else:
        delay = 0
        if bits.take(1):  # timing
            bits.take(64)
            if bits.take(1):
                bits.exp_golomb()
            if bits.take(1):  # decoder model
                delay = bits.take(5) + 1
                bits.take(32 + 5 + 5)
                with_model = True
            else:
                with_model = False
        else:
            with_model = False
        initial_delay = bits.take(1)
        for _ in range(bits.take(5) + 1):
            bits.take(12)
            if bits.take(5) > 7:
                bits.take(1)
            if with_model and bits.take(1):
                bits.take(2 * delay + 1)
            if initial_delay and bits.take(1):
                bits.take(4)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(width_bits) + 1) * (bits.take(height_bits) + 1)
