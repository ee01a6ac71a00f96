"""Many pictures on the page: what the handlers take, refuse, remember and pack."""

import csv
import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from styleshot_demo import Settings, Studio
from styleshot_demo.errors import Problem
from styleshot_demo.settings import ASSETS
from styleshot_demo.ui import classical_tab, words
from styleshot_demo.ui.many import ManyPictures, ManyState, pack

STYLE = str(ASSETS / "styles" / "batik.jpg")


@pytest.fixture
def many(tmp_path):
    """What can be done in the fold of the Classical tab; at most three pictures at once, in a folder of its own."""
    studio = Studio(Settings(device="cpu", max_pictures=3))
    with gr.Blocks():
        tab = classical_tab.build(studio)
        made = ManyPictures(tab.grid, tab.many, studio)
    made.cache = tmp_path / "cache"
    made.cache.mkdir()
    return made


def upload(many, number, name):
    """A picture that was uploaded, as the script tells of it."""
    place = many.cache / str(number) / "upload.jpg"
    place.parent.mkdir()
    Image.linear_gradient("L").convert("RGB").rotate(90 * number).resize((96, 64)).save(place)
    return {"path": str(place), "name": name}


def event(*files, **more):
    return SimpleNamespace(files=list(files), turn="t", **{"format": "png", **more})


def values(many, **changed):
    """What stands in the controls: no photo, one style."""
    inputs, fields = many.source.inputs, many.source.fields
    count = len(inputs.styles)
    asked = {**classical_tab.DEFAULTS, "mask": None, "method": "colour", "size": 256, **changed}
    return [None, STYLE, *[None] * (count - 1), *[1.0] * count, *(asked[name] for name in fields)]


def painted(many, tab_state, asked, **changed):
    """The last value of the fold."""
    *_, last = many.paint(asked, tab_state, *values(many, **changed))
    return last


def test_only_uploads_are_read_whatever_a_browser_names(many, tmp_path):
    secret = tmp_path / "secret.png"
    Image.new("RGB", (64, 64)).save(secret)
    good = upload(many, 0, "茶壶.jpg")
    tab_state = ManyState()
    last = painted(many, tab_state, event(good, {"path": str(secret), "name": "../../x.png"}, {"name": 7}))
    assert [row[0] for row in last["made"]] == ["茶壶.png"]
    assert [row["name"] for row in last["failed"]] == ["x.png", "picture"]
    assert {path.name for path in tab_state.batch.folder.iterdir()} == {"茶壶.png"}
    assert {str(tab_state.batch.folder / "茶壶.png")} < many.panel.temp_files  # so that Gradio deletes it


@pytest.mark.parametrize(
    ("files", "changed", "words"),
    [
        (0, {}, "No pictures have been chosen"),
        (4, {}, "These are 4 pictures; at most 3"),
        (1, {"region": "mask"}, "What was brushed is a place on one photo"),
        (1, {"size": 4}, "must lie between"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_painted(many, files, changed, words):
    given = [upload(many, number, f"{number}.jpg") for number in range(files)]
    tab_state = ManyState()
    last = painted(many, tab_state, event(*given), **changed)
    assert words in last["told"] and "working" not in last and tab_state.batch is None


def test_the_same_settings_go_on_and_others_begin_anew(many):
    files = [upload(many, number, f"{number}.jpg") for number in range(3)]
    tab_state = ManyState()
    painted(many, tab_state, event(*files[:2]))
    first = tab_state.batch
    times = {path.name: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    painted(many, tab_state, event(*files))
    assert tab_state.batch.folder == first.folder and [one.status for one in tab_state.batch.done.values()] == [
        "kept", "kept", "painted",
    ]  # fmt: skip
    assert {name: (first.folder / name).stat().st_mtime_ns for name in times} == times
    for asked, changed in ((event(*files), {"strength": 0.5}), (event(*files, format="jpg"), {"strength": 0.5})):
        before = tab_state.batch.folder
        last = painted(many, tab_state, asked, **changed)
        assert tab_state.batch.folder != before and len(last["made"]) == 3
        assert {one.status for one in tab_state.batch.done.values()} == {"painted"}


def test_the_archive_has_every_result_and_says_in_the_pages_language_what_is_missing(many, tmp_path):
    files = [upload(many, number, name) for number, name in enumerate(("a/b.jpg", "a/sub/b.jpg", "a/broken.jpg"))]
    Path(files[2]["path"]).write_bytes(b"\xff\xd8\xff and no more")
    tab_state = ManyState()
    painted(many, tab_state, event(*files))
    (tab_state.batch.folder / "sub/b.png").unlink()  # it was old
    pack(tab_state.batch, tmp_path / "all.zip", zh=True)
    with zipfile.ZipFile(tmp_path / "all.zip") as packed:
        assert packed.namelist() == ["b.png", "report.csv"]
        rows = list(csv.DictReader(io.StringIO(packed.read("report.csv").decode("utf-8-sig"))))
    assert [(row["file"], row["status"]) for row in rows] == [
        ("b.jpg", "painted"),
        ("sub/b.jpg", "failed"),
        ("broken.jpg", "failed"),
    ]
    assert "图片" in rows[2]["problem"]
    (tab_state.batch.folder / "b.png").unlink()
    with pytest.raises(Problem) as met:
        pack(tab_state.batch, tmp_path / "none.zip")
    assert met.value.key == "result_gone" and not (tmp_path / "none.zip").exists()


def test_a_new_archive_takes_the_place_of_the_last_one(many):
    tab_state = ManyState()
    painted(many, tab_state, event(upload(many, 0, "a.jpg")))
    first, second = (many.pack(SimpleNamespace(language="en"), tab_state)["packed"] for _ in range(2))
    assert first["name"] == second["name"] == "pictures-batik.zip" and first["src"] != second["src"]
    assert len(list(many.cache.rglob("*.zip"))) == 1


def test_a_page_that_comes_back_shares_nothing_with_a_run_that_still_goes(many, monkeypatch):
    tab_state, after = ManyState(), ManyState()
    painted(many, tab_state, event(upload(many, 0, "one.png"), {"path": "gone", "name": "two.png"}))
    run = tab_state.batch
    assert many.back(gr.Request(), run.token, after)[many.panel]["back"] and len(run.problems) == 1
    before = (dict(after.batch.problems), dict(after.batch.small_of))
    problem = words.problem

    def meanwhile(why):
        run.problems[f"item {len(run.problems)}"] = why
        return problem(why)

    monkeypatch.setattr(words, "problem", meanwhile)
    assert [row["name"] for row in run.shown()["failed"]] == ["two.png"]
    run.small_of.clear()
    assert (after.batch.problems, after.batch.small_of) == before
