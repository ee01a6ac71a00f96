"""The line that enlarges the picture on show, without a browser."""

from types import SimpleNamespace

import enlarger_weights
import gradio as gr
import pytest
from PIL import Image

from styleshot_demo import provenance
from styleshot_demo.events import Step
from styleshot_demo.messages import remark
from styleshot_demo.ui import classical_tab, enlarge, enlarge_line, image_tab, results, text_tab, widgets
from styleshot_demo.ui.opening import Opening


@pytest.fixture(scope="module")
def laid_out():
    with gr.Blocks():
        return enlarge_line.build("classical")


@pytest.fixture
def line(laid_out, tmp_path):
    """As it is before anything has been enlarged."""
    laid_out.temp_files, laid_out.GRADIO_CACHE = set(), str(tmp_path)
    return laid_out


@pytest.fixture
def painted(tmp_path, picture):
    """The file of a result, in the folder from which the page shows files."""
    return results.save(picture, provenance.record({"method": "fast", "size": 256}, {}, 7), tmp_path, "cat-fast.png")


def asked(path, factor=2, **more):
    source = widgets.address(path) if path else None
    return SimpleNamespace(**{"source": source, "factor": factor, "turn": "t1", **more})


@pytest.mark.parametrize("factor", [2, 4])
def test_the_file_is_larger_and_says_how_it_was_painted_and_enlarged(studio, line, painted, factor):
    *steps, last = enlarge.enlarging(studio, line, asked(painted, factor))
    assert steps and all(step["working"] and "<progress" in step["told"] for step in steps)
    assert {value["turn"] for value in (*steps, last)} == {"t1"} and "working" not in last
    assert f"Download {40 * factor} × {30 * factor}" in last["told"] and f"下载 {40 * factor}" in last["told"]
    (path,) = line.temp_files  # so that Gradio deletes it when it is old
    assert path.endswith(f"cat-fast-{factor}x.png")
    with Image.open(path) as picture:
        assert picture.size == (40 * factor, 30 * factor)
    record = provenance.read(path)
    assert record.settings == {"method": "fast", "size": 256, "enlarged": factor} and record.seed == 7
    assert "enlarge" in record.models


def test_a_picture_without_a_record_is_enlarged_too(studio, line, tmp_path, picture):
    path = results.save(picture, None, tmp_path, "bare.png")
    *_, last = enlarge.enlarging(studio, line, asked(path))
    assert "Download 80 × 60" in last["told"]
    assert provenance.read(line.temp_files.pop()).settings == {
        "job": "enlarge",
        "factor": 2,
        "model": "animevideov3",
        "seed": 0,
    }


def test_closing_it_stops_the_computation(studio, line, painted, monkeypatch):
    closed = []

    def run(job):
        try:
            while True:
                yield Step(0.1, remark("enlarging"))
        finally:
            closed.append(True)

    monkeypatch.setattr(studio, "run", run)
    running = enlarge.enlarging(studio, line, asked(painted))
    next(running), next(running)
    running.close()  # the stop button
    assert closed == [True] and not line.temp_files and painted.is_file()


@pytest.mark.parametrize(
    "more, told",
    [
        ({"source": None}, "no longer kept"),
        ({"source": "gradio_api/file=/etc/passwd"}, "no longer kept"),
        ({"source": "gradio_api/file=../../etc/passwd"}, "no longer kept"),
        ({"source": 7}, "no longer kept"),
        ({"factor": 3}, "3 is not a choice"),
        ({"factor": 1000}, "must lie between 2 and 4"),
        ({"factor": "many"}, "is not a number"),
        ({"model": "x8"}, "x8 is not a choice"),
        ({"model": ["x4plus"]}, "is not a choice"),
        ({"model": "x4plus"}, "is not on this machine: 67 MB to fetch"),
    ],
)
def test_what_cannot_be_enlarged_is_told_in_a_sentence(studio, line, painted, more, told):
    *_, last = enlarge.enlarging(studio, line, asked(painted, **more))
    assert 'role="alert"' in last["told"] and told in last["told"] and "working" not in last
    assert "/etc" not in last["told"] and str(painted) not in last["told"]


def test_a_picture_that_would_be_too_large_is_refused(studio, line, tmp_path):
    path = results.save(Image.new("RGB", (3000, 2500)), None, tmp_path, "large.png")
    *_, last = enlarge.enlarging(studio, line, asked(path, 4))
    assert "would have 120 megapixels" in last["told"] and "smaller factor" in last["told"]


def test_the_large_network_is_offered_once_it_is_there_and_taken_if_chosen(studio, line, painted, monkeypatch):
    assert enlarge.offered(studio) == {"finer": False}
    file = studio.settings.models / enlarger_weights.PLACE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\x80 is how pickles begin, and nobody looks further into this one")
    assert enlarge.offered(studio) == {"finer": True}
    asked_for = []
    monkeypatch.setattr(studio, "run", lambda job: iter(asked_for.append(job) or ()))
    list(enlarge.enlarging(studio, line, asked(painted, 4, model="x4plus")))
    list(enlarge.enlarging(studio, line, asked(painted, 2)))
    assert [(job.factor, job.model) for job in asked_for] == [(4, "x4plus"), (2, "animevideov3")]


def test_every_tab_that_paints_has_the_line(studio):
    with gr.Blocks() as page:
        with gr.Tabs(), gr.Tab() as tab:
            tabs = [classical_tab.build(studio), text_tab.build(studio), image_tab.build(studio)]
        opening = Opening()
        tabs[0].wire(opening), tabs[1].wire(opening, tab), tabs[2].wire(opening, tab)
    for each, kind in zip(tabs, ("classical", "text", "image"), strict=True):
        assert each.view.enlarge.elem_id == f"{kind}-enlarge"
        targets = [name for fn in page.fns.values() for block, name in fn.targets if block == each.view.enlarge._id]
        assert set(targets) == {"enlarge", "halt"}
    for fn in page.fns.values():
        if fn.cancels and fn.targets[0][1] == "halt":
            cancelled = page.fns[fn.cancels[0]]
            assert cancelled.targets[0][1] == "enlarge" and cancelled.types_generator  # others cannot be cancelled
