"""Batik: cloth waxed, dyed indigo, waxed again and dyed brown; the cracked wax lets dark veins through."""

import cv2
import numpy as np
from scipy.spatial import cKDTree

from .colour import over, rgb, smoothstep
from .noise import fbm, grain, warp
from .shapes import bezier, disc, fill, inside, petal, plane, shrink, spline, stroke, window

TITLE_EN = "Batik: lotus and birds on indigo"
TITLE_ZH = "蜡染:靛蓝莲与鸟"
METHOD = "wax resist in distance bands, dotted isen lines, warped Voronoi crackle, woven cloth"

CREAM, SKY, INDIGO, NIGHT = rgb("#f1e3c3"), rgb("#5f93b8"), rgb("#1e3f74"), rgb("#101f45")
SOGA, RUST = rgb("#a8602a"), rgb("#6e3216")


class Cloth:
    def __init__(self, size: int) -> None:
        self.size = size
        self.dye = np.full((size, size, 3), INDIGO, np.float32)

    def motif(
        self, polygons: list[np.ndarray], body: np.ndarray, core: np.ndarray, veins: np.ndarray | None = None
    ) -> None:
        """A shape inside a cream wax line, a dark line, then `body` shading to `core`."""
        part = window(self.size, polygons)
        mask = fill(self.size, polygons, part)
        deep = inside(mask, self.size)
        dye = over(
            self.dye[part], NIGHT, smoothstep(0.0, 0.5, cv2.GaussianBlur(mask, (0, 0), self.size * 0.005)) * 0.85
        )
        dye = over(dye, CREAM, mask)
        dye = over(dye, body, mask * smoothstep(0.0048, 0.0056, deep))
        dye = over(dye, core, mask * smoothstep(0.010, 0.034, deep) * 0.9)
        if veins is not None:
            dye = over(dye, CREAM, mask * veins[part] * smoothstep(0.009, 0.010, deep))
        self.dye[part] = dye

    def dots(self, centres: np.ndarray, radius: float, colour: np.ndarray = CREAM) -> None:
        spots = [disc(px, py, radius, 20) for px, py in centres]
        part = window(self.size, spots)
        self.dye[part] = over(self.dye[part], colour, fill(self.size, spots, part))

    def beads(self, curve: np.ndarray, gap: float, radius: float, colour: np.ndarray = CREAM) -> None:
        run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
        at = np.arange(0, run[-1], gap)
        self.dots(np.stack([np.interp(at, run, curve[:, 0]), np.interp(at, run, curve[:, 1])], 1), radius, colour)


def lotus(cloth: Cloth, cx: float, cy: float, scale: float) -> None:
    x, y = plane(cloth.size)
    turn, far = np.arctan2(y - cy, x - cx), np.hypot(x - cx, y - cy) / scale
    fan = smoothstep(0.80, 0.95, np.cos(turn * 90))
    for count, length, width, shift, body, core in (
        (16, 0.285, 0.095, 0.5, INDIGO, SKY),
        (16, 0.235, 0.085, 0.0, SOGA, RUST),
        (12, 0.17, 0.08, 0.5, CREAM, SOGA),
        (8, 0.11, 0.075, 0.0, SKY, INDIGO),
    ):
        for k in range(count):
            angle = (k + shift) / count * 2 * np.pi
            shape = petal(cx, cy, angle, length * scale, width * scale, 0.68)
            cloth.motif([shape], body, core, fan * (np.abs(far - length * 0.62) < length * 0.22))
            tip = np.array([cx + length * 0.80 * scale * np.cos(angle), cy + length * 0.80 * scale * np.sin(angle)])
            cloth.dots(tip[None], 0.0055 * scale)
    cloth.motif([disc(cx, cy, 0.05 * scale)], SOGA, RUST)
    seeds = [
        (cx + 0.011 * scale * np.sqrt(k) * np.cos(k * 2.4), cy + 0.011 * scale * np.sqrt(k) * np.sin(k * 2.4))
        for k in range(13)
    ]
    cloth.dots(np.array(seeds), 0.0036 * scale)
    for reach, many in ((0.31, 76), (0.335, 84)):
        ring = np.linspace(0, 2 * np.pi, many, endpoint=False)
        cloth.dots(np.stack([cx + reach * scale * np.cos(ring), cy + reach * scale * np.sin(ring)], 1), 0.0042 * scale)


