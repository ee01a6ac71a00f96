"""How much of the disk histories take, and what goes when there is no more room."""

import math
import re
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from styleshot_demo.history import index
from styleshot_demo.history.entry import key_in

MAX_ENTRIES = 300  # of one visitor
TRASH = ".trash"
WORK = "work"  # what a visitor was working on, see work.py: a folder for each piece
WORK_SHARE = 8  # that part of what all histories may take is for work, the rest for results; half of it for one visitor
_VISITOR = re.compile(r"[0-9a-f]{40}", re.ASCII)  # as `Histories.of` names a folder
TRASH_SECONDS = 3600  # after which what was deleted is gone for good


@dataclass(frozen=True)
class StoredFile:
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


def kept(folder: Path, only: str | None = None) -> list[StoredFile]:
    """The results of one visitor, those that go first at the start: the oldest, favourites after all others.

    only  the key of the one that is looked for; None: all
    """
    favourites = index.read(folder).favourites
    found = []
    for path in _files(folder):
        key = key_in(path.name)
        if key is None or only not in (None, key) or not path.is_file():
            continue
        with suppress(OSError):  # another program may delete it at any time
            info = path.stat()
            size = info.st_size + _size(folder / f"{key}.jpg")
            found.append(StoredFile(path, key, info.st_mtime_ns, size, key in favourites))
    return sorted(found, key=_order)


def visitors(root: Path) -> list[Path]:
    """The folder of each visitor. What else lies in `root` is somebody else's, and stays as it is."""
    return [path for path in _files(root) if _VISITOR.fullmatch(path.name) and path.is_dir()]


def make_room(root: Path, folder: Path, limit: int, spare: str | Path) -> None:
    """Deletes what is too much: at first of this visitor, who may have `MAX_ENTRIES` and half of `limit`, then of all.
    Work has its own share, so that neither full histories take its room nor it theirs; the oldest goes first.

    limit  bytes for all visitors together
    spare  what was just kept, which stays: the key of a result, or the folder of a piece of work
    """
    folders = visitors(root)
    for one in folders:
        empty_trash(one, TRASH_SECONDS)
        for part in one.glob(".*.part"):  # of a program that was killed: nobody else writes meanwhile
            part.unlink(missing_ok=True)
    own = kept(folder)
    others = [one for one in own if one.key != spare]
    _remove(others[: max(0, len(own) - MAX_ENTRIES)])
    _remove(others[max(0, len(own) - MAX_ENTRIES) :], sum(one.bytes for one in kept(folder)) - limit // 2)
    everything = sorted((one for each in folders for one in kept(each)), key=_order)
    share = limit // WORK_SHARE
    too_much = sum(one.bytes for one in everything) - (limit - share)
    if too_much + sum(map(_trashed, folders)) > 0:
        for one in folders:
            empty_trash(one)
    _remove((one for one in everything if one.key != spare), too_much)
    _trim_work(_files(folder / WORK), share // 2, spare)
    _trim_work([path for one in folders for path in _files(one / WORK)], share, spare)
    for one in folders:
        if one != folder and not kept(one) and not (one / TRASH).exists() and not _files(one / WORK):
            with suppress(OSError):  # such as files of somebody else in it
                (one / "index.json").unlink(missing_ok=True)
                shutil.rmtree(one / WORK, ignore_errors=True)
                one.rmdir()


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


def _trim_work(pieces: list[Path], most: int, spare: str | Path) -> None:
    """Deletes the oldest pieces until the rest takes so many bytes."""
    too_much = sum(map(_weight, pieces)) - most
    for piece in newest_last(pieces):
        if too_much > 0 and piece != spare:
            too_much -= _weight(piece)
            shutil.rmtree(piece, ignore_errors=True)


def newest_last(pieces: Iterable[Path]) -> list[Path]:
    """Folders of work by the time when they were kept last."""
    return sorted(pieces, key=_changed)


def _weight(folder: Path) -> int:
    return sum(map(_size, _files(folder)))


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _order(one: StoredFile) -> tuple[bool, int]:
    return one.favourite, one.kept_at


def _remove(candidates: Iterable[StoredFile], too_much: float = math.inf) -> None:
    """Deletes one after another until so many bytes are free; all of them by default."""
    for one in candidates:
        if too_much <= 0:
            return
        with suppress(OSError):  # Windows deletes nothing that is just being sent
            one.remove()
            too_much -= one.bytes


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # not there yet, or on a disk that is not
        return []
