"""Byzantine mosaic: tesserae laid in rows along every contour, gold ground tilted to catch the light."""

import cv2
import numpy as np
from skimage.measure import find_contours

from .colour import palette, smoothstep
from .noise import fbm, grain
from .shapes import bezier, disc, fill, petal, pixels, plane, shrink, spline, stroke
from .surface import relief

TITLE_EN = "Mosaic: peacock in the golden garden"
TITLE_ZH = "马赛克:金园孔雀"
METHOD = "tesserae laid along iso-distance rows of each region, bevelled, tilted and grouted"

GOLD = palette("#d9a62e", "#f0c650", "#b9811d", "#e8b93c", "#f8dc7c", "#c9922a")
TEAL = palette("#0f6f7a", "#17929a", "#0b4f66", "#2bb3ad")
BLUE = palette("#16358f", "#2450c2", "#0e2263", "#3f74d8")
GREEN = palette("#1f7a45", "#3f9f4f", "#12553a", "#7fbf4f")
RED = palette("#a51e2a", "#c83a2f", "#7d1424", "#df6a45")
WHITE = palette("#f4ecd8", "#e6d9bd", "#fff8e8")
BROWN = palette("#6b3f22", "#8a5a2f", "#4f2b19")
STONE = palette("#7a5a8f", "#94709f", "#5f4379")


