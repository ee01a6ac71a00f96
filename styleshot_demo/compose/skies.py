"""Skies: gradients broken by clouds, sun, moon and stars, at several scales."""

import cv2
import numpy as np

from styleshot_demo.compose.light import Light
from styleshot_demo.compose.textures import mix, noise, rgb, smooth


def sky(
    random: np.random.Generator, shape: tuple[int, int], horizon: int, light: Light, disc: bool = True
) -> np.ndarray:
    """[H, W, 3]: the sky down to the row `horizon`, its lowest colour below. `disc`: with sun or moon."""
    height, width = shape
    rows = (np.arange(height, dtype=np.float32) / max(1, horizon))[:, None] * np.ones((1, width), np.float32)
    unit = min(shape) / 512
    # Broad brushwork: the bands of colour wander.
    wander = noise(random, shape, 70 * unit, 3.5, 5)
    rows = np.clip(rows + 0.045 * wander, 0, 1)
    pixels = mix(light.zenith, light.middle, smooth(rows, 0.0, 0.62))
    pixels = mix(pixels, light.low, smooth(rows, 0.45, 1.0))
    if light.time == "night" and light.weather == "clear":
        stars(random, pixels, horizon, unit)
    if light.sun is not None:
        _glow(pixels, horizon, light, unit, disc)
    _clouds(random, pixels, horizon, light, unit)
    return pixels


def stars(random: np.random.Generator, pixels: np.ndarray, horizon: int, unit: float) -> None:
    """Stars of several sizes above the row `horizon`."""
    width = pixels.shape[1]
    count = int(90 * width * horizon / (512 * 300 * unit * unit))
    for _ in range(count):
        x, y = int(random.integers(0, width)), int(horizon * 0.92 * random.random() ** 1.3)
        size = float(random.choice([0.7, 0.9, 1.3, 2.0], p=[0.45, 0.3, 0.18, 0.07])) * unit
        shade = mix(rgb("#ffffff"), rgb("#ffe2a8"), float(random.random()))
        if size > 1.7 * unit:
            soft = pixels.copy()
            cv2.circle(soft, (x, y), max(2, round(size * 2.6)), (shade * 0.8).tolist(), -1, cv2.LINE_AA)
            cv2.addWeighted(soft, 0.3, pixels, 0.7, 0, pixels)
        cv2.circle(pixels, (x * 16, y * 16), max(10, round(size * 16)), shade.tolist(), -1, cv2.LINE_AA, 4)


def _glow(pixels: np.ndarray, horizon: int, light: Light, unit: float, disc: bool) -> None:
    height, width = pixels.shape[:2]
    assert light.sun is not None  # a hidden one has no glow
    x, y = light.sun[0] * width, light.sun[1] * horizon
    down, right = np.mgrid[0:height, 0:width].astype(np.float32)
    away = np.sqrt((right - x) ** 2 + ((down - y) * (1.25 if light.time == "sunset" else 1)) ** 2) / unit
    if light.time == "night":
        pixels[:] = mix(pixels, rgb("#9fb8ec"), 0.5 * np.exp(-away / 75))
    else:
        pixels[:] = mix(pixels, light.warm, (0.9 if light.time == "sunset" else 0.7) * np.exp(-away / 120))
    if disc:
        radius = {"day": 27, "sunset": 40, "night": 30}[light.time]
        face = {"day": rgb("#fffbe6"), "sunset": rgb("#fff0b8"), "night": rgb("#f6f1d8")}[light.time]
        pixels[:] = mix(pixels, face, smooth(-away, -radius - 1.2, -radius + 1.2))
        if light.time == "night":  # seas of the moon
            for dx, dy, size in ((-9, -6, 8), (8, 4, 6), (-3, 11, 5), (10, -11, 4)):
                spot = np.hypot((right - x) / unit - dx, (down - y) / unit - dy)
                pixels[:] = mix(pixels, rgb("#d9d2b4"), 0.8 * smooth(-spot, -size - 1.5, -size + 1.5))


def _clouds(random: np.random.Generator, pixels: np.ndarray, horizon: int, light: Light, unit: float) -> None:
    shape = pixels.shape[:2]
    rows = (np.arange(shape[0], dtype=np.float32) / max(1, horizon))[:, None]
    clear = light.weather == "clear"
    body = {"day": rgb("#ffffff"), "sunset": rgb("#ff9e7a"), "night": rgb("#41588f")}[light.time]
    shade = {"day": rgb("#9dbdd8"), "sunset": rgb("#7c4a80"), "night": rgb("#16244d")}[light.time]
    if not clear:
        body, shade = mix(body, light.haze, 0.6), mix(shade, light.haze * 0.75, 0.6)
    # Thin veils high up, heaps lower down; both flatter towards the horizon.
    for cell, stretch, cover, low, high, share in (
        (34, 7.0, 0.9, 0.0, 0.55, 0.45),
        (62, 2.6, 0.55 if clear else -0.1, 0.12, 0.95, 0.95),
        (26, 4.5, 0.8, 0.6, 1.02, 0.8),
    ):
        cloud = noise(random, shape, cell * unit, stretch, 6)
        band = smooth(rows, low - 0.1, low + 0.15) * (1 - smooth(rows, high - 0.2, high))
        amount = smooth(cloud, cover, cover + 0.55) * band
        # Lit from above: what has more cloud over it lies in its shadow. At sunset the light comes from below.
        step = max(1, round(9 * unit)) * (-1 if light.time == "sunset" else 1)
        over = np.roll(cv2.GaussianBlur(cloud, (0, 0), 2.5 * unit), step, 0)
        lit = smooth(cloud - over, -0.55, 0.55)
        pixels[:] = mix(pixels, mix(shade, body, lit[..., None]), amount * share)
