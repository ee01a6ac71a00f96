"""Where faces are: BlazeFace (Bazarevsky et al., 2019), over the whole picture at one scale after another.

The network was made for 128 x 128 pixels, and sees in them faces of a fifth of the side and more. It consists of
convolutions, so it reads larger pictures too: a portrait is found where the whole has 128 pixels, the faces of a group
where it has more. Whatever is found is looked at again in several squares around it: what is a face in some of them
only is none, and what is one gets the mean of their boxes.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from PIL import Image

from styleshot_demo.helpers import networks
from styleshot_demo.images.ops import on_white

SIDE = 128  # pixels that the network was made for
# Anchors lie in the middle of each cell of a grid: (pixels along a side of a cell, anchors in each cell).
GRIDS = ((8, 2), (16, 6))
STRIDE = 16  # of the network
LANDMARKS = ("right eye", "left eye", "nose", "mouth", "right ear", "left ear")  # right and left of the person
SMALLEST = 160  # pixels of a picture that are seen as `SIDE`: fewer would show faces that nobody can tell
LEVELS = 3  # times that the picture is seen twice as large
LARGEST = 2048  # pixels of a picture's longest side that are looked at: at its largest it is seen with half of that
FOUND = 0.5  # score from which on something is looked at again
NEAR = (1.7, 2.0, 2.4, 3.0, 3.8)  # sides of the squares that it is then seen in, in sides of its box
# Mean score in those squares. Chosen on 257 photos without a face: three have one by it, nine by a score of 0.7 once.
SURE = 0.72
LEAST = 0.3  # score of what is compared from square to square
SAME = 0.3  # overlap (intersection over union) of two boxes around one face


@dataclass(frozen=True)
class Face:
    """A face in a picture.

    box        left, top, right, bottom, in pixels of the picture and within it: from the brows to the chin
    score      0.72 to 1: how sure the network is
    landmarks  (x, y) in pixels, one for each of `LANDMARKS`; an ear that is turned away may lie outside of the picture
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: tuple[tuple[float, float], ...]

    @property
    def size(self) -> float:
        """Longest side of the box, pixels."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)


def faces(picture: Image.Image) -> list[Face]:
    """All faces that are found, the largest first; of any mode, what is transparent counts as white."""
    pixels = np.asarray(on_white(picture))
    factor = max(picture.size) / LARGEST
    if factor > 1:
        sides = [max(1, round(side / factor)) for side in picture.size]
        pixels = cv2.resize(pixels, sides, interpolation=cv2.INTER_AREA)
    across, down = picture.width / pixels.shape[1], picture.height / pixels.shape[0]
    found = (_within(_scaled(face, across, down), *picture.size) for face in _faces(pixels))
    return sorted(found, key=lambda face: (-face.size, face.box))


def _faces(pixels: np.ndarray) -> list[Face]:
    height, width = pixels.shape[:2]
    seen = []
    with networks.load_cached(networks.FACES) as network:
        for level in range(LEVELS + 1):
            side = max(width, height) / 2**level
            if level and side < SMALLEST:
                break
            # What the larger levels need of memory goes with a network of their own.
            reader = network if level < 2 else networks.load(networks.FACES)
            seen += _everywhere(reader, pixels, SIDE / side)
        return _apart([face for found in _apart(seen) if (face := _again(network, pixels, found))])


Square = tuple[float, float, float]  # left, top, side, in pixels


def _everywhere(network: Any, pixels: np.ndarray, scale: float) -> list[Face]:
    """Faces in a picture [H, W, 3] that is seen `scale` times as large, best first."""
    height, width = pixels.shape[:2]
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    seen = np.zeros((-(-high // STRIDE) * STRIDE, -(-wide // STRIDE) * STRIDE, 3), np.uint8)
    seen[:high, :wide] = cv2.resize(pixels, (wide, high), interpolation=_interpolation(scale))
    scores = _scores(network, seen)
    return _boxes(network, scores, seen.shape, FOUND, lambda points: points * (width / wide, height / high))


def _look(network: Any, pixels: np.ndarray, square: Square, least: float) -> list[Face]:
    """Faces in one square of a picture [H, W, 3], best first; what lies outside of the picture is black."""
    seen = _shown(pixels, square)
    if seen is None:
        return []
    left, top, side = square
    scores = _scores(network, seen)
    return _boxes(network, scores, seen.shape, least, lambda points: points * (side / SIDE) + (left, top))


def _shown(pixels: np.ndarray, square: Square) -> np.ndarray | None:
    """[SIDE, SIDE, 3]: a square as the network sees it; None if it lies outside of the picture."""
    left, top, side = square
    scale = SIDE / side
    part, (x, y) = _cut(pixels, square)
    if not part.size:
        return None
    x, y = round((x - left) * scale), round((y - top) * scale)
    wide = min(SIDE - x, max(1, round(part.shape[1] * scale)))
    high = min(SIDE - y, max(1, round(part.shape[0] * scale)))
    seen = np.zeros((SIDE, SIDE, 3), np.uint8)
    seen[y : y + high, x : x + wide] = cv2.resize(part, (wide, high), interpolation=_interpolation(scale))
    return seen


def _interpolation(scale: float) -> int:
    return cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR


def _scores(network: Any, seen: np.ndarray) -> np.ndarray:
    """[anchors]: how sure the network is of a face at each, in a picture [h, w, 3] with sides in multiples of 16."""
    network.setInput(cv2.dnn.blobFromImage(seen, 1 / 127.5, mean=(127.5, 127.5, 127.5)))
    # One output at a time is all that OpenCV gives of such a network; most pictures need no second one.
    return 1 / (1 + np.exp(-np.clip(network.forward("classificators")[0, :, 0], -80, 80)))


def _boxes(
    network: Any,
    scores: np.ndarray,
    shape: tuple[int, ...],
    least: float,
    placed: Callable[[np.ndarray], np.ndarray],
) -> list[Face]:
    """The faces of what the network has just seen, a picture of `shape`, of which it is at least so sure.

    placed  leads points [n, 2], x and y in pixels of what was seen, into the picture
    """
    kept = np.flatnonzero(scores >= least)
    if not len(kept):
        return []
    numbers = network.forward("regressors")[0]
    found = []
    for values, anchor, score in zip(numbers[kept], _anchors(*shape[:2])[kept], scores[kept], strict=True):
        # Centre, width and height of the box, then x and y of each landmark; all but the sizes count from the anchor.
        points = values.reshape(-1, 2).copy()
        points[[0, *range(2, len(points))]] += anchor
        (x, y), (wide, high) = points[0], np.abs(points[1])
        corners = placed(np.array([[x - wide / 2, y - high / 2], [x + wide / 2, y + high / 2], *points[2:]]))
        (left, top), (right, low) = corners[:2].tolist()
        box = (left, top, right, low)
        found.append(Face(box, float(score), tuple((float(x), float(y)) for x, y in corners[2:])))
    return _apart(found)


def _again(network: Any, pixels: np.ndarray, found: Face) -> Face | None:
    """What was found, seen from several distances; None where it is no face after all."""
    left, top, right, bottom = found.box
    sides = [near * found.size for near in NEAR]
    squares = [((left + right - side) / 2, (top + bottom - side) / 2, side) for side in sides]
    # Most of what looks like a face at first is none. Its boxes are not asked for as soon as its scores cannot reach
    # the mean any more: that is half the time.
    missing = len(squares) * (1 - SURE)
    for square in squares:
        seen = _shown(pixels, square)
        best = 0.0 if seen is None else float(_scores(network, seen).max())
        missing -= 1 - best
        if missing < 0 or best < LEAST:
            return None
    views = []
    for square in squares:
        same = [face for face in _look(network, pixels, square, LEAST) if _overlap(face.box, found.box) > SAME]
        if not same:
            return None
        views.append(same[0])
    score = float(np.mean([face.score for face in views]))
    if score < SURE:
        return None
    left, top, right, low = map(float, np.mean([face.box for face in views], 0))
    points = np.mean([face.landmarks for face in views], 0)
    return Face((left, top, right, low), score, tuple((float(x), float(y)) for x, y in points))


def _cut(pixels: np.ndarray, square: Square) -> tuple[np.ndarray, tuple[int, int]]:
    """What of a picture lies in a square, and where that begins (left, top)."""
    height, width = pixels.shape[:2]
    left, top, side = square
    first = max(0, math.ceil(left)), max(0, math.ceil(top))
    last = min(width, math.ceil(left + side)), min(height, math.ceil(top + side))
    return pixels[first[1] : last[1], first[0] : last[0]], first


def _apart(found: Sequence[Face]) -> list[Face]:
    """One face for each group of boxes that overlap, the best scored first (non-maximum suppression).

    A box within a larger one is the same face too: squares that cut through a face show parts of it.
    """
    kept: list[Face] = []
    for face in sorted(found, key=lambda face: (-face.score, face.box)):
        if all(_overlap(face.box, other.box) <= SAME and not _nested(face, other) for other in kept):
            kept.append(face)
    return kept


def _shared(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Area that two boxes share, square pixels."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(high, 0.0)


def _area(box: tuple[float, ...]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    shared = _shared(one, other)
    return shared / max(_area(one) + _area(other) - shared, 1e-9)


def _nested(one: Face, other: Face) -> bool:
    return _shared(one.box, other.box) > 0.7 * min(_area(one.box), _area(other.box))


def _scaled(face: Face, across: float, down: float) -> Face:
    left, top, right, bottom = face.box
    points = tuple((x * across, y * down) for x, y in face.landmarks)
    return Face((left * across, top * down, right * across, bottom * down), face.score, points)


def _within(face: Face, width: int, height: int) -> Face:
    left, top, right, bottom = face.box
    box = (max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height)))
    return Face(box, face.score, face.landmarks)


@lru_cache(maxsize=8)
def _anchors(height: int, width: int) -> np.ndarray:
    """[anchors, 2]: x and y, in pixels, of a picture of such sides."""
    made = []
    for cell, each in GRIDS:
        x, y = np.meshgrid((np.arange(width // cell) + 0.5) * cell, (np.arange(height // cell) + 0.5) * cell)
        made.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1), each, axis=0))
    return np.concatenate(made)
