"""Flat areas of drawings while a picture is optimised: what is kept there of the picture that was painted first."""

import math

import torch
from torch import Tensor, nn

from styleshot_demo.classical.fast import cropped
from styleshot_demo.classical.grain import LARGEST, Flat
from styleshot_demo.classical.tones import FAINTEST

CELL = 2  # pixels, on which flat areas are averaged: what is finer is speckles, no strokes
BROAD = LARGEST / 4  # deviation of a Gaussian, pixels: what it leaves is larger than strokes
STROKES = LARGEST / math.tau  # likewise: what it takes away are the strokes that `grain` lays
LEFT = 0.5  # share of the first picture's strokes that is left
MOST_GAIN = 3.0  # most that strokes which fade are strengthened


class Ground:
    """Flat areas, where a descent shapes strokes, but neither wipes them out nor lays clouds and seams around things.

    A style's statistics ask for its lights, its darks and its empty paper somewhere. Where a content has nothing that
    they could follow, a descent would lay them out at will, and around the nearest thing. So what is larger than
    strokes stays there as the first picture has it, and half of its strokes stay. What a descent makes of the other
    half has at least their contrast, and in addition what the leading of tones may take of it afterwards.
    """

    def __init__(self, flat: Flat, first: Tensor) -> None:
        """`flat` tells where; in a photograph, where clouds may be clouds, nothing is held. `first` is [1, 3, H, W]."""
        self.bare = flat.drawn * flat.bare
        self.lined = flat.drawn * (flat.calm - flat.bare).clamp_min(0)  # what is calm but for the lines in it
        self.cells = {"bare": _cells(self.bare), "calm": _cells(self.bare + self.lined)}
        self.first, self.wanted = first, self._seen(first)

    def kept(self, painted: Tensor) -> Tensor:
        """`painted` [1, 3, H, W] with the first picture's broad tones; where bare, with strokes no fainter."""
        painted = torch.lerp(painted, self.first, LEFT * self.bare)
        seen = self._seen(painted)
        gain = (self.wanted["contrast"] / FAINTEST / seen["contrast"]).clamp(1, MOST_GAIN)
        off_bare, off_lined = (_pixels(self.wanted[area] - seen[area], painted) for area in ("bare", "calm"))
        strokes = painted - _pixels(seen["bare"], painted)
        return painted + self.bare * (off_bare + (_pixels(gain, painted) - 1) * strokes) + self.lined * off_lined

    def _seen(self, pixels: Tensor) -> dict[str, Tensor]:
        """Broad tones [1, 3, h, w] of either area around each cell, and the contrast [1, 1, h, w] of strokes there."""
        cells = _cells(pixels)
        # Lines have no part in the tone of the ground beside them: what darkens them would lighten it.
        broad = {area: self._around(area, cells, BROAD) for area in self.cells}
        strokes = (cells - self._around("bare", cells, STROKES)).square().mean(1, keepdim=True)
        return broad | {"contrast": (self._around("bare", strokes, BROAD) + 1e-6).sqrt()}

    def _around(self, area: str, values: Tensor, deviation: float) -> Tensor:
        """Means of `values` over an area alone (normalised convolution: Knutsson & Westin, CVPR 1993)."""
        share = self.cells[area]
        return _blurred(share * values, deviation) / _blurred(share, deviation).clamp_min(1e-3)


def _pixels(cells: Tensor, like: Tensor) -> Tensor:
    return cropped(nn.functional.interpolate(cells, scale_factor=CELL, mode="bilinear"), like)


def _cells(pixels: Tensor) -> Tensor:
    return nn.functional.avg_pool2d(pixels, CELL, ceil_mode=True)


def _blurred(cells: Tensor, deviation: float) -> Tensor:
    """Cells [1, C, h, w] seen through a Gaussian of `deviation` pixels; 0 beyond the borders."""
    reach = math.ceil(3 * deviation / CELL)
    places = torch.arange(-reach, reach + 1, device=cells.device, dtype=cells.dtype)
    taps = torch.softmax(-0.5 * (places * CELL / deviation) ** 2, 0)
    down = nn.functional.conv2d(cells.transpose(0, 1), taps.view(1, 1, -1, 1), padding=(reach, 0))
    return nn.functional.conv2d(down, taps.view(1, 1, 1, -1), padding=(0, reach)).transpose(0, 1)
