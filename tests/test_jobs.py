import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import nasty
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from styleshot_demo import jobs
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import ClassicalJob

calm = settings(deadline=None, derandomize=True, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
PHOTO = nasty.photo(20, 16)
PICTURES = {"content", "styles", "mask"}


def problem(**fields: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        ClassicalJob(**{"content": PHOTO, "styles": PHOTO} | fields)
    return caught.value


def test_defaults() -> None:
    job = ClassicalJob(PHOTO, PHOTO)
    assert (job.method, job.strength, job.size, job.seed) == ("fast", 1.0, 512, 0)
    assert job.content.mode == "RGB"
    assert [weight for _, weight in job.styles] == [1.0]


def test_every_field_is_checked() -> None:
    fields = {field.name for field in dataclasses.fields(ClassicalJob)}
    assert set(jobs.check_each(jobs.ClassicalJob)) == fields - PICTURES


@pytest.mark.parametrize("method", jobs.METHODS)
def test_settings_name_fields_that_matter_and_are_json(method: str) -> None:
    settings = ClassicalJob(PHOTO, [(PHOTO, 1), (PHOTO, 2)], method=method).settings()
    assert settings["style_weights"] == [1.0, 2.0]
    assert set(settings) - {"style_weights"} <= set(jobs.check_each(jobs.ClassicalJob))
    assert {"method", "seed", "size", "strength"} <= set(settings)
    assert json.loads(json.dumps(settings, allow_nan=False)) == settings


@pytest.mark.parametrize(
    "made",
    [
        lambda **more: ClassicalJob(PHOTO, PHOTO, **more),
        lambda **more: jobs.TextJob(prompt="apple", styles=PHOTO, **more),
        lambda **more: jobs.ImageJob(content=PHOTO, styles=PHOTO, **more),
        lambda **more: jobs.EnlargeJob(PHOTO, **more),
    ],
)
def test_a_misspelt_setting_is_no_setting(made: Any) -> None:
    assert "strenght" not in vars(made())
    with pytest.raises(Problem) as caught:
        made(strenght=0.2)
    assert caught.value.key == "unknown_setting" and "strenght is not a setting" in caught.value.what


def test_a_job_does_not_change() -> None:
    job = ClassicalJob(PHOTO, PHOTO)
    with pytest.raises(dataclasses.FrozenInstanceError):
        job.size = 256  # type: ignore[misc]
    assert dataclasses.replace(job, size=256).size == 256
    assert dataclasses.replace(job, size=256).styles == job.styles


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("strength", 0, 1),
        ("size", 256, 2048),
        ("seed", 0, 2**31 - 1),
        ("steps", 1, 5000),
        ("content_weight", 0, 100),
        ("style_weight", 0, 100),
        ("tv_weight", 0, 100),
        ("grain", 0, 1),
    ],
)
def test_ranges(name: str, low: float, high: float) -> None:
    for value in (low, high, str(high)):
        assert getattr(ClassicalJob(PHOTO, PHOTO, **{name: value}), name) == float(value)
    for value in (low - 1, high + 1, 1e300, float("inf"), -float("inf"), 10**400, -(10**400)):
        found = problem(**{name: value})
        assert found.key == "out_of_range"
        assert found.what.endswith(f"it must lie between {low} and {high}.")
    for value in (None, "many", float("nan"), True, [], {}, object(), 1j, ""):
        assert problem(**{name: value}).key == "not_a_number"


@pytest.mark.parametrize("name", ["size", "seed", "steps"])
def test_whole_numbers(name: str) -> None:
    assert problem(**{name: 300.5}).key == "not_whole"
    value = getattr(ClassicalJob(PHOTO, PHOTO, **{name: 300.0}), name)
    assert (value, type(value)) == (300, int)


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        (99999999999, "99999999999"),
        ("99999999999", "99999999999"),
        (-12345678901.0, "-12345678901"),
        (99999999999.5, "1e+11"),
        (10**30, "1e+30"),
        ("1e300", "1e+300"),
        (float("inf"), "inf"),
        ("-1.5", "-1.5"),
    ],
)
def test_a_number_is_quoted_as_it_was_given(value: Any, quoted: str) -> None:
    assert problem(seed=value).what == f"seed is {quoted}; it must lie between 0 and 2147483647."


@pytest.mark.parametrize("name", ["method", "transform", "colours_from", "colour_method", "start", "optimiser"])
def test_choices(name: str) -> None:
    for value in ("magic", "", None, 1, [], "FAST", "x" * 1000):
        found = problem(**{name: value})
        assert found.key == "unknown_choice"
        assert len(found.what) < 100


@pytest.mark.parametrize("value", ["false", "true", 1, 0, None, []])
def test_a_switch_is_true_or_false(value: Any) -> None:
    assert problem(keep_colours=value).key == "unknown_choice"
    assert ClassicalJob(PHOTO, PHOTO, keep_colours=True).keep_colours is True


