"""What can differ in a grid follows from the fields of jobs; values are typed, checked and said in one sentence."""

from dataclasses import replace

import pytest
from PIL import Image

from styleshot_demo import ClassicalJob, ImageJob, TextJob, jobs
from styleshot_demo.errors import Problem
from styleshot_demo.grid import MIX, STYLE, Axis, Grid, NamedStyle, axes, label, read, usual, value_of
from styleshot_demo.grid.styles import named, read_styles
from styleshot_demo.jobs.schema import Text
from styleshot_demo.library import Library

RED, BLUE = Image.new("RGB", (64, 64), "red"), Image.new("RGB", (64, 64), "blue")
PHOTO = Image.linear_gradient("L").convert("RGB")
KINDS = (ClassicalJob, ImageJob, TextJob)
JOBS = {
    ClassicalJob: ClassicalJob(PHOTO, [RED, BLUE]),
    ImageJob: ImageJob(PHOTO, [RED, BLUE]),
    TextJob: TextJob([RED, BLUE], "a castle"),
}


@pytest.mark.parametrize("job", KINDS)
def test_every_setting_that_is_no_text_can_differ(job):
    names = axes(job)
    texts = {name for name, field in jobs.fields(job).items() if isinstance(field.setting, Text)}
    assert set(names) == {*jobs.fields(job), STYLE, MIX} - texts - {"count"}
    assert names[0] in ("strength", "style_strength") and len(set(names)) == len(names)


@pytest.mark.parametrize("job", KINDS)
def test_usual_values_are_such_as_the_job_takes(job):
    for name in set(axes(job)) - {STYLE}:
        values = usual(job, name, jobs.defaults(job))
        assert 2 <= len(set(values)) == len(values), name
        assert read(job, name, ", ".join(label(name, value) for value in values) if name != MIX else "5") == values
        grid = Grid(JOBS[job], Axis(name, values))
        assert all(grid.cell(number, 0) for number in range(len(values))), name


def test_usual_values_are_sensible():
    assert usual(ClassicalJob, "strength", {}) == (0.25, 0.5, 0.75, 1)
    assert usual(TextJob, "style_strength", {}) == (0, 0.5, 1, 1.5, 2)
    assert usual(TextJob, "seed", {"seed": 7}) == (7, 8, 9, 10)
    assert usual(TextJob, "seed", {"seed": jobs.MAX_SEED})[:2] == (jobs.MAX_SEED, 0)
    assert usual(TextJob, "size", {"size": 1000}) == (496, 1000, 1024)
    assert usual(TextJob, "steps", {"steps": 1}) == (1, 2)
    assert usual(TextJob, "model", {}) == ("styleshot", "composer", "small")
    assert usual(ClassicalJob, "keep_faces", {}) == (False, True)


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("strength", "0.2, 0.5,0.8", (0.2, 0.5, 0.8)),
        ("strength", "0.2，0.5、0.2", (0.2, 0.5)),
        ("method", "fast; colour", ("fast", "colour")),
        ("keep_faces", "on, off", (True, False)),
        ("size", "300", (300,)),
        (MIX, "3", (0, 0.5, 1)),
        (MIX, "0, 0.3", (0, 0.3)),
        (MIX, "1", (1,)),
    ],
)
def test_values_are_typed(name, text, values):
    assert read(ClassicalJob, name, text) == values


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("strength", "0.2, 3", "out_of_range"),
        ("strength", "much", "not_a_number"),
        ("strength", " , ", "grid_no_values"),
        ("seed", "1.5", "not_whole"),
        ("method", "fast, slow", "unknown_choice"),
        ("keep_faces", "perhaps", "unknown_choice"),
        ("prompt", "a, b", "unknown_axis"),
        (MIX, "0.5, 2", "out_of_range"),
        (MIX, "99", "out_of_range"),
    ],
)
def test_what_cannot_be_is_one_problem(name, text, key):
    with pytest.raises(Problem) as caught:
        read(ClassicalJob, name, text)
    assert caught.value.key == key


def test_a_choice_that_stands_for_several_pictures_is_none():
    with pytest.raises(Problem) as caught:
        read(ImageJob, "preprocessor", "both")
    assert "contour, lineart" in str(caught.value) and "both," not in str(caught.value)


