"""What a person moves on the composer's sketch: a grip for every copy of every thing, and what moving one changes.

A grip is named by its drawing and which of that drawing's copies in the scene it holds: "cat/0".
"""

import html
from collections import Counter
from typing import TYPE_CHECKING, Any

from styleshot_demo.errors import Problem
from styleshot_demo.jobs import moved
from styleshot_demo.runners import scenes
from styleshot_demo.ui import prompt_chips
from styleshot_demo.ui.words import tr

if TYPE_CHECKING:
    from styleshot_demo.compose.scene import Scene

SQUARE = (scenes.SMALLEST, scenes.SMALLEST)  # the shape of all sketches of the page; where things stand is in shares


def grips(scene: "Scene", seed: int, usable: bool = True) -> str:
    """A button for every copy of every thing that the sketch of that seed shows, as HTML; none for a pattern."""
    from styleshot_demo.compose.sketch import standing

    firsts = _firsts(scene)
    return "".join(_grip(scene, firsts[one.index] + one.number, one, usable) for one in standing(scene, SQUARE, seed))


def put(prompt: str, places: str, thing: Any, x: Any, y: Any) -> str:
    """The setting `moved` after a thing was put down; without any place where no thing is named.

    places  the setting so far
    x, y    of its foot, in shares of the picture: all three may be anything, as they come from the browser

    Where there is no such thing or place, it stays as it is.
    """
    if thing is None:
        return ""
    name, _, number = str(thing).rpartition("/")
    try:
        scene = scenes.scene_of(prompt, places=places)
        found = scene.places
        copies = sum(one.count for one in scene.things if one.name == name)
        if not (number.isascii() and number.isdecimal() and len(number) < 4 and int(number) < copies):
            return places
        own = found.setdefault(name, [])
        own += [None] * (int(number) + 1 - len(own))
        own[int(number)] = (x, y)
        return moved.as_text(found)
    except Problem:
        return places


def without(prompt: str, places: str, part: str) -> str:
    """The setting `moved` after a thing was taken out of the prompt, `part` being as for `prompt_chips.reworded`."""
    try:
        scene = scenes.scene_of(prompt, places=places)
    except Problem:
        return places
    index = prompt_chips.thing_at(scene, part)
    if index is None:
        return places
    name, first = scene.things[index].name, _firsts(scene)[index]
    found = scene.places
    if name in found:
        del found[name][first : first + scene.things[index].count]
    return moved.as_text(found)


def _firsts(scene: "Scene") -> list[int]:
    """Of each thing which copy of its drawing its first one is."""
    seen: Counter[str] = Counter()
    found = []
    for thing in scene.things:
        found.append(seen[thing.name])
        seen[thing.name] += thing.count
    return found


def _grip(scene: "Scene", number: int, one: Any, usable: bool) -> str:
    name = scene.things[one.index].name
    left, top, right, bottom = one.box
    sides = {"left": left, "top": top, "width": right - left, "height": bottom - top}
    style = ";".join(f"{side}:{100 * share:.2f}%" for side, share in sides.items())
    data = {
        "thing": f"{name}/{number}",
        "foot": " ".join(f"{part:.4f}" for part in one.foot),
        "box": " ".join(f"{part:.4f}" for part in one.box),
    }
    attributes = " ".join(f'data-{key}="{html.escape(value, quote=True)}"' for key, value in data.items())
    title = tr("sketch_move", what=prompt_chips.name_of(name)).attributes()
    able = "" if usable else " disabled"
    return f'<button type="button" class="grip" {attributes} style="{style}" {title}{able}></button>'
