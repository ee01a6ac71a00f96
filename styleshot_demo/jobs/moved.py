"""Where a person has moved the things of a composed picture, as a setting: a text that records and pages can keep."""

import json
from collections.abc import Mapping
from typing import Any

from styleshot_demo.errors import Problem

Place = tuple[float, float]
MOST_NAMES, MOST_COPIES = 12, 288  # of things in a scene, and of copies of things
DIGITS = 3  # a thousandth of a side is less than anybody sees


def places(value: Any) -> dict[str, list[Place | None]]:
    """The name of a drawing -> (x, y) of the foot of each of its copies, in shares of the picture, 0 to 1; None for
    those that nobody has moved. `Problem` moved_unusable where it says nothing of that kind.

    value  what `as_text` gave, or a mapping of names to places; a single (x, y) is that of the first copy
    """
    try:
        given = json.loads(value) if isinstance(value, str) and value else value or {}
        if not isinstance(given, Mapping) or len(given) > MOST_NAMES:
            raise ValueError
        found = {_name(name): _each(each) for name, each in given.items()}
    except (ValueError, TypeError, RecursionError):
        raise Problem("moved_unusable") from None
    return {name: each for name, each in found.items() if any(each)}


def as_text(given: Mapping[str, Any]) -> str:
    """The same as one line of JSON; empty where nothing was moved."""
    kept = places(given)
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True) if kept else ""


def check(name: str, value: Any) -> str:
    """As fields of jobs are checked: anything that `places` reads, as text."""
    return as_text(places(value))


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 80:
        raise ValueError
    return value


def _each(value: Any) -> list[Place | None]:
    several = list(value)
    if len(several) == 2 and all(_is_number(part) for part in several):
        several = [several]
    if len(several) > MOST_COPIES:
        raise ValueError
    found = [None if one is None else _place(*one) for one in several]
    while found and found[-1] is None:
        found.pop()
    return found


def _place(x: Any, y: Any) -> Place:
    if not all(_is_number(part) and 0 <= part <= 1 for part in (x, y)):
        raise ValueError
    return round(float(x), DIGITS), round(float(y), DIGITS)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
