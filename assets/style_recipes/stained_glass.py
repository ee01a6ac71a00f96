"""Stained glass: a picture cut into leaded cells of streaky, seeded glass with the sun behind it."""

import cv2
import numpy as np

from .colour import palette, rgb, screen, smoothstep
from .noise import fbm, grain, line
from .shapes import below, bezier, disc, petal, pixels, plane, shrink, stroke
from .surface import relief

TITLE_EN = "Stained glass: irises and the rising sun"
TITLE_ZH = "彩绘玻璃:鸢尾与朝阳"
METHOD = "painter's-order cell map, distance-field lead, streaked and back-lit glass"

SUN = (0.5, 0.36)
SKY = palette("#1c4fa8", "#2f7fd0", "#5cb3e6", "#8fd0e8", "#2a62bd")
DAWN = palette("#ffb02e", "#ff8a1f", "#f7c84a", "#f2643a", "#ffd76a")
HILLS = palette("#2f8f5b", "#1d6b4f", "#64b04a", "#1f7f7a", "#9cc24a")
WATER = palette("#0f5e8c", "#1a86a8", "#0b4673", "#38a6b5")
IRIS = palette("#5b2a9d", "#8546c4", "#3c2386", "#a76fd8", "#6b2fb5")
FALLS = palette("#7d36b5", "#b05fd0", "#54269a")
LEAF = palette("#1f7a3a", "#3fa045", "#145c3a", "#6fb53e")
BORDER = palette("#a3172c", "#c8263a", "#7d1230", "#d98a1f")
PEARL = palette("#fff0b8", "#ffe08a")


