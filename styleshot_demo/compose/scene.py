"""What a picture shows, as data: frozen, checked when made, and ready for JSON both ways."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from styleshot_demo.compose.art import by_name
from styleshot_demo.compose.colours import NAMED
from styleshot_demo.compose.skin_tones import TONES
from styleshot_demo.errors import Problem

KINDS = ("landscape", "still life", "portrait", "pattern", "single")
PLACES = (
    "meadow",
    "mountains",
    "forest",
    "desert",
    "beach",
    "sea",
    "under water",
    "street",
    "room",
    "table",
    "sky",
    "space",
    "snow",
    "plain",
    "white",
)
FAR = ("mountains",)  # what may lie behind another place
OPEN = ("meadow", "beach", "sea", "snow")  # places with such a view
TIMES = ("day", "sunset", "night")
WEATHERS = ("clear", "fog", "rain", "snow", "autumn")
SIZES = ("small", "normal", "large")
# "with": held or worn by a person; "in": what holds it, as a vase does flowers.
RELATIONS = ("on", "under", "beside", "behind", "in front of", "above", "around", "with", "in")
MOST = 24  # of one thing
# Pixels that a picture which wraps around goes on beyond its borders while it is painted: more than the 72 that the
# network sees around a place, a multiple of the 16 of which all cells are made that anything is measured in.
MARGIN = 80
MOST_THINGS = 12
Place = tuple[float, float]


@dataclass(frozen=True)
class Thing:
    """Something to draw.

    name      of a drawing (`art.by_name`)
    count     1 to `MOST`
    colour    of `colours.NAMED`, or None: its own
    skin      of people, of `skin_tones.TONES`; None: by the seed
    clothes   of people, of `colours.NAMED`; None: their own
    size      of `SIZES`, among things of its kind
    relation  of `RELATIONS` to the thing with the index `to`, or None; "above" without such a thing: high up, above the
              place
    at        of each copy that a person has moved (x, y) of its foot, in shares of the picture's sides, 0 to 1; None
              for a copy, or for all of them: where it fits
    said      the words that it was asked for with
    """

    name: str
    count: int = 1
    colour: str | None = None
    size: str = "normal"
    relation: str | None = None
    to: int | None = None
    at: tuple[Place | None, ...] | None = None
    said: str = ""
    skin: str | None = None
    clothes: str | None = None

    def __post_init__(self) -> None:
        _one_of("thing", self.name, by_name())
        _one_of("size", self.size, SIZES)
        if self.colour is not None:
            _one_of("colour", self.colour, NAMED)
        if self.skin is not None:
            _one_of("skin", self.skin, TONES)
        if self.clothes is not None:
            _one_of("clothes", self.clothes, NAMED)
        if self.relation is not None:
            _one_of("relation", self.relation, RELATIONS)
        if type(self.count) is not int or not 1 <= self.count <= MOST:
            raise Problem("scene_unusable", part="count")
        if (self.relation is None) != (self.to is None) and not self.is_aloft:
            raise Problem("scene_unusable", part="relation")
        if self.at is not None:
            try:
                at: tuple[Any, ...] = tuple(None if one is None else tuple(one) for one in self.at)
            except TypeError:
                raise Problem("scene_unusable", part="at") from None
            if len(at) > self.count or not all(one is None or _is_place(one) for one in at):
                raise Problem("scene_unusable", part="at")
            object.__setattr__(self, "at", _trimmed(at) or None)

    @property
    def is_aloft(self) -> bool:
        """Whether it is above the place, not above another thing."""
        return self.relation == "above" and self.to is None


@dataclass(frozen=True)
class Unknown:
    """Words that were not understood, and the names of drawings that come near."""

    said: str
    nearest: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "nearest", tuple(self.nearest))


@dataclass(frozen=True)
class Scene:
    """What a picture shows.

    kind, place, time, weather  of `KINDS`, `PLACES`, `TIMES` and `WEATHERS`
    far                         of `FAR`: what lies behind a place of `OPEN`, or None
    things                      at most `MOST_THINGS`, the one that matters most first
    asked                       which of kind, place, time, weather and far a person has named; the others were inferred
    unknown                     what was not understood
    """

    things: tuple[Thing, ...] = ()
    kind: str = "landscape"
    place: str = "meadow"
    time: str = "day"
    weather: str = "clear"
    far: str | None = None
    asked: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = field(default=())

    def __post_init__(self) -> None:
        for name in ("things", "asked", "unknown"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name, choices in (("kind", KINDS), ("place", PLACES), ("time", TIMES), ("weather", WEATHERS)):
            _one_of(name, getattr(self, name), choices)
        if self.far is not None:
            _one_of("far", self.far, FAR)
        if len(self.things) > MOST_THINGS:
            raise Problem("scene_unusable", part="things")
        for index, thing in enumerate(self.things):
            if thing.to is not None and (thing.to == index or not 0 <= thing.to < len(self.things)):
                raise Problem("scene_unusable", part="to")

    @property
    def wraps(self) -> bool:
        """Whether the borders of its picture fit together."""
        return self.kind == "pattern"

    @property
    def margin(self) -> int:
        """Pixels on each side that are painted along with it, and cut off again."""
        return MARGIN if self.wraps else 0

    def tiled(self) -> "Scene":
        """The same things as a pattern that wraps around, whatever kind of picture was asked for.

        A place that a person has named gives the ground its colours, darker ones at night; one that was inferred is
        left out. Counts, relations and weather mean nothing to a pattern.
        """
        kept = {name: getattr(self, name) for name in ("place", "time") if name in self.asked}
        asked = [name for name in self.asked if name != "kind" or self.kind == "pattern"]
        things = [replace(one, at=None) for one in self.things]
        new = {"kind": "pattern", "place": "plain", "time": "day", "asked": asked, "things": things}
        return replace(self, **new | kept)

    @property
    def places(self) -> dict[str, list[Place | None]]:
        """Where a person has moved things: the name of a drawing -> the foot of each of its copies, those of the first
        thing of that name first."""
        found: dict[str, list[Place | None]] = {}
        for thing in self.things:
            at = thing.at or ()
            found.setdefault(thing.name, []).extend([*at, *[None] * (thing.count - len(at))])
        return {name: list(_trimmed(places)) for name, places in found.items() if any(places)}

    def moved(self, places: Mapping[str, Sequence[Place | None]]) -> "Scene":
        """The scene with things at `places`, and all others where they fit; a pattern has no places."""
        left = {name: list(each) for name, each in places.items()}
        things = []
        for thing in self.things:
            own = left.get(thing.name, [])
            at, left[thing.name] = own[: thing.count], own[thing.count :]
            things.append(replace(thing, at=None if self.wraps else at))
        return replace(self, things=tuple(things))

    def as_json(self) -> dict[str, Any]:
        """Plain lists and dicts, from which `from_json` makes the same scene."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Scene":
        """A scene from what `as_json` gave, or from anybody's JSON; `Problem` scene_unusable where it is no scene."""
        try:
            things = tuple(Thing(**one) for one in data.get("things", ()))
            unknown = tuple(Unknown(**one) for one in data.get("unknown", ()))
            return cls(**{**data, "things": things, "unknown": unknown})
        except (TypeError, AttributeError, ValueError):
            raise Problem("scene_unusable", part="scene") from None


def _trimmed(places: Sequence[Place | None]) -> tuple[Place | None, ...]:
    """Without what says nothing at the end."""
    last = max((number for number, place in enumerate(places) if place is not None), default=-1)
    return tuple(places[: last + 1])


def _is_place(one: Any) -> bool:
    return len(one) == 2 and all(type(part) in (int, float) and 0 <= part <= 1 for part in one)


def _one_of(part: str, value: Any, choices: Any) -> None:
    if not isinstance(value, str) or value not in choices:
        raise Problem("scene_unusable", part=part)
