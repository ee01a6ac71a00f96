"""Where a photo is painted: outside of that it stays as it is, to the byte, whatever paints it."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps
from skimage import data

from styleshot_demo import ClassicalJob, jobs, pictures, provenance
from styleshot_demo.classical.feather import feathered
from styleshot_demo.errors import Problem
from styleshot_demo.events import Step
from styleshot_demo.formats import sixteen_bit
from styleshot_demo.jobs import METHODS
from styleshot_demo.runners import classical

SMALL = {"size": 256, "steps": 2}
SIZE = (256, 96)


def disc(size: tuple[int, int] = SIZE) -> Image.Image:
    """A mask with a hard edge: white inside of an ellipse, black outside."""
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).ellipse((size[0] // 4, size[1] // 4, size[0] * 3 // 4, size[1] * 3 // 4), fill=255)
    return mask


def array(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture)


@pytest.mark.parametrize(("method", "outside"), [*((method, False) for method in METHODS), ("fast", True)])
def test_the_rest_is_the_photo_to_the_byte_and_so_are_previews(studio, picture, method, outside) -> None:
    content, mask = picture(*SIZE), disc()
    job = ClassicalJob(
        content, [picture(256, 32, 1)], method=method, region="mask", mask=mask, feather=9, outside=outside, **SMALL
    )
    *steps, finished = studio.run(job)
    (image,) = finished.result.images
    rest = array(mask) == (255 if outside else 0)
    assert (array(image)[rest] == array(content)[rest]).all()
    assert np.abs(array(image)[~rest].astype(int) - array(content)[~rest]).mean() > 2
    previews = [step.preview for step in steps if isinstance(step, Step) and step.preview]
    assert previews or method in ("fast", "colour", "patches")
    for preview in previews:
        assert (array(preview)[rest] == array(content)[rest]).all()


@pytest.mark.parametrize("method", METHODS)
def test_well_inside_it_is_what_is_painted_everywhere(studio, picture, method) -> None:
    job = ClassicalJob(picture(*SIZE), [picture(256, 32, 1)], method=method, **SMALL)
    everywhere = array(studio.finish(job).images[0])
    inside = array(feathered(disc(), 5)) == 255
    part = array(studio.finish(replace(job, region="mask", mask=disc(), feather=5)).images[0])
    assert inside.sum() > 1500 and (part[inside] == everywhere[inside]).all()
    hard = array(studio.finish(replace(job, region="mask", mask=disc(), feather=0)).images[0])
    assert (hard == np.where(array(disc())[..., None] == 255, everywhere, array(job.content))).all()


def test_a_feather_fades_inwards_and_more_of_it_never_paints_more() -> None:
    mask = disc((300, 200))
    wide = [array(feathered(mask, pixels)).astype(int) for pixels in (0, 1, 3, 10, 40, 200)]
    assert (wide[0] == array(mask)).all()
    for less, more in zip(wide[1:], wide, strict=False):
        assert (less <= more).all() and less.sum() < more.sum()
    # Along a line from the edge to the middle the paint only grows, over about as many pixels as were asked for.
    across = wide[3][100, 75:150]
    assert (np.diff(across) >= 0).all() and across[0] < 15 and across[5] < 250 and across[11] == 255
    # What is soft already stays below what it was, and the picture's own edge is no edge.
    soft = Image.linear_gradient("L")
    assert (array(feathered(soft, 20)) <= array(soft)).all()
    half = Image.new("L", (100, 100), 255)
    half.paste(0, (0, 0, 50, 100))
    assert (array(feathered(half, 10))[:, 65:] == 255).all()


def test_a_mask_of_another_size_is_brought_to_the_result(studio, picture) -> None:
    content = picture(600, 450)
    job = ClassicalJob(content, [picture(256, 32, 1)], region="mask", mask=disc((1200, 900)), feather=0, size=300)
    made, was = array(studio.finish(job).images[0]), array(pictures.fit_longest(content, 300))
    assert (made[:50] == was[:50]).all() and (made[:, :70] == was[:, :70]).all()
    assert np.abs(made[80:140, 100:200].astype(int) - was[80:140, 100:200]).mean() > 2


@pytest.mark.parametrize("method", jobs.WHOLE_METHODS)
def test_a_photo_of_its_own_size_and_the_screenful_before_it(studio, picture, method, monkeypatch) -> None:
    monkeypatch.setattr(classical, "SCREEN", 128)
    content, mask = picture(400, 300), disc((400, 300))
    job = ClassicalJob(content, [picture(256, 32, 1)], method=method, region="mask", mask=mask, feather=6, whole=True)
    *steps, finished = studio.run(job)
    made, rest = array(finished.result.images[0]), array(mask) == 0
    assert (made[rest] == array(content)[rest]).all() and (made[150, 200] != array(content)[150, 200]).any()
    preview = next(step.preview for step in steps if step.preview)
    small = content.resize(preview.size, Image.Resampling.BOX)
    assert preview.size == (128, 96) and (array(preview)[:20] == array(small)[:20]).all()


def test_16_bits_of_the_rest_stay_what_they_are(studio, picture, tmp_path) -> None:
    rows, columns = np.mgrid[:120, :160]
    pixels = np.dstack([rows * 400 + 7, columns * 300 + 11, (rows + columns) * 200 + 13]).astype(np.uint16)
    (tmp_path / "photo.png").write_bytes(sixteen_bit.to_png(pixels))
    mask = disc((160, 120))
    job = ClassicalJob(
        tmp_path / "photo.png", [picture(256, 32, 1)], method="colour", region="mask", mask=mask, whole=True
    )
    made, rest = studio.finish(job).deep, array(mask) == 0
    assert made.dtype == np.uint16 and (made[rest] == pixels[rest]).all() and (made[60, 80] != pixels[60, 80]).any()


def test_opacity_and_what_lies_under_it_stay(studio, picture) -> None:
    content = picture(*SIZE)
    alpha = Image.new("L", SIZE, 255)
    alpha.paste(0, (0, 0, 60, 96))
    alpha.paste(120, (60, 0, 90, 96))
    content.putalpha(alpha)
    job = ClassicalJob(content, [picture(256, 32, 1)], region="mask", mask=disc(), feather=0, size=256)
    made, rest = array(studio.finish(job).images[0]), array(disc()) == 0
    assert (made[rest] == array(content)[rest]).all() and (made[..., 3] == array(alpha)).all()
    # By the picture's own opacity: what is opaque is painted, and the other way round.
    for outside in (False, True):
        part = array(studio.finish(replace(job, region="alpha", outside=outside)).images[0])
        opaque = array(alpha) == 255
        rest = ~opaque & (array(alpha) == 0) if not outside else opaque
        assert (part[rest] == array(content)[rest]).all()
        other = opaque if not outside else array(alpha) == 120
        assert (part[other] != array(content)[other]).any(1).mean() > 0.5


@pytest.mark.parametrize("region, network", [("subject", "subject"), ("background", "subject"), ("person", "person")])
def test_what_networks_find_is_painted_or_spared(studio, picture, region, network) -> None:
    astronaut = Image.fromarray(data.astronaut()).resize((256, 256), Image.Resampling.LANCZOS)
    job = ClassicalJob(astronaut, [picture(256, 32, 1)], region=region, size=256, keep_faces=False)
    result = studio.finish(job)
    assert len(result.models[network]) == 16 and result.notes == []
    other = studio.finish(replace(job, outside=True))
    for made, face_is_painted in ((result, region != "background"), (other, region == "background")):
        changed = np.abs(array(made.images[0]).astype(int) - array(astronaut)).max(2)
        face, wall = changed[25:60, 96:118], changed[5:40, 165:185]
        painted, spared = (face, wall) if face_is_painted else (wall, face)
        assert spared.max() < 4 and painted.mean() > 5  # the networks are never quite sure


@pytest.mark.parametrize(
    "region, told",
    [("background", "no_subject"), ("person", "nobody_found"), ("alpha", "no_alpha")],
)
def test_it_is_said_where_there_is_no_such_region_and_all_is_painted(studio, picture, region, told) -> None:
    noise = np.random.default_rng(0).integers(90, 130, (192, 256, 3), dtype=np.uint8)
    job = ClassicalJob(Image.fromarray(noise), [picture(256, 32, 1)], size=256)
    result = studio.finish(replace(job, region=region))
    assert [note.key for note in result.notes] == [told]
    assert (array(result.images[0]) == array(studio.finish(job).images[0])).all()


def test_a_kept_background_and_a_region_both_hold(studio, picture) -> None:
    content = Image.new("RGB", SIZE, "white")
    content.paste(picture(100, 60), (78, 18))
    job = ClassicalJob(content, [picture(256, 32, 1)], region="mask", mask=disc(), keep_background=True, size=256)
    made = array(studio.finish(job).images[0])
    thing = np.zeros(made.shape[:2], bool)
    thing[12:84, 72:184] = True
    rest = ~thing | (array(disc()) == 0)
    assert (made[rest] == array(content)[rest]).all() and (made[48, 128] != array(content)[48, 128]).any()


# The mask that a person gives ---------------------------------------------------------------------------------------


def test_settings_that_leave_nothing_to_paint_are_told(studio, picture) -> None:
    product = Image.new("RGB", (120, 90), "white")
    product.paste((180, 30, 40), (40, 30, 80, 70))
    style = picture(64, 64, 1)
    for job in (
        ClassicalJob(product, style, region="background", keep_background=True, size=256),
        ClassicalJob(product, style, region="subject", outside=True, keep_background=True, size=256),
        ClassicalJob(product, style, region="background", keep_background=True, whole=True),
    ):
        with pytest.raises(Problem) as caught:
            studio.finish(job)
        assert caught.value.key == "nothing_to_paint"
    studio.finish(ClassicalJob(product, style, region="background", size=256))


def refused(**more) -> str:
    with pytest.raises(Problem) as caught:
        ClassicalJob(Image.new("RGB", (120, 80)), Image.new("RGB", (64, 64)), region="mask", **more)
    return caught.value.key


def test_a_mask_that_cannot_be_is_refused_before_anything_runs(tmp_path) -> None:
    assert refused() == "mask_needed"
    assert refused(mask=Image.new("L", (120, 80))) == "mask_empty"
    assert refused(mask=Image.new("RGBA", (120, 80), (255, 255, 255, 0))) == "mask_empty"
    assert refused(mask=Image.new("L", (120, 80), 255), outside=True) == "mask_empty"
    assert refused(mask=Image.new("L", (80, 120), 255)) == "mask_shape"
    (tmp_path / "mask.png").write_text("no picture")
    assert refused(mask=tmp_path / "mask.png") == "not_a_picture"
    assert refused(mask=tmp_path / "nothing.png") == "picture_missing"


def test_what_is_white_counts_and_transparent_is_black() -> None:
    brushed = Image.new("RGBA", (120, 80), (255, 255, 255, 0))
    brushed.paste((255, 255, 255, 255), (10, 10, 40, 40))
    brushed.paste((0, 0, 0, 255), (20, 20, 30, 30))
    job = ClassicalJob(Image.new("RGB", (240, 160)), Image.new("RGB", (64, 64)), region="mask", mask=brushed)
    assert job.mask is not None and job.mask.mode == "L"
    assert [job.mask.getpixel(at) for at in ((5, 5), (15, 15), (25, 25))] == [0, 255, 0]
    assert replace(job, strength=0.5).mask.tobytes() == job.mask.tobytes()


# The record ---------------------------------------------------------------------------------------------------------


def test_the_record_names_region_and_mask_and_makes_the_same_picture_again(studio, picture, tmp_path) -> None:
    disc().save(tmp_path / "my mask.png")
    job = ClassicalJob(
        picture(*SIZE), [picture(256, 32, 1)], region="mask", mask=tmp_path / "my mask.png", feather=12,
        outside=True, size=256,
    )  # fmt: skip
    result = studio.finish(job)
    stream = io.BytesIO()
    provenance.write(result.images[0], stream, result.plan.record(0, result.models))
    record = provenance.read(stream.getvalue())
    assert record.inputs["mask"] == "my mask.png"
    assert record.inputs["mask_sha256"] == pictures.digest(disc())[:16]
    found = provenance.restore(record)
    assert found.dropped == () and found.settings["region"] == "mask"
    assert found.settings["feather"] == 12 and found.settings["outside"] is True
    again = ClassicalJob(job.content, job.styles, mask=disc(), **found.settings)
    assert studio.finish(again).images[0].tobytes() == result.images[0].tobytes()
    # Another mask is another picture, and told from this one.
    other = replace(job, mask=ImageOps.invert(disc()))
    assert studio.plan(other).inputs()["mask_sha256"] != record.inputs["mask_sha256"]


def test_who_paints_everywhere_has_a_record_as_before(picture) -> None:
    job = ClassicalJob(picture(*SIZE), picture(64, 64), mask=disc())
    assert job.mask is None and not {"region", "feather", "outside"} & set(job.settings())
    assert {"region": "person", "feather": 3, "outside": False}.items() <= replace(
        job, region="person"
    ).settings().items()
