"""Galleries as training reads them: lists, folders, shards; broken pictures; processes and workers."""

import csv
import json
import pickle
import tracemalloc
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from training.gallery.conftest import drawn, fill, spoil

from styleshot_demo.errors import Problem
from styleshot_demo.training.gallery import manifest, shards
from styleshot_demo.training.gallery.files import FileGallery
from styleshot_demo.training.gallery.folders import entries_in
from styleshot_demo.training.gallery.manifest import Entry, EntryList, Manifest
from styleshot_demo.training.gallery.opening import open_gallery


def identity(example) -> tuple:
    """What tells one drawing of `conftest.drawn` from another."""
    return example.style, example.picture.getpixel((0, 0))[0]


def style_and_number(example) -> int:
    return 1000 * ["ink", "poster", "wash"].index(example.style) + example.picture.getpixel((0, 0))[0]


class Numbers(IterableDataset):
    """A gallery's stream in a loader, as numbers."""

    def __init__(self, gallery, **share: int) -> None:
        self._gallery, self._share = gallery, share

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        return map(style_and_number, self._gallery.stream(**self._share, worker=worker, workers=workers))


def listed(folder: Path, contents: bool = True) -> Path:
    """A list of the pictures of a folder, whose content pictures are the pictures themselves, inverted."""
    entries = []
    for entry in entries_in(folder):
        content = folder.parent / "lines" / entry.style / entry.picture.name
        content.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (64, 48), 255).save(content)
        entries.append(Entry(entry.picture, "a red box", content if contents else None, entry.style))
    path = folder.parent / "list.jsonl"
    manifest.write(entries, path)
    return path


def packed(folder: Path, out: Path, per_shard: int = 4) -> Path:
    """Shards of the pictures of a folder."""
    out.mkdir()
    found = list(entries_in(folder))
    for start in range(0, len(found), per_shard):
        samples = [
            {
                "__key__": f"{entry.style}{entry.picture.stem[:3]}",
                "png": entry.picture.read_bytes(),
                "txt": b"a red box",
                "json": json.dumps({"style": entry.style}).encode(),
            }
            for entry in found[start : start + per_shard]
        ]
        shards.write(samples, out / f"{start:06d}.tar")
    return out


# Lists --------------------------------------------------------------------------------------------------------------


def test_stylegallerys_own_lines_are_read(tmp_path: Path) -> None:
    lines = [
        {"image_file": "monet/1.jpg", "content_prompt": "a bridge", "content_image_file": "lines/1.png"},
        {"image_file": "monet/2.jpg", "content_prompt": "a pond"},
        {"image_file": str(tmp_path / "far" / "3.jpg"), "content_prompt": None, "style": "ink"},
    ]
    path = tmp_path / "gallery.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    found = Manifest(path)
    assert len(found) == 3
    assert found[0] == Entry(tmp_path / "monet/1.jpg", "a bridge", tmp_path / "lines/1.png", "monet")
    assert found[1] == Entry(tmp_path / "monet/2.jpg", "a pond", None, "monet")
    assert found[2] == Entry(tmp_path / "far/3.jpg", "", None, "ink")
    assert [found.styles[code] for code in found.codes] == ["monet", "monet", "ink"]
    assert Manifest(path, root=tmp_path / "else")[0].picture == tmp_path / "else/monet/1.jpg"


def test_a_list_is_written_as_it_is_read(tmp_path: Path) -> None:
    entries = [
        Entry(tmp_path / "a" / "ä.png", 'a "red" 狐狸', tmp_path / "c.png", "ink"),
        Entry(Path("/elsewhere/b.png"), "", None, ""),
    ]
    manifest.write(entries, tmp_path / "list.jsonl")
    found = Manifest(tmp_path / "list.jsonl")
    assert [found[0], found[1]] == entries
    assert json.loads((tmp_path / "list.jsonl").read_text(encoding="utf-8").splitlines()[0])["image_file"] == "a/ä.png"


def test_lines_that_are_none_are_told_and_left_out(tmp_path: Path, told) -> None:
    path = tmp_path / "list.jsonl"
    path.write_bytes(
        b'{"image_file": "a/1.png"}\n\nnonsense\n[1]\n{"image_file": 3}\n{"content_prompt": "x"}\n'
        b'{"image_file": "a/2.png", "content_image_file": 7}\n\xff\xfe\n'
        + b"[" * 100_000
        + b'\n{"image_file": "b/2.png"}'
    )
    found = Manifest(path, report=told.report)
    assert [found[number].picture.name for number in range(len(found))] == ["1.png", "2.png"]
    assert [name for name, _ in told] == [f"list.jsonl, line {number}" for number in (3, 4, 5, 6, 7, 8, 9)]
    assert {key for _, key in told} == {"gallery_line"}


