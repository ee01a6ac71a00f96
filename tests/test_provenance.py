import functools
import io
import json
import struct
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

import nasty
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import styleshot_demo
from styleshot_demo import jobs, pictures, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.jobs.schema import Number
from styleshot_demo.messages import PROBLEMS
from styleshot_demo.provenance import Record

calm = settings(deadline=None, derandomize=True, max_examples=75, suppress_health_check=[HealthCheck.too_slow])
KINDS = (".png", ".jpg", ".jpeg", ".webp", ".PNG")
TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def job(**settings: Any) -> jobs.ClassicalJob:
    return jobs.ClassicalJob(nasty.photo(), [(nasty.photo(), 3), (nasty.photo(), 1)], **settings)


def made(**settings: Any) -> Record:
    return provenance.record(job(**settings).settings(), {"decoder": "0123456789abcdef"}, settings.get("seed", 0))


def problem(source: object) -> str:
    with pytest.raises(Problem) as caught:
        provenance.read(source)
    return caught.value.key


def png_saying(text: bytes, kind: bytes = b"tEXt") -> bytes:
    return nasty.png_with(nasty.png_chunk(kind, b"styleshot\0" + text))


def saying(**changes: Any) -> bytes:
    whole = {"format": 1, "settings": {"method": "fast"}, "models": {}, "seed": 1, "versions": {}} | changes
    return png_saying(json.dumps(whole).encode())


# Writing and reading ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_record_comes_back(tmp_path: Path, suffix: str, mode: str) -> None:
    path = tmp_path / f"out{suffix}"
    image = nasty.photo(mode=mode)
    if mode == "RGBA":
        image.putalpha(99)
    record = made(method="optimise", seed=2**31 - 1, tv_weight=0.1)
    provenance.write(image, path, record)
    assert provenance.read(path) == record
    assert provenance.read(path.read_bytes()) == record
    result = pictures.open_picture(path)
    assert result.size == image.size
    if suffix.lower() == ".png":
        assert result.tobytes() == image.tobytes()
    assert result.mode == ("RGB" if suffix.startswith(".j") else mode)


def test_stream_gets_a_png() -> None:
    stream = io.BytesIO()
    provenance.write(nasty.photo(), stream, made())
    assert provenance.read(io.BytesIO(stream.getvalue())) == made()
    assert Image.open(stream).format == "PNG"


def test_transparent_becomes_white_in_jpeg(tmp_path: Path) -> None:
    provenance.write(Image.new("RGBA", (32, 32), (0, 0, 0, 0)), tmp_path / "a.jpg", None)
    assert min(pictures.open_picture(tmp_path / "a.jpg").getpixel((9, 9))) > 250


@pytest.mark.parametrize("suffix", KINDS)
def test_nothing_is_written_without_a_record(tmp_path: Path, suffix: str) -> None:
    image = nasty.photo()
    image.info = {"comment": b"secret", "icc_profile": b"secret", "exif": b"secret", "xmp": b"secret"}
    path = tmp_path / f"out{suffix}"
    provenance.write(image, path, None)
    assert problem(path) == "no_provenance"
    data = path.read_bytes()
    assert all(word not in data for word in (b"secret", b"styleshot", b"xmp", b"Exif"))


@pytest.mark.parametrize(
    ("settings", "term"),
    [
        ({"method": "fast"}, "compositeWithTrainedAlgorithmicMedia"),
        ({"method": "optimise"}, "compositeWithTrainedAlgorithmicMedia"),
        ({"method": "colour"}, "algorithmicallyEnhanced"),
        ({"method": "patches"}, "composite"),
        ({"method": "colour", "grid": "method=colour,fast"}, "compositeWithTrainedAlgorithmicMedia"),
        ({"job": "image", "model": "painter"}, "compositeWithTrainedAlgorithmicMedia"),
        ({"job": "text"}, "trainedAlgorithmicMedia"),
        ({"job": "image"}, "compositeWithTrainedAlgorithmicMedia"),
    ],
)
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_digital_source_type(tmp_path: Path, settings: dict, term: str, suffix: str) -> None:
    provenance.write(nasty.photo(), tmp_path / f"a{suffix}", provenance.record(settings, {}, 0))
    with Image.open(tmp_path / f"a{suffix}") as image:
        image.load()
        packet = image.info["xmp"]
    packet = packet.encode() if isinstance(packet, str) else packet
    assert f"<Iptc4xmpExt:DigitalSourceType>{TERMS}{term}<".encode() in packet
    assert f"<xmp:CreatorTool>styleshot_demo {styleshot_demo.__version__}<".encode() in packet


