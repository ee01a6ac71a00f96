"""A note beside a picture's file that says of which kept style it is: whoever opens the file knows it, also after a
restart. The page writes files of a style's pictures into folders whose names nobody can guess, and the notes there."""

import json
from pathlib import Path

from styleshot_demo.errors import Problem
from styleshot_demo.library.computed import KeptPicture
from styleshot_demo.library.shelf import Library
from styleshot_demo.library.stylefile import StyleFile

Members = tuple[tuple[str, str, float], ...]
SUFFIX = ".kept.json"  # of the note, after the whole name of the picture


def write(path: Path, kept: KeptPicture) -> Path:
    """Writes the note of the picture in the file `path`; returns where it lies. Raises `OSError`."""
    note = path.with_name(path.name + SUFFIX)
    note.write_text(json.dumps({"style": kept.path.name, "members": kept.members}), encoding="utf-8")
    return note


def style_of(path: Path) -> str | None:
    """The key of the style that a note names, be there such a style or not; None where there is no note."""
    told = _note(path)
    return None if told is None else told[0]


def read(library: Library, path: Path) -> KeptPicture | None:
    """What `write` was given for that file; None where there is no note, or where the style has not all of the pictures
    any more: of one that was deleted or replaced the picture in the file alone is left."""
    told = _note(path)
    if told is None:
        return None
    key, members = told
    try:
        entry = library.find(key)
        if entry.key != key or entry.read_only:
            return None
        with StyleFile(entry.path) as file:
            if not all(file.holds(name, checksum) for name, checksum, _ in members):
                return None
    except Problem:
        return None
    return KeptPicture(entry.path, entry.limit, members)


def _note(path: Path) -> tuple[str, Members] | None:
    try:
        told = json.loads(path.with_name(path.name + SUFFIX).read_bytes())
        members = told["members"]
        return str(told["style"]), tuple((str(name), str(check), float(share)) for name, check, share in members)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
