"""Neural style transfer by optimisation (Gatys, Ecker & Bethge, CVPR 2016), from coarse to fine."""

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from styleshot_demo.classical.fast import Encoded, FastTransfer, cropped, recolouring
from styleshot_demo.classical.grain import Flat
from styleshot_demo.classical.ground import Ground
from styleshot_demo.classical.losses import (
    covariance,
    directions,
    gram_distance,
    moment_distance,
    patches,
    sliced_wasserstein,
    total_variation,
)
from styleshot_demo.classical.statistics import Moments
from styleshot_demo.weighting import weighted_sum

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
# Strokes and shapes live in the deeper layers; with equal weights, colours and grain come first.
LAYER_WEIGHTS = {"relu1_1": 0.5, "relu2_1": 0.75, "relu3_1": 1.0, "relu4_1": 1.5, "relu5_1": 1.0}
GRAM_WEIGHT = 1.5
PATCH_SCALES = (1, 2, 4)
PATCH_WEIGHT = 2.0  # of the patches against the features, in the style loss
CONTENT_WEIGHT = 4.5  # of the content against the style, when both weights are 1
SMALLEST = 128  # longest side of the coarsest scale, pixels
RATE = 0.05  # first step of Adam, in deviations of the maps
SHIFT = 8  # largest random shift, pixels: half the coarsest stride

Features = Callable[[Tensor, Iterable[str]], dict[str, Tensor]]


@dataclass(frozen=True)
class Begun:
    """Where a descent was stopped, in main memory: with it `stylise` goes on as if it had not been.

    level      number of the scale, from 0
    place      iterations done at that scale
    changes    what was found so far, by layer name
    optimiser  state of the optimiser
    shifts     state of the generator of the shifts
    """

    level: int
    place: int
    changes: dict[str, Tensor]
    optimiser: dict[str, Any]
    shifts: Tensor


@dataclass(frozen=True)
class Iteration:
    """One iteration: its number (from 1), how many there are, height and width now, the loss, the picture so far.

    begun  gives what is needed to go on from here; to be called before the next iteration is asked for
    """

    step: int
    total: int
    size: tuple[int, int]
    loss: float
    pixels: Tensor
    begun: Callable[[], Begun]


class PaintedFeatures(nn.Module):
    """A picture as what the decoder of `fast` paints from feature maps; descent changes the maps, not the pixels.

    Pixels can always be moved so that one network sees the style and a person sees speckles; a decoder has learnt to
    paint strokes. (A picture as the output of a network: Ulyanov et al., Deep Image Prior, CVPR 2018.)
    """

    def __init__(
        self,
        painter: FastTransfer,
        begun: tuple[dict[str, Tensor], Tensor],
        content: Tensor,
        colours: Sequence[tuple[Moments, float]],
        share: float,
        added: Tensor | None,
        before: "PaintedFeatures | None",
        flat: Flat | None,
    ) -> None:
        """`begun`: maps and look, as `FastTransfer.restyled` gives them; `before`: the painting at the scale before.

        content   [1, 3, H, W], whose size the picture has
        colours   moments of the styles' pixels, with weights: the map that carries the first picture's onto them is
                  kept for all that follow
        share     how far that map goes, 0 to 1
        added     [1, 3, H, W] or None: added to what is painted
        flat      where the `Ground` is, which keeps something of what is painted first, if anywhere
        """
        super().__init__()
        # Tensors of inference mode cannot take part in a descent; their copies can.
        self.maps = {name: maps.clone() for name, maps in begun[0].items()}
        self.look = begun[1].clone()
        self.spread = {name: maps.std((2, 3), keepdim=True) + 0.05 for name, maps in self.maps.items()}
        self.content, self.added = content, None if added is None else added.clone()
        self.decoder = painter.decoder
        self.share = share
        with torch.no_grad():
            first = cropped(self.decoder(self.maps, self.look), content)
            self.recolouring = recolouring(first, colours)
            self.ground = None if flat is None else Ground(flat, self.recolouring(first, share))
        self.changes = nn.ParameterDict(
            {
                name: torch.zeros(maps.shape, device=maps.device)
                if before is None
                else nn.functional.interpolate(before.changes[name].detach(), size=maps.shape[2:], mode="bilinear")
                for name, maps in self.maps.items()
            }
        )

    def forward(self) -> Tensor:
        given = {name: maps + self.spread[name] * self.changes[name] for name, maps in self.maps.items()}
        pixels = self.recolouring(cropped(self.decoder(given, self.look), self.content), self.share)
        if self.ground is not None:
            pixels = self.ground.kept(pixels)
        return pixels if self.added is None else pixels + self.added


def _resized(pixels: Tensor, longest: int) -> Tensor:
    height, width = pixels.shape[2:]
    factor = longest / max(height, width)
    size = (max(32, round(height * factor)), max(32, round(width * factor)))
    if size == (height, width):
        return pixels
    return nn.functional.interpolate(pixels, size=size, mode="bicubic", antialias=True).clamp(0, 1)


