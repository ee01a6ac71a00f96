"""Styles kept in a folder: what goes in comes out, and nothing is lost."""

import errno
import io
import json
import os
import random
import shutil
import subprocess
import sys
import weakref
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from styleshot_demo import ClassicalJob, Settings, pictures
from styleshot_demo.errors import Problem
from styleshot_demo.library import MAX_PICTURES, Library, bundled, packing, search, shelf
from styleshot_demo.library.computed import read, write
from styleshot_demo.library.stylefile import StyleFile
from styleshot_demo.settings import ASSETS

STYLES = ASSETS / "styles"
BATIK, WOODCUT = STYLES / "batik.jpg", STYLES / "woodcut.jpg"


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / "styles")


def problem(action, *arguments, **named):
    with pytest.raises(Problem) as caught:
        action(*arguments, **named)
    return caught.value.key


def test_the_styles_that_come_with_the_program_come_first_and_stay(library):
    library.save("A first one", [(BATIK, 1.0)])
    assert [entry.read_only for entry in library.styles()] == [True] * 16 + [False]
    impasto = library.find("厚涂油画:晚风中的柏树")
    assert impasto.key == "oil-impasto" and impasto is library.find("Oil-Impasto")
    assert problem(library.change, impasto.key, "Mine") == "style_read_only"
    assert problem(library.delete, impasto.key) == "style_read_only"
    assert problem(library.save, impasto.name, [(BATIK, 1.0)]) == "style_taken"
    ((image, weight),) = impasto.used()
    assert weight == 1 and pictures.digest(image) == pictures.digest(pictures.open_picture(STYLES / "oil-impasto.jpg"))


def test_a_style_comes_back_as_it_was_saved(library, tmp_path):
    drawing = tmp_path / "drawing.png"
    Image.radial_gradient("L").convert("RGB").save(drawing)
    saved = library.save(
        "  House\tstyle ", [(BATIK, 2.0), (drawing, 0.5)], "brand, 蓝色，brand", "for posters", strength=0.7
    )
    found = Library(library.folder).find("house STYLE")
    assert found.style == saved.style and found.name == "House style"
    assert (found.style.tags, found.style.note, found.style.strength) == (("brand", "蓝色"), "for posters", 0.7)
    assert [weight for _, weight in found.used()] == [2.0, 0.5]
    for (image, _), path in zip(found.used(), (BATIK, drawing), strict=True):
        assert image.tobytes() == pictures.open_picture(path).tobytes()
        assert image.info["file_name"] == path.name
    assert ClassicalJob(BATIK, found.used()).settings()["style_weights"] == [2.0, 0.5]
    with Image.open(io.BytesIO(found.thumbnail())) as thumbnail:
        assert thumbnail.size == (192, 192)