def test_xmp_is_well_formed(tmp_path: Path) -> None:
    from xml.etree import ElementTree

    record = provenance.record({"job": "text", "prompt": "a < b & c > d ]]> é 熊 \" '"}, {}, 0)
    provenance.write(nasty.photo(), tmp_path / "a.webp", record)
    with Image.open(tmp_path / "a.webp") as image:
        tree = ElementTree.fromstring(image.info["xmp"])
    texts = {element.tag.rpartition("}")[2]: element.text for element in tree.iter()}
    assert texts["DigitalSourceType"] == TERMS + "trainedAlgorithmicMedia"
    assert json.loads(texts["record"])["settings"] == record.settings
    assert provenance.read(tmp_path / "a.webp") == record


def test_versions_name_what_is_loaded_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    versions = provenance.record({}, {}, 0).versions
    assert versions["styleshot_demo"] == styleshot_demo.__version__
    assert versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert versions["pillow"] == Image.__version__
    assert "torch" not in versions
    assert "torch" not in sys.modules


@pytest.mark.parametrize("name", ["a.gif", "a", "a.bmp", "a.svg"])
def test_other_formats_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Problem) as caught:
        provenance.write(nasty.photo(), tmp_path / name, made())
    assert caught.value.key == "output_format"
    assert not list(tmp_path.iterdir())


def test_failed_write(tmp_path: Path) -> None:
    for suffix in (".png", ".jpg", ".webp"):
        with pytest.raises(Problem) as caught:
            provenance.write(nasty.photo(), tmp_path / "none" / f"a{suffix}", made())
        assert caught.value.key == "cannot_write"


def test_too_long_a_record_is_a_defect() -> None:
    with pytest.raises(ValueError):
        provenance.write(nasty.photo(), io.BytesIO(), provenance.record({"prompt": "x" * 40_000}, {}, 0))
    with pytest.raises(ValueError):
        provenance.write(nasty.photo(), io.BytesIO(), provenance.record({"strength": float("nan")}, {}, 0))


texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=60)
names = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=20)
values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | texts
some_settings = st.dictionaries(names, values | st.lists(values, max_size=5), max_size=8)


@calm
@given(some_settings, st.dictionaries(names, names, max_size=4), st.integers(0, 2**31 - 1), st.sampled_from(KINDS))
def test_any_record_comes_back(settings: dict, models: dict, seed: int, suffix: str) -> None:
    record = provenance.record(settings, models, seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        provenance.write(nasty.photo(16, 16), path, record)
        assert provenance.read(path) == record


# Hostile files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source, told",
    [
        (b"", "not_a_picture"),
        (b"hello", "not_a_picture"),
        (nasty.SVG, "format_refused"),
        (b"%PDF-1.4", "format_refused"),
        (b"\x89PNG\r\n\x1a\n", "no_provenance"),
        (b"\xff\xd8\xff", "no_provenance"),
        (b"RIFF\0\0\0\0WEBP", "no_provenance"),
    ],
)
def test_no_picture_no_record(source: bytes, told: str) -> None:
    assert problem(source) == told


def test_advice_names_each_kind_that_says_how_it_was_made() -> None:
    kinds = {Image.registered_extensions()[suffix] for suffix in provenance.SUFFIXES}
    for key in ("no_provenance", "provenance_unusable"):
        assert [kind for kind in kinds if kind.casefold() not in PROBLEMS[key][1].casefold()] == []


def test_pictures_of_others_have_no_record() -> None:
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"):
        assert problem(nasty.encoded(nasty.photo(), kind)) == "no_provenance"


def test_missing_file(tmp_path: Path) -> None:
    assert problem(tmp_path / "none.png") == "picture_missing"


