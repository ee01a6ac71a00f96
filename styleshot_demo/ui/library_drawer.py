"""The drawer of the style library, as it stands below the example styles of each tab. The script fills it."""

import gradio as gr

from styleshot_demo.library import MAX_NOTE, MAX_STYLE_NAME
from styleshot_demo.ui.words import tr


def _field(name: str, longest: int, more: str = "") -> str:
    return f'<label>{tr(f"library_{name}").html()}<input name="{name}" maxlength="{longest}" {more}></label>'


def _button(name: str, kind: str = "button") -> str:
    return f'<button type="{kind}" class="{name}">{tr(f"library_{name}").html()}</button>'


def _files(name: str, accepted: str) -> str:
    return f"""<label class="{name}" tabindex="0" role="button">{tr(f"library_{name}").html()}<input type="file"
      accept="{accepted}" multiple tabindex="-1" hidden></label>"""


_DRAWER = f"""
<details class="library" hidden>
  <summary>{tr("library").html()}</summary>
  <p class="hint">{tr("library_about").html()}</p>
  <label class="search">{tr("library_search").html()}<input type="search"></label>
  <div class="shelf many" role="toolbar" {tr("library_styles").attributes()}></div>
  <p class="hint none" hidden>{tr("library_none").html()}</p>
  <div class="picked" hidden>
    <p><strong></strong> <span class="tags"></span> <span class="note"></span></p>
    <div class="row">{_button("change")}{_files("more", "image/*")}{_button("export")}{_button("delete")}</div>
  </div>
  <div class="row add">
    {_button("save")}
    {_files("import", ".zip,image/*")}
  </div>
  <form hidden>
    {_field("name", MAX_STYLE_NAME, "required autocomplete='off'")}
    {_field("tags", MAX_NOTE, "autocomplete='off'")}
    {_field("note", MAX_NOTE, "autocomplete='off'")}
    <div class="row">{_button("keep", "submit")}{_button("cancel")}</div>
  </form>
  <div class="answer" role="status"></div>
  <template>{_button("undo")}</template>
</details>"""


def build(prefix: str) -> gr.HTML:
    """Lays the drawer out, where it is called. `prefix` is that of the tab's elements, such as "text-"."""
    return gr.HTML(
        elem_id=f"{prefix}library",
        html_template=_DRAWER,
        js_on_load=f"window.styleshot.libraryDrawer(element, {(prefix or 'classical-').removesuffix('-')!r})",
        apply_default_css=False,
    )
