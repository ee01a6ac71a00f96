"""The palette of a result: its colours as text, to be seen, and to be taken from the style that was chosen."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.errors import Problem
from styleshot_demo.runners.palettes import SEEN, palette_of
from styleshot_demo.ui import problems, settings, words
from styleshot_demo.ui.controls import INSTANT, PictureInput
from styleshot_demo.ui.opened import Opened
from styleshot_demo.ui.words import mark, say

FIELD = jobs.fields(jobs.ClassicalJob)["palette"]


@dataclass(frozen=True)
class PalettePart:
    """The controls, as `build` lays them out."""

    box: gr.Textbox
    take: gr.Button
    swatches: gr.HTML

    def wire(self, styles: Sequence[PictureInput], opened: Opened) -> Any:
        """Connects its own events; to be called outside of the tabs. Returns the last event of the button."""

        @problems.guarded(lambda told: {self.swatches: told})
        def taken(*paths: str | None) -> Generator[dict[Any, Any], None, None]:
            path = next(filter(None, paths), None)
            if path is None:
                raise Problem("style_needed")
            found = palette_of(opened.bring(path, SEEN))
            yield {self.box: found, self.swatches: shown(found)}

        self.box.change(shown, self.box, self.swatches, trigger_mode="always_last", **INSTANT)
        return self.take.click(taken, list(styles), [self.box, self.swatches], **INSTANT)


def build() -> PalettePart:
    """Lays the controls out, where it is called."""
    with gr.Row(elem_classes="palette", equal_height=False):
        box = settings.control(
            FIELD, FIELD.default, lines=1, max_lines=1, elem_classes=None, placeholder=mark("palette_hint"), scale=3
        )
        take = gr.Button(mark("palette_take"), size="sm", elem_id="palette-take", min_width=110, scale=0)
    return PalettePart(box, take, gr.HTML(elem_id="palette-swatches", apply_default_css=False))


def shown(text: str) -> str:
    """The colours of a palette, or what is wrong with it, as HTML."""
    try:
        colours = FIELD.setting.check("palette", text).split()
    except Problem as problem:
        return f'<p class="hint warn" role="status">{words.join(words.problem(problem), " ").html()}</p>'
    each = "".join(f'<i style="background: {colour}" title="{colour}"></i>' for colour in colours)
    return f'<div class="swatches" role="img" {say("palette_swatches").attributes()}>{each}</div>' if each else ""
