"""Autumn: what is green turns golden, orange or red, and leaves come down."""

import cv2
import numpy as np

from styleshot_demo.compose.light import Light
from styleshot_demo.compose.textures import dabs, mix, noise, rgb, smooth

FALLING = ("#d9822b", "#e8b03a", "#b9452a", "#c96a1f")
GREENS = 62, 158  # degrees: from olive to the green of firs, not to that of the sea
LEAVES = 12, 52  # red to gold
GRASS = 34, 58  # withered


def turned(random: np.random.Generator, pixels: np.ndarray, ground: float = 1.0) -> np.ndarray:
    """[H, W, 3], its greens turned; below `ground`, a share of the height, grass grows."""
    height, width = pixels.shape[:2]
    blots = noise(random, (height, width), min(height, width) / 8, 1.4, 6)
    rows = smooth(np.arange(height, dtype=np.float32)[:, None] / height, ground - 0.02, ground + 0.02)
    hue, saturation, value = cv2.split(cv2.cvtColor(pixels.astype(np.float32).clip(0, 1), cv2.COLOR_RGB2HSV))
    low, high = GREENS
    green = smooth(hue, low - 14, low + 6) * (1 - smooth(hue, high - 8, high + 12)) * smooth(saturation, 0.06, 0.2)
    share = smooth(blots, -1.6, 1.6)
    first, last = (leaf + (grass - leaf) * rows for leaf, grass in zip(LEAVES, GRASS, strict=True))
    new = [first + (last - first) * share, np.minimum(1, 1.15 * saturation + 0.14), np.minimum(1, 1.22 * value)]
    warm = cv2.cvtColor(cv2.merge([one.astype(np.float32) for one in new]), cv2.COLOR_HSV2RGB)
    return mix(pixels, warm, green)


def leaves(random: np.random.Generator, pixels: np.ndarray, light: Light) -> np.ndarray:
    """[H, W, 3] with leaves in the air, the near ones larger."""
    height, width = pixels.shape[:2]
    unit = min(height, width) / 512
    count = int(width * height / (unit * unit) / 262144 * 70)
    near = random.random(count) ** 2
    tones = np.stack([rgb(one) for one in FALLING])[random.integers(0, len(FALLING), count)] * light.tint
    layer = pixels.copy()
    centres = np.stack([random.uniform(0, 1, count) * width, random.uniform(0, 1, count) * height], 1)
    dabs(layer, centres, (1.6 + 3.4 * near) * unit, tones.astype(np.float32), 0.5, random.uniform(0, 180, count))
    return mix(pixels, layer, 0.92)
