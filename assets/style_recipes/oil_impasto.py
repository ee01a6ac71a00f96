"""Thick oil paint: hair-shaded strokes in four sizes follow a swirling flow field and are lit from the upper left."""

import cv2
import numpy as np

from .brush import lay, paths, scatter
from .colour import over, palette, ramp, rgb, saturate, smoothstep
from .noise import fbm, line
from .shapes import below, fill, plane, shrink, spline
from .surface import relief

TITLE_EN = "Impasto: cypresses in the evening wind"
TITLE_ZH = "厚涂油画:晚风中的柏树"
METHOD = "flow-field brush strokes with bristle shading and relief lighting"

WHIRLS = ((0.70, 0.27, 1.0, 0.22), (0.33, 0.14, -0.9, 0.17), (0.96, 0.06, -0.8, 0.15), (0.40, 0.40, 0.8, 0.13))
SUN = (0.70, 0.27)


def scene(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Under-painting (size, size, 3), direction of the brush and how much detail a place wants, both (size, size)."""
    x, y = plane(size)
    axis = np.linspace(0, 1, 200)
    cloud = fbm(size, (3, 6), 3)
    far = np.hypot(x - SUN[0], y - SUN[1])
    sky = ramp(
        y * 1.5 + (cloud - 0.5) * 0.45,
        [(0, "#12285f"), (0.25, "#1f5aa6"), (0.5, "#3fa3bd"), (0.72, "#f0b860"), (1, "#ee7a3b")],
    )
    rings = 0.5 + 0.5 * np.sin(far * 70 + cloud * 5)
    sky = over(
        sky,
        ramp(far / 0.26 + 0.1 * rings, [(0, "#fff6c8"), (0.3, "#ffd84a"), (0.6, "#f79a36"), (1, "#3f9cc4")]),
        smoothstep(0.27, 0.09, far) * 0.95,
    )
    angle = np.zeros((size, size), np.float32) + 0.25 * np.sin(9 * x + 4 * y) + 0.2
    vx, vy = np.cos(angle), np.sin(angle)
    for wx, wy, turn, reach in WHIRLS:
        dx, dy = x - wx, y - wy
        pull = 2.6 * np.exp(-(dx**2 + dy**2) / (2 * reach**2 * 0.55))
        away = np.maximum(np.hypot(dx, dy), 1e-3)
        vx, vy = vx - turn * pull * dy / away, vy + turn * pull * dx / away
        if turn < 0:  # pale eddies beside the sun
            glow = np.exp(-(dx**2 + dy**2) / (2 * (reach * 0.36) ** 2))
            sky = over(sky, rgb("#cfe6cf"), 0.75 * glow * (0.5 + 0.5 * np.sin(np.hypot(dx, dy) * 120)))
    angle = np.arctan2(vy, vx)
    for wx, wy, _, _ in WHIRLS:  # in the eye of a whirl no line can turn tightly enough: dab straight across
        angle = np.where(np.hypot(x - wx, y - wy) < 0.022, 0.5, angle)
    picture, detail = sky, np.full((size, size), 0.35, np.float32)
    hills = (
        (0.50, 0.05, 21, ("#5b6fb5", "#3a4d96")),
        (0.56, 0.05, 23, ("#3f7f86", "#27566f")),
        (0.63, 0.04, 29, ("#7fa04a", "#3f7048")),
    )
    for level, swing, seed, (light, dark) in hills:
        ridge = level + swing * line(axis, 3, seed, 3)
        mask = below(size, ridge)
        depth = y - np.interp(x[0], axis, ridge)[None]
        tone = np.clip(depth * 9 + 0.6 * fbm(size, 9, seed + 1), 0, 1)
        picture = over(picture, ramp(tone, [(0, "#f5d08a"), (0.12, light), (1, dark)]), mask)
        slope = np.gradient(ridge, axis)
        angle = np.where(mask > 0.5, np.arctan(np.interp(x[0], axis, slope))[None] + 0.35 * (depth * 8 - 0.3), angle)
        detail = np.where(mask > 0.5, 0.55, detail)
    brink = 0.70 + 0.025 * line(axis, 2, 33, 2)
    field = below(size, brink)
    depth = y - np.interp(x[0], axis, brink)[None]
    rows = np.sin(np.arctan2(x - 0.62, depth + 0.05) * 30 + 7 * fbm(size, 5, 35))
    wheat = ramp(
        0.5 + 0.30 * rows + 0.7 * (fbm(size, 9, 36) - 0.5),
        [(0, "#8a4b1d"), (0.35, "#d98f1f"), (0.65, "#f6c53b"), (1, "#fff0a0")],
    )
    picture = over(picture, wheat, field)
    angle = np.where(field > 0.5, np.pi / 2 - np.arctan2(x - 0.62, depth + 0.12) * 0.9, angle)
    detail = np.where(field > 0.5, 0.7, detail)
    rng = np.random.default_rng(5)
    poppies = []
    for _ in range(70):
        py = 0.74 + 0.26 * rng.random() ** 0.8
        px, r = rng.random(), 0.004 + 0.045 * (py - 0.70)
        poppies.append(spline([(px - r, py), (px, py - r), (px + r, py), (px, py + 0.8 * r)], closed=True))
    for k, colour in enumerate(palette("#d3241f", "#f0513a", "#a3122b", "#f6f0e0")):
        mask = fill(size, poppies[k::4])
        picture, detail = over(picture, colour, mask), np.maximum(detail, mask)
        angle = np.where(mask > 0.5, 0.5 * np.sin(9 * x + k), angle)
    for cx, top, foot, half in ((0.155, 0.04, 0.93, 0.075), (0.27, 0.27, 0.86, 0.05), (0.055, 0.33, 0.88, 0.045)):
        t = np.linspace(0, 1, 50)
        width = half * np.sin(np.pi * t**0.75) ** 0.75 * (1 + 0.16 * np.sin(t * 34 + cx * 50))
        middle = cx + 0.022 * np.sin(t * 6 + cx * 20)
        height = top + (foot - top) * t
        mask = fill(
            size,
            [
                np.concatenate(
                    [np.stack([middle - width, height], 1), np.stack([middle + width * 0.9, height], 1)[::-1]]
                )
            ],
        )
        across = (x - cx) / half
        flame = across * 0.5 + 0.9 * (fbm(size, (18, 5), 41) - 0.5) + 0.5
        picture = over(
            picture,
            ramp(flame, [(0, "#0d2a2c"), (0.4, "#1b5a3c"), (0.75, "#3f7f38"), (0.95, "#a3a03c"), (1, "#d9a63c")]),
            mask,
        )
        angle = np.where(mask > 0.5, -np.pi / 2 + 0.5 * np.sin(y * 26 + across * 2), angle)
        detail = np.maximum(detail, 0.75 * mask)
    return saturate(picture, 1.12), angle.astype(np.float32), detail


def render(size: int) -> np.ndarray:
    large = round(size * 1.6)
    picture, angle, detail = scene(large)
    rng = np.random.default_rng(11)
    canvas = (np.clip(over(picture, rgb("#7a3b1c"), 0.22), 0, 1) * 255).astype(np.uint8)
    height = np.full((large, large), 70, np.uint8)
    for width, length, count, floor in (
        (0.042, 0.17, 900, 0),
        (0.024, 0.11, 3400, 0),
        (0.014, 0.07, 6500, 0.3),
        (0.008, 0.035, 12000, 0.6),
    ):
        starts = scatter(count, rng)
        cell = np.clip((starts * large).astype(int), 0, large - 1)
        keep = rng.random(len(starts)) < np.where(detail[cell[:, 1], cell[:, 0]] >= floor, 1.0, 0.12)
        starts, cell = starts[keep], cell[keep]
        blurred = cv2.GaussianBlur(picture, (0, 0), width * large * 0.22)
        colours = blurred[cell[:, 1], cell[:, 0]]
        colours = colours + rng.normal(0, 0.055, (len(colours), 1)) + rng.normal(0, 0.035, colours.shape)
        lines = paths(angle, starts, length * rng.uniform(0.6, 1.25, len(starts)))
        lay(canvas, height, lines, colours, width, rng, hair=2.1 * large / 1229)
    bumps = cv2.GaussianBlur(height.astype(np.float32) / 255, (0, 0), 0.8 * large / 1229)
    bumps += 0.6 * cv2.GaussianBlur(bumps, (0, 0), 3.5 * large / 1229)
    light = relief(bumps, 9.0 * large / 1229)
    paint = canvas.astype(np.float32) / 255
    paint = paint * (1 + 0.34 * light[..., None]) + 0.16 * np.clip(light - 0.45, 0, 1)[..., None]
    return shrink(paint, size)
