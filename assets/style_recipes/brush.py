"""A brush full of hairs that follows a direction field."""

import cv2
import numpy as np

from .shapes import SHIFT


def paths(angle: np.ndarray, starts: np.ndarray, length: np.ndarray, steps: int = 10) -> np.ndarray:
    """Lines of `length` (n,) that begin half their length upstream of `starts` (n, 2) and follow `angle` (size, size).

    Returns (n, steps, 2) on the unit square.
    """
    size = angle.shape[0]

    def direction(points: np.ndarray) -> np.ndarray:
        cell = np.clip((points * size).astype(int), 0, size - 1)
        turn = angle[cell[:, 1], cell[:, 0]]
        return np.stack([np.cos(turn), np.sin(turn)], 1)

    hop = (length / (steps - 1))[:, None]
    here = starts.copy()
    for _ in range(steps // 2):
        here = here - direction(here) * hop
    walked = [here]
    for _ in range(steps - 1):
        here = here + direction(here) * hop
        walked.append(here)
    return np.stack(walked, 1)


def scatter(count: int, rng: np.random.Generator) -> np.ndarray:
    """About `count` points spread evenly with jitter over a little more than the unit square, in random order."""
    side = max(2, round(count**0.5))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)
    points = (grid + rng.random(grid.shape)) / side * 1.06 - 0.03
    return points[rng.permutation(len(points))]


def lay(
    canvas: np.ndarray,
    height: np.ndarray,
    lines: np.ndarray,
    colours: np.ndarray,
    width: float,
    rng: np.random.Generator,
    hair: float = 2.2,
    streak: float = 0.07,
) -> None:
    """Draw each of `lines` (n, steps, 2) as a bundle of hairs into `canvas` (uint8 RGB) and `height` (uint8).

    `width` of the bundle is in picture widths, `hair` in pixels; `streak` is how much the hairs differ in lightness.
    """
    size = canvas.shape[0]
    hairs = max(3, int(width * size / hair * 1.25))
    thickness = max(1, round(hair * 1.35))
    steps = lines.shape[1]
    for line, colour in zip(lines, colours, strict=True):
        along = np.gradient(line, axis=0)
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        side = np.stack([-along[:, 1], along[:, 0]], 1)
        tint = rng.normal(0, streak, hairs)[:, None] + rng.normal(0, streak * 0.35, (hairs, 3))
        tint[1:-1] = (tint[:-2] + tint[1:-1] * 2 + tint[2:]) / 3
        load = rng.uniform(0.72, 1.0)
        for k in rng.permutation(hairs):
            place = (k + 0.5) / hairs * 2 - 1
            round_end = int((1 - (1 - place**2) ** 0.5) * steps * 0.3)
            first = round_end + int(rng.integers(0, 2))
            last = steps - round_end - int(rng.integers(0, 3))
            if last - first < 2:
                continue
            points = line[first:last] + side[first:last] * (place * width / 2)
            fixed = np.round((points * size - 0.5) * 2**SHIFT).astype(np.int32)
            shade = np.clip((colour + tint[k]) * 255, 0, 255)
            cv2.polylines(canvas, [fixed], False, shade.tolist(), thickness, cv2.LINE_AA, SHIFT)
            ridge = load * (150 + 70 * abs(place) ** 3) + rng.normal(0, 26)
            cv2.polylines(height, [fixed], False, float(np.clip(ridge, 0, 255)), thickness, cv2.LINE_AA, SHIFT)
