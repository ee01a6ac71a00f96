"""Drawings that the composer does not draw from, in files that are not part of the program: it is judged by them."""

import json
import re
import unicodedata
from pathlib import Path

from PIL import Image, ImageOps

from styleshot_demo.compose.art import rendered
from styleshot_demo.errors import Problem

SVG = "http://www.w3.org/2000/svg"


class DrawingSet:
    """The drawings of an Iconify icon set (`icons.json` of the packages @iconify-json/...), by English emoji names."""

    def __init__(self, path: Path) -> None:
        """`path`: of the JSON file; a `Problem` drawings_unusable if it holds no icon set."""
        try:
            self._set = json.loads(path.read_text(encoding="utf-8"))
            self._icons, self._aliases = self._set["icons"], self._set.get("aliases", {})
            self.title = str(self._set["prefix"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Problem("drawings_unusable") from error

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._icons or _key(name) in self._aliases

    def draw(self, name: str, height: int) -> Image.Image:
        """RGBA, its square `height` pixels tall before it is cut to what is drawn."""
        key, mirrored = _key(name), False
        while key not in self._icons:
            alias = self._aliases[key]
            key, mirrored = alias["parent"], mirrored != alias.get("hFlip", False)
        icon = {"left": 0, "top": 0, "width": 16, "height": 16, **_numbers(self._set), **self._icons[key]}
        box = " ".join(str(icon[side]) for side in ("left", "top", "width", "height"))
        drawn = rendered(f'<svg xmlns="{SVG}" viewBox="{box}">{icon["body"]}</svg>', height)
        drawn = drawn.crop(drawn.getbbox())
        return ImageOps.mirror(drawn) if mirrored else drawn


def _key(name: str) -> str:
    """An emoji's name as Iconify writes it: `crêpe: man’s` becomes `crepe-mans`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace("'", "")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _numbers(values: dict) -> dict:
    """What a set says once for all of its icons."""
    return {side: values[side] for side in ("left", "top", "width", "height") if side in values}
