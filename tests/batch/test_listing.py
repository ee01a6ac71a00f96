"""Which pictures a batch paints, and what their results are called."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from styleshot_demo.batch.listing import Shard, listed
from styleshot_demo.errors import Problem


def put(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def names(items) -> list[tuple[str, str]]:
    return [(item.name, item.target) for item in items]


def test_a_folder_is_mirrored_and_what_is_no_picture_left_out(tmp_path: Path) -> None:
    photos = put(tmp_path / "in", "b.JPG", "a b.webp", "trip/day 1/c.heic", "notes.txt", ".hidden.jpg", ".cache/d.jpg")
    assert names(listed([photos], tmp_path / "out", ".png")) == [
        ("a b.webp", "a b.png"),
        ("b.JPG", "b.png"),
        ("trip/day 1/c.heic", "trip/day 1/c.png"),
    ]


def test_pictures_that_differ_in_their_ending_keep_it(tmp_path: Path) -> None:
    photos = put(tmp_path / "in", "a.jpg", "a.webp", "B.jpg", "b.gif", "c.jpg", "sub/a.jpg")
    assert names(listed([photos], tmp_path / "out", ".png")) == [
        ("B.jpg", "B.jpg.png"),
        ("a.jpg", "a.jpg.png"),
        ("a.webp", "a.webp.png"),
        ("b.gif", "b.gif.png"),
        ("c.jpg", "c.png"),
        ("sub/a.jpg", "sub/a.png"),
    ]


def test_a_name_that_looks_like_such_a_result_clashes_with_none(tmp_path: Path) -> None:
    photos = put(tmp_path / "in", "a.jpg", "a.png", "a.jpg.png", "x.jpg", "X.jpg")
    targets = [target.casefold() for _, target in names(listed([photos], tmp_path / "out", ".png"))]
    assert len(set(targets)) == 5


def test_files_of_one_name_from_several_folders_get_numbers(tmp_path: Path) -> None:
    put(tmp_path, "x/a.jpg", "y/a.jpg")
    items = listed([tmp_path / "x/a.jpg", tmp_path / "y/a.jpg"], tmp_path / "out", ".png")
    assert sorted(item.target for item in items) == ["a.jpg-2.png", "a.jpg.png"]
    assert len({item.name for item in items}) == 2


def test_several_folders_keep_their_names(tmp_path: Path) -> None:
    put(tmp_path, "x/a.jpg", "y/a.jpg")
    items = listed([tmp_path / "x", tmp_path / "y"], tmp_path / "out", ".jpg")
    assert names(items) == [("x/a.jpg", "x/a.jpg"), ("y/a.jpg", "y/a.jpg")]


def test_results_inside_the_folder_are_not_painted_again(tmp_path: Path) -> None:
    photos = put(tmp_path / "in", "a.jpg", "painted/a.png", "painted/sub/b.png")
    assert names(listed([photos], photos / "painted", ".png")) == [("a.jpg", "a.png")]


@pytest.mark.parametrize(
    ("inputs", "out", "key"),
    [
        (["in"], "in", "results_among_pictures"),
        (["empty"], "out", "no_pictures"),
        (["missing.jpg"], "out", "picture_missing"),
        (["in/sub"], "in/sub/..", "overwrites_input"),
    ],
)
def test_what_makes_no_sense_is_said(tmp_path: Path, inputs: list[str], out: str, key: str) -> None:
    put(tmp_path / "in", "a.jpg", "sub/a.png")
    put(tmp_path / "empty", "notes.txt")
    (tmp_path / "in/a.jpg").rename(tmp_path / "in/b.jpg")
    if key == "overwrites_input":
        (tmp_path / "in/a.png").symlink_to(tmp_path / "in/sub/a.png")
    with pytest.raises(Problem) as met:
        listed([tmp_path / one for one in inputs], tmp_path / out, ".png")
    assert met.value.key == key


def test_a_style_is_not_written_over(tmp_path: Path) -> None:
    put(tmp_path, "ph/s.webp", "s.jpg")
    assert listed([tmp_path / "ph"], tmp_path, ".png", others=[tmp_path / "s.jpg", Path("style:Brand")])
    with pytest.raises(Problem) as met:
        listed([tmp_path / "ph"], tmp_path, ".jpg", others=[tmp_path / "s.jpg"])
    assert met.value.key == "overwrites_input" and met.value.values == {"name": "s.jpg"}


@settings(max_examples=25)  # each makes a folder of files
@given(count=st.integers(1, 40), parts=st.integers(1, 9))
def test_all_shards_together_have_each_picture_once(tmp_path_factory, count: int, parts: int) -> None:
    photos = put(tmp_path_factory.mktemp("in"), *(f"{n % 3}/{n}.jpg" for n in range(count)))
    out = photos / "out"
    shards = [_listed_or_none(photos, out, Shard(n + 1, parts)) for n in range(parts)]
    assert sorted(name for shard in shards for name in shard) == names(listed([photos], out, ".png"))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


def _listed_or_none(photos: Path, out: Path, shard: Shard) -> list[tuple[str, str]]:
    return names(listed([photos], out, ".png", shard))


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "2/", "/2", "a/b", "-1/2", "1/0", "1/2/3", "1.5/2"])
def test_a_part_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(Problem) as met:
        Shard.from_text(text)
    assert met.value.key == "shard_unusable"


def test_a_part_is_read() -> None:
    assert Shard.from_text("2/8") == Shard(2, 8)
    assert Shard(2, 8).label == "-2-of-8"
    assert Shard().label == ""
