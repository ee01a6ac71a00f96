"""Pictures that came from a browser, painted one after another by a studio that others use too."""

import csv
import gc
import io
import weakref
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from batch.folders import STYLE
from PIL import Image

from styleshot_demo import ClassicalJob, Settings, Studio, names, provenance
from styleshot_demo.batch import report
from styleshot_demo.batch.in_turn import PictureDone, PictureStep, paint_in_turn
from styleshot_demo.batch.uploads import uploaded
from styleshot_demo.errors import Problem

SAMPLE = Image.new("RGB", (256, 256))
BROKEN = b"\x89PNG\r\n\x1a\n and then nothing"


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(Settings(device="cpu"))


def put(folder: Path, name: str, turn: int = 0) -> tuple[Path, str]:
    """A small photo as Gradio stores an upload: in a folder of its own, under a plainer name than it had."""
    place = folder / f"{len(list(folder.iterdir()))}" / "upload.jpg"
    place.parent.mkdir()
    bands = [Image.linear_gradient("L").rotate(90 * (turn + n)).resize((96, 64)) for n in range(3)]
    Image.merge("RGB", bands).save(place, quality=90)
    return place, name


def job(**settings) -> ClassicalJob:
    return ClassicalJob(SAMPLE, [STYLE], **{"method": "colour", "size": 256, **settings})


def done(events) -> dict[str, PictureDone]:
    return {one.item.name: one for one in events if isinstance(one, PictureDone)}


def test_results_have_the_names_and_folders_of_their_pictures_and_none_is_overwritten(tmp_path, studio):
    """Names that collide, non-ASCII names, folders, and what no disk or ZIP should get."""
    given = ["shop/杯子 1.jpg", "shop/杯子 1.webp", "shop/Café.JPG", "shop/café.jpg", "shop/sub/Café.JPG"]
    given += ["shop/../../evil.jpg", "shop/con.jpg", "shop/a:b?.jpg", "shop/" + "长" * 200 + ".jpg"]
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    items = uploaded([put(uploads, name, turn) for turn, name in enumerate(given)], ".png")
    targets = [item.target for item in items]
    assert targets[:5] == ["杯子 1.jpg.png", "杯子 1.webp.png", "Café.JPG.png", "café.jpg-2.png", "sub/Café.png"]
    assert targets[5:8] == ["evil.png", "_con.png", "a_b_.png"] and len(targets[8].encode()) <= names.LONGEST + 4
    out = tmp_path / "out"
    told = done(paint_in_turn(studio, job(), items, out))
    assert [one.outcome.status for one in told.values()] == ["painted"] * 9
    made = [out / target for target in targets]
    assert {path for path in out.rglob("*") if path.is_file()} == set(made)
    assert all(path.resolve().is_relative_to(out.resolve()) for path in made)
    record = provenance.read(made[0])
    assert record.inputs["content"] == "杯子 1.jpg" and record.settings["method"] == "colour"
    assert len({Image.open(path).tobytes() for path in made[:4]}) == 4


def test_each_is_the_picture_that_its_job_makes_alone(tmp_path, studio):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    files = [put(uploads, f"{turn}.jpg", turn) for turn in range(2)]
    items = uploaded(files, ".png")
    events = list(paint_in_turn(studio, job(method="fast", seed=5), items, tmp_path))
    fractions = [one.fraction for one in events if isinstance(one, PictureStep)]
    assert fractions == sorted(fractions) and {one.total for one in events if isinstance(one, PictureStep)} == {2}
    for item in items:
        alone = studio.finish(ClassicalJob(item.path, [STYLE], method="fast", size=256, seed=5)).images[0]
        assert Image.open(tmp_path / item.target).tobytes() == alone.tobytes()


def test_a_broken_one_stops_no_other_and_the_report_names_it(tmp_path, studio):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    files = [put(uploads, f"{turn}.jpg", turn) for turn in range(3)]
    files[1][0].write_bytes(BROKEN)
    items = uploaded([*files, (tmp_path / "gone", "gone.jpg")], ".jpg")
    told = done(paint_in_turn(studio, job(), items, tmp_path / "out"))
    assert [one.outcome.status for one in told.values()] == ["painted", "failed", "painted", "failed"]
    assert told["1.jpg"].problem.key == "picture_truncated" and told["gone.jpg"].problem.key == "picture_missing"
    assert told["1.jpg"].problem.__traceback__ is None  # its frames would keep the picture as long as the list
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.jpg", "2.jpg"]
    rows = report.of_all(items, [one.outcome for one in told.values()])
    table = report.as_csv(map(report.row_of, rows)).decode("utf-8-sig")
    read = list(csv.DictReader(io.StringIO(table)))
    assert [row["file"] for row in read] == ["0.jpg", "1.jpg", "2.jpg", "gone.jpg"]
    assert "cut off" in read[1]["problem"] and not read[1]["result"] and read[2]["result"] == "2.jpg"


