"""TIFF taken apart: the directory with the picture, and of it only the tags that the pixels need.

Camera raw files are TIFFs too. Their first directory is often a thumbnail that any reader would take for the picture.
"""

import io
import struct
from typing import TYPE_CHECKING, NamedTuple

from styleshot_demo.errors import Problem
from styleshot_demo.formats.clean import Clean

if TYPE_CHECKING:
    from PIL import Image

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 18: 8}  # by type
_UNKNOWN: int = 2**40  # bytes of a type that is none: more than any file has
_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
# Width, height, bits, compression, photometry, fill order, strips, orientation, samples, rows, planes, fax options,
# predictor, colour map, tiles, extra samples, sample format, JPEG tables, YCbCr coefficients to black and white.
_NEEDED = {256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325}
_NEEDED |= {338, 339, 347, 529, 530, 531, 532}
_COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50000}  # none, fax, LZW, JPEG, deflate, PackBits, zstd
_MAX_VALUES = 200_000  # of one tag; 40 megapixels in tiles of 16 x 16 have 156,250
_PROFILE = 34675
_MAX_PROFILE = 4 * 2**20
_SUBFILE, _SUB_DIRECTORIES, _DNG_VERSION = 254, 330, 50706
_RAW_PHOTOMETRY = {32803, 34892}  # the colours of a sensor's filter, and what a raw converter made of them halfway
_RAW_COMPRESSIONS = {32767, 32769, 32770, 34713, 34892, 52546, 65000, 65535}  # Sony, Epson, Samsung, Nikon and others
_MAX_DIRECTORIES = 32


class _Directory(NamedTuple):
    place: int
    entries: dict[int, tuple[int, int, int, int]]  # tag -> type, number of values, where they are, place of the entry
    following: int


class _Reader:
    """A file and its byte order."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.order = "<" if data.startswith(b"II") else ">"
        big = data[2:4] in (b"+\0", b"\0+")
        self.word, self.count_word, self.inline = ("Q", "Q", 8) if big else ("I", "H", 4)
        self.head = 8 if big else 4  # where the place of the first directory stands
        self.entry = struct.calcsize(f"{self.order}HH{self.word}") + self.inline

    def directory(self, place: int) -> _Directory:
        (count,) = struct.unpack_from(self.order + self.count_word, self.data, place)
        first = place + struct.calcsize(self.order + self.count_word)
        count = min(count, 4096)
        entries: dict[int, tuple[int, int, int, int]] = {}
        for position in range(first, first + count * self.entry, self.entry):
            tag, kind, values = struct.unpack_from(f"{self.order}HH{self.word}", self.data, position)
            size = values * _SIZES.get(kind, _UNKNOWN)
            where = position + self.entry - self.inline
            if size > self.inline:
                (where,) = struct.unpack_from(self.order + self.word, self.data, where)
            elif where + self.inline > len(self.data):
                raise Problem("picture_truncated")
            entries.setdefault(tag, (kind, values, where, position))
        after = first + count * self.entry
        following = 0
        if after + struct.calcsize(self.order + self.word) <= len(self.data):
            (following,) = struct.unpack_from(self.order + self.word, self.data, after)
        return _Directory(place, entries, following)

    def values(self, directory: _Directory, tag: int) -> tuple[int, ...]:
        """Whole numbers of a tag; none if it is absent, of another type, too long, or outside the file."""
        kind, count, where, _ = directory.entries.get(tag, (0, 0, 0, 0))
        code = _CODES.get(kind)
        if code is None or count > _MAX_VALUES or where + count * _SIZES[kind] > len(self.data):
            return ()
        return struct.unpack_from(f"{self.order}{count}{code}", self.data, where)

    def value(self, directory: _Directory, tag: int, otherwise: int = 0) -> int:
        return next(iter(self.values(directory, tag)), otherwise)


def clean(data: bytes) -> Clean:
    """The picture's directory with only the tags that the pixels need, each of a sane size."""
    if data[8:10] == b"CR" and data[:4] == b"II*\0":
        raise Problem("camera_raw")
    reader = _Reader(data)
    (first,) = struct.unpack_from(reader.order + reader.word, data, reader.head)
    directory = _picture(reader, reader.directory(first))
    result = bytearray(data)
    mended = _shorten(reader, directory, result)
    kept: dict[int, bytes] = {}
    for tag, (kind, values, where, position) in directory.entries.items():
        if tag in _NEEDED:
            each: int = _SIZES.get(kind, _UNKNOWN)
            if values > _MAX_VALUES or where + values * each > len(data):
                raise Problem("picture_truncated" if where > len(data) else "picture_damaged")
            kept[tag] = bytes(result[position : position + reader.entry])
    profile = None
    kind, values, where, _ = directory.entries.get(_PROFILE, (1, 0, 0, 0))
    size = values * _SIZES.get(kind, _UNKNOWN)
    if reader.inline < size <= _MAX_PROFILE:
        profile = data[where : where + size]
    head = struct.pack(reader.order + reader.count_word, len(kept))
    head += b"".join(kept[tag] for tag in sorted(kept)) + bytes(reader.inline)
    result[directory.place : directory.place + len(head)] = head
    struct.pack_into(reader.order + reader.word, result, reader.head, directory.place)
    return Clean(bytes(result), profile, mended=mended)  # Pillow itself turns a TIFF upright


