"""The place to drop a picture that was made here: its tab opens with every setting as it was."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from styleshot_demo import provenance
from styleshot_demo.jobs import MAX_STYLES
from styleshot_demo.messages import remark
from styleshot_demo.provenance import Record, Restored
from styleshot_demo.ui import examples, problems, widgets, words
from styleshot_demo.ui.controls import INSTANT, Inputs, laid
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

    @property
    def boxes(self) -> list[Any]:
        """The photo's, where the tab has one, and the styles'."""
        return [*([self.inputs.content] if self.inputs.content else []), *self.inputs.styles]


def bring_back(path: str, targets: Sequence[Target], tabs: gr.Tabs) -> tuple[LocalizedText, dict[Any, Any]]:
    """(what to say, updates of the tabs that bring back how the picture was made, before it was enlarged if it was, and
    the examples it was made from). Raises the `Problem`s of a picture that was not made here."""
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
    photo, styles = _examples(found)
    told = [tr("restored_partly" if found.dropped else "restored"), *_made_from(found, photo is None, not styles)]
    if found.enlarged > 1:
        told.append(tr("was_enlarged", times=found.enlarged))
    inputs = next(target.inputs for target in targets if target.job == found.job)
    return words.join(told, " "), opened(found, targets, tabs) | _laid(inputs, photo, styles, found.style_weights)


def opened(found: Restored, targets: Sequence[Target], tabs: gr.Tabs) -> dict[Any, Any]:
    """Updates that open the tab of that kind of job with these settings."""
    target = {target.job: target for target in targets}[found.job]
    return {tabs: gr.Tabs(selected=found.job), **target.fill(found)}


def _examples(found: Restored) -> tuple[Path | None, list[Path]]:
    """The photo, and all styles, that a picture was made from, where they are examples that come with the program."""
    given = found.inputs
    photo = examples.same(examples.contents(), given.get("content"), given.get("content_sha256"))
    names, digests = given.get("styles"), given.get("style_sha256")
    if not (isinstance(names, list) and isinstance(digests, list) and 0 < len(names) == len(digests) <= MAX_STYLES):
        return photo, []
    known = examples.styles()
    styles = [examples.same(known, *pair) for pair in zip(names, digests, strict=True)]
    return photo, [path for path in styles if path] if all(styles) else []


def lays_all(made_by: Record) -> bool:
    """Whether `bring` of a record lays in every picture that it was made from."""
    photo, styles = _examples(provenance.restore(made_by))
    return bool(styles) and (photo is not None or not made_by.inputs.get("content"))


def _laid(inputs: Inputs, photo: Path | None, styles: Sequence[Path], weights: Sequence[float]) -> dict[Any, Any]:
    """Updates that put examples into the boxes; own pictures, which nobody has kept, stay where they lie."""

    def copied(path: Path) -> str:
        # In the folder of uploads: only from there may the page show files.
        return str(inputs.styles[0].move_resource_to_block_cache(path))

    updates = {} if photo is None or inputs.content is None else {inputs.content: copied(photo)}
    if styles:
        updates |= laid(inputs, [copied(path) for path in styles], weights)
    return updates


def _made_from(found: Restored, photo_lacks: bool = True, styles_lack: bool = True) -> list[LocalizedText]:
    """Which pictures to choose again, where the record names them, and what was brushed."""
    # Whoever made the file chose what stands there.
    photo, styles = found.inputs.get("content"), found.inputs.get("styles")
    names = [name for name in styles if isinstance(name, str) and name] if isinstance(styles, list) else []
    told = [tr("was_photo", name=photo)] if photo_lacks and isinstance(photo, str) and photo else []
    told += [tr("was_styles", names=", ".join(names))] if styles_lack and names else []
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

    own = [part for target in targets for part in (*target.boxes, *target.outputs)]
    outputs = [drop, message, tabs, *dict.fromkeys(own)]
    event = drop.upload(restore, drop, outputs, **INSTANT)
    for target in targets:
        event = event.then(**target.save)
