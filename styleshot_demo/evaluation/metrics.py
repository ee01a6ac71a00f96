"""Figures for a stylised picture: what is left of the content, how much of the style arrived.

None of them is a published benchmark: they use our own or the teacher's features, and are named accordingly.
"""

import math
from collections.abc import Callable, Mapping
from typing import cast

import cv2
import numpy as np
import torch
from torch import Tensor

from styleshot_demo.classical.losses import (
    gram,
    gram_distance,
    perceptual_distance,
    random_projections,
    sliced_wasserstein,
)
from styleshot_demo.images.ops import to_array

Features = Callable[[Tensor], Mapping[str, Tensor]]


def content_distance(features: Features, result: Tensor, content: Tensor) -> float:
    """Mean over layers of the distance of unit feature vectors, place by place; 0 for the content itself.

    result, content  [1, 3, H, W] of one size, RGB in [0, 1]
    """
    found, wanted = features(result), features(content)
    return float(sum(perceptual_distance(found[name], wanted[name]) for name in wanted) / len(wanted))


def style_gram_distance(features: Features, result: Tensor, style: Tensor) -> float:
    """Mean over layers of the relative distance of Gram matrices; 0 for the style picture itself."""
    found, wanted = features(result), features(style)
    return float(sum(gram_distance(gram(found[name]), gram(wanted[name])) for name in wanted) / len(wanted))


def style_sliced_distance(features: Features, result: Tensor, style: Tensor, slices: int = 64) -> float:
    """Mean over layers of the sliced Wasserstein distance of feature vectors, in deviations of the style's."""
    found, wanted = features(result), features(style)
    distances = [
        sliced_wasserstein(found[name], wanted[name], random_projections(wanted[name].shape[1], slices, seed=0))
        for name in wanted
    ]
    return float(sum(distances) / len(distances))


def _grey(pixels: Tensor) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(to_array(pixels)), cv2.COLOR_RGB2GRAY)


def edge_f1(result: Tensor, content: Tensor, tolerance: int = 3) -> float:
    """F1 of the result's Canny edges (100, 200) against the content's; a hit lies within `tolerance` pixels.

    result, content  [1, 3, H, W] of one size, RGB in [0, 1]. 1 when neither has an edge.
    """
    found, wanted = (cv2.Canny(_grey(pixels), 100, 200) > 0 for pixels in (result, content))
    if not found.any() or not wanted.any():
        return float(found.any() == wanted.any())
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * tolerance + 1, 2 * tolerance + 1))
    near_wanted, near_found = (cv2.dilate(edges.astype(np.uint8), disc) > 0 for edges in (wanted, found))
    precision, recall = near_wanted[found].mean(), near_found[wanted].mean()
    return float(2 * precision * recall / max(precision + recall, 1e-8))


def structural_similarity(result: Tensor, content: Tensor) -> float:
    """SSIM of luminance with 11x11 Gaussian windows (Wang et al., 2004), 1 for equal pictures."""
    from skimage.metrics import structural_similarity as ssim

    one, other = (_grey(pixels) for pixels in (result, content))
    mean = ssim(one, other, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
    return float(cast(float, mean))  # with the map of it only where that is asked for


def colour_histogram_distance(result: Tensor, style: Tensor, bins: int = 64) -> float:
    """Hellinger distance of RGB-uv histograms (Afifi et al., HistoGAN, CVPR 2021); 0 equal, 1 disjoint."""
    one, other = _uv_histogram(result, bins), _uv_histogram(style, bins)
    return float((one.sqrt() - other.sqrt()).norm() / math.sqrt(2))


def _uv_histogram(pixels: Tensor, bins: int) -> Tensor:
    """[3, bins, bins], sum 1: per channel, log ratios to the other two, weighted by brightness."""
    flat = pixels[0].flatten(1).clamp(0, 1)
    log = (flat + 1e-3).log()
    weight = flat.square().sum(0).sqrt()
    planes = []
    for channel in range(3):
        first, second = (other for other in range(3) if other != channel)
        u, v = ((log[channel] - log[other]).clamp(-3, 3) for other in (first, second))
        place = ((u + 3) / 6 * (bins - 1)).round().long() * bins + ((v + 3) / 6 * (bins - 1)).round().long()
        planes.append(torch.zeros(bins * bins).index_add_(0, place, weight))
    histogram = torch.stack(planes)
    return histogram / histogram.sum().clamp_min(1e-8)
