"""A picture finds its tab."""

from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest

from styleshot_demo import jobs, pictures, provenance
from styleshot_demo.ui import controls, examples, restore


@pytest.fixture(scope="module")
def laid_out():
    """(what answers when a picture is dropped, the tabs, what takes a tab's settings)"""
    with gr.Blocks() as page:
        with gr.Tabs() as tabs:
            field = gr.State()
        inputs = controls.picture_inputs()
        targets = [
            restore.Target(job, [field], lambda found, job=job: {field: (job, found.settings)}, {"fn": None}, inputs)
            for job in ("classical", "text", "image")
        ]
        restore.build(targets, tabs)
    return next(fn.fn for fn in page.fns.values() if fn.fn and fn.fn.__name__ == "restore"), tabs, field


@pytest.fixture
def dropped(laid_out, tmp_path, picture):
    """`dropped(settings)`: what the page is told after a picture with that record was dropped."""
    handler, tabs, field = laid_out

    def drop(settings, **more):
        path = tmp_path / "made.png"
        made_by = provenance.record(settings, {}, 3) if settings is not None else None
        provenance.write(picture, path, made_by)
        (update,) = handler(str(path))
        told = next(value for value in update.values() if isinstance(value, str))
        chosen = update[tabs].constructor_args["selected"] if tabs in update else None
        return told, chosen, update.get(field)

    return drop


@pytest.mark.parametrize("job", ["text", "image"])
def test_the_tab_of_the_job_opens_and_is_filled(dropped, job):
    told, chosen, filled = dropped({"job": job, "prompt": "a castle", "steps": 9})
    assert "as they were" in told and chosen == job
    assert filled == (job, {"prompt": "a castle", "steps": 9, "seed": 3})


def test_the_strengths_of_a_strip_are_no_setting_that_was_ignored(dropped):
    for derived in ({"sweep": [0, 1]}, {"grid": "style_strength=0,1"}):
        told, _, _ = dropped({"job": "text", "prompt": "x", **derived})
        assert "as they were" in told
    told, _, _ = dropped({"job": "text", "prompt": "x", "steps": 9999})
    assert "were ignored" in told


def test_a_sampler_that_is_no_longer_offered_is_told(dropped):
    told, chosen, filled = dropped({"job": "text", "prompt": "x", "scheduler": "lcm"})
    assert "were ignored" in told and chosen == "text" and filled == ("text", {"prompt": "x", "seed": 3})
    assert controls.valid(jobs.check_each(jobs.TextJob), {"scheduler": "lcm", "steps": 9}) == {"steps": 9}


@pytest.mark.parametrize("times, told_of_it", [(4, True), (1, False), (True, False), ("many", False), (-2, False)])
def test_of_an_enlarged_picture_the_settings_before_come_back_and_it_is_told(dropped, times, told_of_it):
    told, chosen, filled = dropped({"job": "text", "prompt": "a castle", "enlarged": times})
    assert "as they were" in told and "were ignored" not in told
    assert ("4 times as large afterwards" in told) == told_of_it
    assert chosen == "text" and filled == ("text", {"prompt": "a castle", "seed": 3})


def test_a_picture_of_which_nothing_but_the_enlarging_is_known_gets_a_sentence(dropped):
    told, chosen, filled = dropped({"job": "enlarge", "factor": 2, "seed": 0})
    assert 'role="status"' in told and "does not say how it was painted" in told
    assert chosen is None and filled is None


def test_a_picture_without_a_record_is_refused(dropped):
    told, chosen, filled = dropped(None)
    assert 'role="alert"' in told and "does not say how it was made" in told
    assert chosen is None and filled is None


@pytest.mark.parametrize(
    "inputs, told",
    [
        (
            {"content": "my photo.jpg", "styles": ["waves.png", None, "sand.png"]},
            ["The photo was my photo.jpg.", "The style was waves.png, sand.png."],
        ),
        ({"content": None, "styles": []}, []),
        ({"content": 7, "styles": 7}, []),
        ({"styles": "waves"}, []),
        ({}, []),
    ],
)
def test_the_pictures_that_were_used_are_named_where_the_record_has_them(inputs, told):
    found = provenance.Restored("text", {}, inputs=inputs)
    assert [one.en for one in restore._made_from(found)] == told


def given(photo, *styles):
    """What a record says of these files."""

    def digest(path):
        return pictures.digest(jobs.open_named(path))[:16]

    known = {"content": photo.name, "content_sha256": digest(photo)} if photo else {}
    return known | {"styles": [path.name for path in styles], "style_sha256": [digest(path) for path in styles]}


@pytest.fixture
def back(tmp_path, monkeypatch):
    """`back(inputs, weights)`: (names in the boxes, weights, what is told, whether that is all) of a record."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    with gr.Blocks():
        tabs, inputs = gr.Tabs(), controls.picture_inputs()
    target = restore.Target("classical", [], lambda found: inputs.weigh(found.style_weights), {"fn": None}, inputs)

    def bring(of, weights=()):
        settings = {"job": "classical", "method": "colour", "style_weights": list(weights) or [1.0]}
        made_by = replace(provenance.record(settings, {}, 3), inputs=of)
        told, updates = restore.bring(made_by, [target], tabs)
        boxes = [updates.get(box, "as it is") for box in target.boxes]
        names = [Path(box).name if isinstance(box, str) else box for box in boxes]
        sliders = [updates[slider]["value"] for slider in inputs.weights if "value" in updates.get(slider, {})]
        return names, sliders, told.en, restore.lays_all(made_by)

    return bring


def test_examples_lie_in_their_boxes_again_and_ones_own_pictures_are_named(back, tmp_path, picture):
    photo, (first, second) = examples.contents()[0].path, [one.path for one in examples.styles()[:2]]
    own = tmp_path / "mine.png"
    picture.save(own)
    names, _, _, everything = back(given(photo, first))
    assert names == [photo.name, first.name, None, None, None] and everything
    names, weights, told, everything = back(given(photo, first, second), (1.0, 0.5))
    assert names == [photo.name, first.name, second.name, None, None] and weights == [1.0, 0.5] and everything
    assert "photo was" not in told and "style was" not in told
    names, _, told, everything = back(given(own, first))
    assert names == ["as it is", first.name, None, None, None] and not everything
    assert "The photo was mine.png." in told and "style was" not in told
    # One of several is not enough: the others would be taken for it.
    names, _, told, everything = back(given(photo, first, own), (1.0, 0.5))
    assert names == [photo.name, *["as it is"] * 4] and not everything
    assert f"The style was {first.name}, mine.png." in told


def test_what_only_has_the_name_of_an_example_is_not_taken_for_it(back, tmp_path, picture):
    other = tmp_path / examples.styles()[0].path.name
    picture.save(other)
    for of in (given(None, other), {"styles": [other.name]}, {"styles": [7], "style_sha256": [7]}, {"styles": "x"}):
        names, _, _, everything = back(of)
        assert names == ["as it is"] * 5 and not everything
