"""Pointillism: pure dots, a share of them in the complementary hue, mix in the eye over a river at evening."""

import cv2
import numpy as np

from .brush import scatter
from .colour import over, palette, ramp, rgb, saturate, smoothstep
from .noise import fbm, line
from .shapes import below, bezier, disc, fill, plane, shrink, stroke
from .surface import linen

TITLE_EN = "Pointillism: sails on a summer river"
TITLE_ZH = "点彩:夏日河上的帆"
METHOD = "four layers of oriented dabs with divided, partly complementary colours over primed canvas"


def scene(size: int) -> np.ndarray:
    x, y = plane(size)
    axis = np.linspace(0, 1, 300)
    shore = 0.50
    sky = ramp(
        y / shore + 0.25 * (fbm(size, (3, 6), 1) - 0.5),
        [(0, "#4f86c6"), (0.4, "#8fb8dc"), (0.7, "#f2cfae"), (1, "#fbe08a")],
    )
    glow = np.exp(-((x - 0.30) ** 2 + (y - 0.40) ** 2) / 0.035)
    picture = over(sky, rgb("#fff3b0"), 0.85 * glow)
    clouds = smoothstep(0.52, 0.78, fbm(size, (3, 7), 5)) * smoothstep(0.42, 0.15, y)
    picture = over(picture, rgb("#fbe9e4"), 0.8 * clouds)
    for level, swing, seed, light, dark in (
        (0.455, 0.03, 11, "#a9a2cf", "#7c86bd"),
        (0.475, 0.02, 13, "#7fb08f", "#4d7f8f"),
    ):
        ridge = level + swing * line(axis, 4, seed, 3)
        picture = over(picture, ramp(fbm(size, 14, seed), [(0, dark), (1, light)]), below(size, ridge))
    rng = np.random.default_rng(6)
    for cx, tall, wide in (
        (0.60, 0.20, 0.030),
        (0.655, 0.27, 0.034),
        (0.71, 0.235, 0.032),
        (0.77, 0.31, 0.038),
        (0.835, 0.25, 0.036),
        (0.90, 0.34, 0.045),
        (0.975, 0.29, 0.05),
        (0.545, 0.13, 0.026),
    ):
        blobs = [
            disc(
                cx + rng.normal(0, wide * 0.35),
                shore - tall * t,
                wide * (0.35 + 0.75 * np.sin(np.pi * (0.15 + 0.8 * t))),
            )
            for t in np.linspace(0.06, 1, 14)
        ]
        lit = np.clip(0.5 - (x - cx) / wide * 0.35 + 0.7 * (fbm(size, 26, int(cx * 900)) - 0.5), 0, 1)
        picture = over(
            picture, ramp(lit, [(0, "#1f3568"), (0.4, "#2a6658"), (0.75, "#7d9f48"), (1, "#efcf62")]), fill(size, blobs)
        )
    for hx in (0.50, 0.465):
        picture = over(
            picture,
            rgb("#f6e3c8"),
            fill(size, [np.array([(hx, 0.468), (hx + 0.026, 0.468), (hx + 0.026, 0.50), (hx, 0.50)])]),
        )
        picture = over(
            picture,
            rgb("#d9583a"),
            fill(size, [np.array([(hx - 0.005, 0.47), (hx + 0.013, 0.447), (hx + 0.031, 0.47)])]),
        )
    mirror = picture[: int(size * shore)][::-1]
    water = np.concatenate([picture[: int(size * shore)], mirror, mirror[-1:]])[:size]
    ripple = ((fbm(size, (4, 50), 21, 3) - 0.5) * 0.035 * size * smoothstep(0.5, 0.8, y)).astype(np.float32)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    water = cv2.remap(water, columns + ripple * 1.6, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    water = over(water, rgb("#2f6fae"), 0.22 + 0.35 * smoothstep(0.5, 1, y))
    water = over(
        water,
        rgb("#ffe9a0"),
        0.8 * np.exp(-((x - 0.30) ** 2) / 0.006) * smoothstep(0.45, 0.62, fbm(size, (6, 60), 22, 3)),
    )
    picture = over(picture, water, smoothstep(shore - 0.001, shore + 0.001, y))
    for sx, sy, scale in ((0.40, 0.60, 1.25), (0.185, 0.545, 0.62), (0.53, 0.53, 0.42)):

        def at(points, sx=sx, sy=sy, scale=scale):
            return np.array(points) * scale + (sx, sy)

        for flip, strength in ((-0.75, 0.45), (1.0, 1.0)):
            for colour, points in (
                ("#fff6e0", [(0.004, -0.19), (0.004, -0.012), (0.10, -0.012)]),
                ("#f7b9a0", [(-0.004, -0.165), (-0.004, -0.012), (-0.062, -0.012)]),
                ("#7a2f3f", [(-0.085, -0.008), (0.105, -0.008), (0.07, 0.018), (-0.06, 0.018)]),
            ):
                shape = at(np.array(points) * (1, flip) + (0, 0.02 if flip < 0 else 0))
                picture = over(picture, rgb(colour), strength * fill(size, [shape]))
    bank = below(
        size,
        0.90
        - 0.12 * np.clip(1 - axis / 0.75, 0, 1) ** 1.5
        + 0.05 * np.clip(axis - 0.7, 0, 1)
        + 0.012 * line(axis, 8, 33),
    )
    meadow = ramp(fbm(size, (12, 9), 34), [(0, "#24477a"), (0.35, "#2f6f55"), (0.65, "#7a9f4a"), (1, "#e8cf6a")])
    picture = over(picture, meadow, bank)
    for colour in palette("#e2403f", "#f7f0ee", "#f2a6c4", "#f6c62f"):
        spots = []
        for _ in range(46):
            fx, fy = rng.random(), rng.uniform(0.80, 1.0)
            spots.append(disc(fx, fy, rng.uniform(0.005, 0.010)))
        picture = over(picture, colour, fill(size, spots) * bank)
    trunk = fill(
        size, [stroke(bezier((0.045, 0.95), (0.07, 0.6), (0.03, 0.3), (0.08, 0.0)), np.linspace(0.040, 0.016, 40))]
    )
    picture = over(picture, ramp(x * 12, [(0, "#2b2f66"), (1, "#b8674f")]), trunk)
    crowns = []
    for _ in range(90):
        px = 0.5 * rng.random() ** 1.4
        crowns.append(disc(px, rng.uniform(-0.02, 0.21 - 0.36 * px), rng.uniform(0.014, 0.034)))
    leafy = ramp(fbm(size, 22, 44) + 0.3 * x, [(0, "#1c2f63"), (0.4, "#255f55"), (0.7, "#6f9440"), (1, "#e6c552")])
    return saturate(over(picture, leafy, fill(size, crowns)), 1.1)


def divided(colours: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each colour replaced by a purer neighbour; about one in seven by a light tint of its complement."""
    mean = colours.mean(1, keepdims=True)
    pure = mean + (colours - mean) * rng.uniform(0.95, 1.55, (len(colours), 1))
    pure = pure + rng.normal(0, 0.055, colours.shape) + rng.normal(0, 0.06, (len(colours), 1))
    opposite = mean - (colours - mean) * 1.3 + 0.06
    kind = rng.random(len(colours))[:, None]
    warm = pure * (1.08, 1.02, 0.86) + (0.06, 0.03, 0.0)
    cool = pure * (0.84, 0.95, 1.12) + (0.0, 0.0, 0.05)
    return np.clip(
        np.where(kind < 0.13, opposite, np.where(kind < 0.36, warm, np.where(kind < 0.56, cool, pure))), 0.03, 0.99
    )


def render(size: int) -> np.ndarray:
    large = size * 2
    picture = scene(large)
    rng = np.random.default_rng(8)
    weave = linen(large, 3)
    canvas = over(np.broadcast_to(rgb("#efe2c4"), picture.shape), picture, 0.45) * (0.93 + 0.07 * weave[..., None])
    board = (np.clip(canvas, 0, 1) * 255).astype(np.uint8)
    slant = fbm(large, 5, 71) * 2 * np.pi
    for radius, count in ((0.0085, 9000), (0.0062, 15000), (0.0046, 21000), (0.0034, 16000)):
        centres = scatter(count, rng)
        cell = np.clip((centres * large).astype(int), 0, large - 1)
        colours = divided(picture[cell[:, 1], cell[:, 0]], rng) * 255
        turns = np.degrees(slant[cell[:, 1], cell[:, 0]]) + rng.normal(0, 20, len(centres))
        spread = radius * rng.uniform(0.7, 1.15, len(centres))
        for centre, colour, turn, r in zip(centres, colours, turns, spread, strict=True):
            place = np.round(centre * large * 16).astype(int)
            axes = (round(r * large * 16 * 1.12), round(r * large * 16 * 0.82))
            outline = cv2.ellipse2Poly((int(place[0]), int(place[1])), axes, int(turn), 0, 360, 24)
            cv2.fillConvexPoly(board, outline, colour.tolist(), cv2.LINE_AA, 4)
    return shrink(board.astype(np.float32) / 255 * (0.97 + 0.05 * weave[..., None]), size)
