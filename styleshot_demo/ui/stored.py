"""The settings of a tab, kept by the browser so that they survive a reload."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr

from styleshot_demo.ui import controls
from styleshot_demo.ui.controls import INSTANT
from styleshot_demo.ui.opening import Opening


class Stored:
    """Keeps what is set in a tab's fields and gives it back, as far as it is still a setting."""

    def __init__(self, name: str, fields: Mapping[str, Any], checks: Mapping[str, Any]) -> None:
        """`fields`: controls by the name of the setting; `checks`: what each may be. To be made outside of the tabs:
        a tab that is not open has no state in the browser."""
        # What is no setting, such as a mask, is forgotten.
        fields = {name: control for name, control in fields.items() if name in checks}
        self.fields, self.checks = fields, checks
        # Anybody may know this secret, and change what is stored: all of it is checked when it comes back.
        self.state = gr.BrowserState({}, storage_key=f"styleshot-{name}", secret="styleshot")
        # In the browser alone: what is set a moment before a reload must not wait for the server.
        keep = f"(...values) => Object.fromEntries({json.dumps(list(fields))}.map((name, at) => [name, values[at]]))"
        self.save: dict[str, Any] = {
            "fn": None, "inputs": list(fields.values()), "outputs": self.state, "js": keep, **INSTANT
        }  # fmt: skip

    def wire(self, opening: Opening, show: Callable[[dict[str, Any]], dict[Any, Any]], outputs: Sequence[Any]) -> None:
        """Keeps every change; as the page opens, `show` gets what was kept, and returns updates of `outputs`."""
        gr.on([control.input for control in self.fields.values()], trigger_mode="always_last", **self.save)
        opening.add(lambda _, stored: show(controls.valid(self.checks, stored)), [self.state], outputs)
