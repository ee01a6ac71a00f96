"""What the buttons do that stop a run; stopping.js does the browser's part."""

import json
import secrets
import time
from collections.abc import Sequence
from typing import Any

import gradio as gr

from styleshot_demo.ui.controls import EACH, INSTANT, Handler

LATE = 0.5  # seconds after which no step of a cancelled run reaches the page any more


def cancel(event: Handler, runs: Any, name: str, act: str = "cancelling") -> None:
    """Lets `event` cancel `runs`, by the name that stopping.js knows them by. Before all else that it does: Gradio
    begins one thing after the answer to the other."""
    event(None, js=_in_page(act, name), cancels=runs, **EACH)


def halts(panel: gr.HTML, run: Any) -> None:
    """Lets `panel.halt` cancel `run`, and tells the panel when something else can be begun."""
    cancel(panel.halt, [run], str(panel.elem_id))
    panel.halt(_halted, None, panel, **EACH)


def _halted() -> dict[str, Any]:
    time.sleep(LATE)
    return {"halted": secrets.token_hex(4)}  # Gradio hands on only what differs from the last


def _in_page(act: str, name: str) -> str:
    return f"() => {{ window.styleshot.{act}({json.dumps(name)}); return []; }}"


def stops(
    button: gr.Button,
    runs: Any,
    stopped: Handler,
    outputs: Sequence[Any],
    inputs: Sequence[Any] | None = None,
    again: Sequence[gr.Button] = (),
    at_once_only: Sequence[Any] = (),
) -> Any:
    """Lets `button` cancel `runs` and show what `stopped(*inputs)` returns in `outputs`. Returns the last event.

    Twice, but for the outputs `at_once_only`: a last step may still be on its way to the page, and would be shown over
    it. Until then, and until the run is closed, nothing is begun anew with the buttons `again`, or the second time
    would be shown over it; what else begins a run waits for that by itself (stopping.js, `afterStop`).
    """
    assert button.elem_id
    lasting = [output for output in outputs if output not in at_once_only]

    def with_buttons(values: Sequence[Any], usable: bool) -> dict[Any, Any]:
        updates = stopped(*values)
        return updates | {one: {**updates.get(one, gr.update()), "interactive": usable} for one in again}

    def at_once(*values: Any) -> dict[Any, Any]:
        return with_buttons(values, usable=False)

    def later(*values: Any) -> dict[Any, Any]:
        time.sleep(LATE)
        updates = with_buttons(values, usable=True)
        return {output: updates[output] for output in lasting if output in updates}

    cancel(button.click, runs, button.elem_id, "stopping")
    pressed = button.click(at_once, inputs, outputs, **INSTANT)
    cancelled = f"(...values) => window.styleshot.cancelled({json.dumps(button.elem_id)}).then(() => values)"
    over = pressed.then(later, inputs, lasting, js=cancelled, **INSTANT)
    told = _in_page("toldStopped", button.elem_id)
    for after in (over.then, over.failure, pressed.failure):
        after(None, js=told, **INSTANT)
    return over
