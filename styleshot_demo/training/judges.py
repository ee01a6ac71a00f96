"""Networks that compare a painted picture with its content and its style: for the losses, and for the figures."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from styleshot_demo.classical.losses import (
    covariance,
    gram_distance,
    perceptual_distance,
    random_projections,
    sliced_wasserstein,
)
from styleshot_demo.training.style_statistics import StyleStatistics, sliced_distance
from styleshot_demo.weighting import weighted_sum

Maps = Callable[[Tensor], dict[str, Tensor]]  # pixels -> feature maps by layer name


@dataclass(frozen=True)
class MixedPrecision:
    """Where networks compute, and in what: `autocast` None is float32."""

    place: torch.device
    autocast: torch.dtype | None

    def computing(self) -> AbstractContextManager[Any]:
        """The block in which networks run."""
        return torch.autocast(self.place.type, self.autocast, enabled=self.autocast is not None)

    def read(self, network: Callable[..., dict[str, Tensor]], *given: Any) -> dict[str, Tensor]:
        """Maps in float32: statistics and distances need the precision that the networks can do without."""
        with self.computing():
            return {name: maps.float() for name, maps in network(*given).items()}


@dataclass(frozen=True)
class Judge:
    """A network that compares pictures for the losses.

    maps            pixels -> feature maps by layer name
    style_layers    what each layer counts in the distances of styles
    content_layers  and in the distance of contents
    share           of a step's repainting losses; the shares of the step's judges sum to 1
    """

    maps: Maps
    style_layers: dict[str, float]
    content_layers: dict[str, float]
    share: float

    def losses(
        self,
        made: Tensor,
        content: Tensor,
        style: Tensor,
        *,
        weights: dict[str, float],
        step: int,
        precision: MixedPrecision,
    ) -> dict[str, Tensor]:
        """Weighted distances of `made` [N, 3, H, W] to contents and styles of that size: those that `weights` names.

        `step` draws the slices of the sliced distance.
        """
        with torch.no_grad():
            content_seen, style_seen = precision.read(self.maps, content), precision.read(self.maps, style)
            goal = {name: StyleStatistics.of(maps) for name, maps in style_seen.items()}
        seen = precision.read(self.maps, made)
        got = {name: StyleStatistics.of(maps) for name, maps in seen.items()}
        slices = {name: random_projections(maps.shape[1], 24, step, precision.place) for name, maps in seen.items()}

        def mean_of(distance: Callable[[str], Tensor], layers: dict[str, float] = self.style_layers) -> Tensor:
            return weighted_sum((distance(name), weight) for name, weight in layers.items()) / sum(layers.values())

        return {
            "content": weights["content"]
            * mean_of(lambda n: perceptual_distance(seen[n], content_seen[n]), self.content_layers),
            "gram": weights["gram"] * mean_of(lambda n: got[n].covariance_distance(goal[n])),
            "moment": weights["moment"] * mean_of(lambda n: got[n].moment_distance(goal[n])),
            "sliced": weights["sliced"] * mean_of(lambda n: sliced_distance(seen[n], style_seen[n], slices[n], step)),
        }


@torch.no_grad()
def figures(maps: Maps, made: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """Distances of one picture [1, 3, H, W] to its content and its style, each the mean over all layers."""
    seen, content_seen, style_seen = (maps(pixels) for pixels in (made, content, style))
    place = made.device
    return {
        "content": mean(perceptual_distance(seen[n], content_seen[n]) for n in seen),
        "gram": mean(gram_distance(covariance(seen[n]), covariance(style_seen[n])) for n in seen),
        "sliced": mean(
            sliced_wasserstein(seen[n], style_seen[n], random_projections(seen[n].shape[1], 64, 0, place)) for n in seen
        ),
    }


def mean(values: Iterable[Tensor | float]) -> float:
    """Mean of single numbers."""
    numbers = [float(value) for value in values]
    return sum(numbers) / len(numbers)
