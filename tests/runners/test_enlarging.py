"""`EnlargeJob`s: planned, run tile by tile, stopped, recorded."""

import hashlib
import io
from contextlib import closing

import enlarger_weights
import numpy as np
import pytest
from PIL import Image

from styleshot_demo import ClassicalJob, EnlargeJob, Settings, Studio, planner, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Step
from styleshot_demo.helpers.enlarging import enlarged


def saved(image: Image.Image, made_by: provenance.Record) -> provenance.Record:
    file = io.BytesIO()
    provenance.write(image, file, made_by)
    return provenance.read(file.getvalue())


@pytest.mark.parametrize("factor", [2, 4])
def test_a_picture_becomes_that_much_larger(studio, picture, factor) -> None:
    content = picture(40, 30)
    job = EnlargeJob(content, factor)
    plan = studio.plan(job)
    assert plan.size == (40 * factor, 30 * factor) and plan.files == ("enlarge",) and plan.fits
    result = studio.finish(job)
    assert result.images[0].size == plan.size
    assert np.array_equal(np.asarray(result.images[0]), np.asarray(enlarged(content, factor)))
    read = saved(result.images[0], plan.record(0, result.models))
    assert read.settings == {"job": "enlarge", "factor": factor, "model": "animevideov3", "seed": 0}
    assert set(read.models) == {"enlarge"} and set(read.inputs) == {"content", "content_sha256"}


def test_each_tile_is_told_and_a_stop_gives_the_network_back(studio, picture) -> None:
    events = list(studio.run(EnlargeJob(picture(400, 60), 2)))
    fractions = [event.fraction for event in events if isinstance(event, Step)]
    assert fractions == sorted(fractions) and len(fractions) == 4 and fractions[-1] == 1
    assert isinstance(events[-1], Finished)
    with closing(studio.run(EnlargeJob(picture(400, 60), 2))) as run:
        next(run), next(run)
    assert not any(row.in_use for row in studio.cache.loaded())


def test_a_painted_picture_says_how_it_was_painted_when_it_is_large(studio, picture) -> None:
    job = ClassicalJob(picture(64, 48), [picture(64, 64, 1)], method="colour", size=256, seed=5)
    painted = studio.finish(job)
    made_by = saved(painted.images[0], painted.plan.record(0, painted.models))
    large = EnlargeJob(painted.images[0].resize((32, 24)), 2, made_by=made_by)
    record = studio.plan(large).record(0, {"enlarge": "0" * 16})
    assert record.settings == {**made_by.settings, "enlarged": 2} and record.seed == 5
    assert record.models == {**made_by.models, "enlarge": "0" * 16} and record.inputs == made_by.inputs
    assert provenance.restore(record).settings == provenance.restore(made_by).settings
    assert not provenance.restore(record).dropped
    # Colours alone are arithmetic; what a network has added is not.
    assert provenance.source_type(made_by).endswith("algorithmicallyEnhanced")
    assert provenance.source_type(record).endswith("compositeWithTrainedAlgorithmicMedia")
    assert provenance.enlarged(record, 4, {}).settings["enlarged"] == 8


def test_a_record_that_is_too_long_already_is_not_taken_over(studio, picture) -> None:
    long = provenance.Record({f"setting {n}": "x" * 300 for n in range(100)}, {}, 3)
    plan = studio.plan(EnlargeJob(picture(32, 24), 2, made_by=long))
    assert plan.record().settings == {"job": "enlarge", "factor": 2, "model": "animevideov3", "seed": 0}


@pytest.mark.parametrize(
    ("content", "factor", "key"),
    [
        (None, 4, "content_needed"),
        (Image.new("RGB", (64, 64)), 3, "unknown_choice"),
        (Image.new("RGB", (64, 64)), 8, "out_of_range"),
        (Image.new("RGB", (64, 64)), "2x", "not_a_number"),
        (Image.new("RGB", (2600, 2600)), 4, "enlarged_too_large"),
    ],
)
def test_what_cannot_be_asked_for(content, factor, key) -> None:
    with pytest.raises(Problem) as told:
        EnlargeJob(content, factor)
    assert told.value.key == key


