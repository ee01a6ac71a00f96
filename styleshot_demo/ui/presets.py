"""Settings that come from the browser: a preset that it keeps, or the link that the page was opened with.

Both are the record of a picture without the picture, and are believed no more than that of an upload.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from styleshot_demo import provenance
from styleshot_demo.errors import Problem
from styleshot_demo.ui import drop, problems, restore, words
from styleshot_demo.ui.controls import EACH
from styleshot_demo.ui.restore import Target
from styleshot_demo.ui.words import LocalizedText, tr

_NAMED = 5  # settings that were left out and are told by name
_NAME = 40  # characters of a name that somebody has made up


def build(targets: Sequence[Target], tabs: gr.Tabs, drops: gr.HTML) -> None:
    """Lets the drawers (presets_drawer.py, presets.js) set the controls. To be called outside of the tabs.

    drops  the element that can say something at the foot of the window
    """
    page = gr.HTML(
        elem_id="presets-desk",
        html_template="<div></div>",
        js_on_load='window.styleshot.presets((what) => trigger("set", what))',
        apply_default_css=False,
    )
    outputs = [drops, tabs, *dict.fromkeys(part for target in targets for part in target.outputs)]

    def set_controls(event: gr.EventData) -> dict[Any, Any]:
        try:
            told, updates = bring(getattr(event, "text", None), targets, tabs)
        except Exception as error:
            said = words.join(problems.explain(error), " ")
            return {drops: drop.tell(said, problem=True)}
        return {drops: drop.tell(told), **updates}

    done = page.set(set_controls, None, outputs, **EACH)
    for target in targets:
        done = done.then(**target.save)


def bring(text: Any, targets: Sequence[Target], tabs: gr.Tabs) -> tuple[LocalizedText, dict[Any, Any]]:
    """(what to say, updates of the tabs that set the controls so); `Problem` link_unusable for what is no record."""
    try:
        found = provenance.restore(provenance.parse(text if isinstance(text, str) else ""))
    except Problem:
        raise Problem("link_unusable") from None
    if not found.settings:
        raise Problem("link_unusable")
    # A picture says more: what was drawn for it, and from what. Here there is none.
    found = replace(found, scene=None, style_weights=(), inputs={}, enlarged=1)
    left_out = found.dropped
    named = words.join([words.field(name) or _foreign(name) for name in left_out[:_NAMED]], ", ")
    if len(left_out) > _NAMED:
        named = words.join([named, LocalizedText("…", "…")], ", ")
    told = tr("presets_partly", names=named) if left_out else tr("presets_set")
    return told, restore.opened(found, targets, tabs)


def _foreign(name: str) -> LocalizedText:
    short = name if len(name) <= _NAME else name[:_NAME] + "…"
    return LocalizedText(short, short)
