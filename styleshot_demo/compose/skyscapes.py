"""Places without ground: the sky, and space."""

import numpy as np

from styleshot_demo.compose import grounds
from styleshot_demo.compose.skies import sky, stars
from styleshot_demo.compose.textures import dabs, mix, noise, rgb, smooth


def clouds(random, shape, light, disc, shore, accent, far) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    pixels = sky(random, shape, height, light, disc)
    grounds.hills(random, pixels, round(0.98 * height), 0.10 * height, rgb("#7f9fb0"), light, 0.3, 200)
    edge = grounds.hills(random, pixels, round(1.0 * height), 0.06 * height, rgb("#6f9f5a"), light, 0.6, 160)
    grounds.conifers(random, pixels, edge, 0.02 * height, light, 0.6, 0.5)
    for _ in range(int(5 * width / height)):  # heaps of cloud, near
        x, y, size = random.uniform(0, width), random.uniform(0.08, 0.86) * height, random.uniform(22, 48) * unit
        _heap(random, pixels, x, y, size, light)
    return pixels


def _heap(random, pixels, x, y, size, light) -> None:
    body = {"day": rgb("#ffffff"), "sunset": rgb("#ffc2a0"), "night": rgb("#5a70a8")}[light.time]
    shade = {"day": rgb("#a9c6de"), "sunset": rgb("#a0608a"), "night": rgb("#22335f")}[light.time]
    count = 26
    across = random.normal(0, 1.25, count)
    rise = np.abs(random.normal(0, 0.5, count)) * np.exp(-(across**2) / 3)
    centres = np.stack([x + across * size, y - rise * size], 1)
    order = np.argsort(rise)[::-1]
    layer = pixels.copy()
    tones = mix(shade, body, np.clip(rise[:, None] * 1.1 + 0.15, 0, 1))
    dabs(
        layer, centres[order], (size * random.uniform(0.35, 0.75, count))[order], tones[order].astype(np.float32), 0.75
    )
    lit = np.clip(rise[order] + 0.3, 0, 1)
    dabs(
        layer,
        centres[order] - (size * 0.10, size * 0.14),
        size * 0.38 * lit,
        mix(shade, body, np.clip(lit[:, None] + 0.25, 0, 1)).astype(np.float32),
        0.7,
    )
    pixels[:] = mix(pixels, layer, 0.85)


def space(random, shape, light, disc, shore, accent, far) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    pixels = np.ones((height, width, 3), np.float32) * rgb("#0b0f2c")
    turn = noise(random, shape, 150 * unit, 1.3, 5)
    for colour, cover in (("#3b2a7d", -0.2), ("#7a2f7f", 0.5), ("#1f6f9a", 0.3), ("#d4688c", 1.2)):
        veil = smooth(noise(random, shape, 120 * unit, 1.6, 6) + 0.5 * turn, cover, cover + 1.6)
        pixels = mix(pixels, rgb(colour), 0.6 * veil)
    dark = smooth(noise(random, shape, 60 * unit, 1.8, 6), 0.5, 1.6)
    pixels = mix(pixels, rgb("#070a20"), 0.6 * dark)
    stars(random, pixels, round(height * 1.08), unit)
    stars(random, pixels, round(height * 1.08), 0.8 * unit)
    down, right = np.mgrid[0:height, 0:width].astype(np.float32)  # a world below
    side = random.choice([-0.1, 1.1])
    cx, cy, radius = side * width, 1.42 * height, 0.68 * min(height, width) + 0.12 * height
    away = np.hypot(right - cx, down - cy)
    inside = smooth(-away, -radius - unit, -radius + unit)
    bands = np.sin((away / (16 * unit)) + 1.2 * noise(random, shape, 40 * unit, 2.5, 4))
    face = mix(rgb("#3f78b5"), rgb("#8fd0d8"), smooth(bands + noise(random, shape, 30 * unit, 2, 4), -0.6, 1.4))
    pixels = mix(pixels, rgb("#8fd8ff"), 0.5 * np.exp(-np.maximum(away - radius, 0) / (14 * unit)) * (1 - inside))
    pixels = mix(pixels, face * (0.35 + 0.65 * smooth(-down, -1.1 * height, -0.75 * height))[..., None], inside)
    return pixels
