"""Colours by name, and drawings in other colours: hue and chroma change, shading stays (in Björn Ottosson's OKLCH)."""

import re
from collections.abc import Callable, Mapping

import numpy as np

# Name -> (lightness 0 to 1, chroma, hue in degrees) in OKLCH.
NAMED: Mapping[str, tuple[float, float, float]] = {
    "red": (0.60, 0.22, 27),
    "orange": (0.73, 0.17, 58),
    "yellow": (0.87, 0.17, 95),
    "green": (0.64, 0.17, 143),
    "turquoise": (0.74, 0.11, 192),
    "blue": (0.57, 0.17, 256),
    "purple": (0.52, 0.19, 305),
    "pink": (0.76, 0.13, 357),
    "brown": (0.47, 0.08, 55),
    "beige": (0.85, 0.05, 82),
    "gold": (0.79, 0.14, 84),
    "silver": (0.78, 0.01, 250),
    "white": (0.96, 0.005, 90),
    "grey": (0.62, 0.008, 250),
    "black": (0.27, 0.01, 270),
}
NEUTRAL = 0.045  # chroma under which a colour has no hue worth speaking of
NEAR = 42.0  # degrees: hues so near to the main one are shades of it
DARK = 0.3  # lightness of outlines and pupils, which stay
_HEX = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def to_oklch(rgb: np.ndarray) -> np.ndarray:
    """[..., 3] sRGB in [0, 1] -> lightness, chroma, hue in degrees."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    light, a, b = np.moveaxis(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T, -1, 0)
    return np.stack([light, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360], -1)


def from_oklch(lch: np.ndarray) -> np.ndarray:
    """What `to_oklch` undoes; colours that a screen has not are clipped."""
    light, chroma, hue = np.moveaxis(np.asarray(lch, float), -1, 0)
    lab = np.stack([light, chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))], -1)
    linear = (lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).clip(0, 1)


def main_colour(pixels: np.ndarray) -> np.ndarray:
    """OKLCH of what most of a drawing is painted in; `pixels` [N, 3] are its opaque ones, sRGB in [0, 1]."""
    lch = to_oklch(pixels)
    lch = lch[lch[:, 0] > DARK] if (lch[:, 0] > DARK).mean() > 0.2 else lch
    vivid = lch[:, 1] > NEUTRAL
    if vivid.mean() < 0.35:
        chosen = lch[~vivid]
        return np.array([np.median(chosen[:, 0]), np.median(chosen[:, 1]), 0.0])
    lch = lch[vivid]
    shares, edges = np.histogram(lch[:, 2], bins=36, range=(0, 360), weights=lch[:, 1])
    around = shares + np.roll(shares, 1) + np.roll(shares, -1)
    hue = edges[int(around.argmax())] + 5
    chosen = lch[_apart(lch[:, 2], hue) < 30]
    return np.array([np.median(chosen[:, 0]), np.median(chosen[:, 1]), hue])


def recoloured(
    svg: str, colour: str, main: np.ndarray, spared: Callable[[np.ndarray], bool] = lambda lch: False
) -> str:
    """An SVG with the shades of its `main` colour (OKLCH) turned to those of a named `colour`.

    spared  whether a colour (OKLCH) stays as it is, however near it comes to the main one
    """
    light, chroma, hue = NAMED[colour]
    neutral = main[1] <= NEUTRAL

    def turned(lch: np.ndarray) -> np.ndarray:
        if spared(lch):
            return lch
        if colour == "black" and lch[0] < DARK:
            return np.array([0.66, 0.02, 90])  # eyes and outlines, which would be lost in the dark
        if neutral:
            if lch[1] > NEUTRAL * 1.5 or lch[0] < min(DARK, main[0] - 0.05):
                return lch
            share = chroma * (0.4 + 0.6 * min(1.0, max(0.0, 1.15 - lch[0]) / max(0.15, 1.15 - main[0])))
        else:
            if lch[1] <= NEUTRAL / 2 or _apart(lch[2], main[2]) > NEAR:
                return lch
            share = chroma * min(1.4, lch[1] / max(main[1], NEUTRAL))
        # What is lighter or darker than the main colour stays so, in the room that is left at that end.
        away = lch[0] - main[0]
        room = (1 - light) / max(1 - main[0], 0.05) if away > 0 else light / max(main[0], 0.05)
        return np.array([np.clip(light + away * min(1.0, room), 0.08, 1), share, hue])

    return mapped(svg, turned)


def mapped(svg: str, change: Callable[[np.ndarray], np.ndarray]) -> str:
    """An SVG with every colour put through `change`, which maps OKLCH to OKLCH."""

    def one(match: re.Match) -> str:
        digits = match[1] if len(match[1]) == 6 else "".join(2 * sign for sign in match[1])
        rgb = np.array([int(digits[place : place + 2], 16) for place in (0, 2, 4)]) / 255
        return hexadecimal(from_oklch(change(to_oklch(rgb))))

    return _HEX.sub(one, svg)


def hexadecimal(rgb: np.ndarray) -> str:
    """sRGB in [0, 1] as an SVG writes it."""
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in rgb)


def _apart(hue: np.ndarray, other: float) -> np.ndarray:
    return np.abs((hue - other + 180) % 360 - 180)
