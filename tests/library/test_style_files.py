"""Style files from strangers: read up to their limits, never run, never unpacked, and refused with a reason."""

import io
import json
import struct
import zipfile

import pytest
from PIL import Image

from styleshot_demo.errors import Problem
from styleshot_demo.library import Library, stylefile
from styleshot_demo.library.stylefile import StyleFile
from styleshot_demo.settings import ASSETS

PICTURE = (ASSETS / "styles" / "batik.jpg").read_bytes()
GOOD = {
    "style.json": json.dumps({"name": "Good", "pictures": [{"file": "pictures/001.jpg"}]}).encode(),
    "thumbnail.jpg": PICTURE,
    "pictures/001.jpg": PICTURE,
}


@pytest.fixture
def write(tmp_path):
    """`write(entries)`: a zip of those (name, bytes) pairs."""

    def make(entries, packed=zipfile.ZIP_STORED):
        path = tmp_path / "given.style.zip"
        with zipfile.ZipFile(path, "w", packed) as target:
            for name, data in dict(entries).items() if isinstance(entries, dict) else entries:
                target.writestr(name, data)
        return path

    return make


@pytest.fixture
def refused(tmp_path):
    """`refused(path)`: the key of the problem; nothing may have come into the library, or out of the zip."""

    def add(path):
        before = set(tmp_path.rglob("*"))
        library = Library(tmp_path / "library")
        with pytest.raises(Problem) as caught:
            library.add(path)
        assert len(library.styles()) == 16
        assert set(tmp_path.rglob("*")) - before <= {tmp_path / "library"}
        assert path.name in str(caught.value)
        return caught.value.key

    return add


def test_a_good_one_is_taken(write, tmp_path):
    entry = Library(tmp_path / "library").add(write(GOOD, zipfile.ZIP_DEFLATED))
    assert entry.name == "Good" and len(entry.used()) == 1


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt", "/etc/evil", "pictures/../../evil.jpg", "pictures\\..\\evil.jpg", "C:evil.jpg", "evil.py",
        "pictures/", "pictures/002.svg", "pictures/001.jpg\n", "STYLE.JSON", "pictures/002.jpg\0.py", "weights.pt",
        "weights.safetensors",
    ],
)  # fmt: skip
def test_entries_that_no_style_has_are_refused(write, refused, name):
    assert refused(write({**GOOD, name: PICTURE})) == "style_file_refused"


def test_an_entry_that_the_style_does_not_name_is_refused(write, refused):
    assert refused(write({**GOOD, "pictures/002.jpg": PICTURE})) == "style_file_refused"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(write, refused):
    assert refused(write([*GOOD.items(), ("style.json", GOOD["style.json"])])) == "style_file_refused"


def test_too_many_entries_are_refused_before_they_are_listed(write, refused, monkeypatch):
    path = write([*GOOD.items(), *((f"pictures/{number:03d}.jpg", b"") for number in range(2, 260))])
    monkeypatch.setattr(zipfile, "ZipFile", None)  # would fail if it came so far
    assert refused(path) == "style_file_refused"


