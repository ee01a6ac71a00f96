"""Brushwork for flat areas: where a picture has nothing to follow, a painter still leaves strokes.

A feed-forward network paints what it finds; on white paper it finds nothing, and what it makes of the nearest edge
shows as rings. So the flat areas of a content get a faint texture first, made of the style itself: its spectrum with
random phases (Galerne, Gousseau & Morel, Random Phase Textures, IEEE TIP 2011), which keeps scale, direction and
colours of strokes and knows nothing of things.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    import numpy as np

LARGEST = 24.0  # pixels: larger structures of a style are its things, not its strokes
DEVIATION = 16 / 255  # of the texture, at most
HEADROOM = 1.5  # deviations that are kept free at black and white
SCALE = 1.5  # pixels, of the gradient
DECAY = 6.0  # grey levels a pixel: where lightness changes so much, there is a share of exp(-1) of flatness left
# Grey levels a pixel, averaged around: calm enough to count as flat, too lively to. In a drawing a soft shadow is flat.
TEXTURE = {"photograph": (0.4, 0.8), "drawing": (1.5, 3.0)}
MOST = 4.0  # grey levels a pixel: that one place counts for little, so that an edge does not make all around it lively
COARSE = 4  # pixels, of the cells in which that is looked at
AROUND = 5  # cells
SMALLEST = 0.15  # share of a picture; less of it is not worth the time
CLEAN = 0.13  # grey levels that single pixels of a flat area stand out, on average: a camera's do so more
DRAWN = (0.45, 0.65)  # clean share of a picture: up to here it is a photograph, from here on a drawing
LIGHT = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Flat:
    """Where a content is flat, [1, 1, H, W] each, 0 to 1.

    calm   whether the area is, up to its very edge: photographs of grass or skin are not
    bare   `calm` where there is also no edge: what grain is for
    drawn  0 (a photograph) to 1 (a drawing, or a thing on white)
    """

    calm: Tensor
    bare: Tensor
    drawn: float

    def deviation(self, grain: float) -> float:
        """Of the texture, in the range of pixels, for a job's `grain`.

        At the default of a half, drawings get all of it. Photographs get little, for who takes one of the sky wants
        a sky; more beyond.
        """
        return DEVIATION * (self.drawn * min(1.0, 2 * grain) + (1 - self.drawn) * grain**4)


def flatness(content: Tensor) -> Flat | None:
    """Where a content [1, 3, H, W] in [0, 1] is flat; None where that is next to nowhere."""
    import cv2
    import numpy as np

    levels = to_levels(content)
    change = slope(levels, SCALE)
    coarse = tuple(max(1, round(side / COARSE)) for side in change.shape[::-1])

    def around(values: np.ndarray) -> np.ndarray:
        values = cv2.resize(np.minimum(values, MOST), coarse, interpolation=cv2.INTER_AREA)
        values = cv2.blur(values, (AROUND, AROUND), borderType=cv2.BORDER_REPLICATE)
        # The calmest of the windows that see a place tells: an edge has a calm side, grass has none.
        return cv2.erode(values, np.ones((AROUND, AROUND), np.uint8))

    lively = around(change)
    noise = around(np.abs(levels - cv2.GaussianBlur(levels, (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)))
    clean = float(((noise < CLEAN) & (lively < TEXTURE["photograph"][1])).mean())
    drawn = float(np.clip((clean - DRAWN[0]) / (DRAWN[1] - DRAWN[0]), 0, 1))
    low, high = ((1 - drawn) * photo + drawn * flat for photo, flat in zip(*TEXTURE.values(), strict=True))
    calm = np.clip((high - lively) / (high - low), 0, 1)
    if calm.mean() < SMALLEST:
        return None
    calm = cv2.resize(calm, change.shape[::-1], interpolation=cv2.INTER_LINEAR)
    bare = calm * np.exp(-cv2.dilate(change, np.ones((5, 5), np.uint8)) / DECAY)
    calm, bare = (torch.from_numpy(part).to(content)[None, None] for part in (calm, bare))
    return Flat(calm, bare, drawn)


def to_levels(content: Tensor) -> "np.ndarray":
    """Lightness of pixels [1, 3, H, W] in grey levels, 0 to 255: an array [H, W]."""
    light = (content[0] * content.new_tensor(LIGHT)[:, None, None]).sum(0)
    return (255 * light).cpu().numpy()


def slope(levels: "np.ndarray", scale: float) -> "np.ndarray":
    """How fast `levels` [H, W] change from one pixel to the next, seen through a Gaussian of `scale` pixels."""
    import cv2
    import numpy as np

    soft = cv2.GaussianBlur(levels, (0, 0), scale, borderType=cv2.BORDER_REPLICATE)
    right, down = (cv2.Sobel(soft, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    # Not cv2.magnitude: its last bits depend on where in memory the arrays lie, and the seed would not repeat.
    return np.sqrt(right * right + down * down)


def grained(
    content: Tensor, flat: Flat, styles: Sequence[tuple[Tensor, float]], grain: float, seed: int
) -> Tensor:
    """The content [1, 3, H, W] with brushwork of the styles, by their weights, where it is flat."""
    deviation = flat.deviation(grain)
    for picture, weight in styles if deviation > 0 else ():
        # One after another: pictures of different sizes have no strokes in common.
        content = with_grain(content, flat.bare, random_phase(picture, seed), deviation * weight**0.5)
    return content


def random_phase(style: Tensor, seed: int) -> Tensor:
    """[1, 3, h, w], mean 0, deviation 1: the strokes of a style [1, 3, h, w] in no order. Wraps around at its borders.

    The phases of one field of white noise are added to those of all channels, which keeps how the colours go together.
    """
    height, width = style.shape[2:]
    window = (_window(height)[:, None] * _window(width)[None]).to(style)
    mean = (style * window).sum((2, 3), keepdim=True) / window.sum()
    spectrum = torch.fft.rfft2((style - mean) * window)
    noise = torch.randn(height, width, generator=torch.Generator().manual_seed(seed)).to(style)
    phase = torch.fft.rfft2(noise)
    phase = phase / phase.abs().clamp_min(1e-12)
    rows, columns = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    kept = 1 - torch.exp(-0.5 * ((rows**2 + columns**2) * LARGEST**2)).to(style)
    made = torch.fft.irfft2(spectrum * phase * kept, s=(height, width))
    return made / made.square().mean().sqrt().clamp_min(1e-6)


def _window(length: int) -> Tensor:
    """[length]: 1 inside, falling to 0 over an eighth at both ends, so that borders do not count as strokes."""
    fall = max(1, length // 8)
    places = torch.arange(length, dtype=torch.float32)
    away = torch.minimum(places, length - 1 - places) + 0.5
    return torch.sin((away / fall).clamp(0, 1) * math.pi / 2) ** 2


def with_grain(content: Tensor, bare: Tensor, strokes: Tensor, deviation: float) -> Tensor:
    """`content` [1, 3, H, W] with `strokes` of a `deviation` where it is `bare`.

    strokes  [1, 3, h, w] of any size, as `random_phase` makes them
    """
    height, width = content.shape[2:]
    down, right = -(-height // strokes.shape[2]), -(-width // strokes.shape[3])
    field = strokes.repeat(1, 1, down, right)[..., :height, :width]
    room = HEADROOM * deviation
    lifted = content + bare * (content.clamp(room, 1 - room) - content)
    return (lifted + bare * deviation * field).clamp(0, 1)