def test_a_file_that_is_no_list_is_said(tmp_path: Path, told) -> None:
    drawn("ink", 0).save(tmp_path / "picture.png")
    for path in (tmp_path / "picture.png", tmp_path / "absent.jsonl", tmp_path):
        with pytest.raises(Problem) as raised:
            Manifest(path, report=told.report)
        assert raised.value.key == "gallery_unreadable"
        assert str(tmp_path) not in str(raised.value)


def test_a_long_list_stays_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    text = "x" * 1000
    with open(path, "w", encoding="utf-8") as stream:
        for number in range(20_000):
            stream.write(json.dumps({"image_file": f"s{number % 7}/{number}.png", "content_prompt": text}) + "\n")
    tracemalloc.start()
    found = Manifest(path)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1e6 and peak < 4e6  # the file has 20 MB
    assert found[19_999].picture.name == "19999.png" and found[0].picture.name == "0.png"


# Folders ------------------------------------------------------------------------------------------------------------


def test_a_folder_has_a_style_for_each_sub_folder(tmp_path: Path) -> None:
    fill(tmp_path / "top", {"ink": 2, "wash/deep/er": 1})
    drawn("x", 1).save(tmp_path / "top" / "loose_one.png")
    (tmp_path / "top" / ".hidden").mkdir()
    drawn("x", 1).save(tmp_path / "top" / ".hidden" / "a.png")
    drawn("x", 1).save(tmp_path / "top" / "__MACOSX.png")
    (tmp_path / "top" / "notes.pdf").write_bytes(b"%PDF")
    found = [(entry.style, entry.picture.name, entry.prompt) for entry in entries_in(tmp_path / "top")]
    assert found == [
        ("top", "loose_one.png", "loose one"),
        ("ink", "000_red-box.png", "red box"),
        ("ink", "001_red-box.png", "red box"),
        ("wash", "000_red-box.png", "red box"),
    ]


