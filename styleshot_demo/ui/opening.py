"""What the page is given as it opens: settings and pictures that lay there, grids, what the models can do.

One request for nearly all of it. Each by its own would be a dozen at once, for each of which Gradio's page goes through
all of its controls, before anything can be used.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import gradio as gr

from styleshot_demo.ui.controls import INSTANT

_log = logging.getLogger(__name__)


class _Part(NamedTuple):
    show: Callable[..., dict[Any, Any]]
    inputs: Sequence[Any]
    outputs: Sequence[Any]
    js: str | None


class Opening:
    """Collects what is to be shown; `wire` makes it one event, when all parts are known."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._after: list[dict[str, Any]] = []

    def add(
        self,
        show: Callable[..., dict[Any, Any]],
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        js: str | None = None,
    ) -> None:
        """One part.

        show  gets the request and the values of the inputs, and returns updates of outputs
        js    a function that returns the inputs' values, in place of what the controls hold
        """
        self._parts.append(_Part(show, inputs, outputs, js))

    def then(self, **event: Any) -> None:
        """An event that follows, as `then` of any event takes it. They follow in their order."""
        self._after.append(event)

    def wire(self, page: gr.Blocks) -> None:
        """To be called once, outside of the tabs: a tab that is not open has no state in the browser."""
        inputs = [one for part in self._parts for one in part.inputs]
        outputs = list(dict.fromkeys(one for part in self._parts for one in part.outputs))
        loaded = page.load(self._show, inputs, outputs, js=self._in_page(), **INSTANT)
        opened: dict[str, Any] = {"fn": None, "js": "() => { window.styleshot.opened(); return []; }", **INSTANT}
        loaded.failure(**opened)  # a page that was given nothing keeps what is done on it all the same
        event = loaded.then(**opened)
        for after in self._after:
            event = event.then(**after)

    def _show(self, request: gr.Request, *values: Any) -> dict[Any, Any]:
        updates: dict[Any, Any] = {}
        for part in self._parts:
            own, values = values[: len(part.inputs)], values[len(part.inputs) :]
            try:
                shown = part.show(request, *own)
            except Exception:  # one part that cannot be shown is no reason to show nothing
                _log.warning("the page opens without a part", exc_info=True)
                continue
            for output, update in shown.items():
                updates[output] = _both(updates.get(output), update)
        return updates or gr.skip()  # Gradio takes no updates of nothing

    def _in_page(self) -> str:
        parts = ", ".join(f"[{len(part.inputs)}, {part.js or 'null'}]" for part in self._parts)
        return f"""(...values) => {{
          const all = [];
          for (const [count, own] of [{parts}]) {{
            all.push(...(own ? own() : values.slice(all.length, all.length + count)));
          }}
          return all;
        }}"""


def _both(first: Any, second: Any) -> Any:
    """Two updates of the same control, or values in the place of one: what the later says counts."""
    updates = [isinstance(one, dict) and one.get("__type__") == "update" for one in (first, second)]
    return {**first, **second} if all(updates) else second