def test_labels_are_short_and_seeds_stay_whole():
    assert [label("strength", 0.25), label("seed", jobs.MAX_SEED), label("whole", True)] == ["0.25", "2147483647", "on"]
    assert [label(MIX, value) for value in (0, 0.25, 1 / 3)] == ["100 : 0", "75 : 25", "66.7 : 33.3"]


def test_styles_are_chosen_or_named_or_all_there_are():
    chosen = [named("a/batik.jpg", ((RED, 1.0),)), named("mine.png", ((BLUE, 1.0),))]
    assert [(one.name, one.name_zh) for one in chosen] == [("Batik", "蜡染"), ("mine", "")]
    library = Library(None)
    assert read_styles("", chosen, library) == tuple(chosen) == read_styles("已选", chosen, library)
    every = read_styles("ALL", chosen, library)
    assert len(every) == len(library.styles()) == len(read_styles("", chosen[:1], library))
    assert [one.name for one in read_styles("woodcut, Batik: lotus and birds on indigo", [], library)] == [
        "Woodcut",
        "Batik",
    ]
    with pytest.raises(Problem) as caught:
        read_styles("no such style", [], library)
    assert caught.value.key == "style_unknown"


STYLES = Axis(STYLE, (NamedStyle("red", ((RED, 1.0),)), NamedStyle("both", ((RED, 1.0), (BLUE, 2.0)))))


def test_cells_are_ordinary_jobs():
    job = ClassicalJob(PHOTO, (RED, BLUE), seed=4, size=300)
    grid = Grid(job, Axis("method", ("fast", "colour")), Axis(MIX, (0.0, 0.25, 1.0)))
    cell = grid.cell(1, 1)
    assert (cell.method, cell.seed, cell.size) == ("colour", 4, 300) and grid.shape == (2, 3)
    assert [weight for _, weight in cell.styles] == [0.75, 0.25]
    assert [grid.cell(0, n).styles[0][0].getpixel((0, 0)) for n in (0, 2)] == [(255, 0, 0), (0, 0, 255)]
    assert len(grid.cell(0, 0).styles) == 1
    assert grid.words() == "method=fast,colour x mix=100 : 0,75 : 25,0 : 100"
    assert [len(Grid(job, STYLES).cell(n, 0).styles) for n in (0, 1)] == [1, 2]


def test_a_cell_is_one_picture():
    both = ImageJob(PHOTO, (RED,), preprocessor="both", count=3, seed=2)
    cell = Grid(both, Axis("seed", (2, 3))).cell(1, 0)
    assert cell.total == 1 and cell.seed == 3 and cell.preprocessor == "contour"


@pytest.mark.parametrize(
    ("rows", "columns", "key"),
    [
        (None, None, "grid_no_axis"),
        (Axis("seed", (1,)), Axis("seed", (2,)), "grid_same_axis"),
        (STYLES, Axis(MIX, (0.0,)), "grid_two_styles"),
        (None, Axis(MIX, (0.0, 1.0)), "grid_mix_needs_two"),
        (Axis("seed", tuple(range(13))), Axis("strength", (0.1, 0.2, 0.3, 0.4, 0.5)), "grid_too_large"),
    ],
)
def test_what_is_no_grid_is_one_problem(rows, columns, key):
    with pytest.raises(Problem) as caught:
        Grid(ClassicalJob(PHOTO, (RED,)), rows, columns)
    assert caught.value.key == key


@pytest.mark.parametrize("axis", [STYLES, Axis(MIX, (0.0, 1.0))])
def test_styles_cannot_differ_where_the_last_of_them_paints_the_rest(axis):
    job = ClassicalJob(PHOTO, (RED, RED), region="subject", rest="last")
    with pytest.raises(Problem) as caught:
        Grid(job, axis)
    assert caught.value.key == "grid_rest"
    Grid(replace(job, region="everywhere"), axis)


def test_an_axis_has_values_but_not_too_many():
    for values, key in (((), "grid_no_values"), (tuple(range(65)), "grid_too_large")):
        with pytest.raises(Problem) as caught:
            Axis("seed", values)
        assert caught.value.key == key


def test_a_setting_may_have_values_that_are_no_cells():
    assert value_of(jobs.fields(TextJob)["model"], "auto") == "auto"
    with pytest.raises(Problem) as caught:
        read(TextJob, "model", "auto, composer")
    assert caught.value.key == "unknown_choice"
