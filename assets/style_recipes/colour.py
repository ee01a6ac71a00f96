"""Colours, gradients and compositing. Pictures are float32 (size, size, 3), sRGB, [0, 1]."""

from collections.abc import Sequence

import numpy as np


def rgb(code: str) -> np.ndarray:
    """ "#rrggbb" as three floats in [0, 1]."""
    return np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / 255


def palette(*codes: str) -> np.ndarray:
    return np.stack([rgb(code) for code in codes])


def ramp(t: np.ndarray, stops: Sequence[tuple[float, str]]) -> np.ndarray:
    """Gradient through (place, colour) stops at every t: shape of t plus (3,)."""
    places = [place for place, _ in stops]
    colours = palette(*(code for _, code in stops))
    return np.stack([np.interp(t, places, colours[:, c]) for c in range(3)], -1).astype(np.float32)


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def over(below: np.ndarray, colour: np.ndarray, alpha: np.ndarray | float) -> np.ndarray:
    """`colour` (3,) or (size, size, 3) laid over `below` by `alpha` (size, size) in [0, 1]."""
    alpha = np.asarray(alpha, np.float32)[..., None]
    return below * (1 - alpha) + colour * alpha


def glaze(below: np.ndarray, colour: np.ndarray, amount: np.ndarray | float) -> np.ndarray:
    """Transparent pigment: `below` darkened by `colour` raised to `amount` (size, size); 1 is one full coat."""
    amount = np.asarray(amount, np.float32)[..., None]
    return below * np.exp(np.log(np.clip(colour, 0.01, 1)) * amount)


def screen(below: np.ndarray, light: np.ndarray) -> np.ndarray:
    return 1 - (1 - below) * (1 - np.clip(light, 0, 1))


def saturate(picture: np.ndarray, factor: float) -> np.ndarray:
    grey = picture @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.clip(grey[..., None] + (picture - grey[..., None]) * factor, 0, 1)
