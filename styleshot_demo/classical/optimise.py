"""Neural style transfer by optimisation (Gatys, Ecker & Bethge, CVPR 2016), from coarse to fine."""

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from styleshot_demo.classical.fast import Encoded, FastTransfer, colour_transform, cropped
from styleshot_demo.classical.flat_constraint import FlatAreaConstraint
from styleshot_demo.classical.grain import FlatMasks
from styleshot_demo.classical.losses import (
    covariance,
    gram_distance,
    moment_distance,
    patches,
    random_projections,
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
COARSEST = 128  # longest side of the coarsest scale, pixels
LEARNING_RATE = 0.05  # first step of Adam, in deviations of the maps
MAX_SHIFT = 8  # largest random shift, pixels: half the coarsest stride

Features = Callable[[Tensor, Iterable[str]], dict[str, Tensor]]


@dataclass(frozen=True)
class OptimisationState:
    """Where an optimisation was stopped, in main memory: with it `stylise` goes on as if it had not been.

    level      number of the scale, from 0
    iteration  iterations done at that scale
    offsets    what was found so far, by layer name
    optimiser  state of the optimiser
    generator  state of the generator of the shifts
    """

    level: int
    iteration: int
    offsets: dict[str, Tensor]
    optimiser: dict[str, Any]
    generator: Tensor


@dataclass(frozen=True)
class Iteration:
    """One iteration: its number (from 1), how many there are, height and width now, the loss, the picture so far.

    state  gives what is needed to resume from here; to be called before the next iteration is asked for
    """

    step: int
    total: int
    size: tuple[int, int]
    loss: float
    pixels: Tensor
    state: Callable[[], OptimisationState]


class PaintedFeatures(nn.Module):
    """A picture as what the decoder of `fast` paints from feature maps; descent changes the maps, not the pixels.

    Pixels can always be moved so that one network sees the style and a person sees speckles; a decoder has learnt to
    paint strokes. (A picture as the output of a network: Ulyanov et al., Deep Image Prior, CVPR 2018.)
    """

    def __init__(
        self,
        painter: FastTransfer,
        initial: tuple[dict[str, Tensor], Tensor],
        content: Tensor,
        colours: Sequence[tuple[Moments, float]],
        colour_strength: float,
        residual: Tensor | None,
        coarser: "PaintedFeatures | None",
        flat: FlatMasks | None,
    ) -> None:
        """`initial`: as `FastTransfer.transformed_features` gives it; `coarser`: the painting at the scale before.

        content   [1, 3, H, W], whose size the picture has
        colours   moments of the styles' pixels, with weights: the map that carries the first picture's onto them is
                  kept for all that follow
        colour_strength  how far that map goes, 0 to 1
        residual  [1, 3, H, W] or None: added to what is painted
        flat      where the `FlatAreaConstraint` holds, which keeps something of what is painted first, if anywhere
        """
        super().__init__()
        # Tensors of inference mode cannot take part in a descent; their copies can.
        self.maps = {name: maps.clone() for name, maps in initial[0].items()}
        self.style_vector = initial[1].clone()
        self.spread = {name: maps.std((2, 3), keepdim=True) + 0.05 for name, maps in self.maps.items()}
        self.content, self.residual = content, None if residual is None else residual.clone()
        self.decoder = painter.decoder
        self.colour_strength = colour_strength
        with torch.no_grad():
            first = cropped(self.decoder(self.maps, self.style_vector), content)
            self.colour_transform = colour_transform(first, colours)
            self.flat_constraint = (
                None if flat is None else FlatAreaConstraint(flat, self.colour_transform(first, colour_strength))
            )
        self.offsets = nn.ParameterDict(
            {
                name: torch.zeros(maps.shape, device=maps.device)
                if coarser is None
                else nn.functional.interpolate(coarser.offsets[name].detach(), size=maps.shape[2:], mode="bilinear")
                for name, maps in self.maps.items()
            }
        )

    def forward(self) -> Tensor:
        features = {name: maps + self.spread[name] * self.offsets[name] for name, maps in self.maps.items()}
        pixels = self.colour_transform(
            cropped(self.decoder(features, self.style_vector), self.content), self.colour_strength
        )
        if self.flat_constraint is not None:
            pixels = self.flat_constraint.apply(pixels)
        return pixels if self.residual is None else pixels + self.residual


def _resized(pixels: Tensor, longest: int) -> Tensor:
    height, width = pixels.shape[2:]
    factor = longest / max(height, width)
    size = (max(32, round(height * factor)), max(32, round(width * factor)))
    if size == (height, width):
        return pixels
    return nn.functional.interpolate(pixels, size=size, mode="bicubic", antialias=True).clamp(0, 1)


def pyramid_sizes(longest: int) -> list[int]:
    """Longest sides from coarse to fine: halved until `SMALLEST` would be undercut, at most four."""
    count = min(4, 1 + max(0, int(math.log2(longest / COARSEST))))
    return [round(longest / 2**level) for level in reversed(range(count))]


def steps_per_scale(steps: int, scales: Sequence[int]) -> list[int]:
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
    flat: FlatMasks | None = None,
    resume_from: OptimisationState | None = None,
) -> Iterator[Iteration]:
    """Yield every iteration; the last one holds the result. Closing the iterator stops the work.

    content    [1, 3, H, W], RGB in [0, 1]
    styles     ([1, 3, h, w], weight) with weights that sum to 1: their Gram matrices are averaged by weight
    features   gives the layers `CONTENT_LAYER` and `STYLE_LAYERS` of [1, 3, H, W]
    painter    whose decoder paints the pictures
    start      [1, 3, H, W], the first picture; None begins with what `painter` makes of the pair
    strength   0 to 1: its square counts as a factor of the style's weight
    optimiser  "adam" or "lbfgs"
    flat       where the `FlatAreaConstraint` holds, on which only strokes are sought, if anywhere
    resume_from  the state of an earlier call with the same arguments: goes on after that iteration, to the same result

    The style loss compares Gram matrices, as published, and besides means, deviations and projections of the same
    features: Gram matrices alone leave instabilities that show as speckles (Risser et al., 2017).
    """
    generator = torch.Generator().manual_seed(seed)
    scales = pyramid_sizes(max(content.shape[2:]))
    counts = steps_per_scale(steps, scales)
    step, total = 0, sum(counts)
    style_weight = style_weight * strength**2
    # Adam's steps do not depend on how little there is to do: a weak style that begins near its end needs small ones.
    rate = LEARNING_RATE * strength if start is None else LEARNING_RATE
    painting = None
    for level, (scale, count) in enumerate(zip(scales, counts, strict=True)):
        if resume_from is not None and level < resume_from.level:
            step += count
            continue
        small = _resized(content, scale)
        small_styles = [(_resized(picture, scale), weight) for picture, weight in styles]
        targets = _ScaleTargets(small, small_styles, features)
        encoded = painter.encode(small, small_styles)
        initial = _initial_features(painter, encoded, None if start is None else _resized(start, scale), strength)
        residual = (1 - strength) * painter.residual(encoded) if strength < 1 else None
        share = strength if start is None else 0.0
        small_flat = None
        if flat is not None:
            small_flat = FlatMasks(_resized(flat.area, scale), _resized(flat.interior, scale), flat.drawing_score)
        painting = PaintedFeatures(painter, initial, small, encoded.colours, share, residual, painting, small_flat)
        solver = _build_optimiser(list(painting.offsets.values()), optimiser, rate)
        done = 0
        if resume_from is not None and level == resume_from.level:
            done = resume_from.iteration
            step += done
            _restore_state(resume_from, painting, solver, generator)

        def loss_of(seen: Tensor, shift: tuple[int, int], goal: "_ScaleTargets" = targets, place: int = 0) -> Tensor:
            inside = seen.clamp(0, 1)
            terms = goal.losses(torch.roll(inside, shift, (2, 3)), shift, features, seed + place)
            return (
                CONTENT_WEIGHT * content_weight * terms["content"]
                + style_weight * (terms["style"] + PATCH_WEIGHT * terms["patch"])
                + 0.5 * tv_weight * total_variation(inside)
                + 10 * (seen - inside).square().mean()
            )

        for loss in _minimise(painting, loss_of, solver, range(done, count), count, optimiser, rate, generator):
            step += 1
            done += 1
            with torch.no_grad():
                pixels = painting().clamp(0, 1)
            state = partial(_capture_state, level, done, painting, solver, generator)
            yield Iteration(step, total, targets.size, loss, pixels, state)


