"""Another style in the rest of the picture: both are painted as they would be alone, and meet at the mask."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from styleshot_demo import ClassicalJob, provenance
from styleshot_demo.events import Finished, Step
from styleshot_demo.formats import sixteen_bit
from styleshot_demo.jobs import METHODS
from styleshot_demo.messages import remark
from styleshot_demo.runners import classical, paintings
from styleshot_demo.runners.remaining import RemainingShare
from styleshot_demo.runners.weights import TITLES

SMALL = {"size": 256, "steps": 2}
SIZE = (256, 128)


def disc(size: tuple[int, int] = SIZE) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).ellipse((size[0] // 4, size[1] // 4, size[0] * 3 // 4, size[1] * 3 // 4), fill=255)
    return mask


def two_styles(picture, **more) -> ClassicalJob:
    asked = {"region": "mask", "mask": disc(), "feather": 0, "rest": "last", **SMALL, **more}
    return ClassicalJob(picture(*SIZE), [(picture(256, 32, 1), 2), (picture(256, 40, 2), 1)], **asked)


@pytest.mark.parametrize("method", METHODS)
def test_each_style_paints_its_own_part_as_it_does_alone(studio, picture, method) -> None:
    job = two_styles(picture, method=method)
    (first, _), (last, _) = job.styles
    alone = [np.asarray(studio.finish(replace(job, region="everywhere", styles=[s])).images[0]) for s in (first, last)]
    inside = np.asarray(disc()) == 255
    assert np.abs(alone[0].astype(int) - alone[1]).mean() > 2
    *steps, finished = studio.run(job)
    made = np.asarray(finished.result.images[0])
    assert (made[inside] == alone[0][inside]).all() and (made[~inside] == alone[1][~inside]).all()
    fractions = [step.fraction for step in steps if step.message.key != "waiting_place"]
    assert fractions == sorted(fractions)  # of what has been remembered there are none
    if method != "fast":
        return  # which part is whose is decided in one place for all
    turned = np.asarray(studio.finish(replace(job, outside=True)).images[0])
    assert (turned[~inside] == alone[0][~inside]).all() and (turned[inside] == alone[1][inside]).all()


def test_the_two_fade_into_each_other_under_one_palette_on_a_kept_background(studio, picture) -> None:
    white = Image.new("RGB", SIZE, "white")
    white.paste(picture(160, 80), (48, 24))
    job = replace(two_styles(picture, feather=20, keep_background=True, palette="#102030 #e0d0a0"), content=white)
    made = np.asarray(studio.finish(job).images[0]).astype(int)
    kept = np.ones(made.shape[:2], bool)
    kept[18:110, 42:214] = False
    assert (made[kept] == 255).all()
    hard = np.asarray(studio.finish(replace(job, feather=0)).images[0]).astype(int)
    first, last = (
        np.asarray(studio.finish(replace(job, region="everywhere", styles=[style])).images[0]).astype(int)
        for style, _ in job.styles
    )
    rim = (np.abs(made - hard).max(2) > 4) & ~kept
    assert rim.any()
    # Colours of a palette do not mix in a straight line: between the two, or next to it.
    assert (made[rim] >= np.minimum(first, last)[rim] - 12).mean() > 0.95
    assert (made[rim] <= np.maximum(first, last)[rim] + 12).mean() > 0.95


def test_a_photo_of_its_own_size_keeps_its_16_bits_in_both(studio, picture, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(classical, "SCREEN", 128)
    rows, columns = np.mgrid[:120, :160]
    pixels = np.dstack([rows * 400 + 7, columns * 300 + 11, (rows + columns) * 200 + 13]).astype(np.uint16)
    (tmp_path / "photo.png").write_bytes(sixteen_bit.to_png(pixels))
    job = replace(
        two_styles(picture, method="colour", whole=True), content=tmp_path / "photo.png", mask=disc((160, 120))
    )
    *steps, finished = studio.run(job)
    inside = np.asarray(disc((160, 120))) == 255
    for (style, _), part in zip(job.styles, (inside, ~inside), strict=True):
        alone = studio.finish(replace(job, region="everywhere", styles=[style])).deep
        assert (finished.result.deep[part] == alone[part]).all()
    # While the second style is painted, the first is seen in its place already.
    previews = [step.preview for step in steps if isinstance(step, Step) and step.preview]
    assert len(previews) == 2 and all(preview.size == (128, 96) for preview in previews)
    first, second = map(np.asarray, previews)
    assert np.abs(first[40:56, 50:78].astype(int) - second[40:56, 50:78]).max() < 12
    photo = np.asarray(job.content.resize((128, 96), Image.Resampling.BOX))
    assert (first[:20] == photo[:20]).all() and (second[:20] != photo[:20]).any()


def test_a_descent_counts_the_steps_of_both_and_goes_on_in_the_second(studio, picture, monkeypatch) -> None:
    monkeypatch.setattr(classical, "PREVIEW_EVERY", 0)
    job = two_styles(picture, method="optimise")
    plan = studio.plan(job)
    assert plan.iterations == 4 and studio.plan(replace(job, rest="photo")).iterations == 2
    whole = studio.finish(job).images[0]
    studio.cache.unload(TITLES["painted"])

    def iterations(events):
        return [event for event in events if isinstance(event, Step) and event.message.key == "iterating"]

    with closing(studio.run(job)) as events:
        for event in events:
            if isinstance(event, Step) and event.message.values.get("step") == 3:
                break
    assert event.message.values["total"] == 4 and event.made_by.settings["rest"] == "last"
    *steps, finished = studio.run(job)
    assert [event.message.values["step"] for event in iterations(steps)] == [4]
    assert isinstance(finished, Finished) and finished.result.images[0].tobytes() == whole.tobytes()


def test_what_is_done_afterwards_paints_nothing_anew(studio, picture) -> None:
    plan = studio.plan(two_styles(picture, method="optimise"))

    def key(**settings):
        return paintings.optimisation_key(replace(plan, job=replace(plan.job, **settings)), plan.job.content)

    assert key() == key(feather=plan.job.feather + 1, outside=True, keep_faces=not plan.job.keep_faces)
    assert key() != key(seed=plan.job.seed + 1) and key() != key(brush_size=300)


def test_the_seconds_left_are_those_of_both(monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr(paintings, "RemainingShare", lambda: RemainingShare(lambda: now[0]))
    nothing = Image.new("RGB", (4, 4))

    def painting():
        for step in range(1, 11):
            now[0] += 10
            yield Step(step / 10, remark("iterating", step=step, total=10, seconds=1), None)
        yield paintings.Painted(nothing)

    events = paintings.blend_two_styles(nothing, nothing.convert("L"), painting(), painting())
    told = [event.message.values["seconds"] for event in events if isinstance(event, Step)]
    assert told == [None, *range(180, -10, -10)]


def test_the_record_says_so_and_brings_it_back(studio, picture) -> None:
    job = two_styles(picture, region="alpha", mask=None)
    record = studio.plan(job).record()
    assert record.settings["rest"] == "last" and record.settings["style_weights"] == [2, 1]
    assert provenance.restore(record).settings["rest"] == "last"
    assert "colours_from" not in record.settings  # each has one style
    # Where it means nothing, nothing is said of it; but a person who asked for it is told why.
    for other in (replace(job, rest="photo"), replace(job, region="everywhere"), replace(job, styles=job.styles[0][0])):
        assert "rest" not in other.settings() and len(other.paintings) == 1
    told = [note.key for note in studio.plan(replace(job, styles=job.styles[0][0])).remarks]
    assert told == ["rest_needs_style"]
