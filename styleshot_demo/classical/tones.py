"""Light ground stays lighter than what stands on it.

A style's moments say how light a painting is on average, not what of it: white paper comes out in the style's middle
brown. Here each tone of the flat areas of a drawing is led towards the tone that the style has in its place: its lights
for the lights, its darks for the darks. That is a power law for each tone, which keeps black, white and the strokes.
"""

import torch
from torch import Tensor

from styleshot_demo.classical.grain import LIGHT
from styleshot_demo.classical.statistics import mixed

TONES = 17  # of the content, between which is interpolated
SHARE = 0.75  # of the way, in the logarithm of lightness
RANGE = (0.06, 0.85)  # shares of the style that are darker than what black and white are led to
LEAST = 0.004  # share of a picture that a tone has to cover, or it goes with its neighbours
FAINTEST = 0.78  # share of their contrast that strokes keep at least
READ = 2**16  # pixels of a style that are read


def tones_of(picture: Tensor) -> Tensor:
    """[TONES]: the lightness that stands in a style [1, 3, H, W] where a content has each tone, black to white."""
    light = _light(picture).flatten()
    light = light[:: -(-len(light) // READ)].float().cpu()
    return torch.quantile(light, torch.linspace(*RANGE, TONES))


class Tones:
    """The tones of one painted picture, which may be looked at, and be led, part by part."""

    def __init__(self, wanted: Tensor) -> None:
        """`wanted` [TONES], of lightness: see `tones_of`."""
        self.wanted = wanted
        self._sums = torch.zeros(2, TONES, dtype=torch.float64)  # places of a tone, and how light they were painted
        self._places = 0
        self._power = torch.ones(TONES)

    def look_at(self, painted: Tensor, content: Tensor, calm: Tensor) -> None:
        """Learn from a part of the picture; [1, 3, h, w] in [0, 1] both, and how flat it is, [1, 1, h, w], 0 to 1."""
        tone, share = _between(content)
        calm = calm.flatten()
        light = _light(painted).flatten()
        for place, weight in ((tone, (1 - share) * calm), (tone + 1, share * calm)):
            for row, values in enumerate((weight, weight * light)):
                self._sums[row] += torch.bincount(place, values.double(), TONES).cpu()
        self._places += len(light)

    def settle(self, share: float) -> None:
        """When all parts have been looked at: lead the tones `share` of the way, 0 to 1."""
        count, light = self._sums
        known = count > LEAST * self._places
        if not known.any():
            return
        found = (light / count.clamp_min(1e-9)).clamp(0.02, 0.98)
        power = torch.log(self.wanted.double().clamp(0.02, 0.98)) / torch.log(found)
        # As far as it may go without wiping out the strokes, which it makes fainter where it makes lighter.
        ways = torch.linspace(1, 0, 21, dtype=torch.float64)[:, None] * SHARE * share * torch.log(power)
        strokes = ways.exp() * found ** (ways.exp() - 1)
        power = ways.exp().gather(0, (strokes >= FAINTEST).double().argmax(0)[None])[0]
        # A tone that is hardly there goes with the nearest that is.
        places = torch.arange(TONES)
        nearest = (places[:, None] - places[known][None]).abs().argmin(1)
        self._power = power[known][nearest].float()

    def led(self, painted: Tensor, content: Tensor, calm: Tensor) -> Tensor:
        """A part of the picture with its tones led where it is `calm`; all are as in `look_at`."""
        tone, share = _between(content)
        power = self._power.to(content)
        power = torch.lerp(power[tone], power[tone + 1], share).view(1, 1, *content.shape[2:])
        return painted.clamp(1e-4, 1) ** torch.lerp(torch.ones_like(power), power, calm)


def _between(content: Tensor) -> tuple[Tensor, Tensor]:
    """(the tone below, how far towards the one above), [h * w] each."""
    at = _light(content).flatten().clamp(0, 1) * (TONES - 1)
    below = at.long().clamp_max(TONES - 2)
    return below, at - below


def _light(pixels: Tensor) -> Tensor:
    return mixed(pixels, pixels.new_tensor(LIGHT)[None])[0, 0]
