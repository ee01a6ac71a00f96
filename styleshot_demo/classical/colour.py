"""Colour transfer that keeps a photograph a photograph: every pixel moves by one smooth, monotone map of colours.

Colours are compared in Oklab (Ottosson, 2020), where equal distances look about equal.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from styleshot_demo.classical.statistics import (
    Affine,
    Moments,
    RunningMoments,
    adain,
    moments,
    optimal_transport,
    pointwise_conv,
)
from styleshot_demo.weighting import weighted_sum

# Above this gain the noise and the block edges of a compressed photograph become visible.
MAX_GAIN = 2.5

_TO_LMS = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
           (0.0883024619, 0.2817188376, 0.6299787005))  # fmt: skip
_TO_LAB = ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
           (0.0259040371, 0.7827717662, -0.8086757660))  # fmt: skip


def to_oklab(pixels: Tensor) -> Tensor:
    """sRGB [N, 3, H, W] in [0, 1] -> Oklab: lightness 0 to 1, a and b about -0.4 to 0.4."""
    linear = torch.where(pixels <= 0.04045, pixels / 12.92, ((pixels.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4)
    lms = pointwise_conv(linear, pixels.new_tensor(_TO_LMS)).clamp_min(0)
    return pointwise_conv(lms.pow(1 / 3), pixels.new_tensor(_TO_LAB))


def from_oklab(lab: Tensor) -> Tensor:
    """Oklab -> sRGB [N, 3, H, W]; not clipped: colours no screen can show lie outside [0, 1]."""
    inverse_lab = torch.linalg.inv(torch.tensor(_TO_LAB, dtype=torch.float64)).to(lab)
    inverse_lms = torch.linalg.inv(torch.tensor(_TO_LMS, dtype=torch.float64)).to(lab)
    linear = pointwise_conv(pointwise_conv(lab, inverse_lab) ** 3, inverse_lms)
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055)


def into_gamut(lab: Tensor, rounds: int = 16) -> Tensor:
    """Oklab -> sRGB in [0, 1]: colours outside lose chroma, not hue or lightness, until they fit.

    Near black sRGB is steep: with fewer rounds the steps between neighbouring colours could be seen.
    """
    lab = torch.cat([lab[:, :1].clamp(0, 1), lab[:, 1:]], 1)
    pixels = from_oklab(lab)
    slack = 1 / 512  # less than half a level of an 8-bit picture
    outside = ((pixels < -slack) | (pixels > 1 + slack)).any(1)
    if outside.any():
        lost = lab.permute(0, 2, 3, 1)[outside].T[None, :, :, None]  # [1, 3, n, 1], only those
        low, high = torch.zeros_like(lost[:, :1]), torch.ones_like(lost[:, :1])
        for _ in range(rounds):
            middle = (low + high) / 2
            trial = from_oklab(torch.cat([lost[:, :1], lost[:, 1:] * middle], 1))
            fits = ((trial >= -slack) & (trial <= 1 + slack)).all(1, keepdim=True)
            low, high = torch.where(fits, middle, low), torch.where(fits, high, middle)
        found = from_oklab(torch.cat([lost[:, :1], lost[:, 1:] * low], 1))
        pixels.permute(0, 2, 3, 1)[outside] = found[0, :, :, 0].T
    return pixels.clamp(0, 1)


_MAPS = {"reinhard": adain, "monge-kantorovich": optimal_transport}


@torch.inference_mode()
def transfer_colours(
    content: Tensor, styles: Sequence[tuple[Tensor, float]], method: str = "monge-kantorovich", strength: float = 1.0
) -> Tensor:
    """The content in the styles' colours, [1, 3, H, W] in [0, 1].

    content   [1, 3, H, W], sRGB in [0, 1]
    styles    ([1, 3, H, W], weight) with weights that sum to 1
    method    "reinhard": mean and deviation per axis (Reinhard et al., 2001);
              "monge-kantorovich": the linear map of least displacement that also carries the correlations
              (Pitié & Kokaram, 2007)
    strength  0 gives the content back exactly, 1 the full map
    """
    if strength == 0:
        return content.clone()
    return transfer_to_moments(
        content, [(moments(to_oklab(picture)), weight) for picture, weight in styles], method, strength
    )


@torch.inference_mode()
def transfer_to_moments(
    content: Tensor,
    styles: Sequence[tuple[Moments, float]],
    method: str,
    strength: float,
    subject: Tensor | None = None,
) -> Tensor:
    """`transfer_colours`, by the moments of the styles' colours in Oklab; `strength` is above 0.

    subject  [1, 1, H, W], 0 to 1: of what the moments are taken, and what alone changes; None: all
    """
    lab = to_oklab(content)
    if subject is None:
        return into_gamut(colour_map(moments(lab), styles, method)(lab, strength))
    running = RunningMoments()
    running.update_vectors(inside(lab, subject))
    made = into_gamut(colour_map(running.moments(), styles, method)(lab, strength))
    return torch.lerp(content, made, subject)


def inside(lab: Tensor, subject: Tensor) -> Tensor:
    """[n, 3]: the colours [1, 3, H, W] where `subject` [1, 1, H, W] is 1."""
    return lab[0].permute(1, 2, 0)[subject[0, 0] == 1]


def colour_map(content: Moments, styles: Sequence[tuple[Moments, float]], method: str) -> Affine:
    """The mean, by the styles' weights (which sum to 1), of the maps of `method` onto each style, all in Oklab."""
    maps = [(_MAPS[method](content, style, max_gain=MAX_GAIN), weight) for style, weight in styles]
    return Affine(
        weighted_sum((affine.matrix, weight) for affine, weight in maps),
        content.mean,
        weighted_sum((affine.target, weight) for affine, weight in maps),
    )


def with_colours_of(content: Tensor, painted: Tensor) -> Tensor:
    """`painted` with the colours of `content` (Gatys et al., 2016, luminance-only transfer), both [1, 3, H, W]."""
    lightness, colours = to_oklab(painted)[:, :1], to_oklab(content)[:, 1:]
    return into_gamut(torch.cat([lightness, colours], 1))
