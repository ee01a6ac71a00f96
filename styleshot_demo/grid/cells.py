"""A grid: which job each of its cells is."""

from dataclasses import dataclass, replace
from typing import Any

from styleshot_demo.errors import Problem
from styleshot_demo.grid.axes import MIX, STYLE, Axis
from styleshot_demo.jobs import ClassicalJob, ImageJob, TextJob

MOST_CELLS = 64
GridJob = ClassicalJob | ImageJob | TextJob


@dataclass(frozen=True)
class Grid:
    """The job that `cell` changes, and along what: one axis or two.

    Raises `Problem`: grid_no_axis, grid_same_axis, grid_two_styles, grid_mix_needs_two, grid_rest, grid_too_large.
    """

    job: GridJob
    rows: Axis | None = None
    columns: Axis | None = None

    def __post_init__(self) -> None:
        if isinstance(self.job, ImageJob | TextJob):
            object.__setattr__(self, "job", self.job.single(0))
        names = [axis.name for axis in self.axes]
        if not names:
            raise Problem("grid_no_axis")
        if len(set(names)) < len(names):
            raise Problem("grid_same_axis", name=names[0])
        if {STYLE, MIX} <= set(names):
            raise Problem("grid_two_styles")
        if MIX in names and len(self.job.styles) != 2:
            raise Problem("grid_mix_needs_two", count=len(self.job.styles))
        of_styles = [name for name in names if name in (STYLE, MIX)]
        photo = None if isinstance(self.job, TextJob) else self.job
        if of_styles and photo and photo.region != "everywhere" and photo.rest == "last":
            raise Problem("grid_rest", name=of_styles[0])  # the last of the styles is another one in each cell
        rows, columns = self.shape
        if rows * columns > MOST_CELLS:
            raise Problem("grid_too_large", cells=rows * columns, limit=MOST_CELLS)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Those that there are."""
        return tuple(axis for axis in (self.rows, self.columns) if axis is not None)

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns there are; at least one of each."""
        return tuple(len(axis.values) if axis else 1 for axis in (self.rows, self.columns))  # type: ignore[return-value]

    def cell(self, row: int, column: int) -> GridJob:
        """The job of a cell, which makes one picture."""
        changes: dict[str, Any] = {}
        for axis, place in ((self.rows, row), (self.columns, column)):
            changes |= axis.changes(place, self.job.styles) if axis else {}
        return replace(self.job, **changes)

    def words(self) -> str:
        """What differs, in a line, such as "strength=0.2,0.6 x method=fast,colour"."""
        return " x ".join(f"{axis.name}={','.join(axis.labels)}" for axis in self.axes)
