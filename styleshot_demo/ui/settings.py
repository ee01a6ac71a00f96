"""Controls from the settings of a job, each of which is described once, where the job is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.jobs.schema import Choice, Field, Number, Switch, Text
from styleshot_demo.ui import widgets
from styleshot_demo.ui.widgets import Slider
from styleshot_demo.ui.words import i18n


def choices(prefix: str, names: Sequence[str]) -> list[tuple[Any, str]]:
    """(label, value) of a radio group, labels by `prefix_name`."""
    return [(i18n(f"{prefix}_{name}"), name) for name in names]


def control(field: Field, start: Any, tab: str = "", *, label: str | None = None, **more: Any) -> Any:
    """The control of a setting, where this is called.

    start  its first value
    tab    stands before its id, so that ids are unique on the page
    label  a text, where it is not that of the setting's name
    more   arguments of the component, in place of the usual ones
    """
    setting = field.setting
    told = {"label": i18n(label or field.name), "elem_id": f"{tab}-{field.name}".lstrip("-").replace("_", "-")}
    if isinstance(setting, Choice):
        return gr.Radio(**{"choices": choices(field.name, setting.options), "value": start, **told, **more})
    if isinstance(setting, Switch):
        return gr.Checkbox(**{"value": start, "min_width": 120, **told, **more})
    if isinstance(setting, Text):
        usual = {"lines": 2, "max_lines": 6, "max_length": jobs.MAX_PROMPT, "elem_classes": "wish"}
        return gr.Textbox(**{"value": start, **usual, **told, **more})
    if not isinstance(setting, Number):
        raise TypeError(f"there is no control for {field.name}")
    if setting.typed:
        hint = f"{setting.low:g} - {setting.high:g}" if setting.unset else None
        usual = {"precision": 0 if setting.whole else None, "step": setting.step, "placeholder": hint, "min_width": 100}
        return widgets.Number(**{"value": start, **usual, **told, **more})
    usual = {"minimum": setting.low, "maximum": setting.high, "step": setting.step, "buttons": []}
    return Slider(**{"value": start, **usual, "elem_classes": "slim", **told, **more})


def lay(
    job: type, place: str, start: Mapping[str, Any], tab: str = "", more: Callable[[str], dict[str, Any]] | None = None
) -> dict[str, Any]:
    """The controls of all settings whose place that is, in a row if it is "switches" or "numbers", by name.

    start  the first value of each
    more   further arguments of the control with that name
    """

    def each() -> dict[str, Any]:
        found = {name: field for name, field in jobs.fields(job).items() if field.setting.place == place}
        return {name: control(field, start[name], tab, **(more(name) if more else {})) for name, field in found.items()}

    if place in ("switches", "numbers"):
        with gr.Row(elem_classes=place):
            return each()
    return each()
