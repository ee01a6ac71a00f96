"""Contours and line drawings of a gallery's pictures, made ahead of training with what is on this machine."""

from dataclasses import dataclass

from PIL import Image

from styleshot_demo.models import hub
from styleshot_demo.runners.maps import Maps
from styleshot_demo.runners.weights import DETECTOR
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.settings import Settings

KINDS = ("contour", "lineart")
HED, PLAIN, LINEART = "hed", "edges", "lineart"  # detectors; `PLAIN` is `styleshot.edges`, which needs no weights


@dataclass(frozen=True)
class DetectorChoice:
    """Which detector draws which kind ("contour", "lineart"), and which kinds cannot be drawn here."""

    detectors: dict[str, str]
    missing: tuple[str, ...] = ()


def plan(settings: Settings, kinds: tuple[str, ...] | None, contour: str = "auto") -> DetectorChoice:
    """What can be drawn.

    kinds    what is wanted; None: whatever can be had
    contour  "hed" (the published detector), "edges" (needs no weights), or "auto": HED where its weights are

    Raises `Problem` weights_missing where something is wanted by name whose weights are not on this machine.
    """
    detectors, missing = {}, []
    for kind in kinds if kinds is not None else KINDS:
        if kind == "contour" and contour == PLAIN:
            detectors[kind] = PLAIN
        elif hub.find(DETECTOR[kind], settings).here:
            detectors[kind] = HED if kind == "contour" else LINEART
        elif kind == "contour" and contour == "auto":
            detectors[kind] = PLAIN
        elif kinds is None and kind != "contour":
            missing.append(kind)
        else:
            hub.require(DETECTOR[kind], settings)
    return DetectorChoice(detectors, tuple(missing))


class ConditionRenderer:
    """Draws what a plan says; networks are loaded once."""

    def __init__(self, plan: DetectorChoice, settings: Settings, device: str = "cpu") -> None:
        self._plan = plan
        self._device = device
        self._maps = Maps(settings, ModelCache.from_settings(settings))

    def draw(self, picture: Image.Image, kind: str) -> Image.Image:
        """White lines on black, L, in the size of `picture` (RGB); contours at the published threshold."""
        detector = self._plan.detectors[kind]
        if detector == PLAIN:
            from styleshot_demo.small.edges import edges

            return edges(picture)
        from styleshot_demo.styleshot.content import THRESHOLD

        return self._maps.draw(picture, kind, THRESHOLD, self._device).convert("L")
