"""The drawings: every thing that the composer knows, as vector art at any size, in its own or in another colour."""

import io
import json
import re
import zipfile
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from PIL import Image

from styleshot_demo.compose import bodies, colours, skin_tones
from styleshot_demo.settings import ASSETS

FILE = ASSETS / "art" / "noto.zip"
OWN = ASSETS / "art" / "own"  # drawn for this program: what many ask for and no emoji shows
TILES = {"fireworks", "sparkler", "shooting star", "milky way"}  # drawn on a square of night, which has to go
_BACKGROUND = re.compile(r"<path[^>]*/>")


@dataclass(frozen=True)
class Art:
    """One drawing. `id`: its code points, or the name of our own; `words`, `words_zh`: what else it goes by."""

    id: str
    name: str
    zh: str
    group: str
    subgroup: str
    words: tuple[str, ...]
    words_zh: tuple[str, ...]

    @property
    def is_emoji(self) -> bool:
        return not self.id.startswith("own-")

    @property
    def is_person(self) -> bool:
        """Whether it shows people, or a part of one."""
        return self.group == "people-body"


@cache
def catalogue() -> dict[str, Art]:
    """Every drawing by its id: emoji in Unicode's order, then our own."""
    with zipfile.ZipFile(FILE) as archive:
        entries = json.loads(archive.read("index.json"))
    entries += json.loads((OWN / "index.json").read_text(encoding="utf-8"))
    return {entry["id"]: _art(entry) for entry in entries}


def _art(entry: dict[str, Any]) -> Art:
    """A drawing of its entry in the index, whose lists are tuples."""
    fields: dict[str, Any] = {name: tuple(part) if isinstance(part, list) else part for name, part in entry.items()}
    return Art(**fields)


@cache
def by_name() -> dict[str, Art]:
    """Every drawing by its English name."""
    return {one.name: one for one in catalogue().values()}


@lru_cache(256)
def svg(name: str, form: str = "whole", clothes: str | None = None) -> str:
    """The SVG of a drawing by its English name.

    form     "whole": animals and people that are a head or a bust get a body; "bust": people get shoulders
    clothes  of `colours.NAMED`: what people wear, instead of its own
    """
    one = by_name()[name]
    if one.is_emoji:
        with zipfile.ZipFile(FILE) as archive:
            text = archive.read(f"svg/{one.id}.svg").decode()
    else:
        text = (OWN / f"{one.id.removeprefix('own-')}.svg").read_text(encoding="utf-8")
    if name in TILES:
        text = _BACKGROUND.sub("", text, count=1)
    return bodies.completed(one, text, rendered, form, clothes)


@lru_cache(256)
def _main(name: str, form: str) -> np.ndarray:
    pixels = np.asarray(rendered(svg(name, form), 64)).reshape(-1, 4)
    return colours.main_colour(pixels[pixels[:, 3] > 200, :3] / 255)


@lru_cache(64)
def draw(
    name: str,
    height: int,
    colour: str | None = None,
    form: str = "whole",
    skin: str | None = None,
    clothes: str | None = None,
) -> Image.Image:
    """A drawing, RGBA, cut to what is drawn, `height` pixels tall.

    colour         of `colours.NAMED`: its main colour turned to it
    form, clothes  as for `svg`
    skin           of `skin_tones.TONES`, for people; None: Noto's yellow
    """
    text = svg(name, form, clothes)
    if skin is not None:
        text = skin_tones.toned(text, skin, name)
    if colour is not None:
        text = colours.recoloured(text, colour, _main(name, form))
    small = rendered(text, 128).getbbox() or (0, 0, 128, 128)
    share = (small[3] - small[1]) / rendered(text, 128).height
    picture = rendered(text, max(8, round(height / max(share, 0.05))))
    picture = picture.crop(picture.getbbox())
    return picture.resize((max(1, round(picture.width * height / picture.height)), height), Image.Resampling.LANCZOS)


@lru_cache(256)
def proportion(name: str, form: str = "whole") -> float:
    """Width over height of what is drawn."""
    box = rendered(svg(name, form), 128).getbbox()
    assert box is not None  # no drawing is empty
    left, top, right, bottom = box
    return (right - left) / (bottom - top)


def rendered(text: str, height: int) -> Image.Image:
    """An SVG at `height` pixels, RGBA."""
    import resvg_py

    data = resvg_py.svg_to_bytes(svg_string=text, height=height, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(data))).convert("RGBA")
