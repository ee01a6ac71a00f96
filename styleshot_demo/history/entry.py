"""One result that was kept: a file whose name says what it is."""

import hashlib
import io
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

from styleshot_demo import names, pictures, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.provenance import Record

THUMBNAIL_SIDE = 320  # pixels of the longer side

_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
_FILE = re.compile(r"([0-9a-f]{32})-([\w.-]+\.png)")


@dataclass(frozen=True)
class HistoryEntry:
    """A result that is there.

    key        of its bytes: the same picture twice is one entry
    path       a PNG with its record inside, as far as the host has records written
    name       of the file as it was made
    kept_at    nanoseconds since 1970
    favourite  goes after the others when there is no more room
    size       (width, height) in pixels
    made_by    None where the file does not say
    """

    key: str
    path: Path
    name: str
    kept_at: int
    favourite: bool
    size: tuple[int, int]
    made_by: Record | None

    @property
    def thumbnail(self) -> Path:
        """Where its small JPEG lies, if it is there; see `with_thumbnail`."""
        return self.path.with_name(f"{self.key}.jpg")

    def with_thumbnail(self) -> Path:
        """The same, made where it is not. Raises the `Problem`s of the gate, and cannot_write."""
        if not self.thumbnail.is_file():
            pictures.write_bytes(thumbnail_of(pictures.open_picture(self.path)), self.thumbnail)
        return self.thumbnail


def is_key(text: object) -> bool:
    """Whether that could be a key; nothing else becomes part of a path."""
    return isinstance(text, str) and _KEY.fullmatch(text) is not None


def key_of(data: bytes) -> str:
    """The key of a file with these bytes."""
    return hashlib.sha256(data).hexdigest()[:32]


def file_name(key: str, name: str) -> str:
    """What a result with this key is called on the disk."""
    return f"{key}-{names.made_of(names.stem_of(name), suffix='.png')}"


def key_in(name: str) -> str | None:
    """The key in the name of a file of a history, or None: of a thumbnail, or of a foreign file."""
    found = _FILE.fullmatch(name)
    return found.group(1) if found else None


def read(path: Path, kept_at: int, favourite: bool) -> HistoryEntry | None:
    """What a file of a history holds; None where it is no picture of ours, such as half a file."""
    found = _FILE.fullmatch(path.name)
    inside = _inside(path, kept_at) if found else None
    if found is None or inside is None:
        return None
    return HistoryEntry(found.group(1), path, found.group(2), kept_at, favourite, *inside)


@lru_cache(maxsize=4096)
def _inside(path: Path, kept_at: int) -> tuple[tuple[int, int], Record | None] | None:
    """(size, record); by path and time, as files are never changed once they lie there."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            size = image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    try:
        return size, provenance.read(path)
    except Problem:
        return size, None


def thumbnail_of(image: Image.Image) -> bytes:
    """All of the picture, small, as JPEG; on white where it is transparent."""
    small = pictures.fit_longest(image, min(THUMBNAIL_SIDE, max(image.size)))
    flat = Image.new("RGB", small.size, "white")
    flat.paste(small, mask=small.getchannel("A") if small.mode == "RGBA" else None)
    encoded = io.BytesIO()
    flat.save(encoded, format="JPEG", quality=84)
    return encoded.getvalue()
