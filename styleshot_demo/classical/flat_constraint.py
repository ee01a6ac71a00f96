"""Flat areas of drawings while a picture is optimised: what is kept there of the picture that was painted first."""

import math

import torch
from torch import Tensor, nn

from styleshot_demo.classical.fast import cropped
from styleshot_demo.classical.grain import MAX_WAVELENGTH, FlatMasks
from styleshot_demo.classical.tones import MIN_CONTRAST

CELL = 2  # pixels, on which flat areas are averaged: what is finer is speckles, no strokes
BROAD_SIGMA = MAX_WAVELENGTH / 4  # deviation of a Gaussian, pixels: what it leaves is larger than strokes
STROKE_SIGMA = MAX_WAVELENGTH / math.tau  # likewise: what it takes away are the strokes that `grain` lays
STROKE_BLEND = 0.5  # share of the first picture's strokes that is left
MOST_GAIN = 3.0  # most that strokes which fade are strengthened


class FlatAreaConstraint:
    """Flat areas, where a descent shapes strokes, but neither wipes them out nor lays clouds and seams around things.

    A style's statistics ask for its lights, its darks and its empty paper somewhere. Where a content has nothing that
    they could follow, a descent would lay them out at will, and around the nearest thing. So what is larger than
    strokes stays there as the first picture has it, and half of its strokes stay. What a descent makes of the other
    half has at least their contrast, and in addition what the leading of tones may take of it afterwards.
    """

    def __init__(self, flat: FlatMasks, first: Tensor) -> None:
        """`flat` tells where; in a photograph, where clouds may be clouds, nothing is held. `first` is [1, 3, H, W]."""
        self.interior = flat.drawing_score * flat.interior
        # What is flat but for the lines in it.
        self.outlines = flat.drawing_score * (flat.area - flat.interior).clamp_min(0)
        self.cells = {"interior": _pooled(self.interior), "area": _pooled(self.interior + self.outlines)}
        self.first, self.target = first, self._statistics(first)

    def apply(self, painted: Tensor) -> Tensor:
        """`painted` [1, 3, H, W] with the first picture's broad tones; in the interior, with strokes no fainter."""
        painted = torch.lerp(painted, self.first, STROKE_BLEND * self.interior)
        seen = self._statistics(painted)
        gain = (self.target["contrast"] / MIN_CONTRAST / seen["contrast"]).clamp(1, MOST_GAIN)
        shift, shift_at_lines = (_upsampled(self.target[area] - seen[area], painted) for area in ("interior", "area"))
        strokes = painted - _upsampled(seen["interior"], painted)
        stronger = (_upsampled(gain, painted) - 1) * strokes
        return painted + self.interior * (shift + stronger) + self.outlines * shift_at_lines

    def _statistics(self, pixels: Tensor) -> dict[str, Tensor]:
        """Broad tones [1, 3, h, w] of either area around each cell, and the contrast [1, 1, h, w] of strokes there."""
        cells = _pooled(pixels)
        # Lines have no part in the tone of the ground beside them: what darkens them would lighten it.
        broad = {area: self._masked_blur(area, cells, BROAD_SIGMA) for area in self.cells}
        strokes = (cells - self._masked_blur("interior", cells, STROKE_SIGMA)).square().mean(1, keepdim=True)
        return broad | {"contrast": (self._masked_blur("interior", strokes, BROAD_SIGMA) + 1e-6).sqrt()}

    def _masked_blur(self, area: str, values: Tensor, deviation: float) -> Tensor:
        """Means of `values` over an area alone (normalised convolution: Knutsson & Westin, CVPR 1993)."""
        share = self.cells[area]
        return _blurred(share * values, deviation) / _blurred(share, deviation).clamp_min(1e-3)


def _upsampled(cells: Tensor, like: Tensor) -> Tensor:
    return cropped(nn.functional.interpolate(cells, scale_factor=CELL, mode="bilinear"), like)


def _pooled(pixels: Tensor) -> Tensor:
    return nn.functional.avg_pool2d(pixels, CELL, ceil_mode=True)


def _blurred(cells: Tensor, deviation: float) -> Tensor:
    """Cells [1, C, h, w] seen through a Gaussian of `deviation` pixels; 0 beyond the borders."""
    reach = math.ceil(3 * deviation / CELL)
    places = torch.arange(-reach, reach + 1, device=cells.device, dtype=cells.dtype)
    taps = torch.softmax(-0.5 * (places * CELL / deviation) ** 2, 0)
    down = nn.functional.conv2d(cells.transpose(0, 1), taps.view(1, 1, -1, 1), padding=(reach, 0))
    return nn.functional.conv2d(down, taps.view(1, 1, 1, -1), padding=(0, reach)).transpose(0, 1)