def test_pictures_come_in_many_ways(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    PHOTO.save(path)
    data = path.read_bytes()
    for one in (PHOTO, path, str(path), data):
        job = ClassicalJob(one, one)
        assert job.content.tobytes() == PHOTO.tobytes()
        assert job.styles[0][0].tobytes() == PHOTO.tobytes()
    assert len(ClassicalJob(PHOTO, io.BytesIO(data)).styles) == 1
    assert len(ClassicalJob(PHOTO, [path, PHOTO, None]).styles) == 2
    assert len(ClassicalJob(PHOTO, (path, PHOTO)).styles) == 2
    assert len(ClassicalJob(PHOTO, (picture for picture in (path, PHOTO))).styles) == 2


def test_style_weights_stay_as_given_and_zero_costs_nothing() -> None:
    job = ClassicalJob(PHOTO, [(PHOTO, 3), ("no such file", 0), PHOTO])
    assert [weight for _, weight in job.styles] == [3, 1] and jobs.normalised_weights(job.styles) == [0.75, 0.25]
    assert [weight for _, weight in ClassicalJob(PHOTO, (PHOTO, 0.3)).styles] == [1.0]


@calm
@given(st.lists(st.floats(0, 100), min_size=1, max_size=4))
def test_any_weights(weights: list[float]) -> None:
    pairs = [(PHOTO, weight) for weight in weights]
    if sum(weights) == 0:
        assert problem(styles=pairs).key == "weights_all_zero"
    else:
        found = jobs.normalised_weights(ClassicalJob(PHOTO, pairs).styles)
        assert sum(found) == pytest.approx(1)
        assert all(weight >= 0 for weight in found)


@pytest.mark.parametrize(
    ("styles", "key"),
    [
        (None, "style_needed"),
        ([], "style_needed"),
        ([None], "style_needed"),
        ([(None, 1)], "style_needed"),
        ([(PHOTO, 1, 2)], "style_needed"),
        ([()], "style_needed"),
        (7, "not_a_picture"),
        ([7], "not_a_picture"),
        ([PHOTO] * 5, "too_many_styles"),
        ([(PHOTO, 0)], "weights_all_zero"),
        ([(PHOTO, -1)], "out_of_range"),
        ([(PHOTO, 101)], "out_of_range"),
        ([(PHOTO, None)], "not_a_number"),
        ([(PHOTO, float("nan"))], "not_a_number"),
        ("no such file", "picture_missing"),
        (b"no picture", "not_a_picture"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_styles_that_are_none(styles: Any, key: str) -> None:
    assert problem(styles=styles).key == key


def test_content_that_is_none() -> None:
    assert problem(content=None).key == "content_needed"
    assert problem(content="no such file").key == "picture_missing"
    assert problem(content=7).key == "not_a_picture"


def test_cheap_checks_come_before_pictures_are_read() -> None:
    assert problem(content="no such file", size=1).key == "out_of_range"


def test_new_seeds_differ_and_are_valid() -> None:
    seeds = {jobs.new_seed() for _ in range(50)}
    assert len(seeds) > 45
    assert all(0 <= seed <= jobs.MAX_SEED for seed in seeds)


anything = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.lists(st.integers(), max_size=2)
)


@calm
@given(st.dictionaries(st.sampled_from(sorted(jobs.check_each(jobs.ClassicalJob))), anything, max_size=3))
def test_any_values_give_a_valid_job_or_a_problem(fields: dict[str, Any]) -> None:
    try:
        job = ClassicalJob(PHOTO, PHOTO, **fields)
    except Problem:
        return
    again = ClassicalJob(PHOTO, PHOTO, **{name: getattr(job, name) for name in jobs.check_each(jobs.ClassicalJob)})
    assert again.settings() == job.settings()


def test_a_mapping_gives_each_picture_its_weight(tmp_path):
    places = [tmp_path / "a.png", tmp_path / "b.png"]
    for place in places:
        PHOTO.save(place)
    job = ClassicalJob(PHOTO, dict(zip(places, (3, 1), strict=True)))
    assert [weight for _, weight in job.styles] == [3, 1]


def test_whole_photos_and_brushes() -> None:
    large = nasty.photo(1600, 1200)
    job = ClassicalJob(large, PHOTO, whole=True)
    assert (job.longest, job.style_size) == (1600, jobs.WHOLE_STYLES_AT)
    assert "size" not in job.settings() and "brush_size" not in job.settings()
    assert ClassicalJob(PHOTO, PHOTO, whole=True).style_size == 256
    assert ClassicalJob(large, PHOTO, size=700).style_size == 700
    brushed = ClassicalJob(large, PHOTO, whole=True, brush_size=2048)
    assert brushed.style_size == brushed.settings()["brush_size"] == 2048
    # It cannot optimise so large, and a map of colours has no brush.
    assert ClassicalJob(large, PHOTO, method="optimise", whole=True, brush_size=300).longest == 512
    assert ClassicalJob(large, PHOTO, method="colour", whole=True, brush_size=300).style_size == jobs.WHOLE_STYLES_AT
    assert problem(brush_size=100).key == "out_of_range" and problem(whole="yes").key == "unknown_choice"