HOSTILE = {
    "not_json": b"import os; os.system('true')",
    "not_ascii": '{"format": 1, "é": 2}'.encode(),
    "deep_lists": b"[" * 16_000 + b"]" * 16_000,
    "deep_objects": b'{"a":' * 6_000 + b"1" + b"}" * 6_000,
    "long_number": b'{"format":1,"settings":{},"seed":' + b"9" * 30_000 + b"}",
    "number_of_4000_digits": b'{"format":1,"settings":{"size":' + b"9" * 4_000 + b'},"seed":1}',
    "infinite": b'{"format":1,"settings":{"strength":1e999},"seed":1}',
    "nan": b'{"format":1,"settings":{"strength":NaN},"seed":1}',
    "too_long": b'{"format":1,"settings":{},"seed":1,"x":"' + b"x" * 40_000 + b'"}',
    "list": b"[1, 2, 3]",
    "text": b'"fast"',
    "null": b"null",
    "empty": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_hostile_json(name: str, kind: str) -> None:
    packet = b"<styleshot:record>" + HOSTILE[name] + b"</styleshot:record>"
    if kind == "png":
        data = png_saying(HOSTILE[name])
    elif kind == "jpeg":
        data = nasty.jpeg_with((0xE1, pictures.JPEG_XMP + packet))
    else:
        data = nasty.encoded(nasty.photo(), "WEBP", xmp=packet)
    assert problem(data) == "provenance_unusable"


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"format": True},
        {"format": "1"},
        {"format": None},
        {"seed": -1},
        {"seed": 2**31},
        {"seed": 1.0},
        {"seed": True},
        {"seed": "1"},
        {"settings": []},
        {"settings": None},
        {"settings": {"a": {"b": 1}}},
        {"settings": {"a": [[1]]}},
        {"settings": {"a": list(range(101))}},
        {"settings": {str(i): i for i in range(101)}},
        {"settings": {"a" * 201: 1}},
        {"settings": {"a": "x" * 8001}},
        {"settings": {"a": "\x1b[2J"}},
        {"settings": {"a": "\ud800"}},
        {"settings": {"a\n": 1}},
        {"settings": {"a": 2**60}},
        {"models": {"a": 1}},
        {"models": {"a": "\x1b[2J"}},
        {"models": "a"},
        {"versions": {"torch": ["2"]}},
        {"versions": 3},
    ],
    ids=lambda changes: json.dumps(changes)[:40],
)
def test_wrong_types_and_sizes(changes: dict) -> None:
    assert problem(saying(**changes)) == "provenance_unusable"


@pytest.mark.parametrize("key", ["format", "settings", "seed"])
def test_missing_parts(key: str) -> None:
    whole = {"format": 1, "settings": {}, "seed": 1}
    del whole[key]
    assert problem(png_saying(json.dumps(whole).encode())) == "provenance_unusable"


def test_unknown_keys_are_ignored() -> None:
    record = provenance.read(saying(more={"a": [{}]}, __class__="x"))
    assert (record.seed, record.settings) == (1, {"method": "fast"})
    assert provenance.read(png_saying(b'{"format":1,"settings":{},"seed":5}')).models == {}


def test_packed_text_is_read_and_bombs_are_not() -> None:
    text = b'{"format":1,"settings":{},"seed":5}'
    assert provenance.read(png_saying(b"\0" + zlib.compress(text), b"zTXt")).seed == 5
    assert problem(png_saying(b"\0" + nasty.packed_zeros(50 << 20), b"zTXt")) == "provenance_unusable"
    assert problem(png_saying(b"\0" + zlib.compress(text)[:-9], b"zTXt")) == "provenance_unusable"
    assert problem(nasty.text_bomb()) == "no_provenance"


def test_entities_are_never_expanded() -> None:
    entities = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(9))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "boom">{entities}]><x><styleshot:record>&e9;</styleshot:record></x>'
    assert problem(nasty.jpeg_with((0xE1, pictures.JPEG_XMP + bomb.encode()))) == "provenance_unusable"
    half = pictures.JPEG_XMP + b"</styleshot:record> <styleshot:record>{}"
    assert problem(nasty.jpeg_with((0xE1, half))) == "no_provenance"


@calm
@given(st.binary(max_size=400))
def test_random_text_never_crashes(text: bytes) -> None:
    assert problem(png_saying(text)) in ("provenance_unusable", "no_provenance")


