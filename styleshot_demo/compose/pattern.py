"""Patterns that repeat without a seam: motifs scattered over a tile that wraps around, on an ornamented ground."""

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


def ground(shape: tuple[int, int], accent: float, random: np.random.Generator) -> np.ndarray:
    """[H, W, 3]: a pale ground with brushwork and small ornaments, the same at opposite borders."""
    height, width = shape
    unit = min(shape) / 512
    dark = random.random() < 0.35
    tone = from_oklch(np.array([0.36 if dark else 0.90, 0.05, accent])).astype(np.float32)
    pixels = np.ones((height, width, 3), np.float32) * tone
    for size, count in ((44, 240), (22, 460), (10, 620)):
        count = int(count * width * height / (unit * unit * 262144))
        x, y = random.uniform(0, width, count), random.uniform(0, height, count)
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
    spark = from_oklch(np.array([0.62 if dark else 0.78, 0.09, (accent + 40) % 360])).astype(np.float32)
    layer = np.zeros(shape, np.float32)
    step = 46 * unit
    down, right = max(2, 2 * round(height / step / 2)), max(2, round(width / step))
    for row in range(down):
        for column in range(right):
            x = (column + 0.5 * (row % 2)) * width / right
            y = row * height / down
            for dx in (-width, 0, width):
                for dy in (-height, 0, height):
                    _ornament(layer, x + dx, y + dy, (row + column) % 3, unit)
    return np.clip(mix(pixels, spark, 0.8 * layer), 0, 1)


def _ornament(layer: np.ndarray, x: float, y: float, kind: int, unit: float) -> None:
    centre = (int(x * 16), int(y * 16))
    if kind == 0:
        cv2.circle(layer, centre, round(2.6 * unit * 16), 1.0, -1, cv2.LINE_AA, 4)
    elif kind == 1:
        for angle in range(0, 360, 72):
            turn = np.radians(angle)
            spot = (int((x + 4.2 * unit * np.cos(turn)) * 16), int((y + 4.2 * unit * np.sin(turn)) * 16))
            cv2.circle(layer, spot, round(2.1 * unit * 16), 1.0, -1, cv2.LINE_AA, 4)
    else:
        for angle in (45, 135):
            cv2.ellipse(
                layer,
                (int(x), int(y)),
                (max(1, round(6 * unit)), max(1, round(2 * unit))),
                angle,
                0,
                360,
                1.0,
                -1,
                cv2.LINE_AA,
            )


def motifs(
    scene: Scene, shape: tuple[int, int], random: np.random.Generator
) -> list[tuple[int, float, float, Image.Image]]:
    """(index of the thing, x, y of its middle in pixels, drawing): rows shifted by halves, jittered and turned."""
    height, width = shape
    sizes = [metres(art.by_name()[one.name]) ** SHRINK for one in scene.things]
    across = max(2, round(width / min(shape) * ROWS))
    down = max(2, 2 * round(height / min(shape) * ROWS / 2))  # an even number, so that the shift wraps around too
    cell = min(width / across, height / down)
    found = []
    for row in range(down):
        for column in range(across):
            index = (row + column) % len(scene.things)  # neighbours differ
            thing = scene.things[index]
            factor = {"small": 0.7, "normal": 1.0, "large": 1.2}[thing.size]
            size = 0.92 * cell * (0.55 + 0.45 * sizes[index] / max(sizes)) * factor * random.uniform(0.92, 1.06)
            tall = size / max(1.0, art.proportion(thing.name))
            drawing = art.draw(thing.name, max(8, round(tall)), thing.colour)
            if random.random() < 0.5:
                drawing = drawing.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            drawing = drawing.rotate(random.uniform(-18, 18), Image.Resampling.BICUBIC, expand=True)
            x = (column + 0.5 * (row % 2) + 0.25 + random.uniform(-0.05, 0.05)) * width / across
            y = (row + 0.5 + random.uniform(-0.05, 0.05)) * height / down
            found.append((index, x % width, y % height, drawing))
    return found
