"""Grids: the same job again and again, with other values of one or two of its settings, beside each other."""

from styleshot_demo.grid.axes import (
    MIX,
    STYLE,
    Axis,
    NamedStyle,
    axes,
    choices,
    label,
    read,
    usual,
    value_of,
)
from styleshot_demo.grid.cells import MOST_CELLS, Grid
from styleshot_demo.grid.painting import CellDone, CellStep, paint
from styleshot_demo.grid.sheet import LARGEST, draw_sheet, fitted