def bird(cloth: Cloth, at, flip: int) -> None:
    def put(points: np.ndarray) -> np.ndarray:
        return np.asarray(points) * (flip, 1) * 1.15 + at

    x, y = plane(cloth.size)
    stripes = smoothstep(0.3, 0.6, np.cos((x * flip + y * 0.6) * 420))
    for k in range(5):
        start = (-0.06, 0.015 + 0.004 * k)
        tail = bezier(
            start, (-0.15, 0.06 - 0.035 * k), (-0.19, -0.02 - 0.02 * k), (-0.215 + 0.012 * k, 0.075 - 0.045 * k)
        )
        cloth.motif(
            [put(stroke(tail, 0.026 * np.sin(np.pi * np.linspace(0.06, 0.97, 40) ** 1.5) + 0.004))],
            (SOGA, SKY)[k % 2],
            RUST,
        )
        cloth.dots(put(tail[-7:-6]), 0.005)
    body = spline(
        [
            (-0.08, 0.01),
            (-0.03, -0.045),
            (0.035, -0.055),
            (0.065, -0.10),
            (0.10, -0.115),
            (0.128, -0.098),
            (0.155, -0.09),
            (0.127, -0.082),
            (0.105, -0.045),
            (0.085, 0.0),
            (0.03, 0.035),
            (-0.03, 0.035),
        ],
        closed=True,
    )
    cloth.motif([put(body)], SOGA, SOGA)
    wing = spline(
        [(0.04, -0.03), (0.0, -0.045), (-0.05, -0.03), (-0.115, -0.055), (-0.07, 0.0), (-0.01, 0.018), (0.035, 0.005)],
        closed=True,
    )
    cloth.motif([put(wing)], CREAM, SKY, stripes)
    cloth.dots(put([(0.108, -0.096)]), 0.006)
    cloth.dots(put([(0.108, -0.096)]), 0.003, NIGHT)
    for turn in (-2.2, -1.8, -1.4):
        crest = bezier(
            (0.095, -0.11),
            (0.095 + 0.03 * np.cos(turn), -0.11 + 0.03 * np.sin(turn)),
            (0.085 + 0.045 * np.cos(turn), -0.11 + 0.045 * np.sin(turn)),
            steps=12,
        )
        cloth.dye = over(cloth.dye, CREAM, fill(cloth.size, [put(stroke(crest, 0.004))]))
        cloth.dots(put(crest[-1:]), 0.0052)
    cloth.beads(put(bezier((-0.05, 0.005), (0.0, 0.032), (0.07, -0.01), (0.09, -0.06))), 0.011, 0.0026)


def crackle(size: int, seed: int) -> np.ndarray:
    """Veins where waxed cloth was crumpled: [0, 1], 1 in the middle of a crack."""
    x, y = plane(size)
    rng = np.random.default_rng(seed)
    veins = np.zeros((size, size), np.float32)
    for count, width, share in ((34, 0.0024, 0.0), (150, 0.0016, 0.38), (520, 0.0010, 0.52)):
        points = rng.random((count, 2)) * 1.2 - 0.1
        small = 768
        sx, sy = plane(small)
        wx = sx + 0.075 * (fbm(small, 7, seed + count) - 0.5) + 0.016 * (fbm(small, 40, seed + 5) - 0.5)
        wy = sy + 0.075 * (fbm(small, 7, seed + count + 1) - 0.5) + 0.016 * (fbm(small, 40, seed + 6) - 0.5)
        far, _ = cKDTree(points).query(np.stack([wx.ravel(), wy.ravel()], 1), k=2)
        gap = cv2.resize(
            (far[:, 1] - far[:, 0]).reshape(small, small).astype(np.float32),
            (size, size),
            interpolation=cv2.INTER_CUBIC,
        )
        thick = width * (0.5 + 1.3 * fbm(size, 12, seed + count + 2))
        there = smoothstep(share, share + 0.12, fbm(size, 6, seed + count + 3))
        veins = np.maximum(veins, smoothstep(1.0, 0.35, gap / (2 * thick)) * there)
        veins = np.maximum(veins, 0.30 * smoothstep(1.0, 0.0, gap / (9 * thick)) * there)
    return veins


