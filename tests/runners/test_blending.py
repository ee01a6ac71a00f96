"""A finished optimisation at less than the strength it was painted at: blended with its photo, and not painted anew."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from styleshot_demo import ClassicalJob, Studio, provenance
from styleshot_demo.events import Finished, Step
from styleshot_demo.runners import paintings
from styleshot_demo.runners.weights import TITLES
from styleshot_demo.studio import is_quick

SIZE = (256, 96)


@pytest.fixture
def job(picture):
    return ClassicalJob(picture(*SIZE), [picture(90, 60, 2)], method="optimise", size=256, steps=2, strength=0.8)


def values(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(np.float64)


def iterated(events) -> int:
    return sum(getattr(getattr(event, "message", None), "key", "") == "iterating" for event in events)


def test_up_to_the_strength_it_was_painted_at_it_is_blended_at_once(studio, job) -> None:
    full = studio.finish(job)
    photo, painted = values(job.content), values(full.images[0])
    assert np.abs(painted - photo).mean() > 4
    for strength, share in ((0.2, 0.25), (0.4, 0.5), (0.7, 0.875)):
        *steps, finished = studio.run(replace(job, strength=strength, painted_strength=0.8))
        assert iterated(steps) == 0 and is_quick(finished.result.plan)
        made = values(finished.result.images[0])
        assert np.abs(made - (photo + share * (painted - photo))).max() <= 0.5
        assert "blended" in [note.key for note in finished.result.notes]
        assert finished.result.models == full.models
    # Nothing of the photo is lost at one end, nothing of what was painted at the other.
    ends = [studio.finish(replace(job, strength=strength, painted_strength=0.8)) for strength in (0, 0.8)]
    assert [end.images[0].tobytes() for end in ends] == [job.content.tobytes(), full.images[0].tobytes()]
    assert ends[1].plan.record(0, ends[1].models) == full.plan.record(0, full.models)
    # Beyond, it is another picture.
    *steps, finished = studio.run(replace(job, strength=0.9, painted_strength=0.8))
    assert iterated(steps) == 2 and "painted_strength" not in finished.result.settings


def test_its_record_paints_it_again_where_nothing_is_remembered(studio, job, tmp_path) -> None:
    studio.finish(job)
    blended = studio.finish(replace(job, strength=0.3, painted_strength=0.8))
    provenance.write(blended.images[0], tmp_path / "made.png", blended.plan.record(0, blended.models))
    restored = provenance.restore(provenance.read(tmp_path / "made.png"))
    assert (restored.settings["strength"], restored.settings["painted_strength"]) == (0.3, 0.8)
    again = ClassicalJob(job.content, job.styles, **restored.settings)
    other = Studio(studio.settings)
    plan = other.plan(again)
    assert not plan.remembered and not is_quick(plan) and plan.memory > studio.plan(again).memory
    *steps, finished = other.run(again)
    assert isinstance(finished, Finished) and iterated(steps) == 2
    assert finished.result.images[0].tobytes() == blended.images[0].tobytes()
    shown = [step.preview for step in steps if isinstance(step, Step) and step.preview]
    assert shown and shown[-1].tobytes() != other.finish(job).images[0].tobytes()  # they are blended too


def test_only_what_shapes_the_descent_tells_paintings_apart(studio, job) -> None:
    studio.finish(job)
    blended = replace(job, strength=0.4, painted_strength=0.8)
    assert studio.plan(blended).remembered
    assert studio.plan(replace(blended, keep_faces=False, palette="#102030 #e0d0a0")).remembered
    for other in ({"painted_strength": 0.9}, {"seed": 1}, {"steps": 3}, {"keep_colours": True}, {"method": "fast"}):
        assert not studio.plan(replace(blended, **other)).remembered
    plan, content = studio.plan(blended), blended.content
    whole = paintings.painting_key(replace(plan, job=plan.job.paintings[0]), content)
    assert whole == paintings.painting_key(studio.plan(job), content)
    studio.cache.unload(TITLES["painted"])
    assert not studio.plan(blended).remembered


def test_what_is_forgotten_while_a_blend_waits_is_blended_all_the_same(studio, job, picture) -> None:
    """It waits in the short lane, where a whole descent would hold up all that takes a moment."""
    studio.finish(job)
    blend = replace(job, strength=0.4, painted_strength=0.8)
    wanted = studio.finish(blend).images[0]
    running = studio.run(ClassicalJob(picture(64, 64), picture(64, 64, 1), size=256))
    next(running)
    waiting = studio.run(blend)
    assert next(waiting).message.key == "waiting_place"
    studio.cache.free()
    assert not studio.plan(blend).remembered
    running.close()
    *steps, finished = waiting
    assert iterated(steps) == 0 and finished.result.images[0].tobytes() == wanted.tobytes()
    assert finished.result.models.keys() == {"encoder", "fast"}


def test_no_memory_left_makes_no_descent_of_a_blend(studio, job, monkeypatch) -> None:
    studio.finish(job)
    find, tries = studio.classical._regions.where, []

    def where(*given):
        tries.append(given)
        if len(tries) == 1:
            raise MemoryError  # with which all that is remembered goes
        return find(*given)

    monkeypatch.setattr(studio.classical._regions, "where", where)
    *steps, _ = studio.run(replace(job, strength=0.4, painted_strength=0.8))
    assert len(tries) == 2 and iterated(steps) == 0


def test_masks_palettes_and_a_second_style_are_laid_over_the_blend(studio, picture) -> None:
    mask = Image.new("L", SIZE)
    ImageDraw.Draw(mask).rectangle((64, 0, 191, 95), fill=255)
    styles = [(picture(90, 60, 1), 1), (picture(80, 80, 2), 1)]
    asked = {"method": "optimise", "size": 256, "steps": 1, "region": "mask", "mask": mask, "feather": 0}
    both = ClassicalJob(picture(*SIZE), styles, rest="last", **asked)
    full = values(studio.finish(both).images[0])
    half = replace(both, strength=0.5, painted_strength=1)
    *steps, finished = studio.run(half)
    photo, inside = values(both.content), np.asarray(mask) == 255
    assert iterated(steps) == 0
    assert np.abs(values(finished.result.images[0]) - (photo + full) / 2).max() <= 0.5
    # One style in the region: the rest is the photo to the byte, also under a palette that only paint gets.
    one = replace(half, rest="photo", styles=styles[:1], palette="#102030 #e0d0a0")
    *steps, finished = studio.run(one)
    made = values(finished.result.images[0])
    assert iterated(steps) == 0 and (made[~inside] == photo[~inside]).all()
    plain = values(studio.finish(replace(one, palette="")).images[0])
    assert np.abs(made[inside] - plain[inside]).mean() > 4


def test_other_methods_know_no_such_strength(picture) -> None:
    for method in ("fast", "patches", "colour"):
        job = ClassicalJob(picture(64, 64), picture(64, 64, 1), method=method, strength=0.5, painted_strength=1)
        assert job.opacity == 1 and job.paintings[0].strength == 0.5 and "painted_strength" not in job.settings()
