"""Names for files: on every disk, for every text, and none that Windows keeps for itself."""

import random
import unicodedata

import pytest

from styleshot_demo import names


def test_a_name_as_a_person_would_choose_it():
    assert names.made_of("Chelsea, the cat", "fast", "seed7", suffix=".png") == "Chelsea-the-cat-fast-seed7.png"
    assert names.made_of("一个红苹果", "small", "seed0", suffix=".png") == "一个红苹果-small-seed0.png"
    assert names.made_of("a", "", "strength0.5", suffix=".webp") == "a-strength0.5.webp"


@pytest.mark.parametrize("letter", ["𝒳", "𠮷", "字", "é", "a", "🍎", "\udcff", "e\u0301"])
@pytest.mark.parametrize("count", [1, 59, 60, 61, 62, 300])
def test_no_text_makes_a_name_that_a_disk_refuses(tmp_path, letter, count):
    name = names.made_of(letter * count, "styleshot-strength0.25", "seed4294967295", suffix=".png")
    assert len(name.encode()) <= names.LONGEST < 143  # encrypted home folders take 143 bytes
    assert name.endswith("-styleshot-strength0.25-seed4294967295.png")
    (tmp_path / name).write_text("")


@pytest.mark.parametrize(
    "stem", ["CON", "nul", "aux.txt", "Com1", "LPT9", "com¹", "con.fast", "CONIN$", "trailing. ", ".", "..", "", "///"]
)
@pytest.mark.parametrize("ends", [(), ("fast", "seed0")])
def test_no_name_is_one_that_windows_keeps_for_itself(stem, ends):
    name = names.made_of(stem, *ends, suffix=".png")
    assert name.split(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "COM¹", "LPT9", "CONIN$"}
    assert not name.startswith(".") and name.removesuffix(".png")[-1] not in ". "
    assert not set(name) & set('<>:"/\\|?*') and name.endswith(".png") and len(name) > 4


def test_names_of_random_texts_hold_only_what_every_system_takes():
    draw = random.Random(0)
    for _ in range(2000):
        text = "".join(chr(draw.choice([draw.randrange(0x80), draw.randrange(0x110000)])) for _ in range(90))
        name = names.made_of(text, "fast", suffix=".png")
        assert len(name.encode()) <= names.LONGEST
        assert all(sign in "-_." or unicodedata.category(sign)[0] in "LNM" or sign == "_" for sign in name), name


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("C:\\a\\b.jpg", "b"), ("C:b.jpg", "b"), ("/tmp/x/b.tar.jpg", "b.tar"), ("b", "b"), ("", ""), (None, ""),
        ("\\\\server\\share\\folder\\b.png", "b"), ("folder/.hidden", ".hidden"), ("a/b\\c.png", "c"),
    ],
)  # fmt: skip
def test_a_stem_is_found_whatever_system_a_name_comes_from(name, stem):
    assert names.stem_of(name) == stem
