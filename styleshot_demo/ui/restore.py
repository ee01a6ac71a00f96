"""The place to drop a picture that was made here: its tab opens with every setting as it was."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from styleshot_demo import provenance
from styleshot_demo.messages import remark
from styleshot_demo.provenance import Restored
from styleshot_demo.ui import problems, widgets, words
from styleshot_demo.ui.controls import INSTANT
from styleshot_demo.ui.words import mark, say

DERIVED = {"sweep"}  # in a record, but no setting: it says which strengths a strip shows


@dataclass(frozen=True)
class Target:
    """A tab whose settings a picture can bring back.

    job      the kind of job, which is the tab's id too
    outputs  what `fill` changes
    fill     updates from what was found in the picture
    save     event arguments that keep the settings in the browser
    """

    job: str
    outputs: Sequence[Any]
    fill: Callable[[Restored], dict[Any, Any]]
    save: dict[str, Any]


def build(targets: Sequence[Target], tabs: gr.Tabs) -> None:
    """Lays the place out, where it is called, and makes it work."""
    with gr.Accordion(mark("restore"), open=False, elem_id="restore-part", elem_classes="drawer"):
        widgets.prose("p", "restore_about", "hint")
        # A picture input and not a file input: that one has a text of its own, which stays in the first language.
        drop = widgets.PictureInput(
            type="filepath", sources=["upload"], buttons=[], show_label=False, label=mark("restore_file"),
            placeholder=mark("drop_restore"), elem_id="restore", elem_classes="picture",
        )  # fmt: skip
        message = gr.HTML(elem_id="restore-message", apply_default_css=False)

    by_job = {target.job: target for target in targets}

    @problems.guarded(lambda told: {drop: None, message: told})
    def restore(path: str | None) -> Iterator[dict[Any, Any]]:
        if path is None:
            return
        found = provenance.restore(provenance.read(path))
        if not found.settings:
            yield {drop: None, message: problems.note(words.remark(remark("metadata_ignored")))}
            return
        told = "restored_partly" if set(found.dropped) - DERIVED else "restored"
        yield {
            drop: None,
            message: problems.note(say(told)),
            tabs: gr.Tabs(selected=found.job),
            **by_job[found.job].fill(found),
        }

    outputs = [drop, message, tabs, *(output for target in targets for output in target.outputs)]
    event = drop.upload(restore, drop, outputs, **INSTANT)
    for target in targets:
        event = event.then(**target.save)
