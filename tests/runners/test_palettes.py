"""Which style gives the colours, and results that are held to a palette: what a job, its record and its files say."""

import io
from contextlib import closing

import numpy as np
import pytest
import torch
from PIL import Image

from styleshot_demo import ClassicalJob, jobs, pictures, provenance
from styleshot_demo.classical.colour import to_oklab
from styleshot_demo.errors import Problem
from styleshot_demo.events import Step
from styleshot_demo.images.ops import to_tensor
from styleshot_demo.runners.palettes import apply_palette, palette_of
from styleshot_demo.settings import ASSETS

STYLES = [ASSETS / "styles/byzantine-mosaic.jpg", ASSETS / "styles/ink-wash.jpg"]
PALETTE = "#1d3557 #e63946 #f1faee"
WHERE = {"fast": {"size": 256}, "whole": {"whole": True}}


def colours(picture: Image.Image) -> np.ndarray:
    """Mean and covariance of its tints, as one vector."""
    tints = to_oklab(to_tensor(pictures.fit_longest(picture, 256)))[0, 1:].flatten(1)
    return torch.cat([tints.mean(1), torch.cov(tints).flatten().sqrt().nan_to_num()]).numpy()


def fine_detail(picture: Image.Image) -> float:
    """How much of its grey lies in the finest strokes."""
    grey = np.asarray(picture.convert("L"), float)
    return float(np.abs(np.diff(grey, axis=0)).mean() / grey.std())


def painted(studio, content: Image.Image, **settings) -> Image.Image:
    return studio.finish(ClassicalJob(content, settings.pop("styles", STYLES), **settings)).images[0]


@pytest.mark.parametrize("where", WHERE)
def test_colours_come_from_one_style_and_brushwork_from_the_other(studio, picture, where) -> None:
    content, size = picture(256, 96), WHERE[where]
    alone = [painted(studio, content, styles=[style], **size) for style in STYLES]
    wanted = [colours(pictures.open_picture(style)) for style in STYLES]
    for place, name in enumerate(("first", "last")):
        mixed = painted(studio, content, colours_from=name, **size)
        other = 1 - place
        away = [float(np.linalg.norm(colours(mixed) - each)) for each in wanted]
        assert away[place] < away[other]
        details = [abs(fine_detail(mixed) - fine_detail(each)) for each in alone]
        assert details[other] < details[place]


def test_of_three_the_others_keep_their_weights_among_each_other(studio, picture) -> None:
    content = picture(256, 96)
    third = ASSETS / "styles/watercolour.jpg"
    others = [(STYLES[1], 3), (third, 1)]
    one, other = (
        painted(studio, content, styles=[(STYLES[0], weight), *others], colours_from="first", size=256)
        for weight in (1, 50)
    )
    assert one.tobytes() == other.tobytes()
    swapped = [(STYLES[0], 1), (STYLES[1], 1), (third, 3)]
    assert painted(studio, content, styles=swapped, colours_from="first", size=256).tobytes() != one.tobytes()


def test_of_a_single_style_it_says_nothing(studio, picture) -> None:
    content = picture(256, 96)
    usual, asked = (
        studio.finish(ClassicalJob(content, STYLES[:1], size=256, colours_from=name)) for name in ("all", "first")
    )
    assert usual.images[0].tobytes() == asked.images[0].tobytes()
    assert usual.settings == asked.settings and "colours_from" not in usual.settings


def distance(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, int) - np.asarray(other, int)).mean())


@pytest.mark.parametrize("method", jobs.METHODS)
def test_results_and_previews_are_held_to_the_palette(studio, picture, method) -> None:
    content, given = picture(256, 96), {"method": method, "size": 256, "steps": 2}
    style = pictures.open_picture(STYLES[0]).resize((256, 32))
    job = ClassicalJob(content, [style], palette=PALETTE, **given)
    seen = []
    with closing(studio.run(job)) as events:
        for event in events:
            seen += [event.preview] if isinstance(event, Step) and event.preview else []
            last = event
    held = last.result.images[0]
    free = painted(studio, content, styles=[style], **given)  # later, for a descent that is known shows no previews
    assert held.tobytes() == apply_palette(PALETTE, free).tobytes() != free.tobytes()
    assert seen or method != "optimise"
    for preview in seen:  # holding moves what is held already by far less than what is free
        again, moved = (apply_palette(PALETTE, one) for one in (preview, free))
        assert distance(again, preview) < 0.8 * distance(moved, free)
    assert apply_palette("", free) is free


