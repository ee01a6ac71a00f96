"""Enlarging the picture on show: one line beside the download of a result, the same in every tab."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import gradio as gr

from styleshot_demo import jobs, names, pictures, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Result
from styleshot_demo.models import hub
from styleshot_demo.studio import Studio
from styleshot_demo.ui import enlarge_line, problems, results, tab_state, widgets, words
from styleshot_demo.ui.controls import PAINTING
from styleshot_demo.ui.stopping import halts
from styleshot_demo.ui.words import tr

_MAX_TURN = 40  # characters of the name that a page gives to its press of the button


def wire(line: gr.HTML, studio: Studio) -> Any:
    """Makes the line from `enlarge_line.build` work. To be called outside of the tabs. Returns the event of a run."""

    def enlarge(event: gr.EventData) -> Iterator[dict[str, Any]]:
        yield from enlarging(studio, line, event)

    # Not "once": a press after Stop would be lost while the page still waits for the first to end. Two at once there
    # cannot be, as the buttons are hidden meanwhile.
    run = line.enlarge(enlarge, None, line, trigger_mode="multiple", **PAINTING)
    # The page itself says at once that it was stopped, and hears no late steps. But whatever is begun anew before the
    # end of the first would be cancelled with it: it waits for this.
    halts(line, run)
    return run


def offered(studio: Studio) -> dict[str, Any]:
    """The value of a line by which it offers the large network, or does not; asks the disk only."""
    return {"finer": hub.find("x4plus", studio.settings).here}


def enlarging(studio: Studio, line: gr.HTML, event: Any) -> Iterator[dict[str, Any]]:
    """Enlarges the picture whose address, factor and model the page sends; yields values of the line.

    Closing it (stop button, closed page) stops the computation. Every value names the press of the button that it
    belongs to. Whatever is wrong ends as a last value with a message; the picture on show is not touched.
    """
    turn = str(getattr(event, "turn", ""))[:_MAX_TURN]
    yield _working(turn, widgets.progress(0, tr("starting")))
    try:
        folder = Path(line.GRADIO_CACHE)
        path = tab_state.known(tab_state.path_at(getattr(event, "source", None)), folder)
        if path is None:
            raise Problem("result_gone")
        # Anybody may send anything as factor and model: the job says what is wrong with them.
        factor, model = cast(Any, getattr(event, "factor", None)), getattr(event, "model", jobs.EnlargeJob.model)
        job = jobs.EnlargeJob(pictures.open_picture(path), factor, _record(path), model)
        with closing(studio.run(job)) as events:
            for step in events:
                if isinstance(step, Finished):
                    yield {"turn": turn, **finished(step.result, names.stem_of(path), studio, line)}
                else:
                    yield _working(turn, widgets.progress(step.fraction, words.remark(step.message)))
    except Exception as error:
        yield {"turn": turn, "told": problems.as_html(error)}


def finished(result: Result, stem: str, studio: Studio, line: gr.HTML) -> dict[str, Any]:
    """Saves an enlarged picture, with its record unless the settings forbid; returns what the line shows of it."""
    image = result.images[0]
    record = result.plan.record(0, result.models)
    name = names.made_of(stem, f"{result.settings['factor']}x", suffix=".png")
    path = results.keep(line, image, record, studio.settings, name)
    return {"told": enlarge_line.saved(path, image.size), "enlarged": widgets.address(path)}


def _working(turn: str, told: str) -> dict[str, Any]:
    return {"turn": turn, "told": told, "working": True}


def _record(path: str) -> provenance.Record | None:
    """How the picture was made, where its file says so."""
    try:
        return provenance.read(path)
    except Problem:
        return None
