"""Patterns that repeat without a seam: motifs scattered over a tile that wraps around, on an ornamented ground."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from styleshot_demo.compose import art
from styleshot_demo.compose.colours import from_oklch
from styleshot_demo.compose.places import metres
from styleshot_demo.compose.scene import Scene
from styleshot_demo.compose.textures import dabs, mix, varied

ROWS = 4  # of motifs along the short side
SHRINK = 0.18  # motifs of a pattern differ less in size than things in a landscape


# Place -> colour of a ground that stands for it, and of the ornaments on it: lightness 0 to 1, chroma, hue in degrees
# (Ottosson, A perceptual color space for image processing, 2020).
_TONES = {
    "meadow": ((0.76, 0.10, 132), (0.93, 0.09, 100)),
    "mountains": ((0.70, 0.04, 255), (0.90, 0.02, 250)),
    "forest": ((0.44, 0.07, 152), (0.66, 0.09, 132)),
    "desert": ((0.84, 0.08, 80), (0.70, 0.09, 58)),
    "beach": ((0.89, 0.06, 86), (0.74, 0.08, 215)),
    "sea": ((0.62, 0.09, 240), (0.84, 0.05, 215)),
    "under water": ((0.52, 0.09, 222), (0.76, 0.08, 195)),
    "street": ((0.66, 0.01, 260), (0.82, 0.02, 90)),
    "room": ((0.84, 0.05, 55), (0.70, 0.08, 30)),
    "table": ((0.70, 0.07, 62), (0.55, 0.08, 48)),
    "sky": ((0.82, 0.07, 238), (0.97, 0.01, 238)),
    "space": ((0.27, 0.06, 285), (0.88, 0.07, 95)),
    "snow": ((0.94, 0.02, 235), (0.80, 0.05, 240)),
    "white": ((0.99, 0.0, 0), (0.90, 0.01, 240)),
}
NIGHT = 0.55  # share of its lightness that a place keeps at night


def _tones(scene: Scene, accent: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The colours of ground and ornaments, [3] each: of the place, or where there is none, of the hue `accent`."""
    dark = random.random() < 0.35 or scene.time == "night"
    usual = (0.36 if dark else 0.90, 0.05, accent), (0.62 if dark else 0.78, 0.09, (accent + 40) % 360)
    tone, spark = _TONES.get(scene.place, usual)
    if scene.place in _TONES and scene.time == "night" and scene.place != "space":
        tone = (NIGHT * tone[0], *tone[1:])
    plain, ornate = (from_oklch(np.array(one)).astype(np.float32) for one in (tone, spark))
    return plain, ornate


def ground(scene: Scene, shape: tuple[int, int], accent: float, random: np.random.Generator) -> np.ndarray:
    """[H, W, 3]: a ground in the colours of its place, with brushwork and ornaments, the same at opposite borders.

    accent  hue in degrees, where the scene has no place but "plain"
    """
    height, width = shape
    unit = min(shape) / 512
    tone, spark = _tones(scene, accent, random)
    pixels = np.ones((height, width, 3), np.float32) * tone
    for size, count in ((44, 240), (22, 460), (10, 620)):
        count = int(count * width * height / (unit * unit * 262144))
        # Whole pixels, which are the same ones on both sides of a border.
        x, y = np.floor(random.uniform(0, width, count)), np.floor(random.uniform(0, height, count))
        turn = 40 * np.sin(2 * np.pi * x / width) + 40 * np.sin(2 * np.pi * y / height) + random.normal(0, 8, count)
        tones = varied(random, tone, count, 0.035, 0.012)
        radii = size * unit * random.uniform(0.7, 1.3, count)
        layer = pixels.copy()
        for dx in (-width, 0, width):
            for dy in (-height, 0, height):
                seen = (np.abs(x + dx - width / 2) < width / 2 + 60 * unit) & (
                    np.abs(y + dy - height / 2) < height / 2 + 60 * unit
                )
                dabs(layer, np.stack([x + dx, y + dy], 1)[seen], radii[seen], tones[seen], 0.3, turn[seen])
        pixels = mix(pixels, layer, 0.6)
    layer = np.zeros(shape, np.float32)
    step = 46 * unit
    down, right = max(2, 2 * round(height / step / 2)), max(2, round(width / step))
    for row in range(down):
        for column in range(right):
            x = (column + 0.25 + 0.5 * (row % 2)) * width / right
            y = (row + 0.5) * height / down
            for dx in (-width, 0, width):
                for dy in (-height, 0, height):
                    _ornament(layer, x + dx, y + dy, (row + column) % 3, unit)
    return np.clip(mix(pixels, spark, 0.8 * layer), 0, 1)


def _ornament(layer: np.ndarray, x: float, y: float, kind: int, unit: float) -> None:
    centre = (round(x * 16), round(y * 16))  # in sixteenths of a pixel, the same on both sides of a border
    if kind == 0:
        cv2.circle(layer, centre, round(2.6 * unit * 16), 1.0, -1, cv2.LINE_AA, 4)
    elif kind == 1:
        for angle in range(0, 360, 72):
            turn = np.radians(angle)
            spot = (round((x + 4.2 * unit * np.cos(turn)) * 16), round((y + 4.2 * unit * np.sin(turn)) * 16))
            cv2.circle(layer, spot, round(2.1 * unit * 16), 1.0, -1, cv2.LINE_AA, 4)
    else:
        for angle in (45, 135):
            axes = (max(16, round(6 * unit * 16)), max(16, round(2 * unit * 16)))
            cv2.ellipse(layer, centre, axes, angle, 0, 360, 1.0, -1, cv2.LINE_AA, 4)


def which(row: int, column: int, across: int, count: int) -> int:
    """Of `count` things the one that stands there: another one than its neighbours in a row of `across`."""
    beside_its_like = column == across - 1 and across % count == 1  # the row wraps around
    return (row + column + beside_its_like) % count


def motifs(
    scene: Scene, shape: tuple[int, int], random: np.random.Generator, skins: Sequence[str | None]
) -> list[tuple[int, float, float, Image.Image]]:
    """(index of the thing, x, y of its middle in pixels, drawing): rows shifted by halves, jittered and turned.

    skins  the tone of each thing's skin, where it is a person
    """
    height, width = shape
    sizes = [metres(art.by_name()[one.name]) ** SHRINK for one in scene.things]
    # Even numbers, so that the shift, and two things in turn, wrap around too.
    across, down = (max(2, 2 * round(side / min(shape) * ROWS / 2)) for side in (width, height))
    cell = min(width / across, height / down)
    found = []
    for row in range(down):
        for column in range(across):
            index = which(row, column, across, len(scene.things))
            thing = scene.things[index]
            factor = {"small": 0.7, "normal": 1.0, "large": 1.2}[thing.size]
            size = 0.92 * cell * (0.55 + 0.45 * sizes[index] / max(sizes)) * factor * random.uniform(0.92, 1.06)
            tall = max(8, round(size / max(1.0, art.proportion(thing.name))))
            drawing = art.draw(thing.name, tall, thing.colour, "whole", skins[index], thing.clothes)
            if random.random() < 0.5:
                drawing = drawing.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            drawing = drawing.rotate(random.uniform(-18, 18), Image.Resampling.BICUBIC, expand=True)
            x = (column + 0.5 * (row % 2) + random.uniform(-0.05, 0.05)) * width / across
            y = (row + 0.5 + random.uniform(-0.05, 0.05)) * height / down
            found.append((index, x % width, y % height, drawing))
    return found
