"""A file takes the place of another in one move, also where that one is open for a moment, as on Windows."""

import os
from pathlib import Path

import pytest
from PIL import Image

from styleshot_demo import atomic, pictures
from styleshot_demo.errors import Problem

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def opened(monkeypatch):
    """`opened(n)`: the next n moves are refused, as Windows does while somebody has the old file open."""
    real, left = os.replace, [0]

    def replace(part, target):
        if left[0] and os.path.exists(target):
            left[0] -= 1
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        real(part, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(atomic, "_PAUSES", (0.001,) * 5)
    return lambda count: left.__setitem__(0, count)


def test_an_open_file_is_replaced_as_soon_as_it_is_closed(tmp_path, opened):
    (tmp_path / "old").write_text("old")
    (tmp_path / "new").write_text("new")
    opened(3)
    atomic.put(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_text() == "new" and not (tmp_path / "new").exists()


def test_a_file_that_stays_open_is_an_error_and_nothing_is_lost(tmp_path, opened):
    (tmp_path / "old").write_text("old")
    (tmp_path / "new").write_text("new")
    opened(10**6)
    with pytest.raises(PermissionError):
        atomic.put(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_text() == "old" and (tmp_path / "new").read_text() == "new"


def test_a_folder_takes_the_place_of_an_empty_one_and_of_no_other(tmp_path):
    for name in ("part", "empty", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "part" / "a").write_text("")
    (tmp_path / "full" / "b").write_text("")
    with pytest.raises(OSError):
        atomic.put(tmp_path / "part", tmp_path / "full")
    atomic.put(tmp_path / "part", tmp_path / "empty")
    assert (tmp_path / "empty" / "a").exists() and (tmp_path / "full" / "b").exists()


def test_a_picture_is_written_over_one_that_is_looked_at(tmp_path, opened):
    out = tmp_path / "out.png"
    Image.new("RGB", (40, 40)).save(out)
    opened(2)
    pictures.save_png(Image.new("RGB", (50, 50)), out)
    assert Image.open(out).size == (50, 50)
    opened(10**6)
    with pytest.raises(Problem, match="could not be written"):
        pictures.save_png(Image.new("RGB", (60, 60)), out)
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"] and Image.open(out).size == (50, 50)


def test_nothing_else_moves_files_over_others():
    # os.replace by itself fails on Windows while the old file is open; Path.replace and rename are the same.
    wrong = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in [ROOT / "app.py", *(ROOT / "styleshot_demo").rglob("*.py")]
        if path.name != "atomic.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if "os.replace(" in line or "os.rename(" in line or "part.replace(" in line or ".rename(" in line
    ]
    assert not wrong
