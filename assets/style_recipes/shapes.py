"""Curves and masks. Points are (x, y) on the unit square, y down; masks are float32 (size, size) in [0, 1]."""

from collections.abc import Iterable

import cv2
import numpy as np

SHIFT = 5  # sub-pixel bits of OpenCV's drawing calls


def plane(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y of every pixel's centre, float32 (size, size)."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size
    return np.broadcast_to(axis, (size, size)), np.broadcast_to(axis[:, None], (size, size))


def pixels(points: np.ndarray, size: int) -> np.ndarray:
    """Points as the fixed-point integers that OpenCV draws (with shift=SHIFT)."""
    return np.round((np.asarray(points, np.float64) * size - 0.5) * 2**SHIFT).astype(np.int32)


def fill(size: int, polygons: Iterable[np.ndarray], part: tuple[slice, slice] | None = None) -> np.ndarray:
    """Mask of the union of closed polygons, antialiased; only its `part` (rows, columns) if given."""
    rows, columns = part or (slice(0, size), slice(0, size))
    mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    for polygon in polygons:
        corner = np.array([columns.start, rows.start]) * 2**SHIFT
        cv2.fillPoly(mask, [(pixels(polygon, size) - corner).astype(np.int32)], 255, cv2.LINE_AA, SHIFT)
    return mask.astype(np.float32) / 255


def window(size: int, polygons: Iterable[np.ndarray], margin: float = 0.02) -> tuple[slice, slice]:
    """Rows and columns of the picture that hold the polygons and a `margin` around them."""
    points = np.concatenate(list(polygons))
    low = np.clip(((points.min(0) - margin) * size).astype(int), 0, size - 1)
    high = np.clip(((points.max(0) + margin) * size).astype(int) + 2, low + 1, size)
    return slice(low[1], high[1]), slice(low[0], high[0])


def below(size: int, heights: np.ndarray) -> np.ndarray:
    """Mask of everything below a skyline; `heights` are its y at evenly spaced x."""
    axis = (np.arange(size) + 0.5) / size
    skyline = np.interp(axis, np.linspace(0, 1, len(heights)), heights)
    return np.clip((axis[:, None] - skyline[None]) * size + 0.5, 0, 1).astype(np.float32)


def stroke(points: np.ndarray, widths: np.ndarray | float) -> np.ndarray:
    """Outline of a brush line: a polygon around `points` (n, 2) that is `widths` wide at each point."""
    points = np.asarray(points, np.float64)
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    side = np.stack([-along[:, 1], along[:, 0]], 1) * np.broadcast_to(widths, len(points))[:, None] / 2
    return np.concatenate([points + side, (points - side)[::-1]])


def bezier(*control: tuple[float, float], steps: int = 40) -> np.ndarray:
    """A Bezier curve of any degree (de Casteljau): (steps, 2)."""
    t = np.linspace(0, 1, steps)[:, None]
    level = [np.broadcast_to(np.asarray(point, np.float64), (steps, 2)) for point in control]
    while len(level) > 1:
        level = [a * (1 - t) + b * t for a, b in zip(level, level[1:], strict=False)]
    return level[0]


def spline(points: Iterable[tuple[float, float]], steps: int = 16, closed: bool = False) -> np.ndarray:
    """A smooth Catmull-Rom curve through all points."""
    knots = np.asarray(list(points), np.float64)
    knots = np.concatenate([knots[-1:], knots, knots[:2]]) if closed else np.concatenate([knots[:1], knots, knots[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        parts.append(b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))
    return np.concatenate([*parts, knots[-2:-1]])


def disc(x: float, y: float, radius: float, steps: int = 64, squash: float = 1.0) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return np.stack([x + radius * np.cos(angle), y + radius * squash * np.sin(angle)], 1)


def petal(
    x: float, y: float, angle: float, length: float, width: float, tip: float = 0.6, bend: float = 0.0
) -> np.ndarray:
    """A leaf from its foot (x, y) towards `angle`; widest at share `tip` of its length; `bend` curves its spine."""
    t = np.linspace(0, 1, 28)
    power = np.log(0.5) / np.log(tip)
    half = width / 2 * np.sin(np.pi * t**power) ** 0.9
    turn = angle + bend * t
    spine = np.stack([x + length * t * np.cos(turn), y + length * t * np.sin(turn)], 1)
    return stroke(spine, 2 * half)


def inside(mask: np.ndarray, size: int = 0) -> np.ndarray:
    """Distance in picture widths from each point of a mask to its edge, 0 outside; `size` is the whole's for a part."""
    return cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / (size or mask.shape[0])


def shrink(picture: np.ndarray, size: int) -> np.ndarray:
    """A picture rendered larger, averaged down to `size`: the antialiasing of thresholds."""
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
