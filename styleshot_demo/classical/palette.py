"""A picture held to a few colours: each pixel becomes a mixture of them, by one smooth map of colours.

In Oklab a colour of a picture becomes the mean of the palette's colours, those near it with more weight (a soft-max of
distances, so that gradients stay smooth), or a shade of that mean which is a little lighter or darker. How light it
gets follows from the colour's own lightness alone and grows with it, so what is lighter stays lighter, and strokes are
still seen; where the mean is too far from that, lighter or darker colours get more weight in it. The map knows nothing
of the picture: it is computed once for a lattice of colours, and interpolated.
"""

import torch
from torch import Tensor, nn

from styleshot_demo.classical.colour import into_gamut, to_oklab
from styleshot_demo.classical.colour_clusters import ColourClusters

SOFTNESS = 0.07  # Oklab: how far one colour of the palette reaches into another's
SHADE = 0.12  # Oklab: how much lighter or darker than a mixture its shades may be
PRESSED = 0.5  # share of lightness that is pressed into the palette's range, as against cut off at its ends
HUE = 1.5  # how much more a difference of hue counts than one of lightness
LATTICE = 33  # colours along each axis
REACH = 0.4  # of a and b of sRGB's colours in Oklab
ROUNDS = 16  # halvings until a mixture has its lightness
STEEPEST = 400.0  # tilt


class PaletteMap:
    """The map onto one palette."""

    def __init__(self, palette: Tensor) -> None:
        """`palette` [K, 3], sRGB in [0, 1], K at least 1."""
        self.colours = to_oklab(palette.float().T[None, :, :, None])[0, :, :, 0].T  # [K, 3]
        light = torch.linspace(0, 1, LATTICE)
        tint = torch.linspace(-REACH, REACH, LATTICE)
        nodes = torch.stack(torch.meshgrid(tint, tint, light, indexing="ij"), 3)  # [b, a, L, 3] of (b, a, L)
        mapped = self._mapped(nodes.flip(3).reshape(-1, 3))
        self._table = mapped.reshape(LATTICE, LATTICE, LATTICE, 3).permute(3, 0, 1, 2)[None].contiguous()

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Tensor:
        """A picture [1, 3, H, W], sRGB in [0, 1], or any part of one, in the palette's colours."""
        lab = to_oklab(pixels)
        at = torch.stack([2 * lab[:, 0] - 1, lab[:, 1] / REACH, lab[:, 2] / REACH], 3)[:, None]  # [1, 1, H, W, 3]
        found = nn.functional.grid_sample(
            self._table.to(pixels), at, mode="bilinear", padding_mode="border", align_corners=True
        )
        return into_gamut(found[:, :, 0])

    def _mapped(self, lab: Tensor) -> Tensor:
        """[n, 3] Oklab -> [n, 3] Oklab."""
        wanted = self._lightness(lab[:, 0])
        known = self.colours[:, 0]
        away = (wanted[:, None] - known) ** 2 + HUE * (lab[:, None, 1:] - self.colours[:, 1:]).square().sum(2)
        nearness = -away / (2 * SOFTNESS**2)
        nearest = torch.softmax(nearness, 1) @ known
        aim = torch.minimum(torch.maximum(nearest, wanted - SHADE), wanted + SHADE)
        # The least change of these weights that leads their mean there is a factor exp(tilt * lightness).
        low, high = torch.full_like(aim, -STEEPEST), torch.full_like(aim, STEEPEST)
        for _ in range(ROUNDS):
            tilt = (low + high) / 2
            dark = (torch.softmax(nearness + tilt[:, None] * known, 1) @ known) < aim
            low, high = torch.where(dark, tilt, low), torch.where(dark, high, tilt)
        weights = torch.softmax(nearness + (low + high)[:, None] / 2 * known, 1)
        return torch.cat([wanted[:, None], weights @ self.colours[:, 1:]], 1)

    def _lightness(self, light: Tensor) -> Tensor:
        """Lightness 0 to 1 -> within the palette's, growing everywhere."""
        low, high = float(self.colours[:, 0].min()), float(self.colours[:, 0].max())
        # Of colours that are equally light, or of one alone, its shades remain: no stroke would be seen else.
        lacking = max(0.0, 2 * SHADE - (high - low)) / 2
        low, high = max(0.0, low - lacking), min(1.0, high + lacking)
        return PRESSED * (low + (high - low) * light) + (1 - PRESSED) * light.clamp(low, high)


def main_colours(picture: Tensor, count: int) -> list[tuple[int, int, int]]:
    """Up to `count` colours that a picture [1, 3, H, W] in [0, 1] is made of, dark to light: sRGB, 0 to 255 each."""
    clusters = ColourClusters.from_pixels(picture, count)
    colours = clusters.colours[clusters.shares > 0]
    colours = colours[colours[:, 0].argsort()].float()
    found = into_gamut(colours.T[None, :, :, None])[0, :, :, 0].T.mul(255).round().int().tolist()
    return list(dict.fromkeys((red, green, blue) for red, green, blue in found))
