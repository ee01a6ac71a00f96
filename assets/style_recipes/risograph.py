"""Risograph: three spot inks through rotated halftone screens, grainy and a little out of register."""

import numpy as np

from .colour import glaze, rgb, smoothstep
from .noise import fbm, grain, line
from .shapes import below, disc, fill, petal, plane, shrink, spline, stroke

TITLE_EN = "Risograph: desert noon with cacti"
TITLE_ZH = "孔版印刷:正午仙人掌"
METHOD = "three spot-colour plates, rotated halftone screens, grain, misregistration"

INKS = {"pink": rgb("#ff4f7a"), "yellow": rgb("#ffc928"), "blue": rgb("#1f4fb0")}


class Plates:
    """How much of each ink stands where, [0, 1]; a later shape replaces what it covers."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.cover = {name: np.zeros((size, size), np.float32) for name in INKS}

    def put(self, mask: np.ndarray, pink=0.0, yellow=0.0, blue=0.0) -> None:
        for name, amount in (("pink", pink), ("yellow", yellow), ("blue", blue)):
            self.cover[name] = self.cover[name] * (1 - mask) + mask * np.clip(amount, 0, 1)

    def add(self, mask: np.ndarray, ink: str, amount) -> None:
        self.cover[ink] = np.maximum(self.cover[ink], mask * np.clip(amount, 0, 1))


def capsule(x0: float, top: float, foot: float, half: float) -> np.ndarray:
    turn = np.linspace(np.pi, 2 * np.pi, 24)
    cap = np.stack([x0 + half * np.cos(turn), top + half + half * np.sin(turn)], 1)
    return np.concatenate([cap, [(x0 + half, foot), (x0 - half, foot)]])


def cactus(plates: Plates, x0: float, foot: float, s: float) -> None:
    x, y = plane(plates.size)
    trunk = capsule(x0, foot - 0.52 * s, foot, 0.066 * s)
    limbs = []
    for side, join, up, out in ((-1, 0.20, 0.37, 0.155), (1, 0.15, 0.43, 0.165)):
        elbow = spline(
            [
                (x0, foot - join * s),
                (x0 + side * out * 0.7 * s, foot - join * s),
                (x0 + side * out * s, foot - (join + 0.05) * s),
                (x0 + side * out * s, foot - up * s),
            ]
        )
        limbs += [stroke(elbow, 0.086 * s), disc(x0 + side * out * s, foot - up * s, 0.043 * s)]
    for polygons, half in ((limbs, 0.043 * s), ([trunk], 0.066 * s)):
        mask = fill(plates.size, polygons)
        centre = x0 if half > 0.05 * s else x0 + np.sign(x - x0) * 0.16 * s
        round_off = np.clip((x - centre) / half, -1, 1)
        ribs = 0.5 + 0.5 * np.cos(round_off * 11)
        plates.put(
            mask,
            0.10,
            0.95 - 0.45 * np.clip(round_off, 0, 1),
            0.42 + 0.40 * np.clip(round_off, -0.6, 1) + 0.25 * (ribs < 0.28),
        )
    rng = np.random.default_rng(int(x0 * 1000))
    spines = []
    for _ in range(int(150 * s)):
        px, py = x0 + rng.uniform(-0.055, 0.055) * s, foot - rng.uniform(0.02, 0.50) * s
        for turn in (-2.3, -1.57, -0.85):
            spines.append(
                stroke(np.array([(px, py), (px + 0.013 * s * np.cos(turn), py + 0.013 * s * np.sin(turn))]), 0.0024)
            )
    plates.put(fill(plates.size, spines) * 0.95, 0.0, 0.12, 0.0)
    for bx, by in ((x0, foot - 0.53 * s), (x0 - 0.155 * s, foot - 0.41 * s), (x0 + 0.165 * s, foot - 0.47 * s)):
        for k in range(7):
            plates.put(
                fill(plates.size, [petal(bx, by, np.pi + (k + 0.5) * np.pi / 7, 0.062 * s, 0.034 * s, 0.6)]),
                0.95 - 0.25 * (k % 2),
                0.35 * (k % 2),
                0.0,
            )
        plates.put(fill(plates.size, [disc(bx, by - 0.012 * s, 0.018 * s)]), 0.1, 1.0, 0.0)


def agave(plates: Plates, x0: float, foot: float, s: float) -> None:
    x, y = plane(plates.size)
    for k, turn in enumerate((-2.85, -0.3, -2.5, -0.64, -2.2, -0.95, -1.9, -1.25, -1.57)):
        leaf = petal(x0, foot, turn, s * (0.75 + 0.25 * abs(np.sin(turn))), 0.22 * s, 0.38, 0.12 * np.sign(turn + 1.57))
        mask = fill(plates.size, [leaf])
        along = np.clip(np.hypot(x - x0, y - foot) / s, 0, 1)
        plates.put(
            mask, 0.55 * smoothstep(0.65, 1.0, along), 0.75 - 0.3 * (k % 2), 0.25 + 0.5 * (1 - along) + 0.15 * (k % 2)
        )
        plates.add(fill(plates.size, [stroke(np.concatenate([leaf, leaf[:1]]), 0.004)]), "blue", 0.95)


def render(size: int) -> np.ndarray:
    large = size * 2
    plates = Plates(large)
    x, y = plane(large)
    axis = np.linspace(0, 1, 300)
    far, turn = np.hypot(x - 0.58, y - 0.33), np.arctan2(y - 0.33, x - 0.58)
    rays = 0.5 + 0.5 * np.sign(np.sin(turn * 18 + 0.3 * np.sin(far * 30)))
    plates.put(
        np.ones_like(x),
        0.12 + 0.55 * smoothstep(0.0, 0.62, y) + 0.10 * rays,
        0.20 + 0.60 * smoothstep(0.15, 0.6, y),
        0.55 * smoothstep(0.42, 0.0, y) + 0.06 * rays,
    )
    plates.put(smoothstep(0.262, 0.260, far), 0.30 + 0.15 * rays, 0.75, 0.0)
    plates.put(smoothstep(0.212, 0.210, far), 0.05, 0.45, 0.0)
    plates.put(fill(large, [disc(0.58, 0.33, 0.165, 160)]), 0.92 - 0.75 * smoothstep(0.49, 0.18, y), 0.95, 0.0)
    for cx, cy, wide in ((0.20, 0.15, 0.15), (0.90, 0.20, 0.11), (0.36, 0.28, 0.08)):
        puffs = [
            disc(cx + k * wide * 0.45, cy - 0.02 * (2 - abs(k)) * wide / 0.15, wide * (0.34 - 0.08 * abs(k)), 48, 0.8)
            for k in (-2, -1, 0, 1, 2)
        ]
        mask = fill(large, puffs) * smoothstep(cy + 0.022, cy + 0.020, y)
        plates.put(mask, 0.40 * smoothstep(cy - 0.04, cy + 0.02, y), 0.0, 0.10 * smoothstep(cy - 0.01, cy + 0.02, y))
    for heights, tones in (
        (
            [
                (0, 0.52),
                (0.06, 0.40),
                (0.10, 0.395),
                (0.20, 0.39),
                (0.24, 0.40),
                (0.29, 0.53),
                (0.36, 0.55),
                (0.5, 0.56),
                (0.75, 0.55),
                (0.79, 0.46),
                (0.82, 0.45),
                (0.91, 0.45),
                (0.94, 0.47),
                (0.98, 0.55),
                (1, 0.55),
            ],
            (0.75, 0.25, 0.45),
        ),
        (
            [
                (0, 0.58),
                (0.15, 0.57),
                (0.36, 0.59),
                (0.40, 0.50),
                (0.43, 0.49),
                (0.49, 0.495),
                (0.53, 0.59),
                (0.7, 0.60),
                (1, 0.575),
            ],
            (0.85, 0.55, 0.22),
        ),
    ):
        px, py = np.array(heights).T
        ridge = np.interp(axis, px, py) + 0.006 * line(axis, 30, 7, 2)
        mask = below(large, ridge)
        layers = 0.5 + 0.5 * np.sin((y + 0.006 * np.sin(x * 50)) * 150)
        shade = smoothstep(-0.2, 0.2, np.sin(x * 44 + 3 * fbm(large, (14, 3), 8)))
        plates.put(mask, tones[0] - 0.25 * layers * shade, tones[1] + 0.2 * shade, tones[2] * (0.4 + 0.8 * (1 - shade)))
    for level, swing, seed, (p, yl, b) in (
        (0.61, 0.018, 15, (0.55, 0.85, 0.0)),
        (0.68, 0.03, 18, (0.30, 0.75, 0.05)),
        (0.77, 0.035, 22, (0.72, 0.80, 0.08)),
    ):
        ridge = level + swing * line(axis, 3, seed, 2)
        depth = y - np.interp(x[0], axis, ridge)[None]
        mask = below(large, ridge)
        ripple = 0.5 + 0.5 * np.sin(
            (depth * 160 + 4 * np.sin(x * 9 + seed) + 3 * fbm(large, 6, seed)) * (1 - 0.5 * depth)
        )
        plates.put(
            mask,
            p * (0.55 + 1.6 * depth + 0.35 * ripple),
            yl,
            b + 0.55 * smoothstep(0.12, 0.0, depth) * smoothstep(0.0, 0.01, depth) * (ripple > 0.6),
        )
    shadow = fill(
        large,
        [
            spline([(0.24, 0.885), (0.50, 0.86), (0.66, 0.87), (0.50, 0.905), (0.26, 0.91)], closed=True),
            spline([(0.83, 0.77), (0.98, 0.755), (1.06, 0.765), (0.95, 0.785)], closed=True),
        ],
    )
    plates.add(shadow, "blue", 0.62)
    cactus(plates, 0.815, 0.775, 0.52)
    cactus(plates, 0.235, 0.895, 1.02)
    agave(plates, 0.60, 0.985, 0.20)
    agave(plates, 0.90, 0.995, 0.15)
    agave(plates, 0.06, 1.0, 0.13)
    rng = np.random.default_rng(3)
    pebbles = [
        disc(px, py, rng.uniform(0.003, 0.008), 20, 0.6)
        for px, py in zip(rng.random(70), rng.uniform(0.80, 0.99, 70), strict=True)
    ]
    plates.add(fill(large, pebbles), "blue", 0.85)
    paper = np.full((large, large, 3), rgb("#f7f1e3"), np.float32) * (0.985 + 0.02 * fbm(large, 50, 31))[..., None]
    unit = large / 1536
    picture = paper
    for k, (name, angle, shift) in enumerate(
        (("yellow", 0.0, (0, 0)), ("pink", 1.31, (3, -2)), ("blue", 0.785, (-3, 3)))
    ):
        cover = np.roll(plates.cover[name], (round(shift[0] * unit), round(shift[1] * unit)), (0, 1))
        c, s = np.cos(angle), np.sin(angle)
        rows = 58.0
        cell = 0.25 * (2 + np.cos((c * x + s * y) * 2 * np.pi * rows) + np.cos((-s * x + c * y) * 2 * np.pi * rows))
        printed = smoothstep(-0.10, 0.10, cover * 1.12 - 0.06 - (0.03 + 0.94 * cell))
        solid = smoothstep(0.90, 0.97, cover)
        printed = np.maximum(printed, solid)
        patchy = 0.80 + 0.22 * fbm(large, 7, 50 + k) - 0.06 * smoothstep(1.0, 2.2, grain(large, 60 + k, 2.6 * unit))
        picture = glaze(picture, INKS[name], printed * patchy)
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    return shrink(paper + (picture - paper) * smoothstep(0.0195, 0.0205, edge)[..., None], size)
