"""What painting takes from a style picture is little, and the same for every photo: computed once, it can be kept."""

from collections.abc import Callable, Generator, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor

from styleshot_demo.classical.colour import to_oklab
from styleshot_demo.classical.colour_clusters import ColourClusters
from styleshot_demo.classical.grain import FlatMasks, FlatnessMap, add_textures, random_phase, texture_deviation
from styleshot_demo.classical.statistics import Moments, mean_moments, moments, subsampled_moments
from styleshot_demo.classical.tones import tone_quantiles
from styleshot_demo.generators import finished
from styleshot_demo.weighting import weighted_sum

T = TypeVar("T")
Extract = Callable[[Tensor], Mapping[str, Moments]]  # pixels [1, 3, H, W] -> moments by layer


class StyleCache:
    """What was computed of one picture, by the name of what it is; this one forgets when nobody holds it any more."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}

    def get(self, what: Hashable) -> Any:
        """What is cached under that name, or None."""
        return self._known.get(what)

    def put(self, what: Hashable, value: Any) -> None:
        """Whoever gets `value` must not change it."""
        self._known[what] = value

    def get_or_compute(self, what: Hashable, compute: Callable[..., T], *given: Any) -> T:
        """What is cached under that name; else what `compute` makes of `given`, cached from now on."""
        found = self.get(what)
        if found is None:
            found = compute(*given)
            self.put(what, found)
        return found


@dataclass(frozen=True)
class CachedStyle:
    """A style picture, and what painting takes from it: each computed when it is first asked for, and once.

    load    gives its pixels, [1, 3, H, W], RGB in [0, 1]; not called while all that is asked for is remembered
    cache   where it is remembered: its entries are those of this picture at this size, read by the same network
    digest  by which the picture is known, whatever its size; empty: by nothing
    members  gives the pictures that this one stands for, one after the other, with shares that sum to 1: moments and
            tones are then the means of theirs; clusters and strokes stay its own. None: it stands for itself
    count   how many these are
    """

    load: Callable[[], Tensor]
    cache: StyleCache = field(default_factory=StyleCache)
    digest: str = ""
    members: Callable[[], Iterable[tuple[Tensor, float]]] | None = None
    count: int = 1

    @classmethod
    def of(cls, style: "Tensor | CachedStyle") -> "CachedStyle":
        """That of a picture [1, 3, H, W]; what is one already stays it."""
        return style if isinstance(style, CachedStyle) else cls(lambda: style)

    @cached_property
    def pixels(self) -> Tensor:
        """[1, 3, H, W]"""
        return self.load()

    def feature_moments(self, extract: Extract) -> Mapping[str, Moments]:
        """Moments of feature maps, by layer, as `extract` finds them in the pixels."""
        return self._computed("features", extract)

    def colour_moments(self) -> Moments:
        """Of the RGB values."""
        return self._computed("colours")

    def oklab_moments(self) -> Moments:
        """Of the colours in Oklab, exact."""
        return self._computed("oklab")

    def colour_clusters(self) -> ColourClusters:
        """Of its colours."""
        return self.cache.get_or_compute("clusters", lambda: ColourClusters.from_pixels(self.pixels))

    def tone_quantiles(self) -> Tensor:
        """As the function `tone_quantiles`."""
        return self._computed("tones")

    def stroke_texture(self, seed: int, size: tuple[int, int] | None = None) -> Tensor:
        """As `random_phase`."""
        return self.cache.get_or_compute(("strokes", seed, size), lambda: random_phase(self.pixels, seed, size))

    def unread(self, wanted: Iterable[str]) -> list[str]:
        """What of `wanted` the pictures that this one stands for have to be read for; nothing where it stands for
        itself."""
        return [] if self.members is None else [what for what in wanted if self.cache.get(what) is None]

    def read_members(self, wanted: Iterable[str], extract: Extract | None = None) -> Generator[float, None, None]:
        """Reads all that this picture stands for, each once, for what is `wanted` of it later and `unread`; yields
        after each the share that is read. Of a reading that is closed before its end nothing is kept.

        wanted  "features" (which need `extract`, as `feature_moments`), "colours", "oklab", "tones"
        """
        if missing := self.unread(wanted):
            yield from self._means(missing, extract)

    @torch.inference_mode()
    def _means(self, wanted: Sequence[str], extract: Extract | None) -> Generator[float, None, dict[str, Any]]:
        """Returns the mean of each over all that this picture stands for."""
        assert self.members is not None
        found: dict[str, list[tuple[Any, float]]] = {what: [] for what in wanted}
        done = 0.0
        for pixels, share in self.members():
            for what, values in found.items():
                values.append((_compute(what, extract)(pixels), share))
            done += share
            yield min(done, 1.0)
        means = {what: _MEANS[what](values) for what, values in found.items()}
        for what, mean in means.items():
            self.cache.put(what, mean)
        return means

    def _computed(self, what: str, extract: Extract | None = None) -> Any:
        """What is cached; else computed of the pixels, or the mean of it over all that this picture stands for, which
        takes as long as these are many: whoever can be stopped asks for `read_members` before."""
        found = self.cache.get(what)
        if found is None and self.members is not None:
            found = finished(self._means([what], extract))[what]
        elif found is None:
            found = _compute(what, extract)(self.pixels)
            self.cache.put(what, found)
        return found


def _oklab_moments(pixels: Tensor) -> Moments:
    return moments(to_oklab(pixels))


def _compute(what: str, extract: Extract | None) -> Callable[[Tensor], Any]:
    compute = extract if what == "features" else _COMPUTED[what]
    assert compute is not None  # of features somebody says how
    return compute


def _mean_of_layers(found: list[tuple[Mapping[str, Moments], float]]) -> Mapping[str, Moments]:
    first, _ = found[0]
    return {layer: mean_moments([(one[layer], share) for one, share in found]) for layer in first}


_COMPUTED: dict[str, Callable[[Tensor], Any]] = {
    "colours": subsampled_moments, "oklab": _oklab_moments, "tones": tone_quantiles,
}  # fmt: skip
_MEANS: dict[str, Callable[[list[tuple[Any, float]]], Any]] = {
    "features": _mean_of_layers, "colours": mean_moments, "oklab": mean_moments, "tones": weighted_sum,
}  # fmt: skip
WeightedStyles = Sequence[tuple[Tensor | CachedStyle, float]]  # weights that sum to 1


def cached_styles(styles: WeightedStyles) -> list[tuple[CachedStyle, float]]:
    """Each style, read at most once, with its weight."""
    return [(CachedStyle.of(style), weight) for style, weight in styles]


def add_style_textures(
    content: Tensor,
    flat: FlatMasks,
    styles: Sequence[tuple[CachedStyle, float]],
    grain: float,
    seed: int,
    period: tuple[int, int] | None = None,
) -> Tensor:
    """The content [1, 3, H, W] with brushwork of the styles, by their weights, where it is flat.

    period  rows and columns after which the content repeats, where it does: its brushwork then repeats with it
    """
    if texture_deviation(flat.drawing_score, grain) == 0:
        return content
    return add_textures(
        content, flat, [(style.stroke_texture(seed, period), weight) for style, weight in styles], grain
    )


def target_tones(flat: FlatMasks | FlatnessMap | None, styles: Sequence[tuple[CachedStyle, float]]) -> Tensor | None:
    """What `clean_flat_areas` leads the tones of a drawing to; None of a photograph."""
    if flat is None or not flat.drawing_score:
        return None
    return weighted_sum((style.tone_quantiles(), weight) for style, weight in styles)