def test_where_a_photo_was_taken_does_not_go_along(library, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif.get_ifd(0x8825)[1] = "N"
    photo = tmp_path / "photo.jpg"
    Image.linear_gradient("L").convert("RGB").save(photo, exif=exif, comment=b"Secret Comment")
    entry = library.save("Street", [(photo, 1.0)])
    assert b"Secret" in photo.read_bytes() and b"Secret" not in entry.path.read_bytes()
    assert entry.used()[0][0].tobytes() == pictures.open_picture(photo).tobytes()


def test_turned_and_large_pictures_are_kept_as_they_are_seen(library, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned, large = tmp_path / "turned.jpg", tmp_path / "large.jpg"
    Image.linear_gradient("L").resize((64, 32)).convert("RGB").save(turned, exif=exif)
    Image.linear_gradient("L").resize((3000, 1500)).convert("RGB").save(large)
    (first, _), (second, _) = library.save("Both", [(turned, 1.0), (large, 1.0)]).used()
    assert first.size == (32, 64) and first.tobytes() == pictures.open_picture(turned).tobytes()
    assert second.size == (2048, 1024)


def test_rename_delete_and_undo(library):
    key = library.save("One", [(BATIK, 1.0), (WOODCUT, 3.0)], "cloth").key
    changed = library.change(key, "Two", note="new")
    assert (changed.name, changed.style.tags, changed.style.note) == ("Two", ("cloth",), "new")
    assert [weight for _, weight in changed.used()] == [1.0, 3.0]
    assert problem(library.find, "One") == "style_unknown"
    library.save("Three", [(BATIK, 1.0)])
    assert problem(library.change, key, "three") == "style_taken"
    assert library.change(key, "TWO").name == "TWO"  # its own name, written otherwise
    token = library.delete(key)
    assert [entry.name for entry in library.styles() if not entry.read_only] == ["Three"]
    library.save("Two", [(WOODCUT, 1.0)])  # the name is free meanwhile
    back = library.restore(token)
    assert back.name == "TWO 2" and [weight for _, weight in back.used()] == [1.0, 3.0]
    assert problem(library.restore, token) == "style_gone"
    assert problem(library.restore, "../styles/Three.style.zip") == "style_gone"
    assert not list(library.folder.glob(".*.part"))


def plain(count, start=0):
    return [Image.new("RGB", (40, 40), (17 * number % 256, 90, 200)) for number in range(start, start + count)]


def test_a_style_grows_and_is_on_undo_what_it_was(library):
    before = library.save("Brand", [(image, 2.0) for image in plain(3)], "cloth", "old", 0.5)
    write(before.path, 0, {"key": {"part": torch.zeros(1)}})
    entry, token = library.extend(before.key, [(WOODCUT, None), *((image, 1.0) for image in plain(2, 3))])
    assert (entry.key, entry.name, entry.style.strength) == (before.key, "Brand", 0.5)
    assert entry.style.pictures[3].name == "woodcut.jpg"
    assert [picture.weight for picture in entry.style.pictures] == [2, 2, 2, 2, 1, 1]
    # The four most typical of all stand for all, and nothing is left of what was computed of three of them.
    assert len(entry.style.used) == 4 and all(picture.typical for picture in entry.style.pictures)
    assert sum(len(image.info["kept"].members) or 1 for image, _ in entry.used()) == 6 and not read(entry.path)
    with StyleFile(entry.path) as now, StyleFile(library.folder / ".trash" / token) as old:
        assert all(now.read(picture.file) == old.read(picture.file) for picture in before.style.pictures)
        now.check()
    # What else was changed meanwhile stays.
    library.change(entry.key, "Label", note="new")
    back = library.restore()
    assert (back.key, back.name, back.style.note, back.style.tags) == (entry.key, "Label", "new", ("cloth",))
    assert back.style.pictures == before.style.pictures and read(back.path)
    assert problem(library.restore, token) == "style_gone"
    # Of one that was deleted since comes back what it was.
    _, token = library.extend(back.key, [(BATIK, None)])
    library.delete(back.key)
    assert [picture.weight for picture in library.restore(token).style.pictures] == [2, 2, 2]
    assert not list(library.folder.glob(".*.part"))


def test_pictures_that_were_named_for_a_style_stay_those_that_jobs_get(library):
    key = library.save("Chosen", [(image, 1.0) for image in plain(6)], use=[1, 4]).key
    entry, _ = library.extend(key, [(WOODCUT, None)])
    assert [place for place, picture in enumerate(entry.style.pictures) if picture.used] == [1, 4]
    entry, _ = library.extend(key, [(BATIK, None)], use=[6, 7])
    assert [image.info["file_name"] for image, _ in entry.used()] == ["woodcut.jpg", "batik.jpg"]
    # Also where all were named; of those that nobody named all count.
    for name, use, chosen in (("All", [0, 1], [0, 1]), ("None", None, None)):
        key = library.save(name, [(image, 1.0) for image in plain(2)], use=use).key
        grown, _ = library.extend(library.change(key, f"{name} 2").key, [(image, None) for image in plain(4, 2)])
        assert Library(library.folder).find(key).style.chosen == chosen
        assert len(grown.style.used) == (2 if chosen else 4)
        assert library.restore().style.chosen == chosen


def test_what_cannot_be_added_leaves_a_style_as_it_was(library, tmp_path):
    key = library.save("Brand", [(image, 1.0) for image in plain(198)]).key
    before = (library.folder / key).read_bytes()
    (tmp_path / "broken.png").write_bytes(b"\x89PNG and no more")
    for styles, told in (
        ([], "style_needed"),
        ([(image, 1.0) for image in plain(3)], "too_many_style_pictures"),
        ([(BATIK, 1.0), (tmp_path / "broken.png", 1.0)], "not_a_picture"),
        ([(BATIK, -1.0)], "out_of_range"),
    ):
        assert problem(library.extend, key, styles) == told
    assert problem(library.extend, "batik", [(BATIK, 1.0)]) == "style_read_only"
    small = Library(library.folder, len(before) / 1e9)
    assert problem(small.extend, key, [(BATIK, 1.0)]) == "library_full"
    assert (library.folder / key).read_bytes() == before and not library.deleted()
    assert not list(library.folder.glob(".*.part"))


def test_who_adds_pictures_meanwhile_loses_none(library, monkeypatch):
    key = library.save("Brand", [(image, 1.0) for image in plain(2)]).key
    pack, others = packing.pack, [plain(1, 7)]

    def slowly(*given):
        packed = pack(*given)
        if others:
            library.extend(key, [(image, None) for image in others.pop()])
        return packed

    monkeypatch.setattr(packing, "pack", slowly)
    entry, _ = library.extend(key, [(WOODCUT, None)])
    assert [picture.name for picture in entry.style.pictures] == ["", "", "", "woodcut.jpg"]


def test_a_brand_of_two_hundred_pictures_is_used_by_its_four_most_typical(library, tmp_path):
    chance = random.Random(3)
    made = []
    for number in range(MAX_PICTURES):
        path = tmp_path / f"{number:03d}.png"
        kinds = ((200, 30, 30), (30, 160, 40), (40, 60, 200))
        colour = tuple(min(255, max(0, part + chance.randint(-20, 20))) for part in kinds[number % 3])
        Image.new("RGB", (24, 24), colour).save(path)
        made.append((path, 1.0))
    entry = library.save("Brand", made)
    used = [place for place, picture in enumerate(entry.style.pictures) if picture.used]
    assert len(entry.style.pictures) == MAX_PICTURES and len(used) == 4 == len(entry.used())
    assert {place % 3 for place in used} == {0, 1, 2}  # each kind has one that speaks for it
    chosen = library.save("Chosen", made[:9], use=[8, 2])
    assert [picture.used for picture in chosen.style.pictures] == [False, False, True] + [False] * 5 + [True]
    assert problem(library.save, "More", [*made, made[0]]) == "too_many_style_pictures"


def test_two_hundred_pictures_go_in_out_and_in_again_one_at_a_time(library, tmp_path, monkeypatch):
    """As a brand would: photos of some size, of which no more than two are ever in memory at once."""
    photo = pictures.fit_longest(pictures.open_picture(BATIK), 256)
    made = []
    for number in range(MAX_PICTURES):
        path = tmp_path / f"{number:03d}.jpg"
        photo.crop((number % 14, number // 14, 200 + number % 14, 200 + number // 14)).save(path, quality=80)
        made.append((path, 1.0))
    alive: list[weakref.ref] = []
    most = 0

    def counted(source):
        nonlocal most
        image = open_picture(source)
        alive.append(weakref.ref(image))
        most = max(most, sum(one() is not None for one in alive))
        return image

    open_picture = pictures.open_picture
    monkeypatch.setattr(pictures, "open_picture", counted)
    entry = library.save("Brand", made)
    exported = library.export(entry.key, tmp_path)
    again = Library(tmp_path / "others").add(exported)
    monkeypatch.undo()
    assert len(alive) >= 2 * MAX_PICTURES and most <= 2
    assert again.style == entry.style and len(again.style.pictures) == MAX_PICTURES
    with StyleFile(again.path) as file:
        for picture, (path, _) in zip(again.style.pictures, made, strict=True):
            assert pictures.digest(file.picture(picture.file)) == pictures.digest(pictures.open_picture(path))
    assert len(ClassicalJob(WOODCUT, again.used()).styles) == 4


def test_all_styles_together_have_a_limit(tmp_path):
    one = Library(tmp_path / "styles").save("One", [(BATIK, 1.0)])
    size = one.path.stat().st_size
    library = Library(tmp_path / "styles", 2.5 * size / 1e9)
    two = library.save("Two", [(BATIK, 1.0)])
    assert problem(library.save, "Three", [(BATIK, 1.0)]) == "library_full"
    assert problem(library.add, one.path) == "library_full"
    assert [entry.name for entry in library.styles() if not entry.read_only] == ["One", "Two"]
    assert not list(library.folder.glob(".*.part"))
    assert library.change(two.key, "Second").name == "Second", "it takes the place of its own"
    # What was deleted can be brought back as long as nobody needs the room.
    token = library.delete(one.key)
    assert library.restore(token).name == "One"
    token = library.delete(one.key)
    library.save("Three", [(BATIK, 1.0)])
    assert problem(library.restore, token) == "style_gone" and library.deleted() == []


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("", [(BATIK, 1)]), "style_nameless"),
        (("x" * 81, [(BATIK, 1)]), "style_nameless"),
        (("x", []), "style_needed"),
        (("x", [(BATIK, 0)]), "weights_all_zero"),
        (("x", [(BATIK, 101)]), "out_of_range"),
        (("x", [(BATIK, 1)], ["t" * 41]), "style_tags"),
        (("x", [(BATIK, 1)], (), "n" * 1001), "text_too_long"),
        (("x", [(BATIK, 1)], (), "", 2.5), "out_of_range"),
        (("x", [(BATIK, 1)], (), "", 1, [1]), "out_of_range"),
        (("x", [(BATIK, 1)] * 5, (), "", 1, range(5)), "too_many_styles"),
        (("x", [(STYLES / "index.json", 1)]), "not_a_picture"),
        (("batik", [(STYLES / "nowhere.png", 1)]), "picture_missing"),
    ],
)
def test_what_cannot_be_kept_is_told_and_leaves_nothing(library, arguments, key):
    assert problem(library.save, *arguments) == key
    assert len(library.styles()) == 16
    assert not library.folder.exists() or {path.name for path in library.folder.iterdir()} <= {".lock"}


def test_words_are_found_in_names_tags_and_notes_of_both_languages(library):
    library.save("Winter poster", [(BATIK, 1.0)], "Brand", "cold ＢＬＵＥ")
    found = lambda words: [entry.name for entry in search(library.styles(), words)]  # noqa: E731
    assert found("POSTER brand") == found("blue cold") == ["Winter poster"]
    assert found("蜡染") == ["Batik: lotus and birds on indigo"]
    assert len(found("  ")) == 17 and found("poster nothing") == []


def test_exported_styles_are_taken_in_by_another_library(library, tmp_path):
    entry = library.save("One/Two: ☂", [(BATIK, 2.0), (WOODCUT, 1.0)], "cloth", strength=1.5)
    file = library.export(entry.key, tmp_path)
    assert file.name == "One-Two.style.zip"
    other = Library(tmp_path / "other")
    taken = other.add(file)
    assert taken.style == entry.style
    assert other.add(file).name == "One/Two: ☂ 2"
    built_in = other.add(library.export("batik", tmp_path / "batik.style.zip"))
    assert built_in.name.endswith(" 2") and built_in.used()[0][0].tobytes() == pictures.open_picture(BATIK).tobytes()
    with zipfile.ZipFile(file) as opened:
        assert json.loads(opened.read("style.json"))["name"] == "One/Two: ☂"


def test_what_somebody_else_changed_in_a_shared_folder_is_seen(library):
    other = Library(library.folder)
    key = library.save("Ours", [(BATIK, 1.0)]).key
    assert other.find("Ours").key == key
    other.change(key, "Theirs")
    assert library.find("Theirs").key == key
    (library.folder / "broken.style.zip").write_bytes(b"PK\3\4 and then nothing that a zip has")
    assert len(library.styles()) == 17
    assert [found.key for found in library.unreadable()] == ["style_file_damaged"]


def test_programs_that_save_at_once_do_not_overwrite_each_other(library):
    code = """
import sys
from styleshot_demo.library import Library
from styleshot_demo.errors import Problem
for number in range(6):
    try:
        Library(__import__("pathlib").Path(sys.argv[1])).save(f"Same {number}", [(sys.argv[2], 1.0)], sys.argv[3])
    except Problem as problem:
        assert problem.key == "style_taken", problem
"""
    running = [subprocess.Popen([sys.executable, "-c", code, library.folder, BATIK, tag]) for tag in ("a", "b")]
    assert [process.wait(60) for process in running] == [0, 0]
    own = [entry for entry in library.styles() if not entry.read_only]
    assert sorted(entry.name for entry in own) == [f"Same {number}" for number in range(6)]


def test_without_a_folder_there_are_only_those_that_come_with_the_program():
    library = Library(None)
    assert library.styles() == list(bundled())
    assert problem(library.save, "x", [(BATIK, 1.0)]) == "library_off"


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").touch()
    assert problem(Library(tmp_path / "file" / "styles").save, "x", [(BATIK, 1.0)]) == "not_a_folder"
    assert len(Library(tmp_path / "file").styles()) == 16


def test_where_styles_are_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    read = Settings.from_environment
    if sys.platform == "linux":
        assert read({}).library == tmp_path / "styleshot_demo" / "styles"
    assert read({"SPACE_ID": "a/b"}).library is None
    assert read({"SPACE_ID": "a/b", "STYLESHOT_LIBRARY": "/data/styles"}).library == Path("/data/styles")
    assert read({"STYLESHOT_LIBRARY": "Off"}).library is None
    assert problem(read, {"STYLESHOT_LIBRARY": __file__}) == "bad_setting"


def test_undo_of_what_one_added_keeps_what_another_added_since(tmp_path):
    library = Library(tmp_path / "kept")
    red, blue, green = (Image.new("RGB", (64, 64), colour) for colour in ("red", "blue", "green"))
    key = library.save("A", [(red, 1.0)]).key
    _, first = library.extend(key, [(blue, None)])
    library.extend(key, [(green, None)])
    undone = library.restore(first)
    assert (len(undone.style.pictures), len(library.find("A").style.pictures)) == (1, 3) and undone.name != "A"


def test_undo_of_what_was_added_keeps_another_style_of_that_name(tmp_path):
    library = Library(tmp_path / "kept")
    red, blue, green = (Image.new("RGB", (64, 64), colour) for colour in ("red", "blue", "green"))
    key = library.save("A", [(red, 1.0)]).key
    _, added = library.extend(key, [(blue, None)])
    library.delete(key)
    other = library.save("A", [(green, 1.0)])
    assert other.key == key and library.restore(added).name != "A"
    assert library.find("A").style.pictures == other.style.pictures


def no_room_for_copies(source, target):
    """As a disk does that is full after the first bytes."""
    Path(target).write_bytes(Path(source).read_bytes()[:100])
    raise OSError(errno.ENOSPC, "full")


@pytest.mark.parametrize("broken", ["copy", "rename"])
def test_what_cannot_be_put_aside_leaves_the_style_and_what_was_deleted_before(library, monkeypatch, broken):
    for number in range(2):
        library.delete(library.save(f"Old {number}", [(image, 1.0) for image in plain(1)]).key)
    entry = library.save("Brand", [(image, 1.0) for image in plain(2)])
    before, deleted = entry.path.read_bytes(), library.deleted()
    monkeypatch.setattr(shelf, "_TRASHED", 1)
    monkeypatch.setattr(os, "link", refused)  # as on a disk that knows no links
    if broken == "copy":
        monkeypatch.setattr(shutil, "copyfile", no_room_for_copies)
    else:
        monkeypatch.setattr(os, "replace", refused)
        assert problem(library.delete, entry.key) == "cannot_write"
    told = "no_space_left" if broken == "copy" else "cannot_write"
    assert problem(library.extend, entry.key, [(WOODCUT, None)]) == told
    assert entry.path.read_bytes() == before and library.deleted() == deleted
    assert sorted(path.name for path in (library.folder / ".trash").iterdir()) == sorted(deleted)
    assert not list(library.folder.glob(".*.part"))


def refused(*given, **named):
    raise OSError(errno.EIO, "refused")


def test_the_undo_that_was_just_handed_out_is_there_whatever_goes_to_make_room(library, monkeypatch):
    entry = library.save("Brand", [(image, 1.0) for image in plain(2)])
    monkeypatch.setattr(shelf, "_TRASHED", 1)
    # Some were deleted by a machine whose clock is wrong.
    ahead = library.folder / ".trash" / f"{9 * 10**19}-Other.style.zip"
    library.delete(library.save("Old", [(image, 1.0) for image in plain(1)]).key)
    (library.folder / ".trash" / library.deleted()[0]).rename(ahead)
    _, token = library.extend(entry.key, [(WOODCUT, None)])
    assert library.deleted() == [token] and len(library.restore(token).style.pictures) == 2
    # Where there is no room for both, none is promised.
    size = len(entry.path.read_bytes())
    small = Library(library.folder, (2 * size + WOODCUT.stat().st_size) / 1e9)
    more, token = small.extend(entry.key, [(WOODCUT, None)])
    assert token is None and len(more.style.pictures) == 3 and not library.deleted()
    token = small.delete(more.key)
    assert len(small.restore(token).style.pictures) == 3
