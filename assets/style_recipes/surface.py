"""What a picture is made on and of: papers, canvas, relief under a lamp."""

import cv2
import numpy as np

from .noise import fbm, grain


def relief(height: np.ndarray, strength: float, light: tuple[float, float] = (-0.7, -0.7)) -> np.ndarray:
    """Lambert shading of a height field lit from `light` (x, y): mean near 0, positive where it faces the lamp."""
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3) / 8
    right = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) / 8
    return np.tanh((right * light[0] + down * light[1]) * -strength)


def tooth(size: int, seed: int) -> np.ndarray:
    """Height of cold-pressed paper in [0, 1]: dimples at two scales."""
    unit = size / 768
    field = (
        0.65 * grain(size, seed, 1.7 * unit) + 0.55 * grain(size, seed + 1, 3.6 * unit) + 0.15 * grain(size, seed + 2)
    )
    return np.clip(0.5 + 0.22 * field, 0, 1).astype(np.float32)


def fibres(size: int, seed: int, count: int = 500) -> np.ndarray:
    """Long fibres of a handmade sheet, [0, 1], mostly 0."""
    rng = np.random.default_rng(seed)
    sheet = np.zeros((size, size), np.uint8)
    for _ in range(count):
        start, angle, bend = rng.random(2), rng.uniform(0, 2 * np.pi), rng.uniform(-2, 2)
        t = np.linspace(0, rng.uniform(0.02, 0.12), 12)
        turn = angle + bend * t * 12
        points = start + np.stack([t * np.cos(turn), t * np.sin(turn)], 1)
        cv2.polylines(
            sheet, [np.round(points * size * 32).astype(np.int32)], False, int(rng.integers(50, 200)), 1, cv2.LINE_AA, 5
        )
    return sheet.astype(np.float32) / 255


def linen(size: int, seed: int, threads: int = 190) -> np.ndarray:
    """Plain-woven canvas, [0, 1]."""
    axis = np.arange(size, dtype=np.float32) / size * threads
    wobble = (fbm(size, 8, seed) - 0.5) * 1.2
    over_under = np.sin(np.pi * (axis[None] + wobble)) * np.sin(np.pi * (axis[:, None] + wobble.T))
    return 0.5 + 0.5 * over_under * (0.7 + 0.3 * fbm(size, 40, seed + 1, 2))
