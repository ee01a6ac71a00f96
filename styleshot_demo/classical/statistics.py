"""First and second moments of feature maps, and the affine maps that carry one set of moments onto another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor

from styleshot_demo.classical.tiles import Box
from styleshot_demo.weighting import weighted_sum

CHUNK = 2**17  # vectors: sums of many more are no longer exact in single precision, by some grey levels of a picture


@dataclass(frozen=True)
class Moments:
    """mean [C] and covariance [C, C] of the C-dimensional vectors at all places of a feature map, on the processor."""

    mean: Tensor
    covariance: Tensor

    @property
    def deviation(self) -> Tensor:
        """[C]"""
        return self.covariance.diagonal().clamp_min(0).sqrt()


@dataclass(frozen=True)
class Affine:
    """x -> matrix (x - centre) + target, for vectors of C features: matrix [C, C], centre [C], target [C]."""

    matrix: Tensor
    centre: Tensor
    target: Tensor

    def __call__(self, maps: Tensor, strength: float = 1.0) -> Tensor:
        """The map on [N, C, H, W], blended with the identity: strength 0 leaves `maps` as they are."""
        if strength == 0:
            return maps
        identity = torch.eye(len(self.centre), dtype=self.matrix.dtype, device=self.matrix.device)
        matrix = identity + strength * (self.matrix - identity)
        shift = self.target * strength + self.centre * (1 - strength) - matrix @ self.centre
        # Map and blend in a single pass over the maps.
        return pointwise_conv(maps, matrix.to(maps), shift.to(maps))


def pointwise_conv(maps: Tensor, matrix: Tensor, bias: Tensor | None = None) -> Tensor:
    """`matrix` [D, C] times the vectors at all places of `maps` [N, C, H, W], plus `bias` [D]: [N, D, H, W]."""
    if maps.shape[1] > 3 or maps.device.type != "cpu":
        return torch.nn.functional.conv2d(maps, matrix[:, :, None, None], bias)
    # Of colours the product takes a tenth of the time.
    made = (matrix @ maps.flatten(2)).unflatten(2, maps.shape[2:])
    return made if bias is None else made.add_(bias[:, None, None])


def moments(maps: Tensor) -> Moments:
    """Moments of feature maps [N, C, H, W] over all places of all N."""
    running = RunningMoments()
    running.update_vectors(_vectors(maps))
    return running.moments()


def mean_moments(parts: Sequence[tuple[Moments, float]]) -> Moments:
    """The weighted mean of means and of covariances; weights sum to 1. Not of all vectors together: how far the means
    lie apart, as of a bright picture and a dark one, is no spread that either of them has."""
    return Moments(
        weighted_sum((part.mean, weight) for part, weight in parts),
        weighted_sum((part.covariance, weight) for part, weight in parts),
    )


def subsampled_moments(maps: Tensor) -> Moments:
    """`moments` where they need not be exact: of maps of more than 2^16 places every seventh is read, or fewer.

    A distance that has no divisor in common with the width meets all columns, so no regular pattern is misread.
    """
    return _moments(_vectors(maps)[:: sampling_stride(*maps.shape[2:])])


def sampling_stride(height: int, width: int) -> int:
    """Every how many places of maps of this size `subsampled_moments` reads."""
    return 1 if height * width <= 2**16 else next(step for step in count(7) if math.gcd(step, width) == 1)


class RunningMoments:
    """Moments of maps of which one part after another is seen; merged as by Chan, Golub & LeVeque (1979)."""

    def __init__(self, stride: int = 1) -> None:
        """`stride`: read every so many places, as `sampling_stride` tells."""
        self.stride = stride
        self._count = 0
        self._mean: Tensor | float = 0.0
        self._scatter: Tensor | float = 0.0  # [C, C], sum of products of what lies off the mean

    def update(self, part: Tensor, box: Box, width: int) -> None:
        """The part `box` of maps that are `width` wide, [1, C, h, w]."""
        vectors = _vectors(part)
        if box.width == width:
            vectors = vectors[-box.top * width % self.stride :: self.stride]
        elif self.stride > 1:
            rows, columns = (torch.arange(*ends) for ends in (box[:2], box[2:]))
            vectors = vectors[((rows[:, None] * width + columns) % self.stride == 0).flatten().to(part.device)]
        self.update_vectors(vectors)

    def update_vectors(self, vectors: Tensor) -> None:
        """[n, C], float32."""
        for piece in vectors.split(CHUNK):
            count = len(piece)
            if count == 0:
                continue
            batch = _moments(piece)
            total = self._count + count
            delta = batch.mean - self._mean
            self._scatter = self._scatter + batch.covariance * max(1, count - 1)
            self._scatter = self._scatter + torch.outer(delta, delta) * (self._count * count / total)
            self._mean = self._mean + delta * (count / total)
            self._count = total

    def moments(self) -> Moments:
        """Of all that was added."""
        assert isinstance(self._mean, Tensor) and isinstance(self._scatter, Tensor)  # something was added
        return Moments(self._mean, self._scatter / max(1, self._count - 1))


def _vectors(maps: Tensor) -> Tensor:
    return maps.detach().float().permute(0, 2, 3, 1).flatten(0, 2)  # no copy of maps that are channels_last


def _moments(vectors: Tensor) -> Moments:
    # A product with ones takes half the time of a sum over the places.
    mean = (vectors.new_ones(1, len(vectors)) @ vectors / len(vectors))[0]
    centred = vectors - mean
    covariance = centred.T @ centred / max(1, len(vectors) - 1)
    # Small matrices in double precision are the processor's work: one kind of GPU has none, the others are slow at it.
    return Moments(mean.cpu().double(), covariance.cpu().double())


def optimal_transport(content: Moments, style: Moments, ridge: float = 1e-3, max_gain: float = math.inf) -> Affine:
    """The linear map of least displacement that carries the content's moments onto the style's.

    A = Cc^-1/2 (Cc^1/2 Cs Cc^1/2)^1/2 Cc^-1/2: the Monge-Kantorovich map between Gaussians (Pitié & Kokaram, 2007),
    as a whitening-colouring transform for features (Li et al., NeurIPS 2017; Lu et al., ICCV 2019).

    ridge     smallest eigenvalue of the content covariance that is inverted, as a share of the mean eigenvalue:
              below it there is only noise, which whitening would blow up
    max_gain  most that any direction is stretched
    """
    floor = float(content.covariance.diagonal().mean()) * ridge + 1e-12
    values, vectors = torch.linalg.eigh(content.covariance)
    root, inverse = ((vectors * values.clamp_min(floor) ** power) @ vectors.T for power in (0.5, -0.5))
    values, vectors = torch.linalg.eigh(root @ style.covariance @ root)
    middle = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    matrix = inverse @ middle @ inverse
    # The last eigenvalues need no looking at where all of them are surely small: then this is positive definite.
    if max_gain < math.inf and torch.linalg.cholesky_ex(max_gain * torch.eye(len(matrix)).to(matrix) - matrix).info:
        values, vectors = torch.linalg.eigh(matrix)
        matrix = (vectors * values.clamp_max(max_gain)) @ vectors.T
    return Affine(matrix, content.mean, style.mean)


def adain(content: Moments, style: Moments, max_gain: float = math.inf) -> Affine:
    """Adaptive instance normalisation: sigma(y) (x - mu(x)) / sigma(x) + mu(y) (Huang & Belongie, ICCV 2017)."""
    spread = content.covariance.diagonal().clamp_min(1e-10).sqrt()
    # A channel that is flat in the content carries no form: it only takes the style's mean.
    ratio = torch.where(spread > 1e-4, style.deviation / spread, torch.zeros_like(spread))
    return Affine(torch.diag(ratio.clamp_max(max_gain)), content.mean, style.mean)


# Features of a calm sky are nearly constant; stretched without a limit they would turn into stains.
MAX_FEATURE_GAIN = 4.0

TRANSFORMS = {"wct": optimal_transport, "adain": adain}


def blended_transform(
    content: Moments, styles: Sequence[tuple[Moments, float]], transform: str, max_gain: float = MAX_FEATURE_GAIN
) -> Affine:
    """The mean, by the styles' weights (which sum to 1), of the maps onto each style."""
    maps = [(TRANSFORMS[transform](content, style, max_gain=max_gain), weight) for style, weight in styles]
    matrix = weighted_sum((affine.matrix, weight) for affine, weight in maps)
    target = weighted_sum((affine.target, weight) for affine, weight in maps)
    return Affine(matrix, content.mean, target)
