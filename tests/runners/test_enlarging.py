"""`EnlargeJob`s: planned, run tile by tile, stopped, recorded."""

import io
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from styleshot_demo import ClassicalJob, EnlargeJob, provenance
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
    assert read.settings == {"job": "enlarge", "factor": factor, "seed": 0}
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
    assert plan.record().settings == {"job": "enlarge", "factor": 2, "seed": 0}


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
