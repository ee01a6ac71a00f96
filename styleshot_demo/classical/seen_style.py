"""What painting takes from a style picture is little, and the same for every photo: computed once, it can be kept."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from torch import Tensor

from styleshot_demo.classical.colour import to_oklab
from styleshot_demo.classical.grain import Flat, brushed, random_phase
from styleshot_demo.classical.regions import Regions
from styleshot_demo.classical.statistics import Moments, moments, moments_at_a_glance
from styleshot_demo.classical.tones import tones_of
from styleshot_demo.weighting import weighted_sum

T = TypeVar("T")


class Memo:
    """What was computed of one picture, by the name of what it is; this one forgets when nobody holds it any more."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}

    def recall(self, what: Hashable) -> Any:
        """What is remembered under that name, or None."""
        return self._known.get(what)

    def remember(self, what: Hashable, value: Any) -> None:
        """Whoever recalls `value` must not change it."""
        self._known[what] = value

    def once(self, what: Hashable, compute: Callable[..., T], *given: Any) -> T:
        """What is remembered under that name; else what `compute` makes of `given`, remembered from now on."""
        found = self.recall(what)
        if found is None:
            found = compute(*given)
            self.remember(what, found)
        return found


@dataclass(frozen=True)
class SeenStyle:
    """A style picture, and what painting takes from it: each computed when it is first asked for, and once.

    read    gives its pixels, [1, 3, H, W], RGB in [0, 1]; not called while all that is asked for is remembered
    memo    where it is remembered: its entries are those of this picture at this size, read by the same network
    digest  by which the picture is known, whatever its size; empty: by nothing
    """

    read: Callable[[], Tensor]
    memo: Memo = field(default_factory=Memo)
    digest: str = ""

    @classmethod
    def of(cls, style: "Tensor | SeenStyle") -> "SeenStyle":
        """That of a picture [1, 3, H, W]; what is one already stays it."""
        return style if isinstance(style, SeenStyle) else cls(lambda: style)

    @cached_property
    def pixels(self) -> Tensor:
        """[1, 3, H, W]"""
        return self.read()

    def features(self, look_at: Callable[[Tensor], Mapping[str, Moments]]) -> Mapping[str, Moments]:
        """Moments of feature maps, by layer, as `look_at` finds them in the pixels."""
        return self.memo.once("features", lambda: look_at(self.pixels))

    def colours(self) -> Moments:
        """Of the RGB values."""
        return self.memo.once("colours", lambda: moments_at_a_glance(self.pixels))

    def shades(self) -> Moments:
        """Of the colours in Oklab, exact."""
        return self.memo.once("shades", lambda: moments(to_oklab(self.pixels)))

    def regions(self) -> Regions:
        """Of its colours."""
        return self.memo.once("regions", lambda: Regions.of(self.pixels))

    def tones(self) -> Tensor:
        """As `tones_of`."""
        return self.memo.once("tones", lambda: tones_of(self.pixels))

    def strokes(self, seed: int, size: tuple[int, int] | None = None) -> Tensor:
        """As `random_phase`."""
        return self.memo.once(("strokes", seed, size), lambda: random_phase(self.pixels, seed, size))


WeightedStyles = Sequence[tuple[Tensor | SeenStyle, float]]  # weights that sum to 1


def seen_styles(styles: WeightedStyles) -> list[tuple[SeenStyle, float]]:
    """Each style, read at most once, with its weight."""
    return [(SeenStyle.of(style), weight) for style, weight in styles]


def grained(
    content: Tensor,
    flat: Flat,
    styles: Sequence[tuple[SeenStyle, float]],
    grain: float,
    seed: int,
    period: tuple[int, int] | None = None,
) -> Tensor:
    """The content [1, 3, H, W] with brushwork of the styles, by their weights, where it is flat.

    period  rows and columns after which the content repeats, where it does: its brushwork then repeats with it
    """
    if flat.deviation(grain) == 0:
        return content
    return brushed(content, flat, [(style.strokes(seed, period), weight) for style, weight in styles], grain)


def wanted_tones(flat: Flat | None, styles: Sequence[tuple[SeenStyle, float]]) -> Tensor | None:
    """What `flattened` leads the tones of a drawing to; None of a photograph."""
    if flat is None or not flat.drawn:
        return None
    return weighted_sum((style.tones(), weight) for style, weight in styles)
