"""The one place where an exception becomes something a person reads."""

import html
import logging
import secrets
from collections.abc import Callable, Generator
from contextlib import closing
from functools import wraps
from typing import Any

import gradio as gr

from styleshot_demo.errors import Problem
from styleshot_demo.ui import words
from styleshot_demo.ui.words import LocalizedText, tr

Handler = Callable[..., Generator[Any, None, None]]

log = logging.getLogger(__name__)


def explain(error: BaseException) -> tuple[LocalizedText, LocalizedText]:
    """(what is wrong, what to do). What is not a `Problem` is logged in full and shown by a reference id alone."""
    if not isinstance(error, Problem):
        reference = secrets.token_hex(4)
        log.error("unexpected error, reference %s", reference, exc_info=error)
        error = Problem("unexpected", reference=reference)
    return words.problem(error)


def as_html(error: BaseException) -> str:
    """`explain` as a message that screen readers announce at once."""
    what, todo = explain(error)
    told = f"<strong>{what.html()}</strong> {todo.html()}"
    return f'<div class="message problem" role="alert"{_about(error)}>{told}</div>'


# What is not as it should be, as the page's scripts call it: desk.js of a job, grid.js of rows and columns.
_WRONG = {
    "content_needed": "content", "style_needed": "style", "weights_all_zero": "weights", "many_brushed": "region",
    "grid_mix_needs_two": "two", "grid_rest": "rest", "grid_idle": "idle",
    **dict.fromkeys(("nothing_to_draw", "nothing_known", "nothing_known_near", "no_sketch"), "prompt"),
    **dict.fromkeys(("grid_no_axis", "grid_no_values", "grid_same_axis", "grid_two_styles", "grid_too_large",
                     "style_unknown"), "axes"),
}  # fmt: skip


def _about(error: BaseException) -> str:
    """Attributes by which the page's scripts (desk.js) take a message away once what it complains of is mended."""
    if not isinstance(error, Problem):
        return ""
    named = error.values.get("name") if error.key in ("out_of_range", "not_a_number", "not_whole") else None
    about = _WRONG.get(error.key) or named
    if about is None:
        return ""
    limits = {name: error.values[name] for name in ("low", "high") if name in error.values}
    # The same refusal once more is another message: Gradio draws nothing anew that has not changed.
    data = {"about": about, **limits, "turn": secrets.token_hex(4)}
    return "".join(f' data-{name}="{html.escape(str(value), quote=True)}"' for name, value in data.items())


def note(text: LocalizedText, more: LocalizedText | None = None) -> str:
    """A quiet message, and what else can be unfolded; screen readers announce it when they have a moment."""
    details = f"<details><summary>{tr('details').html()}</summary>{more.html()}</details>" if more else ""
    return f'<div class="message" role="status">{text.html()}{details}</div>'


def guarded(on_problem: Callable[[str], Any]) -> Callable[[Handler], Handler]:
    """Makes an event handler, a generator, safe.

    Whatever it raises ends as one last yield of `on_problem(message in HTML)`. Closing it (stop button, closed page)
    closes the handler too. One that yields nothing changes nothing: Gradio would empty every output.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def safe(*arguments: Any, **more: Any) -> Generator[Any, None, None]:
            silent = True
            try:
                with closing(handler(*arguments, **more)) as updates:
                    for update in updates:
                        silent = False
                        yield update
                if silent:
                    yield gr.skip()
            except Exception as error:
                yield on_problem(as_html(error))

        return safe

    return decorate
