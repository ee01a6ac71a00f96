"""A scene with what nobody said: a place where such things are, a kind of picture that fits them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from styleshot_demo.compose.art import by_name
from styleshot_demo.compose.nearest import nearest
from styleshot_demo.compose.places import place_of
from styleshot_demo.compose.scene import Scene, Thing, Unknown

NIGHTLY = {"full moon", "crescent moon", "star", "shooting star", "fireworks", "glowing star", "milky way"}


def completed(things: Sequence[Thing], facts: Mapping[str, str], unknown: Sequence[str]) -> Scene:
    """The scene of these things, and of the facts that were asked for; `unknown` gets what comes near."""
    place = facts.get("place") or place_of([by_name()[one.name] for one in things], facts)
    usual = {"plain": "single", "white": "single", "table": "still life"}.get(place, "landscape")
    kind = facts.get("kind", usual)
    if "place" not in facts and kind in ("still life", "portrait", "pattern", "single"):
        place = {"still life": "table"}.get(kind, "plain")
    if place == "beach":  # what stands there for the sun
        shade = {"umbrella": "umbrella on ground"}
        things = [one if one.relation == "with" else replace(one, name=shade.get(one.name, one.name)) for one in things]
    weather = facts.get("weather", "clear")
    nightly = any(one.name in NIGHTLY for one in things) and place not in ("room", "table", "plain", "white", "space")
    return Scene(
        things=tuple(things),
        kind=kind,
        place=place,
        time=facts.get("time", "night" if nightly else "day"),
        weather=weather,
        far=facts.get("far"),
        asked=tuple(name for name in ("kind", "place", "time", "weather", "far") if name in facts),
        unknown=tuple(Unknown(said, nearest(said)) for said in unknown),
    )
