"""Galleries made from folders: what they hold, that they can be continued, and that they are the same each time."""

import json
from pathlib import Path

import numpy as np
import pytest
import tiny_models
from PIL import Image
from training.gallery.conftest import drawn, fill

from styleshot_demo.errors import Problem
from styleshot_demo.settings import Settings
from styleshot_demo.small.edges import edges
from styleshot_demo.training.gallery import builder, controls
from styleshot_demo.training.gallery.builder import GalleryRecipe, build
from styleshot_demo.training.gallery.opening import open_gallery


@pytest.fixture
def make(tmp_path: Path, told):
    """Builds into a folder below tmp_path; detectors that need no weights unless `plan` says otherwise."""
    settings = Settings(models=tmp_path / "models")

    def run(source: Path, out: str = "out", plan=None, progress=lambda done, total: None, **recipe):
        plan = plan or controls.plan(settings, ("contour",), "edges")
        drawer = controls.ConditionRenderer(plan, settings)
        return build(source, tmp_path / out, GalleryRecipe(**recipe), plan, drawer, progress, told.report)

    return run


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Stop(Exception):
    pass


def stop_after(count: int):
    def progress(done: int, total: int) -> None:
        if done == count:
            raise Stop

    return progress


def test_a_gallery_holds_pictures_lines_and_captions(styles: Path, tmp_path: Path, make, told) -> None:
    (styles / "wash" / "000_red-box.txt").write_text(
        "a watercolor painting of a box, by Claude Monet", encoding="utf-8"
    )
    seen = []
    done = make(styles, progress=lambda *numbers: seen.append(numbers))
    assert (done.pictures, done.styles, done.left_out, done.shards) == (17, 3, 1, 0)
    assert told == [("005_red-box.png", "picture_truncated")]
    assert seen == [(number, 18) for number in range(1, 19)]
    lines = [json.loads(line) for line in (tmp_path / "out/contour.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 17
    assert all(set(line) == {"image_file", "content_prompt", "content_image_file", "style"} for line in lines)
    assert "a box" in {line["content_prompt"] for line in lines}
    for line in lines:
        picture = Image.open(tmp_path / "out" / line["image_file"]).convert("RGB")
        assert np.array_equal(Image.open(tmp_path / "out" / line["content_image_file"]), edges(picture))
    example = open_gallery(tmp_path / "out", contents=True)[0]
    assert example.content.size == example.picture.size
    assert np.asarray(example.content).max() == 255


def test_words_of_style_may_stay(styles: Path, tmp_path: Path, make) -> None:
    (styles / "wash" / "000_red-box.txt").write_text("a watercolor painting of a box", encoding="utf-8")
    make(styles, words=True)
    assert "a watercolor painting of a box" in (tmp_path / "out/contour.jsonl").read_text(encoding="utf-8")


def test_no_style_drowns_another(styles: Path, tmp_path: Path, make) -> None:
    done = make(styles, per_style=3)
    held = [json.loads(line)["style"] for line in (tmp_path / "out/contour.jsonl").read_text().splitlines()]
    assert {style: held.count(style) for style in held} == {"ink": 3, "wash": 3, "poster": 2}
    assert done.pictures == 8


def test_large_pictures_become_smaller_and_small_ones_stay(tmp_path: Path, make) -> None:
    fill(tmp_path / "a", {"ink": 1}, (400, 200))
    fill(tmp_path / "a", {"wash": 1}, (90, 60))
    make(tmp_path / "a", size=100)
    assert {Image.open(path).size for path in (tmp_path / "out/pictures").rglob("*.jpg")} == {(200, 100), (90, 60)}
    make(tmp_path / "a", "as_is", size=None)
    assert {Image.open(path).size for path in (tmp_path / "as_is/pictures").rglob("*.jpg")} == {(400, 200), (90, 60)}


def test_strange_names_make_safe_files_and_stay_as_styles(tmp_path: Path, make) -> None:
    folder = tmp_path / "a" / "Ink & Wash (v1.0)"
    folder.mkdir(parents=True)
    drawn("ink", 1).save(folder / "red fox.v2 #1.png")
    drawn("ink", 2).save(folder / "狐狸.png")
    make(tmp_path / "a")
    assert {path.name for path in (tmp_path / "out/pictures").iterdir()} == {"Ink_Wash_v1_0"}
    gallery = open_gallery(tmp_path / "out")
    assert {gallery[number].style for number in range(2)} == {"Ink & Wash (v1.0)"}
    assert {gallery[number].prompt for number in range(2)} == {"red fox v2 #1", "狐狸"}


@pytest.mark.parametrize("shard", [None, 4])
def test_an_interrupted_run_ends_the_same_byte_for_byte(styles: Path, tmp_path: Path, make, shard) -> None:
    make(styles, "whole", shard=shard, per_style=9, seed=3)
    for count in (3, 10):
        with pytest.raises(Stop):
            make(styles, "broken", shard=shard, per_style=9, seed=3, progress=stop_after(count))
        assert not [path for path in (tmp_path / "broken").rglob("*.part")]
    make(styles, "broken", shard=shard, per_style=9, seed=3)
    assert tree(tmp_path / "broken") == tree(tmp_path / "whole")
    assert len(tree(tmp_path / "whole")) > 4


def test_what_is_finished_is_not_made_again(
    styles: Path, tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make(styles)
    (styles / "ink" / "005_red-box.png").unlink()  # the broken one, which would be tried again
    drawn("ink", 5).save(styles / "ink" / "005_red-box.png")
    opened = []
    real = builder.open_picture
    monkeypatch.setattr(builder, "open_picture", lambda source: opened.append(source) or real(source))
    again = make(styles)
    assert {source.name for source in opened if isinstance(source, Path)} == {"005_red-box.png"}
    assert again.pictures == first.pictures + 1 and again.left_out == 0


def test_another_seed_takes_others(styles: Path, tmp_path: Path, make) -> None:
    make(styles, "one", per_style=3, seed=1)
    make(styles, "two", per_style=3, seed=2)
    names = [{path.name for path in (tmp_path / out / "pictures/ink").iterdir()} for out in ("one", "two")]
    assert names[0] != names[1]


def test_other_settings_need_another_folder(styles: Path, tmp_path: Path, make) -> None:
    make(styles, per_style=2)
    with pytest.raises(Problem) as raised:
        make(styles, per_style=3)
    assert raised.value.key == "other_run"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(Problem) as raised:
        make(styles, "full")
    assert raised.value.key == "folder_not_empty"
    assert (tmp_path / "full" / "letter.txt").read_text() == "mine"


def test_nothing_to_train_on_is_said(tmp_path: Path, make) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Problem) as raised:
        make(tmp_path / "empty")
    assert raised.value.key == "no_training_pictures"


def test_a_list_can_be_the_source(styles: Path, tmp_path: Path, make) -> None:
    make(styles, "first", per_style=2)
    done = make(tmp_path / "first/contour.jsonl", "second", shard=10)
    assert (done.pictures, done.styles, done.shards) == (6, 3, 1)


def test_shards_hold_the_same_as_files(styles: Path, tmp_path: Path, make) -> None:
    done = make(styles, "shards", shard=5)
    make(styles, "files")
    assert (done.pictures, done.left_out, done.shards) == (17, 1, 4)
    assert sorted(path.name for path in (tmp_path / "shards").glob("*.tar")) == [f"{n:06d}.tar" for n in range(4)]

    def held(name: str, count: int) -> set:
        examples = open_gallery(tmp_path / name, contents=True, balance=0.0).stream()
        return {
            (one.prompt, one.style, one.picture.tobytes(), one.content.tobytes())
            for one in (next(examples) for _ in range(count))
        }

    assert held("shards", 17) == held("files", 18)
    again = make(styles, "shards", shard=5)
    assert (again.pictures, again.left_out) == (17, 1)


def test_every_shard_has_its_part_of_every_style(tmp_path: Path, make) -> None:
    fill(tmp_path / "a", {"ink": 20, "wash": 20})
    make(tmp_path / "a", shard=10)
    for path in (tmp_path / "out").glob("*.tar"):
        from styleshot_demo.training.gallery import shards

        held = [json.loads(sample["json"])["style"] for sample in shards.read(path)]
        assert 2 <= held.count("ink") <= 8


def test_without_weights_contours_need_none_and_line_drawings_are_left_out(tmp_path: Path) -> None:
    settings = Settings(models=tmp_path)
    plan = controls.plan(settings, None)
    assert plan.detectors == {"contour": "edges"} and plan.missing == ("lineart",)
    assert controls.plan(settings, ()).detectors == {}
    for kinds, contour in ((("lineart",), "auto"), (("contour",), "hed"), (None, "hed")):
        with pytest.raises(Problem) as raised:
            controls.plan(settings, kinds, contour)
        assert raised.value.key == "weights_missing"


def test_with_weights_both_kinds_are_drawn_by_the_published_detectors(styles: Path, tmp_path: Path, make) -> None:
    settings = Settings(models=tiny_models.build(tmp_path / "models", ("detectors",)))
    plan = controls.plan(settings, None)
    assert plan.detectors == {"contour": "hed", "lineart": "lineart"} and not plan.missing
    assert controls.plan(settings, None, "edges").detectors == {"contour": "edges", "lineart": "lineart"}
    make(styles, plan=plan, per_style=1)
    from styleshot_demo.styleshot import content

    hed = content.load_hed(tmp_path / "models" / tiny_models.ANNOTATORS / "ControlNetHED.pth")
    for kind in ("contour", "lineart"):
        lines = [json.loads(line) for line in (tmp_path / f"out/{kind}.jsonl").read_text().splitlines()]
        assert len(lines) == 3 and all(line["content_image_file"].startswith(kind) for line in lines)
        picture = Image.open(tmp_path / "out" / lines[0]["image_file"]).convert("RGB")
        drawn_lines = np.asarray(Image.open(tmp_path / "out" / lines[0]["content_image_file"]))
        if kind == "contour":
            assert np.array_equal(drawn_lines, np.asarray(content.contour(picture, hed))[..., 0])
        assert drawn_lines.shape == (48, 64)
    assert open_gallery(tmp_path / "out", control="lineart", contents=True)[0].content is not None


def test_a_gallery_may_have_no_lines(styles: Path, tmp_path: Path, make) -> None:
    make(styles, plan=controls.plan(Settings(models=tmp_path), ()), per_style=1)
    assert (tmp_path / "out/gallery.jsonl").is_file()
    assert open_gallery(tmp_path / "out")[0].content is None
    with pytest.raises(Problem) as raised:
        open_gallery(tmp_path / "out", contents=True)[0]
    assert raised.value.key == "no_content_pictures"
