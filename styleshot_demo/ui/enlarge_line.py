"""The line that enlarges the picture on show: its buttons, and what it shows of a finished file."""

import html
import json
from pathlib import Path

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.ui import problems, widgets
from styleshot_demo.ui.words import tr


def build(kind: str) -> gr.HTML:
    """The line of a tab, where it is called; it is not seen before there is a finished picture.

    A factor triggers `.enlarge(...)`, whose event has the address of the picture on show as `source`, the `factor`,
    the `model` and a name for this press, `turn`; the button Stop triggers `.halt(...)`. Its value is {"turn", "told":
    HTML} with "working" as true until that is done, {"halted"} once a stop is over, or {"finer"}: whether the large
    network can be chosen.
    """
    factors = "".join(
        f'<button type="button" data-factor="{one}" {tr("enlarge_times", times=one).attributes()}>{one}×</button>'
        for one in jobs.FACTORS
    )
    choice = f'data-model="{jobs.EnlargeJob.model}" data-finer="x4plus"'
    return gr.HTML(
        elem_id=f"{kind}-enlarge",
        html_template=f"""
<div class="enlarge" hidden>
  <div class="news"></div>
  <template class="stopping">{problems.note(tr("stopping"))}</template>
  <template class="stopped">{problems.note(tr("enlarge_stopped"))}</template>
  <template class="unreached">{problems.note(tr("toast_unreached"))}</template>
  <div class="factors" role="group" {tr("enlarge_about").attributes()}>
    <span aria-hidden="true">{tr("enlarge").html()}</span>{factors}
    <label {choice} hidden><input type="checkbox">{tr("enlarge_finer").html()}</label>
  </div>
  <button type="button" class="halt" {tr("enlarge_stop").attributes()} hidden>{tr("stop").html()}</button>
</div>""",
        js_on_load=f"""window.styleshot.enlarger({json.dumps(kind)}, element, () => props.value, watch,
          (what) => trigger("enlarge", what), () => trigger("halt", {{}}))""",
        apply_default_css=False,
    )


def saved(path: Path, size: tuple[int, int]) -> str:
    """HTML of a link that saves a file in Gradio's folder; `size` is its width and height in pixels."""
    width, height = size
    address, name = (html.escape(text, quote=True) for text in (widgets.address(path), path.name))
    text = tr("download_size", width=width, height=height).html()
    return f'<p role="status"><a class="save" href="{address}" download="{name}">{text}</a></p>'
