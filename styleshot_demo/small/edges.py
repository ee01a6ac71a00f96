"""Contours without any weights: difference of Gaussians, zero crossings, hysteresis.

An edge lies where the difference of two Gaussians changes its sign, and is as strong as the difference is steep there
(Marr and Hildreth, Theory of Edge Detection, 1980), at a fine and at a broad scale both, so that grain does not count.
It is measured in CIELAB, where colours of the same lightness divide as well, and against its surround: a faint line
on calm ground is a contour, a strong one amid fur and grass is not (Carandini and Heeger, Normalization as a canonical
neural computation, 2012). Two thresholds keep a line whole where it fades (Canny, 1986).
"""

import math
from collections.abc import Callable
from typing import cast

import cv2
import numpy as np
from PIL import Image

THRESHOLD = 128

_SIGMA = 1.4  # pixels, the finer Gaussian in a picture with a short side of 256; it grows with the picture
_RATIO = 1.6  # of the two Gaussians: nearest to a Laplacian (Marr and Hildreth)
_BROAD = 2.2  # the broad scale, in fine ones
_SURROUND = 8.0  # sigma of the surround, in fine ones
_CALM = 0.4  # steepness, in units of lightness (0 to 100), below which the surround hardly matters
_FULL = 2.65  # times as steep as the surround: a strength of 255
_WEAK = 0.2  # of the threshold: so weak a stretch may continue a line
_SHORT = 20  # pixels at a short side of 256: shorter lines are specks
_GROWTH = np.ones((3, 3), np.uint8)


def edges(picture: Image.Image, threshold: int = THRESHOLD) -> Image.Image:
    """White contours on black, L with the values 0 and 255 alone, in the size of `picture` (RGB, any size).

    `threshold`, 0 to 255: a line is kept if some part of it is stronger; a lower threshold keeps all that a higher one
    keeps, and more; 255 keeps nothing. Lines are grown by one pixel all round, as the contours of StyleShot are.
    The same picture always gives the same lines.
    """
    pixels = np.asarray(picture.convert("RGB"))
    scale = max(min(picture.size) / 256, 0.6)
    lines = _hysteresis(_strength(pixels, _SIGMA * scale), threshold, shortest=round(_SHORT * scale))
    return Image.fromarray(cv2.dilate(lines, _GROWTH))


def _strength(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """float32 [height, width], 0 to 255: how much of a contour each pixel is; 0 where nothing crosses zero."""
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    fine = _difference(lab, sigma)
    # Each channel by itself: where one of them says little, the sum would cross zero beside the edge.
    crossing = (fine > 0) & (cv2.erode(fine, _GROWTH) <= 0)
    strength = _steepness(fine, sigma)
    strength *= _shrunk(lab, 2, lambda half: _steepness(_difference(half, sigma * _BROAD / 2), sigma * _BROAD / 2))
    cv2.sqrt(strength, strength)
    surround = _shrunk(_strongest(strength), 4, lambda quarter: _blur(quarter, sigma * _SURROUND / 4))
    strength *= crossing
    strength = _strongest(strength)
    strength *= math.sqrt(255) / _FULL
    strength /= surround + _CALM
    strength *= strength  # spreads the lines that matter over the range of the threshold
    return np.minimum(strength, 255, out=strength)


def _shrunk(image: np.ndarray, factor: int, work: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """What `work` makes of a smaller copy, in the image's size: enough for what is smooth, and quicker."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (max(width // factor, 1), max(height // factor, 1)), interpolation=cv2.INTER_AREA)
    return cv2.resize(work(small), (width, height))


def _difference(image: np.ndarray, sigma: float) -> np.ndarray:
    narrow = _blur(image, sigma)
    narrow -= _blur(image, sigma * _RATIO)
    return narrow


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), sigma)


def _steepness(image: np.ndarray, sigma: float) -> np.ndarray:
    """Slope in each channel, as far as it goes within the width of an edge: the same for a step at every scale."""
    across, down = cv2.Scharr(image, -1, 1, 0), cv2.Scharr(image, -1, 0, 1)
    # Not cv2.magnitude: its last bits depend on where in memory the arrays lie.
    across *= across
    down *= down
    across += down
    np.sqrt(across, across)
    across *= sigma / 32
    return across


def _strongest(channels: np.ndarray) -> np.ndarray:
    first, second, third = cv2.split(channels)
    cv2.max(first, second, first)
    return cv2.max(first, third, first)


def _hysteresis(strength: np.ndarray, threshold: int, shortest: int) -> np.ndarray:
    """uint8, 0 or 255: the lines stronger than `_WEAK` of the threshold that exceed it somewhere, without specks."""
    weak = (strength > _WEAK * threshold).astype(np.uint8)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    labels = cast(np.ndarray, labels)  # of whole numbers, which its stubs do not say
    kept = np.zeros(count, np.uint8)
    kept[labels[strength > threshold]] = 255
    kept[boxes[:, cv2.CC_STAT_AREA] < shortest] = 0
    return kept[labels]
