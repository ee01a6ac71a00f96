"""Pictures dropped anywhere on the page, or pasted: none is ever opened by the browser in place of the page.

The script (desk.js) uploads them and tells the server where they fell. A single one that was made here is asked about;
any other becomes the photo, where there is none yet, or else a style.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from styleshot_demo import jobs, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.ui import controls, problems, tab_state, words
from styleshot_demo.ui.controls import EACH
from styleshot_demo.ui.restore import Target, bring_back
from styleshot_demo.ui.words import LocalizedText, tr

_ASK = """
<div class="notice"></div>
<dialog aria-labelledby="ask-what">
  <h2 id="ask-what">{title}</h2><p>{about}</p>
  <div class="choices">
    <button type="button" value="settings" class="first" autofocus>{settings}</button>
    <button type="button" value="photo">{photo}</button>
    <button type="button" value="style">{style}</button>
    <button type="button" value="">{cancel}</button>
  </div>
</dialog>"""


_MAX_NAME = 40  # characters of the name that the script gives to a drop


def build(targets: Sequence[Target], tabs: gr.Tabs) -> gr.HTML:
    """Makes the page take what is dropped. To be called outside of the tabs. Returns the element that `tell` is for."""
    texts = {name: tr(f"ask_{name}").html() for name in ("title", "about", "settings", "photo", "style", "cancel")}
    drops = gr.HTML(
        elem_id="drops",
        html_template=_ASK.format(**texts),
        js_on_load="""window.styleshot.drops(element, () => props.value, watch,
          (what) => trigger("dropped", what), (what) => trigger("chosen", what))""",
        apply_default_css=False,
    )
    folder = Path(drops.GRADIO_CACHE)
    by_job = {target.job: target for target in targets}
    inputs = [part for target in targets for part in _slots(target)]
    outputs = [drops, tabs, *(part for target in targets for part in _outputs(target))]

    def dropped(event: gr.EventData, *values: Any) -> dict[Any, Any]:
        updates = taken(event, values)
        return {**updates, drops: updates.get(drops, new()) | _answered(event)}

    def taken(event: gr.EventData, values: Sequence[Any]) -> dict[Any, Any]:
        paths, target, place = _what(event, by_job, folder)
        if not paths:
            return {drops: tell(tr("drop_nothing"), problem=True)}
        if place == "restore":
            return restored(paths[0])
        if len(paths) == 1 and not place and _record(paths[0]):
            return {drops: new(ask=paths[0], tab=target.job, photo=target.inputs.content is not None)}
        return put(paths, target, place, values)

    def chosen(event: gr.EventData, *values: Any) -> dict[Any, Any]:
        paths, target, _ = _what(event, by_job, folder)
        answer = str(getattr(event, "answer", ""))
        if not paths:
            return {drops: tell(tr("drop_nothing"), problem=True)}
        if answer == "settings":
            return restored(paths[0])
        return put(paths, target, "content" if answer == "photo" else "style", values)

    def restored(path: str) -> dict[Any, Any]:
        try:
            told, updates = bring_back(path, targets, tabs)
        except Exception as error:
            return {drops: _told(error)}
        return {drops: tell(told), **updates}

    def put(paths: Sequence[str], target: Target, place: str, values: Sequence[Any]) -> dict[Any, Any]:
        """Updates that put pictures into slots: the first where it fell, or where it is needed, the others after it."""
        by_part = dict(zip(inputs, values, strict=True))
        slots, shift = target.boxes, int(target.inputs.content is not None)
        pictures, checks = ([by_part[part] for part in parts] for parts in (slots, target.inputs.checks))
        count = int(by_part[target.inputs.open_slots])  # of the style slots that are to be seen
        updates: dict[Any, Any] = {target.inputs.message: ""}
        trouble, left = None, 0
        for path in paths:
            *_, (shown, wrong) = controls._checked(path)
            if wrong:
                trouble = trouble or wrong
                continue
            number = _number(place, pictures, count, shift, several=len(paths) > 1)
            place = ""
            if number is None:
                left += 1
                continue
            count = max(count, number - shift + 1)
            checks[number].replaced = True
            pictures[number] = updates[slots[number]] = checks[number].path = shown if isinstance(shown, str) else path
        updates |= zip(target.inputs.slot_outputs(), controls.show_slots(count), strict=True)
        for slider in target.inputs.weights:  # a weight that was set stays
            updates[slider] = gr.update(visible=1 < count > target.inputs.weights.index(slider))
        if trouble:
            updates[target.inputs.message] = trouble
        if left:
            updates[drops] = tell(tr("drop_too_many", count=left))
        return {**updates, tabs: gr.Tabs(selected=target.job)}

    drops.dropped(dropped, inputs, outputs, **EACH)
    event = drops.chosen(chosen, inputs, outputs, **EACH)
    for target in targets:
        event = event.then(**target.save)
    return drops


def _slots(target: Target) -> list[Any]:
    return [*target.boxes, target.inputs.open_slots, *target.inputs.checks]


def _outputs(target: Target) -> list[Any]:
    own = [*target.boxes, target.inputs.message]
    return [*own, *(part for part in target.outputs if part not in own)]


def _what(event: gr.EventData, by_job: dict[str, Target], folder: Path) -> tuple[list[str], Target, str]:
    """(paths of uploads, the tab, "", "content", "style", "style-2" or "restore"). Anybody may send anything here."""
    given = getattr(event, "paths", None)
    paths = [path for path in given if tab_state.known(path, folder)] if isinstance(given, list) else []
    target = by_job.get(str(getattr(event, "tab", "")), by_job["classical"])
    place = str(getattr(event, "place", ""))
    names = {"content", "restore", "style", *(f"style-{number}" for number in range(1, jobs.MAX_STYLES + 1))}
    return paths[: jobs.MAX_STYLES + 1], target, place if place in names else ""


def _number(place: str, pictures: Sequence[Any], count: int, shift: int, several: bool) -> int | None:
    """Which slot a picture goes into: the one it fell on; else the photo's, if empty; else the first empty one of the
    styles that are seen; else, of several, a new one, or None if there is no more; else the last one."""
    if place == "content" and shift:
        return 0
    if place.startswith("style-"):
        return shift + int(place.removeprefix("style-")) - 1
    if shift and not pictures[0] and place != "style":
        return 0
    seen = range(shift, shift + count)
    free = next((number for number in seen if not pictures[number]), None)
    if free is not None:
        return free
    if several:
        return shift + count if count < jobs.MAX_STYLES else None
    return shift + count - 1


def _answered(event: gr.EventData) -> dict[str, str]:
    """The name that the script has given to a drop: it waits for the answer to each."""
    return {"drop": str(getattr(event, "drop", ""))[:_MAX_NAME]}


def _record(path: str) -> bool:
    """Whether the picture says how it was made."""
    try:
        return bool(provenance.restore(provenance.read(path)).settings)
    except Problem:
        return False


def _told(error: BaseException) -> dict[str, Any]:
    return tell(words.join(problems.explain(error), " "), problem=True)


def tell(text: LocalizedText, problem: bool = False) -> dict[str, Any]:
    """The value that says something at the foot of the window."""
    return new(tell={"en": text.en, "zh": text.zh}, problem=problem)


def new(**value: Any) -> dict[str, Any]:
    """A value of `drops` that is not the last one: Gradio hands on only what differs."""
    return {**value, "turn": secrets.token_hex(4)}
