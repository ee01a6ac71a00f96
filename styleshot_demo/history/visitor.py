"""The history of one visitor. Nobody sees that of another: the folder's name comes from an id that nobody can guess."""

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from styleshot_demo import atomic, containers, pictures
from styleshot_demo.destinations import not_written
from styleshot_demo.errors import Problem
from styleshot_demo.history import entry, index, room, work
from styleshot_demo.history.entry import HistoryEntry

MAX_FAVOURITES = 100  # so that there is room for what comes
MAX_WORKS = 3  # pieces of one name, such as the grids that several windows show in the same tab

_VISITOR = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TOKEN = re.compile(r"[0-9a-f]{16}", re.ASCII)
_WORK_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PATIENCE = 20  # seconds that another change may take


def new_visitor() -> str:
    """An id for somebody who has none yet: 64 hex digits."""
    return secrets.token_hex(32)


def is_visitor(text: object) -> bool:
    """Whether that could be an id; nothing else is looked up."""
    return isinstance(text, str) and _VISITOR.fullmatch(text) is not None


class History:
    """Changes raise `Problem` cannot_write; what is not there, history_gone."""

    def __init__(self, root: Path, folder: Path, limit: int) -> None:
        """Made by `Histories.of`. limit: bytes for the histories of all visitors."""
        self._root, self._folder, self._limit = root, folder, limit

    def entries(self) -> list[HistoryEntry]:
        """Newest first; files that are no pictures of ours are left out."""
        room.empty_trash(self._folder, room.TRASH_SECONDS)
        found = sorted(room.kept(self._folder), key=lambda one: (one.kept_at, one.key), reverse=True)
        return [read for one in found if (read := entry.read(one.path, one.kept_at, one.favourite))]

    def find(self, key: object) -> HistoryEntry:
        """The entry with that key, which anybody may have sent."""
        if entry.is_key(key):
            for one in room.kept(self._folder, str(key)):
                read = entry.read(one.path, one.kept_at, one.favourite)
                if read:
                    return read
        raise Problem("history_gone")

    def add(self, path: str | Path, draft: bool = False) -> HistoryEntry:
        """Keeps a copy of a PNG; one that is there already becomes the newest.

        draft  the next draft takes its place, as a strength that is slid makes a picture at every step. A favourite
               stays even so, and what was there before it was a draft

        Raises the `Problem`s of the gate too.
        """
        data = pictures.read_bytes(path)
        if containers.kind_of(data) != "PNG":
            raise Problem("not_a_picture")
        key = entry.key_of(data)
        target = self._folder / entry.file_name(key, Path(path).name)
        thumbnail = entry.thumbnail_of(pictures.open_picture(data))
        with self._changing():
            known = index.read(self._folder)
            before = room.kept(self._folder)
            draft = draft and (key == known.draft or all(one.key != key for one in before))
            pictures.write_bytes(thumbnail, self._folder / f"{key}.jpg")
            pictures.write_bytes(data, target)
            now = time.time_ns()
            os.utime(target, ns=(now, now))
            # Only now: on a full disk nothing is lost.
            for one in before:
                if one.key == key and one.path != target:
                    one.path.unlink(missing_ok=True)
                elif one.key != key and draft and one.key == known.draft and not one.favourite:
                    one.remove()
            self._note(replace(known, draft=key if draft else None))
            room.make_room(self._root, self._folder, self._limit, key)
        return self.find(key)

    def mark(self, key: object, favourite: bool) -> None:
        """Makes an entry a favourite, or no longer one; `Problem` history_favourites where there are too many."""
        found = self.find(key)
        with self._changing():
            known = index.read(self._folder)
            favourites = known.favourites | {found.key} if favourite else known.favourites - {found.key}
            there = [one for one in room.kept(self._folder) if one.key in favourites]
            if favourite and (len(there) > MAX_FAVOURITES or sum(one.bytes for one in there) > self._limit // 4):
                raise Problem("history_favourites")
            self._note(replace(known, favourites=favourites))

    def delete(self, key: object) -> str:
        """Takes an entry out; `restore` of what this returns brings it back, for as long as nothing else is deleted,
        and an hour at most."""
        return self._delete([self.find(key)])

    def clear(self) -> str:
        """Takes everything out; as `delete`. What was being worked on is gone for good."""
        token = self._delete(room.kept(self._folder))
        shutil.rmtree(self._folder / room.WORK, ignore_errors=True)
        return token

    def restore(self, token: object) -> int:
        """Brings back what was deleted last; how many entries that is."""
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise Problem("history_gone")
        batch, count = self._folder / room.TRASH / token, 0
        with self._changing():
            if not batch.is_dir():
                raise Problem("history_gone")
            for path in sorted(batch.iterdir()):
                atomic.put(path, self._folder / path.name)
                count += entry.key_in(path.name) is not None
            room.empty_trash(self._folder)
        return count

    def keep_work(self, name: str, token: str, state: Mapping[str, Any], files: Mapping[str, Path]) -> None:
        """Keeps what is being worked on, beside the last ones of that name, `MAX_WORKS` in all; see `work.save`.

        name   the page's own, never a visitor's
        token  32 hex digits
        state  what `find_work` is to return, as JSON can hold it
        files  by the name that they are to be kept under, the most important first; those that are kept already stay
               as they are
        """
        folder = self._work(name, token)
        with self._changing():
            work.save(folder, token, state, files, self._limit // room.WORK_SHARE // 2)
            same = [one for one in folder.parent.glob(f"{name}.*") if one != folder]
            for old in room.newest_last(same)[: max(0, len(same) + 1 - MAX_WORKS)]:
                shutil.rmtree(old, ignore_errors=True)
            room.make_room(self._root, self._folder, self._limit, folder)

    def find_work(self, name: str, token: object) -> tuple[Mapping[str, Any], Path] | None:
        """(state, folder of the files) of what was kept under that token, which anybody may have sent."""
        if not isinstance(token, str) or not _WORK_TOKEN.fullmatch(token):
            return None
        folder = self._work(name, token)
        state = work.load(folder, token)
        return None if state is None else (state, folder)

    def has_work(self) -> bool:
        """Whether anything is kept that was being worked on."""
        return next((self._folder / room.WORK).glob("*/"), None) is not None

    def _work(self, name: str, token: str) -> Path:
        """The folder of a piece of work."""
        return self._folder / room.WORK / f"{name}.{token[:8]}"

    def _delete(self, found: Sequence[HistoryEntry | room.StoredFile]) -> str:
        token = secrets.token_hex(8)
        with self._changing():
            room.empty_trash(self._folder)
            batch = self._folder / room.TRASH / token
            batch.mkdir(parents=True)
            for one in found:
                for path in (one.path, one.path.with_name(f"{one.key}.jpg")):
                    with suppress(FileNotFoundError):
                        atomic.put(path, batch / path.name)
        return token

    def _note(self, known: index.Index) -> None:
        """Writes the index, without what is nowhere any more."""
        folders = [self._folder, *(self._folder / room.TRASH).glob("*/")]
        there = {key for folder in folders for path in folder.iterdir() if (key := entry.key_in(path.name))}
        index.write(self._folder, replace(known, favourites=known.favourites & there))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One change at a time, of all programs that keep their histories here."""
        from filelock import FileLock, Timeout

        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self._root / ".lock", timeout=_PATIENCE):
                self._folder.mkdir(mode=0o700, exist_ok=True)  # here: an empty folder of somebody else's is deleted
                yield
        except (OSError, Timeout) as error:
            raise not_written(error) from error
