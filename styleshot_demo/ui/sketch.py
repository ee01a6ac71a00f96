"""The sketch of a composed picture, beside what the prompt was understood as."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import moved
from styleshot_demo.runners import scenes
from styleshot_demo.ui import moving, prompt_chips, results, tab_state, words
from styleshot_demo.ui.widgets import address
from styleshot_demo.ui.words import join, tr

if TYPE_CHECKING:
    from styleshot_demo.compose.scene import Scene
    from styleshot_demo.provenance import Restored

# Problems of the prompt, told beside it.
REFUSED = ("nothing_to_draw", "nothing_known", "nothing_known_near", "no_sketch")

# Gradio listens for those events whose names stand here in quotes.
_ACTS = """
const paint = (...what) => window.styleshot.afterStop("text-stop", () => trigger(...what));
window.styleshot.sketch(element, trigger, paint, { reword: "reword", move: "move", photo: "photo" });"""


@dataclass(frozen=True)
class Drawn:
    """What the composer makes of a prompt.

    sketches  files in Gradio's folder, one for each seed, as far as they are drawn
    seeds     of all that there will be
    """

    prompt: str
    scene: "Scene"
    sketches: tuple[Path, ...]
    seeds: tuple[int, ...]


def element(elem_id: str) -> gr.HTML:
    """The element, which is empty at first. Its value comes from `box` or `refused`.

    `.reword(...)` listens for chips: the event's `part` and `name` are as `prompt_chips.reworded` takes them.
    `.photo(...)` listens for the button that uses a sketch as photo: the event's `source` is the address of its file.
    `.move(...)` listens for things that are moved: `thing`, `x` and `y` are as `moving.put` takes them, and missing
    where all of them are to go back.
    """
    return gr.HTML(elem_id=elem_id, elem_classes="sketch-part", js_on_load=_ACTS, apply_default_css=False)


def lay_there(result: Any, folder: Path) -> Drawn | None:
    """What was drawn for a result that lay on the desk before a reload; None where that is not known.

    result  the value of the result's element, which may be anything: it comes from the browser
    folder  where the files of sketches are
    """
    try:
        paths = [tab_state.known(tab_state.path_at(source), folder) for source in result["sketches"]]
        settings = result["made"]["settings"]
        prompt = jobs.text("prompt", settings["prompt"])
        places = moved.check("moved", settings.get("moved"))
        seed = jobs.check_each(jobs.TextJob)["seed"]("seed", settings["seed"])
        scene = scenes.scene_of(prompt, settings.get("tile") is True, places)
    except (KeyError, TypeError, AttributeError, Problem):
        return None
    known = [path for path in paths if path is not None]
    if not known or len(known) < len(paths) or len(paths) > jobs.MAX_IMAGES:
        return None
    seeds = tuple(jobs.seed_of(seed, number) for number in range(len(paths)))
    return Drawn(prompt, scene, tuple(map(Path, known)), seeds)


def recorded(found: "Restored", folder: Path) -> Drawn | None:
    """What the record of a picture says that was drawn for it, drawn again, as a file in `folder`; None where it says
    nothing that can be drawn."""
    try:
        prompt, size, seed = (found.settings[name] for name in ("prompt", "size", "seed"))
        scene = scenes.recorded(found.scene, prompt)
        picture = scenes.sketch_of(scene, size, seed)
    except (KeyError, Problem):
        return None
    return Drawn(prompt, scene, (results.save_plain(picture, f"{prompt}-sketch", folder),), (seed,))


def box(drawn: Drawn | None, usable: bool = True) -> str:
    """Sketches and chips as HTML; nothing for None.

    usable  whether chips can be pressed and things moved: not while a picture is being painted
    """
    if drawn is None:
        return ""
    return (
        f'<section class="sketch" {tr("sketch").attributes()}>{_sheets(drawn, usable)}'
        f'<div class="said">{prompt_chips.chips(drawn.scene, drawn.prompt, usable)}</div></section>'
    )


def refused(problem: Problem, prompt: str) -> str:
    """Why a prompt cannot be composed, and what comes near of what it says, as HTML."""
    text = join(words.problem(problem), " ").html()
    scene = scenes.understood_anyway(prompt)
    chips = f'<div class="said">{prompt_chips.chips(scene, prompt)}</div>' if scene else ""
    return f'<section class="sketch"><p class="hint warn">{text}</p>{chips}</section>'


def _sheets(drawn: Drawn, usable: bool) -> str:
    sketches, total = drawn.sketches, len(drawn.seeds)
    sheets = "".join(
        f'<div class="pad"><button type="button" class="sheet" aria-pressed="{"true" if at == 0 else "false"}"'
        f" {tr('sketch_enlarge').attributes()}>"
        f'<img alt="" draggable="false" src="{address(path)}"></button>'
        f"{moving.grips(drawn.scene, seed, usable)}</div>"
        for at, (path, seed) in enumerate(zip(sketches, drawn.seeds, strict=False))
    )
    sheets += '<span class="sheet"></span>' * (total - len(sketches))
    photo = f'<button type="button" class="plain" data-act="photo">{tr("sketch_photo").html()}</button>'
    large = (
        f'<dialog {tr("sketch").attributes()}><div class="pad"><img draggable="false" {tr("sketch").attributes()}>'
        f'</div><div class="choices">{photo}'
        f'<button type="button" class="plain" data-act="close">{tr("close").html()}</button></div></dialog>'
    )
    several = " several" if total > 1 else ""
    drawing = f'<span class="plain" aria-hidden="true">{tr("sketch_drawing").html()}</span>'
    hint = "" if drawn.scene.wraps or not drawn.scene.things else f'<p class="hint">{tr("sketch_drag").html()}</p>'
    if drawn.scene.places:
        able = "" if usable else " disabled"
        hint += f'<button type="button" class="plain" data-act="unmove"{able}>{tr("sketch_unmove").html()}</button>'
    under = hint + photo + large if sketches else drawing
    return f'<div class="sheets{several}"><div class="row">{sheets}</div>{under}</div>'
