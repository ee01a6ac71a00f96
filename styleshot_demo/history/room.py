"""How much of the disk histories take, and what goes when there is no more room."""

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from styleshot_demo.history import index
from styleshot_demo.history.entry import key_in

MAX_ENTRIES = 300  # of one visitor
TRASH = ".trash"
TRASH_SECONDS = 3600  # after which what was deleted is gone for good


@dataclass(frozen=True)
class Kept:
    """A result as the disk sees it: its file, with its thumbnail where it has one."""

    path: Path
    key: str
    kept_at: int  # nanoseconds
    bytes: int
    favourite: bool

    def remove(self) -> None:
        """Deletes it for good."""
        for path in (self.path, self.path.with_name(f"{self.key}.jpg")):
            path.unlink(missing_ok=True)


def kept(folder: Path) -> list[Kept]:
    """The results of one visitor, those that go first at the start: the oldest, favourites after all others."""
    favourites = index.read(folder).favourites
    found = []
    for path in _files(folder):
        key = key_in(path.name)
        if key is None or not path.is_file():
            continue
        with suppress(OSError):  # another program may delete it at any time
            info = path.stat()
            size = info.st_size + _size(folder / f"{key}.jpg")
            found.append(Kept(path, key, info.st_mtime_ns, size, key in favourites))
    return sorted(found, key=_order)


def visitors(root: Path) -> Iterator[Path]:
    """The folder of each visitor."""
    for path in _files(root):
        if path.is_dir():
            yield path


def make(root: Path, folder: Path, limit: int, spare: str) -> None:
    """Deletes what is too much: at first of this visitor, who may have `MAX_ENTRIES` and half of `limit`, then of all.

    limit  bytes for all visitors together
    spare  the key of what was just kept, which stays
    """
    for one in visitors(root):
        empty_trash(one, TRASH_SECONDS)
    own = kept(folder)
    _remove((one for one in own if one.key != spare), sum(one.bytes for one in own) - limit // 2)
    own = kept(folder)
    for one in [one for one in own if one.key != spare][: max(0, len(own) - MAX_ENTRIES)]:
        one.remove()
    everything = sorted((one for folder in visitors(root) for one in kept(folder)), key=_order)
    too_much = sum(one.bytes for one in everything) - limit
    if too_much + sum(map(_trashed, visitors(root))) > 0:
        for one in visitors(root):
            empty_trash(one)
    _remove((one for one in everything if one.key != spare), too_much)
    for one in visitors(root):
        if one != folder and not kept(one) and not (one / TRASH).exists():
            shutil.rmtree(one, ignore_errors=True)


def empty_trash(folder: Path, seconds: float = 0) -> None:
    """Deletes for good what one visitor has deleted, as far as that was so many seconds ago."""
    for batch in _files(folder / TRASH):
        with suppress(OSError):
            if time.time() - batch.stat().st_mtime >= seconds:
                shutil.rmtree(batch, ignore_errors=True)
    with suppress(OSError):
        (folder / TRASH).rmdir()  # where nothing is left in it


def _trashed(folder: Path) -> int:
    return sum(_size(path) for batch in _files(folder / TRASH) for path in _files(batch))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _order(one: Kept) -> tuple[bool, int]:
    return one.favourite, one.kept_at


def _remove(candidates: Iterable[Kept], too_much: int) -> None:
    for one in candidates:
        if too_much <= 0:
            return
        one.remove()
        too_much -= one.bytes


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # not there yet, or on a disk that is not
        return []
