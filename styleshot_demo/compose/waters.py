"""Places at and under the sea."""

import cv2
import numpy as np

from styleshot_demo.compose import grounds
from styleshot_demo.compose.light import Light
from styleshot_demo.compose.skies import sky
from styleshot_demo.compose.stage import HORIZON, shore_edge
from styleshot_demo.compose.textures import below, line, mix, noise, rgb, smooth


def beach(random, shape, light, disc, shore, accent, far) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    horizon = round(HORIZON["beach"] * height)
    pixels = sky(random, shape, horizon, light, disc)
    if far == "mountains":
        grounds.peaks(random, pixels, horizon + 3, 0.32 * height, light, 0.3, 0.5)
    grounds.hills(random, pixels, horizon + 2, 0.07 * height, rgb("#7d98a8"), light, 0.15, 260)
    grounds.waves(random, pixels, horizon, light)
    x = np.arange(width, dtype=np.float32) / width
    edge = (0.62 + 0.07 * np.sin(3.1 * x + random.uniform(0, 6)) + 0.012 * line(random, width, 60 * unit, 4)) * height
    for back, tone, share in ((0.030, "#ffffff", 0.75), (0.012, "#bfe0dd", 0.6)):
        wash = below(edge - back * height - 3 * unit * line(random, width, 26 * unit, 3), height)
        pixels[:] = mix(pixels, light.on(rgb(tone), 0.9), wash * share)
    grounds.sand(random, pixels, edge, light)
    wet = below(edge, height) * (1 - below(edge + 0.045 * height, height))
    pixels[:] = mix(pixels, light.on(rgb("#b99a6b"), 1.0), 0.55 * wet)
    return pixels


def sea(random, shape, light, disc, shore, accent, far) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    horizon = round(HORIZON["sea"] * height)
    pixels = sky(random, shape, horizon, light, disc)
    if far == "mountains":
        grounds.peaks(random, pixels, horizon + 3, 0.32 * height, light, 0.3, 0.5)
    grounds.hills(random, pixels, horizon + 2, 0.075 * height, rgb("#6f8aa0"), light, 0.12, 240)
    grounds.waves(random, pixels, horizon, light)
    if shore:
        edge = shore_edge(width, height, shore)
        rough = edge + 5 * unit * line(random, width, 40 * unit, 4)
        foam = below(rough + 0.075 * height - 5 * unit, height)
        inside = below(rough, height)
        # A cliff of rock under a cap of grass.
        rows = np.arange(height, dtype=np.float32)[:, None] - rough[None]
        facet = noise(random, shape, 26 * unit, 0.6, 5)
        rock = light.on(rgb("#8d7f74"), 0.95) * (0.9 + 0.2 * facet)[..., None]
        surf = mix(
            pixels,
            light.on(rgb("#f4fbfb"), 1),
            0.8 * smooth(noise(random, shape, 7 * unit, 3, 3) + 4 * (foam - 0.7), 0, 0.8) * (1 - inside),
        )
        near = below(rough - 6 * unit, height) * (1 - inside)
        pixels[:] = mix(pixels, surf, near)
        pixels[:] = mix(pixels, np.clip(rock, 0, 1), inside)
        grass = mix(light.on(rgb("#7fae55"), 0.8), light.on(rgb("#5c8f3f"), 1), np.clip(rows / (0.3 * height), 0, 1))
        grass = (
            grass
            * (1 + 0.10 * noise(random, shape, 8 * unit, 2.5, 4) + 0.07 * noise(random, shape, 40 * unit, 3, 3))[
                ..., None
            ]
        )
        x = np.arange(width, dtype=np.float32)[None] / width
        x = x if shore == "left" else 1 - x
        cap = inside * (1 - smooth(x + 0.05 * facet, 0.52, 0.64))
        pixels[:] = mix(pixels, np.clip(grass, 0, 1), cap)
        _tufts(random, pixels, edge, light, cap)
    return pixels


def _tufts(random, pixels, edge, light, where) -> None:
    height, width = pixels.shape[:2]
    unit = grounds.unit_of(pixels)
    feet = np.stack([random.uniform(0, width - 1, 1500), random.uniform(edge.min(), height, 1500)], 1)
    feet = feet[np.argsort(feet[:, 1])]
    feet = feet[where[feet[:, 1].astype(int).clip(0, height - 1), feet[:, 0].astype(int)] > 0.8]
    share = (feet[:, 1] - edge.min()) / max(1.0, height - edge.min())
    tips = feet - np.stack([random.normal(0, 2.0, len(feet)) * unit, (4 + 9 * share) * unit], 1)
    tones = light.on(rgb("#6b9c45")[None] * random.uniform(0.7, 1.3, (len(feet), 1)), 1).clip(0, 1).astype(np.float32)
    grounds.strokes(pixels, feet, tips, tones, (0.8 + share) * unit)


