"""Wave print: curling breakers in flat, graded (bokashi) inks with key-block contours on mulberry paper."""

import cv2
import numpy as np

from .colour import over, ramp, rgb, smoothstep
from .noise import fbm, grain
from .shapes import bezier, disc, fill, plane, shrink, spline, stroke, window
from .surface import fibres

TITLE_EN = "Wave print: breakers under a red sun"
TITLE_ZH = "浮世浪:红日下的巨浪"
METHOD = "layered spiral breakers, contour-parallel bands, scalloped foam, bokashi gradients and wood grain"

KEY = rgb("#16284a")
FOAM = rgb("#f6efdc")


class Print:
    def __init__(self, size: int) -> None:
        self.size = size
        x, y = plane(size)
        self.ink = ramp(
            y,
            [
                (0, "#2f4f86"),
                (0.10, "#6f93b0"),
                (0.26, "#d9d3b4"),
                (0.44, "#f3d9ae"),
                (0.60, "#efb58a"),
                (1, "#e89a78"),
            ],
        )
        self.x, self.y = x, y

    def put(self, polygons: list[np.ndarray], colour: np.ndarray, line: float = 0.0038) -> None:
        """One colour block with its key line."""
        part = window(self.size, polygons)
        mask = fill(self.size, polygons, part)
        ink = over(self.ink[part], colour[part] if np.ndim(colour) == 3 else colour, mask)
        if line:
            rims = [
                stroke(np.concatenate([p, p[:1]]), line * (0.7 + 0.5 * np.abs(np.sin(np.arange(len(p) + 1) * 0.21))))
                for p in polygons
            ]
            ink = over(ink, KEY, fill(self.size, rims, part))
        self.ink[part] = ink

    def foam(self, curve: np.ndarray, radius: np.ndarray | float, rng: np.random.Generator, claws: float = 0.0) -> None:
        """Scallops along a crest; `claws` long, crooked fingers reach out to its left and bend by the sign."""
        run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
        radii = np.broadcast_to(radius, len(curve))
        at, places = 0.0, []
        while at < run[-1]:
            r = float(np.interp(at, run, radii)) * rng.uniform(0.75, 1.25)
            places.append((at, r))
            at += r * 1.35
        way = np.gradient(curve, axis=0)
        for at, r in places:
            px, py = np.interp(at, run, curve[:, 0]), np.interp(at, run, curve[:, 1])
            ahead = np.arctan2(np.interp(at, run, way[:, 1]), np.interp(at, run, way[:, 0]))
            out = ahead - np.pi / 2
            if claws:
                for k in range(2):
                    reach, hook = abs(claws) * rng.uniform(0.6, 1.25), np.sign(claws) * rng.uniform(0.5, 1.2)
                    turn = out + np.sign(claws) * rng.normal(-0.35, 0.3)
                    tip = (px + reach * np.cos(turn + hook), py + reach * np.sin(turn + hook))
                    middle = (px + 0.75 * reach * np.cos(turn), py + 0.75 * reach * np.sin(turn))
                    finger = bezier((px, py), middle, tip, steps=14)
                    self.put([stroke(finger, r * 0.85 * np.linspace(1, 0.25, 14) ** (1 + 0.3 * k))], FOAM, 0.0028)
                    self.put([disc(*tip, r * 0.26, 18)], FOAM, 0.0024)
        lumps = []
        for at, r in places:
            centre = np.array([np.interp(at, run, curve[:, 0]), np.interp(at, run, curve[:, 1])])
            lumps += [(centre + rng.normal(0, 0.45, 2) * r, r * rng.uniform(0.45, 1.15)) for _ in range(3)]
        part = window(self.size, [disc(*c, r) for c, r in lumps])
        ink = over(self.ink[part], KEY, fill(self.size, [disc(*c, r + 0.0026, 40) for c, r in lumps], part))
        ink = over(ink, FOAM, fill(self.size, [disc(*c, r, 40) for c, r in lumps], part))
        curls = []
        for c, r in lumps[::2]:
            angle, sweep = rng.uniform(0, 6.28), rng.uniform(1.5, 3.2)
            t = np.linspace(angle, angle + sweep, 14)
            curls.append(
                stroke(
                    np.stack([c[0] + r * 0.62 * np.cos(t), c[1] + r * 0.62 * np.sin(t)], 1),
                    0.0024 * np.sin(np.pi * np.linspace(0.08, 0.95, 14)),
                )
            )
        self.ink[part] = over(ink, rgb("#3f78a8"), 0.9 * fill(self.size, curls, part))

    def body(
        self, polygon: np.ndarray, guide: np.ndarray, bands: int, dark: str, light: str, phase: float = 0.0
    ) -> None:
        """A wave's water: bands that swell along the `guide` curve, graded from crest to foot."""
        part = window(self.size, [polygon])
        mask = fill(self.size, [polygon], part)
        thread = fill(self.size, [stroke(guide, 0.003)], part)
        deep = cv2.distanceTransform((thread < 0.5).astype(np.uint8), cv2.DIST_L2, 5) / self.size
        deep = deep + 0.005 * np.sin(self.y[part] * 34 + self.x[part] * 19)
        grade = np.clip((self.y[part] - polygon[:, 1].min()) / np.ptp(polygon[:, 1]), 0, 1)
        colour = ramp(grade, [(0, light), (0.75, dark), (1, dark)])
        wave = np.abs(np.mod(deep * bands + phase, 1) - 0.5) * 2
        thick = 0.20 + 0.26 * (1 - grade)
        colour = over(colour, rgb("#e9e6d2"), smoothstep(thick, thick - 0.12, wave) * 0.92)
        colour = over(colour, rgb("#4f8fb5"), smoothstep(0.10, 0.0, np.abs(wave - thick - 0.20)) * 0.75)
        ink = over(self.ink[part], colour, mask)
        self.ink[part] = over(ink, KEY, fill(self.size, [stroke(np.concatenate([polygon, polygon[:1]]), 0.0045)], part))


