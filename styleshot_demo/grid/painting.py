"""Painting a grid, cell by cell, as ordinary jobs that share what the studio has loaded."""

import json
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Result
from styleshot_demo.grid.axes import MIX, STYLE
from styleshot_demo.grid.cells import Grid
from styleshot_demo.messages import Remark
from styleshot_demo.studio import Studio


@dataclass(frozen=True)
class CellStep:
    """How far a grid is: `fraction` 0 to 1 of all of it; cell `number` of `total`, from 1; what is being done."""

    fraction: float
    number: int
    total: int
    message: Remark


@dataclass(frozen=True)
class CellDone:
    """A cell that is finished: its places from 0, and what its job made."""

    row: int
    column: int
    result: Result


def paint(studio: Studio, grid: Grid) -> Generator[CellStep | CellDone, None, None]:
    """Yields a `CellDone` for every cell, row by row, and `CellStep`s between them.

    Closing it stops the computation; what was yielded stays. Before anything is painted every cell is planned: raises
    the `Problem` of the first that cannot run, and grid_idle for a setting that makes no difference in any of them.
    Cells that differ in nothing that is read are painted once.
    """
    rows, columns = grid.shape
    places = [(row, column) for row in range(rows) for column in range(columns)]
    keys = _planned(studio, grid, places)
    done: dict[str, Result] = {}
    for number, (place, key) in enumerate(zip(places, keys, strict=True)):
        if key not in done:
            with closing(studio.run(grid.cell(*place))) as events:
                for event in events:
                    if isinstance(event, Finished):
                        done[key] = event.result
                    else:
                        fraction = (number + event.fraction) / len(places)
                        yield CellStep(fraction, number + 1, len(places), event.message)
        yield CellDone(*place, done[key])
        if key not in keys[number + 1 :]:
            del done[key]


def _planned(studio: Studio, grid: Grid, places: list[tuple[int, int]]) -> list[str]:
    """For each cell a text that is the same for cells whose pictures are the same."""
    idle = {axis.name for axis in grid.axes} - {STYLE, MIX}
    keys = []
    for row, column in places:
        plan = studio.plan(grid.cell(row, column))
        plan.check()
        settings = plan.settings()
        idle -= settings.keys()
        styles = [
            place
            for axis, place in ((grid.rows, row), (grid.columns, column))
            if axis is not None and axis.name in (STYLE, MIX)
        ]
        keys.append(json.dumps([settings, styles], sort_keys=True))
    for name in idle:
        raise Problem("grid_idle", name=name)
    return keys