def under_water(random, shape, light, disc, shore, accent, far) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    down, right = np.mgrid[0:height, 0:width].astype(np.float32)
    fall = np.clip(down / height + 0.05 * noise(random, shape, 80 * unit, 2.5, 5), 0, 1)
    top, deep = (rgb("#7fdce0"), rgb("#0d4a86")) if light.time != "night" else (rgb("#2f6fa8"), rgb("#061a45"))
    if light.time == "sunset":
        top = rgb("#f0b98a")
    pixels = mix(
        mix(top, rgb("#2793bd") * (light.tint * 0.5 + 0.5), smooth(fall, 0, 0.4)), deep, smooth(fall, 0.3, 1.0)
    )
    along = (right - 0.5 * width) / (down + 0.55 * height) * 24 + random.uniform(0, 6)
    rays = smooth(
        np.sin(along) + 0.7 * np.sin(2.7 * along + 2) + 0.3 * noise(random, shape, 90 * unit, 0.6, 3), 0.5, 1.8
    )
    pixels = mix(pixels, top, 0.5 * rays * np.clip(1 - fall * 1.15, 0, 1))
    # Ripples of the surface seen from below.
    pixels = mix(
        pixels,
        rgb("#e9ffff"),
        0.6 * smooth(noise(random, shape, 9 * unit, 6, 3), 0.8, 1.6) * np.clip(1 - down / (0.13 * height), 0, 1),
    )
    reef = Light(
        light.zenith,
        light.middle,
        light.low,
        rgb("#2a7fae") * light.tint,
        light.tint * np.array((0.62, 0.86, 0.95), np.float32),
        light.warm,
        None,
        light.time,
        "clear",
    )
    grounds.hills(random, pixels, round(0.86 * height), 0.28 * height, rgb("#4a7f8f"), reef, 0.1, 150)
    grounds.hills(random, pixels, round(0.90 * height), 0.20 * height, rgb("#56727c"), reef, 0.45, 110)
    edge = HORIZON["under water"] * height + 0.025 * height * line(random, width, 200 * unit, 3)
    grounds.sand(random, pixels, edge, reef, "#e5d3a0", 1.4)
    for _ in range(int(16 * width / height)):  # weeds
        x = random.uniform(0, width)
        if abs(x / width - 0.5) < 0.2 and random.random() < 0.75:
            continue
        foot = edge[int(min(x, width - 1))] + random.uniform(0.0, 0.16) * height
        tall = random.uniform(0.12, 0.36) * height
        tone = reef.on(rgb(str(random.choice(["#3f9a6a", "#6fae4a", "#2f7d74", "#b0577e", "#c98a3c"]))), 0.9)
        phase = random.uniform(0, 6)
        for blade in range(int(random.integers(3, 6))):
            t = np.linspace(0, 1, 14)
            bend = (blade - 2) * 7 * unit
            path = np.stack(
                [
                    x + bend * t * 2 + 7 * unit * np.sin(5 * t + phase + blade) * t,
                    foot - tall * t * (1 - 0.09 * abs(blade - 2)),
                ],
                1,
            )
            for a, b, share in zip(path[:-1], path[1:], t, strict=False):
                cv2.line(
                    pixels,
                    (int(a[0] * 16), int(a[1] * 16)),
                    (int(b[0] * 16), int(b[1] * 16)),
                    (np.clip(tone * (0.75 + 0.45 * share), 0, 1)).tolist(),
                    max(1, round((5.5 - 4 * share) * unit)),
                    cv2.LINE_AA,
                    4,
                )
    for _ in range(int(38 * width / height)):  # bubbles
        x, y, size = random.uniform(0, width), random.uniform(0, 0.85) * height, random.uniform(1.5, 5.5) * unit
        cv2.circle(
            pixels, (int(x), int(y)), max(1, int(size)), (0.8, 0.96, 1.0), max(1, round(0.8 * unit)), cv2.LINE_AA
        )
    return pixels
