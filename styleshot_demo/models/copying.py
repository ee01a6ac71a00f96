"""Copies of files that are here already, and how far what is brought has come, in bytes."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

from styleshot_demo.atomic import put
from styleshot_demo.generators import mapped
from styleshot_demo.models.once import Progress as Fractions
from styleshot_demo.models.transfer import part_of

T = TypeVar("T")
_BLOCK = 16 * 1024 * 1024


def copying(source: Path, target: Path, size: int) -> Generator[tuple[int, int], None, int]:
    """A hard link where the disk knows them, else a copy, (bytes there, bytes in all) by and by; returns the size."""
    part = part_of(target)
    part.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    try:
        os.link(source, part)
    except OSError:
        try:
            with source.open("rb") as reading, part.open("wb") as writing:
                while block := reading.read(_BLOCK):
                    writing.write(block)
                    yield writing.tell(), size
        except BaseException:
            # A download would take it for its own beginning.
            part.unlink(missing_ok=True)
            raise
    put(part, target)
    return target.stat().st_size


def numbered(bringing: Generator[int, None, T], size: int) -> Generator[tuple[int, int], None, T]:
    """The same generator with `size` beside each number."""
    return mapped(bringing, lambda done: (done, size))


def none_yet(reading: Fractions[str], size: int) -> Generator[tuple[int, int], None, str]:
    """The same generator, while nothing of `size` has come."""
    return mapped(reading, lambda _: (0, size))