def breaker(
    page: Print,
    at: tuple[float, float],
    scale: float,
    flip: int,
    rng: np.random.Generator,
    tones: tuple[str, str],
    bands: int,
) -> None:
    """A curling wave that rises from the left and breaks to the right (flip = -1: the other way)."""

    def put(points: np.ndarray) -> np.ndarray:
        return np.asarray(points) * (scale * flip, scale) + at

    back = spline(
        [
            (-0.62, 0.50),
            (-0.50, 0.30),
            (-0.38, 0.06),
            (-0.22, -0.16),
            (0.00, -0.27),
            (0.20, -0.25),
            (0.33, -0.13),
            (0.355, 0.02),
        ]
    )
    hollow = spline(
        [
            (0.355, 0.02),
            (0.29, -0.075),
            (0.19, -0.12),
            (0.06, -0.09),
            (-0.05, 0.03),
            (-0.08, 0.18),
            (-0.01, 0.33),
            (0.14, 0.43),
            (0.36, 0.50),
        ]
    )
    page.body(put(np.concatenate([back, hollow])), put(hollow), bands, *tones)
    lip = put(spline([(0.36, 0.03), (0.33, -0.02), (0.27, -0.085), (0.18, -0.125), (0.08, -0.10)]))
    crest = put(spline([(-0.30, -0.07), (-0.20, -0.185), (0.00, -0.285), (0.20, -0.265), (0.33, -0.14), (0.36, 0.02)]))
    n = len(crest)
    grow = np.linspace(0.35, 1.0, n)
    page.foam(lip if flip > 0 else lip[::-1], 0.022 * scale, rng, claws=0.10 * scale * flip)
    page.foam(crest if flip > 0 else crest[::-1], 0.034 * scale * (grow if flip > 0 else grow[::-1]), rng, claws=0.0)
    inner = put(spline([(-0.20, -0.11), (-0.05, -0.20), (0.12, -0.215), (0.25, -0.14), (0.31, -0.04)]))
    page.foam(inner, 0.020 * scale, rng)
    spray = put(np.array([(0.38, -0.05)]) + rng.normal(0, 1, (46, 2)) * (0.11, 0.12) + (0.04, -0.08))
    for px, py in spray:
        page.put([disc(px, py, rng.uniform(0.002, 0.0058) * scale**0.5, 16)], FOAM, 0.0022)


def swell(
    page: Print,
    level: float,
    height: float,
    phase: float,
    tones: tuple[str, str],
    bands: int,
    rng: np.random.Generator,
    foam: float,
) -> None:
    x = np.linspace(-0.05, 1.05, 220)
    lift = np.abs(np.sin(x * 5.2 + phase)) ** 1.5 * np.sign(np.sin(x * 5.2 + phase)) * 0.5 + 0.35 * np.sin(
        x * 11 + 2 * phase
    )
    crest = np.stack([x, level - height * lift], 1)
    page.body(np.concatenate([crest, [(1.1, 1.12), (-0.1, 1.12)]]), crest, bands, *tones, phase=phase)
    if foam:
        page.foam(crest[::2], foam * (0.45 + 0.7 * np.clip(lift[::2], 0, 1)), rng)


def crane(page: Print, cx: float, cy: float, s: float) -> None:
    left = spline(
        [(0, 0), (-0.3, -0.36), (-0.75, -0.50), (-1.1, -0.42), (-0.72, -0.30), (-0.40, -0.02), (-0.15, 0.12)],
        closed=True,
    )
    right = spline(
        [(0.05, 0.0), (0.20, -0.42), (0.55, -0.72), (0.92, -0.78), (0.66, -0.50), (0.42, -0.14), (0.16, 0.10)],
        closed=True,
    )
    body = spline(
        [
            (-0.35, 0.16),
            (-0.05, -0.02),
            (0.25, 0.02),
            (0.55, -0.10),
            (0.86, -0.16),
            (0.58, -0.03),
            (0.28, 0.12),
            (-0.05, 0.20),
        ],
        closed=True,
    )
    for shape in (left, right, body):
        page.put([shape * s + (cx, cy)], FOAM, 0.0026)
    tips = [left[40:72], right[36:64]]
    for tip in tips:
        page.put([stroke(tip * s + (cx, cy), 0.10 * s)], KEY, 0)
    page.put([disc(cx + 0.80 * s, cy - 0.155 * s, 0.06 * s, 16)], rgb("#c83a2a"), 0)
    for k in (0.0, 0.04):
        page.put([stroke(np.array([(-0.30, 0.16), (-0.85, 0.26 + k)]) * s + (cx, cy), 0.0026)], KEY, 0)


