"""The fold of a tab in which many pictures are painted alike. `many.js` moves what stands there, `many.py` answers."""

import json

import gradio as gr

from styleshot_demo.ui.words import TEXTS, tr

ACTS = ("paint", "halt", "pack")  # the events; Gradio looks for their names in the script
FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WebP"}  # endings of results that a browser can show: their names
_SCRIPT = ("count", "uploading", "left_out", "large", "refused", "no_pictures", "stopped")


def build(kind: str, most: int) -> gr.HTML:
    """Lays the fold out, where it is called. `most` pictures are taken at once.

    Its events: `.paint(...)` with `files`, {"path", "name"} each, `format` and a name for this press, `turn`;
    `.halt(...)`, the button Stop; `.pack(...)` with the page's `language`, all in one file. `many.py` makes its values.
    """
    texts = {key: TEXTS[f"many_{key}"] for key in _SCRIPT}
    texts |= {"stopping": TEXTS["stopping"], "unreached": TEXTS["toast_unreached"]}
    formats = "".join(f'<option value="{ending}">{name}</option>' for ending, name in FORMATS.items())
    return gr.HTML(
        elem_id=f"{kind}-many",
        html_template=f"""
<details class="series">
  <summary>{tr("many").html()}</summary>
  <div class="place">
    <p class="how">{tr("many_about").html()}</p>
    <div class="row">
      <button type="button" class="choose">{tr("many_choose").html()}</button>
      <button type="button" class="folder">{tr("many_folder").html()}</button>
      <input class="files" type="file" multiple accept="image/*,.heic,.heif,.hif,.tga,.tif,.tiff,.jp2,.j2k" hidden>
      <input class="folders" type="file" webkitdirectory hidden>
    </div>
    <div class="chosen" hidden>
      <p><span class="count" role="status"></span>
        <button type="button" class="clear">{tr("many_clear").html()}</button></p>
      <p class="names"></p>
    </div>
    <p class="left" role="status"></p>
  </div>
  <div class="press">
    <label><span>{tr("save_as").html()}</span><select>{formats}</select></label>
    <button type="button" class="paint" disabled>{tr("many_paint").html()}</button>
    <button type="button" class="halt" hidden>{tr("stop").html()}</button>
  </div>
  <div class="news"></div>
  <div class="made" role="toolbar" {tr("many_results").attributes()} hidden></div>
  <div class="failed" hidden><h3>{tr("many_failed").html()}</h3><ul></ul></div>
  <div class="after" hidden>
    <button type="button" class="pack">{tr("many_zip").html()}</button>
    <span class="hint">{tr("many_zip_about").html()}</span>
  </div>
  <dialog {tr("many_picture").attributes()}>
    <img {tr("made_alt").attributes()}>
    <p class="which"></p>
    <div class="choices">
      <a class="save">{tr("download").html()}</a>
      <button type="button" class="end">{tr("close").html()}</button>
    </div>
  </dialog>
</details>""",
        js_on_load=f"""window.styleshot.many({json.dumps(kind)}, element, {most},
          {json.dumps(texts, ensure_ascii=False).replace("<", chr(92) + "u003c")}, () => props.value, watch,
          (act, what) => {json.dumps(ACTS)}.includes(act) && trigger(act, what))""",
        apply_default_css=False,
    )


def opener(kind: str) -> gr.HTML:
    """A quiet button that opens the fold of the tab, for where a person looks for it: beside the photo."""
    return gr.HTML(
        f'<button type="button" class="many-open" data-kind="{kind}">{tr("many_open").html()}</button>',
        apply_default_css=False,
    )
