"""What lies on a tab: the script knows it, so that it can say what has changed and bring it back after a reload.

The script keeps paths of uploads and results for as long as the browser's tab is open; the files are on the server, in
folders whose names nobody can guess. What comes back from there is believed no more than an upload is.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.ui import controls
from styleshot_demo.ui.controls import INSTANT, Inputs
from styleshot_demo.ui.opening import Opening

_ADDRESS = "gradio_api/file="


def wire(kind: str, opening: Opening, inputs: Inputs, fields: Mapping[str, Any], shown: gr.HTML) -> None:
    """Tells the script of every change, and gives back what lay there before a reload; to be called outside of tabs.

    shown  the element of the result, whose value may be any that it had
    """
    everything = [*inputs.components(), *fields.values()]
    shape = json.dumps({"content": inputs.content is not None, "styles": len(inputs.styles), "fields": list(fields)})
    name = json.dumps(kind)
    tell: dict[str, Any] = {
        "fn": None, "inputs": everything, "outputs": None, **INSTANT,
        "js": f"(...values) => window.styleshot.asks({name}, {shape}, values)",
    }  # fmt: skip
    # One event for all of them: the page goes through all events for each of its controls before it can be used.
    gr.on([control.change for control in everything], trigger_mode="always_last", **tell)
    carrier = gr.Textbox(visible=False)
    pictures = [*([inputs.content] if inputs.content else []), *inputs.styles]
    folder = Path(shown.GRADIO_CACHE)

    def give_back(_: gr.Request, text: str) -> dict[Any, Any]:
        lay = read(text)
        paths = [known(path, folder) for path in lay.get("pictures", [])]
        updates: dict[Any, Any] = {slot: path for slot, path in zip(pictures, paths, strict=False) if path}
        styles = paths[len(pictures) - len(inputs.styles) :]
        count = max([place for place, path in enumerate(styles, 1) if path], default=1)
        updates |= zip(inputs.slot_outputs(), controls.show_slots(count), strict=True)
        for slider, weight in zip(inputs.weights, lay.get("weights", []), strict=False):
            if isinstance(weight, int | float) and 0 <= weight <= 1:
                updates[slider] = gr.update(value=weight, visible=inputs.weights.index(slider) < count > 1)
        result = lay.get("result")
        if isinstance(result, dict) and all(known(path, folder) for path in addressed(result)):
            updates[shown] = result
        return updates

    outputs = [*pictures, *inputs.slot_outputs(), shown]
    opening.add(give_back, [carrier], outputs, js=f"() => [window.styleshot.lay({name})]")
    opening.then(**tell)


def read(text: Any) -> dict[str, Any]:
    """What the script has kept; empty where that is no such thing."""
    try:
        lay = json.loads(text or "{}")
    except (TypeError, ValueError):
        return {}
    if not isinstance(lay, dict) or not all(isinstance(lay.get(name, []), list) for name in ("pictures", "weights")):
        return {}
    return lay | {"pictures": lay.get("pictures", [])[: jobs.MAX_STYLES + 1]}


def known(path: Any, folder: Path) -> str | None:
    """The path of a file in Gradio's folder, from which pages may show files; None for anything else."""
    if not isinstance(path, str) or not path:
        return None
    try:
        place = Path(path).resolve()
        inside = place.is_relative_to(folder.resolve()) and place.is_file()
    except (OSError, ValueError):
        return None
    return path if inside else None


def addressed(result: Mapping[str, Any]) -> list[str | None]:
    """The paths of all pictures of a result, None for each that is no address of a file."""
    pictures = result.get("pictures")
    if isinstance(pictures, list):
        sources = [picture.get("src") if isinstance(picture, dict) else None for picture in pictures] or [None]
    else:
        sources = [result.get("before"), result.get("after")]
    return [path_at(source) for source in sources]


def path_at(source: Any) -> str | None:
    """The path of the file at an address from `widgets.address`, None where it is no address of a file."""
    return unquote(source.removeprefix(_ADDRESS)) if isinstance(source, str) and source.startswith(_ADDRESS) else None
