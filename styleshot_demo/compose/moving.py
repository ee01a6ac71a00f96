"""Things where a person has put them. All others stay where they stood, but for what stands on a thing that moves."""

from collections.abc import Sequence
from dataclasses import replace

from styleshot_demo.compose import art
from styleshot_demo.compose.layout import FRONT, Placed, nearness
from styleshot_demo.compose.scene import Place, Scene
from styleshot_demo.compose.stage import HORIZON, shore_edge

SAND = 0.62  # row where the sand of a beach begins, about
TALLEST, WIDEST = 0.94, 0.98  # shares of the picture that a moved thing takes at most
LOWEST = 0.985  # row of its foot


def put(placed: Sequence[Placed], scene: Scene, aspect: float, shore: str | None) -> list[Placed]:
    """The drawings, the farthest first, with those that a person has moved at the places that the scene keeps.

    aspect  width over height of the picture
    shore   the side of the headland by the sea, or None

    What comes nearer grows as all things do there. What is put into the air hangs in it, what is put on the water
    swims, and nothing leaves the picture.
    """
    if not any(one.at for one in scene.things):
        return list(placed)
    found = {(one.index, one.number): one for one in placed}
    wanted = {
        (index, number): place
        for index, thing in enumerate(scene.things)
        for number, place in enumerate(thing.at or ())
        if place is not None
    }
    for key, place in wanted.items():
        if key in found:  # of a crowd a portrait shows a few
            before = found[key]
            found[key] = _at(before, place, list(found.values()), scene, aspect, shore)
            _carry_along(found, scene, before, found[key], set(wanted))
    everything = list(found.values())
    return everything if scene.kind == "portrait" else sorted(everything, key=lambda one: (one.depth, one.y))


def box_of(one: Placed, scene: Scene, aspect: float) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what the picture shows of a drawing, in shares of its sides."""
    half = one.height * art.proportion(scene.things[one.index].name, one.form) / aspect / 2
    sides = (one.x - half, one.y - one.height, one.x + half, one.y)
    left, top, right, bottom = (min(1.0, max(0.0, side)) for side in sides)
    return left, top, right, bottom


def _at(one: Placed, place: Place, others: Sequence[Placed], scene: Scene, aspect: float, shore: str | None) -> Placed:
    """A drawing at another place."""
    x, y = place
    proportion = art.proportion(scene.things[one.index].name, one.form) / aspect
    if one.y > 1:  # head and shoulders, whose rest is below the frame
        half = one.height * proportion / 2
        return replace(one, x=_between(x, half, 1 - half))
    y = min(y, LOWEST)
    carried, depth = one.carried, one.depth
    if carried not in ("sky", "swims"):
        carried, depth = _carrier(one, x, y, others, scene, aspect, shore)
    scale = 1.0
    if carried != "thing" and one.carried not in ("sky", "swims"):
        kind = scene.kind
        scale = nearness(depth, "ground", kind) / nearness(one.depth, "ground", kind)
    height = min(one.height * scale, TALLEST, WIDEST / proportion)
    half = height * proportion / 2
    return replace(
        one, x=_between(x, half, 1 - half), y=_between(y, height, LOWEST), height=height, depth=depth, carried=carried
    )


def _carrier(
    one: Placed, x: float, y: float, others: Sequence[Placed], scene: Scene, aspect: float, shore: str | None
) -> tuple[str, float]:
    """(what carries a drawing there that does not fly, how deep in the picture it is)."""
    horizon = HORIZON[scene.place]
    if one.carried == "thing" or y < horizon:
        for other in sorted(others, key=lambda each: -each.depth):
            left, top, right, bottom = box_of(other, scene, aspect)
            if other.index != one.index and left < x < right and top < y < bottom:
                return "thing", min(1.0, other.depth + 0.01)
    if y < horizon:
        return "sky", 0.0
    depth = _between(one.depth + (y - one.y) / (FRONT - horizon), 0.0, 1.0)
    if scene.place == "sea":
        ashore = shore is not None and y > float(shore_edge(101, 1, shore)[int(_between(x, 0, 1) * 100)])
        return "ground" if ashore else "water", depth
    if scene.place == "beach":
        return "ground" if y > SAND else "water", depth
    return "ground", depth


def _carry_along(
    found: dict[tuple[int, int], Placed], scene: Scene, before: Placed, after: Placed, but: set[tuple[int, int]]
) -> None:
    """Moves what stands on a drawing that was moved, unless it was moved by itself."""
    scale = after.height / before.height
    for key, one in list(found.items()):
        thing = scene.things[one.index]
        if thing.relation != "on" or thing.to != before.index or key in but:
            continue
        if one.number % scene.things[before.index].count != before.number:
            continue
        new = replace(
            one,
            x=after.x + (one.x - before.x) * scale,
            y=after.y + (one.y - before.y) * scale,
            height=one.height * scale,
            depth=min(1.0, after.depth + 0.01),
        )
        found[key] = new
        _carry_along(found, scene, one, new, but)


def _between(value: float, low: float, high: float) -> float:
    """The value within its bounds; half-way where there is no room between them."""
    return min(max(value, low), high) if low <= high else (low + high) / 2
