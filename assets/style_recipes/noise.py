"""Seeded noise on the unit square. The same seed gives the same pattern at every size, only finer."""

import cv2
import numpy as np


def smooth(size: int, cells: tuple[int, int], seed: int) -> np.ndarray:
    """Random values on a grid of `cells` = (across, down), bicubically enlarged: float32 (size, size), about [0, 1]."""
    across, down = cells
    grid = np.random.default_rng(seed).random((down + 1, across + 1), dtype=np.float32)
    return cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)


def fbm(size: int, cells: int | tuple[int, int], seed: int, octaves: int = 5, gain: float = 0.5) -> np.ndarray:
    """Fractal sum of `smooth` noise, stretched to [0, 1]: float32 (size, size)."""
    across, down = (cells, cells) if isinstance(cells, int) else cells
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        scale = 2**octave
        if min(across, down) * scale > 2 * size:  # finer than the pixels: nothing would be seen
            break
        total += gain**octave * (smooth(size, (across * scale, down * scale), seed * 101 + octave) - 0.5)
    return (total - total.min()) / max(float(np.ptp(total)), 1e-9)


def grain(size: int, seed: int, blur: float = 0.0) -> np.ndarray:
    """Pixel grain with mean 0 and deviation 1, blurred by `blur` pixels: float32 (size, size)."""
    field = np.random.default_rng(seed).standard_normal((size, size), dtype=np.float32)
    if blur:
        field = cv2.GaussianBlur(field, (0, 0), blur)
    return field / field.std()


def line(x: np.ndarray, cells: int, seed: int, octaves: int = 5, gain: float = 0.5) -> np.ndarray:
    """Fractal noise of one variable x in [0, 1], about [-1, 1]; smooth between its knots."""
    rng = np.random.default_rng(seed)
    total = np.zeros_like(x, dtype=np.float64)
    for octave in range(octaves):
        knots = rng.uniform(-1, 1, cells * 2**octave + 2)
        place = np.clip(x, 0, 1) * cells * 2**octave
        left = np.floor(place).astype(int)
        t = place - left
        t = t * t * (3 - 2 * t)
        total += gain**octave * (knots[left] * (1 - t) + knots[left + 1] * t)
    return total / sum(gain**octave for octave in range(octaves)) * 1.6


def warp(field: np.ndarray, seed: int, amount: float, cells: int = 6, octaves: int = 4) -> np.ndarray:
    """`field` (size, size[, channels]) pulled about by noise; `amount` is in widths of the picture."""
    size = field.shape[0]
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    right = (fbm(size, cells, seed, octaves) - 0.5) * 2 * amount * size
    down = (fbm(size, cells, seed + 1, octaves) - 0.5) * 2 * amount * size
    return cv2.remap(field, columns + right, rows + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
