"""Brushwork for flat areas: where a picture has nothing to follow, a painter still leaves strokes.

A feed-forward network paints what it finds; on white paper it finds nothing, and what it makes of the nearest edge
shows as rings. So the flat areas of a content get a faint texture first, made of the style itself: its spectrum with
random phases (Galerne, Gousseau & Morel, Random Phase Textures, IEEE TIP 2011), which keeps scale, direction and
colours of strokes and knows nothing of things.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from styleshot_demo.classical.statistics import pointwise_conv
from styleshot_demo.classical.tiles import Box, source_box, upsample_crop

if TYPE_CHECKING:
    import numpy as np

MAX_WAVELENGTH = 24.0  # pixels: larger structures of a style are its things, not its strokes
DEVIATION = 16 / 255  # of the texture, at most
HEADROOM = 1.5  # deviations that are kept free at black and white
SCALE = 1.5  # pixels, of the gradient
DECAY = 6.0  # grey levels a pixel: where lightness changes so much, there is a share of exp(-1) of flatness left
# Grey levels a pixel, averaged around: calm enough to count as flat, too lively to. In a drawing a soft shadow is flat.
GRADIENT_RANGE = {"photograph": (0.4, 0.8), "drawing": (1.5, 3.0)}
MAX_GRADIENT = (
    4.0  # grey levels a pixel: that one place counts for little, so that an edge does not make all around it lively
)
CELL = 4  # pixels, of the cells in which that is looked at
CONTEXT = 16  # pixels around a place that tell how flat it is there, at least
WINDOW = 5  # cells
MIN_SHARE = 0.15  # share of a picture; less of it is not worth the time
MAX_NOISE = 0.13  # grey levels that single pixels of a flat area stand out, on average: a camera's do so more
CLEAN_SHARE_RANGE = (0.45, 0.65)  # clean share of a picture: up to here it is a photograph, from here on a drawing
LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class FlatMasks:
    """Where a content is flat, [1, 1, H, W] each, 0 to 1.

    area           whether it is flat, up to its very edge: photographs of grass or skin are not
    interior       `area` where there is also no edge: what grain is for
    drawing_score  0 (a photograph) to 1 (a drawing, or a thing on white)
    """

    area: Tensor
    interior: Tensor
    drawing_score: float


def texture_deviation(drawing_score: float, grain: float) -> float:
    """Of the texture, in the range of pixels, for a job's `grain`.

    At the default of a half, drawings get all of it. Photographs get little, for who takes one of the sky wants a sky;
    more beyond.
    """
    return DEVIATION * (drawing_score * min(1.0, 2 * grain) + (1 - drawing_score) * grain**4)


def flat_masks(content: Tensor) -> FlatMasks | None:
    """Where a content [1, 3, H, W] in [0, 1] is flat; None where that is next to nowhere."""
    whole = Box(0, content.shape[2], 0, content.shape[3])
    flatness = flatness_map(lambda box: box.crop(content), whole.height, whole.width, strip=whole.height)
    return None if flatness is None else flatness.masks(content, whole)


@dataclass(frozen=True)
class FlatnessMap:
    """Where a picture of `size` (height, width) is flat, on cells of about `CELL` pixels.

    cells          [1, 1, h, w], 0 to 1
    drawing_score  as in `FlatMasks`
    """

    cells: Tensor
    drawing_score: float
    size: tuple[int, int]

    def crop(self, box: Box) -> Tensor:
        """[1, 1, h, w] of the pixels in a part of the picture."""
        small = (self.cells.shape[2], self.cells.shape[3])
        seen = source_box(box, small, self.size)
        return upsample_crop(seen.crop(self.cells), seen, small, self.size, box)

    def masks(self, content: Tensor, box: Box) -> FlatMasks:
        """For a part of the picture; what lies within `CONTEXT` pixels of its inner borders is not right.

        content  [1, 3, h, w], that part
        """
        import cv2
        import numpy as np

        change = cv2.dilate(gradient_magnitude(grey_levels(content), SCALE), np.ones((5, 5), np.uint8))
        area = self.crop(box).to(content)
        return FlatMasks(area, area * torch.from_numpy(np.exp(-change / DECAY)).to(content), self.drawing_score)


def flatness_map(read: Callable[[Box], Tensor], height: int, width: int, strip: int = 512) -> FlatnessMap | None:
    """Where a picture is flat, read in strips of about so many rows; None where that is next to nowhere.

    read  a part of the picture, [1, 3, h, w] in [0, 1]
    """
    import cv2
    import numpy as np

    rows, columns = (max(1, round(side / CELL)) for side in (height, width))
    change, noise = (np.empty((rows, columns), np.float32) for _ in range(2))
    for top in range(0, rows, max(1, strip // CELL)):
        bottom = min(rows, top + max(1, strip // CELL))
        own = top * height // rows, -(-bottom * height // rows)
        window = Box(*own, 0, width).expanded(CONTEXT, height, width)
        levels = grey_levels(read(window))
        soft = cv2.GaussianBlur(levels, (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)
        for cells, values in ((change, gradient_magnitude(levels, SCALE)), (noise, np.abs(levels - soft))):
            values = np.minimum(values[own[0] - window.top : own[1] - window.top], MAX_GRADIENT)
            values = cv2.resize(values, (columns, len(values)), interpolation=cv2.INTER_AREA)
            cells[top:bottom] = _mean_rows(values, own[0], range(top, bottom), height / rows)

    def around(values: np.ndarray) -> np.ndarray:
        values = cv2.blur(values, (WINDOW, WINDOW), borderType=cv2.BORDER_REPLICATE)
        # The calmest of the windows that see a place tells: an edge has a calm side, grass has none.
        return cv2.erode(values, np.ones((WINDOW, WINDOW), np.uint8))

    gradients = around(change)
    clean = float(((around(noise) < MAX_NOISE) & (gradients < GRADIENT_RANGE["photograph"][1])).mean())
    drawing_score = float(np.clip((clean - CLEAN_SHARE_RANGE[0]) / (CLEAN_SHARE_RANGE[1] - CLEAN_SHARE_RANGE[0]), 0, 1))
    low, high = (
        (1 - drawing_score) * photo + drawing_score * flat for photo, flat in zip(*GRADIENT_RANGE.values(), strict=True)
    )
    flatness = np.clip((high - gradients) / (high - low), 0, 1)
    if flatness.mean() < MIN_SHARE:
        return None
    return FlatnessMap(torch.from_numpy(flatness)[None, None], drawing_score, (height, width))


def _mean_rows(values: "np.ndarray", first: int, cells: range, side: float) -> "np.ndarray":
    """[len(cells), w]: means over the rows that each of these cells, `side` rows high, covers, in part or whole.

    values  [h, w], from row `first` on
    """
    import numpy as np

    starts = np.arange(cells.start, cells.stop) * side
    made = np.zeros((len(cells), values.shape[1]), np.float32)
    # Row by row, not as a product of matrices: see `gradient_magnitude`.
    for tap in range(math.ceil(side) + 1):
        rows = np.floor(starts).astype(int) + tap
        share = np.clip(np.minimum(rows + 1, starts + side) - np.maximum(rows, starts), 0, None) / side
        made += share[:, None].astype(np.float32) * values[np.clip(rows - first, 0, len(values) - 1)]
    return made


def grey_levels(content: Tensor) -> "np.ndarray":
    """Lightness of pixels [1, 3, H, W] in grey levels, 0 to 255: an array [H, W]."""
    return pointwise_conv(content, 255 * content.new_tensor(LUMA)[None])[0, 0].cpu().numpy()


def gradient_magnitude(levels: "np.ndarray", scale: float) -> "np.ndarray":
    """How fast `levels` [H, W] change from one pixel to the next, seen through a Gaussian of `scale` pixels."""
    import cv2
    import numpy as np

    soft = cv2.GaussianBlur(levels, (0, 0), scale, borderType=cv2.BORDER_REPLICATE)
    right, down = (cv2.Sobel(soft, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    # Not cv2.magnitude: its last bits depend on where in memory the arrays lie, and the seed would not repeat.
    return np.sqrt(right * right + down * down)


def add_textures(
    content: Tensor,
    flat: FlatMasks,
    strokes: Sequence[tuple[Tensor, float]],
    grain: float,
    corner: tuple[int, int] = (0, 0),
) -> Tensor:
    """The content [1, 3, H, W] with the strokes of styles, by their weights, where it is flat.

    strokes  (what `random_phase` has made of a style, weight)
    corner   as in `add_texture`
    """
    deviation = texture_deviation(flat.drawing_score, grain)
    for made, weight in strokes:
        # One after another: pictures of different sizes have no strokes in common.
        content = add_texture(content, flat.interior, made, deviation * weight**0.5, corner)
    return content


def random_phase(style: Tensor, seed: int, size: tuple[int, int] | None = None) -> Tensor:
    """[1, 3, h, w], mean 0, deviation 1: the strokes of a style [1, 3, H, W] in no order. Wraps around at its borders.

    size  h and w; None: those of the style. Beyond the style there is nothing (its spectrum is only sampled more
          finely), and of a larger style the middle is read

    The phases of one field of white noise are added to those of all channels, which keeps how the colours go together.
    """
    size = size or (style.shape[2], style.shape[3])
    style = _middle(style, size)
    height, width = style.shape[2:]
    window = (_window(height)[:, None] * _window(width)[None]).to(style)
    mean = (style * window).sum((2, 3), keepdim=True) / window.sum()
    spectrum = torch.fft.rfft2((style - mean) * window, s=size)
    height, width = size
    noise = torch.randn(height, width, generator=torch.Generator().manual_seed(seed)).to(style)
    phase = torch.fft.rfft2(noise)
    phase = phase / phase.abs().clamp_min(1e-12)
    rows, columns = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    kept = 1 - torch.exp(-0.5 * ((rows**2 + columns**2) * MAX_WAVELENGTH**2)).to(style)
    made = torch.fft.irfft2(spectrum * phase * kept, s=(height, width))
    return made / made.square().mean().sqrt().clamp_min(1e-6)


def _middle(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """Of a picture [1, 3, H, W] that is larger than `size`, the middle."""
    for axis, length in zip((2, 3), size, strict=True):
        spare = max(0, picture.shape[axis] - length)
        picture = picture.narrow(axis, spare // 2, picture.shape[axis] - spare)
    return picture


def _window(length: int) -> Tensor:
    """[length]: 1 inside, falling to 0 over an eighth at both ends, so that borders do not count as strokes."""
    fall = max(1, length // 8)
    places = torch.arange(length, dtype=torch.float32)
    away = torch.minimum(places, length - 1 - places) + 0.5
    return torch.sin((away / fall).clamp(0, 1) * math.pi / 2) ** 2


def add_texture(
    content: Tensor, mask: Tensor, strokes: Tensor, deviation: float, corner: tuple[int, int] = (0, 0)
) -> Tensor:
    """`content` [1, 3, H, W] with `strokes` of a `deviation` where `mask` is 1.

    strokes  [1, 3, h, w] of any size, as `random_phase` makes them
    corner   row and column of the picture at which the content begins, where it is part of one
    """
    field = strokes
    for axis, start in zip((2, 3), corner, strict=True):
        start, side, period = start % strokes.shape[axis], content.shape[axis], strokes.shape[axis]
        # Whole periods side by side: picking out rows and columns by number takes ten times as long.
        field = torch.cat([field] * -(-(start + side) // period), axis).narrow(axis, start, side)
    room = HEADROOM * deviation
    lifted = content + mask * (content.clamp(room, 1 - room) - content)
    return (lifted + mask * deviation * field).clamp(0, 1)
