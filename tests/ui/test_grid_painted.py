"""Which grids a page that was loaded anew can have back."""

from pathlib import Path

import pytest

from styleshot_demo.provenance import Record
from styleshot_demo.ui import token_store
from styleshot_demo.ui.grid_painted import GridCellFile, PaintedGrid
from styleshot_demo.ui.token_store import TokenStore

SHAPE = {"rows": [{"en": "", "zh": ""}], "columns": [{"en": "1", "zh": "1"}, {"en": "2", "zh": "2"}]}


def painted() -> PaintedGrid:
    return PaintedGrid(SHAPE, "strength=1,2", ("strength",), "photo", None)


def cell(path: Path) -> GridCellFile:
    path.write_bytes(b"a picture")
    return GridCellFile(path, Record({}, {}, 0), [], {"row": 0, "column": 0, "name": path.name})


def test_what_there_is_of_a_grid_is_shown_without_files_that_are_gone(tmp_path) -> None:
    grid = painted()
    grid.cells[0, 0], grid.cells[0, 1] = cell(tmp_path / "one.png"), cell(tmp_path / "two.png")
    assert [shown["name"] for shown in grid.shown()["cells"]] == ["one.png", "two.png"]
    (tmp_path / "one.png").unlink()
    assert [shown["name"] for shown in grid.shown()["cells"]] == ["two.png"]
    assert grid.shown()["columns"] == SHAPE["columns"]


@pytest.mark.parametrize("token", ["", "0" * 32, None, 7, ["x"], {"token": "x"}])
def test_nobody_finds_a_grid_without_its_token(token) -> None:
    grids, grid = TokenStore[PaintedGrid](), painted()
    grids.add(grid.token, grid)
    assert len(grid.token) == 32 and painted().token != grid.token
    assert grids.find(token) is None and grids.find(grid.token) is grid


def test_the_one_that_nobody_asks_for_goes_first(monkeypatch) -> None:
    monkeypatch.setattr(token_store, "MOST", 2)
    kept = TokenStore[str]()
    kept.add("1", "first")
    kept.add("2", "second")
    assert kept.find("1") == "first"
    kept.add("3", "third")
    assert [kept.find(token) for token in "123"] == ["first", None, "third"]
