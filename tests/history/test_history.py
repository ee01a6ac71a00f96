"""What is kept for a visitor: found again, bounded, deleted and brought back; nobody else sees it."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest
from PIL import Image

from styleshot_demo import pictures, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.history import Histories, is_visitor, new_visitor, room
from styleshot_demo.settings import Settings


@pytest.fixture
def root(tmp_path):
    return tmp_path / "history"


@pytest.fixture
def histories(root):
    return Histories(root, 1)


@pytest.fixture
def mine(histories):
    return histories.of(new_visitor())


@pytest.fixture
def paint(tmp_path):
    """paint(seed) -> a result with its record."""

    def make(seed, size=(48, 32), name="photo-fast.png"):
        folder = tmp_path / f"cache-{seed}"
        folder.mkdir(exist_ok=True)
        path = folder / name
        if path.exists():
            return path
        image = Image.effect_noise(size, 50 + seed).convert("RGB")
        provenance.write(image, path, provenance.record({"method": "fast", "strength": 0.5}, {}, seed))
        return path

    return make


def problem(call, *arguments, **more):
    with pytest.raises(Problem) as caught:
        call(*arguments, **more)
    return caught.value.key


def keys(history):
    return [entry.key for entry in history.entries()]


def test_a_result_is_kept_with_its_settings_and_a_thumbnail_and_found_by_another_program(root, paint):
    visitor, path = new_visitor(), paint(7, size=(640, 320))
    kept = Histories(root, 1).of(visitor).add(path)
    path.unlink()
    [found] = Histories(root, 1).of(visitor).entries()
    assert found == kept
    assert (found.name, found.size, found.made_by.seed) == ("photo-fast.png", (640, 320), 7)
    assert found.made_by.settings["strength"] == 0.5
    assert Image.open(found.thumbnail).size == (320, 160)
    found.thumbnail.unlink()
    assert Image.open(found.with_thumbnail()).size == (320, 160)
    if os.name == "posix":
        assert all(folder.stat().st_mode & 0o077 == 0 for folder in (root, found.path.parent))


def test_another_visitor_sees_nothing_and_finds_nothing_by_a_key(histories, mine, paint):
    key = mine.add(paint(1)).key
    other = histories.of(new_visitor())
    assert other.entries() == []
    for call in (other.find, other.delete, lambda key: other.mark(key, True)):
        assert problem(call, key) == "history_gone"
    assert keys(mine) == [key]


@pytest.mark.parametrize(
    "hostile", ["", "../x", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" * 64, "٣" * 64, None, 7, ["a"]]
)
def test_what_is_no_id_never_becomes_a_folder(histories, root, hostile):
    assert problem(histories.of, hostile) == "history_nobody"
    assert not root.exists()
    assert is_visitor(new_visitor()) and new_visitor() != new_visitor()


@pytest.mark.parametrize("hostile", ["", "../../secret", "a" * 31, "*" * 32, "A" * 32, None, 3, "index", ".trash"])
def test_what_is_no_key_and_no_token_is_gone(mine, root, paint, hostile):
    mine.add(paint(1))
    (root.parent / "secret").mkdir()
    for call in (mine.find, mine.delete, mine.restore):
        assert problem(call, hostile) == "history_gone"
    assert len(mine.entries()) == 1


def test_the_same_picture_is_one_entry_and_becomes_the_newest(mine, paint):
    first, second = mine.add(paint(1)), mine.add(paint(2))
    mine.mark(first.key, True)
    assert keys(mine) == [second.key, first.key]
    mine.add(paint(1))
    assert keys(mine) == [first.key, second.key]
    assert mine.find(first.key).favourite


def test_a_draft_takes_the_place_of_the_draft_before_it_alone(mine, paint):
    run = mine.add(paint(1))
    mine.add(paint(2), draft=True)
    last = mine.add(paint(3), draft=True)
    assert keys(mine) == [last.key, run.key]
    mine.mark(last.key, True)
    new = mine.add(paint(4), draft=True)
    assert keys(mine) == [new.key, last.key, run.key]
    mine.add(paint(1), draft=True)  # it is there already, and no draft
    assert keys(mine) == [run.key, new.key, last.key]
    another = mine.add(paint(5))
    draft = mine.add(paint(6), draft=True)
    assert keys(mine) == [draft.key, another.key, run.key, new.key, last.key]


def test_the_oldest_go_first_and_favourites_stay(mine, paint, monkeypatch):
    monkeypatch.setattr(room, "MAX_ENTRIES", 3)
    made = [mine.add(paint(1)).key]
    mine.mark(made[0], True)
    made += [mine.add(paint(seed)).key for seed in range(2, 7)]
    assert keys(mine) == [made[5], made[4], made[0]]
    assert len(list(mine.find(made[0]).path.parent.glob("*.jpg"))) == 3  # thumbnails go with their pictures


def disk(root):
    return sum(path.stat().st_size for path in root.rglob("*") if path.suffix in (".png", ".jpg"))


def test_all_histories_together_stay_below_the_limit(root, paint):
    one_size = paint(1, size=(150, 150)).stat().st_size
    limit = 12 * one_size
    histories = Histories(root, limit / 1e9)
    visitors = [histories.of(new_visitor()) for _ in range(4)]
    favourite = visitors[0].add(paint(1, size=(150, 150))).key
    visitors[0].mark(favourite, True)
    for seed in range(2, 30):
        visitors[seed % 4].add(paint(seed, size=(150, 150)))
        assert disk(root) <= limit
    assert favourite in keys(visitors[0])
    assert all(len(keys(visitor)) >= 1 for visitor in visitors[1:])
    greedy = histories.of(new_visitor())
    for seed in range(30, 45):
        greedy.add(paint(seed, size=(150, 150)))
    assert disk(root) <= limit
    assert 1 < len(keys(greedy)) <= 6  # half of it at most


def test_folders_of_others_beside_the_histories_stay(root, mine, paint):
    """A host may name a folder that holds more than this."""
    others = [root / path for path in ("models/weights.bin", "styles/.trash/old/style.zip", f"{'f' * 39}/x")]
    for path in others:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
        os.utime(path.parent, (0, 0))
    (root / ("e" * 40)).mkdir()  # of a visitor, and empty
    mine.add(paint(1))
    assert all(path.read_bytes() == b"x" for path in others)
    assert not (root / ("e" * 40)).exists()


def test_a_visitor_who_is_new_keeps_while_another_makes_room(root, paint):
    """Two programs, or two threads: an empty folder is deleted only by who holds the lock, and made by who does."""
    both = [Histories(root, 1).of(new_visitor()) for _ in range(2)]
    paths = [paint(seed) for seed in range(8)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda n: [both[n].add(path) for path in paths], range(2)))
    assert [len(keys(one)) for one in both] == [8, 8]


def test_only_pngs_are_kept(mine, paint, tmp_path):
    with Image.open(paint(1)) as image:
        image.save(tmp_path / "photo.jpg")
    assert problem(mine.add, tmp_path / "photo.jpg") == "not_a_picture" and keys(mine) == []


def test_on_a_full_disk_nothing_that_was_kept_is_lost(mine, paint):
    kept = mine.add(paint(1))
    mine.mark(kept.key, True)
    with mock.patch.object(pictures, "write_bytes", side_effect=Problem("cannot_write")):
        assert problem(mine.add, paint(1)) == "cannot_write"
    assert keys(mine) == [kept.key] and mine.entries()[0].favourite


def test_what_was_deleted_makes_room_too(root, paint):
    size = paint(1, size=(150, 150)).stat().st_size
    histories = Histories(root, 8 * size / 1e9)
    for seed in range(1, 30):
        visitor = histories.of(new_visitor())
        visitor.add(paint(seed, size=(150, 150)))
        visitor.clear()
        assert disk(root) <= 9 * size


def test_favourites_have_a_limit(mine, paint, monkeypatch):
    from styleshot_demo.history import visitor

    monkeypatch.setattr(visitor, "MAX_FAVOURITES", 2)
    made = [mine.add(paint(seed)).key for seed in (1, 2, 3)]
    mine.mark(made[0], True)
    mine.mark(made[1], True)
    assert problem(mine.mark, made[2], True) == "history_favourites"
    mine.mark(made[0], False)
    mine.mark(made[2], True)
    assert [entry.favourite for entry in mine.entries()] == [True, True, False]


def test_deleting_and_clearing_can_be_undone_until_the_next(mine, paint):
    made = [mine.add(paint(seed)).key for seed in (1, 2, 3)]
    mine.mark(made[1], True)
    before = mine.entries()
    token = mine.delete(made[1])
    assert keys(mine) == [made[2], made[0]]
    assert mine.restore(token) == 1
    assert mine.entries() == before
    assert problem(mine.restore, token) == "history_gone"
    first, second = mine.delete(made[0]), mine.clear()
    assert mine.entries() == []
    assert problem(mine.restore, first) == "history_gone"
    assert mine.restore(second) == 2
    assert mine.entries() == before[:2]


def test_what_was_deleted_is_gone_for_good_after_an_hour(mine, root, paint):
    mine.add(paint(1))
    token = mine.clear()
    [batch] = root.glob("*/.trash/*")
    old = time.time() - 3601
    os.utime(batch, (old, old))
    mine.entries()
    assert problem(mine.restore, token) == "history_gone"
    assert not list(root.rglob("*.png"))


def test_broken_and_foreign_files_are_left_out(mine, paint):
    kept = mine.add(paint(1))
    folder = kept.path.parent
    half = folder / f"{'b' * 32}-half.png"
    half.write_bytes(kept.path.read_bytes()[:20])
    (folder / f"{'c' * 32}-text.png").write_text("no picture")
    (folder / "foreign.png").write_bytes(kept.path.read_bytes())
    (folder / f"{'d' * 32}-folder.png").mkdir()
    (folder / "index.json").write_text('{"favourites": [["x"], "../y"], "draft": 7')
    assert keys(mine) == [kept.key]
    mine.mark(kept.key, True)
    assert mine.find(kept.key).favourite
    plain = folder / f"{'e' * 32}-plain.png"
    Image.new("RGB", (20, 30)).save(plain)
    assert {entry.made_by is None for entry in mine.entries()} == {True, False}


def test_what_is_no_picture_is_not_kept(mine, tmp_path):
    (tmp_path / "no.png").write_text("nothing")
    assert problem(mine.add, tmp_path / "no.png") == "not_a_picture"
    assert mine.entries() == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path, paint):
    (tmp_path / "file").write_text("in the way")
    assert problem(Histories(tmp_path / "file" / "x", 1).of(new_visitor()).add, paint(1)) == "cannot_write"


def test_the_settings_name_the_folder_and_its_size(tmp_path):
    def read(**environ):
        return Settings.from_environment(environ)

    assert read().history.name == "history" and read().history_gb == 2
    assert read(STYLESHOT_HISTORY="OFF").history is None
    assert read(STYLESHOT_HISTORY=str(tmp_path), STYLESHOT_HISTORY_GB="0.5").history == tmp_path
    assert problem(read, STYLESHOT_HISTORY=__file__) == "bad_setting"
    assert problem(read, STYLESHOT_HISTORY_GB="0") == "bad_setting"
