"""Image-driven with what is built in: a painted photo, never a blob, and a record that makes it again."""

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from styleshot_demo import ImageJob, Settings, Studio, pictures
from styleshot_demo.provenance import read, write
from styleshot_demo.runners.inpainting import Inpainting
from styleshot_demo.runners.painter import adapt_job, painted_as, simplified


@pytest.fixture(scope="module")
def cat() -> Image.Image:
    return pictures.fit_longest(Image.fromarray(data.chelsea()), 300)


@pytest.fixture(scope="module")
def studio(tmp_path_factory) -> Studio:
    """Without StyleShot's published weights."""
    return Studio(Settings(device="cpu", models=tmp_path_factory.mktemp("none"), offline=True))


def painted(studio: Studio, content: Image.Image, **settings) -> Image.Image:
    style = Image.open("assets/styles/oil-impasto.jpg")
    return studio.finish(ImageJob(content, [style], size=200, **settings)).images[0]


def distance(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, dtype=float) - np.asarray(other.resize(one.size), dtype=float)).mean())


def likeness(image: Image.Image, content: Image.Image) -> float:
    """Correlation of the details of lightness, up to 1."""
    light = (np.asarray(one.convert("L"), dtype=np.float32) for one in (image, content.resize(image.size)))
    return float(np.corrcoef([(one - cv2.GaussianBlur(one, (0, 0), 4)).ravel() for one in light])[0, 1])


def details(picture: Image.Image) -> float:
    light = np.asarray(picture.convert("L"), dtype=float)
    return float(np.abs(np.diff(light, axis=0)).mean())


def test_without_weights_the_photo_itself_is_painted(studio, cat) -> None:
    plan = studio.plan(ImageJob(cat, ["assets/styles/oil-impasto.jpg"], prompt="a lion", size=200))
    assert plan.model == "painter" and plan.files == ("encoder", "fast") and plan.size == (304, 200)
    result = studio.finish(ImageJob(cat, ["assets/styles/oil-impasto.jpg"], prompt="a lion", size=200))
    assert [note.key for note in result.notes][:2] == ["model_painter", "painter_no_words"]
    (image,) = result.images
    assert image.size == plan.size and set(result.models) == {"encoder", "fast"}
    # It is the photo, repainted: neither the photo as it was, nor anything that one could not recognise.
    assert likeness(image, cat) > 0.5 and distance(image, cat) > 5


def test_style_strength_goes_from_the_photo_to_bold_strokes(studio, cat) -> None:
    none, half, full, bold = (painted(studio, cat, style_strength=strength) for strength in (0, 0.5, 1, 2))
    assert distance(none, cat) < 2 < distance(half, none) < distance(full, none)
    assert distance(bold, full) > 2


def test_content_strength_frees_from_details_and_brings_them_back(studio, cat) -> None:
    none, full, more = (painted(studio, cat, content_strength=strength) for strength in (0, 1, 2))
    assert likeness(none, cat) < likeness(full, cat) < likeness(more, cat) < 1
    assert details(simplified(cat, 0)) < details(simplified(cat, 0.5)) < details(cat) and simplified(cat, 1) is cat


def test_the_record_makes_it_again(studio, cat, tmp_path) -> None:
    style = Image.open("assets/styles/risograph.jpg")
    job = ImageJob(
        cat, [style], prompt="words", size=200, style_strength=1.4, content_strength=0.7, preprocessor="both", count=3
    )
    result = studio.finish(job)
    assert {"painter_no_words", "painter_alone"} <= {note.key for note in result.notes}
    write(result.images[0], tmp_path / "made.png", result.plan.record(0, result.models))
    made_by = read(tmp_path / "made.png")
    assert made_by.settings["model"] == "painter" and "prompt" not in made_by.settings
    settings = {name: value for name, value in made_by.settings.items() if name not in ("job", "style_weights")}
    again = studio.finish(ImageJob(cat, [style], **settings)).images
    assert len(again) == len(result.images) == 1
    assert again[0].tobytes() == result.images[0].tobytes()


@pytest.mark.parametrize("shape", [(1000, 100), (60, 600), (40, 40)])
@pytest.mark.parametrize("size", [128, None, 1024])
def test_any_shape_is_painted_at_a_size_that_can_be(studio, shape, size) -> None:
    job, _ = adapt_job(ImageJob(Image.new("RGB", shape, "teal"), [Image.new("RGB", (64, 64))], size=size))
    again, notes = adapt_job(job)
    assert again == job and not notes
    assert max(studio.plan(job).size) <= 2048
    if size == 128:  # the others cost more and would tell the same
        image = studio.finish(job).images[0]
        assert image.size == studio.plan(job).size


def test_where_a_soft_edge_leaves_nothing_of_a_part_the_rest_is_painted(studio, cat) -> None:
    one, other = (Image.new("RGB", (64, 64), colour) for colour in ("red", "blue"))
    job = ImageJob(cat, [one, other], region="subject", rest="last")
    nothing = Inpainting(cat, Image.new("L", cat.size, 0), job.styles[:1], job.styles[1:])
    made = painted_as(job, cat, studio.plan(job).shots[0], nothing)
    assert made.region == "everywhere" and [style for style, _ in made.styles] == [job.styles[1][0]]


@pytest.mark.parametrize("region", ["everywhere", "alpha"])
def test_what_is_transparent_stays_so(studio, cat, region) -> None:
    logo = cat.convert("RGBA")
    alpha = Image.new("L", cat.size, 0)
    alpha.paste(255, (60, 40, cat.width - 60, cat.height - 40))
    logo.putalpha(alpha)
    made = painted(studio, logo, region=region)
    assert made.mode == "RGBA"
    opacity = np.asarray(made.getchannel("A"))
    assert opacity[:15].max() == 0 and opacity[opacity.shape[0] // 2, opacity.shape[1] // 2] == 255
    wanted = np.asarray(alpha.resize(made.size, Image.Resampling.BICUBIC))
    assert np.array_equal(opacity, wanted)
    assert painted(studio, cat, region="everywhere").mode == "RGB"