def test_a_bomb_of_zeros_is_not_unpacked(write, refused):
    path = write({**GOOD, "pictures/001.jpg": bytes(40 * 2**20)}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 2**20
    assert refused(path) == "style_file_too_large"


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(write, refused):
    path = write({**GOOD, "pictures/001.jpg": bytes(40 * 2**20)}, zipfile.ZIP_DEFLATED)
    data = path.read_bytes().replace(struct.pack("<L", 40 * 2**20), struct.pack("<L", 1000))
    path.write_bytes(data)
    assert refused(path) == "style_file_damaged"


def test_all_together_may_not_be_too_large(write, refused, monkeypatch):
    monkeypatch.setattr(stylefile, "MAX_FILE_MB", 50)
    entries = {f"pictures/{number:03d}.jpg": bytes(29 * 2**20) for number in (2, 3)}
    path = write({**GOOD, **entries}, zipfile.ZIP_DEFLATED)
    assert refused(path) == "style_file_too_large"
    monkeypatch.setattr(stylefile, "MAX_FILE_MB", 60)
    assert refused(path) == "style_file_refused"  # each of them may be that large


def test_a_picture_that_is_a_bomb_is_refused_by_the_gate(write, refused):
    bomb = io.BytesIO()
    Image.new("1", (7000, 7000)).save(bomb, "PNG")
    manifest = GOOD["style.json"].replace(b"001.jpg", b"001.png")
    entries = {"style.json": manifest, "thumbnail.jpg": PICTURE, "pictures/001.png": bomb.getvalue()}
    assert refused(write(entries)) == "style_file_damaged"


@pytest.mark.parametrize("name", ["thumbnail.jpg", "pictures/001.jpg"])
def test_what_is_no_picture_is_refused(write, refused, name):
    assert refused(write({**GOOD, name: b"<svg onload='alert(1)'/>"})) == "style_file_damaged"


@pytest.mark.parametrize(
    ("manifest", "key"),
    [
        (b"", "style_file_damaged"),
        (b"[" * 500_000, "style_file_damaged"),
        (b"{}", "style_file_damaged"),
        (b'{"name": "x", "pictures": []}', "style_file_damaged"),
        (b'{"name": "x", "pictures": [{"file": "pictures/001.jpg", "weight": NaN}]}', "style_file_damaged"),
        (b'{"name": "x", "pictures": [{"file": "pictures/001.jpg", "weight": -1}]}', "style_file_damaged"),
        (b'{"name": "x", "pictures": [{"file": "pictures/001.jpg", "used": false}]}', "style_file_damaged"),
        (b'{"name": "x", "pictures": [{"file": "pictures/002.jpg"}]}', "style_file_damaged"),
        (b'{"name": "x", "pictures": [{"file": "../001.jpg"}]}', "style_file_damaged"),
        (b'{"name": " ", "pictures": [{"file": "pictures/001.jpg"}]}', "style_file_damaged"),
        (b'{"name": ["x"], "pictures": [{"file": "pictures/001.jpg"}]}', "style_file_damaged"),
        (b'{"version": 2, "name": "x", "pictures": [{"file": "pictures/001.jpg"}]}', "style_file_newer"),
        (b'{"format": "other", "name": "x", "pictures": [{"file": "pictures/001.jpg"}]}', "style_file_damaged"),
        (b" " * (2**20 + 1), "style_file_too_large"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(write, refused, manifest, key):
    assert refused(write({**GOOD, "style.json": manifest})) == key


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "not_a_style_file"),
        (b"no zip at all, but long enough to be one", "not_a_style_file"),
        (PICTURE, "not_a_style_file"),
        (b"PK\3\4" + bytes(100), "style_file_damaged"),
    ],
)
def test_what_is_no_zip_is_refused(tmp_path, refused, data, key):
    path = tmp_path / "given.style.zip"
    path.write_bytes(data)
    assert refused(path) == key


def test_a_zip_of_something_else_is_refused(write, refused):
    assert refused(write({"style.json": GOOD["style.json"]})) == "not_a_style_file"


def test_a_file_cut_anywhere_is_refused(write, refused):
    whole = write(GOOD)
    data = whole.read_bytes()
    for size in (*range(0, len(data), len(data) // 23), len(data) - 1):
        whole.write_bytes(data[:size])
        assert refused(whole) in ("not_a_style_file", "style_file_damaged", "style_file_refused")


def test_a_changed_byte_is_noticed(write, refused):
    path = write(GOOD)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    assert refused(path) == "style_file_damaged"


def test_a_locked_zip_is_refused(write, refused):
    path = write(GOOD)
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\1\2")
    data[place + 8] |= 1
    path.write_bytes(data)
    assert refused(path) == "style_file_refused"


def test_what_is_no_file_is_not_waited_for(tmp_path):
    import os

    path = tmp_path / "pipe.style.zip"
    os.mkfifo(path)
    with pytest.raises(Problem) as caught:
        StyleFile(path)
    assert caught.value.key == "not_a_style_file"
    with pytest.raises(Problem) as caught:
        StyleFile(tmp_path / "nowhere.style.zip")
    assert caught.value.key == "style_file_missing"
