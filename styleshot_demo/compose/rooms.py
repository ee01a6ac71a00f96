"""Places indoors: a room, a table, a plain wall, white paper."""

import cv2
import numpy as np

from styleshot_demo.compose import grounds
from styleshot_demo.compose.colours import from_oklch
from styleshot_demo.compose.skies import sky
from styleshot_demo.compose.stage import HORIZON
from styleshot_demo.compose.textures import mix, noise, rgb, smooth


def _wall(random, shape, light, accent, lightness: float = 0.80) -> np.ndarray:
    pixels = np.zeros((*shape, 3), np.float32)
    tone = from_oklch(np.array([lightness, 0.055, accent])).astype(np.float32)
    side = 0.2 if light.sun is None or light.sun[0] < 0.5 else 0.8
    grounds.plaster(random, pixels, tone * (0.55 * light.tint + 0.45), side)
    return pixels


def _window(random, pixels, light, box) -> None:
    """A window with the sky in it; box: left, top, right, bottom in shares."""
    height, width = pixels.shape[:2]
    unit = grounds.unit_of(pixels)
    left, top, right, bottom = (round(part * (width, height)[place % 2]) for place, part in enumerate(box))
    view = sky(random, (max(8, bottom - top), max(8, right - left)), int((bottom - top) * 0.8), light, False)
    grounds.hills(random, view, int((bottom - top) * 0.85), (bottom - top) * 0.25, rgb("#7fa36a"), light, 0.4, 90)
    frame = (rgb("#f3ead8") * (0.5 * light.tint + 0.5)).tolist()
    edge = round(8 * unit)
    cv2.rectangle(pixels, (left - edge, top - edge), (right + edge, bottom + edge), frame, -1)
    pixels[top : top + view.shape[0], left : left + view.shape[1]] = view
    for x in (left, (left + right) // 2, right):
        cv2.line(pixels, (x, top), (x, bottom), frame, max(1, round(5 * unit)))
    cv2.line(pixels, (left, (top + bottom) // 2), (right, (top + bottom) // 2), frame, max(1, round(5 * unit)))
    cv2.rectangle(
        pixels,
        (left - round(14 * unit), bottom + edge),
        (right + round(14 * unit), bottom + edge + round(8 * unit)),
        frame,
        -1,
    )


def room(random, shape, light, disc, shore, accent, far) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    floor = round(HORIZON["room"] * height)
    pixels = _wall(random, shape, light, accent)
    stripes = np.sin(np.arange(width, dtype=np.float32)[None] / (13 * unit)) * np.ones((height, 1), np.float32)
    pixels *= (1 + 0.035 * np.sign(stripes) * smooth(np.abs(stripes), 0.1, 0.4))[..., None]
    left = random.random() < 0.5
    _window(random, pixels, light, (0.10, 0.10, 0.36, 0.44) if left else (0.64, 0.10, 0.90, 0.44))
    x = 0.70 if left else 0.16
    box = [
        round(x * width),
        round(0.14 * height),
        round((x + 0.16) * width),
        round(0.34 * height),
    ]  # a picture on the wall
    cv2.rectangle(
        pixels,
        (box[0] - round(6 * unit), box[1] - round(6 * unit)),
        (box[2] + round(6 * unit), box[3] + round(6 * unit)),
        (rgb("#8a6238") * light.tint).tolist(),
        -1,
    )
    small = (max(8, box[3] - box[1]), max(8, box[2] - box[0]))
    view = sky(random, small, small[0] // 2, light, False)
    grounds.hills(random, view, int(small[0] * 0.75), small[0] * 0.3, rgb("#6c9a6a"), light, 0.5, 60)
    pixels[box[1] : box[1] + small[0], box[0] : box[0] + small[1]] = view
    skirting = round(0.035 * height)
    grounds.planks(random, pixels, floor, light, "#b5814f", 12)
    pixels[floor - skirting : floor] = mix(
        pixels[floor - skirting : floor], rgb("#f2e9da") * (0.5 * light.tint + 0.5), 0.85
    )
    down, right = np.mgrid[0:height, 0:width].astype(np.float32)  # a rug
    r = np.hypot((right - width / 2) / (0.40 * width), (down - 0.86 * height) / (0.105 * height))
    rug = from_oklch(np.array([0.55, 0.11, (accent + 150) % 360])).astype(np.float32) * light.tint
    weave = 1 + 0.07 * noise(random, shape, 3 * unit, 5, 2)
    ring = smooth(np.cos(r * 15), 0.3, 0.7)
    face = mix(rug, mix(rug, rgb("#f4e3bd"), 0.7), 0.75 * ring) * weave[..., None]
    pixels[:] = mix(pixels, np.clip(face, 0, 1), smooth(-r, -1.01, -0.99))
    return pixels


def table(random, shape, light, disc, shore, accent, far) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    top = round(HORIZON["table"] * height)
    pixels = _wall(random, shape, light, accent, 0.70)
    cloth = random.random() < 0.45
    if cloth:
        rows = np.linspace(0, 1, height - top, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
        x = (np.arange(width, dtype=np.float32)[None] / width - 0.5) / (0.55 + 0.8 * rows) * 13
        y = np.sqrt(rows + 0.05) * 12
        wave = 0.12 * noise(random, rows.shape, 60 * unit, 1.5, 2)
        checks = (
            smooth(np.sin((x + wave) * np.pi), -0.15, 0.15) * 0.5
            + smooth(np.sin((y + wave) * np.pi), -0.15, 0.15) * 0.5
        )
        tone = from_oklch(np.array([0.60, 0.12, (accent + 170) % 360])).astype(np.float32)
        face = mix(rgb("#fbf5ea"), tone, 0.85 * checks) * light.tint
        fold = (
            1 + 0.055 * noise(random, rows.shape, 50 * unit, 0.5, 3) + 0.025 * noise(random, rows.shape, 3 * unit, 1, 2)
        )
        pixels[top:] = np.clip(face * (fold * (1.04 - 0.2 * rows))[..., None], 0, 1)
    else:
        grounds.planks(random, pixels, top, light, str(random.choice(["#a9743f", "#8a5a35", "#c0925c"])), 9, False)
    pixels[top - round(2 * unit) : top + round(3 * unit)] *= 0.82
    glow = np.exp(
        -(
            (
                np.arange(width, dtype=np.float32)[None] / width
                - (0.2 if light.sun is None or light.sun[0] < 0.5 else 0.8)
            )
            ** 2
        )
        / 0.12
    )
    pixels[top:] = np.clip(pixels[top:] * (0.92 + 0.16 * glow)[..., None], 0, 1)
    return pixels


def plain(random, shape, light, disc, shore, accent, far) -> np.ndarray:
    height, width = shape
    pixels = _wall(random, shape, light, accent, 0.84)
    y = np.arange(height, dtype=np.float32)[:, None] / height * np.ones((1, width), np.float32)
    ground = smooth(
        y + 0.012 * noise(random, shape, 30 * min(shape) / 512, 3, 4), HORIZON["plain"] - 0.06, HORIZON["plain"] + 0.10
    )
    other = _wall(random, shape, light, (accent + 25) % 360, 0.74)
    return mix(pixels, other, ground)


def white(random, shape, light, disc, shore, accent, far) -> np.ndarray:
    """As products are photographed: white paper that comes forward, which is white at any time of the day."""
    height, width = shape
    y = np.arange(height, dtype=np.float32)[:, None] / height * np.ones((1, width), np.float32)
    bend = 0.035 * smooth(y, HORIZON["white"] - 0.25, 1.0)
    return np.repeat((1 - bend)[..., None], 3, axis=2)
