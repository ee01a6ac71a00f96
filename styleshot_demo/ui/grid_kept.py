"""A painted grid in its visitor's folder on disk, so that it is there again after a restart of the server too."""

import hashlib
import logging
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import Any

import gradio as gr

from styleshot_demo import names, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.history import Histories
from styleshot_demo.library import beside
from styleshot_demo.ui import visitors, widgets
from styleshot_demo.ui.grid_painted import GridCellFile, PaintedGrid

_BESIDE = (widgets.SHOWN, beside.SUFFIX)  # ends of what belongs to a picture's file
_log = logging.getLogger(__name__)


class GridKeeper:
    """The last grids of a tab, for each visitor; nothing is kept where the host wants no history."""

    def __init__(self, every: Histories | None, name: str, shown: gr.HTML) -> None:
        """name: tells it from those of other tabs; shown: whose files Gradio lets the page see."""
        self.every, self.name, self.shown = every, name, shown

    def keep(self, grid: PaintedGrid, request: gr.Request) -> None:
        """Keeps what there is of it. What cannot be kept is on show all the same."""
        visitor = visitors.visitor_in(request.headers.get("cookie"))
        if self.every is None or visitor is None:  # a browser that keeps no cookies is nobody
            return
        kept, cells = _Kept(), dict(grid.cells)
        for cell in cells.values():  # first, so that they stay where there is no room for all
            kept.key(cell.path)
        state = {
            "shape": grid.shape, "words": grid.words, "axes": grid.axes, "stem": grid.stem,
            "cells": [kept.cell(place, cell) for place, cell in cells.items()],
            "content": kept.key(grid.content) if grid.content else None,
        }  # fmt: skip
        try:
            history = self.every.of(visitor)
            history.keep_work(self.name, grid.token, {**state, "names": kept.names}, kept.files)
        except Exception as error:
            _log.warning("a grid was not kept: %s", error)

    def find(self, token: Any, request: gr.Request) -> PaintedGrid | None:
        """The visitor's grid with that token, its files where the page may see them; None where there is none."""
        visitor = visitors.visitor_in(request.headers.get("cookie"))
        if self.every is None or visitor is None or not token:
            return None
        try:
            found = self.every.of(visitor).find_work(self.name, token)
            return self._read(token, *found) if found else None
        except Exception as error:  # such as a state that somebody has changed
            _log.warning("a grid was not found: %s", error)
            return None

    def _read(self, token: str, state: Mapping[str, Any], folder: Path) -> PaintedGrid:
        there = [(key, name) for key, name in state["names"].items() if (folder / key).is_file()]
        paths = {key: self._laid(folder / key, name) for key, name in there}
        content = paths.get(state["content"])
        axes = tuple(state["axes"])
        grid = PaintedGrid(state["shape"], state["words"], axes, state["stem"], content, token=token)
        for cell in state["cells"]:
            path = paths.get(cell["file"])
            if path is None:
                continue
            with suppress(Problem):  # a record that is too long costs its own cell alone
                record = provenance.parse(dumps(cell["record"]))
                styles = [(paths[key], weight) for key, weight in cell["styles"] if key in paths]
                shown = {**cell["shown"], "src": widgets.address(Path(path))}
                grid.cells[shown["row"], shown["column"]] = GridCellFile(Path(path), record, styles, shown)
        return grid

    def _laid(self, file: Path, name: str) -> str:
        """A copy of a file, under its own name, in Gradio's folder."""
        place = Path(self.shown.GRADIO_CACHE) / secrets.token_hex(16) / Path(names.kept(name)).name
        place.parent.mkdir(parents=True)
        for end in ("", *_BESIDE):
            if Path(f"{file}{end}").is_file():
                shutil.copyfile(f"{file}{end}", f"{place}{end}")
                self.shown.temp_files.add(f"{place}{end}")  # so that Gradio deletes it when it is old
        return str(place)


class _Kept:
    """The files of a grid: where they are, by the key under which they are kept, and what they were called."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.names: dict[str, str] = {}

    def key(self, path: str | Path) -> str:
        """The key of a file, which is to be kept."""
        key = hashlib.sha256(str(path).encode()).hexdigest()[:32] + Path(path).suffix
        self.files[key], self.names[key] = Path(path), Path(path).name
        self.files |= {key + end: Path(f"{path}{end}") for end in _BESIDE if Path(f"{path}{end}").is_file()}
        return key

    def cell(self, place: tuple[int, int], cell: GridCellFile) -> dict[str, Any]:
        """A finished cell as JSON can hold it."""
        row, column = place
        return {
            "file": self.key(cell.path),
            "styles": [[self.key(path), weight] for path, weight in cell.styles],
            "record": asdict(cell.record),
            "shown": {**cell.shown, "row": row, "column": column},
        }