json_values = st.recursive(
    values | st.floats() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
)


@settings(calm, max_examples=150)
@given(st.fixed_dictionaries({"format": st.just(1) | json_values, "settings": json_values, "seed": json_values}))
def test_random_json_gives_a_sound_record_or_a_problem(whole: dict) -> None:
    try:
        record = provenance.read(png_saying(json.dumps(whole).encode()))
    except Problem as found:
        assert found.key == "provenance_unusable"
        return
    assert 0 <= record.seed < 2**31
    json.dumps(dict(record.settings), allow_nan=False)
    try:
        jobs.ClassicalJob(nasty.photo(), nasty.photo(), **provenance.classical_settings(record))
    except Problem as found:
        assert found.key == "provenance_unusable"


@settings(calm, max_examples=150)
@given(
    st.sampled_from([".png", ".jpg", ".webp"]), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8)
)
def test_a_good_file_with_wrong_bytes_never_crashes(suffix: str, changes: list[tuple[float, int]]) -> None:
    data = bytearray(written(suffix))
    for place, value in changes:
        data[int(place * (min(len(data), 1500) - 1))] = value
    try:
        assert isinstance(provenance.read(bytes(data)), Record)
    except Problem as found:
        # The changed bytes may be those that say that it is a picture.
        assert found.key in ("provenance_unusable", "no_provenance", "not_a_picture", "format_refused", "camera_raw")


@functools.cache
def written(suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        provenance.write(nasty.photo(16, 16), path, made())
        return path.read_bytes()


def test_a_chunk_that_states_a_wrong_length() -> None:
    data = bytearray(saying())
    place = data.index(b"tEXt") - 4
    struct.pack_into(">I", data, place, 2**31)
    assert problem(bytes(data)) == "no_provenance"


# Back to a job ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", jobs.METHODS)
def test_restored_settings_make_the_same_job(method: str) -> None:
    first = job(
        method=method,
        strength=0.25,
        size=300,
        seed=77,
        start="noise",
        steps=9,
        keep_colours=True,
        grain=0.3,
        keep_faces=False,
        keep_background=True,
    )
    stream = io.BytesIO()
    provenance.write(nasty.photo(), stream, provenance.record(first.settings(), {}, first.seed))
    restored = provenance.restore(provenance.read(stream.getvalue()))
    assert restored.job == "classical"
    assert restored.dropped == ()
    assert restored.style_weights == (3, 1)
    styles = [(nasty.photo(), weight) for weight in restored.style_weights]
    assert jobs.ClassicalJob(nasty.photo(), styles, **restored.settings).settings() == first.settings()


def test_the_seed_of_the_picture_counts() -> None:
    """Image n of several has another seed than the job."""
    record = provenance.record(job(seed=5).settings(), {}, 7)
    assert provenance.classical_settings(record)["seed"] == 7


def test_bad_values_are_dropped_and_named() -> None:
    record = Record(
        {
            "method": "magic",
            "strength": 7,
            "size": "many",
            "keep_colours": "yes",
            "steps": 20,
            "content": "/etc/passwd",
            "styles": ["x"],
            "__class__": "x",
            "style_weights": [1, "x"],
            "transform": ["wct"],
        },
        {},
        3,
    )
    restored = provenance.restore(record)
    assert restored.settings == {"steps": 20, "seed": 3}
    assert restored.style_weights == ()
    assert set(restored.dropped) == set(record.settings) - {"steps"}
    assert provenance.classical_settings(record) == {"steps": 20, "seed": 3}


def test_jobs_of_an_unknown_kind() -> None:
    for kind in ("dance", 7, None):
        with pytest.raises(Problem) as caught:
            provenance.restore(Record({"job": kind}, {}, 1))
        assert caught.value.key == "provenance_unusable"


def test_another_kind_of_job_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(provenance.JOBS, "dance", {"seed": Number("", 0, 9).check, "size": Number("", 1, 2).check})
    record = Record({"job": "dance", "size": 2, "method": "fast"}, {}, 1)
    assert provenance.restore(record) == provenance.Restored("dance", {"size": 2, "seed": 1}, (), ("method",))
    with pytest.raises(Problem):
        provenance.classical_settings(record)
