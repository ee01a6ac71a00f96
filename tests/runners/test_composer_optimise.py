"""Composed pictures that `optimise` paints on: what they are, how they come along, stop and go on; what cannot be."""

from contextlib import ExitStack, closing
from functools import cache

import pytest
import torch

from styleshot_demo import Settings, Studio, TextJob, jobs, provenance
from styleshot_demo.classical.losses import covariance, gram_distance
from styleshot_demo.errors import Problem
from styleshot_demo.events import Step
from styleshot_demo.grid import Axis, CellDone, Grid, paint
from styleshot_demo.images.ops import to_tensor
from styleshot_demo.needs import classical_bytes
from styleshot_demo.pictures import fit_longest, open_picture
from styleshot_demo.runners import classical, composer
from styleshot_demo.runners.borrowing import borrow_fast
from styleshot_demo.runners.weights import TITLES
from styleshot_demo.runtime import zerogpu
from styleshot_demo.settings import ASSETS

STYLE = ASSETS / "styles" / "wave-print.jpg"
SIDE = 256


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    return Studio(Settings(device="cpu", models=tmp_path_factory.mktemp("none")))


@pytest.fixture(autouse=True)
def few_steps(monkeypatch, studio):
    """As many iterations as show that they do something, a preview of each, and none of another test's paintings."""
    studio.cache.unload(TITLES["painted"])
    monkeypatch.setattr(composer, "STEPS", 3)
    monkeypatch.setattr(classical, "PREVIEW_EVERY", -1)


def job(prompt="a red apple on a table", **fields):
    return TextJob(**{"styles": [STYLE], "prompt": prompt, "size": SIDE, "painted_by": "optimise"} | fields)


@pytest.fixture(scope="module")
def third(studio):
    """`third()`: the events of the job with seed 3, which several tests read."""
    return cache(lambda: list(Studio(studio.settings).run(job(seed=3))))


def numbers(events):
    return [event.message.values["step"] for event in events if event.message.key == "iterating"]


def test_it_comes_along_step_by_step_and_its_record_makes_it_again(studio, third):
    *steps, finished = third()
    result = finished.result
    assert [str(note) for note in result.notes] == [
        "Composed from Noto drawings and painted by Optimise",
        "The style was read by the built-in network, as the larger one (VGG-19) is not on this machine",
    ]
    assert numbers(steps) == [1, 2, 3] and [steps[-1].message.key, steps[-1].fraction] == ["made", 1]
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    sketched, *previews = [step for step in steps if step.preview is not None]
    assert sketched.preview.tobytes() == result.control.tobytes()
    assert {step.preview.size for step in previews} == {(SIDE, SIDE)}
    # A preview is what would be the picture now, and can be saved with what it is.
    assert previews[-2].preview.tobytes() == previews[-1].preview.tobytes() == result.images[0].tobytes()
    record = result.plan.record(0, result.models)
    assert all(step.made_by == record for step in previews)
    assert record.settings["painted_by"] == "optimise" and record.settings["model"] == "composer"
    assert record.models.keys() == {"encoder", "fast"}
    restored = provenance.restore(record)
    assert not restored.dropped
    again = studio.finish(TextJob([STYLE], **restored.settings))
    assert again.images[0].tobytes() == result.images[0].tobytes()


def test_it_comes_nearer_to_the_style_than_what_it_begins_with(studio, monkeypatch):
    monkeypatch.setattr(composer, "STEPS", 6)
    made = [studio.finish(job("a fox on a meadow", painted_by=method)).images[0] for method in jobs.PAINTED_BY]
    with ExitStack() as borrowed, torch.no_grad():
        encoder = borrow_fast(studio.settings, studio.cache, "cpu", borrowed, {}).encoder

        def look(picture):
            return covariance(encoder(to_tensor(picture), ["relu3_1"])["relu3_1"])

        wanted = look(fit_longest(open_picture(STYLE), SIDE))
        away = [float(gram_distance(look(one), wanted)) for one in made]
    assert away[1] < 0.95 * away[0]


def test_a_stopped_picture_goes_on_where_it_was_and_ends_the_same(studio, third):
    with closing(studio.run(job(seed=3))) as events:
        assert next(event for event in events if numbers([event]) == [2]).preview is not None
    *steps, finished = studio.run(job(seed=3))
    assert numbers(steps) == [3]
    assert finished.result.images[0].tobytes() == third()[-1].result.images[0].tobytes()
    studio.cache.unload(TITLES["painted"])
    with closing(studio.run(job(seed=3))) as events:
        next(event for event in events if numbers([event]) == [2])
    with closing(studio.run(job(seed=3, style_strength=0.5))) as events:
        assert next(found for event in events if (found := numbers([event]))) == [1]


def test_of_several_each_is_what_it_is_alone(studio, third):
    *steps, finished = studio.run(job(count=2, seed=2))
    first, second = (image.tobytes() for image in finished.result.images)
    assert first != second == third()[-1].result.images[0].tobytes()
    told = [str(step.message) for step in steps if step.message.key == "iterating_several"]
    assert told[0].startswith("Picture 1 of 2: step 1 of 3") and told[-1].startswith("Picture 2 of 2: step 3 of 3")
    seeds = [step.made_by.seed for step in steps if isinstance(step, Step) and step.made_by]
    assert seeds == sorted(seeds) and set(seeds) == {2, 3}


def test_a_grid_of_both(studio, third):
    grid = Grid(job(seed=3), Axis("painted_by", jobs.PAINTED_BY))
    fast, slow = (cell.result for cell in paint(studio, grid) if isinstance(cell, CellDone))
    assert fast.images[0].tobytes() == studio.finish(job(seed=3, painted_by="fast")).images[0].tobytes()
    assert slow.images[0].tobytes() == third()[-1].result.images[0].tobytes() != fast.images[0].tobytes()


def test_without_strength_it_is_the_sketch_at_once(studio):
    plan = studio.plan(job(style_strength=0))
    assert not plan.optimises and [note.key for note in plan.remarks] == ["model_composer"]
    result = studio.finish(job(style_strength=0))
    assert result.images[0].tobytes() == result.control.tobytes()


def test_its_memory_is_that_of_optimise(studio):
    plan = studio.plan(job(size=512))
    assert plan.optimises and plan.memory == classical_bytes("optimise", 512, [(512, 512), open_picture(STYLE).size])
    assert plan.memory > studio.plan(job(size=512, painted_by="fast")).memory


def test_a_gpu_that_is_lent_by_the_call_is_lent_for_it(studio, monkeypatch):
    monkeypatch.setattr(zerogpu, "lends", lambda: True)
    own = Studio(Settings(models=studio.settings.models))
    assert (own.plan(job()).device, own.plan(job()).free) == ("cuda", None)
    assert own.plan(job(painted_by="fast")).free is not None
    assert own.planner.plan(job(), acquire=False).free is not None


def test_what_it_cannot_paint(studio):
    with pytest.raises(Problem) as caught:
        studio.plan(job(tile=True))
    assert caught.value.key == "optimise_no_tile"
    with pytest.raises(Problem):
        job(painted_by="patches")
    if studio.ready("text", model="small").model is None:
        pytest.skip("there is no small StyleShot")
    other = studio.plan(job(model="small", size=None))
    assert "painted_by" not in other.settings()
    assert "optimise_not_composed" in [told.key for told in other.remarks]
    usual = studio.plan(job(model="small", size=None, painted_by="fast"))
    assert "optimise_not_composed" not in [told.key for told in usual.remarks]
