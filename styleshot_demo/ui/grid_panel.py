"""The panel of a tab in which a grid is asked for and seen. `grid.js` moves what stands there, `grid.py` answers."""

import json
from typing import Any

import gradio as gr

from styleshot_demo import grid
from styleshot_demo.jobs import fields
from styleshot_demo.ui.words import TEXTS, LocalizedText, field, tr

ACTS = ("paint", "halt", "usual", "sheet", "use")  # the events; Gradio looks for their names in the script
START = {"classical": "strength", "text": "style_strength", "image": "style_strength"}  # what the columns are at first


def build(kind: str, job: type) -> gr.HTML:
    """Lays the panel out, where it is called; it is not seen before its button is pressed.

    Its events, all with the page's `language`: `.paint(...)` with `rows` and `columns`, {"name", "values"} each, and a
    name for this press, `turn`; `.halt(...)`, the button Stop; `.usual(...)`, which values an axis `name` has at that
    `side`; `.sheet(...)`, to be saved; `.use(...)` with `row` and `column` of a cell. `grid.py` makes its values.
    """
    names = {"axes": [_told(job, name) for name in grid.axes(job)], "most": grid.MOST_CELLS}
    texts = {key: TEXTS[f"grid_{key}"] for key in ("count", "too_many", "stopped", "stopped_early", "nothing")}
    texts |= {"stopping": TEXTS["stopping"], "unreached": TEXTS["toast_unreached"]}
    return gr.HTML(
        elem_id=f"{kind}-grid",
        html_template=f"""
<section class="grid" hidden tabindex="-1" {tr("grid").attributes()}>
  <div class="asked">{_axis("rows")}{_axis("columns")}
    <div class="press">
      <span class="count" role="status"></span>
      <button type="button" class="paint">{tr("grid_paint").html()}</button>
      <button type="button" class="halt" hidden>{tr("stop").html()}</button>
    </div>
  </div>
  <div class="news"></div>
  <div class="scroll" tabindex="0" hidden role="group" {tr("grid").attributes()}><div class="cells"></div></div>
  <div class="after" hidden><span class="hint">{tr("grid_open_cell").html()}</span>
    <button type="button" class="whole">{tr("grid_sheet").html()}</button></div>
  <dialog {tr("grid_cell").attributes()}>
    <img {tr("made_alt").attributes()}>
    <p class="which"></p>
    <div class="choices">
      <button type="button" class="use">{tr("grid_use").html()}</button>
      <a class="save">{tr("download").html()}</a>
      <button type="button" class="end">{tr("close").html()}</button>
    </div>
  </dialog>
</section>""",
        js_on_load=f"""window.styleshot.grid({json.dumps(kind)}, element, {_json(names)}, {_json(texts)},
          {json.dumps(START[kind])}, () => props.value, watch,
          (act, what) => {json.dumps(ACTS)}.includes(act) && trigger(act, what))""",
        apply_default_css=False,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _axis(side: str) -> str:
    title = tr(f"grid_{side}")
    return f"""
<div class="axis" data-side="{side}">
  <label><span>{title.html()}</span><select></select></label>
  <input type="text" autocomplete="off" maxlength="600" {tr(f"grid_{side}_values").attributes()}>
  <div class="chips" role="group" {tr(f"grid_{side}_values").attributes()}></div>
</div>"""


def _told(job: type, name: str) -> dict[str, Any]:
    """An axis as the script shows it."""
    title = title_of(name)
    found = fields(job).get(name)
    options = grid.choices(found) if found else ()
    each = [{"value": option, **label_of(name, option)._asdict()} for option in options]
    return {"name": name, **title._asdict(), **({"options": each} if each else {})}


def title_of(name: str) -> LocalizedText:
    """What an axis is called."""
    return field(name) or LocalizedText(name, name)


def label_of(name: str, value: Any) -> LocalizedText:
    """What a value of the axis `name` is called."""
    if isinstance(value, grid.NamedStyle):
        return LocalizedText(value.name, value.name_zh or value.name)
    plain = grid.label(name, value)
    if plain in ("on", "off"):
        return tr(f"grid_{plain}")
    texts = TEXTS.get(f"{name}_{plain}")
    return LocalizedText(*texts) if texts else LocalizedText(plain, plain)
