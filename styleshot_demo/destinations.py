"""Folders and files that a person names for results: whether they can be what they are named as."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from styleshot_demo.errors import Problem

NOT_WRITTEN = ("cannot_write", "no_space_left", "disk_read_only")


def not_written(error: Exception) -> Problem:
    """The `Problem` behind an error while a result was written: one of `NOT_WRITTEN`."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT):
        return Problem("no_space_left")
    return Problem("disk_read_only" if number == errno.EROFS else "cannot_write")


def check_place(folder: Path) -> Path:
    """`Problem` not_a_folder where a file is in the way; returns what there is already of the folder's path."""
    try:
        nearest = folder.absolute()
        while not _there(nearest) and nearest != nearest.parent:
            nearest = nearest.parent
        if not nearest.is_dir():
            raise Problem("not_a_folder", name=nearest.name)
    except (OSError, ValueError) as error:  # a zero byte
        raise Problem("cannot_write") from error
    return nearest


def check_folder(folder: Path) -> None:
    """What can be known before work is spent: `Problem` not_a_folder or cannot_write. Makes nothing."""
    if not os.access(check_place(folder), os.W_OK | os.X_OK):
        raise Problem("cannot_write")


def check_new(folder: Path) -> None:
    """`Problem` where the folder cannot be made, or holds something."""
    check_folder(folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise Problem("folder_not_empty", name=folder.name)


def make_folder(folder: Path) -> None:
    """Makes the folder, and those above it, where they are not there yet; `Problem` as `check_folder`."""
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(error) from error


def check_file(file: Path, suffixes: Sequence[str] = ()) -> None:
    """A file in a folder that is there; `suffixes`: in small letters, with their dot, one of which it has to have.

    `Problem` output_format, not_a_folder, file_is_folder, link_leads_nowhere, name_too_long or cannot_write.
    """
    if os.path.isdir(file):
        raise Problem("file_is_folder", name=file.resolve().name or file.anchor)
    if suffixes and file.suffix.lower() not in suffixes:
        raise Problem("output_format", suffix=file.suffix[:20] or "nameless")
    check_folder(file.parent)
    try:
        usable = file.absolute().parent.is_dir()
        if usable and _there(file):
            if not file.exists():
                raise Problem("link_leads_nowhere", name=file.name)
            usable = os.access(file, os.W_OK)
    except OSError as error:
        raise Problem("name_too_long") if error.errno == errno.ENAMETOOLONG else not_written(error) from error
    if not usable:
        raise Problem("cannot_write")


def _there(path: Path) -> bool:
    """As `os.path.lexists`, but a name that no file can have is an `OSError`."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
