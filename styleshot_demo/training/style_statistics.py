"""What the style losses of a training compare, read from the teacher's maps with as little work as possible.

The distances are those of `classical/losses.py`; here a covariance is multiplied in half precision and gives the
deviations as well, and a sliced distance takes every n-th place instead of sorting all of them.
"""

from dataclasses import dataclass

from torch import Tensor


def _vectors(maps: Tensor) -> Tensor:
    return maps.permute(0, 2, 3, 1).flatten(1, 2)  # [N, P, C], no copy of maps that are channels_last


def _relative(found: Tensor, wanted: Tensor) -> Tensor:
    difference = (found - wanted).flatten(1).norm(dim=1)
    return (difference / wanted.flatten(1).norm(dim=1).clamp_min(1e-8)).mean()


@dataclass(frozen=True)
class StyleStatistics:
    """mean [N, C], covariance [N, C, C] and deviation [N, C] of the feature vectors of N maps."""

    mean: Tensor
    covariance: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, maps: Tensor) -> "StyleStatistics":
        """Statistics of float32 maps [N, C, H, W]; the covariance is good to about 0.4 %."""
        vectors = _vectors(maps)
        mean = vectors.mean(1)
        centred = (vectors - mean[:, None]).bfloat16()
        covariance = (centred.mT @ centred).float() / vectors.shape[1]
        return cls(mean, covariance, covariance.diagonal(dim1=1, dim2=2).clamp_min(1e-8).sqrt())

    def covariance_distance(self, wanted: "StyleStatistics") -> Tensor:
        """Relative Frobenius distance of the covariances, mean over N."""
        return _relative(self.covariance, wanted.covariance)

    def moment_distance(self, wanted: "StyleStatistics") -> Tensor:
        """Relative distance of means plus that of deviations (Huang & Belongie, ICCV 2017, eq. 13)."""
        return _relative(self.mean, wanted.mean) + _relative(self.deviation, wanted.deviation)


def sliced_distance(maps: Tensor, style: Tensor, slices: Tensor, seed: int, samples: int = 1024) -> Tensor:
    """Sliced Wasserstein-1 distance (Heitz et al., CVPR 2021) relative to the style's spread.

    maps, style  [N, C, H, W], of one size
    slices       [C, K], unit columns
    seed         which of the places are taken: about `samples` of them, evenly spread
    """
    every = max(1, maps.shape[2] * maps.shape[3] // samples)
    found, wanted = (_vectors(one)[:, seed % every :: every] @ slices for one in (maps, style))
    spread = wanted.std(1).mean(1).clamp_min(1e-8)
    found, wanted = (one.mT.contiguous().sort(-1).values for one in (found, wanted))
    return ((found - wanted).abs().mean((1, 2)) / spread).mean()
