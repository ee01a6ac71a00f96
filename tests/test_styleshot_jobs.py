import dataclasses
import json

import nasty
import pytest

from styleshot_demo import ImageJob, TextJob, jobs, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.job_defaults import NEGATIVE_PROMPT
from styleshot_demo.styleshot import pipeline

PHOTO = nasty.photo(20, 16)


def text(**fields):
    return TextJob(**{"styles": PHOTO, "prompt": "a house"} | fields)


def image(**fields):
    return ImageJob(**{"content": PHOTO, "styles": PHOTO} | fields)


def problem(make, **fields):
    with pytest.raises(Problem) as caught:
        make(**fields)
    return caught.value


@pytest.mark.parametrize("kind", [TextJob, ImageJob])
def test_every_field_is_checked(kind):
    pictures = {"content", "styles", "mask"}
    assert set(jobs.fields(kind)) == {field.name for field in dataclasses.fields(kind)} - pictures


def test_shared_fields_have_the_same_defaults():
    defaults = [{field.name: field.default for field in dataclasses.fields(kind)} for kind in (TextJob, ImageJob)]
    shared = (defaults[0].keys() & defaults[1].keys()) - {"prompt", "styles"}
    assert all(defaults[0][name] == defaults[1][name] for name in shared)
    assert NEGATIVE_PROMPT == pipeline.NEGATIVE_PROMPT


@pytest.mark.parametrize("make", [text, image])
@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("style_strength", 0, 2), ("steps", 1, 150), ("guidance_scale", 0, 30), ("count", 1, 8), ("size", 128, 1024)],
)
def test_ranges(make, name, low, high):
    for value in (low, high):
        assert getattr(make(**{name: value}), name) == value
    for value in (low - 1, high + 1, float("inf")):
        assert problem(make, **{name: value}).key == "out_of_range"
    for value in ("many", float("nan"), True):
        assert problem(make, **{name: value}).key == "not_a_number"
    if name in ("guidance_scale", "size"):  # None stands for the model's own, which only the plan knows
        assert getattr(make(**{name: None}), name) is None
    else:
        assert problem(make, **{name: None}).key == "not_a_number"


@pytest.mark.parametrize(("name", "low", "high"), [("content_strength", 0, 2), ("threshold", 0, 255)])
def test_ranges_of_content(name, low, high):
    for value in (low, high):
        assert getattr(image(**{name: value}), name) == value
    for value in (low - 1, high + 1):
        assert problem(image, **{name: value}).key == "out_of_range"


@pytest.mark.parametrize("name", ["model", "scheduler"])
def test_choices(name):
    for value in (None, "other", 3, ["auto"]):
        assert problem(text, **{name: value}).key == "unknown_choice"
    assert problem(image, preprocessor="depth").key == "unknown_choice"


@pytest.mark.parametrize(("given", "kept"), [(128, 128), (500, 496), (501, 504), ("512", 512), (1023, 1024)])
def test_sizes_are_multiples_of_eight(given, kept):
    assert text(size=given).size == kept
    assert problem(text, size=500.5).key == "not_whole"


def test_texts():
    assert text(prompt=None).prompt == ""
    assert text(prompt="  a\x00b\nc\ud800d  ").prompt == "a b c d"
    assert text(prompt="画 🏰").prompt == "画 🏰"
    assert len(text(prompt="a" * jobs.MAX_PROMPT).prompt) == jobs.MAX_PROMPT
    too_long = problem(text, negative_prompt="a" * (jobs.MAX_PROMPT + 1))
    assert too_long.key == "text_too_long" and "negative_prompt" in too_long.what
    for value in (3, ["a"], b"a"):
        assert problem(text, prompt=value).key == "not_text"


def test_pictures_are_needed():
    assert problem(image, content=None).key == "content_needed"
    for make in (text, image):
        assert problem(make, styles=[]).key == "style_needed"
        assert problem(make, styles=[PHOTO] * 5).key == "too_many_styles"


def test_each_image_can_be_asked_for_alone():
    job = text(count=3, seed=jobs.MAX_SEED - 1)
    assert job.total == 3
    assert [job.single(n).seed for n in range(3)] == [jobs.MAX_SEED - 1, jobs.MAX_SEED, 0]
    assert all(job.single(n).count == 1 for n in range(3))
    both = image(count=2, seed=5, preprocessor="both")
    assert both.total == 4 and both.preprocessors == ("contour", "lineart")
    alone = [(one.preprocessor, one.seed, one.count) for one in map(both.single, range(4))]
    assert alone == [("contour", 5, 1), ("contour", 6, 1), ("lineart", 5, 1), ("lineart", 6, 1)]


@pytest.mark.parametrize("make", [text, image])
def test_settings_come_back_from_provenance(make):
    job = make(styles=[(PHOTO, 1), (PHOTO, 2)], prompt="画 <b>&\"'", steps=7, scheduler="unipc", seed=3)
    assert json.loads(json.dumps(job.settings(), allow_nan=False)) == job.settings()
    made_by = provenance.record(job.settings(), {}, 4)
    restored = provenance.restore(made_by)
    assert restored.dropped == () and restored.style_weights == (1, 2)
    assert make(**restored.settings).settings() | {"style_weights": 0} == {
        **job.settings(),
        "seed": 4,
        "style_weights": 0,
    }
    assert provenance.source_type(made_by).endswith(
        "/trainedAlgorithmicMedia" if make is text else "/compositeWithTrainedAlgorithmicMedia"
    )


def test_the_longest_texts_fit_into_a_record(tmp_path):
    job = text(prompt="🏰" * jobs.MAX_PROMPT, negative_prompt="🏰" * jobs.MAX_PROMPT)
    made_by = provenance.record(job.settings(), {}, 0)
    provenance.write(PHOTO, tmp_path / "a.png", made_by)
    assert provenance.read(tmp_path / "a.png").settings == made_by.settings