class Cells:
    """Label of every pixel, and the colour of every label."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.labels = np.zeros((size, size), np.int32)
        self.colours: list[np.ndarray] = [rgb("#000000")]

    def region(self, mask: np.ndarray, parts: np.ndarray, colours: np.ndarray) -> None:
        """Cut `mask` by the whole-number map `parts`; each piece takes one of `colours`, slightly varied."""
        values, inverse = np.unique(parts[mask], return_inverse=True)
        picks = self.rng.integers(0, len(colours), len(values))
        for k in range(1, len(picks)):
            if picks[k] == picks[k - 1]:
                picks[k] = (picks[k] + 1) % len(colours)
        self.labels[mask] = len(self.colours) + inverse
        self.colours += list(colours[picks] * self.rng.uniform(0.82, 1.12, (len(picks), 1)))

    def piece(self, polygon: np.ndarray, colours: np.ndarray) -> None:
        cv2.fillPoly(self.labels, [pixels(polygon, self.size)], len(self.colours), cv2.LINE_8, 5)
        self.colours.append(colours[self.rng.integers(len(colours))] * self.rng.uniform(0.85, 1.12))


def flower(cells: Cells, x: float, y: float, scale: float, lean: float) -> None:
    for turn, length, width in ((-2.5, 0.13, 0.085), (-0.64, 0.13, 0.085), (-2.05, 0.145, 0.085), (-1.1, 0.145, 0.085)):
        cells.piece(petal(x, y, turn + lean, length * scale, width * scale, 0.66, 0.25), IRIS)
    cells.piece(petal(x, y, -np.pi / 2 + lean, 0.16 * scale, 0.09 * scale, 0.6), FALLS)
    for turn, bend in ((2.75, -0.9), (0.39, 0.9), (np.pi / 2, 0.0)):
        cells.piece(petal(x, y, turn + lean, 0.17 * scale, 0.11 * scale, 0.68, bend), IRIS)
        cells.piece(petal(x, y, turn + lean, 0.10 * scale, 0.04 * scale, 0.6, bend), DAWN[2:3])


def layout(size: int) -> Cells:
    cells = Cells(size, np.random.default_rng(4))
    x, y = plane(size)
    axis = np.linspace(0, 1, 200)
    far, turn = np.hypot(x - SUN[0], y - SUN[1]), np.arctan2(y - SUN[1], x - SUN[0])
    rays, wave = 22, 0.018 * np.sin(turn * 11) * smoothstep(0.115, 0.19, far)
    rings = np.digitize(far + wave, [0.112, 0.19, 0.285, 0.40, 0.53, 0.68])
    sector = np.floor((turn / (2 * np.pi) + 0.5) * rays + 0.5 * (rings % 2)).astype(int) % rays
    parts = rings * 100 + sector
    cells.region(rings >= 4, parts, SKY)
    cells.region(rings == 3, parts, np.concatenate([SKY[2:4], PEARL[:1]]))
    cells.region((rings == 2) | (rings == 1), parts, DAWN)
    cells.region(far < 0.112, (far > 0.06) * 10 + (far > 0.06) * (sector // 4), PEARL)
    for k, (level, seed) in enumerate(((0.50, 8), (0.565, 9), (0.63, 10))):
        ridge = level + 0.055 * line(axis, 3, seed, 2)
        cut = np.floor((x + 0.25 * (y - level) * (-1) ** k + 0.02 * np.sin(y * 30)) * (6 + k)).astype(int)
        cells.region(below(size, ridge) > 0.5, cut, HILLS)
    shore = below(size, 0.70 + 0.012 * np.sin(axis * 9)) > 0.5
    band = np.floor(np.clip((y - 0.70 + 0.012 * np.sin(x * 14)) / 0.33, 0, 1) ** 0.75 * 6).astype(int)
    cells.region(shore, band * 50 + np.floor(x * 5 + 0.37 * band + 0.1 * np.sin(y * 40)).astype(int), WATER)
    glint = shore & (np.abs(x - SUN[0] + 0.012 * np.sin(y * 60)) < 0.055 + 0.05 * np.sin(y * 70))
    cells.region(glint, band, DAWN)
    for foot, top, bend in (
        (0.16, 0.50, 0.10),
        (0.33, 0.60, -0.05),
        (0.70, 0.58, 0.06),
        (0.87, 0.46, -0.10),
        (0.06, 0.66, -0.04),
        (0.95, 0.68, 0.05),
        (0.42, 0.74, 0.05),
        (0.61, 0.76, -0.05),
    ):
        blade = bezier((foot, 1.0), (foot - bend, 0.85), (foot + bend, top + 0.1), (foot + bend * 1.4, top))
        cells.piece(stroke(blade, 0.045 * np.linspace(1.1, 0.05, 40) ** 0.7), LEAF)
        cells.piece(stroke(blade + (0.012, 0.0), 0.03 * np.linspace(1.1, 0.02, 40) ** 0.7), LEAF)
    for fx, fy, scale, lean in ((0.24, 0.60, 1.25, -0.10), (0.77, 0.57, 1.3, 0.12), (0.50, 0.79, 1.15, 0.0)):
        stalk = bezier((fx + lean * -0.4, 1.02), (fx + lean * -0.2, fy + 0.2), (fx, fy))
        cells.piece(stroke(stalk, 0.026), LEAF[3:])
        flower(cells, fx, fy, scale, lean)
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    along = np.where(np.minimum(x, 1 - x) < np.minimum(y, 1 - y), y, x)
    frame = edge < 0.055
    cells.region(frame, np.floor(along * 13).astype(int) * 4 + (x > 0.5) * 2 + (y > 0.5), BORDER)
    for k in range(1, 12):
        for px, py in (
            ((k + 0.5) / 13, 0.0275),
            ((k + 0.5) / 13, 0.9725),
            (0.0275, (k + 0.5) / 13),
            (0.9725, (k + 0.5) / 13),
        ):
            cells.piece(disc(px, py, 0.0185), PEARL)
    for px in (0.0275, 0.9725):
        for py in (0.0275, 0.9725):
            cells.piece(disc(px, py, 0.0275, 4), IRIS[3:4])
    return cells


def render(size: int) -> np.ndarray:
    large = size * 2
    cells = layout(large)
    labels, unit = cells.labels, large / 1536
    x, y = plane(large)
    kernel = np.ones((3, 3), np.uint8)
    smooth = labels.astype(np.float32)
    rim = (cv2.dilate(smooth, kernel) != cv2.erode(smooth, kernel)).astype(np.uint8)
    gap = cv2.distanceTransform(1 - rim, cv2.DIST_L2, 5) / unit
    rng = np.random.default_rng(9)
    count = len(cells.colours)
    colour = np.stack(cells.colours)[labels]
    slant, shift = rng.uniform(0, np.pi, count)[labels], rng.random((count, 2))[labels]
    u = (x * np.cos(slant) + y * np.sin(slant)) * 0.5 + shift[..., 0]
    v = (-x * np.sin(slant) + y * np.cos(slant)) * 3.2 + shift[..., 1]
    marble = fbm(large, (6, 6), 77, 6)
    rows, columns = (
        (np.abs(np.mod(v, 2) - 1) * (large - 1)).astype(np.float32),
        (np.abs(np.mod(u, 2) - 1) * (large - 1)).astype(np.float32),
    )
    streak = cv2.remap(marble, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    streak = np.clip((streak - 0.5) * 1.7 + 0.5, 0, 1)
    glass = colour ** (1.55 - 1.0 * streak[..., None])
    far = np.hypot(x - SUN[0], y - SUN[1])
    glass = glass * (0.80 + 0.42 * np.exp(-(far**2) / 0.10))[..., None]
    glass = glass * (0.55 + 0.45 * smoothstep(4, 30, gap))[..., None]
    bubbles = smoothstep(2.1, 2.9, grain(large, 5, 2.4 * unit))
    ripples = relief(fbm(large, 60, 6, 3) + 0.05 * grain(large, 8, 2 * unit), 30 * unit)
    glass = glass * (1 + 0.13 * ripples[..., None]) + 0.25 * bubbles[..., None] * colour
    bloom = cv2.GaussianBlur(glass, (0, 0), 22 * unit)
    glass = screen(glass, 0.30 * bloom**1.4)
    width = 6.2 + 1.6 * (fbm(large, 20, 12) - 0.5)
    came = smoothstep(width + 1.2, width - 1.2, gap)
    profile = np.sqrt(np.clip(1 - (gap / 8) ** 2, 0, 1)).astype(np.float32)
    lead = 0.10 + 0.26 * np.clip(relief(profile, 7 * unit), -0.3, 1) + 0.05 * grain(large, 14, 1.5 * unit) * 0.6
    lead = np.clip(lead, 0.015, 1)[..., None] * rgb("#8d95a6") * 1.25
    return shrink(np.clip(glass * (1 - came[..., None]) + lead * came[..., None], 0, 1), size)
