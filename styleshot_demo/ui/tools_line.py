"""The line below a result: a close look, its use in a tab, another kind of file."""

import json

import gradio as gr

from styleshot_demo.ui.words import tr

KINDS = {"jpeg": ".jpg", "webp": ".webp"}  # beside PNG
# Where a picture can be used: (tab, place in it, text).
USES = (
    ("classical", "content", "use_photo_classical"),
    ("image", "content", "use_photo_image"),
    ("classical", "style-1", "use_style_classical"),
    ("image", "style-1", "use_style_image"),
    ("text", "style-1", "use_style_text"),
)


def build(kind: str) -> gr.HTML:
    """The line of a tab, where it is called; it is not seen before there is a finished picture.

    Choosing a kind of file triggers `.convert(...)`, whose event has the address of the picture on show as `source`
    and `kind`; its outcome is this element's value, from `widgets.file`, or {"told": HTML} of what was wrong.
    """
    uses = "".join(
        f'<button type="button" data-tab="{tab}" data-place="{place}">{tr(text).html()}</button>'
        for tab, place, text in USES
    )
    files = "".join(f'<button type="button" data-kind="{one}">{one.upper()}</button>' for one in KINDS)
    return gr.HTML(
        elem_id=f"{kind}-tools",
        html_template=f"""
<div class="tools" hidden role="group" {tr("tools").attributes()}>
  <button type="button" class="look">{tr("look_closely").html()}</button>
  <details><summary>{tr("use_as").html()}</summary><div class="menu">{uses}</div></details>
  <details><summary>{tr("save_as").html()}</summary><div class="menu">{files}</div></details>
  <div class="news"></div>
  <dialog class="viewer" {tr("look_closely").attributes()}>
    <div class="ground" tabindex="0"><img {tr("made_alt").attributes()}></div>
    <div class="choices">
      <button type="button" class="zoom" aria-pressed="false">{tr("zoom_full").html()}</button>
      <button type="button" class="end">{tr("close").html()}</button>
    </div>
  </dialog>
</div>""",
        js_on_load=f"""window.styleshot.tools({json.dumps(kind)}, element, () => props.value, watch,
          (what) => trigger("convert", what))""",
        apply_default_css=False,
    )
