"""Light ground stays lighter than what stands on it.

A style's moments say how light a painting is on average, not what of it: white paper comes out in the style's middle
brown. Here each tone of the flat areas of a drawing is led towards the tone that the style has in its place: its lights
for the lights, its darks for the darks. That is a power law for each tone, which keeps black, white and the strokes.
"""

import torch
from torch import Tensor

from styleshot_demo.classical.grain import LUMA
from styleshot_demo.classical.statistics import pointwise_conv

TONES = 17  # of the content, between which is interpolated
BLEND = 0.75  # of the way, in the logarithm of lightness
QUANTILE_RANGE = (0.06, 0.85)  # shares of the style that are darker than what black and white are led to
MIN_SHARE = 0.004  # share of a picture that a tone has to cover, or it goes with its neighbours
MIN_CONTRAST = 0.78  # share of their contrast that strokes keep at least
MAX_SAMPLES = 2**16  # pixels of a style that are read
EXACT_PIXELS = 2**21  # of a content, above which every second one of every second row tells enough


def tone_quantiles(picture: Tensor) -> Tensor:
    """[TONES]: the lightness that stands in a style [1, 3, H, W] where a content has each tone, black to white."""
    light = _luma(picture).flatten()
    light = light[:: -(-len(light) // MAX_SAMPLES)].float().cpu()
    return torch.quantile(light, torch.linspace(*QUANTILE_RANGE, TONES))


class ToneCurve:
    """The tones of one painted picture, led part by part: `observe` all parts, `fit`, `apply` to each."""

    def __init__(self, target: Tensor, size: tuple[int, int]) -> None:
        """`target` [TONES], of lightness: see `tone_quantiles`; `size`: height and width of the picture."""
        self.target = target
        self._step = 1 if size[0] * size[1] <= EXACT_PIXELS else 2
        self._sums = torch.zeros(2, TONES, dtype=torch.float64)  # places of a tone, and how light they were painted
        self._places = 0
        self._power = torch.ones(TONES)

    def observe(self, painted: Tensor, content: Tensor, mask: Tensor) -> None:
        """Learn from a part of the picture, which begins at an even place: [1, 3, h, w] in [0, 1] both, and how flat it
        is, [1, 1, h, w], 0 to 1."""
        painted, content, mask = (part[..., :: self._step, :: self._step] for part in (painted, content, mask))
        tone, share = _interpolation(content)
        mask = mask.flatten()
        light = _luma(painted).flatten()
        for place, weight in ((tone, (1 - share) * mask), (tone + 1, share * mask)):
            for row, values in enumerate((weight, weight * light)):
                self._sums[row] += torch.bincount(place, values.double(), TONES).cpu()
        self._places += len(light)

    def fit(self, share: float) -> None:
        """When all parts have been observed: lead the tones `share` of the way, 0 to 1."""
        count, light = self._sums
        known = count > MIN_SHARE * self._places
        if not known.any():
            return
        found = (light / count.clamp_min(1e-9)).clamp(0.02, 0.98)
        power = torch.log(self.target.double().clamp(0.02, 0.98)) / torch.log(found)
        # As far as it may go without wiping out the strokes, which it makes fainter where it makes lighter.
        ways = torch.linspace(1, 0, 21, dtype=torch.float64)[:, None] * BLEND * share * torch.log(power)
        strokes = ways.exp() * found ** (ways.exp() - 1)
        power = ways.exp().gather(0, (strokes >= MIN_CONTRAST).double().argmax(0)[None])[0]
        # A tone that is hardly there goes with the nearest that is.
        places = torch.arange(TONES)
        nearest = (places[:, None] - places[known][None]).abs().argmin(1)
        self._power = power[known][nearest].float()

    def apply(self, painted: Tensor, content: Tensor, mask: Tensor) -> Tensor:
        """A part of the picture with its tones led where `mask` is 1; all are as in `observe`."""
        tone, share = _interpolation(content)
        power = self._power.to(content)
        power = torch.lerp(power[tone], power[tone + 1], share).view(1, 1, *content.shape[2:])
        return painted.clamp(1e-4, 1) ** torch.lerp(torch.ones_like(power), power, mask)


def _interpolation(content: Tensor) -> tuple[Tensor, Tensor]:
    """(the tone below, how far towards the one above), [h * w] each."""
    at = _luma(content).flatten().clamp(0, 1) * (TONES - 1)
    below = at.long().clamp_max(TONES - 2)
    return below, at - below


def _luma(pixels: Tensor) -> Tensor:
    return pointwise_conv(pixels, pixels.new_tensor(LUMA)[None])[0, 0]
