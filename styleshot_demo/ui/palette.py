"""The palette of a result: its colours as text, and each as the browser's own colour field; or taken from a picture.

The script (palette.js) moves the fields and tells what they hold; the text is what counts, and what is checked.
"""

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.errors import Problem
from styleshot_demo.jobs.palette import MAX_COLOURS
from styleshot_demo.runners.palettes import SEEN, palette_of
from styleshot_demo.ui import problems, settings, words
from styleshot_demo.ui.controls import EACH, INSTANT, Inputs
from styleshot_demo.ui.picture_cache import PictureCache
from styleshot_demo.ui.words import i18n, tr

FIELD = jobs.fields(jobs.ClassicalJob)["palette"]


@dataclass(frozen=True)
class PalettePart:
    """The controls, as `build` lays them out."""

    box: gr.Textbox
    swatches: gr.HTML

    def wire(self, inputs: Inputs, opened: PictureCache) -> Sequence[Any]:
        """Connects its own events; to be called outside of the tabs. Returns those that change the palette."""
        pictures = [*([inputs.content] if inputs.content else []), *inputs.styles]

        @problems.guarded(lambda told: {self.swatches: {"wrong": told}})
        def taken(event: gr.EventData, *paths: str | None) -> Generator[dict[Any, Any], None, None]:
            place = getattr(event, "place", None)  # anybody may send anything here
            place = place if isinstance(place, int) and 0 <= place < len(paths) else len(paths) - len(inputs.styles)
            path = paths[place]
            if path is None:
                raise Problem("content_needed" if pictures[place] is inputs.content else "style_needed")
            found = palette_of(opened.bring(path, SEEN))
            yield {self.box: found, self.swatches: shown(found)}

        def picked(event: gr.EventData) -> str:
            text = getattr(event, "text", None)  # as above
            return text if isinstance(text, str) else ""

        self.box.change(shown, self.box, self.swatches, trigger_mode="always_last", **INSTANT)
        return [
            self.swatches.take(taken, pictures, [self.box, self.swatches], **EACH),
            self.swatches.pick(picked, None, self.box, **EACH),
        ]


def build(kind: str, with_content: bool = True) -> PalettePart:
    """Lays the controls of a tab out, where it is called.

    with_content  whether the tab has a photo, from which colours can be taken too
    """
    tab = "" if kind == "classical" else kind
    box = settings.control(
        FIELD, FIELD.default, tab, lines=1, max_lines=1, elem_classes=None, placeholder=i18n("palette_hint")
    )
    names = [*(["content"] if with_content else []), "style", *(f"style_{n}" for n in range(2, jobs.MAX_STYLES + 1))]
    sources = "".join(
        f'<button type="button" class="from" data-place="{place}">{tr(name).html()}</button>'
        for place, name in enumerate(names)
    )
    swatches = gr.HTML(
        elem_id=f"{tab}-palette-swatches".lstrip("-"),
        elem_classes="palette-swatches",
        html_template=f"""
<div class="swatches" role="group" {tr("palette_swatches").attributes()}>
  <template><span class="swatch"><input type="color" {tr("palette_colour").attributes()}>
    <button type="button" class="out" {tr("palette_remove").attributes()}>×</button></span></template>
  <button type="button" class="more">+ {tr("palette_more").html()}</button>
</div>
<div class="swatches sources" role="group" {tr("palette_take").attributes()}>
  <span aria-hidden="true">{tr("palette_take").html()}</span>{sources}
</div>
<div class="news"></div>""",
        js_on_load=f"""window.styleshot.palette({json.dumps(kind)}, element, {MAX_COLOURS}, () => props.value, watch,
          (what) => trigger("pick", what), (what) => trigger("take", what))""",
        apply_default_css=False,
    )
    return PalettePart(box, swatches)


def shown(text: str) -> dict[str, Any]:
    """The colours of a palette, or what is wrong with it, as the script shows them."""
    try:
        return {"of": text, "colours": FIELD.setting.check("palette", text).split()}
    except Problem as problem:
        wrong = words.join(words.problem(problem), " ").html()
        return {"of": text, "wrong": f'<p class="hint warn" role="status">{wrong}</p>'}
