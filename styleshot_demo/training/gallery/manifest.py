"""A gallery's list of pictures: JSON lines with `image_file`, `content_prompt` and `content_image_file`.

That is StyleGallery's format (StyleShot, arXiv:2407.01414), and one more key is understood, `style`. Where it is
absent, pictures in the same folder share a style. Lines stay on disk: a list of millions costs 12 bytes of memory each.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from styleshot_demo.errors import Problem
from styleshot_demo.pictures import write_bytes

Report = Callable[[str, Problem], None]
_log = logging.getLogger("styleshot_demo")


def log_skipped(name: str, problem: Problem) -> None:
    """The usual `Report`: what was left out of a gallery, and why."""
    _log.warning("Left out: %s. %s", name, problem.what)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: where the picture and its content picture lie, the caption, and the style's name."""

    picture: Path
    prompt: str
    content: Path | None
    style: str


class Entries(Protocol):
    """Entries by number, with `codes`: int32 [count], the style of each as a place in `styles`."""

    @property
    def styles(self) -> Sequence[str]: ...

    @property
    def codes(self) -> np.ndarray: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Entry: ...


class EntryList:
    """Entries that are held in memory, about half a kilobyte each."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = list(entries)
        self.styles = sorted({entry.style for entry in self._entries})
        places = {style: place for place, style in enumerate(self.styles)}
        self.codes = np.array([places[entry.style] for entry in self._entries], np.int32)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]


class Manifest:
    """A JSON lines file, read once from end to end for its styles and then by the line."""

    def __init__(self, path: Path, root: Path | None = None, report: Report = log_skipped) -> None:
        """`root`: what the file's relative paths start from; by default the folder it lies in.

        Lines that are no entries are reported by their number and left out. Raises `Problem` gallery_unreadable
        where the file cannot be read or has lines but no entry.
        """
        self._path = path
        self._root = path.parent if root is None else root
        offsets, codes, places = [], [], {}
        position = seen = 0
        try:
            with open(path, "rb") as stream:
                for number, line in enumerate(stream, 1):
                    if line.strip():
                        seen += 1
                        try:
                            style = _fields(line, self._root)[3]
                        except Problem as problem:
                            report(f"{path.name}, line {number}", problem)
                        else:
                            offsets.append(position)
                            codes.append(places.setdefault(style, len(places)))
                    position += len(line)
        except OSError:
            raise Problem("gallery_unreadable", file=path.name) from None
        if seen and not offsets:
            raise Problem("gallery_unreadable", file=path.name)
        self._offsets = np.array(offsets, np.int64)
        self.codes = np.array(codes, np.int32)
        self.styles = list(places)

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, index: int) -> Entry:
        # Opened for each: a stream that stays open would share its place with forked workers.
        with open(self._path, "rb") as stream:
            stream.seek(self._offsets[index])
            return _entry(stream.readline(), self._root)


def _entry(line: bytes, root: Path) -> Entry:
    picture, prompt, content, style = _fields(line, root)
    return Entry(root / picture, prompt, root / content if content else None, style)


def _fields(line: bytes, root: Path) -> tuple[str, str, str | None, str]:
    """Picture, caption, content picture, style. Strings, as Python remembers the parts of every `Path` for a while."""
    try:
        fields = json.loads(line)
        picture, prompt = fields["image_file"], fields.get("content_prompt") or ""
        content, style = fields.get("content_image_file"), fields.get("style")
        if not (isinstance(picture, str) and picture and isinstance(prompt, str)):
            raise TypeError
        if not (isinstance(content, str | None) and isinstance(style, str | None)):
            raise TypeError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Problem("gallery_line") from None
    if style is None:
        style = os.path.basename(os.path.dirname(os.path.join(root, picture)))
    return picture, prompt, content, style


def line(entry: Entry, root: Path) -> str:
    """One line of the file, with its newline. Paths below `root` are written from there, others in full."""
    fields = {
        "image_file": _from(root, entry.picture),
        "content_prompt": entry.prompt,
        "content_image_file": _from(root, entry.content) if entry.content else None,
        "style": entry.style,
    }
    return json.dumps({key: value for key, value in fields.items() if value is not None}, ensure_ascii=False) + "\n"


def _from(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def write(entries: Iterable[Entry], path: Path) -> None:
    """Writes a whole list at once; for short ones. Raises `Problem` cannot_write."""
    write_bytes("".join(line(entry, path.parent) for entry in entries).encode("utf-8", "surrogateescape"), path)
