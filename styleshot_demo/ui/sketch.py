"""The sketch of a composed picture, beside what the prompt was understood as."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.errors import Problem
from styleshot_demo.runners import scenes
from styleshot_demo.ui import desk, meant, results, words
from styleshot_demo.ui.widgets import address
from styleshot_demo.ui.words import join, say

if TYPE_CHECKING:
    from styleshot_demo.compose.scene import Scene
    from styleshot_demo.provenance import Restored

# Problems of the prompt, told beside it.
REFUSED = ("nothing_to_draw", "nothing_known", "nothing_known_near", "no_sketch")

_ACTS = """
element.addEventListener("click", (event) => {
  const dialog = element.querySelector("dialog");
  const button = event.target.closest("button");
  if (!button) return event.target === dialog && dialog.close();
  if (button.dataset.part) return trigger("reword", { part: button.dataset.part, name: button.dataset.name });
  const thumbs = [...element.querySelectorAll(".sheet")];
  if (thumbs.includes(button)) {
    for (const other of thumbs) other.setAttribute("aria-pressed", String(other === button));
    dialog.querySelector("img").src = button.querySelector("img").src;
    return dialog.showModal();
  }
  if (button.dataset.act === "photo") {
    const pressed = thumbs.find((one) => one.getAttribute("aria-pressed") === "true") ?? thumbs[0];
    trigger("photo", { source: pressed.querySelector("img").getAttribute("src") });
  }
  if (dialog?.open) dialog.close();
});"""


@dataclass(frozen=True)
class Drawn:
    """What the composer makes of a prompt.

    sketches  files in Gradio's folder, one for each seed, as far as they are drawn
    total     how many there will be
    """

    prompt: str
    scene: "Scene"
    sketches: tuple[Path, ...]
    total: int


def element(elem_id: str) -> gr.HTML:
    """The element, which is empty at first. Its value comes from `box` or `refused`.

    `.reword(...)` listens for chips: the event's `part` and `name` are as `meant.reworded` takes them. `.photo(...)`
    listens for the button that uses a sketch as photo: the event's `source` is the address of its file.
    """
    return gr.HTML(elem_id=elem_id, elem_classes="sketch-part", js_on_load=_ACTS, apply_default_css=False)


def lay_there(result: Any, folder: Path) -> Drawn | None:
    """What was drawn for a result that lay on the desk before a reload; None where that is not known.

    result  the value of the result's element, which may be anything: it comes from the browser
    folder  where the files of sketches are
    """
    try:
        paths = [desk.known(desk.path_at(source), folder) for source in result["sketches"]]
        settings = result["made"]["settings"]
        prompt = jobs.text("prompt", settings["prompt"])
        scene = scenes.scene_of(prompt, settings.get("tile") is True)
    except (KeyError, TypeError, AttributeError, Problem):
        return None
    if not paths or len(paths) > jobs.MAX_IMAGES or None in paths:
        return None
    return Drawn(prompt, scene, tuple(map(Path, paths)), len(paths))


def recorded(found: "Restored", folder: Path) -> Drawn | None:
    """What the record of a picture says that was drawn for it, drawn again, as a file in `folder`; None where it says
    nothing that can be drawn."""
    try:
        prompt, size, seed = (found.settings[name] for name in ("prompt", "size", "seed"))
        scene = scenes.recorded(found.scene, prompt)
        picture = scenes.sketch_of(scene, size, seed)
    except (KeyError, Problem):
        return None
    return Drawn(prompt, scene, (results.save_plain(picture, f"{prompt}-sketch", folder),), 1)


def box(drawn: Drawn | None, usable: bool = True) -> str:
    """Sketches and chips as HTML; nothing for None.

    usable  whether the chips can be pressed: not while a picture is being painted
    """
    if drawn is None:
        return ""
    return (
        f'<section class="sketch" {say("sketch").attributes()}>{_sheets(drawn.sketches, drawn.total)}'
        f'<div class="said">{meant.chips(drawn.scene, drawn.prompt, usable)}</div></section>'
    )


def refused(problem: Problem, prompt: str) -> str:
    """Why a prompt cannot be composed, and what comes near of what it says, as HTML."""
    text = join(words.problem(problem), " ").html()
    scene = scenes.understood_anyway(prompt)
    chips = f'<div class="said">{meant.chips(scene, prompt)}</div>' if scene else ""
    return f'<section class="sketch"><p class="hint warn">{text}</p>{chips}</section>'


def _sheets(sketches: Sequence[Path], total: int) -> str:
    sheets = "".join(
        f'<button type="button" class="sheet" aria-pressed="{"true" if at == 0 else "false"}"'
        f" {say('sketch_enlarge').attributes()}>"
        f'<img alt="" src="{address(path)}"></button>'
        for at, path in enumerate(sketches)
    )
    sheets += '<span class="sheet"></span>' * (total - len(sketches))
    photo = f'<button type="button" class="plain" data-act="photo">{say("sketch_photo").html()}</button>'
    large = (
        f'<dialog {say("sketch").attributes()}><img {say("sketch").attributes()}><div class="choices">{photo}'
        f'<button type="button" class="plain" data-act="close">{say("close").html()}</button></div></dialog>'
    )
    several = " several" if total > 1 else ""
    drawing = f'<span class="plain" aria-hidden="true">{say("sketch_drawing").html()}</span>'
    under = photo + large if sketches else drawing
    return f'<div class="sheets{several}"><div class="row">{sheets}</div>{under}</div>'
