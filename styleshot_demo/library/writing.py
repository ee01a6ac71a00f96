"""How the files of a library are changed: one program at a time, and each file whole or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from styleshot_demo.destinations import not_written

_LOCK = ".lock"


@contextmanager
def locked(folder: Path, patience: float) -> Iterator[None]:
    """One change at a time, of all programs that use the folder; `Problem` cannot_write after `patience` seconds."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / _LOCK, timeout=patience):
            yield
    except (OSError, Timeout) as error:
        raise not_written(error) from error


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A place for what is not finished; gone afterwards if it was not moved."""
    part = folder / f".{secrets.token_hex(8)}.part"
    try:
        yield part
    except OSError as error:
        raise not_written(error) from error
    finally:
        part.unlink(missing_ok=True)


def size_of(path: Path) -> int:
    """Bytes of a file, 0 where it is gone."""
    try:
        return path.stat().st_size
    except OSError:  # another program may delete it at any time
        return 0
