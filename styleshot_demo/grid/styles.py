"""The styles that a grid goes through: those that were chosen, those of the library, or some of them by name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from styleshot_demo.errors import Problem
from styleshot_demo.grid.axes import STYLE, NamedStyle, split
from styleshot_demo.library import Library, StyleEntry, bundled
from styleshot_demo.names import stem_of

ALL = ("all", "全部")
CHOSEN = ("chosen", "已选")


def named(path: Path | str, styles: Any) -> NamedStyle:
    """A style from a file, called as the library calls it where it is one of those that come with the program."""
    stem = stem_of(path)
    for entry in bundled():
        if entry.key == stem:
            return NamedStyle(_title(entry.name), styles, _title(entry.title_zh))
    return NamedStyle(stem, styles)


def of_entry(entry: StyleEntry) -> NamedStyle:
    """A style of the library. Raises the `Problem`s of one that cannot be read."""
    if entry.read_only:
        return NamedStyle(_title(entry.name), tuple(entry.used()), _title(entry.title_zh))
    return NamedStyle(entry.name, tuple(entry.used()))


def read_styles(text: str, chosen: Sequence[NamedStyle], library: Library) -> tuple[NamedStyle, ...]:
    """What a person names: "chosen" (as does an empty text where there are several), "all", or names in the library.

    Raises `Problem`: grid_no_values, grid_too_large and those of the library.
    """
    parts = split(text) or [CHOSEN[0] if len(chosen) > 1 else ALL[0]]
    found: list[NamedStyle] = []
    for part in parts:
        if part.casefold() in CHOSEN:
            found += chosen
        elif part.casefold() in ALL:
            found += map(of_entry, library.styles())
        else:
            found.append(of_entry(library.find(part)))
    if not found:
        raise Problem("grid_no_values", name=STYLE)
    return tuple(found)


def _title(name: str) -> str:
    """The manner alone, of such as "Batik: lotus and birds on indigo"."""
    return name.replace("：", ":").partition(":")[0]
