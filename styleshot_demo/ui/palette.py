"""The palette of a result: its colours as text, and each as the browser's own colour field; or taken from the style.

The script (palette.js) moves the fields and tells what they hold; the text is what counts, and what is checked.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.errors import Problem
from styleshot_demo.jobs.palette import MAX_COLOURS
from styleshot_demo.runners.palettes import SEEN, palette_of
from styleshot_demo.ui import problems, settings, words
from styleshot_demo.ui.controls import EACH, INSTANT, PictureInput
from styleshot_demo.ui.opened import Opened
from styleshot_demo.ui.words import mark, say

FIELD = jobs.fields(jobs.ClassicalJob)["palette"]


@dataclass(frozen=True)
class PalettePart:
    """The controls, as `build` lays them out."""

    box: gr.Textbox
    take: gr.Button
    swatches: gr.HTML

    def wire(self, styles: Sequence[PictureInput], opened: Opened) -> Sequence[Any]:
        """Connects its own events; to be called outside of the tabs. Returns those that change the palette."""

        @problems.guarded(lambda told: {self.swatches: {"wrong": told}})
        def taken(*paths: str | None) -> Generator[dict[Any, Any], None, None]:
            path = next(filter(None, paths), None)
            if path is None:
                raise Problem("style_needed")
            found = palette_of(opened.bring(path, SEEN))
            yield {self.box: found, self.swatches: shown(found)}

        def picked(event: gr.EventData) -> str:
            text = getattr(event, "text", None)  # anybody may send anything here
            return text if isinstance(text, str) else ""

        self.box.change(shown, self.box, self.swatches, trigger_mode="always_last", **INSTANT)
        return [
            self.take.click(taken, list(styles), [self.box, self.swatches], **INSTANT),
            self.swatches.pick(picked, None, self.box, **EACH),
        ]


def build() -> PalettePart:
    """Lays the controls out, where it is called."""
    with gr.Row(elem_classes="palette", equal_height=False):
        box = settings.control(
            FIELD, FIELD.default, lines=1, max_lines=1, elem_classes=None, placeholder=mark("palette_hint"), scale=3
        )
        take = gr.Button(mark("palette_take"), size="sm", elem_id="palette-take", min_width=110, scale=0)
    swatches = gr.HTML(
        elem_id="palette-swatches",
        html_template=f"""
<div class="swatches" role="group" {say("palette_swatches").attributes()}>
  <template><span class="swatch"><input type="color" {say("palette_colour").attributes()}>
    <button type="button" class="out" {say("palette_remove").attributes()}>×</button></span></template>
  <button type="button" class="more">+ {say("palette_more").html()}</button>
</div>
<div class="news"></div>""",
        js_on_load=f"""window.styleshot.palette(element, {MAX_COLOURS}, () => props.value, watch,
          (what) => trigger("pick", what))""",
        apply_default_css=False,
    )
    return PalettePart(box, take, swatches)


def shown(text: str) -> dict[str, Any]:
    """The colours of a palette, or what is wrong with it, as the script shows them."""
    try:
        return {"of": text, "colours": FIELD.setting.check("palette", text).split()}
    except Problem as problem:
        wrong = words.join(words.problem(problem), " ").html()
        return {"of": text, "wrong": f'<p class="hint warn" role="status">{wrong}</p>'}