def test_captions_come_from_beside_the_picture_first(tmp_path: Path) -> None:
    folder = fill(tmp_path, {"ink": 4}) / "ink"
    (folder / "000_red-box.txt").write_text("\ufeff\n  a text file \nmore", encoding="utf-8")
    rows = [{"file_name": f"00{number}_red-box.png", "text": "a row of JSON"} for number in (0, 1)]
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\nbroken\n[]\n", encoding="utf-8")
    with open(folder / "metadata.csv", "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("file_name", "caption"), ("ink/002_red-box.png", "a row, of CSV")])
    assert [entry.prompt for entry in entries_in(tmp_path)] == [
        "a text file",
        "a row of JSON",
        "a row, of CSV",
        "red box",
    ]


# Examples -----------------------------------------------------------------------------------------------------------


def test_examples_are_whole(styles: Path, told) -> None:
    gallery = FileGallery(Manifest(listed(styles)), contents=True, report=told.report)
    example = gallery[0]
    assert example.picture.mode == "RGB" and example.picture.size == (64, 48)
    assert example.content.mode == "RGB" and example.content.size == example.picture.size
    assert example.prompt == "a red box" and example.style in ("ink", "wash", "poster")
    assert FileGallery(Manifest(listed(styles)), report=told.report)[0].content is None


def test_transparent_pictures_lie_on_white_and_contents_fit(tmp_path: Path) -> None:
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(tmp_path / "a.png")
    Image.new("L", (20, 20), 255).save(tmp_path / "c.png")
    example = FileGallery(EntryList([Entry(tmp_path / "a.png", "", tmp_path / "c.png", "s")]), contents=True)[0]
    assert example.picture.getextrema() == ((255, 255),) * 3
    assert example.content.size == (40, 40)


def test_a_broken_picture_is_told_once_and_another_takes_its_place(styles: Path, told) -> None:
    gallery = FileGallery(EntryList(entries_in(styles)), balance=0.0, report=told.report)
    seen = [identity(gallery[position]) for position in range(3 * len(gallery))]
    assert told == [("005_red-box.png", "picture_truncated")]
    assert len(gallery) == 18
    assert ("ink", 5) not in seen
    assert len(set(seen)) == 17
    # All else keeps its position.
    (styles / "ink" / "005_red-box.png").unlink()
    drawn("ink", 5).save(styles / "ink" / "005_red-box.png")
    whole = FileGallery(EntryList(entries_in(styles)), balance=0.0)
    repaired = [identity(whole[position]) for position in range(3 * len(whole))]
    assert [(a, b) for a, b in zip(seen, repaired, strict=True) if a != b and b != ("ink", 5)] == []


def test_where_nothing_can_be_read_it_says_so_and_does_not_hang(tmp_path: Path, told) -> None:
    fill(tmp_path / "a", {"ink": 3})
    for path in (tmp_path / "a" / "ink").iterdir():
        spoil(path)
    with pytest.raises(Problem) as raised:
        FileGallery(EntryList(entries_in(tmp_path / "a")), report=told.report)[0]
    assert raised.value.key == "no_training_pictures"
    assert len(told) == 3
    with pytest.raises(Problem) as raised:
        FileGallery(EntryList([]))
    assert raised.value.key == "no_training_pictures"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_stage_two_without_content_pictures_says_how_to_make_them(styles: Path, kind: str, told) -> None:
    source = listed(styles, contents=False) if kind == "file" else styles
    with pytest.raises(Problem) as raised:
        open_gallery(source, contents=True, report=told.report)[0]
    assert raised.value.key == "no_content_pictures"


def test_opening_knows_what_lies_there(styles: Path, tmp_path: Path, told) -> None:
    assert isinstance(open_gallery(styles), FileGallery)
    assert isinstance(open_gallery(listed(styles)), FileGallery)
    assert isinstance(open_gallery(packed(styles, tmp_path / "shards")), shards.ShardGallery)
    (styles / "poster" / "000_red-box.txt").write_text("an oil painting of a box by Monet", encoding="utf-8")
    assert "a box" in {open_gallery(styles, report=told.report)[number].prompt for number in range(18)}
    with pytest.raises(Problem) as raised:
        open_gallery(tmp_path / "absent")
    assert raised.value.key == "gallery_unreadable"


def test_lists_of_a_made_gallery_are_chosen_by_their_lines(styles: Path, told) -> None:
    made = listed(styles)
    made.rename(styles.parent / "lineart.jsonl")
    gallery = open_gallery(styles.parent, control="lineart", contents=True, report=told.report)
    assert gallery[0].content is not None
    assert open_gallery(styles.parent, report=told.report)[0].content is None  # any list will do without lines
    with pytest.raises(Problem) as raised:
        open_gallery(styles.parent, control="contour", contents=True)
    assert raised.value.key == "no_content_pictures"


# Processes and workers ----------------------------------------------------------------------------------------------


def test_processes_share_an_epoch_and_nothing_comes_twice(styles: Path, told) -> None:
    gallery = FileGallery(EntryList(entries_in(styles)), balance=0.0, seed=2, report=told.report)
    alone = [identity(example) for example in islice(gallery.stream(), 18)]
    parts = [[identity(example) for example in islice(gallery.stream(rank, 3), 6)] for rank in range(3)]
    assert [parts[number % 3][number // 3] for number in range(18)] == alone


def test_a_run_goes_on_where_it_stopped(styles: Path, told) -> None:
    gallery = FileGallery(EntryList(entries_in(styles)), report=told.report)
    for rank in range(2):
        whole = [identity(example) for example in islice(gallery.stream(rank, 2), 40)]
        later = [identity(example) for example in islice(gallery.stream(rank, 2, start=15), 25)]
        assert whole[15:] == later


def test_the_number_of_workers_changes_nothing(styles: Path, told) -> None:
    def batches(workers: int, start: int = 0) -> list:
        gallery = open_gallery(styles, seed=4)
        loader = DataLoader(
            Numbers(gallery, batch=3, rank=1, world=2, start=start),
            batch_size=3,
            num_workers=workers,
        )
        return [batch.tolist() for batch in islice(loader, 8)]

    alone = batches(0)
    assert batches(2) == alone
    assert batches(2, start=9)[:5] == alone[3:]


def test_galleries_can_be_sent_to_other_processes(styles: Path, tmp_path: Path) -> None:
    for gallery in (open_gallery(listed(styles)), open_gallery(packed(styles, tmp_path / "shards"))):
        first = identity(next(gallery.stream()))
        assert identity(next(pickle.loads(pickle.dumps(gallery)).stream())) == first


# Shards -------------------------------------------------------------------------------------------------------------


def test_an_epoch_of_shards_has_everything_once(styles: Path, tmp_path: Path, told) -> None:
    gallery = open_gallery(packed(styles, tmp_path / "shards"), seed=1, report=told.report)
    first = [identity(example) for example in islice(gallery.stream(), 17)]
    assert len(set(first)) == 17
    assert told == [("ink005", "picture_truncated")]
    again = [identity(example) for example in islice(open_gallery(tmp_path / "shards", seed=1).stream(), 34)]
    assert again[:17] == first
    assert sorted(again[17:]) == sorted(first) and again[17:] != first
    other = [identity(example) for example in islice(open_gallery(tmp_path / "shards", seed=2).stream(), 17)]
    assert other != first


@pytest.mark.parametrize(("world", "workers"), [(2, 1), (1, 2), (2, 2), (4, 3)])
def test_processes_and_workers_share_shards(styles: Path, tmp_path: Path, world: int, workers: int, told) -> None:
    gallery = open_gallery(packed(styles, tmp_path / "shards"), report=told.report)  # five shards
    seen = []
    for rank in range(world):
        for worker in range(workers):
            samples = gallery._epoch(0, rank * workers + worker, world * workers)
            seen += [sample["__key__"] for sample in samples]
    assert len(seen) == len(set(seen)) == 18


def test_shards_go_on_where_they_stopped(tmp_path: Path) -> None:
    folder = fill(tmp_path / "styles", {"ink": 12, "wash": 12})
    gallery = open_gallery(packed(folder, tmp_path / "shards"))

    def loaded(start: int, count: int) -> list:
        loader = DataLoader(Numbers(gallery, batch=2, start=start), batch_size=2, num_workers=2)
        return [batch.tolist() for batch in islice(loader, count)]

    whole = loaded(0, 12)
    assert loaded(6, 9) == whole[3:]
    assert loaded(8, 8) == whole[4:]


def test_a_cut_shard_gives_what_it_still_has(styles: Path, tmp_path: Path, told) -> None:
    folder = packed(styles, tmp_path / "shards", per_shard=18)
    path = next(folder.glob("*.tar"))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (folder / "zzz.tar").write_bytes(b"no tar file at all")
    gallery = open_gallery(folder, report=told.report)
    seen = {identity(example) for example in islice(gallery.stream(), 30)}
    assert 4 <= len(seen) < 17
    assert {("000000.tar", "gallery_shard"), ("zzz.tar", "gallery_shard")} <= set(told)
    assert len(told) == len(set(told))  # once each, not in every epoch


def test_shards_without_a_usable_sample_end_in_a_sentence(tmp_path: Path, told) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    shards.write([{"__key__": "a", "txt": b"x"}, {"__key__": "b", "png": b"y"}], folder / "0.tar")
    with pytest.raises(Problem) as raised:
        next(open_gallery(folder, report=told.report).stream())
    assert raised.value.key == "no_training_pictures"
    assert {key for _, key in told} == {"not_a_picture"}


def test_shards_from_elsewhere_have_their_caption_in_json(tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    drawn("ink", 1).save(tmp_path / "a.webp", lossless=True)
    about = json.dumps({"caption": "a box", "style": 3}).encode()
    shards.write([{"__key__": "a", "webp": (tmp_path / "a.webp").read_bytes(), "json": about}], folder / "0.tar")
    example = next(open_gallery(folder).stream())
    assert (example.prompt, example.style, example.content) == ("a box", "", None)


def test_shards_are_the_same_byte_for_byte(styles: Path, tmp_path: Path) -> None:
    first, second = packed(styles, tmp_path / "one"), packed(styles, tmp_path / "two")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_without_webdataset_one_sentence_says_how_to_install_it(
    styles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = packed(styles, tmp_path / "shards")
    monkeypatch.setitem(__import__("sys").modules, "webdataset", None)
    with pytest.raises(Problem) as raised:
        open_gallery(folder)
    assert raised.value.key == "package_missing"
    assert "pip install -r styleshot_demo/training/requirements.txt" in raised.value.todo


def test_memory_does_not_grow_with_the_set(tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    for number in range(8):
        samples = ({"__key__": f"{number}{place:04d}", "png": data + bytes(20_000)} for place in range(200))
        shards.write(samples, folder / f"{number}.tar")
    tracemalloc.start()
    for _ in islice(open_gallery(folder).stream(), 1500):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6  # the shards have 50 MB
