"""What was being worked on: kept over a restart for its visitor alone, and bounded beside results."""

import pytest
from PIL import Image

from styleshot_demo import provenance
from styleshot_demo.history import Histories, new_visitor

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


def test_another_lies_beside_it_the_oldest_goes_and_clearing_takes_all_out(tmp_path, cell):
    mine = Histories(tmp_path / "kept", 1).of(new_visitor())
    mine.keep_work("grid", TOKEN, {}, {"one.png": cell})
    mine.keep_work("grid", TOKEN, {}, {"one.png": cell, "two.png": cell, "gone.png": tmp_path / "gone.png"})
    _, folder = found(mine)
    assert sorted(path.name for path in folder.iterdir()) == ["one.png", "state.json", "two.png"]
    mine.keep_work("grid", "b" * 32, {}, {"three.png": cell})
    mine.keep_work("grid", TOKEN, {}, {"one.png": cell})  # of two windows that take turns
    mine.keep_work("grid", "c" * 32, {}, {"three.png": cell})
    mine.keep_work("other", "d" * 32, {}, {"three.png": cell})
    assert (found(mine)[1] / "one.png").is_file() and (found(mine, "b" * 32)[1] / "three.png").is_file()
    mine.keep_work("grid", "e" * 32, {}, {"three.png": cell})
    assert [mine.find_work("grid", token * 32) is not None for token in "abce"] == [True, False, True, True]
    assert mine.find_work("other", "d" * 32) is not None and mine.has_work()
    mine.clear()
    assert mine.find_work("grid", TOKEN) is None and not folder.exists() and not mine.has_work()


def noise(tmp_path, seed):
    """A result of a few kilobytes."""
    picture = tmp_path / f"{seed}.png"
    provenance.write(Image.effect_noise((32, 32), 50).convert("RGB"), picture, None)
    return picture


def test_it_is_bounded_and_what_comes_first_stays(tmp_path, cell):
    mine = Histories(tmp_path / "kept", 48_000 / 1e9).of(new_visitor())
    mine.keep_work("grid", TOKEN, {}, {"one.png": cell, "photo.png": cell})  # 3,000 for one visitor
    assert sorted(path.name for path in found(mine)[1].glob("*.png")) == ["one.png", "photo.png"]
    mine.keep_work("grid", TOKEN, {}, {"one.png": cell, "two.png": cell, "photo.png": cell})
    assert sorted(path.name for path in found(mine)[1].glob("*.png")) == ["one.png", "two.png"]


def test_in_a_full_history_it_is_kept_and_takes_no_others_away(tmp_path, cell):
    root = tmp_path / "kept"
    histories = Histories(root, 80_000 / 1e9)
    mine, other = (histories.of(new_visitor()) for _ in range(2))
    for seed in range(60):
        (mine, other)[seed % 2].add(noise(tmp_path, seed))
    results = [len(one.entries()) for one in (mine, other)]
    files = {f"{number}.png": cell for number in range(4)}
    other.keep_work("grid", TOKEN, {}, files)
    mine.keep_work("grid", TOKEN, {}, files)
    assert len(list(found(mine)[1].glob("*.png"))) == len(list(found(other)[1].glob("*.png"))) == 4
    assert [len(one.entries()) for one in (mine, other)] == results and size_of(root) <= 80_000
    third = histories.of(new_visitor())
    third.keep_work("grid", TOKEN, {}, files)
    assert other.find_work("grid", TOKEN) is None  # the oldest
    assert mine.find_work("grid", TOKEN) and third.find_work("grid", TOKEN)
    for seed in range(60, 90):
        (mine, other)[seed % 2].add(noise(tmp_path, seed))
    assert mine.find_work("grid", TOKEN) and size_of(root) <= 82_000