def scales_for(longest: int) -> list[int]:
    """Longest sides from coarse to fine: halved until `SMALLEST` would be undercut, at most four."""
    count = min(4, 1 + max(0, int(math.log2(longest / SMALLEST))))
    return [round(longest / 2**level) for level in reversed(range(count))]


def shares(steps: int, scales: Sequence[int]) -> list[int]:
    """How many of the iterations each scale gets: coarse ones are cheap and lay out the picture, so more of them."""
    weights = [2.0 ** (len(scales) - 1 - place) for place in range(len(scales))]
    counts = [max(1, round(steps * weight / sum(weights))) for weight in weights]
    counts[0] = max(1, counts[0] + steps - sum(counts))
    return counts


def stylise(
    content: Tensor,
    styles: Sequence[tuple[Tensor, float]],
    features: Features,
    painter: FastTransfer,
    *,
    start: Tensor | None = None,
    strength: float = 1.0,
    steps: int = 200,
    content_weight: float = 1.0,
    style_weight: float = 1.0,
    tv_weight: float = 1.0,
    optimiser: str = "adam",
    seed: int = 0,
    flat: Flat | None = None,
    begun: Begun | None = None,
) -> Iterator[Iteration]:
    """Yield every iteration; the last one holds the result. Closing the iterator stops the work.

    content    [1, 3, H, W], RGB in [0, 1]
    styles     ([1, 3, h, w], weight) with weights that sum to 1: their Gram matrices are averaged by weight
    features   gives the layers `CONTENT_LAYER` and `STYLE_LAYERS` of [1, 3, H, W]
    painter    whose decoder paints the pictures
    start      [1, 3, H, W], the first picture; None begins with what `painter` makes of the pair
    strength   0 to 1: its square counts as a factor of the style's weight
    optimiser  "adam" or "lbfgs"
    flat       where the `Ground` is, on which only strokes are sought, if anywhere
    begun      of an earlier call with the same arguments: goes on after that iteration, to the same result

    The style loss compares Gram matrices, as published, and besides means, deviations and projections of the same
    features: Gram matrices alone leave instabilities that show as speckles (Risser et al., 2017).
    """
    generator = torch.Generator().manual_seed(seed)
    scales = scales_for(max(content.shape[2:]))
    counts = shares(steps, scales)
    step, total = 0, sum(counts)
    style_weight = style_weight * strength**2
    # Adam's steps do not depend on how little there is to do: a weak style that begins near its end needs small ones.
    rate = RATE * strength if start is None else RATE
    painting = None
    for level, (scale, count) in enumerate(zip(scales, counts, strict=True)):
        if begun is not None and level < begun.level:
            step += count
            continue
        small = _resized(content, scale)
        small_styles = [(_resized(picture, scale), weight) for picture, weight in styles]
        goal = _Goal(small, small_styles, features)
        encoded = painter.encode(small, small_styles)
        first_maps = _first_maps(painter, encoded, None if start is None else _resized(start, scale), strength)
        added = (1 - strength) * painter.lost(encoded) if strength < 1 else None
        share = strength if start is None else 0.0
        small_flat = None
        if flat is not None:
            small_flat = Flat(_resized(flat.calm, scale), _resized(flat.bare, scale), flat.drawn)
        painting = PaintedFeatures(painter, first_maps, small, encoded.colours, share, added, painting, small_flat)
        method = _method(list(painting.changes.values()), optimiser, rate)
        done = 0
        if begun is not None and level == begun.level:
            done = begun.place
            step += done
            _go_on(begun, painting, method, generator)

        def loss_of(seen: Tensor, shift: tuple[int, int], goal: "_Goal" = goal, place: int = 0) -> Tensor:
            inside = seen.clamp(0, 1)
            terms = goal.terms(torch.roll(inside, shift, (2, 3)), shift, features, seed + place)
            return (
                CONTENT_WEIGHT * content_weight * terms["content"]
                + style_weight * (terms["style"] + PATCH_WEIGHT * terms["patch"])
                + 0.5 * tv_weight * total_variation(inside)
                + 10 * (seen - inside).square().mean()
            )

        for loss in _descend(painting, loss_of, method, range(done, count), count, optimiser, rate, generator):
            step += 1
            done += 1
            with torch.no_grad():
                pixels = painting().clamp(0, 1)
            state = partial(_stopped, level, done, painting, method, generator)
            yield Iteration(step, total, goal.size, loss, pixels, state)


def _first_maps(
    painter: FastTransfer, encoded: Encoded, start: Tensor | None, strength: float
) -> tuple[dict[str, Tensor], Tensor]:
    """Maps and look to begin with: those of the pair that is `encoded`, or of the picture `start` as it is."""
    if start is None:
        return painter.restyled(encoded, strength)
    return painter.restyled(painter.encode(start, [(start, 1.0)]), 0.0)


