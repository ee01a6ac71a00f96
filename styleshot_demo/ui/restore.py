"""The place to drop a picture that was made here: its tab opens with every setting as it was."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from styleshot_demo import provenance
from styleshot_demo.messages import remark
from styleshot_demo.provenance import Record, Restored
from styleshot_demo.ui import problems, widgets, words
from styleshot_demo.ui.controls import INSTANT, Inputs
from styleshot_demo.ui.result_events import ResultEvent
from styleshot_demo.ui.words import LocalizedText, i18n, tr


@dataclass(frozen=True)
class Target:
    """A tab whose settings a picture can bring back.

    job      the kind of job, which is the tab's id too
    outputs  what `fill` changes
    fill     updates from what was found in the picture
    save     event arguments that keep the settings in the browser
    inputs   where its pictures are put
    result_events  the events that may leave a result on show
    """

    job: str
    outputs: Sequence[Any]
    fill: Callable[[Restored], dict[Any, Any]]
    save: dict[str, Any]
    inputs: Inputs
    result_events: Sequence[ResultEvent] = ()


def bring_back(path: str, targets: Sequence[Target], tabs: gr.Tabs) -> tuple[LocalizedText, dict[Any, Any]]:
    """(what to say, updates of the tabs that bring back how the picture was made, before it was enlarged if it was).
    Raises the `Problem`s of a picture that was not made here."""
    return bring(provenance.read(path), targets, tabs)


def bring(
    made_by: Record, targets: Sequence[Target], tabs: gr.Tabs, **other: Any
) -> tuple[LocalizedText, dict[Any, Any]]:
    """`bring_back` of a record. other: settings that are to be others than in the record."""
    if made_by.job == "enlarge":  # nobody knows how: nothing is wrong with it, but there is nothing to bring back
        return tr("only_enlarged"), {}
    found = provenance.restore(made_by)
    if not found.settings:
        return words.remark(remark("metadata_ignored")), {}
    found = replace(found, settings={**found.settings, **other})
    told = [tr("restored_partly" if found.dropped else "restored"), *_made_from(found)]
    if found.enlarged > 1:
        told.append(tr("was_enlarged", times=found.enlarged))
    return words.join(told, " "), opened(found, targets, tabs)


def opened(found: Restored, targets: Sequence[Target], tabs: gr.Tabs) -> dict[Any, Any]:
    """Updates that open the tab of that kind of job with these settings."""
    target = {target.job: target for target in targets}[found.job]
    return {tabs: gr.Tabs(selected=found.job), **target.fill(found)}


def _made_from(found: Restored) -> list[LocalizedText]:
    """Which pictures to choose again, where the record names them, and what was brushed."""
    # Whoever made the file chose what stands there.
    photo, styles = found.inputs.get("content"), found.inputs.get("styles")
    names = [name for name in styles if isinstance(name, str) and name] if isinstance(styles, list) else []
    told = [tr("was_photo", name=photo)] if isinstance(photo, str) and photo else []
    told += [tr("was_styles", names=", ".join(names))] if names else []
    return told + ([tr("was_marked")] if found.settings.get("region") == "mask" else [])


def build(targets: Sequence[Target], tabs: gr.Tabs) -> None:
    """Lays the place out, where it is called, and makes it work."""
    with gr.Accordion(i18n("restore"), open=False, elem_id="restore-part", elem_classes="drawer"):
        widgets.prose("p", "restore_about", "hint")
        # A picture input and not a file input: that one has a text of its own, which stays in the first language.
        drop = widgets.PictureInput(
            type="filepath", sources=["upload"], buttons=[], show_label=False, label=i18n("restore_file"),
            placeholder=i18n("drop_restore"), elem_id="restore", elem_classes="picture",
        )  # fmt: skip
        message = gr.HTML(elem_id="restore-message", apply_default_css=False)

    @problems.guarded(lambda told: {drop: None, message: told})
    def restore(path: str | None) -> Generator[dict[Any, Any], None, None]:
        if path is None:
            return
        told, updates = bring_back(path, targets, tabs)
        yield {drop: None, message: problems.note(told), **updates}

    outputs = [drop, message, tabs, *(output for target in targets for output in target.outputs)]
    event = drop.upload(restore, drop, outputs, **INSTANT)
    for target in targets:
        event = event.then(**target.save)