@pytest.mark.parametrize("model", ["composer", "painter", "small"])
def test_other_jobs_are_held_to_the_palette_by_the_same_function_and_say_so(studio, picture, model) -> None:
    given = {"model": model, "size": 256, **({"steps": 1} if model == "small" else {})}

    def made(**more):
        if model == "painter":
            return studio.finish(jobs.ImageJob(picture(96, 256), STYLES[:1], **given, **more))
        return studio.finish(jobs.TextJob(STYLES[:1], "a red apple", **given, **more))

    free, held = made(), made(palette=PALETTE)
    assert held.images[0].tobytes() == apply_palette(PALETTE, free.images[0]).tobytes() != free.images[0].tobytes()
    record = provenance.record(held.settings, {}, 0)
    assert provenance.restore(record).settings["palette"] == PALETTE and "palette" not in free.settings


def test_a_photo_at_its_own_size_is_held_too_and_what_is_kept_is_not(studio, picture) -> None:
    content = picture(400, 200)
    content.putalpha(Image.linear_gradient("L").resize(content.size))
    given = {"styles": STYLES[:1], "whole": True, "region": "alpha", "feather": 0}
    free, held = painted(studio, content, **given), painted(studio, content, palette=PALETTE, **given)
    assert held.getchannel("A").tobytes() == free.getchannel("A").tobytes()
    clear, solid = (np.asarray(content.getchannel("A")) == value for value in (0, 255))
    pair = [np.asarray(each.convert("RGB"), int) for each in (free, held)]
    assert (pair[0][clear] == pair[1][clear]).all()
    wanted = np.asarray(apply_palette(PALETTE, free.convert("RGB")), int)
    assert np.abs(pair[1][solid] - wanted[solid]).max() <= 2
    assert (pair[0][solid] != pair[1][solid]).any()


def test_16_bits_stay_16_bits(studio, tmp_path) -> None:
    values = np.linspace(0, 65535, 300 * 260 * 3).astype(np.uint16).reshape(300, 260, 3)
    pictures.save_png(Image.fromarray((values >> 8).astype(np.uint8)), tmp_path / "deep.png", None, None, values)
    job = ClassicalJob(tmp_path / "deep.png", STYLES[:1], method="colour", size=256, palette=PALETTE)
    result = studio.finish(job)
    assert result.deep is not None and result.deep.dtype == np.uint16
    assert np.abs((result.deep / 257).round().astype(int) - np.asarray(result.images[0], int)).max() <= 4
    assert len(np.unique(result.deep)) > 300


def test_a_record_brings_both_back(picture) -> None:
    job = ClassicalJob(picture(64, 64), STYLES, colours_from="last", palette="E63946, 1d3557")
    stream = io.BytesIO()
    provenance.write(picture(32, 32), stream, provenance.record(job.settings(), {}, 0))
    found = provenance.restore(provenance.read(stream.getvalue()))
    assert found.dropped == ()
    assert (found.settings["colours_from"], found.settings["palette"]) == ("last", "#e63946 #1d3557")
    forged = provenance.restore(provenance.record({**job.settings(), "palette": "<script>"}, {}, 0))
    assert forged.dropped == ("palette",)


@pytest.mark.parametrize(
    "palette, key", [("#12345", "not_a_colour"), ("red", "not_a_colour"), ("#ffffff " * 9, "too_many_colours")]
)
def test_what_is_no_palette_is_refused(picture, palette, key) -> None:
    with pytest.raises(Problem) as caught:
        ClassicalJob(picture(64, 64), STYLES, palette=palette)
    assert caught.value.key == key


def test_the_palette_of_a_picture_is_one_that_a_job_takes() -> None:
    found = palette_of(pictures.open_picture(STYLES[0]))
    assert 2 <= len(jobs.palette_rgb(found)) <= jobs.MAX_COLOURS
    assert jobs.check_each(ClassicalJob)["palette"]("palette", found) == found


def test_a_record_names_no_palette_where_the_photo_came_back_as_it_is(studio, picture) -> None:
    job = ClassicalJob(picture(256, 96), STYLES[:1], palette=PALETTE, strength=0, size=256)
    result = studio.finish(job)
    assert result.images[0].tobytes() == job.content.tobytes() and "palette" not in result.settings
