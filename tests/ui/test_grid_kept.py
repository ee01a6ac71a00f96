"""What of a grid is there again after a restart, where there is little room or a cell cannot be read."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from styleshot_demo import ClassicalJob, Settings, Studio
from styleshot_demo.grid import Axis, Grid
from styleshot_demo.history import Histories, new_visitor
from styleshot_demo.library import Library, beside
from styleshot_demo.library.computed import count_of
from styleshot_demo.provenance import MAX_RECORD, Record
from styleshot_demo.ui.grid import GridPanel
from styleshot_demo.ui.grid_kept import GridKeeper
from styleshot_demo.ui.grid_painted import GridCellFile, PaintedGrid
from styleshot_demo.ui.visitors import COOKIE

SETTINGS = {"method": "fast"}


def keeper(tmp_path: Path, limit: int) -> GridKeeper:
    """Histories of so many bytes."""
    shown: Any = SimpleNamespace(GRADIO_CACHE=str(tmp_path / "cache"), temp_files=set())
    return GridKeeper(Histories(tmp_path / "kept", limit / 1e9), "classical-grid", shown)


def request(visitor: str = "") -> Any:
    return SimpleNamespace(headers={"cookie": f"{COOKIE}={visitor}"} if visitor else {})


@pytest.fixture
def grid(tmp_path: Path) -> PaintedGrid:
    """Two cells, a style and a photo, of ten kilobytes each."""
    paths = {name: tmp_path / name for name in ("one.png", "two.png", "style.png", "photo.png")}
    for path in paths.values():
        path.write_bytes(bytes(10_000))
    made = PaintedGrid({}, "seed=1,2", ("seed",), "photo", str(paths["photo.png"]))
    for column, name in enumerate(("one.png", "two.png")):
        styles = [(str(paths["style.png"]), 1.0)]
        made.cells[0, column] = GridCellFile(paths[name], Record(SETTINGS, {}, column), styles, {"name": name})
    return made


def names(found: PaintedGrid | None) -> tuple[list[str], int, bool]:
    """(the cells, how many styles they have, whether the photo is there)."""
    assert found is not None
    cells = [found.cells[place] for place in sorted(found.cells)]
    return [cell.path.name for cell in cells], sum(len(cell.styles) for cell in cells), found.content is not None


@pytest.mark.parametrize(
    ("kilobytes", "left"),
    [
        (45, (["one.png", "two.png"], 2, True)),
        (35, (["one.png", "two.png"], 2, False)),
        (25, (["one.png", "two.png"], 0, False)),
        (15, (["one.png"], 0, False)),
    ],
)
def test_cells_come_before_styles_and_the_photo_last(tmp_path, grid, kilobytes, left):
    who, kept = request(new_visitor()), keeper(tmp_path, kilobytes * 1000 * 16)
    last = grid.cells.pop((0, 1))
    kept.keep(grid, who)  # after the first cell there is room for more
    grid.cells[0, 1] = last
    kept.keep(grid, who)
    assert names(kept.find(grid.token, who)) == left


def test_a_record_that_is_too_long_costs_its_own_cell_alone(tmp_path, grid):
    who, kept = request(new_visitor()), keeper(tmp_path, 10**9)
    long = Record({**SETTINGS, "prompt": "x" * MAX_RECORD}, {}, 0)
    grid.cells[0, 0] = GridCellFile(grid.cells[0, 0].path, long, [], {"name": "one.png"})
    kept.keep(grid, who)
    assert names(kept.find(grid.token, who))[0] == ["two.png"]


def test_a_browser_without_cookies_is_nobody_and_nothing_is_told_of_it(tmp_path, grid, caplog):
    kept = keeper(tmp_path, 10**9)
    with caplog.at_level(logging.DEBUG):
        kept.keep(grid, request())
        assert kept.find(grid.token, request()) is None
    assert not caplog.records and not (tmp_path / "kept").exists()


def test_a_cell_that_is_used_has_the_style_as_it_was_with_all_of_its_pictures(tmp_path):
    library = Library(tmp_path / "styles")
    near = [Image.new("RGB", (24, 24), (40 * place, 90, 200 - 30 * place)) for place in range(6)]
    styles = library.save("Many", [(image, 1.0) for image in near]).used()
    assert sum(count_of(image) for image, _ in styles) == 6
    target: Any = None
    with gr.Blocks():
        source: Any = SimpleNamespace(kind="classical", panel=gr.HTML())
        panel = GridPanel(source, Studio(Settings(device="cpu")), target)
    panel.folder = tmp_path / "cells"
    cell = panel.styles_of(Grid(ClassicalJob(near[0], styles), Axis("seed", (1, 2)), None), (0, 0))
    assert [beside.read(library, Path(path)) for path, _ in cell] == [image.info["kept"] for image, _ in styles]
    # And after a restart of the server.
    (tmp_path / "one.png").write_bytes(bytes(10))
    grid = PaintedGrid({}, "seed=1,2", ("seed",), "photo", None)
    shown = {"row": 0, "column": 0}
    grid.cells[0, 0] = GridCellFile(tmp_path / "one.png", Record(SETTINGS, {}, 1), cell, shown)
    who, kept = request(new_visitor()), keeper(tmp_path, 10**9)
    kept.keep(grid, who)
    found = kept.find(grid.token, who)
    assert found is not None
    laid = [beside.read(library, Path(path)) for path, _ in found.cells[0, 0].styles]
    assert laid == [image.info["kept"] for image, _ in styles]