def regions(size: int) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """(mask, colours, tessera size as a share of the picture), back to front."""
    parts: list[tuple[list[np.ndarray], np.ndarray, float]] = []

    def add(colours: np.ndarray, grain_size: float, *polygons: np.ndarray) -> None:
        parts.append((list(polygons), colours, grain_size))

    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    inner = square * 0.84 + 0.08
    add(RED, 0.0165, square)
    add(WHITE, 0.0120, square * 0.872 + 0.064)
    add(GOLD, 0.0150, inner)
    add(
        BLUE,
        0.0125,
        *[
            petal(px, py, turn, 0.030, 0.024)
            for k in range(10)
            for px, py, turn in (
                (0.095 + 0.09 * k, 0.014, np.pi / 2),
                (0.095 + 0.09 * k, 0.986, -np.pi / 2),
                (0.014, 0.095 + 0.09 * k, 0),
                (0.986, 0.095 + 0.09 * k, np.pi),
            )
        ],
    )
    add(
        GREEN,
        0.0140,
        spline(
            [
                (0.08, 0.80),
                (0.25, 0.775),
                (0.45, 0.80),
                (0.7, 0.775),
                (0.92, 0.80),
                (0.92, 0.92),
                (0.5, 0.925),
                (0.08, 0.92),
            ],
            closed=True,
        ),
    )
    add(
        TEAL,
        0.0130,
        spline([(0.08, 0.875), (0.3, 0.862), (0.6, 0.88), (0.92, 0.865), (0.92, 0.92), (0.08, 0.92)], closed=True),
    )
    foot, crown = np.array((0.52, 0.60)), []
    for ring, (reach, count, eye) in enumerate(((0.395, 15, 0.036), (0.30, 12, 0.031), (0.21, 9, 0.026))):
        turns = np.linspace(-np.pi * 1.07, np.pi * 0.07, count)
        crown.append((reach, turns, eye, ring))
    for reach, turns, eye, ring in crown:
        for turn in turns:
            tip = foot + reach * np.array((np.cos(turn), np.sin(turn)))
            add((GREEN, TEAL, GREEN)[ring], 0.0118, petal(*foot, turn, reach + eye * 1.45, eye * 2.5, 0.82))
            add(GOLD[1:5], 0.0105, disc(*tip, eye * 0.98))
            add(BLUE, 0.0098, disc(*tip, eye * 0.66))
            add((RED, TEAL[3:], RED)[ring], 0.0090, disc(*tip, eye * 0.30))
    add(
        BROWN,
        0.0100,
        stroke(bezier((0.49, 0.71), (0.485, 0.80)), 0.014),
        stroke(bezier((0.55, 0.71), (0.56, 0.80)), 0.014),
        stroke(bezier((0.455, 0.803), (0.515, 0.803)), 0.012),
        stroke(bezier((0.53, 0.803), (0.59, 0.803)), 0.012),
    )
    body = spline(
        [
            (0.52, 0.735),
            (0.43, 0.69),
            (0.415, 0.61),
            (0.455, 0.53),
            (0.47, 0.44),
            (0.455, 0.375),
            (0.475, 0.325),
            (0.515, 0.305),
            (0.555, 0.325),
            (0.57, 0.375),
            (0.565, 0.44),
            (0.585, 0.53),
            (0.625, 0.61),
            (0.61, 0.69),
        ],
        closed=True,
    )
    add(BLUE, 0.0112, body)
    add(
        TEAL,
        0.0105,
        spline([(0.52, 0.715), (0.46, 0.68), (0.455, 0.62), (0.52, 0.56), (0.585, 0.62), (0.58, 0.68)], closed=True),
    )
    for k, py in enumerate((0.60, 0.635, 0.67)):
        for j in range(4 - k % 2):
            add(GOLD[3:5], 0.0095, disc(0.52 + (j - 1.5 + 0.5 * (k % 2)) * 0.03, py, 0.0095, squash=0.8))
    add(
        WHITE,
        0.0095,
        spline([(0.482, 0.345), (0.503, 0.337), (0.513, 0.352), (0.498, 0.366), (0.482, 0.362)], closed=True),
        spline([(0.532, 0.352), (0.542, 0.337), (0.560, 0.345), (0.560, 0.362), (0.546, 0.366)], closed=True),
    )
    add(palette("#14110f", "#1d1a17"), 0.0085, disc(0.498, 0.352, 0.0075), disc(0.545, 0.352, 0.0075))
    add(GOLD[1:3], 0.0085, np.array([(0.508, 0.368), (0.536, 0.368), (0.522, 0.412)]))
    for turn in (-2.05, -1.81, -1.57, -1.33, -1.09):
        end = (0.518 + 0.085 * np.cos(turn), 0.315 + 0.085 * np.sin(turn))
        add(TEAL, 0.0080, stroke(bezier((0.518, 0.315), end, steps=8), 0.009))
        add(RED, 0.0085, disc(*end, 0.0135))
    for side in (-1, 1):
        stalk = bezier(
            (0.5 + side * 0.36, 0.80), (0.5 + side * 0.31, 0.74), (0.5 + side * 0.38, 0.66), (0.5 + side * 0.355, 0.62)
        )
        add(GREEN[2:3], 0.0095, stroke(stalk, 0.014))
        for k, turn in ((12, 0.6), (20, np.pi - 0.6), (28, 0.5)):
            add(GREEN, 0.0095, petal(*stalk[k], -turn, 0.055, 0.026))
        for k in range(6):
            add(WHITE if k % 2 else RED[1:], 0.0095, petal(*stalk[-1], k * np.pi / 3, 0.048, 0.036, 0.65))
        add(GOLD, 0.0085, disc(*stalk[-1], 0.015))
        for k in range(5):
            add(
                WHITE if k % 2 else STONE,
                0.0095,
                petal(0.5 + side * 0.21, 0.835, k * 2 * np.pi / 5 - 1.57, 0.034, 0.028, 0.65),
            )
        add(GOLD, 0.0085, disc(0.5 + side * 0.21, 0.835, 0.010))
    meadow = fill(size, [inner]) > 0.5
    return [
        ((fill(size, polygons) > 0.5) & (meadow if k in (4, 5) else True), colours, tile)
        for k, (polygons, colours, tile) in enumerate(parts)
    ]


