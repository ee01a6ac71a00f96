"""A style of the library that lies in the boxes of a tab while its pictures become others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from styleshot_demo import jobs, pictures
from styleshot_demo.errors import Problem
from styleshot_demo.library import Library, StyleEntry, beside
from styleshot_demo.ui.controls import WEIGHT_STEP, as_set


@dataclass(frozen=True)
class LaidStyle:
    """What lies in the boxes of one style, and nothing beside it. Weights are those of sliders, by digest of a picture.

    key    of the style
    lying  of each picture that lies there, None for a lone one, whose slider says nothing; empty where nobody knows
    own    the style's, of each picture that jobs get of it; empty where it is not in the library now
    """

    key: str
    lying: dict[str, float | None]
    own: dict[str, float]

    @classmethod
    def found(cls, library: Library, styles: Sequence[tuple[str, float]]) -> "LaidStyle | None":
        """What (path, weight) pairs of a tab are; None where they are not of one style of the library alone."""
        keys = {beside.style_of(Path(path)) for path, _ in styles}
        key = keys.pop() if len(keys) == 1 else None
        if key is None:
            return None
        entry = next((entry for entry in library.styles() if entry.key == key), None)
        try:
            own = _own(entry) if entry else {}
            lying: dict[str, float | None] = {
                pictures.digest(jobs.open_named(path)): weight if len(styles) > 1 else None for path, weight in styles
            }
        except Problem:  # such as a file that is gone
            return cls(key, {}, {})
        return cls(key, lying, own)

    def anew(self, entry: StyleEntry) -> list[tuple[Image.Image, float]]:
        """(picture, weight) of the style as it is now: those that a person has weighed otherwise since keep that
        weight, and those that were taken out of their boxes are not put back."""
        used = [(pictures.digest(image), image, weight) for image, weight in entry.used()]
        scaled = as_set([weight for *_, weight in used])
        own, found = self.own or _own(entry), []
        for (digest, image, _), weight in zip(used, scaled, strict=True):
            lies, before = self.lying.get(digest), own.get(digest)
            if self.lying and digest not in self.lying and before is not None:
                continue
            moved = lies is not None and (before is None or abs(lies - before) >= WEIGHT_STEP / 2)
            found.append((image, lies if moved and lies is not None else weight))
        return found or [(image, weight) for (_, image, _), weight in zip(used, scaled, strict=True)]


def _own(entry: StyleEntry) -> dict[str, float]:
    used = entry.used()
    weights = as_set([weight for _, weight in used])
    return {pictures.digest(image): weight for (image, _), weight in zip(used, weights, strict=True)}
