"""Grids that were painted: their cells are there for the sheet, for "use", and for the page after a reload."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from styleshot_demo.provenance import Record


@dataclass(frozen=True)
class GridCellFile:
    """A finished cell.

    path    its file
    record  how it was made
    styles  the style pictures it was made from, as paths with weights
    shown   what the script shows of it
    """

    path: Path
    record: Record
    styles: Sequence[tuple[str, float]]
    shown: dict[str, Any]


@dataclass(frozen=True)
class PaintedGrid:
    """A grid as far as it is painted.

    shape    labels and titles as the script shows them
    words    what differs, in a line
    axes     their names
    stem     of the photo's name, or what stands in its place
    content  path of the photo
    cells    by row and column; more may come
    token    by which a page that was loaded anew asks for it: nobody can guess it
    """

    shape: dict[str, Any]
    words: str
    axes: tuple[str, ...]
    stem: str
    content: str | None
    cells: dict[tuple[int, int], GridCellFile] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    def shown(self) -> dict[str, Any]:
        """The value of the panel that shows what there is of it: files that are old are gone."""
        there = [cell.shown for cell in dict(self.cells).values() if cell.path.is_file()]
        return {**self.shape, "token": self.token, "cells": there}
