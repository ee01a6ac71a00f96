"""A part of a photo by StyleShot or the painter: the rest is the photo to the byte, or has another style."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_models
from PIL import Image
from styleshot import tiny

from styleshot_demo import ImageJob, Settings, Studio, provenance
from styleshot_demo.events import Step
from styleshot_demo.runners.maps import prepare

RED, BLUE = tiny.picture((220, 40, 30)), tiny.picture((20, 60, 200))
PHOTO = Image.effect_mandelbrot((160, 128), (-2, -1.2, 1, 1.2), 60).convert("RGB")
LEFT = Image.new("L", PHOTO.size)
LEFT.paste(255, (0, 0, 80, 128))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    models = tiny_models.build(tmp_path_factory.mktemp("models"), ("base", "contour", "detectors"))
    return Studio(Settings(models=models, device="cpu"))


@pytest.fixture(scope="module")
def built_in(tmp_path_factory):
    """What comes along and nothing else."""
    return Studio(Settings(device="cpu", models=tmp_path_factory.mktemp("none"), offline=True))


@pytest.fixture(params=["styleshot", "painter", "small"])
def painting(request, published, built_in):
    """(a studio, a job of the left half)"""
    size = 256 if request.param == "painter" else 128
    job = ImageJob(
        PHOTO, [RED], model=request.param, size=size, steps=2, region="mask", mask=LEFT, feather=0, threshold=100
    )
    return published if request.param == "styleshot" else built_in, job


def array(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture).astype(int)


def test_the_rest_is_the_photo_to_the_byte_and_so_are_previews(painting) -> None:
    studio, job = painting
    *steps, finished = studio.run(job)
    made = array(finished.result.images[0])
    photo = array(prepare(PHOTO, job.size, 16 if job.model == "small" else 8))
    half = made.shape[1] // 2 + 2 * (job.model == "painter")  # there the mask is enlarged, and its edge soft
    assert made.shape == photo.shape and (made[:, half:] == photo[:, half:]).all()
    assert np.abs(made[:, :half] - photo[:, :half]).mean() > 2
    previews = [array(step.preview) for step in steps if isinstance(step, Step) and step.preview]
    assert previews and all((preview[:, half:] == photo[:, half:]).all() for preview in previews)
    turned = array(studio.finish(replace(job, outside=True)).images[0])
    assert (turned[:, : half - 4] == photo[:, : half - 4]).all() and (turned[:, half:] != photo[:, half:]).any()


def test_a_region_that_is_all_of_the_photo_changes_nothing(painting) -> None:
    studio, job = painting
    every = replace(job, mask=Image.new("L", PHOTO.size, 255))
    made, everywhere = (studio.finish(one).images[0] for one in (every, replace(job, region="everywhere")))
    assert made.tobytes() == everywhere.tobytes()


def test_another_style_paints_the_rest(painting) -> None:
    studio, job = painting
    job = replace(job, styles=[RED, BLUE], rest="last")
    made = array(studio.finish(job).images[0])
    turned = array(studio.finish(replace(job, styles=[BLUE, RED], outside=True)).images[0])
    photo = array(prepare(PHOTO, job.size, 16 if job.model == "small" else 8))
    half = made.shape[1] // 2
    assert np.abs(made[:, half:] - photo[:, half:]).mean() > 2
    # The same said the other way round, but for what rounding makes of it.
    assert np.abs(made - turned).max() <= 2
    if job.model == "styleshot":  # its random weights make nothing of colours
        swapped = array(studio.finish(replace(job, styles=[BLUE, RED])).images[0])
        assert np.abs(made - swapped).max() > 2
        return
    red, blue = (
        array(studio.finish(replace(job, region="everywhere", styles=[style])).images[0]) for style in (RED, BLUE)
    )
    for part in (np.s_[:, : half - 16], np.s_[:, half + 16 :]):
        nearer = [np.abs(made[part] - one[part]).mean() for one in (red, blue)]
        assert (nearer[0] < nearer[1]) == (part[1].start is None)


def test_the_record_brings_it_back(painting) -> None:
    studio, job = painting
    result = studio.finish(replace(job, feather=4))
    record = result.plan.record(0, result.models)
    assert record.settings["region"] == "mask" and record.settings["feather"] == 4 and "rest" not in record.settings
    assert len(record.inputs["mask_sha256"]) == 16
    found = provenance.restore(record)
    again = ImageJob(PHOTO, [RED], mask=LEFT, **found.settings)
    assert studio.finish(again).images[0].tobytes() == result.images[0].tobytes()
    everywhere = replace(job, region="everywhere")
    assert not {"region", "outside", "feather", "rest"} & set(everywhere.settings()) and everywhere.mask is None


@pytest.mark.parametrize(
    ("painting", "rest"),
    [("styleshot", "last"), ("painter", "last"), ("painter", "photo"), ("small", "last")],
    indirect=["painting"],
)
def test_where_nobody_is_found_all_is_painted_and_it_is_said(painting, rest) -> None:
    studio, job = painting
    job = replace(job, styles=[RED, BLUE], region="alpha", mask=None, rest=rest)
    result = studio.finish(job)
    assert [note.key for note in result.notes][-1] == "no_alpha"
    styles = [RED] if rest == "last" else [RED, BLUE]
    alone = studio.finish(replace(job, region="everywhere", styles=styles)).images[0]
    assert np.abs(array(result.images[0]) - array(alone)).max() <= 2
