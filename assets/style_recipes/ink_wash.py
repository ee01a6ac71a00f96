"""Sumi-e: ranges of diluted ink fade into mist above a river; dry-brush rock strokes, a pine, a boat, a seal."""

import cv2
import numpy as np

from .colour import glaze, over, ramp, rgb, smoothstep
from .noise import fbm, grain, line, warp
from .shapes import below, bezier, disc, fill, inside, plane, shrink, spline, stroke
from .surface import fibres, relief

TITLE_EN = "Ink wash: pine above the misty river"
TITLE_ZH = "水墨:雾江孤松"
METHOD = "layered ridge washes with wet edges, mist, dry-brush texture strokes and fibrous paper"

INK = rgb("#23262b")


def ranges(size: int, picture: np.ndarray) -> np.ndarray:
    axis = np.linspace(0, 1, 600)
    _, y = plane(size)
    rng = np.random.default_rng(17)
    peaks = (
        (0.28, 0.10, 3, 0.24, 0.10),
        (0.36, 0.14, 7, 0.42, 0.13),
        (0.49, 0.16, 12, 0.68, 0.13),
        (0.66, 0.12, 15, 1.0, 0.11),
    )
    for level, swing, seed, density, reach in peaks:
        ridge = level - swing * (0.25 + line(axis, 3, seed, 3, 0.55)) + 0.009 * line(axis, 30, seed + 1, 4)
        mask = warp(below(size, ridge), seed + 40, 0.004, 40, 2)
        depth = y - np.interp((np.arange(size) + 0.5) / size, axis, ridge)[None]
        fade = np.exp(-np.clip(depth, 0, None) / reach)
        wash = mask * fade * (0.55 + 0.75 * fbm(size, (7, 5), seed + 2))
        edge = (
            mask * np.exp(-np.clip(depth, 0, None) / 0.006) * (0.25 + 0.75 * smoothstep(0.35, 0.7, fbm(size, 14, seed)))
        )
        picture = glaze(picture, INK, density * (1.0 * wash + 0.5 * edge))
        marks = np.zeros((size, size), np.float32)  # "hemp-fibre" strokes that run down the flanks from the ridge
        for _ in range(int(420 * (0.4 + density))):
            k = int(rng.integers(8, 591))
            slope = np.clip((ridge[k + 8] - ridge[k - 8]) / (axis[k + 8] - axis[k - 8]), -1.6, 1.6)
            drop = rng.exponential(reach * 0.38)
            start = np.array([axis[k], ridge[k] + drop])
            way = np.array([0.55 * slope + rng.normal(0, 0.12), 1.0])
            end = start + way * rng.uniform(0.02, 0.07)
            middle = (start + end) / 2 + (0.15 * slope * rng.uniform(0, 0.05), 0)
            body = stroke(
                bezier(start, middle, end, steps=14), 0.0055 * np.linspace(1, 0.12, 14) * rng.uniform(0.4, 1.3)
            )
            marks = np.maximum(marks, fill(size, [body]) * rng.uniform(0.25, 1.0) * np.exp(-drop / reach))
        dry = smoothstep(0.30, 0.62, fbm(size, (150, 90), seed + 5, 3) + 0.25 * marks)
        picture = glaze(
            picture, INK, density * 1.35 * cv2.GaussianBlur(marks, (0, 0), size / 1500) * (0.35 + 0.65 * dry) * mask
        )
    return picture


