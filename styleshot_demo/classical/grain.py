"""Brushwork for flat areas: where a picture has nothing to follow, a painter still leaves strokes.

A feed-forward network paints what it finds; on white paper it finds nothing, and what it makes of the nearest edge
shows as rings. So the flat areas of a content get a faint texture first, made of the style itself: its spectrum with
random phases (Galerne, Gousseau & Morel, Random Phase Textures, IEEE TIP 2011), which keeps scale, direction and
colours of strokes and knows nothing of things.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, max_pool2d, pad

LARGEST = 24.0  # pixels: larger structures of a style are its things, not its strokes
DEVIATION = 16 / 255  # of the texture at amount 1
HEADROOM = 1.5  # deviations that are kept free at black and white
SCALE = 1.5  # pixels, of the gradient
DECAY = 6.0  # grey levels a pixel: where lightness changes so much, there is a share of exp(-1) of flatness left
TEXTURE = (1.5, 3.0)  # grey levels a pixel, averaged around: calm enough to count as flat, too lively to
COARSE = 4  # pixels, of the cells in which that is looked at
AROUND = 5  # cells
SMALLEST = 0.02  # share of a picture; less of it is not worth the time
LIGHT = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Flat:
    """Where a content is flat, [1, 1, H, W] each, 0 to 1.

    calm   whether the area is, up to its very edge: photographs of grass or skin are not
    bare   `calm` where there is also no edge: what grain is for
    """

    calm: Tensor
    bare: Tensor


def flatness(content: Tensor) -> Flat | None:
    """Where a content [1, 3, H, W] in [0, 1] is flat; None where that is next to nowhere."""
    change = gradient(content)
    low, high = TEXTURE
    # Each place counts for little, so that an edge in a flat area does not make its neighbourhood lively.
    small = avg_pool2d(change.clamp_max(high + 1), COARSE, ceil_mode=True, count_include_pad=False)
    half = AROUND // 2
    lively = avg_pool2d(pad(small, (half,) * 4, mode="replicate"), AROUND, stride=1)
    # The calmest of the windows that see a place tells: an edge has a calm side, grass has none.
    lively = -max_pool2d(pad(-lively, (half,) * 4, mode="replicate"), AROUND, stride=1)
    calm = ((high - lively) / (high - low)).clamp(0, 1)
    if float(calm.mean()) < SMALLEST:
        return None
    calm = interpolate(calm, size=content.shape[2:], mode="bilinear")
    edge = max_pool2d(change, 5, stride=1, padding=2)
    return Flat(calm, calm * torch.exp(-edge / DECAY))


def gradient(content: Tensor, scale: float = SCALE) -> Tensor:
    """[1, 1, H, W]: how fast lightness changes, grey levels a pixel, seen through a Gaussian of `scale` pixels."""
    light = 255 * (content * content.new_tensor(LIGHT)[None, :, None, None]).sum(1, keepdim=True)
    reach = math.ceil(3 * scale)
    places = torch.arange(-reach, reach + 1, dtype=content.dtype, device=content.device)
    bell = torch.exp(-(places**2) / (2 * scale**2))
    bell = bell / bell.sum()
    slope = places * bell / (places**2 * bell).sum()
    framed = pad(light, (reach,) * 4, mode="replicate")
    down = conv2d(conv2d(framed, slope[None, None, :, None]), bell[None, None, None])
    right = conv2d(conv2d(framed, bell[None, None, :, None]), slope[None, None, None])
    return torch.hypot(down, right)


def random_phase(style: Tensor, seed: int) -> Tensor:
    """[1, 3, h, w], mean 0, deviation 1: the strokes of a style [1, 3, h, w] in no order. Wraps around at its borders.

    Phases are those of one field of white noise for all channels, which keeps the colours' correlations.
    """
    height, width = style.shape[2:]
    window = (_window(height)[:, None] * _window(width)[None]).to(style)
    mean = (style * window).sum((2, 3), keepdim=True) / window.sum()
    spectrum = torch.fft.rfft2((style - mean) * window).abs()
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


def with_grain(content: Tensor, bare: Tensor, strokes: Tensor, amount: float) -> Tensor:
    """`content` [1, 3, H, W] with `strokes` (as `random_phase` makes them, of any size) where it is `bare`."""
    deviation = amount * DEVIATION
    height, width = content.shape[2:]
    down, right = -(-height // strokes.shape[2]), -(-width // strokes.shape[3])
    field = strokes.repeat(1, 1, down, right)[..., :height, :width]
    room = HEADROOM * deviation
    lifted = content + bare * (content.clamp(room, 1 - room) - content)
    return (lifted + bare * deviation * field).clamp(0, 1)
