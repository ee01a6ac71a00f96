"""What was being worked on: kept over a restart for its visitor alone, bounded, and never at the cost of a result."""

import pytest
from PIL import Image

from styleshot_demo import provenance
from styleshot_demo.history import Histories, new_visitor, visitor

TOKEN = "a" * 32


@pytest.fixture
def cell(tmp_path):
    """A file of a kilobyte."""
    path = tmp_path / "cell.png"
    path.write_bytes(bytes(1000))
    return path


def found(history, token=TOKEN):
    """The state, and the files that are kept with it."""
    kept = history.find_work("grid", token)
    assert kept is not None
    return kept


def size_of(root):
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def test_it_is_found_by_its_token_for_its_visitor_alone(tmp_path, cell):
    who = new_visitor()
    Histories(tmp_path / "kept", 1).of(who).keep_work("grid", TOKEN, {"cells": 1}, {"one.png": cell})
    again = Histories(tmp_path / "kept", 1)  # after a restart
    state, folder = found(again.of(who))
    assert state == {"cells": 1} and (folder / "one.png").read_bytes() == cell.read_bytes()
    assert again.of(who).entries() == []
    for other in (again.of(new_visitor()).find_work("grid", TOKEN), again.of(who).find_work("other", TOKEN)):
        assert other is None
    for token in ("b" * 32, "", None, 7, ["a"], {"a": 1}):
        assert again.of(who).find_work("grid", token) is None
    (folder / "state.json").write_text("[1, 2")
    assert again.of(who).find_work("grid", TOKEN) is None


def test_the_next_takes_its_place_and_clearing_takes_it_out(tmp_path, cell):
    mine = Histories(tmp_path / "kept", 1).of(new_visitor())
    mine.keep_work("grid", TOKEN, {}, {"one.png": cell})
    mine.keep_work("grid", TOKEN, {}, {"one.png": cell, "two.png": cell, "gone.png": tmp_path / "gone.png"})
    _, folder = found(mine)
    assert sorted(path.name for path in folder.iterdir()) == ["one.png", "state.json", "two.png"]
    mine.keep_work("grid", "b" * 32, {}, {"three.png": cell})
    assert sorted(path.name for path in folder.iterdir()) == ["state.json", "three.png"]
    assert mine.find_work("grid", TOKEN) is None
    mine.clear()
    assert mine.find_work("grid", "b" * 32) is None and not folder.exists()


def test_it_is_bounded_and_goes_before_any_result(tmp_path, cell, monkeypatch):
    root = tmp_path / "kept"
    histories = Histories(root, 40_000 / 1e9)
    mine, other = (histories.of(new_visitor()) for _ in range(2))
    mine.keep_work("grid", TOKEN, {}, {f"{number}.png": cell for number in range(9)})
    assert len(list(found(mine)[1].glob("*.png"))) == 2  # a sixteenth of all
    monkeypatch.setattr(visitor, "_WORK_SHARE", 4)
    mine.keep_work("grid", TOKEN, {}, {f"{number}.png": cell for number in range(9)})
    assert len(list(found(mine)[1].glob("*.png"))) == 9
    for seed in range(40):
        picture = tmp_path / f"{seed}.png"
        provenance.write(Image.effect_noise((32, 32), 50).convert("RGB"), picture, None)
        (mine, other)[seed % 2].add(picture)
        assert size_of(root) < 42_000
    assert mine.find_work("grid", TOKEN) is None
    assert len(other.entries()) > 3 < len(mine.entries())