def pine(size: int, picture: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(23)
    cliff = spline(
        [
            (1.05, 0.60),
            (0.93, 0.615),
            (0.86, 0.65),
            (0.80, 0.665),
            (0.765, 0.70),
            (0.79, 0.76),
            (0.75, 0.83),
            (0.77, 0.90),
            (0.72, 1.05),
            (1.1, 1.1),
        ],
        closed=True,
    )
    rock = warp(fill(size, [cliff]), 71, 0.006, 30, 3)
    crack = smoothstep(0.42, 0.60, fbm(size, (22, 9), 72, 5))
    lit = smoothstep(0.0, 0.10, inside(fill(size, [cliff]))) * smoothstep(0.35, 0.65, fbm(size, (9, 5), 73))
    dry_rock = smoothstep(0.36, 0.60, fbm(size, (120, 40), 70, 4))
    picture = glaze(picture, INK, rock * (0.35 + 1.5 * crack * dry_rock + 0.7 * (1 - lit)))
    trunk = spline([(0.90, 0.64), (0.86, 0.56), (0.875, 0.48), (0.82, 0.42), (0.80, 0.35), (0.73, 0.31), (0.66, 0.30)])
    branches = [
        (trunk, 0.030),
        (spline([(0.862, 0.54), (0.78, 0.53), (0.71, 0.50), (0.63, 0.515)]), 0.014),
        (spline([(0.872, 0.47), (0.92, 0.43), (0.95, 0.38)]), 0.014),
        (spline([(0.82, 0.42), (0.74, 0.42), (0.69, 0.395), (0.62, 0.405)]), 0.012),
        (spline([(0.80, 0.35), (0.83, 0.28), (0.86, 0.25)]), 0.012),
    ]
    wood = np.zeros((size, size), np.float32)
    for curve, width in branches:
        t = np.linspace(0, 1, len(curve))
        knots = 1 + 0.22 * line(t, 12, int(width * 1e4), 2)
        wood = np.maximum(wood, fill(size, [stroke(curve, width * (1.08 - 0.85 * t) * knots)]))
    dry = 0.45 + 0.55 * smoothstep(0.3, 0.55, fbm(size, (50, 110), 74, 3))
    picture = glaze(picture, INK, 2.0 * wood * dry)
    needles, haze = np.zeros((size, size), np.float32), []
    for cx, cy, spread, many in (
        (0.66, 0.285, 0.055, 24),
        (0.74, 0.285, 0.05, 20),
        (0.63, 0.50, 0.045, 18),
        (0.70, 0.475, 0.05, 20),
        (0.615, 0.385, 0.04, 16),
        (0.69, 0.375, 0.045, 18),
        (0.95, 0.36, 0.04, 18),
        (0.86, 0.235, 0.05, 22),
        (0.80, 0.31, 0.04, 14),
        (0.78, 0.515, 0.04, 14),
        (0.92, 0.42, 0.035, 12),
    ):
        haze.append(disc(cx, cy, spread * 1.1, squash=0.45))
        for _ in range(many):
            px, py = cx + rng.normal(0, spread * 0.6), cy + rng.normal(0, spread * 0.22)
            fan = []
            for turn in np.linspace(-np.pi * 0.97, -np.pi * 0.03, 15) + rng.normal(0, 0.08, 15):
                reach = rng.uniform(0.016, 0.027)
                tip = (px + reach * np.cos(turn), py + reach * np.sin(turn) * 0.8)
                fan.append(stroke(bezier((px, py), tip, steps=4), np.array([0.0024, 0.0022, 0.0016, 0.0006])))
            needles = np.maximum(needles, fill(size, fan) * rng.uniform(0.45, 1.0))
    cloud = cv2.GaussianBlur(fill(size, haze), (0, 0), size / 60)
    picture = glaze(picture, INK, 0.38 * cloud * (0.5 + fbm(size, 12, 75)))
    return glaze(picture, INK, 1.9 * needles)


def render(size: int) -> np.ndarray:
    large = size * 2
    x, y = plane(large)
    picture = ramp(0.5 + (fbm(large, 4, 1) - 0.5) * 0.9, [(0, "#e3d6b8"), (0.5, "#efe5cd"), (1, "#f6efdd")])
    sun = warp(fill(large, [disc(0.235, 0.155, 0.066)]), 2, 0.004, 20, 3)
    tide = np.clip(sun - cv2.GaussianBlur(sun, (0, 0), large / 150), 0, 1)
    picture = glaze(picture, rgb("#cf3a24"), sun * (0.62 + 0.5 * fbm(large, 9, 3)) + 0.9 * tide)
    picture = glaze(picture, INK, 0.16 * smoothstep(0.25, 0.0, y) * fbm(large, (4, 3), 4))
    picture = ranges(large, picture)
    mist = np.exp(-(((y - 0.735 + 0.03 * np.sin(x * 5)) / 0.055) ** 2)) * smoothstep(0.2, 0.6, fbm(large, (3, 7), 5))
    picture = over(picture, rgb("#f2e9d3"), 0.8 * mist)
    water = smoothstep(0.76, 0.80, y)
    picture = over(picture, rgb("#e9dfc8"), 0.80 * water)
    flow = fbm(large, (3, 26), 6, 4)
    picture = glaze(picture, INK, water * (0.30 * smoothstep(0.48, 0.75, flow) + 0.22 * smoothstep(0.80, 1.0, y)))
    reeds, rng = [], np.random.default_rng(31)
    for foot, many in ((0.07, 26), (0.16, 16), (0.02, 14)):
        for _ in range(many):
            fx, lean, tall = foot + rng.normal(0, 0.03), rng.normal(0.03, 0.05), rng.uniform(0.05, 0.17)
            curve = bezier((fx, 1.01), (fx + lean * 0.2, 1 - tall * 0.6), (fx + lean, 1 - tall), steps=16)
            reeds.append(stroke(curve, 0.0052 * np.linspace(1, 0.08, 16)))
    picture = glaze(picture, INK, 1.35 * fill(large, reeds) * (0.5 + 0.5 * fbm(large, (40, 12), 9)))
    boat = [
        spline(
            [
                (0.335, 0.852),
                (0.36, 0.866),
                (0.42, 0.869),
                (0.465, 0.858),
                (0.482, 0.845),
                (0.46, 0.851),
                (0.40, 0.856),
            ],
            closed=True,
        ),
        stroke(bezier((0.43, 0.862), (0.432, 0.80), steps=8), 0.004),
        disc(0.4315, 0.812, 0.0065),
        spline([(0.418, 0.812), (0.432, 0.800), (0.446, 0.812)], closed=True),
        spline([(0.422, 0.858), (0.427, 0.822), (0.440, 0.822), (0.446, 0.858)], closed=True),
        stroke(bezier((0.452, 0.815), (0.50, 0.905), steps=8), 0.0022),
    ]
    picture = glaze(picture, INK, 2.1 * fill(large, boat))
    shade = fill(large, [spline([(0.34, 0.876), (0.41, 0.871), (0.48, 0.876), (0.42, 0.886)], closed=True)])
    picture = glaze(picture, INK, 0.5 * cv2.GaussianBlur(warp(shade, 33, 0.006, 40), (0, 0), large / 500))
    birds = []
    for bx, by, wing in (
        (0.40, 0.135, 0.020),
        (0.445, 0.115, 0.017),
        (0.475, 0.145, 0.015),
        (0.51, 0.105, 0.013),
        (0.535, 0.13, 0.011),
    ):
        thin = 0.0036 * np.sin(np.pi * np.linspace(0.05, 0.95, 16))
        birds += [
            stroke(bezier((bx - wing, by - 0.3 * wing), (bx - wing * 0.5, by - wing * 0.8), (bx, by), steps=16), thin),
            stroke(bezier((bx, by), (bx + wing * 0.5, by - wing * 0.8), (bx + wing, by - 0.3 * wing), steps=16), thin),
        ]
    picture = glaze(picture, INK, 1.6 * fill(large, birds))
    picture = pine(large, picture)
    veil = (
        np.exp(-(((y - 0.97) / 0.075) ** 2)) * smoothstep(0.62, 0.82, x) * smoothstep(0.25, 0.6, fbm(large, (4, 6), 77))
    )
    picture = over(picture, rgb("#e6dcc4"), 0.75 * veil)
    seal = fill(large, [np.array([(0.055, 0.055), (0.107, 0.055), (0.107, 0.107), (0.055, 0.107)])])
    cut = fill(
        large,
        [
            stroke(np.array(p), 0.005)
            for p in (
                [(0.066, 0.066), (0.066, 0.097)],
                [(0.066, 0.068), (0.096, 0.068)],
                [(0.096, 0.068), (0.096, 0.097)],
                [(0.081, 0.068), (0.081, 0.097)],
                [(0.066, 0.083), (0.096, 0.083)],
            )
        ],
    )
    worn = smoothstep(0.25, 0.42, fbm(large, 90, 51, 3))
    picture = over(picture, rgb("#b9281c"), seal * (1 - cut) * worn * 0.92)
    sheet = fibres(large, 61, 900)
    unit = large / 1536
    bumps = fbm(large, 130, 62, 3) + 0.25 * sheet + 0.05 * grain(large, 63, 1.3 * unit)
    picture = picture * (1 + 0.055 * relief(bumps, 12 * unit)[..., None])
    picture = over(picture, rgb("#c9b48a"), 0.22 * sheet * smoothstep(0.3, 0.8, picture.mean(-1)))
    return shrink(picture, size)
