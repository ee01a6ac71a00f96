"""The library: a folder of style files."""

import logging
import math
import os
import re
import secrets
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from styleshot_demo import atomic, destinations, names
from styleshot_demo.errors import Problem
from styleshot_demo.library import packing
from styleshot_demo.library.bundled import bundled
from styleshot_demo.library.entry import StyleEntry, folded
from styleshot_demo.library.style import (
    MAX_STYLE_NAME,
    PICTURE_FILE,
    SUFFIX,
    Style,
    checked_name,
    checked_note,
    checked_strength,
    checked_tags,
)
from styleshot_demo.library.stylefile import StyleFile, put_manifest
from styleshot_demo.library.writing import locked, size_of, unfinished

_TRASH = ".trash"
_TRASHED = 50  # deleted styles that can be brought back; older ones go for good
_TIME = 20  # digits at the beginning of a deleted one's name
_BEFORE = "+"  # after them: the style is still there, but has more pictures since
_PATIENCE = 20  # seconds that another change may take
_log = logging.getLogger(__name__)


class Library:
    """The styles that come with the program, and those in a folder, which several programs may use at once.

    Changes raise `Problem` library_off where there is no folder, style_read_only for a style that comes with the
    program, style_unknown, cannot_write, library_full, and what else is said where they are.
    """

    def __init__(self, folder: Path | None, limit_gb: float = 0.0) -> None:
        """folder    is made when the first style is saved; None: nothing can be saved
        limit_gb  that all styles may take with those that were deleted, of which the oldest go first; 0: no limit
        """
        self.folder = folder
        self._limit = int(limit_gb * 1e9)
        self._known: dict[str, tuple[tuple[int, int], StyleEntry]] = {}  # file -> (its state, what it holds)
        self._lock = threading.Lock()

    def styles(self) -> list[StyleEntry]:
        """Those that come with the program, then the others by name. Files that cannot be read are left out."""
        own = [entry for path in self._files() if (entry := self._entry(path))]
        return [*bundled(), *sorted(own, key=lambda entry: (folded(entry.name), entry.key))]

    def unreadable(self) -> list[Problem]:
        """What is wrong with each file of the folder that is no style."""
        found = []
        for path in self._files():
            try:
                with StyleFile(path):
                    pass
            except Problem as problem:
                found.append(problem)
        return found

    def find(self, name: str) -> StyleEntry:
        """The style of that key, or else of that name in either language; `Problem` style_unknown."""
        entries = self.styles()
        wanted = folded(str(name)).strip()
        # What a person has named comes before what came with the program.
        tests: tuple[Callable[[StyleEntry], bool], ...] = (
            lambda entry: entry.key == name,
            lambda entry: not entry.read_only and folded(entry.name) == wanted,
            lambda entry: wanted in (folded(entry.name), folded(entry.title_zh), folded(entry.key)),
        )
        for test in tests:
            for entry in entries:
                if test(entry):
                    return entry
        raise Problem("style_unknown", style=str(name)[:80])

    def save(
        self,
        name: str,
        styles: Sequence[tuple[Any, float]],
        tags: Sequence[str] | str = (),
        note: str = "",
        strength: float | None = None,
        use: Sequence[int] | None = None,
    ) -> StyleEntry:
        """Keeps a style.

        styles    1 to 200 (picture, weight) pairs: paths or PIL images; weights 0 to 100
        tags      texts, or one text with commas
        strength  0 to 2 that it is used with; None: none of its own
        use       the places, from 0, of the one to four pictures that jobs get; None: the four most typical

        Pictures are kept without what cameras write into them, at most 2048 pixels long. `Problem` style_needed,
        too_many_style_pictures, style_nameless, style_tags, style_taken, and those of the gate.
        """
        folder = self._folder()
        known = {
            "name": checked_name(name), "tags": checked_tags(tags), "note": checked_note(note),
            "strength": checked_strength(strength), "named": use is not None,
        }  # fmt: skip
        self._check_free(known["name"])
        packing.check(styles, use)
        with unfinished(folder) as part:
            with zipfile.ZipFile(part, "w") as target:  # up to 200 pictures: nobody else waits for them
                put_manifest(target, Style(**known, pictures=packing.pack(target, styles, use)))
            with self._changing(folder):
                self._check_free(known["name"])
                self._check_room(part)
                path = self._free(folder, known["name"])
                atomic.put(part, path)
                self._purge()
        return self._there(path)

    def change(
        self, key: str, name: str | None = None, tags: Sequence[str] | str | None = None, note: str | None = None
    ) -> StyleEntry:
        """Gives a style another name, other tags, another note; None leaves what there is. `Problem` as `save`."""
        entry = self._own(key)
        folder = self._folder()
        given = {
            **({} if name is None else {"name": checked_name(name)}),
            **({} if tags is None else {"tags": checked_tags(tags)}),
            **({} if note is None else {"note": checked_note(note)}),
        }
        with self._changing(folder):
            self._check_free(given.get("name", entry.name), but=entry.key)
            with unfinished(folder) as part:
                with StyleFile(entry.path) as file, zipfile.ZipFile(part, "w") as target:
                    file.copy_to(target)
                    put_manifest(target, file.style.model_copy(update=given))
                self._check_room(part, entry.path)
                atomic.put(part, entry.path)
                self._purge()
        return self._there(entry.path)

    def extend(
        self, key: str, styles: Sequence[tuple[Any, float | None]], use: Sequence[int] | None = None
    ) -> tuple[StyleEntry, str | None]:
        """Adds pictures to a style; (the style, what `restore` takes to bring back what it was before, or None where
        the library has no room for both).

        styles  (picture, weight) pairs as `save` takes them; None: as much as the others weigh on average
        use     as `save`, among all; None: those that were named for it before, or else the four most typical of all

        What was computed of the style is computed anew. `Problem` as `save`; the style is whole, or as it was.
        """
        folder = self._folder()
        while True:
            entry = self._own(key)
            before = entry.style
            counted = [picture.weight for picture in before.pictures if picture.weight > 0]
            usual = sum(counted) / len(counted)
            pairs = [(source, usual if weight is None else weight) for source, weight in styles]
            chosen = before.chosen if use is None else use
            packing.check(pairs, chosen, before)
            with unfinished(folder) as part:
                with StyleFile(entry.path) as file, zipfile.ZipFile(part, "w") as target:
                    pictures = packing.pack(target, pairs, chosen, file)  # nobody else waits for them
                with self._changing(folder):
                    now = self._own(key).style
                    if now.pictures != before.pictures:
                        continue  # somebody else has added some meanwhile: these come after them
                    with zipfile.ZipFile(part, "a") as target:
                        put_manifest(target, now.model_copy(update={"pictures": pictures, "named": chosen is not None}))
                    spare = self._check_room(part, entry.path) - size_of(entry.path)
                    token = self._put_aside(entry.path, keep=True) if spare >= 0 else None
                    try:
                        atomic.put(part, entry.path)
                    except BaseException:
                        if token is not None:
                            _discard(folder / _TRASH / token)
                        raise
                    self._purge(token)
            return self._there(entry.path), token

    def delete(self, key: str) -> str:
        """Takes a style out of the library; `restore` of what this returns brings it back."""
        entry = self._own(key)
        with self._changing(self._folder()):
            token = self._put_aside(entry.path)
            self._purge(token)
        return token

    def deleted(self) -> list[str]:
        """What `restore` takes, styles and what they were before pictures were added: the last one comes first."""
        trash = self.folder / _TRASH if self.folder else None
        if trash is None or not trash.is_dir():
            return []
        return sorted((path.name for path in trash.iterdir() if path.name.endswith(SUFFIX)), reverse=True)

    def restore(self, token: str | None = None) -> StyleEntry:
        """Brings a deleted style back, or takes the pictures out again that were added to one; by default what was done
        last. `Problem` style_gone where it is no longer there."""
        folder, there = self._folder(), self.deleted()
        token = there[0] if token is None and there else token
        if token not in there:
            raise Problem("style_gone")
        path, key = folder / _TRASH / token, token[_TIME + 1 :]
        # What somebody else has added since stays, and so does another style in this one's place: then it comes back
        # beside it, under another name.
        added_since = any(other > token and other[_TIME:] == token[_TIME:] for other in there)
        if token[_TIME] != _BEFORE or added_since or not _holds_all_of(folder / key, path):
            return self._take_in(path, folder, keep=False)
        with self._changing(folder), unfinished(folder) as part:
            now = self._own(key)
            told = now.style.model_dump(include={"name", "tags", "note", "strength"})  # not what else was changed
            with StyleFile(path) as file, zipfile.ZipFile(part, "w") as target:
                file.copy_to(target)
                put_manifest(target, file.style.model_copy(update=told))
            atomic.put(part, now.path)
            _discard(path)
        return self._there(now.path)

    def add(self, path: Path) -> StyleEntry:
        """Takes in a style file from elsewhere, after reading all of it; where there is one of its name, under another
        name. Raises the `Problem`s of `StyleFile`."""
        folder = self._folder()
        with StyleFile(path) as file:
            file.check()
        return self._take_in(path, folder, keep=True)

    def export(self, key: str, target: Path) -> Path:
        """Writes a style as one file, a name in the library's manner if `target` is a folder; returns where it lies."""
        entry = self.find(key)
        path = target / names.made_of(entry.name, suffix=SUFFIX) if target.is_dir() else target
        destinations.check_folder(path.parent)
        with unfinished(path.parent) as part:
            if entry.read_only:
                with zipfile.ZipFile(part, "w") as zipped:
                    packed = packing.pack(zipped, [(entry.path, 1.0)], None)
                    put_manifest(zipped, entry.style.model_copy(update={"pictures": packed}))
            else:
                shutil.copyfile(entry.path, part)
            atomic.put(part, path)
        return path

    # The folder --------------------------------------------------------------------------------------------------

    def _folder(self) -> Path:
        if self.folder is None:
            raise Problem("library_off")
        destinations.make_folder(self.folder)
        return self.folder

    def _files(self) -> list[Path]:
        try:
            found = [path for path in self.folder.iterdir() if path.name.endswith(SUFFIX)] if self.folder else []
        except OSError:  # not there yet, or on a disk that is not
            return []
        return sorted(path for path in found if not path.name.startswith("."))

    def _entry(self, path: Path) -> StyleEntry | None:
        try:
            info = path.stat()
            state = info.st_mtime_ns, info.st_size
            with self._lock:
                known = self._known.get(path.name)
            if known is None or known[0] != state:
                with StyleFile(path) as file:
                    known = state, StyleEntry(path.name, path, file.style, limit=self._limit)
                with self._lock:
                    self._known[path.name] = known
            return known[1]
        except (OSError, Problem) as error:
            _log.warning("%s is left out of the library: %s", path.name, error)
            return None

    def _put_aside(self, path: Path, keep: bool = False) -> str:
        """Puts a style among the deleted ones, or what it is now if it is to `keep` its place; returns the token. Whole
        or not at all; who calls has to `_purge` when all is done."""
        trash = path.parent / _TRASH
        trash.mkdir(exist_ok=True)
        token = f"{time.time_ns():0{_TIME}d}{_BEFORE if keep else '-'}{path.name}"
        if not keep:
            atomic.put(path, trash / token)
            return token
        try:
            os.link(path, trash / token)
        except OSError:  # some file systems know no links
            with unfinished(path.parent) as part:
                shutil.copyfile(path, part)
                atomic.put(part, trash / token)
        return token

    def _check_room(self, part: Path, instead: Path | None = None) -> float:
        """Bytes that are left for deleted styles beside a file that is finished but not in its place yet; `Problem`
        library_full where there is no room for it. instead: the style that it takes the place of"""
        if not self._limit:
            return math.inf
        kept = [path for path in self._files() if path != instead]
        room = self._limit - sum(map(size_of, [part, *kept]))
        if room < 0:
            raise Problem("library_full", limit=f"{self._limit / 1e9:g}")
        return room

    def _purge(self, spare: str | None = None) -> None:
        """Deletes for good what is too much of what was deleted, the oldest first; never the token `spare`."""
        if self.folder is None:
            return
        tokens = sorted(self.deleted(), key=lambda token: token != spare)  # the others by time, the last one first
        room = self._limit - sum(map(size_of, self._files())) if self._limit else math.inf
        for number, token in enumerate(tokens):
            room -= size_of(self.folder / _TRASH / token)
            if token != spare and (number >= _TRASHED or room < 0):
                _discard(self.folder / _TRASH / token)

    def _there(self, path: Path) -> StyleEntry:
        entry = self._entry(path)
        if entry is None:
            raise Problem("cannot_write")
        return entry

    def _own(self, key: str) -> StyleEntry:
        entry = self.find(key)
        if entry.read_only:
            raise Problem("style_read_only", style=entry.name)
        return entry

    def _check_free(self, name: str, but: str = "") -> None:
        if any(folded(entry.name) == folded(name) and entry.key != but for entry in self.styles()):
            raise Problem("style_taken", style=name)

    def _take_in(self, path: Path, folder: Path, keep: bool) -> StyleEntry:
        """Puts a style file that has been checked into the folder, under a name that is free."""
        with self._changing(folder), unfinished(folder) as part:
            with StyleFile(path) as file:
                name = self._other(file.style.name)
                with zipfile.ZipFile(part, "w") as target:
                    file.copy_to(target)
                    put_manifest(target, file.style.model_copy(update={"name": name}))
            self._check_room(part)
            place = self._free(folder, name)
            atomic.put(part, place)
            if not keep:
                _discard(path)
            self._purge()
        return self._there(place)

    def _other(self, name: str) -> str:
        taken = {folded(entry.name) for entry in self.styles()}
        tried, number = name, 1
        while folded(tried) in taken:
            number += 1
            end = f" {number}"
            tried = name[: MAX_STYLE_NAME - len(end)] + end
        return tried

    @staticmethod
    def _free(folder: Path, name: str) -> Path:
        path = folder / names.made_of(name, suffix=SUFFIX)
        while os.path.lexists(path):
            path = folder / names.made_of(name, secrets.token_hex(2), suffix=SUFFIX)
        return path

    def _changing(self, folder: Path) -> AbstractContextManager[None]:
        return locked(folder, _PATIENCE)


def _discard(path: Path) -> None:
    """Deletes what nobody needs any more; what cannot be deleted now goes at another time."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("%s stays: %s", path.name, error)


def _holds_all_of(file: Path, other: Path) -> bool:
    """Whether a style file is there and has all pictures of another one."""
    try:
        with zipfile.ZipFile(file) as now, zipfile.ZipFile(other) as before:
            there, wanted = (
                {(one.CRC, one.file_size) for one in zipped.infolist() if re.fullmatch(PICTURE_FILE, one.filename)}
                for zipped in (now, before)
            )
    except (OSError, zipfile.BadZipFile):
        return False
    return wanted <= there
