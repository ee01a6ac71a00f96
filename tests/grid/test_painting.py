"""Grids are painted by the studio with the weights that come along: cells, sharing, stopping, what cannot be."""

from contextlib import closing

import pytest
from PIL import Image

from styleshot_demo import ClassicalJob, Settings, Studio, TextJob
from styleshot_demo.errors import Problem
from styleshot_demo.grid import MIX, STYLE, Axis, CellDone, CellStep, Grid, NamedStyle, paint

STYLES = [Image.effect_mandelbrot((128, 128), box, 40).convert("RGB") for box in ((-2, -1, 1, 1), (-1, -1, 0, 0))]
STYLES[1] = Image.merge("RGB", (STYLES[1].getchannel(0), *[Image.linear_gradient("L").resize((128, 128))] * 2))
PHOTO = Image.merge("RGB", [Image.linear_gradient("L").rotate(turn) for turn in (0, 90, 180)])


@pytest.fixture(scope="module")
def studio():
    return Studio(Settings(device="cpu"))


def cells(studio, grid):
    return {(one.row, one.column): one.result for one in paint(studio, grid) if isinstance(one, CellDone)}


def classical(**settings):
    return ClassicalJob(PHOTO, STYLES, **{"size": 256, "keep_faces": False, **settings})


def test_every_cell_is_the_picture_that_its_job_makes_alone(studio):
    grid = Grid(classical(seed=3), Axis("method", ("fast", "colour")), Axis(MIX, (0.0, 0.5, 1.0)))
    events = list(paint(studio, grid))
    done = [(one.row, one.column) for one in events if isinstance(one, CellDone)]
    assert done == [(row, column) for row in range(2) for column in range(3)]
    results = {(one.row, one.column): one.result for one in events if isinstance(one, CellDone)}
    pictures = {place: result.images[0].tobytes() for place, result in results.items()}
    assert len(set(pictures.values())) == 6
    for place in ((0, 1), (1, 2)):
        assert pictures[place] == studio.finish(grid.cell(*place)).images[0].tobytes()
    assert results[0, 1].plan.record(0).settings["style_weights"] == [0.5, 0.5]
    steps = [one for one in events if isinstance(one, CellStep)]
    fractions = [one.fraction for one in steps]
    assert fractions == sorted(fractions) and {one.total for one in steps} == {6}


def test_what_makes_no_difference_is_painted_once(studio, monkeypatch):
    run, jobs = studio.run, []
    monkeypatch.setattr(studio, "run", lambda job: jobs.append(job) or run(job))
    grid = Grid(classical(), Axis("method", ("fast", "colour")), Axis("grain", (0.2, 0.9)))
    made = cells(studio, grid)
    assert len(made) == 4 and [job.method for job in jobs] == ["fast", "fast", "colour"]
    assert made[1, 0].images[0].tobytes() == made[1, 1].images[0].tobytes()
    jobs.clear()
    styles = Axis(STYLE, tuple(NamedStyle(str(n), ((style, 1.0),)) for n, style in enumerate(STYLES)))
    made = cells(studio, Grid(classical(method="colour"), styles))
    assert len(jobs) == 2 and made[0, 0].images[0].tobytes() != made[1, 0].images[0].tobytes()


def test_what_was_finished_before_a_stop_is_there_and_the_studio_is_free(studio):
    grid = Grid(classical(), Axis("strength", (0.2, 0.4, 0.6, 0.8)))
    done = []
    with closing(paint(studio, grid)) as events:
        for event in events:
            if isinstance(event, CellDone):
                done.append(event)
            elif len(done) == 2:
                break
    assert [one.row for one in done] == [0, 1]
    assert studio.finish(classical()).images


def test_the_composer_draws_the_same_scene_at_every_strength(studio):
    job = TextJob(STYLES[:1], "a red apple", model="composer", size=256, count=2)
    made = cells(studio, Grid(job, None, Axis("style_strength", (0.0, 1.0))))
    assert made[0, 0].images[0].tobytes() == made[0, 0].control.tobytes() == made[0, 1].control.tobytes()
    assert made[0, 1].images[0].tobytes() != made[0, 0].images[0].tobytes()


@pytest.mark.parametrize(
    ("job", "axis", "key"),
    [
        (classical(method="colour"), Axis("grain", (0.1, 0.2)), "grid_idle"),
        (TextJob(STYLES[:1], "qxqxq", model="composer"), Axis("seed", (1, 2)), "nothing_known"),
        (TextJob(STYLES[:1], "a cat", model="composer"), Axis("steps", (1, 2)), "grid_idle"),
    ],
)
def test_what_cannot_be_painted_is_told_before_anything_is(studio, job, axis, key):
    with pytest.raises(Problem) as caught:
        next(paint(studio, Grid(job, axis)))
    assert caught.value.key == key
