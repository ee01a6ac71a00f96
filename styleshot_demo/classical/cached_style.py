"""What painting takes from a style picture is little, and the same for every photo: computed once, it can be kept."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor

from styleshot_demo.classical.colour import to_oklab
from styleshot_demo.classical.colour_clusters import ColourClusters
from styleshot_demo.classical.grain import FlatMasks, add_textures, random_phase
from styleshot_demo.classical.statistics import Moments, mean_moments, moments, subsampled_moments
from styleshot_demo.classical.tones import tone_quantiles
from styleshot_demo.weighting import weighted_sum

T = TypeVar("T")


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
    """

    load: Callable[[], Tensor]
    cache: StyleCache = field(default_factory=StyleCache)
    digest: str = ""
    members: Callable[[], Iterable[tuple[Tensor, float]]] | None = None

    @classmethod
    def of(cls, style: "Tensor | CachedStyle") -> "CachedStyle":
        """That of a picture [1, 3, H, W]; what is one already stays it."""
        return style if isinstance(style, CachedStyle) else cls(lambda: style)

    @cached_property
    def pixels(self) -> Tensor:
        """[1, 3, H, W]"""
        return self.load()

    def feature_moments(self, extract: Callable[[Tensor], Mapping[str, Moments]]) -> Mapping[str, Moments]:
        """Moments of feature maps, by layer, as `extract` finds them in the pixels."""
        return self.cache.get_or_compute("features", lambda: self._mean(extract, _mean_of_layers))

    def colour_moments(self) -> Moments:
        """Of the RGB values."""
        return self.cache.get_or_compute("colours", lambda: self._mean(subsampled_moments, mean_moments))

    def oklab_moments(self) -> Moments:
        """Of the colours in Oklab, exact."""
        return self.cache.get_or_compute("oklab", lambda: self._mean(_oklab_moments, mean_moments))

    def colour_clusters(self) -> ColourClusters:
        """Of its colours."""
        return self.cache.get_or_compute("clusters", lambda: ColourClusters.from_pixels(self.pixels))

    def tone_quantiles(self) -> Tensor:
        """As the function `tone_quantiles`."""
        return self.cache.get_or_compute("tones", lambda: self._mean(tone_quantiles, weighted_sum))

    def stroke_texture(self, seed: int, size: tuple[int, int] | None = None) -> Tensor:
        """As `random_phase`."""
        return self.cache.get_or_compute(("strokes", seed, size), lambda: random_phase(self.pixels, seed, size))

    @torch.inference_mode()
    def read_members(self, extract: Callable[[Tensor], Mapping[str, Moments]]) -> Iterator[float]:
        """Reads all that this picture stands for, each once, for what `fast` asks of it later; yields after each the
        share that is read. Nothing is read where it stands for itself, or its `feature_moments` are known."""
        if self.members is None or self.cache.get("features") is not None:
            return
        features, colours, tones, done = [], [], [], 0.0
        for pixels, share in self.members():
            features.append((extract(pixels), share))
            colours.append((subsampled_moments(pixels), share))
            tones.append((tone_quantiles(pixels), share))
            done += share
            yield min(done, 1.0)
        self.cache.put("features", _mean_of_layers(features))
        self.cache.put("colours", mean_moments(colours))
        self.cache.put("tones", weighted_sum(tones))

    def _mean(self, compute: Callable[[Tensor], T], mean: Callable[[list[tuple[T, float]]], T]) -> T:
        """What is computed of the pixels, or the mean of it over all that this picture stands for."""
        if self.members is None:
            return compute(self.pixels)
        return mean([(compute(pixels), share) for pixels, share in self.members()])


def _oklab_moments(pixels: Tensor) -> Moments:
    return moments(to_oklab(pixels))


def _mean_of_layers(found: list[tuple[Mapping[str, Moments], float]]) -> Mapping[str, Moments]:
    first, _ = found[0]
    return {layer: mean_moments([(one[layer], share) for one, share in found]) for layer in first}


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
    if flat.deviation(grain) == 0:
        return content
    return add_textures(
        content, flat, [(style.stroke_texture(seed, period), weight) for style, weight in styles], grain
    )


def target_tones(flat: FlatMasks | None, styles: Sequence[tuple[CachedStyle, float]]) -> Tensor | None:
    """What `clean_flat_areas` leads the tones of a drawing to; None of a photograph."""
    if flat is None or not flat.drawing_score:
        return None
    return weighted_sum((style.tone_quantiles(), weight) for style, weight in styles)
