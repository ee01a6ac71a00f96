"""Colour transfer cluster by cluster: each cluster of a content takes a colour that the style really has.

One map for all colours of a picture carries moments to moments: a photo of browns is stretched until some of them are
acid green, though no such green is in the style. So the content is divided by its colours into a few clusters (Lloyd's
k-means), the style likewise, and each cluster of the painted picture moves towards the style's clusters that are like
it: in tone, in the hue that the content has there, and in the colour that it was painted in. As in transfers by
swatches (Reinhard et al., Color Transfer between Images, 2001), only that the pairs are found.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from styleshot_demo.classical.colour import from_oklab, to_oklab
from styleshot_demo.classical.tiles import Box, halved, source_box, upsample_crop

if TYPE_CHECKING:
    import numpy as np

CLUSTERS = 6
SAMPLES = 1024  # cells of a picture that are read, about
ITERATIONS = 8
SEED_QUANTILE = 0.98  # share of the cells that are nearer than where a new cluster begins: the last ones are outliers
BLEND = 0.7  # of the way
LIGHTNESS_BLEND = 0.3  # share of that for lightness: light and dark are the content's
SOFTNESS = 0.05  # Oklab: how far one cluster's colours reach into another's
# What tells that clusters are alike: how light they are within their picture, in deviations; the content's own hue, and
# the painted one, in `HUES` of Oklab.
TONE_WEIGHT, CONTENT_HUE_WEIGHT, PAINTED_HUE_WEIGHT = 1.0, 1.25, 0.75
HUE_SCALE = 0.07
TEMPERATURE = 0.35  # by so much a pair has to be more alike to count e times as much
MIN_DEVIATION = 0.05  # least deviation of lightness that tones are told by


@dataclass(frozen=True)
class ColourClusters:
    """A picture's clusters: their colours [K, 3] in Oklab, and which shares [K] of it they are, both float64."""

    colours: Tensor
    shares: Tensor

    @classmethod
    def from_pixels(cls, pixels: Tensor, count: int = CLUSTERS) -> "ColourClusters":
        """`count` of them of a picture that is there, [1, 3, H, W], RGB in [0, 1]."""
        return cls.from_reader(lambda box: box.crop(pixels), *pixels.shape[2:], strip=pixels.shape[2], count=count)

    @classmethod
    def from_reader(
        cls, read: Callable[[Box], Tensor], height: int, width: int, strip: int = 512, count: int = CLUSTERS
    ) -> "ColourClusters":
        """Those of a picture that is read in strips of about so many rows."""
        cell = max(1, math.ceil(math.sqrt(height * width / SAMPLES)))
        rows = max(1, strip // cell) * cell
        seen = []
        for top in range(0, height, rows):
            pixels = read(Box(top, min(height, top + rows), 0, width))
            small = avg_pool2d(pixels, cell, ceil_mode=True, count_include_pad=False) if cell > 1 else pixels
            seen.append(to_oklab(small)[0].flatten(1).T)
        # Arrays: a thousand colours are so few that torch spends most of the time on beginning each operation.
        return cls(*map(torch.from_numpy, _kmeans(torch.cat(seen).cpu().double().numpy(), count)))

    def standardised_lightness(self) -> Tensor:
        """[K]: how light each cluster is within the picture, in deviations from the mean."""
        light = self.colours[:, 0]
        mean = (self.shares * light).sum()
        return (light - mean) / (self.shares * (light - mean) ** 2).sum().sqrt().clamp_min(MIN_DEVIATION)


class ClusterColourTransfer:
    """The colours of one painted picture, transferred part by part: `observe` all parts, `fit`, `apply` to each."""

    def __init__(
        self, content: ColourClusters, styles: Sequence[tuple[ColourClusters, float]], size: tuple[int, int]
    ) -> None:
        """Of the content, of the styles with weights that sum to 1, and the height and width of the picture."""
        self.content, self.styles, self.size = content, styles, size
        self.small = (-(-size[0] // 2), -(-size[1] // 2))
        count = len(content.shares)
        self._sums = torch.zeros(count, 3, dtype=torch.float64)
        self._places = torch.zeros(count, dtype=torch.float64)
        self._shift = torch.zeros(count, 3)

    def memberships(self, content: Tensor) -> Tensor:
        """[1, K, h, w] on every second pixel of a content [1, 3, H, W]: how far a place belongs to each cluster.

        It sums to 1. Of a part of a content that begins at even places it is what the whole has there.
        """
        colours = self.content.colours.to(content)
        # |x - c|^2 without |x|^2, which all clusters have in common.
        nearness = torch.einsum("kc,nchw->nkhw", 2 * colours, to_oklab(halved(content)))
        nearness = nearness - colours.square().sum(1)[:, None, None]
        return torch.softmax(nearness / (2 * SOFTNESS**2), 1)

    def observe(self, painted: Tensor, memberships: Tensor) -> None:
        """Learn from a part of the picture, [1, 3, h, w]; `memberships` of the same part."""
        memberships, made = memberships[0].flatten(1), halved(painted)[0].flatten(1)
        self._places += memberships.sum(1).cpu().double()
        self._sums += (memberships @ made.T).cpu().double()

    def fit(self, recoloured: Callable[[Tensor], Tensor]) -> None:
        """When all parts have been observed; `recoloured` is what becomes of painted colours [1, 3, K, 1] before."""
        means = self._sums / self._places.clamp_min(1e-9)[:, None]
        painted = recoloured(means.float().T[None, :, :, None]).clamp(0, 1)
        colours = to_oklab(painted)[0, :, :, 0].T.double()
        wanted = sum(weight * self._matching(style, colours) @ style.colours for style, weight in self.styles)
        way = BLEND * (wanted - colours) * torch.tensor([LIGHTNESS_BLEND, 1, 1], dtype=torch.float64)
        led = from_oklab((colours + way).float().T[None, :, :, None])
        self._shift = (led - painted)[0, :, :, 0].T

    def apply(self, recoloured: Tensor, memberships: Tensor, box: Box, window: Box, strength: float = 1.0) -> Tensor:
        """The part `box` of the recoloured picture, [1, 3, h, w], with its colours transferred.

        inside    that of the part `window`: `box` with 4 pixels more on each side, or up to the picture's end
        strength  0 to 1: share of the way
        """
        field = torch.einsum("khw,kc->chw", memberships[0], self._shift.to(memberships))[None]
        seen = source_box(box, self.small, self.size)
        return recoloured + strength * upsample_crop(
            seen.crop(field, window.downscaled(2)), seen, self.small, self.size, box
        )

    def _matching(self, style: ColourClusters, painted: Tensor) -> Tensor:
        """[K, K]: how much each cluster of the style counts for each of the content, summing to 1."""
        cost = TONE_WEIGHT * (self.content.standardised_lightness()[:, None] - style.standardised_lightness()) ** 2
        for weight, colours in ((CONTENT_HUE_WEIGHT, self.content.colours), (PAINTED_HUE_WEIGHT, painted)):
            away = (colours[:, None, 1:] - style.colours[None, :, 1:]) / HUE_SCALE
            cost = cost + weight * away.square().sum(2)
        cost = cost.masked_fill(style.shares == 0, math.inf)  # of few colours there are fewer clusters
        return torch.softmax(-cost / TEMPERATURE, 1)


def _kmeans(colours: "np.ndarray", count: int) -> "tuple[np.ndarray, np.ndarray]":
    """`count` centres [K, 3] and shares [K] of `colours` [n, 3]; the same ones for the same colours."""
    import numpy as np

    def away(centre: np.ndarray) -> np.ndarray:
        return np.square(colours - centre).sum(1)

    centres = [colours[away(colours.mean(0)).argmin()]]
    nearest_one = away(centres[0])
    far = int(SEED_QUANTILE * (len(colours) - 1))
    for _ in range(count - 1):
        centres.append(colours[np.argpartition(nearest_one, far)[far]])
        nearest_one = np.minimum(nearest_one, away(centres[-1]))
    centres, counts = np.stack(centres), np.zeros(count)
    for _ in range(ITERATIONS):
        nearest = (np.square(centres).sum(1) - 2 * colours @ centres.T).argmin(1)
        counts = np.bincount(nearest, minlength=count)
        sums = np.stack([np.bincount(nearest, values, count) for values in colours.T], 1)
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
    return centres, counts / counts.sum()