def render(size: int) -> np.ndarray:
    large = size * 2
    page = Print(large)
    rng = np.random.default_rng(15)
    x, y = plane(large)
    sun = fill(large, [disc(0.66, 0.30, 0.155, 160)])
    shade = ramp((y - 0.145) / 0.31, [(0, "#b3202a"), (0.55, "#d94a2f"), (1, "#f0a070")])
    page.ink = over(page.ink, shade, sun)
    for level, left, right, seed in (
        (0.205, 0.45, 1.1, 1),
        (0.245, 0.62, 1.1, 2),
        (0.37, 0.40, 0.83, 3),
        (0.405, 0.52, 1.1, 4),
        (0.115, -0.1, 0.30, 5),
        (0.15, -0.1, 0.42, 6),
    ):
        t = np.linspace(0, 1, 60)
        half = 0.013 * np.sin(np.pi * np.clip(t * 1.04, 0, 1)) ** 0.35 * (0.85 + 0.3 * np.sin(t * 9 + seed))
        px = left + (right - left) * t
        band = np.concatenate([np.stack([px, level - half], 1), np.stack([px, level + half], 1)[::-1]])
        page.put([band], rgb("#f6ead0"), 0.0022)
    island = np.concatenate(
        [
            spline(
                [
                    (0.50, 0.56),
                    (0.58, 0.515),
                    (0.63, 0.505),
                    (0.70, 0.46),
                    (0.735, 0.43),
                    (0.76, 0.43),
                    (0.80, 0.47),
                    (0.87, 0.51),
                    (0.93, 0.52),
                    (1.0, 0.56),
                ]
            )
        ]
    )
    page.put([island], ramp((y - 0.43) / 0.13, [(0, "#24406f"), (0.5, "#5f86a0"), (1, "#d9c7a0")]), 0.0035)
    page.put(
        [
            spline(
                [
                    (0.70, 0.462),
                    (0.735, 0.432),
                    (0.76, 0.432),
                    (0.797, 0.468),
                    (0.775, 0.463),
                    (0.76, 0.478),
                    (0.742, 0.46),
                    (0.722, 0.475),
                ],
                closed=True,
            )
        ],
        FOAM,
        0.0026,
    )
    for cx, cy, s in ((0.42, 0.13, 0.075), (0.535, 0.085, 0.055), (0.86, 0.10, 0.06)):
        crane(page, cx, cy, s)
    swell(page, 0.565, 0.022, 0.6, ("#2f5f95", "#7fb0c0"), 46, rng, 0.008)
    swell(page, 0.635, 0.035, 2.0, ("#244f88", "#5f9ab8"), 36, rng, 0.011)
    breaker(page, (0.86, 0.665), 0.46, -1, rng, ("#1f4a80", "#4f8fb5"), 48)
    swell(page, 0.775, 0.045, 3.7, ("#1f4680", "#4f93b8"), 30, rng, 0.014)
    breaker(page, (0.34, 0.475), 0.90, 1, rng, ("#16386e", "#3f86b0"), 27)
    swell(page, 0.885, 0.050, 5.3, ("#122f60", "#3a78a8"), 24, rng, 0.020)
    swell(page, 0.985, 0.042, 0.9, ("#0f2650", "#2f6a9a"), 22, rng, 0.017)
    unit = large / 1536
    ring = 0.5 + 0.5 * np.sin(120 * (y + 0.16 * fbm(large, (2, 5), 41)) + 8 * fbm(large, (3, 40), 42, 3))
    worn = 0.94 + 0.06 * ring + 0.014 * grain(large, 43, 1.4 * unit)
    paper = over(
        page.ink * worn[..., None],
        rgb("#efe0bd"),
        0.10 + 0.14 * smoothstep(0.5, 0.9, fbm(large, 60, 44, 3)) + 0.25 * fibres(large, 45, 700),
    )
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    paper = over(paper, KEY, smoothstep(0.0265, 0.0255, edge))
    paper = over(
        paper,
        rgb("#efe2c3") * (0.97 + 0.03 * ring)[..., None],
        smoothstep(0.0215, 0.0205, edge + 0.0008 * (fbm(large, 60, 46) - 0.5)),
    )
    return shrink(np.clip(cv2.GaussianBlur(paper, (0, 0), 0.7 * unit), 0, 1), size)
