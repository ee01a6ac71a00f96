"""Where things are at home, how large they really are, and what carries them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from styleshot_demo.compose.art import Art

_TABLES = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
# Subgroup or name -> the place that is drawn around it where none was asked for.
HOME: dict[str, str] = _TABLES["home"]
# Name or subgroup -> metres from foot to top. What stands in neither is as large as a hand is long.
METRES: dict[str, float] = _TABLES["metres"]
USUAL = 0.2
OUTDOOR_FIRST = ("under water", "space", "sea", "snow", "desert", "street", "beach", "forest", "mountains", "meadow")

SKY = {"sky-weather", "transport-air"}
FLYING = {"bird", "eagle", "dove", "black bird", "bat", "butterfly", "honeybee", "mosquito", "fly", "phoenix", "kite",
          "balloon", "dragon", "superhero", "man superhero", "woman superhero", "fairy", "man fairy", "woman fairy",
          "ghost", "fireworks", "leaf fluttering in wind", "snowflake", "parachute", "baby angel", "red heart",
          "flying disc", "sparkles"}  # fmt: skip
GROUNDED = {"snowman", "snowman without snow", "umbrella", "umbrella on ground", "umbrella with rain drops",
            "closed umbrella", "fire", "water wave", "thermometer", "seat", "parrot"}  # fmt: skip
WATER = {"transport-water", "animal-marine"}
WATER_TOO = {"swan", "duck", "person swimming", "man swimming", "woman swimming", "person surfing", "man surfing",
             "woman surfing", "person rowing boat", "man rowing boat", "woman rowing boat", "person playing water polo",
             "mermaid", "merman", "merperson", "water wave", "desert island", "ring buoy", "lotus",
             "stone bridge"}  # fmt: skip
# What comes out of the water for a moment, or floats on it: the rest of the sea's animals are half under it.
AFLOAT = {"dolphin", "orca", "whale", "spouting whale"}
ASHORE = {"crab", "lobster", "seal", "turtle", "spiral shell", "anchor", "coral"}


def place_of(arts: Sequence[Art], facts: Mapping[str, str]) -> str:
    """The place for things that were asked for without one; the first of them has the most to say."""
    homes = [HOME.get(art.name) or HOME.get(art.subgroup) for art in arts]
    homes = [one for one in homes if one]
    standing = [art for art in arts if carried_by(art, "meadow") != "sky"]
    if standing and "sky" in homes:  # a balloon over a cake does not lift the cake
        homes = [one for one in homes if one != "sky"]
    if not homes:  # animals, people, flowers, houses: they are at home wherever the others are
        homes = ["meadow" if metres(art) > 0.25 else "table" for art in standing or arts]
    elif "table" in homes and any(metres(art) > 0.5 and art.group != "food-drink" for art in standing):
        homes = [one for one in homes if one != "table"] or ["meadow"]  # nobody sits among the cups
    if not homes:
        return {"snow": "snow", "autumn": "forest"}.get(facts.get("weather", ""), "meadow")
    if any(art.subgroup == "plant-other" and metres(art) > 2.5 for art in standing):
        homes = [one for one in homes if one not in ("room", "table", "plain")] or ["meadow"]  # no tree stands indoors
    outdoors = [one for one in homes if one in OUTDOOR_FIRST]
    food = [art for art in arts if art.group == "food-drink"]
    if "table" in homes and 2 * len(food) > len(arts) and all(metres(art) < 0.5 for art in arts):
        return "table"  # with the basket that it lies in
    small = all(one in ("table", "plain", "room") for one in homes)
    if small or (not outdoors and "sky" not in homes):
        return "room" if "room" in homes else homes[0]
    if not outdoors:
        return "sky"
    # A boat brings the sea with it, a bird or a house no place of its own.
    chosen = min(outdoors, key=OUTDOOR_FIRST.index)
    if chosen == "under water" and any(art.subgroup == "transport-water" and art.name not in ASHORE for art in arts):
        return "sea"  # nothing sails on the ground of the sea
    if chosen == "under water" and any(art.is_person and art.name not in WATER_TOO for art in arts):
        return "sea"  # nor does anybody stand there
    if chosen == "forest" and any(art.subgroup == "sky-weather" for art in arts):
        return "meadow"  # between trees no moon is seen
    if facts.get("weather") == "snow" and chosen == "meadow":
        return "snow"
    return chosen


def metres(art: Art) -> float:
    """How tall it is, about."""
    return METRES.get(art.name) or METRES.get(art.subgroup) or USUAL


def carried_by(art: Art, place: str) -> str:
    """What a thing is on at a place: "ground", "water" or "sky"; "swims" where it is all around."""
    if place == "space":
        return "swims"
    if place == "under water":
        afloat = (art.subgroup == "animal-marine" and art.name not in ASHORE) or art.name in WATER_TOO
        return "swims" if afloat or art.name in FLYING else "ground"
    if art.name in FLYING or (art.subgroup in SKY and art.name not in GROUNDED):
        return "sky"
    if place == "sky":
        return "sky"
    if place in ("sea", "beach") and (art.name in WATER_TOO or (art.subgroup in WATER and art.name not in ASHORE)):
        return "water"
    return "ground"
