"""Pastel chalk on dark paper: crumbly strokes catch only the tops of the paper's tooth, colour over colour."""

import cv2
import numpy as np

from .brush import paths, scatter
from .colour import over, ramp, rgb, saturate, smoothstep
from .noise import fbm, grain, line
from .shapes import SHIFT, below, disc, fill, plane, shrink
from .surface import tooth

TITLE_EN = "Pastel chalk: moonrise over the lavender"
TITLE_ZH = "粉彩:薰衣草田月出"
METHOD = "directional strokes thresholded by paper tooth, three passes on aubergine paper"

MOON = (0.30, 0.24)


def scene(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Colours (size, size, 3) and stroke direction (size, size)."""
    x, y = plane(size)
    axis = np.linspace(0, 1, 300)
    far = np.hypot(x - MOON[0], y - MOON[1])
    sky = ramp(
        y / 0.52 + 0.3 * (fbm(size, (3, 5), 2) - 0.5),
        [(0, "#16245f"), (0.35, "#2c4fa8"), (0.6, "#5f7fd0"), (0.8, "#e08fb0"), (1, "#ffc08a")],
    )
    sky = over(sky, rgb("#8fc8e8"), 0.75 * np.exp(-((far / 0.16) ** 2)))
    sky = over(sky, rgb("#e8f2e0"), 0.75 * np.exp(-((far / 0.085) ** 2)))
    cloud = smoothstep(0.52, 0.75, fbm(size, (3, 9), 8, 5)) * smoothstep(0.5, 0.3, y)
    sky = over(sky, ramp(y / 0.45, [(0, "#6f8fd8"), (1, "#ffb0a8")]), 0.85 * cloud)
    picture = over(sky, rgb("#fff4cf"), fill(size, [disc(*MOON, 0.068)]))
    angle = np.arctan2(x - MOON[0], -(y - MOON[1])) * smoothstep(0.36, 0.12, far) + (
        0.15 + 0.25 * np.sin(6 * x)
    ) * smoothstep(0.12, 0.36, far)
    angle = np.where(far < 0.075, 0.6 + 0.3 * np.sin(40 * y), angle)
    for level, swing, seed, light, dark in (
        (0.44, 0.06, 11, "#7f8fd8", "#3c4f9f"),
        (0.50, 0.05, 14, "#4fa0a0", "#22587a"),
        (0.55, 0.04, 19, "#6fae6a", "#1f5f5a"),
    ):
        ridge = level + swing * line(axis, 3, seed, 3)
        depth = y - np.interp(x[0], axis, ridge)[None]
        mask = below(size, ridge)
        picture = over(
            picture,
            ramp(depth * 10 + 0.9 * (fbm(size, 9, seed) - 0.4), [(0, "#ffd0a0"), (0.12, light), (1, dark)]),
            mask,
        )
        slope = np.interp(x[0], axis, np.gradient(ridge, axis))[None]
        angle = np.where(mask > 0.5, np.arctan(slope) + 0.6 * depth * 6, angle)
    brink = 0.585 + 0.012 * line(axis, 3, 25, 2)
    depth = y - np.interp(x[0], axis, brink)[None]
    turn = np.arctan2(x - 0.60, depth + 0.045)
    row = 0.5 + 0.5 * np.sin(turn * 21)
    field = ramp(
        row + 0.35 * (fbm(size, 16, 27) - 0.5),
        [(0, "#28401f"), (0.16, "#5f8a3a"), (0.34, "#3f2f8a"), (0.55, "#7f4fd0"), (0.8, "#c08ff0"), (1, "#ffc8f0")],
    )
    field = over(field, rgb("#ffd8a8"), 0.30 * np.exp(-((depth / 0.035) ** 2)))
    mask = below(size, brink)
    picture = over(picture, field, mask)
    angle = np.where(
        mask > 0.5, np.where(row > 0.4, np.pi / 2 - turn * 0.9 + 0.9 * np.sin(turn * 21 + 0.6), np.pi / 2 - turn), angle
    )
    walls = [
        np.array([(0.655, 0.535), (0.775, 0.53), (0.775, 0.605), (0.655, 0.61)]),
        np.array([(0.775, 0.54), (0.835, 0.545), (0.835, 0.60), (0.775, 0.605)]),
    ]
    picture = over(picture, ramp((x - 0.65) * 6, [(0, "#fff0c8"), (0.6, "#f6c890"), (1, "#8f6fb0")]), fill(size, walls))
    roofs = [
        np.array([(0.645, 0.54), (0.675, 0.495), (0.768, 0.49), (0.785, 0.535)]),
        np.array([(0.77, 0.548), (0.78, 0.515), (0.825, 0.52), (0.842, 0.55)]),
    ]
    picture = over(picture, ramp((x - 0.65) * 5, [(0, "#ff8a5a"), (1, "#b03f5f")]), fill(size, roofs))
    panes = [
        np.array([(a, 0.56), (a + 0.017, 0.56), (a + 0.017, 0.585), (a, 0.585)]) for a in (0.675, 0.71, 0.745, 0.795)
    ]
    picture = over(picture, rgb("#ffd83f"), fill(size, panes))
    for px, foot, tall, half in (
        (0.875, 0.62, 0.30, 0.028),
        (0.925, 0.635, 0.37, 0.033),
        (0.61, 0.60, 0.17, 0.018),
        (0.975, 0.64, 0.27, 0.03),
        (0.06, 0.60, 0.16, 0.02),
        (0.105, 0.60, 0.11, 0.016),
    ):
        t = np.linspace(0, 1, 30)
        width = half * np.sin(np.pi * t**0.7) ** 0.8
        tree = fill(
            size,
            [
                np.concatenate(
                    [
                        np.stack([px - width, foot - tall * (1 - t)], 1),
                        np.stack([px + width, foot - tall * (1 - t)], 1)[::-1],
                    ]
                )
            ],
        )
        picture = over(
            picture,
            ramp(
                (x - px) / half * 0.5 + 0.5 + 0.4 * (fbm(size, 30, 33) - 0.5),
                [(0, "#7fc8a0"), (0.35, "#2f7f6a"), (1, "#14304f")],
            ),
            tree,
        )
        angle = np.where(tree > 0.5, np.pi / 2 + 0.35 * np.sin(y * 60), angle)
    return saturate(picture, 1.12), angle.astype(np.float32)


def render(size: int) -> np.ndarray:
    large = round(size * 1.5)
    picture, angle = scene(large)
    rng = np.random.default_rng(13)
    unit = large / 1152
    x, y = plane(large)
    paper = tooth(large, 15)
    paper = np.clip(
        0.36 * paper + 0.64 * (0.5 + 0.20 * grain(large, 18, 0.9 * unit)), 0, 1
    )  # sanded: finer than watercolour paper
    sheet = np.broadcast_to(rgb("#2a1b30"), picture.shape) * (0.86 + 0.30 * paper)[..., None]
    sheet = over(
        sheet, cv2.GaussianBlur(picture, (0, 0), 9 * unit) * 0.85, 0.55
    )  # a first coat rubbed in with the finger
    for width, length, count, pressure in (
        (0.020, 0.085, 2600, 0.70),
        (0.012, 0.060, 8500, 0.63),
        (0.0065, 0.040, 13000, 0.585),
    ):
        starts = scatter(count, rng)
        cell = np.clip((starts * large).astype(int), 0, large - 1)
        blurred = cv2.GaussianBlur(picture, (0, 0), max(width * large * 0.3, 0.8))
        colours = blurred[cell[:, 1], cell[:, 0]]
        mean = colours.mean(1, keepdims=True)
        colours = (
            mean
            + (colours - mean) * rng.uniform(0.95, 1.35, mean.shape)
            + rng.normal(0, 0.05, mean.shape)
            + rng.normal(0, 0.035, colours.shape)
        )
        lines = paths(angle, starts, length * rng.uniform(0.5, 1.3, len(starts)), 7)
        chalk = (np.clip(sheet, 0, 1) * 255).astype(np.uint8)
        press = np.zeros((large, large), np.uint8)
        for path, colour in zip(lines, np.clip(colours, 0, 1) * 255, strict=True):
            fixed = np.round((path * large - 0.5) * 2**SHIFT).astype(np.int32)
            thick = max(1, round(width * large * rng.uniform(0.6, 1.1)))
            cv2.polylines(chalk, [fixed], False, colour.tolist(), thick, cv2.LINE_AA, SHIFT)
            cv2.polylines(press, [fixed], False, int(rng.integers(120, 255)), thick, cv2.LINE_AA, SHIFT)
        force = cv2.GaussianBlur(press.astype(np.float32) / 255, (0, 0), 0.9 * unit)
        streak = grain(large, int(width * 1e5), 1.3 * unit) * 0.05
        catch = smoothstep(-0.10, 0.14, paper + streak - (1 - pressure * (0.55 + 0.65 * force)))
        sheet = over(sheet, chalk.astype(np.float32) / 255, catch * smoothstep(0.1, 0.35, force) * 0.95)
    dust = cv2.GaussianBlur(sheet, (0, 0), 7 * unit)
    sheet = np.maximum(sheet, 0.62 * dust)
    stars = np.random.default_rng(5).random((70, 2)) * (1, 0.36)
    bright = fill(large, [disc(px, py, 0.0018 + 0.002 * (k % 5 == 0), 12) for k, (px, py) in enumerate(stars)])
    sheet = over(sheet, rgb("#fff6d8"), bright * smoothstep(0.25, 0.5, paper))
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) + 0.030 * (fbm(large, 24, 17) - 0.5)
    bare = np.broadcast_to(rgb("#2a1b30"), picture.shape) * (0.86 + 0.30 * paper)[..., None]
    return shrink(np.clip(over(bare, sheet, smoothstep(0.010, 0.022, edge + 0.012 * (paper - 0.5))), 0, 1), size)
