"""Silk embroidery: satin stitches follow each petal and feather, and shine by their direction to the light."""

import cv2
import numpy as np
from scipy.spatial import cKDTree

from .colour import over, palette, ramp, rgb, smoothstep
from .noise import fbm, grain
from .shapes import SHIFT, bezier, disc, fill, inside, petal, plane, shrink, spline, stroke, window
from .surface import relief

TITLE_EN = "Silk embroidery: koi among peonies"
TITLE_ZH = "丝绣:锦鲤与牡丹"
METHOD = "direction fields per shape, long-and-short satin stitches with directional sheen on woven silk"


class Hoop:
    """What each pixel wants: colour, stitch direction and order of sewing (0 = bare cloth)."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.colour = np.zeros((size, size, 3), np.float32)
        self.angle = np.zeros((size, size), np.float32)
        self.order = np.zeros((size, size), np.int32)
        self.count = 0

    def sew(
        self,
        polygons: list[np.ndarray],
        colour: np.ndarray,
        angle: np.ndarray | float,
        part: tuple[slice, slice] | None = None,
    ) -> None:
        """A shape in satin stitch; maps of colour and angle cover the whole cloth, or `part` of it if given."""
        given, part = part, part or window(self.size, polygons)
        mask = fill(self.size, polygons, part) > 0.5
        self.count += 1
        for field, value, rank in ((self.colour, colour, 3), (self.angle, angle, 2)):
            if np.ndim(value) == rank:
                value = (value if given else value[part])[mask]
            field[part][mask] = value
        self.order[part][mask] = self.count


def leaf(
    hoop: Hoop,
    x0: float,
    y0: float,
    turn: float,
    length: float,
    width: float,
    stops: tuple[str, str],
    bend: float = 0.0,
) -> None:
    x, y = plane(hoop.size)
    shape = petal(x0, y0, turn, length, width, 0.5, bend)
    along = ((x - x0) * np.cos(turn + bend / 2) + (y - y0) * np.sin(turn + bend / 2)) / length
    side = -(x - x0) * np.sin(turn + bend * along) + (y - y0) * np.cos(turn + bend * along)
    tone = ramp(np.clip(0.2 + 0.5 * along + 0.25 * np.sign(side), 0, 1), [(0, stops[0]), (1, stops[1])])
    hoop.sew([shape], tone, turn + bend * along + np.sign(side) * 0.75)
    spine = shape[: len(shape) // 2] * 0.5 + shape[len(shape) // 2 :][::-1] * 0.5
    hoop.sew([stroke(spine, 0.0042)], rgb(stops[1]) * 1.1, turn)


def peony(hoop: Hoop, cx: float, cy: float, r: float, stops: tuple[str, str, str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = plane(hoop.size)
    for ring, (reach, count, wide) in enumerate(
        ((1.0, 9, 0.78), (0.80, 8, 0.70), (0.60, 7, 0.56), (0.42, 6, 0.42), (0.27, 5, 0.30))
    ):
        for k in range(count):
            turn = 2 * np.pi * (k + 0.5 * (ring % 2)) / count + rng.normal(0, 0.08)
            foot = (cx + 0.10 * r * np.cos(turn), cy + 0.10 * r * np.sin(turn))
            shape = petal(*foot, turn, reach * r * rng.uniform(0.9, 1.06), wide * r, 0.72, rng.normal(0, 0.15))
            shape = shape + 0.012 * r * np.sin(np.arange(len(shape)) * 1.4)[:, None]
            part = window(hoop.size, [shape])
            deep = inside(fill(hoop.size, [shape], part), hoop.size)
            far = np.hypot(x[part] - cx, y[part] - cy) / (reach * r)
            tone = np.clip(
                1.05 * far - 0.05 + 0.10 * rng.normal() - 0.25 * smoothstep(0.008, 0.0, deep) * (ring < 4), 0, 1
            )
            hoop.sew(
                [shape],
                ramp(tone, [(0, stops[0]), (0.55, stops[1]), (1, stops[2])]),
                np.arctan2(y[part] - foot[1], x[part] - foot[0]),
                part,
            )
    for k in range(34):
        turn, reach = k * 2.4, 0.17 * r * np.sqrt(k / 34)
        hoop.sew(
            [disc(cx + reach * np.cos(turn), cy + reach * np.sin(turn), 0.022 * r, 14)],
            palette("#f9d24a", "#e8a02a", "#fff0a0")[k % 3],
            turn,
        )


def koi(hoop: Hoop, curve: np.ndarray, girth: float, seed: int, patches: tuple[str, str, str]) -> None:
    x, y = plane(hoop.size)
    n = len(curve)
    t = np.linspace(0, 1, n)
    way = np.gradient(curve, axis=0)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    width = girth * np.interp(t, [0, 0.05, 0.16, 0.32, 0.55, 0.80, 1.0], [0.30, 0.66, 0.90, 1.0, 0.78, 0.40, 0.20])
    body = stroke(curve, width)
    index = cKDTree(curve).query(np.stack([x.ravel(), y.ravel()], 1))[1].reshape(x.shape)
    heading = np.arctan2(way[:, 1], way[:, 0])[index]
    side = ((x - curve[index, 0]) * -way[index, 1] + (y - curve[index, 1]) * way[index, 0]) / width[index] * 2
    place = t[index]

    def fin(k: int, turn: float, length: float, wide: float, spread: int) -> None:
        foot, ahead = curve[k], np.arctan2(way[k, 1], way[k, 0])
        far, ray = np.hypot(x - foot[0], y - foot[1]) / length, np.arctan2(y - foot[1], x - foot[0])
        shade = ramp(far, [(0, patches[0]), (0.5, patches[2]), (1, "#fff8ec")])
        for j in range(spread):
            a = ahead + turn + (j - (spread - 1) / 2) * 0.26
            blade = petal(
                *foot,
                a,
                length * (1 - 0.07 * abs(j - spread / 2)),
                wide,
                0.7,
                0.25 * np.sign(turn) if abs(turn) < 3 else 0.2 * (j - 1.5),
            )
            hoop.sew([blade], shade, ray)

    fin(n - 3, 0.0, girth * 1.55, girth * 0.44, 5)
    for sign in (-1, 1):
        fin(int(n * 0.28), sign * 1.15 + 0.0, girth * 1.0, girth * 0.34, 3)
        fin(int(n * 0.62), sign * 0.9, girth * 0.58, girth * 0.22, 2)
    spots = smoothstep(0.50, 0.56, fbm(hoop.size, 7, seed, 2) + 0.16 * np.cos(place * 17 + seed) - 0.06)
    row = place * 30
    scale = np.hypot(np.mod(row, 1) - 0.5, np.mod(side * 3.2 + 0.5 * (np.floor(row) % 2), 1) - 0.5)
    base = over(
        ramp(np.abs(side), [(0, "#fffaf0"), (0.7, "#f6e4cc"), (1, "#d9b48f")]),
        ramp(np.abs(side), [(0, patches[1]), (1, patches[0])]),
        spots,
    )
    base = base * (1 - 0.20 * smoothstep(0.36, 0.5, scale) * (place > 0.17))[..., None]
    hoop.sew([body], base, heading + 0.30 * np.clip(side, -1, 1))
    back = stroke(
        curve[int(n * 0.30) : int(n * 0.66)],
        width[int(n * 0.30) : int(n * 0.66)]
        * 0.20
        * np.sin(np.pi * np.linspace(0.02, 0.98, int(n * 0.66) - int(n * 0.30))),
    )
    hoop.sew([back], rgb(patches[2]), heading + 0.5)
    for sign in (-1, 1):
        k = int(n * 0.085)
        eye = curve[k] + sign * 0.33 * width[k] * np.array([-way[k, 1], way[k, 0]])
        hoop.sew([disc(*eye, girth * 0.085, 18)], rgb("#f6d36a"), 0.3)
        hoop.sew([disc(*eye, girth * 0.048, 18)], rgb("#17130f"), 0.9)
        whisker = bezier(
            tuple(curve[1]),
            tuple(curve[1] - way[1] * girth * 0.2 + sign * girth * 0.3 * np.array([-way[1, 1], way[1, 0]])),
            tuple(curve[1] - way[1] * girth * 0.1 + sign * girth * 0.55 * np.array([-way[1, 1], way[1, 0]])),
            steps=14,
        )
        hoop.sew([stroke(whisker, 0.0042 * np.linspace(1, 0.5, 14))], rgb(patches[0]), 0.5)


def stitch(hoop: Hoop, canvas: np.ndarray, height: np.ndarray, rng: np.random.Generator) -> None:
    """Sew shape after shape; a stitch never leaves the shape it begins in."""
    size, zoom = canvas.shape[0], canvas.shape[0] / hoop.size
    unit = size / 1536
    gap = 3.4 * unit
    grid = np.stack(np.meshgrid(np.arange(0, size, gap * 2.6), np.arange(0, size, gap * 1.25)), -1).reshape(-1, 2)
    spots = np.clip(grid + rng.uniform(-0.5, 0.5, grid.shape) * gap * 2.4, 0, size - 1)
    cell = np.minimum((spots / zoom).astype(int), hoop.size - 1)
    order = hoop.order[cell[:, 1], cell[:, 0]]
    keep = order > 0
    spots, cell, order = spots[keep], cell[keep], order[keep]
    rank = np.lexsort((rng.random(len(order)), order))
    for k in rank:
        (px, py), (cx, cy), owner = spots[k], cell[k], order[k]
        turn = hoop.angle[cy, cx] + rng.normal(0, 0.035)
        c, s = np.cos(turn), np.sin(turn)
        ends = []
        for sign in (-1, 1):
            reach, limit = 0.0, rng.uniform(9, 19) * unit
            while reach < limit:
                nx, ny = int((px + sign * (reach + 2) * c) / zoom), int((py + sign * (reach + 2) * s) / zoom)
                if not (0 <= nx < hoop.size and 0 <= ny < hoop.size) or hoop.order[ny, nx] != owner:
                    break
                reach += 2 * max(unit, 0.5)
            ends.append((px + sign * reach * c, py + sign * reach * s))
        sheen = 0.93 + 0.20 * abs(np.sin(turn - 0.6)) + rng.normal(0, 0.045)
        shade = np.clip(hoop.colour[cy, cx] * sheen + rng.normal(0, 0.012, 3), 0, 1) * 255
        fixed = np.round(np.array(ends) * 2**SHIFT).astype(np.int32)
        a, b = tuple(map(int, fixed[0])), tuple(map(int, fixed[1]))
        cv2.line(canvas, a, b, (shade * 0.70).tolist(), max(2, round(gap * 1.05)), cv2.LINE_AA, SHIFT)
        cv2.line(canvas, a, b, shade.tolist(), max(1, round(gap * 0.68)), cv2.LINE_AA, SHIFT)
        cv2.line(height, a, b, int(rng.integers(150, 235)), max(1, round(gap * 0.68)), cv2.LINE_AA, SHIFT)


def render(size: int) -> np.ndarray:
    large = size * 2
    hoop = Hoop(768)
    x, y = plane(hoop.size)
    rng = np.random.default_rng(29)
    for cx, cy, many in ((0.50, 0.52, 5), (0.20, 0.40, 3), (0.80, 0.66, 3)):  # rings on the water, in gold thread
        for k in range(many):
            r = 0.10 + 0.075 * k
            for start in rng.uniform(0, 6.28, 4):
                t = np.linspace(start, start + rng.uniform(0.5, 1.1), 40)
                arc = np.stack([cx + r * np.cos(t), cy + 0.8 * r * np.sin(t)], 1)
                hoop.sew(
                    [stroke(arc, 0.0055 * np.sin(np.pi * np.linspace(0.03, 0.97, 40)))],
                    palette("#d9b45a", "#8fb8c0")[k % 2],
                    np.arctan2(0.8 * (x - cx), -(y - cy)),
                )
    koi(
        hoop,
        spline([(0.295, 0.275), (0.36, 0.325), (0.44, 0.35), (0.53, 0.345), (0.60, 0.37), (0.645, 0.43)], steps=14),
        0.135,
        61,
        ("#d93a1f", "#f2602f", "#ff9a5a"),
    )
    koi(
        hoop,
        spline([(0.725, 0.70), (0.65, 0.665), (0.57, 0.67), (0.48, 0.69), (0.41, 0.66), (0.365, 0.595)], steps=14),
        0.130,
        68,
        ("#e08a1a", "#f6b52f", "#ffe08a"),
    )
    for px, py, turn, length, width, bend in (
        (0.84, 0.30, 2.3, 0.20, 0.085, 0.3),
        (0.70, 0.14, 2.9, 0.19, 0.08, -0.3),
        (0.90, 0.38, 1.5, 0.18, 0.075, 0.4),
        (0.20, 0.72, -0.9, 0.20, 0.085, 0.3),
        (0.30, 0.87, -0.15, 0.20, 0.08, -0.3),
        (0.10, 0.64, -1.6, 0.18, 0.075, -0.4),
        (0.66, 0.06, 3.3, 0.15, 0.06, 0.3),
        (0.35, 0.94, 0.1, 0.16, 0.06, 0.2),
    ):
        leaf(hoop, px, py, turn, length, width, ("#1f5f4f", "#8fc07a"), bend)
    peony(hoop, 0.835, 0.165, 0.185, ("#b01f5f", "#f06a9a", "#ffe0e8"), 3)
    peony(hoop, 0.165, 0.845, 0.195, ("#8f1f4f", "#e0457f", "#ffc8d8"), 4)
    peony(hoop, 0.915, 0.875, 0.105, ("#e08a5a", "#ffd0a8", "#fff6e6"), 5)
    peony(hoop, 0.09, 0.115, 0.095, ("#e08a5a", "#ffd0a8", "#fff6e6"), 6)
    for px, py, turn in (
        (0.80, 0.92, 3.3),
        (0.90, 0.76, -1.8),
        (0.20, 0.10, 0.1),
        (0.10, 0.23, 1.5),
        (0.82, 0.82, -2.6),
    ):
        leaf(hoop, px, py, turn, 0.10, 0.045, ("#1f5f4f", "#8fc07a"))
    for _ in range(60):
        px, py = rng.random(2)
        if hoop.order[int(py * hoop.size), int(px * hoop.size)] == 0:
            hoop.sew(
                [petal(px, py, rng.uniform(0, 6.28), 0.024, 0.0095, 0.5)],
                palette("#f6b8c8", "#d9b45a", "#8fb8c0")[rng.integers(3)],
                rng.uniform(0, 3.14),
            )
    x, y = plane(large)
    order = cv2.resize(hoop.order.astype(np.float32), (large, large), interpolation=cv2.INTER_NEAREST)
    scales = np.full((large, large), 9.0, np.float32)  # damask of overlapping waves, tone on tone
    for row in range(26, -2, -1):
        centre = (np.round(x * 14 - 0.5 * (row % 2)) + 0.5 * (row % 2)) / 14
        far = np.hypot(x - centre, y - row / 24 - 0.02) * 14 / 0.5
        scales = np.where((far < 1) & (y < row / 24 + 0.02), far, scales)
    damask = (np.abs(np.mod(scales * 3, 1) - 0.5) < 0.22) & (scales < 1)
    silk = ramp(fbm(large, 3, 31) * 0.6 + 0.4 * y, [(0, "#123a4f"), (0.5, "#0f2c46"), (1, "#0b1d38")])
    weft = 0.5 + 0.5 * np.sin(y * 2 * np.pi * 256 + 2 * fbm(large, 20, 32))
    slub = fbm(large, (14, 256), 33, 2)
    cloth = (
        silk
        * (0.78 + 0.26 * weft * (0.6 + 0.8 * slub) + 0.42 * cv2.GaussianBlur(damask.astype(np.float32), (0, 0), 1.2))[
            ..., None
        ]
    )
    sewn = cv2.GaussianBlur((order > 0).astype(np.float32), (0, 0), 5 * large / 1536)
    cloth = cloth * (1 - 0.55 * np.roll(sewn, (round(4 * large / 1536), round(4 * large / 1536)), (0, 1)))[..., None]
    canvas = (np.clip(cloth, 0, 1) * 255).astype(np.uint8)
    height = np.zeros((large, large), np.uint8)
    stitch(hoop, canvas, height, rng)
    unit = large / 1536
    mound = cv2.GaussianBlur((order > 0).astype(np.float32), (0, 0), 4 * unit)
    light = relief(cv2.GaussianBlur(height.astype(np.float32) / 255, (0, 0), 0.8 * unit) + 1.5 * mound, 4.0 * unit)
    seam = cv2.GaussianBlur((cv2.dilate(order, np.ones((3, 3))) != order).astype(np.float32), (0, 0), 1.6 * unit)
    picture = canvas.astype(np.float32) / 255 * (1 + 0.26 * light - 0.35 * np.clip(seam, 0, 1) * (order > 0))[..., None]
    picture = picture + 0.14 * np.clip(light - 0.35, 0, 1)[..., None] * (order > 0)[..., None]
    return shrink(np.clip(picture + 0.006 * grain(large, 35)[..., None], 0, 1), size)
