"""The drawer of a tab's presets and of the link that carries its settings. The script (presets.js) does the rest."""

import html
import json

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.jobs.schema import Text
from styleshot_demo.ui.words import tr

MAX_NAME = 40  # characters of a preset's name
_JOBS = {"classical": jobs.ClassicalJob, "text": jobs.TextJob, "image": jobs.ImageJob}


def _shape(kind: str) -> str:
    """Which settings of a tab may be empty, so that the script knows what an empty control says; as an attribute."""
    fields = jobs.fields(_JOBS[kind]).values()
    texts = [field.name for field in fields if isinstance(field.setting, Text)]
    unset = [field.name for field in fields if field.setting.unset is not None]
    return html.escape(json.dumps({"kind": kind, "texts": texts, "unset": unset}), quote=True)


def build(kind: str) -> gr.HTML:
    """Lays the drawer of the tab "classical", "text" or "image" out, where it is called."""
    return gr.HTML(
        elem_id=f"{kind}-presets",
        html_template=f"""
<details class="presets" data-shape="{_shape(kind)}">
  <summary>{tr("presets").html()}</summary>
  <ul class="list" {tr("presets").attributes()} hidden></ul>
  <form>
    <label>{tr("presets_name").html()}<input name="name" maxlength="{MAX_NAME}" required autocomplete="off"></label>
    <button type="submit" class="keep">{tr("presets_keep").html()}</button>
  </form>
  <div class="row">
    <button type="button" class="link">{tr("presets_link").html()}</button>
    <span class="hint">{tr("presets_about").html()}</span>
  </div>
  <input class="address" readonly hidden {tr("presets_address").attributes()}>
  <div class="answer" role="status"></div>
  <template><li><button type="button" class="use"></button><button type="button" class="drop"
    {tr("presets_delete").attributes()}>×</button></li></template>
</details>""",
        js_on_load="window.styleshot.presetsDrawer(element)",
        apply_default_css=False,
    )
