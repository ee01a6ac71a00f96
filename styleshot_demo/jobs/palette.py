"""Colours as a person writes them, such as "#1d3557 #e63946"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from styleshot_demo.errors import Problem
from styleshot_demo.jobs import checks
from styleshot_demo.jobs.schema import Text

MAX_COLOURS = 8
_COLOUR = re.compile("#?([0-9a-f]{6})")


@dataclass(frozen=True)
class Palette(Text):
    """Up to eight colours in hexadecimal, with # or without, between spaces or commas; kept as "#1d3557 #e63946"."""

    def checked(self, name: str, value: Any) -> str:
        found: list[str] = []
        for word in re.split(r"[\s,;，；、]+", checks.text(name, value).lower()):
            match = _COLOUR.fullmatch(word)
            if match:
                found.append(f"#{match[1]}")
            elif word:
                raise Problem("not_a_colour", name=name, value=word[:40])
        if len(found) > MAX_COLOURS:
            raise Problem("too_many_colours", name=name, count=len(found), limit=MAX_COLOURS)
        return " ".join(found)


# The field of every job whose result can be held to one.
PaletteText = Annotated[
    str,
    Palette('Colours that the result is held to, one to eight, such as "#1d3557 #e63946 #f1faee"; empty: any'),
]


def without_no_palette(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A job's settings, without the palette where it holds the result to nothing: records say then what they always
    did."""
    return {name: value for name, value in settings.items() if name != "palette" or value}


def palette_rgb(palette: str) -> list[tuple[int, int, int]]:
    """The colours of a palette as a job keeps it, sRGB, 0 to 255 each."""
    return [(red, green, blue) for red, green, blue in (bytes.fromhex(one[1:]) for one in palette.split())]