def _stopped(
    level: int, place: int, painting: PaintedFeatures, method: torch.optim.Optimizer, generator: torch.Generator
) -> Begun:
    changes = {name: _apart(value) for name, value in painting.changes.items()}
    return Begun(level, place, changes, _apart(method.state_dict()), generator.get_state())


def _go_on(begun: Begun, painting: PaintedFeatures, method: torch.optim.Optimizer, generator: torch.Generator) -> None:
    method.load_state_dict(begun.optimiser)
    generator.set_state(begun.shifts)
    with torch.no_grad():
        for name, found in begun.changes.items():
            painting.changes[name].copy_(found)


def _method(maps: list[Tensor], optimiser: str, rate: float) -> torch.optim.Optimizer:
    if optimiser == "lbfgs":
        return torch.optim.LBFGS(maps, max_iter=1, history_size=10, lr=0.5)
    return torch.optim.Adam(maps, lr=rate, betas=(0.9, 0.99))


def _apart(value: Any) -> Any:
    """A copy in main memory, of tensors inside of lists and mappings too."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {name: _apart(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_apart(part) for part in value)
    return copy.deepcopy(value)


def _descend(
    painting: PaintedFeatures,
    loss_of: Callable[..., Tensor],
    method: torch.optim.Optimizer,
    places: Iterable[int],
    count: int,
    optimiser: str,
    rate: float,
    generator: torch.Generator,
) -> Iterator[float]:
    """Minimise over the painting's maps; one loss for each of `places`, of `count`. `rate` is for Adam alone."""
    for place in places:
        if optimiser == "adam":
            method.param_groups[0]["lr"] = rate * (1 - 0.9 * place / count)
            down, across = torch.randint(-SHIFT, SHIFT + 1, (2,), generator=generator)
            shift = (int(down), int(across))
        else:
            shift = (0, 0)  # L-BFGS compares gradients of successive points: the function has to stay the same

        def closure(shift: tuple[int, int] = shift, place: int = place) -> Tensor:
            method.zero_grad()
            loss = loss_of(painting(), shift, place=place if optimiser == "adam" else 0)
            loss.backward()
            return loss

        # Optimisers want what the closure returns as a tensor, whatever their stubs say.
        yield float(cast(Tensor, method.step(cast(Callable[[], float], closure))).detach())


class _Goal:
    """What one scale wants: the content's features and the styles' statistics."""

    def __init__(self, content: Tensor, styles: Sequence[tuple[Tensor, float]], features: Features) -> None:
        self.size = (content.shape[2], content.shape[3])
        self.layers = [name for name in STYLE_LAYERS if name != "relu5_1" or min(self.size) >= 32]
        with torch.no_grad():
            self.content = features(content, [CONTENT_LAYER])[CONTENT_LAYER]
            seen = [(features(picture, self.layers), weight) for picture, weight in styles]
        self.styles = seen
        self.patches = [([patches(picture, scale) for scale in PATCH_SCALES], weight) for picture, weight in styles]
        self.grams = {
            name: weighted_sum((covariance(maps[name]), weight) for maps, weight in seen) for name in self.layers
        }

    def terms(self, pixels: Tensor, shift: tuple[int, int], features: Features, seed: int) -> dict[str, Tensor]:
        """Content, style and patch loss of `pixels`, which were rolled by `shift`."""
        found = features(pixels, [CONTENT_LAYER, *self.layers])
        own = found[CONTENT_LAYER]
        stride = 8
        # Rolled pixels see the content rolled by whole strides; the rest of the shift is what makes it robust.
        target = torch.roll(self.content, tuple(round(amount / stride) for amount in shift), (2, 3))
        content = (own - target).square().mean() / target.square().mean()
        style = pixels.new_zeros(())
        for name in self.layers:
            maps = found[name]
            slices = directions(maps.shape[1], 16, seed, maps.device)
            own = GRAM_WEIGHT * gram_distance(covariance(maps), self.grams[name])
            for wanted, weight in self.styles:
                own = own + weight * (
                    0.5 * moment_distance(maps, wanted[name]) + sliced_wasserstein(maps, wanted[name], slices, 2048)
                )
            style = style + LAYER_WEIGHTS[name] * own
        seen = [patches(pixels, scale) for scale in PATCH_SCALES]
        slices = directions(27, 32, seed, pixels.device)
        patch = pixels.new_zeros(())
        for wanted, weight in self.patches:
            for one, other in zip(seen, wanted, strict=True):
                patch = patch + weight * sliced_wasserstein(one, other, slices, 2048)
        return {
            "content": content,
            "style": style / sum(LAYER_WEIGHTS[name] for name in self.layers),
            "patch": patch / len(PATCH_SCALES),
        }