def test_a_stop_keeps_what_is_done_frees_the_studio_and_the_next_run_goes_on(tmp_path, studio):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    items = uploaded([put(uploads, f"{turn}.jpg", turn) for turn in range(3)], ".png")
    with closing(paint_in_turn(studio, job(method="fast"), items, tmp_path)) as events:
        first = next(one for one in events if isinstance(one, PictureDone))
        next(events)  # in the middle of the second
    assert [item.target for item in items if (tmp_path / item.target).exists()] == ["0.png"]
    assert studio.lanes.length("short") == studio.lanes.length("long") == 0
    rows = report.of_all(items, [first.outcome])
    assert [row.status for row in rows] == ["painted", "stopped", "stopped"]
    before = (tmp_path / "0.png").stat().st_mtime_ns
    finished = {first.item: first.outcome}
    told = done(paint_in_turn(studio, job(method="fast"), items, tmp_path, finished=finished))
    assert [one.outcome.status for one in told.values()] == ["kept", "painted", "painted"]
    assert (tmp_path / "0.png").stat().st_mtime_ns == before
    (tmp_path / "0.png").unlink()  # somebody has tidied up
    told = done(paint_in_turn(studio, job(method="fast"), items[:1], tmp_path, finished=finished))
    assert told["0.jpg"].outcome.status == "painted" and (tmp_path / "0.png").exists()


def test_what_every_picture_would_meet_ends_it_at_once(tmp_path, studio):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    items = uploaded([put(uploads, f"{turn}.jpg", turn) for turn in range(3)], ".png")
    (tmp_path / "file").write_text("where the folder for results should be")
    told = []
    with pytest.raises(Problem) as met:
        for one in paint_in_turn(studio, job(), items, tmp_path / "file"):
            told.append(one)
    assert met.value.key == "cannot_write"
    assert [one.item.name for one in told if isinstance(one, PictureDone)] == ["0.jpg"]


def test_others_have_their_turn_between_two_pictures(tmp_path, studio):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    items = uploaded([put(uploads, f"{turn}.jpg", turn) for turn in range(2)], ".png")
    with closing(paint_in_turn(studio, job(), items, tmp_path)) as events:
        next(one for one in events if isinstance(one, PictureDone))
        other = studio.finish(job(strength=0.5))  # would raise if the lane were still held
        assert other.images[0].size == (256, 256)
        assert isinstance([*events][-1], PictureDone)


def test_one_picture_at_a_time_is_in_memory(tmp_path, studio, monkeypatch):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    items = uploaded([put(uploads, f"{turn}.jpg", turn) for turn in range(4)], ".png")
    known, run = [], studio.run

    def watched(asked):
        known.append(weakref.ref(asked.content))
        for event in run(asked):
            known.extend(weakref.ref(image) for image in getattr(event, "result", None) and event.result.images or ())
            yield event

    monkeypatch.setattr(studio, "run", watched)
    for one in paint_in_turn(studio, job(), items, tmp_path):
        if isinstance(one, PictureDone):
            gc.collect()
            assert [ref() for ref in known if ref() is not None] == []
    assert len(known) == 8


def test_sixteen_bits_stay_sixteen(tmp_path, studio):
    import cv2

    place = tmp_path / "deep.png"
    ramp = np.linspace(0, 65535, 96 * 64 * 3).astype(np.uint16).reshape(64, 96, 3)
    cv2.imwrite(str(place), ramp)
    items = uploaded([(place, "deep.png")], ".png")
    told = done(paint_in_turn(studio, job(method="colour", whole=True), items, tmp_path / "out"))
    assert told["deep.png"].outcome.status == "painted"
    assert cv2.imread(str(tmp_path / "out/deep.png"), cv2.IMREAD_UNCHANGED).dtype == np.uint16


def test_what_was_chosen_twice_is_taken_once(tmp_path):
    place = tmp_path / "a.jpg"
    items = uploaded([(place, "x/a.jpg"), (place, "x/a.jpg"), (place, "y/a.jpg"), (place, "")], ".png")
    assert [(item.name, item.target) for item in items] == [
        ("x/a.jpg", "x/a.png"),
        ("y/a.jpg", "y/a.png"),
        ("picture", "picture.png"),
    ]
