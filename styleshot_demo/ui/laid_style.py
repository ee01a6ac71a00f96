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
    lying  of each picture that lies there; empty where nobody knows
    own    the style's, of each picture that jobs get of it; empty where it is not in the library now
    """

    key: str
    lying: dict[str, float]
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
            lying = {pictures.digest(jobs.open_named(path)): weight for path, weight in styles}
        except Problem:  # such as a file that is gone
            return cls(key, {}, {})
        if len(lying) == 1:  # its slider says nothing
            lying = {digest: own[digest] for digest in lying if digest in own}
        return cls(key, lying, own)

    def anew(self, entry: StyleEntry) -> list[tuple[Image.Image, float]]:
        """(picture, weight) of the style as it is now: those that a person has weighed otherwise since keep that
        weight, and those that were taken out of their boxes are not put back."""
        weights = _own(entry)
        own, found = self.own or weights, {}
        for image, _ in entry.used():
            digest = pictures.digest(image)
            lies, before = self.lying.get(digest), own.get(digest)
            if lies is not None and (before is None or abs(lies - before) >= WEIGHT_STEP / 2):
                weights[digest] = lies
            if lies is not None or before is None or not self.lying:
                found[digest] = image
        found = found or {pictures.digest(image): image for image, _ in entry.used()}
        return [(image, weights[digest]) for digest, image in found.items()]


def _own(entry: StyleEntry) -> dict[str, float]:
    used = entry.used()
    weights = as_set([weight for _, weight in used])
    return {pictures.digest(image): weight for (image, _), weight in zip(used, weights, strict=True)}
