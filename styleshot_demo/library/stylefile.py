"""A style as one file: a zip with `style.json`, a thumbnail, the pictures, and what was computed of them.

Nothing in it is ever run or unpacked to a place that it names. Whoever made it may mean harm, so each entry has to be
one that a style file has, and is read up to its limit.
"""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from pydantic import ValidationError

from styleshot_demo import pictures
from styleshot_demo.errors import Problem
from styleshot_demo.library.style import COMPUTED, MANIFEST, MAX_PICTURES, PICTURE_FILE, THUMBNAIL, VERSION, Style

MAX_FILE_MB = 1024  # of a style file, and of all that is in it
_LIMITS = {MANIFEST: 2**20, THUMBNAIL: 2**20, COMPUTED: 16 * 2**20}  # bytes
_MAX_ENTRIES = MAX_PICTURES + len(_LIMITS)
_MAX_DIRECTORY = 2**18  # bytes of the zip's list of entries: ours have some 70 each
_END = struct.Struct("<4s4H2LH")  # of a zip: the end of its list of entries
_DATE = (1980, 1, 1, 0, 0, 0)  # the same style, the same bytes
THUMBNAIL_SIDE = 192  # pixels


class StyleFile:
    """A style file that is open for reading. Raises, with the file's name, `Problem` not_a_style_file,
    style_file_damaged, style_file_refused, style_file_too_large or style_file_newer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = path.name[:80]
        with self._readable():
            _check_end(path, self._name)
            self._zip = zipfile.ZipFile(path)
        try:
            self._check_entries()
            self.style = self._manifest()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> "StyleFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def picture(self, file: str) -> Image.Image:
        """The picture of that name, as `pictures.open_picture` opens it."""
        return self._opened(self.read(file))

    def holds(self, file: str, checksum: str) -> bool:
        """Whether there is an entry of this name with these bytes, as `checksum` told of it."""
        return file in self._zip.namelist() and self.checksum(file) == checksum

    def checksum(self, file: str) -> str:
        """What tells the bytes of an entry from others, without reading them: size and CRC-32, which reading checks."""
        info = self._zip.getinfo(file)
        return f"{info.file_size} {info.CRC:08x}"

    def size(self, file: str) -> int:
        """Bytes of an entry."""
        return self._zip.getinfo(file).file_size

    def thumbnail(self) -> bytes:
        """A small JPEG, made anew: what stands in the file is opened by the gate like any other picture."""
        return thumbnail_of(self._opened(self.read(THUMBNAIL)))

    def _opened(self, data: bytes) -> Image.Image:
        try:
            return pictures.open_picture(data)
        except Problem as problem:  # to whoever opens the file it does not matter which picture, and why
            raise self._problem("style_file_damaged") from problem

    def read(self, entry: str) -> bytes:
        """All bytes of an entry."""
        with self._readable():
            data = self._zip.read(entry)
        if len(data) > _limit(entry):
            raise self._problem("style_file_too_large", limit=MAX_FILE_MB)
        return data

    def check(self) -> None:
        """Reads everything, as `Library.add` does with a file that comes from elsewhere."""
        self.thumbnail()
        for picture in self.style.pictures:
            self.picture(picture.file)

    def computed(self) -> bytes:
        """What was computed of the pictures, as safetensors that nobody has looked at; empty where there is nothing."""
        return self.read(COMPUTED) if COMPUTED in self._zip.namelist() else b""

    def copy_to(self, target: zipfile.ZipFile, without: tuple[str, ...] = (MANIFEST,)) -> None:
        """Writes everything into another zip, by default all but `style.json`."""
        for entry in self._zip.namelist():
            if entry not in without:
                put(target, entry, self.read(entry))

    def _check_entries(self) -> None:
        names = [entry.filename for entry in self._zip.infolist()]
        allowed = all(name in _LIMITS or re.fullmatch(PICTURE_FILE, name) for name in names)
        if not allowed or len(set(names)) < len(names) or len(names) > _MAX_ENTRIES:
            raise self._problem("style_file_refused")
        for entry in self._zip.infolist():
            # As it was written too: Python cuts a name at a zero byte, and turns backslashes on Windows.
            packed = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            if entry.orig_filename != entry.filename or entry.flag_bits & 1 or not packed:
                raise self._problem("style_file_refused")
            if entry.file_size > _limit(entry.filename):
                raise self._problem("style_file_too_large", limit=MAX_FILE_MB)
        if sum(entry.file_size for entry in self._zip.infolist()) > MAX_FILE_MB * 2**20:
            raise self._problem("style_file_too_large", limit=MAX_FILE_MB)
        if not {MANIFEST, THUMBNAIL} <= set(names):
            raise self._problem("not_a_style_file")

    def _manifest(self) -> Style:
        data = self.read(MANIFEST)
        try:
            style = Style.model_validate_json(data)
        except ValidationError as error:
            newer = [one for one in error.errors() if one["loc"] == ("version",) and one["type"] == "less_than_equal"]
            raise self._problem("style_file_newer" if newer else "style_file_damaged") from None
        named = {picture.file for picture in style.pictures}
        there = {name for name in self._zip.namelist() if name not in _LIMITS}
        if named != there:
            raise self._problem("style_file_damaged" if named - there else "style_file_refused")
        return style

    def _problem(self, key: str, **values: object) -> Problem:
        return Problem(key, file=self._name, **values)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise self._problem("style_file_missing") from None
        except OSError:
            raise self._problem("not_a_style_file") from None
        except (
            zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, struct.error, OverflowError,
            NotImplementedError, RuntimeError,
        ):  # fmt: skip
            raise self._problem("style_file_damaged") from None


def _check_end(path: Path, name: str) -> None:
    """Looks at the end of the zip before Python reads the list of entries, which could be endless."""
    info = path.stat()
    size = info.st_size
    if not stat.S_ISREG(info.st_mode):
        raise Problem("not_a_style_file", file=name)
    if size > MAX_FILE_MB * 2**20:
        raise Problem("style_file_too_large", file=name, limit=MAX_FILE_MB)
    with path.open("rb") as stream:
        begin = stream.read(4)
        stream.seek(max(0, size - _END.size - 20))
        tail = stream.read()
    if begin != b"PK\3\4" or len(tail) < _END.size:
        raise Problem("not_a_style_file", file=name)
    signature, *_, entries, directory, _, comment = _END.unpack(tail[-_END.size :])
    if signature != b"PK\5\6":
        raise Problem("style_file_damaged", file=name)
    # The larger kind of zip has its counts elsewhere; none of ours needs it.
    if comment or entries > _MAX_ENTRIES or directory > _MAX_DIRECTORY or tail.startswith(b"PK\6\7"):
        raise Problem("style_file_refused", file=name)


def _limit(entry: str) -> int:
    return _LIMITS.get(entry, pictures.MAX_BYTES)


def put(target: zipfile.ZipFile, entry: str, data: bytes) -> None:
    """Writes an entry; what is packed already is not packed again."""
    info = zipfile.ZipInfo(entry, _DATE)
    info.external_attr = 0o644 << 16
    target.writestr(info, data, zipfile.ZIP_DEFLATED if entry == MANIFEST else zipfile.ZIP_STORED)


def put_manifest(target: zipfile.ZipFile, style: Style) -> None:
    """Writes `style.json`."""
    put(target, MANIFEST, style.model_copy(update={"version": VERSION}).model_dump_json(indent=1).encode())


def thumbnail_of(image: Image.Image) -> bytes:
    """A square piece of the middle as JPEG."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    small = flat.resize(
        (THUMBNAIL_SIDE, THUMBNAIL_SIDE), box=(left, top, left + side, top + side), reducing_gap=2
    )  # fmt: skip
    encoded = io.BytesIO()
    small.save(encoded, format="JPEG", quality=84)
    return encoded.getvalue()