class Wall:
    """Places tesserae where none lie yet; keeps corners, colours and tilts."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.taken = np.zeros((size, size), np.uint8)
        self.tiles: list[tuple[np.ndarray, np.ndarray]] = []

    def place(
        self, centre: np.ndarray, angle: float, tile: float, region: np.ndarray, colour: np.ndarray, most: float
    ) -> bool:
        c, s = np.cos(angle), np.sin(angle)
        half = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * tile / 2 * self.rng.uniform(0.86, 0.97, (4, 2))
        corners = centre + half @ np.array([[c, s], [-s, c]])
        shape = (corners * self.size).astype(np.int32)
        x0, y0 = np.clip(shape.min(0), 0, self.size - 1)
        x1, y1 = np.clip(shape.max(0) + 1, 1, self.size)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return False
        stamp = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillConvexPoly(stamp, shape - (x0, y0), 1)
        area = max(int(stamp.sum()), 1)
        bad = stamp & (self.taken[y0:y1, x0:x1] | ~region[y0:y1, x0:x1] & 1)
        if bad.sum() > most * area:
            return False
        self.taken[y0:y1, x0:x1] |= stamp
        self.tiles.append((corners, colour))
        return True


def lay_region(wall: Wall, owned: np.ndarray, colours: np.ndarray, tile: float) -> None:
    size, rng = wall.size, wall.rng
    padded = np.pad(owned, 1)
    deep = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1] / size
    for k in range(400):
        level = tile * (k + 0.55)
        if level > deep.max():
            break
        base = colours[rng.integers(len(colours))]
        for contour in find_contours(np.pad(deep, 1), level):
            points = contour[:, ::-1] / size
            run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
            count = max(1, round(run[-1] / (tile * 1.02)))
            at = (np.arange(count) + 0.5) * run[-1] / count
            px, py = np.interp(at, run, points[:, 0]), np.interp(at, run, points[:, 1])
            ahead = np.interp(at + tile * 0.4, run, points[:, 0]) - np.interp(at - tile * 0.4, run, points[:, 0])
            down = np.interp(at + tile * 0.4, run, points[:, 1]) - np.interp(at - tile * 0.4, run, points[:, 1])
            for j in range(count):
                mixed = colours[rng.integers(len(colours))] * 0.6 + base * 0.4
                wall.place(np.array((px[j], py[j])), np.arctan2(down[j], ahead[j]), tile, owned, mixed, 0.20)
    for share in (0.8, 0.55):  # chips for what the rows left open
        free = (owned & (1 - cv2.dilate(wall.taken, np.ones((3, 3), np.uint8)))).astype(np.uint8)
        room = cv2.distanceTransform(np.pad(free, 1), cv2.DIST_L2, 5)[1:-1, 1:-1] / size
        for row, column in np.argwhere(room > tile * share * 0.36)[:: max(1, int(tile * size * 0.4))]:
            wall.place(
                np.array((column, row)) / size,
                rng.uniform(0, np.pi),
                tile * share,
                owned,
                colours[rng.integers(len(colours))],
                0.24,
            )


def render(size: int) -> np.ndarray:
    work, large = 1536, size * 2
    wall = Wall(work, np.random.default_rng(12))
    free = np.ones((work, work), np.uint8)
    for mask, colours, tile in reversed(regions(work)):  # front to back, so that small shapes keep whole rows
        owned = (mask & (free > 0)).astype(np.uint8)
        free[mask] = 0
        if owned.any():
            lay_region(wall, owned, colours, tile)
    unit = large / 1536
    rng = np.random.default_rng(13)
    x, y = plane(large)
    colour = (
        np.broadcast_to(palette("#3a2f2b")[0], (large, large, 3)).astype(np.float32)
        * (0.8 + 0.5 * fbm(large, 90, 3, 3))[..., None]
    )
    colour = np.ascontiguousarray(colour)
    face, tilt = np.zeros((large, large), np.float32), np.zeros((large, large), np.float32)
    for corners, base in wall.tiles:
        fixed = pixels(corners, large)
        golden = base[0] > 1.45 * base[2] and base[1] > 0.45
        lean = rng.normal(0, 0.30 if golden else 0.10)
        shade = np.clip(base * rng.uniform(0.84, 1.10) + rng.normal(0, 0.022, 3), 0, 1)
        if golden and rng.random() < 0.16:
            shade = np.clip(shade * 1.15 + 0.16, 0, 1)
        cv2.fillConvexPoly(colour, fixed, shade.tolist(), cv2.LINE_8, 5)
        cv2.fillConvexPoly(face, fixed, 1.0, cv2.LINE_8, 5)
        cv2.fillConvexPoly(tilt, fixed, lean, cv2.LINE_8, 5)
    deep = cv2.distanceTransform((face > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / unit
    bevel = smoothstep(0, 5.5, deep) + 0.05 * fbm(large, 170, 5, 2)
    light = relief(cv2.GaussianBlur(bevel, (0, 0), 0.9 * unit), 5.5 * unit)
    sheen = 0.12 * np.exp(-((x + y - 0.75) ** 2) / 0.18)
    picture = colour * (1 + 0.42 * light + face * (0.55 * tilt + sheen) + 0.03 * grain(large, 6, 1.6 * unit))[..., None]
    picture = picture + 0.10 * (np.clip(tilt - 0.25, 0, 1) * face)[..., None]
    shadow = cv2.GaussianBlur(np.roll(face, (round(3 * unit), round(3 * unit)), (0, 1)), (0, 0), 2 * unit)
    return shrink(np.clip(picture * (1 - 0.45 * shadow * (1 - face))[..., None], 0, 1), size)
