"""Neon grid: a striped sun over a glowing wire landscape, with bloom, scan lines and a little lens fringe."""

import cv2
import numpy as np

from .colour import over, ramp, rgb, screen, smoothstep
from .noise import fbm, grain, line
from .shapes import SHIFT, below, bezier, disc, fill, petal, pixels, plane, shrink, stroke

TITLE_EN = "Neon grid: the drive into the sun"
TITLE_ZH = "霓虹网格:驶向落日"
METHOD = "perspective wire frame, additive bloom at three scales, scan lines, chromatic fringe"

HORIZON = 0.60


def wires(size: int, lines: list[np.ndarray], width: float) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    for points in lines:
        cv2.polylines(mask, [pixels(points, size)], False, 255, max(1, round(width * size)), cv2.LINE_AA, SHIFT)
    return mask.astype(np.float32) / 255


def glow(light: np.ndarray, scales: tuple[float, ...], gains: tuple[float, ...]) -> np.ndarray:
    size = light.shape[0]
    return sum(gain * cv2.GaussianBlur(light, (0, 0), scale * size) for scale, gain in zip(scales, gains, strict=True))


def mountains(size: int, level: float, swing: float, seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Skyline heights and the wire mesh that drapes the range."""
    axis = np.linspace(-0.02, 1.02, 61)
    valley = 0.25 + 0.75 * np.abs(axis - 0.5) ** 0.7 * 1.5
    peaks = np.abs(line((axis + 0.02) / 1.04, 9, seed, 3, 0.6))
    rows = []
    rng = np.random.default_rng(seed)
    for k, t in enumerate(np.linspace(1, 0, 7)):
        bumps = peaks * t**0.8 * (1 + 0.45 * rng.normal(0, 0.6, 61) * (k > 0) * t)
        rows.append(np.stack([axis + (k % 2) * 0.008, level - swing * np.maximum(bumps, 0) * valley], 1))
    mesh = list(rows)
    for j in range(61):
        mesh.append(np.array([row[j] for row in rows]))
        if j < 60:
            mesh.append(np.array([rows[k][j + k % 2] for k in range(7)]))
    return np.interp(np.linspace(0, 1, 300), rows[0][:, 0], rows[0][:, 1]), mesh


def palm(foot: tuple[float, float], scale: float, lean: float, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    top = (foot[0] + lean * scale, foot[1] - 0.62 * scale)
    trunk = bezier(foot, (foot[0] - 0.10 * lean * scale, foot[1] - 0.35 * scale), top)
    parts = [stroke(trunk, 0.030 * scale * np.linspace(1.5, 0.7, 40) * (1 + 0.10 * np.sin(np.arange(40) * 1.9)))]
    for turn in np.linspace(-np.pi * 1.08, np.pi * 0.08, 11) + rng.normal(0, 0.06, 11):
        reach = scale * rng.uniform(0.25, 0.33)
        end = (top[0] + reach * np.cos(turn), top[1] + reach * np.sin(turn) * 0.75 + 0.13 * scale)
        middle = (top[0] + 0.55 * reach * np.cos(turn), top[1] + 0.9 * reach * np.sin(turn) - 0.05 * scale)
        rib = bezier(top, middle, end, steps=26)
        parts.append(stroke(rib, 0.010 * scale * np.linspace(1.4, 0.3, 26)))
        way = np.gradient(rib, axis=0)
        for k in range(3, 26, 2):
            angle = np.arctan2(way[k, 1], way[k, 0])
            for side in (-1, 1):
                parts.append(
                    petal(
                        *rib[k],
                        angle + side * 0.75,
                        scale * 0.085 * np.sin(np.pi * (0.15 + 0.8 * k / 26)),
                        0.0065 * scale,
                        0.4,
                        -side * 0.3 + 0.2,
                    )
                )
    return parts


def render(size: int) -> np.ndarray:
    large = size * 2
    x, y = plane(large)
    sky = ramp(y / HORIZON, [(0, "#07061f"), (0.35, "#1d0b4a"), (0.65, "#5a1280"), (0.85, "#c02091"), (1, "#ff5fa2")])
    clouds = smoothstep(0.45, 0.85, fbm(large, (3, 10), 4, 6)) * smoothstep(0.06, 0.45, y)
    sky = screen(
        sky, (0.55 * clouds)[..., None] * ramp(y / HORIZON, [(0, "#2a3fd0"), (0.6, "#b02fd0"), (1, "#ff9a6a")])
    )
    rng = np.random.default_rng(5)
    stars = np.zeros((large, large), np.float32)
    for weight, count, radius in ((0.75, 420, 0.0009), (1.0, 80, 0.0017)):
        spots = rng.random((count, 2)) * (1, 0.5)
        stars = np.maximum(
            stars, weight * fill(large, [disc(px, py, radius * rng.uniform(0.6, 1.3), 12) for px, py in spots])
        )
    stars = (stars + glow(stars, (0.003,), (2.2,))) * smoothstep(0.52, 0.1, y)
    picture = screen(
        sky, stars[..., None] * ramp(fbm(large, 20, 6), [(0, "#9ad8ff"), (0.5, "#ffffff"), (1, "#ffc0f0")])
    )
    sun_y, radius = 0.40, 0.225
    sun = fill(large, [disc(0.5, sun_y, radius, 200)])
    t = (y - sun_y + radius) / (2 * radius)
    bars = np.abs(np.mod(t * 13, 1) - 0.5) * 2
    sun = sun * np.where(t > 0.42, smoothstep(-0.05, 0.05, bars - (t - 0.42) * 1.25), 1)
    disc_colour = ramp(t, [(0, "#fff59a"), (0.3, "#ffd23f"), (0.55, "#ff7a4a"), (0.8, "#ff2f8a"), (1, "#c81fb0")])
    halo = np.exp(-((np.hypot(x - 0.5, y - sun_y) / 0.33) ** 2))
    picture = screen(picture, (0.60 * halo)[..., None] * rgb("#ff4fa0"))
    picture = over(picture, disc_colour * (0.96 + 0.08 * fbm(large, (4, 60), 7, 3))[..., None], sun)
    light = np.zeros((large, large, 3), np.float32)
    for level, swing, seed, wire, dark in (
        (HORIZON, 0.34, 14, "#7a5cff", "#150a3a"),
        (HORIZON + 0.002, 0.20, 26, "#19e0ff", "#0a0a2c"),
    ):
        ridge, mesh = mountains(large, level, swing, seed)
        mask = below(large, ridge)
        picture = over(picture, ramp((y - 0.35) / 0.25, [(0, dark), (1, "#3a0f5f")]), mask)
        light = light * (1 - mask[..., None])
        net = wires(large, mesh, 0.0013) * mask
        crest = wires(large, [np.stack([np.linspace(0, 1, 300), ridge], 1)], 0.0024)
        light = np.maximum(light, np.maximum(net * 0.62, crest)[..., None] * rgb(wire))
    floor = (y > HORIZON).astype(np.float32)
    depth = np.clip((y - HORIZON) / (1 - HORIZON), 0, 1)
    ground = ramp(depth, [(0, "#5a1080"), (0.25, "#260a55"), (1, "#080420")])
    shine = np.exp(-(((x - 0.5) / (0.10 + 0.32 * depth)) ** 2)) * (0.75 - 0.45 * depth)
    streaks = smoothstep(0.42, 0.7, fbm(large, (3, 90), 9, 3))
    ground = screen(
        ground,
        (shine * (0.45 + 0.55 * streaks))[..., None] * ramp(depth, [(0, "#ffb04a"), (0.4, "#ff3f90"), (1, "#a01fb0")]),
    )
    picture, light = over(picture, ground, floor), light * (1 - floor[..., None])
    rows = HORIZON + (1 - HORIZON) * (0.012 + 1.05 * np.linspace(0, 1, 18) ** 2.4)
    grid = [np.array([(-0.1, row), (1.1, row)]) for row in rows]
    grid += [np.array([(0.5 + k * 0.012, HORIZON), (0.5 + k * 0.135, 1.02)]) for k in range(-34, 35)]
    net = np.maximum(wires(large, grid, 0.0024) * floor, wires(large, [np.array([(0, HORIZON), (1, HORIZON)])], 0.003))
    light = np.maximum(
        light, net[..., None] * ramp(np.abs(x - 0.5) * 2 + 0 * y, [(0, "#ff5fd0"), (0.55, "#e02fff"), (1, "#2fb8ff")])
    )
    for offset, start in ((-0.055, 0.60), (0.055, 0.60)):
        lane = np.array([(0.5 + offset * 0.09, start), (0.5 + offset * 5.2, 1.02)])
        light = np.maximum(light, wires(large, [lane], 0.0042)[..., None] * rgb("#fff09a"))
    picture = screen(picture, light)
    picture = screen(picture, glow(light, (0.004, 0.012, 0.035), (0.75, 0.6, 0.5)))
    leaves = fill(
        large,
        palm((0.07, 1.03), 0.92, 0.10, 3) + palm((0.19, 0.93), 0.44, -0.06, 4) + palm((0.94, 1.03), 0.78, -0.08, 8),
    )
    rim = np.clip(leaves - np.roll(leaves, (round(-0.001 * large), round(0.0022 * large)), (0, 1)), 0, 1) * (x < 0.5)
    rim += np.clip(leaves - np.roll(leaves, (round(-0.001 * large), round(-0.0022 * large)), (0, 1)), 0, 1) * (x >= 0.5)
    picture = over(picture, rgb("#0b0424"), leaves)
    lit = rim[..., None] * ramp(y + 0 * x, [(0, "#2fe0ff"), (0.6, "#ff4fd0"), (1, "#ff4fd0")])
    picture = screen(screen(picture, 0.9 * lit), glow(lit, (0.004,), (0.7,)))
    scan = 0.94 + 0.06 * np.cos(y * 2 * np.pi * 192)
    picture = picture * scan[..., None] + 0.010 * grain(large, 11, 1.4 * large / 1536)[..., None]
    shift = round(0.0011 * large)
    picture = np.stack([np.roll(picture[..., 0], shift, 1), picture[..., 1], np.roll(picture[..., 2], -shift, 1)], -1)
    vignette = 1 - 0.35 * smoothstep(0.45, 0.85, np.hypot(x - 0.5, y - 0.5))
    return shrink(np.clip(picture * vignette[..., None], 0, 1), size)
