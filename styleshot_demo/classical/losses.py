"""Distances between feature maps that drive `optimise`, the training of `fast`, and the figures of `evaluate`."""

import torch
from torch import Tensor


def gram(maps: Tensor) -> Tensor:
    """Gram matrices [N, C, C] of feature maps [N, C, H, W], divided by H W (Gatys et al., CVPR 2016, eq. 3)."""
    flat = maps.flatten(2)
    return flat @ flat.mT / flat.shape[2]


def covariance(maps: Tensor) -> Tensor:
    """Covariance matrices [N, C, C] of the feature vectors of maps [N, C, H, W]: Gram matrices about the mean.

    With the mean left in, it fills most of a Gram matrix and hides the texture.
    """
    return gram(maps - maps.mean((2, 3), keepdim=True))


def gram_distance(found: Tensor, wanted: Tensor) -> Tensor:
    """Relative Frobenius distance of Gram matrices [N, C, C], mean over N; 0 for equal ones."""
    difference = (found - wanted).flatten(1).norm(dim=1)
    return (difference / wanted.flatten(1).norm(dim=1).clamp_min(1e-8)).mean()


def moment_distance(maps: Tensor, style: Tensor) -> Tensor:
    """Relative distance of the channels' means and deviations (Huang & Belongie, ICCV 2017, eq. 13)."""
    total = maps.new_zeros(())
    for one, other in ((maps.mean((2, 3)), style.mean((2, 3))), (maps.std((2, 3)), style.std((2, 3)))):
        total = total + ((one - other).norm(dim=1) / other.norm(dim=1).clamp_min(1e-8)).mean()
    return total


def sliced_wasserstein(maps: Tensor, style: Tensor, slices: Tensor, samples: int = 8192) -> Tensor:
    """Sliced Wasserstein-1 distance of feature vectors (Heitz et al., CVPR 2021), relative to the style's spread.

    maps, style  [N, C, H, W] and [N, C, H', W']
    slices       [C, K], unit columns: the directions on which both sets of vectors are projected
    samples      vectors drawn from each map at most, the same for the same sizes
    """
    found = slices.T @ _subsample(maps.flatten(2), samples)
    wanted = slices.T @ _subsample(style.flatten(2), samples)
    spread = wanted.std(dim=2).mean(dim=1).clamp_min(1e-8)
    count = min(found.shape[2], wanted.shape[2])
    found, wanted = _quantiles(found, count), _quantiles(wanted, count)
    return ((found - wanted).abs().mean((1, 2)) / spread).mean()


def _subsample(vectors: Tensor, count: int) -> Tensor:
    """At most `count` of the vectors [N, C, P]; sorting all of a large map would cost more than the networks do."""
    size = vectors.shape[2]
    if size <= count:
        return vectors
    places = torch.randperm(size, generator=torch.Generator().manual_seed(size))[:count]
    return vectors[:, :, places.to(vectors.device)]


def _quantiles(values: Tensor, count: int) -> Tensor:
    """`count` evenly spaced order statistics of the last axis."""
    ordered = values.sort(dim=-1).values
    places = torch.linspace(0, ordered.shape[-1] - 1, count, device=values.device).round().long()
    return ordered[..., places]


def patches(pixels: Tensor, scale: int) -> Tensor:
    """All 3x3 patches of pictures [N, 3, H, W] reduced by `scale`, as maps [N, 27, H / scale - 2, W / scale - 2].

    What a network's features let through (coloured noise above all), the patches themselves show (Elnekave & Weiss,
    CVPR 2022).
    """
    if scale > 1:
        pixels = torch.nn.functional.avg_pool2d(pixels, scale)
    height, width = pixels.shape[2] - 2, pixels.shape[3] - 2
    return torch.nn.functional.unfold(pixels, 3).unflatten(2, (height, width))


def random_projections(channels: int, count: int, seed: int, device: torch.device | str = "cpu") -> Tensor:
    """[channels, count] random unit columns, the same for the same seed."""
    values = torch.randn(channels, count, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(values, dim=0).to(device)


def perceptual_distance(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared distance of feature vectors of unit length at the same places.

    The shape of LPIPS (Zhang et al., CVPR 2018) without its learnt channel weights.
    """
    found = torch.nn.functional.normalize(found, dim=1, eps=1e-6)
    wanted = torch.nn.functional.normalize(wanted, dim=1, eps=1e-6)
    return (found - wanted).square().sum(1).mean()


def total_variation(pixels: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels, [N, 3, H, W] in [0, 1]."""
    across = (pixels[..., 1:] - pixels[..., :-1]).abs().mean()
    down = (pixels[..., 1:, :] - pixels[..., :-1, :]).abs().mean()
    return across + down