def render(size: int) -> np.ndarray:
    large = size * 2
    cloth = Cloth(large)
    x, y = plane(large)
    cloth.dye = over(cloth.dye, NIGHT, smoothstep(0.35, 0.75, fbm(large, 5, 2)) * 0.8)
    grid = np.stack(np.meshgrid(np.arange(46), np.arange(46)), -1).reshape(-1, 2).astype(float)
    grid[:, 0] += 0.5 * (grid[:, 1] % 2)
    cloth.dots(grid / 44 + 0.3 / 44, 0.0022, SKY)
    rng = np.random.default_rng(3)
    for px, py in (
        (0.22, 0.37),
        (0.78, 0.37),
        (0.5, 0.075),
        (0.33, 0.165),
        (0.67, 0.165),
        (0.16, 0.46),
        (0.84, 0.46),
        (0.28, 0.70),
        (0.72, 0.70),
        (0.5, 0.80),
        (0.40, 0.80),
        (0.60, 0.80),
        (0.10, 0.32),
        (0.90, 0.32),
        (0.10, 0.70),
        (0.90, 0.70),
        (0.10, 0.93),
        (0.90, 0.93),
        (0.39, 0.93),
        (0.61, 0.93),
        (0.22, 0.21),
        (0.78, 0.21),
    ):
        turn = rng.uniform(0, np.pi)
        for k in range(5):
            cloth.motif([petal(px, py, turn + k * 2 * np.pi / 5, 0.040, 0.026, 0.65)], SKY, INDIGO)
        cloth.motif([disc(px, py, 0.0125)], SOGA, RUST)
        ring = np.linspace(0, 2 * np.pi, 15, endpoint=False)
        cloth.dots(np.stack([px + 0.051 * np.cos(ring), py + 0.051 * np.sin(ring)], 1), 0.0024)
    for start, bends in (
        ((0.5, 0.62), [(0.30, 0.86), (0.05, 0.80), (0.08, 0.58)]),
        ((0.5, 0.62), [(0.70, 0.86), (0.95, 0.80), (0.92, 0.58)]),
        ((0.5, 0.30), [(0.40, 0.10), (0.16, 0.05), (0.09, 0.20)]),
        ((0.5, 0.30), [(0.60, 0.10), (0.84, 0.05), (0.91, 0.20)]),
    ):
        vine = bezier(start, *bends, steps=60)
        cloth.dye = over(cloth.dye, NIGHT, fill(large, [stroke(vine, 0.022)]))
        cloth.dye = over(cloth.dye, CREAM, fill(large, [stroke(vine, 0.011)]))
        cloth.dye = over(cloth.dye, SOGA, fill(large, [stroke(vine, 0.005)]))
        way = np.gradient(vine, axis=0)
        for k in range(20, 60, 5):
            angle = np.arctan2(way[k, 1], way[k, 0])
            for side in (-1, 1):
                leaf = petal(
                    *vine[k], angle + side * rng.uniform(0.8, 1.1), rng.uniform(0.065, 0.09), 0.036, 0.5, side * -0.5
                )
                spine = np.abs(np.sin((x * np.cos(angle) + y * np.sin(angle)) * 330))
                cloth.motif(
                    [leaf],
                    (SOGA, SKY)[(k // 5 + (side > 0)) % 2],
                    (RUST, INDIGO)[(k // 5 + (side > 0)) % 2],
                    smoothstep(0.90, 0.98, spine),
                )
    for px, py in ((0.10, 0.57), (0.90, 0.57), (0.09, 0.20), (0.91, 0.20)):
        for k in range(8):
            cloth.motif([petal(px, py, k * np.pi / 4 + 0.39, 0.055, 0.034, 0.65)], SOGA, RUST)
        cloth.motif([disc(px, py, 0.018)], SKY, INDIGO)
        cloth.dots(np.array([(px, py)]), 0.006)
    lotus(cloth, 0.5, 0.445, 1.06)
    bird(cloth, (0.235, 0.845), 1)
    bird(cloth, (0.765, 0.845), -1)
    cloth.motif([petal(0.5, 0.93, -np.pi / 2 + t, 0.12, 0.045, 0.6) for t in (-0.9, 0.9)], SKY, INDIGO)
    cloth.motif([petal(0.5, 0.93, -np.pi / 2, 0.135, 0.06, 0.6)], SOGA, RUST)
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    along = np.where(np.minimum(x, 1 - x) < np.minimum(y, 1 - y), y, x)
    saw = np.abs(np.mod(along * 22, 1) - 0.5) * 2
    cloth.dye = over(cloth.dye, RUST, smoothstep(0.0502, 0.0498, edge))
    cloth.dye = over(
        cloth.dye, CREAM, (edge < 0.042) * smoothstep(-0.001, 0.001, 0.036 - 0.030 * saw - np.abs(edge - 0.004))
    )
    cloth.dye = over(
        cloth.dye, INDIGO, (edge < 0.042) * smoothstep(-0.001, 0.001, 0.028 - 0.030 * saw - np.abs(edge - 0.002))
    )
    cloth.dye = over(cloth.dye, CREAM, smoothstep(0.0030, 0.0022, np.abs(edge - 0.0515)))
    cloth.dye = warp(cloth.dye, 31, 0.0022, 30, 3)
    dye = cv2.GaussianBlur(cloth.dye, (0, 0), large / 1536 * 1.1)
    veins = crackle(large, 50)
    light = smoothstep(0.15, 0.55, dye.mean(-1))
    dye = over(dye, NIGHT * 1.1, veins * (0.35 + 0.57 * light))
    dye = over(dye, SKY * 1.15, 0.42 * veins * (1 - light))
    unit = large / 1536
    threads = 0.5 + 0.25 * (
        np.sin(x * 2 * np.pi * 240 + 3 * fbm(large, 30, 61)) + np.sin(y * 2 * np.pi * 240 + 3 * fbm(large, 30, 62))
    )
    blotch = 0.86 + 0.24 * fbm(large, 6, 63) + 0.012 * grain(large, 64, 1.5 * unit)
    return shrink(np.clip(dye * (blotch * (0.95 + 0.07 * threads))[..., None], 0, 1), size)