def test_what_does_not_fit_is_said_before(studio, monkeypatch) -> None:
    monkeypatch.setattr(studio.cache, "free_bytes", lambda device: 400_000_000)
    job = EnlargeJob(Image.new("RGB", (2000, 1500)), 4)
    with pytest.raises(Problem) as told:
        studio.finish(job)
    assert told.value.key == "out_of_memory"
    smaller = EnlargeJob(Image.new("RGB", (told.value.values["size"], told.value.values["size"] * 3 // 4)), 4)
    assert studio.plan(smaller).fits


# The large network ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A studio with the file of x4plus, its numbers at random."""
    folder = tmp_path_factory.mktemp("models")
    enlarger_weights.write(folder / enlarger_weights.PLACE)
    return Studio(Settings(device="cpu", models=folder))


def test_the_large_network_enlarges_where_it_is_asked_for_and_the_record_says_so(large, picture) -> None:
    content = picture(20, 16)
    *steps, last = large.run(EnlargeJob(content, 2, model="x4plus"))
    assert last.result.images[0].size == (40, 32) and last.result.plan.files == ("x4plus",)
    # It is read for its hash once, which is told.
    assert {step.message.key for step in steps} <= {"enlarging", "reading_model"} and steps[-1].fraction == 1
    digest = hashlib.sha256((large.settings.models / enlarger_weights.PLACE).read_bytes()).hexdigest()
    record = saved(last.result.images[0], last.result.plan.record(0, last.result.models))
    assert record.models == {"x4plus": digest[:16]}
    assert record.settings == {"job": "enlarge", "factor": 2, "model": "x4plus", "seed": 0}
    painted = provenance.Record({"method": "fast"}, {"fast": "1" * 16}, 3)
    again = large.plan(EnlargeJob(content, 2, painted, "x4plus")).record(0, last.result.models)
    assert again.models == {"fast": "1" * 16, "x4plus": digest[:16]} and again.settings["enlarged"] == 2


def test_a_stop_gives_the_large_network_back(large, picture, monkeypatch) -> None:
    from styleshot_demo.helpers.x4plus import X4Plus

    monkeypatch.setattr(X4Plus, "TILE", 8)
    with closing(large.run(EnlargeJob(picture(40, 16), 2, model="x4plus"))) as run:
        assert 0 < next(step.fraction for step in run if step.fraction) < 0.5
    assert [row.name for row in large.cache.loaded()] == ["x4plus"]
    assert not any(row.in_use for row in large.cache.loaded())


def test_automatic_takes_the_large_network_only_where_a_gpu_runs_it(large, studio, picture, monkeypatch) -> None:
    content = picture(20, 16)
    assert EnlargeJob(content).model == "animevideov3"  # what is there makes nothing slow unasked
    assert large.plan(EnlargeJob(content)).files == ("enlarge",)
    automatic = EnlargeJob(content, model="auto")
    small, by_name = large.plan(automatic), large.plan(EnlargeJob(content, model="x4plus"))
    assert small.files == ("enlarge",) and small.settings()["model"] == "animevideov3"
    assert by_name.memory > small.memory
    for one in (large, studio):
        monkeypatch.setattr(one.cache, "free_bytes", lambda device: 10**10)
    monkeypatch.setattr(planner, "device_of", lambda settings: "cuda")
    assert large.plan(automatic).files == ("x4plus",) and large.plan(automatic).settings()["model"] == "x4plus"
    assert studio.plan(automatic).files == ("enlarge",)


def test_what_is_missing_or_damaged_is_said(studio, picture, tmp_path) -> None:
    job = EnlargeJob(picture(20, 16), model="x4plus")
    with pytest.raises(Problem) as told:
        studio.plan(job)
    assert told.value.key == "enlarger_missing"
    assert "67 MB" in told.value.what and "models fetch x4plus" in told.value.todo
    damaged = Studio(Settings(device="cpu", models=tmp_path))
    file = tmp_path / enlarger_weights.PLACE
    file.parent.mkdir(parents=True)
    for content in (b"PK cut off", b"\x80 is how pickles begin"):  # known at a glance, and only when it is read
        file.write_bytes(content)
        with pytest.raises(Problem) as told:
            damaged.finish(job)
        assert told.value.key == "weights_broken" and "x4plus" in told.value.what
    assert damaged.finish(EnlargeJob(picture(20, 16))).images[0].size == (80, 64)
    with pytest.raises(Problem) as told:
        EnlargeJob(picture(20, 16), model="x8")
    assert told.value.key == "unknown_choice"
