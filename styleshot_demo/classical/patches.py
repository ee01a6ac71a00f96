"""Style transfer with pieces of the style picture itself, which brings what is larger than a brush stroke.

Tiles of a mosaic, dots of a halftone, hatching, the leading of stained glass: statistics of features lose them, patches
keep them. The content, in the style's colours, is replaced by patches of the style that come nearest, and by how they
overlap, again and again, from coarse scales and large patches to fine and small ones (Kwatra et al., Texture
Optimization for Example-based Synthesis, SIGGRAPH 2005; with a content that pulls, Elad & Milanfar, Style Transfer via
Texture Synthesis, IEEE TIP 2017).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, fold, interpolate, pad, unfold

from styleshot_demo.classical.colour import transfer_colours

COARSEST = 128  # pixels of the longest side where it begins
PATCHES = (16, 8)  # pixels of their sides, at every scale in turn
ITERATIONS = 2  # that each is looked for
POOL = 16_384  # patches of all styles that are looked through
COMPONENTS = 32  # in which patches are compared: principal ones of the pool
PCA_SAMPLES = 4096  # patches that these are learnt from
CONTENT = (0.15, 0.75)  # weight of the content beside the patches, before the last time: where it is flat, at edges
FINEST = 0.3  # share of both at the finest scale, where the style has its say
MASK_WEIGHT = 1.5  # and as much more where it is to be held
ROBUST = 0.8  # power of distances that is minimised: patches that fit badly count for less (Kwatra et al., 3.1)
STARTING_NOISE = 0.05
BATCH = 2048  # patches that are looked for at a time


@dataclass(frozen=True)
class PatchStep:
    """How far it is.

    step, total  how many times patches have been looked for, and will have been
    fraction     0 to 1, of the time
    pixels       the picture so far, [1, 3, h, w] in [0, 1], at the scale that is worked at
    """

    step: int
    total: int
    fraction: float
    pixels: Tensor


@torch.inference_mode()
def patch_transfer(
    content: Tensor, styles: Sequence[tuple[Tensor, float]], seed: int = 0, content_mask: Tensor | None = None
) -> Iterator[PatchStep]:
    """The content made of the styles' patches; the last `PatchStep` has its size.

    content  [1, 3, H, W], RGB in [0, 1], sides of at least 16
    styles   ([1, 3, H, W], weight) with weights that sum to 1: of each so many patches
    seed     draws the patches that are looked through
    content_mask  [1, 1, H, W], 0 to 1: where the content pulls as strongly as it can, such as in faces; None: nowhere
    """
    generator = torch.Generator().manual_seed(seed)
    guide = transfer_colours(content, styles)
    scales = max(1, 1 + round(math.log2(max(content.shape[2:]) / COARSEST)))
    work = [(scale, size, time) for scale in range(scales)[::-1] for size in PATCHES for time in range(ITERATIONS)]
    costs = [4.0**-scale for scale, _, _ in work]
    made: Tensor | None = None
    pool: _Pool | None = None
    done = 0.0
    for number, ((scale, size, time), cost) in enumerate(zip(work, costs, strict=True)):
        seen = _downscaled(guide, scale)
        if made is None:
            noise = torch.randn(seen.shape, generator=generator).to(seen)
            made = seen + STARTING_NOISE * noise
        elif made.shape != seen.shape:
            made = interpolate(made, size=seen.shape[2:], mode="bicubic", align_corners=False)
        size = min(size, *seen.shape[2:])
        if pool is None or time == 0:
            pool = _Pool.of([(_downscaled(style, scale), weight) for style, weight in styles], size, generator)
        found, distances = [], []
        padded = _padded(made, size)
        wanted = unfold(padded, size, stride=_step(size))[0].T
        for start in range(0, len(wanted), BATCH):
            places, away = pool.nearest(wanted[start : start + BATCH])
            found.append(places)
            distances.append(away)
            share = min(1.0, (start + BATCH) / len(wanted))
            yield PatchStep(number, len(work), (done + cost * share) / sum(costs), made.clamp(0, 1))
        done += cost
        confidence = (torch.cat(distances) + 1e-4) ** (ROBUST / 2 - 1)
        made = _blend_overlaps(pool.patches[torch.cat(found)], confidence, padded.shape[2:], size)
        made = made[..., : seen.shape[2], : seen.shape[3]]
        if number + 1 < len(work):
            pull = _content_weight(seen) * (FINEST if scale == 0 else 1.0)
            if content_mask is not None:
                pull = pull + MASK_WEIGHT * _downscaled(content_mask, scale)
            made = (made + pull * seen) / (1 + pull)
    assert made is not None  # there is work at one scale at least
    yield PatchStep(len(work), len(work), 1.0, made.clamp(0, 1))


class _Pool:
    """Patches of the styles at one scale, and how they are compared."""

    def __init__(self, patches: Tensor, generator: torch.Generator) -> None:
        self.patches = patches
        self._mean = patches.mean(0)
        learnt = (
            patches[torch.randperm(len(patches), generator=generator)[:PCA_SAMPLES].to(patches.device)] - self._mean
        )
        # Of the covariance, which is small, not of the patches, which are many.
        _, vectors = torch.linalg.eigh((learnt.T @ learnt).cpu().double())  # some GPUs have no double precision
        self._components = vectors[:, -COMPONENTS:].to(patches)
        self._seen = (patches - self._mean) @ self._components
        self._squares = self._seen.square().sum(1)

    @classmethod
    def of(cls, styles: Sequence[tuple[Tensor, float]], size: int, generator: torch.Generator) -> "_Pool":
        """Of each style [1, 3, h, w] as many as its weight says, drawn at random where there are more."""
        drawn = []
        for style, weight in styles:
            side = min(size, *style.shape[2:])
            if side < size:  # a style that is a thin strip, at a coarse scale
                style = interpolate(style, scale_factor=size / side, mode="bilinear", align_corners=False)
            rows, columns = (length - size + 1 for length in style.shape[2:])
            count = max(1, round(POOL * weight))
            if rows * columns > count:
                places = torch.randperm(rows * columns, generator=generator)[:count].sort().values
            else:
                places = torch.arange(rows * columns)
            drawn.append(_extract(style, places // columns, places % columns, size))
        return cls(torch.cat(drawn), generator)

    def nearest(self, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """(which patch comes nearest to each of `wanted` [N, 3 size^2], and the squared distance), [N] both."""
        seen = (wanted - self._mean) @ self._components
        best = torch.addmm(self._squares, seen, self._seen.T, alpha=-2).min(1)
        return best.indices, (best.values + seen.square().sum(1)).clamp_min(0)


def _extract(picture: Tensor, rows: Tensor, columns: Tensor, size: int) -> Tensor:
    """[N, 3 size^2]: the patches of a picture [1, 3, h, w] that begin there, as `unfold` lays them out."""
    across = torch.arange(size)
    rows, columns = (starts[:, None] + across for starts in (rows, columns))
    device = picture.device
    taken = picture[0][:, rows[:, :, None].to(device), columns[:, None, :].to(device)]  # [3, N, size, size]
    return taken.permute(1, 0, 2, 3).flatten(1)


def _blend_overlaps(patches: Tensor, confidence: Tensor, sides: Sequence[int], size: int) -> Tensor:
    """[1, 3, h, w]: the mean of patches [N, 3 size^2] where they lie, by `confidence` [N], less at their rims."""
    ramp = torch.hann_window(size + 2, periodic=False)[1:-1].to(patches)
    window = (ramp[:, None] * ramp[None]).flatten()
    weights = confidence[:, None] * window[None]
    step = _step(size)
    total = fold((patches * weights.repeat(1, 3)).T[None], tuple(sides), size, stride=step)
    return total / fold(weights.T[None].contiguous(), tuple(sides), size, stride=step).clamp_min(1e-12)


def _content_weight(content: Tensor) -> Tensor:
    """[1, 1, h, w]: the weight of a content [1, 3, h, w], more where there is something to tell."""
    light = pad(content.mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    across, down = light[..., 1:-1, 2:] - light[..., 1:-1, :-2], light[..., 2:, 1:-1] - light[..., :-2, 1:-1]
    change = avg_pool2d((across.square() + down.square()).sqrt(), 5, stride=1, padding=2, count_include_pad=False)
    flat, edges = CONTENT
    return flat + (edges - flat) * change / (change + change.mean() + 1e-6)


def _step(size: int) -> int:
    """Pixels from one patch to the next."""
    return max(1, size // 2)


def _padded(picture: Tensor, size: int) -> Tensor:
    """Enlarged at right and bottom, so that patches end where it does."""
    down, right = (-(length - size) % _step(size) for length in picture.shape[2:])
    return pad(picture, (0, right, 0, down), mode="replicate")


def _downscaled(picture: Tensor, scale: int) -> Tensor:
    """Halved `scale` times."""
    if scale == 0:
        return picture
    sides = [max(8, side // 2**scale) for side in picture.shape[2:]]
    return interpolate(picture, size=sides, mode="area")
