"""Noise, strokes and planes: what backdrops are made of. Arrays are float32, pixels RGB in [0, 1]."""

import cv2
import numpy as np

Colour = tuple[float, float, float]


def rgb(text: str) -> np.ndarray:
    """ "#8cc4ea" as [3]."""
    return np.array([int(text[place : place + 2], 16) / 255 for place in (1, 3, 5)], np.float32)


def mix(one: np.ndarray, other: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """`one` with a `share` of `other`: a number from 0 to 1, [H, W] or [H, 1] for pixels, [N, 1] for colours."""
    pixels = max(np.ndim(one), np.ndim(other)) == 3
    if isinstance(share, np.ndarray) and share.ndim == 2 and (pixels or share.shape[1] != 1):
        share = share[..., None]
    return (one + (other - one) * share).astype(np.float32)


def smooth(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below `low`, 1 above `high`, without corners between."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def noise(random: np.random.Generator, shape: tuple[int, int], cell: float, stretch: float = 1.0, octaves: int = 4):
    """[H, W], mean 0, deviation 1: fractal noise with blots up to `cell` pixels high and `stretch` times wide."""
    height, width = shape
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        down, right = cell / 2**octave, cell * stretch / 2**octave
        if down < 1.5 and octave:
            break
        rows, columns = int(height / down) + 3, int(width / right) + 3
        grid = random.standard_normal((rows, columns)).astype(np.float32)
        large = cv2.resize(grid, (int(columns * right) + 1, int(rows * down) + 1), interpolation=cv2.INTER_CUBIC)
        top, left = (
            int(random.integers(0, max(1, large.shape[0] - height))),
            int(random.integers(0, max(1, large.shape[1] - width))),
        )
        total += large[top : top + height, left : left + width] * 0.55**octave
    return (total - total.mean()) / max(float(total.std()), 1e-6)


def line(random: np.random.Generator, width: int, cell: float, octaves: int = 5, ridged: bool = False) -> np.ndarray:
    """[W], about -1 to 1: the outline of hills, or with `ridged` of mountains."""
    total = np.zeros(width, np.float32)
    places = np.arange(width)
    for octave in range(octaves):
        step = max(cell / 2**octave, 2.0)
        heights = random.uniform(-1, 1, int(width / step) + 3)
        at = places / step + random.random()
        first = at.astype(int)
        share = at - first
        if not ridged:
            share = share * share * (3 - 2 * share)
        total += ((1 - share) * heights[first] + share * heights[first + 1]) * (0.5 if ridged else 0.42) ** octave
    return total / max(float(np.abs(total).max()), 1e-6)


def plane(random: np.random.Generator, shape: tuple[int, int], horizon: int, cell: float, stretch: float = 3.0):
    """[H - horizon, W]: noise on flat ground that runs away to the horizon.

    In front its blots are `cell` pixels high, in a picture of 512, and `stretch` times as wide; far off they shrink
    and fade, as finer than a pixel they would only flicker.
    """
    height, width = shape[0] - horizon, shape[1]
    texture = noise(random, (512, 1024), 16, stretch, 4)
    near = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    away = 1.08 / (near + 0.08)
    finer = 16 / (cell * min(shape) / 512)  # texels a pixel
    across = (
        np.arange(width, dtype=np.float32)[None] - width / 2
    ) * finer * away + 4603  # the middle of a fold: no mirror in sight
    down = finer * height * away + 0 * across
    found = cv2.remap(texture, _folded(across, 1023), _folded(down, 511), cv2.INTER_LINEAR)
    return found * (0.3 + 0.7 * np.sqrt(near))


def _folded(values: np.ndarray, length: int) -> np.ndarray:
    """Back and forth between 0 and `length`: a texture that is mirrored at its borders has no seams."""
    return (length - np.abs(values % (2 * length) - length)).astype(np.float32)


def below(edge: np.ndarray, height: int) -> np.ndarray:
    """[H, W] 0 to 1: what lies under a line [W] of rows, with a soft edge of a pixel."""
    rows = np.arange(height, dtype=np.float32)[:, None]
    return np.clip(rows - edge[None] + 0.5, 0, 1).astype(np.float32)


def strokes(
    pixels: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    colours: np.ndarray,
    widths: np.ndarray,
) -> None:
    """Draws lines onto `pixels`, the first at the bottom. starts, ends [N, 2] (x, y); colours [N, 3]; widths [N]."""
    for start, end, colour, width in zip(starts, ends, colours.tolist(), widths.tolist(), strict=True):
        cv2.line(
            pixels,
            (int(start[0] * 16), int(start[1] * 16)),
            (int(end[0] * 16), int(end[1] * 16)),
            colour,
            max(1, round(width)),
            cv2.LINE_AA,
            4,
        )


def dabs(
    pixels: np.ndarray,
    centres: np.ndarray,
    radii: np.ndarray,
    colours: np.ndarray,
    flat: float = 1.0,
    angles: np.ndarray | None = None,
) -> None:
    """Draws ellipses onto `pixels`: centres [N, 2] (x, y), radii [N], angles in degrees; `flat`: height over width."""
    if angles is None:
        angles = np.zeros(len(centres))
    for centre, radius, colour, angle in zip(centres, radii.tolist(), colours.tolist(), angles.tolist(), strict=True):
        axes = (max(1, round(radius)), max(1, round(radius * flat)))
        cv2.ellipse(pixels, (int(centre[0]), int(centre[1])), axes, angle, 0, 360, colour, -1, cv2.LINE_AA)


def varied(random: np.random.Generator, colour: np.ndarray, count: int, light: float = 0.08, tint: float = 0.03):
    """[N, 3]: a colour `count` times, each a little lighter or darker, and of another tint."""
    change = random.normal(0, light, (count, 1)) + random.normal(0, tint, (count, 3))
    return np.clip(colour + change, 0, 1).astype(np.float32)