def _picture(reader: _Reader, first: _Directory) -> _Directory:
    """The directory that holds the picture. `Problem` camera_raw if a sensor's data are what the file is about."""
    chain, places, todo = [first], {first.place}, [first.following, *reader.values(first, _SUB_DIRECTORIES)[:16]]
    while todo and len(chain) < _MAX_DIRECTORIES:
        place = todo.pop(0)
        if place in places or not 0 < place < len(reader.data):
            continue
        places.add(place)
        try:
            found = reader.directory(place)
        except (struct.error, Problem):
            continue  # what is behind the picture may be broken
        chain.append(found)
        todo += [found.following, *reader.values(found, _SUB_DIRECTORIES)[:16]]
    if any(_DNG_VERSION in found.entries for found in chain[:1]) or any(_is_raw(reader, found) for found in chain):
        raise Problem("camera_raw")
    if not reader.value(first, _SUBFILE) & 1:
        return first
    # A smaller picture comes first: the full one is a later one that is whole, or beside it in the file.
    full = [found for found in chain if not reader.value(found, _SUBFILE) & 5 and 256 in found.entries]
    return max(full, key=lambda found: reader.value(found, 256) * reader.value(found, 257), default=first)


def _is_raw(reader: _Reader, directory: _Directory) -> bool:
    return reader.value(directory, 262) in _RAW_PHOTOMETRY or reader.value(directory, 259) in _RAW_COMPRESSIONS


def _shorten(reader: _Reader, directory: _Directory, result: bytearray) -> bool:
    """Cuts the stated lengths of strips and tiles to what is in the file. True if one was too long.

    A wrong number at the end says nothing of the pixels. Whether some are missing is known here for plain ones and
    JPEG; for others their decoder finds out.
    """
    tiled = 324 in directory.entries or 322 in directory.entries
    places_tag, sizes_tag = (324, 325) if tiled else (273, 279)
    places, sizes = reader.values(directory, places_tag), reader.values(directory, sizes_tag)
    kind, _, where, _ = directory.entries.get(sizes_tag, (0, 0, 0, 0))
    code, length, compression = _CODES.get(kind), len(reader.data), reader.value(directory, 259, 1)
    mended = False
    for number, (place, size) in enumerate(zip(places, sizes, strict=False)):
        if place + size <= length:
            continue
        left = max(0, length - place)
        ends = reader.data.rfind(b"\xff\xd9", place) >= 0
        if compression == 1 and left < _needed(reader, directory, number, tiled) or compression == 7 and not ends:
            raise Problem("picture_truncated")
        if compression in (2, 3, 4) or left == 0:  # fax: missing rows would be white, without a word
            raise Problem("picture_truncated")
        struct.pack_into(reader.order + str(code), result, where + number * _SIZES[kind], left)
        mended = True
    return mended


def _needed(reader: _Reader, directory: _Directory, number: int, tiled: bool) -> int:
    """Bytes of a plain strip or tile."""
    width, height = reader.value(directory, 256), reader.value(directory, 257)
    bits = reader.values(directory, 258) or (1,)
    samples = reader.value(directory, 277, 1)
    planes = reader.value(directory, 284, 1) == 2
    each = bits[0] if planes else sum(bits) if len(bits) == samples else bits[0] * samples
    if tiled:
        return (reader.value(directory, 322) * each + 7) // 8 * reader.value(directory, 323)
    rows = max(1, min(reader.value(directory, 278, height), height))
    strips = max(1, -(-height // rows))
    row = number % strips * rows
    return (width * each + 7) // 8 * max(0, min(rows, height - row))


def check(image: "Image.Image") -> None:
    """`Problem` for a TIFF that asks for far more memory than its size, or that Pillow would read as noise."""
    tags = getattr(image, "tag_v2", None)
    if image.format != "TIFF" or tags is None or not getattr(image, "tile", None):
        return
    compression = tags.get(259, 1)
    if compression not in _COMPRESSIONS:
        raise Problem("picture_damaged")
    # Two kinds that Pillow 12.3 reads as noise: plain 16-bit samples in planes, packed big-endian floating point.
    if compression == 1 and tags.get(284) == 2 and max(tags.get(258, (1,))) > 8:
        raise Problem("picture_damaged")
    if compression != 1 and image.mode == "F" and tags.prefix == b"MM":
        raise Problem("picture_damaged")
    if 322 in tags:
        width, height = int(tags[322]), int(tags.get(323, 0))
        # A tile may stick out of the picture, but not by more than a usual tile has.
        if not (0 < width <= tags[256] + 1024 and 0 < height <= tags[257] + 1024):
            raise Problem("picture_damaged")
    stream = getattr(image, "fp", None)
    if isinstance(stream, io.BytesIO):
        length = stream.getbuffer().nbytes
        places, sizes = (tags.get(324), tags.get(325)) if 322 in tags else (tags.get(273), tags.get(279))
        if places and sizes and any(place + size > length for place, size in zip(places, sizes, strict=False)):
            raise Problem("picture_truncated")
