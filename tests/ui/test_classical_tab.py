"""What the Classical tab asks for."""

import gradio as gr
import pytest
from PIL import Image

from styleshot_demo import ClassicalJob, Settings, Studio, jobs, pictures, provenance
from styleshot_demo.ui import classical_tab
from styleshot_demo.ui.classical_tab import ClassicalTabState


@pytest.fixture
def tab():
    studio = Studio(Settings(device="cpu"))
    with gr.Blocks():
        return classical_tab.build(studio)


@pytest.fixture
def upload(tmp_path):
    """`upload(name, width, height)`: the path of a picture that was dropped on the page."""

    def stored(name, width, height):
        path = tmp_path / f"{name}.png"
        bands = [Image.linear_gradient("L").rotate(turn).resize((width, height)) for turn in (0, 90, 180)]
        Image.merge("RGB", bands).save(path)
        return str(path)

    return stored


def values(tab, content, style, **changed):
    """What stands in the controls, in their order."""
    count = len(tab.inputs.styles)
    pictures_and_weights = [content, style, *[None] * (count - 1), *[1.0] * count]
    return [*pictures_and_weights, *({**classical_tab.DEFAULTS, "mask": None, **changed}[name] for name in tab.fields)]


def test_a_brush_size_is_not_sent_back_to_who_may_have_typed_another_meanwhile(tab):
    place = tab.method_outputs().index(tab.fields["brush_size"])
    assert "value" not in tab.relevant("fast", 300)[place]
    assert tab.relevant("fast", 0)[place]["value"] is None  # an empty box that was hidden


@pytest.mark.parametrize("method", jobs.METHODS)
def test_the_photos_own_size_is_asked_for_as_in_python(tab, upload, method):
    content, style = upload("content", 700, 300), upload("style", 300, 320)
    run = tab.begin(tuple(values(tab, content, style, method=method, whole=True, brush_size=300)))
    size = (700, 300) if method in jobs.WHOLE_METHODS else (512, 219)
    assert run.job.content.size == size and tab.studio.plan(run.job).size == size
    line = tab.fits(method, 512, True, 300, False, "everywhere", content, style)
    assert f"{size[0]} × {size[1]}" in line
    wanted = ClassicalJob(content, style, method=method, whole=True, brush_size=300)
    assert run.job.style_size == wanted.style_size == max(run.job.styles[0][0].size)
    assert pictures.digest(run.job.styles[0][0]) == pictures.digest(
        pictures.fit_longest(wanted.styles[0][0], wanted.style_size)
    )


def test_the_line_under_the_size_counts_what_other_settings_cost(tab, upload, monkeypatch):
    monkeypatch.setattr(tab.studio.cache, "free_bytes", lambda device: 500_000_000)
    photo, style = upload("content", 200, 200), upload("style", 100, 100)

    def line(method, whole=False, brush=None, background=False, region="everywhere"):
        return tab.fits(method, 256, whole, brush, background, region, photo, style)

    assert "warn" not in line("fast") + line("fast", brush=256) + line("colour", brush=2048) + line("colour", brush=4)
    assert "brushes of this size" in line("fast", brush=2048)
    assert "must lie between 256 and 2048" in line("fast", brush=4)
    monkeypatch.setattr(tab.studio.cache, "free_bytes", lambda device: 300_000_000)
    assert "find this region" in line("colour", region="person") and "warn" not in line("colour", region="mask")
    assert "warn" in line("colour", background=True) and "warn" not in line("fast", whole=True)
    monkeypatch.setattr(tab.studio.cache, "free_bytes", lambda device: 250_000_000)
    assert "photo of this size" in line("fast", whole=True)


def test_the_preview_of_a_whole_photo_is_shown_but_never_saved_as_the_result(tab, upload, monkeypatch):
    from styleshot_demo.runners import classical

    monkeypatch.setattr(classical, "SCREEN", 128)
    content, style = upload("content", 300, 200), upload("style", 100, 120)
    tab_state = ClassicalTabState()
    asked = values(tab, content, style, method="colour", whole=True)
    painting = tab.paint(tab_state, *asked)
    for update in painting:
        if tab.view.shown in update:
            break
    assert tab_state.run.preview is None and not list(tab.follow(tab_state, *asked))
    painting.close()
    # It cannot be saved, so it is not what stays: that is the last finished result.
    assert update[tab.view.shown]["rough"] and set(tab.stopped(tab_state)[tab.view.shown]) == {"back"}
    *_, last = tab.paint(tab_state, *asked)
    assert tab_state.run.preview.size == (300, 200) and tab.view.shown in last


@pytest.mark.parametrize(("method", "models"), [("optimise", {"encoder", "fast"}), ("patches", set())])
def test_a_stopped_picture_says_how_it_was_made_not_how_it_would_be_made_now(tab, upload, monkeypatch, method, models):
    content, style = upload("content", 96, 64), upload("style", 64, 64)
    tab_state = ClassicalTabState()
    painting = tab.paint(tab_state, *values(tab, content, style, method=method, size=256, steps=50, start="content"))
    for update in painting:
        if tab.view.shown in update:
            break
    painting.close()
    assert 0 < tab_state.run.step < tab_state.run.total
    planned = tab.studio.plan(tab_state.run.job)
    monkeypatch.setattr(tab.studio, "plan", None)  # a GPU may have come or gone, memory may be scarcer
    assert tab.view.shown in tab.stopped(tab_state)
    record = provenance.read(next(iter(path for path in tab.view.shown.temp_files if "step" in path)))
    assert record.settings == {**planned.settings(), "stopped_at": tab_state.run.step}
    assert record.computed == planned.computed() and record.models.keys() == models


@pytest.mark.parametrize("grown", [{"brush": 2048}, {"background": True}, {"whole": True}])
def test_the_line_under_the_size_knows_of_everything_that_takes_memory(tab, upload, monkeypatch, grown):
    monkeypatch.setattr(tab.studio.cache, "free_bytes", lambda device: 200_000_000)
    content, style = upload("content", 700, 500), upload("style", 300, 320)

    def line(whole=False, brush=None, background=False):
        return tab.fits("fast", 256, whole, brush, background, content, style)

    assert "warn" not in line() and "warn" in line(**grown)