def _initial_features(
    painter: FastTransfer, encoded: Encoded, start: Tensor | None, strength: float
) -> tuple[dict[str, Tensor], Tensor]:
    """Maps and style vector to begin with: those of the pair that is `encoded`, or of the picture `start` as it is."""
    if start is None:
        return painter.transformed_features(encoded, strength)
    return painter.transformed_features(painter.encode(start, [(start, 1.0)]), 0.0)


def _capture_state(
    level: int, iteration: int, painting: PaintedFeatures, optimiser: torch.optim.Optimizer, generator: torch.Generator
) -> OptimisationState:
    offsets = {name: _copy_to_cpu(value) for name, value in painting.offsets.items()}
    return OptimisationState(level, iteration, offsets, _copy_to_cpu(optimiser.state_dict()), generator.get_state())


def _restore_state(
    state: OptimisationState, painting: PaintedFeatures, optimiser: torch.optim.Optimizer, generator: torch.Generator
) -> None:
    optimiser.load_state_dict(state.optimiser)
    generator.set_state(state.generator)
    with torch.no_grad():
        for name, offset in state.offsets.items():
            painting.offsets[name].copy_(offset)


def _build_optimiser(maps: list[Tensor], optimiser: str, rate: float) -> torch.optim.Optimizer:
    if optimiser == "lbfgs":
        return torch.optim.LBFGS(maps, max_iter=1, history_size=10, lr=0.5)
    return torch.optim.Adam(maps, lr=rate, betas=(0.9, 0.99))


def _copy_to_cpu(value: Any) -> Any:
    """A copy in main memory, of tensors inside of lists and mappings too."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {name: _copy_to_cpu(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copy_to_cpu(part) for part in value)
    return copy.deepcopy(value)


def _minimise(
    painting: PaintedFeatures,
    loss_of: Callable[..., Tensor],
    solver: torch.optim.Optimizer,
    iterations: Iterable[int],
    count: int,
    optimiser: str,
    rate: float,
    generator: torch.Generator,
) -> Iterator[float]:
    """Minimise over the painting's maps; one loss for each of `places`, of `count`. `rate` is for Adam alone."""
    for iteration in iterations:
        if optimiser == "adam":
            solver.param_groups[0]["lr"] = rate * (1 - 0.9 * iteration / count)
            down, across = torch.randint(-MAX_SHIFT, MAX_SHIFT + 1, (2,), generator=generator)
            shift = (int(down), int(across))
        else:
            shift = (0, 0)  # L-BFGS compares gradients of successive points: the function has to stay the same

        def closure(shift: tuple[int, int] = shift, place: int = iteration) -> Tensor:
            solver.zero_grad()
            loss = loss_of(painting(), shift, place=place if optimiser == "adam" else 0)
            loss.backward()
            return loss

        # Optimisers want what the closure returns as a tensor, whatever their stubs say.
        yield float(cast(Tensor, solver.step(cast(Callable[[], float], closure))).detach())


class _ScaleTargets:
    """What one scale aims at: the content's features and the styles' statistics."""

    def __init__(self, content: Tensor, styles: Sequence[tuple[Tensor, float]], features: Features) -> None:
        self.size = (content.shape[2], content.shape[3])
        self.layers = [name for name in STYLE_LAYERS if name != "relu5_1" or min(self.size) >= 32]
        with torch.no_grad():
            self.content = features(content, [CONTENT_LAYER])[CONTENT_LAYER]
            style_features = [(features(picture, self.layers), weight) for picture, weight in styles]
        self.style_features = style_features
        self.patches = [([patches(picture, scale) for scale in PATCH_SCALES], weight) for picture, weight in styles]
        self.grams = {
            name: weighted_sum((covariance(maps[name]), weight) for maps, weight in style_features)
            for name in self.layers
        }

    def losses(self, pixels: Tensor, shift: tuple[int, int], features: Features, seed: int) -> dict[str, Tensor]:
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
            slices = random_projections(maps.shape[1], 16, seed, maps.device)
            own = GRAM_WEIGHT * gram_distance(covariance(maps), self.grams[name])
            for wanted, weight in self.style_features:
                own = own + weight * (
                    0.5 * moment_distance(maps, wanted[name]) + sliced_wasserstein(maps, wanted[name], slices, 2048)
                )
            style = style + LAYER_WEIGHTS[name] * own
        seen = [patches(pixels, scale) for scale in PATCH_SCALES]
        slices = random_projections(27, 32, seed, pixels.device)
        patch = pixels.new_zeros(())
        for wanted, weight in self.patches:
            for one, other in zip(seen, wanted, strict=True):
                patch = patch + weight * sliced_wasserstein(one, other, slices, 2048)
        return {
            "content": content,
            "style": style / sum(LAYER_WEIGHTS[name] for name in self.layers),
            "patch": patch / len(PATCH_SCALES),
        }
