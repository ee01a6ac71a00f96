"""Trains the decoder of `fast`: first to rebuild pictures from features, then to repaint them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from styleshot_demo.classical.fast import DEPTHS, LIGHT_SHARE, Decoder, FastTransfer, look, recolouring
from styleshot_demo.classical.features import Encoder
from styleshot_demo.classical.losses import (
    covariance,
    directions,
    gram_distance,
    perceptual_distance,
    sliced_wasserstein,
)
from styleshot_demo.classical.statistics import Moments, moments, towards
from styleshot_demo.research.onnx_network import OnnxNetwork
from styleshot_demo.research.teacher import Teacher
from styleshot_demo.training.core.device import device_and_dtype, moved
from styleshot_demo.training.folders import Crops, pictures_in, split
from styleshot_demo.training.single_network import train
from styleshot_demo.training.style_statistics import StyleStatistics, sliced_distance
from styleshot_demo.weighting import weighted_sum

JUDGED = {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"}
# Strokes and shapes live in the deeper layers; without this, colours and grain are learnt and nothing else. Content
# counts near the pixels too, but little: there it stands against the style's colours.
STYLE_LAYERS = {"relu1_1": 0.5, "relu2_1": 0.75, "relu3_1": 1.25, "relu4_1": 2.5, "relu5_1": 1.0}
CONTENT_LAYERS = {"relu1_1": 0.3, "relu2_1": 0.6, "relu3_1": 1.0, "relu4_1": 1.3, "relu5_1": 1.0}
HELD, HELD_SIZE = 16, 256  # pairs of crops that the figures in the log are of, and their side in pixels
REBUILD_EVERY = 12  # some rebuilding to the end keeps low strengths faithful


def mean(values: Iterable[Tensor | float]) -> float:
    """Mean of single numbers."""
    numbers = [float(value) for value in values]
    return sum(numbers) / len(numbers)


def each_moments(found: dict[str, Tensor]) -> list[dict[str, Moments]]:
    """The moments of maps [N, C, H, W] by layer name, for each of the N pictures alone."""
    count = len(next(iter(found.values())))
    return [{name: moments(maps[place : place + 1]) for name, maps in found.items()} for place in range(count)]


def without_colour_gradient(pixels: Tensor) -> Tensor:
    """`pixels` [N, 3, H, W] as they are, but to a gradient mean and covariance of their colours are given.

    The map onto the style's colours makes up for any change of those, and a decoder that is asked for one again and
    again, without ever seeing it done, drifts away.
    """
    vectors = pixels.flatten(2)
    mean = vectors.mean(2, keepdim=True)
    centred = vectors - mean
    covariance = centred @ centred.mT / vectors.shape[2] + 1e-4 * torch.eye(3, device=pixels.device)
    root = torch.linalg.cholesky(covariance)
    whitened = torch.linalg.solve_triangular(root, centred, upper=False)
    return (root.detach() @ whitened + mean.detach()).view_as(pixels)


@dataclass(frozen=True)
class DecoderRecipe:
    """Settings of a decoder training. `assets/weights/fast.json` says what the committed weights were trained with."""

    steps: int = 8000
    rebuild_steps: int = 1500  # steps that only rebuild, before the first repaint
    batch: int = 4
    size: int = 192  # side of a crop, pixels
    rate: float = 6e-4
    seed: int = 0
    fused: tuple[str, ...] = ("relu3_1", "relu2_1")
    blocks: int = 1  # residual blocks of the decoder
    content_weight: float = 1.0
    gram_weight: float = 1.7
    moment_weight: float = 0.4
    sliced_weight: float = 1.6
    network_share: float = 0.5  # of the repainting losses that the other networks have together, where there are any


@dataclass(frozen=True)
class Judge:
    """A network that compares pictures for the losses.

    maps            pixels -> feature maps by layer name
    style_layers    what each layer counts in the distances of styles
    content_layers  and in the distance of contents
    share           of a step's repainting losses; the shares of the step's judges sum to 1
    """

    maps: Callable[[Tensor], dict[str, Tensor]]
    style_layers: dict[str, float]
    content_layers: dict[str, float]
    share: float


def train_decoder(
    contents: Path,
    styles: Path,
    teacher: Path,
    encoder: Encoder,
    out: Path,
    recipe: DecoderRecipe,
    *,
    networks: Sequence[OnnxNetwork] = (),
    start: Decoder | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Decoder:
    """A decoder for `encoder`, which stays as it is; `start` is trained further if given.

    A tenth of each folder is held out for the figures in the log. Repainting minimises content and style distances over
    the teacher's expanded features, and over those of other `networks`, which take turns: what is learnt from one
    network alone looks better to it than to any other. Both transforms of the features take turns as well, three to
    one, so that one decoder serves both.
    """
    place, autocast = device_and_dtype(device, precision)
    torch.manual_seed(recipe.seed)
    encoder = moved(encoder, place, memory_format=torch.channels_last).requires_grad_(False).eval()
    if start is None:
        decoder = Decoder(encoder.widths, fused=recipe.fused, blocks=recipe.blocks)
    else:
        decoder = Decoder(**start.architecture | {"blocks": max(recipe.blocks, len(start.blocks))})
        # The blocks that `start` lacks begin as the identity.
        decoder.load_state_dict(decoder.state_dict() | start.state_dict())
    decoder = moved(decoder.requires_grad_(True).train(), place, memory_format=torch.channels_last)
    guide = moved(Teacher(teacher), place, memory_format=torch.channels_last)
    others = [moved(network, place, memory_format=torch.channels_last) for network in networks]
    own = Judge(guide.expanded, STYLE_LAYERS, CONTENT_LAYERS, 1 - recipe.network_share if others else 1.0)

    def judges_of(step: int) -> list[Judge]:
        if not others:
            return [own]
        # A turn lasts four steps: each of the networks meets both transforms.
        network = others[step // 4 % len(others)]
        even = dict.fromkeys(network.names, 1.0)
        return [own, Judge(network, even, even, recipe.network_share)]

    sides = [split(pictures_in(folder)) for folder in (contents, styles)]
    photos, paintings = (Crops(train_paths, recipe.size) for train_paths, _ in sides)
    held = [Crops(held_paths, HELD_SIZE, smallest=1.0).batch(HELD, 0, 0) for _, held_paths in sides]

    def read(network: Callable[..., dict[str, Tensor]], *given: Any) -> dict[str, Tensor]:
        with torch.autocast(place.type, autocast, enabled=autocast is not None):
            # Statistics and distances need the precision that the networks can do without.
            return {name: maps.float() for name, maps in network(*given).items()}

    def paint(found: dict[str, Tensor], wanted: dict[str, Tensor] | None, transform: str) -> Tensor:
        given = {name: found[name] for name in decoder.read}
        goals = own = each_moments(found)
        if wanted is not None:
            goals = each_moments(wanted)
            for name, maps in given.items():
                pairs = zip(maps.split(1), own, goals, strict=True)
                given[name] = torch.cat(
                    [towards(mine[name], [(goal[name], 1.0)], transform)(one) for one, mine, goal in pairs]
                )
        with torch.autocast(place.type, autocast, enabled=autocast is not None):
            return decoder(given, torch.cat([look(goal) for goal in goals]).to(place)).float()

    def batch_of(crops: Crops, seed: int, step: int) -> Tensor:
        return crops.batch(recipe.batch, seed, step).to(place, memory_format=torch.channels_last)

    def rebuild(step: int) -> dict[str, Tensor]:
        pixels = batch_of(photos if step % 2 else paintings, recipe.seed, step)
        with torch.no_grad():
            found, target = read(encoder, pixels, DEPTHS), read(guide, pixels, JUDGED)
        made = paint(found, None, "wct")
        seen = read(guide, made, JUDGED)
        return {
            "pixels": 10 * (made - pixels).abs().mean(),
            "seen": cast(Tensor, sum(perceptual_distance(seen[name], target[name]) for name in JUDGED)),
        }

    def repaint(step: int) -> dict[str, Tensor]:
        content, style = batch_of(photos, recipe.seed, step), batch_of(paintings, recipe.seed + 1, step)
        with torch.no_grad():
            found, wanted = read(encoder, content, DEPTHS), read(encoder, style, DEPTHS)
        raw = paint(found, wanted, "adain" if step % 4 == 1 else "wct")
        same = without_colour_gradient(raw)
        pairs = zip(raw.split(1), same.split(1), style.split(1), strict=True)
        made = torch.cat([recolouring(one, [(moments(goal), 1.0)])(twin) for one, twin, goal in pairs])
        # Nothing, to the eye; to a gradient the lightness that the map leaves to the decoder.
        made = made + (1 - LIGHT_SHARE) * (raw - same).mean(1, keepdim=True)
        terms = {"range": 10 * (made - made.clamp(0, 1)).abs().mean()}
        for judge in judges_of(step):
            for name, value in judged(judge, made, content, style, step).items():
                terms[name] = terms.get(name, 0) + judge.share * value
        return terms

    def judged(judge: Judge, made: Tensor, content: Tensor, style: Tensor, step: int) -> dict[str, Tensor]:
        with torch.no_grad():
            content_seen, style_seen = read(judge.maps, content), read(judge.maps, style)
            goal = {name: StyleStatistics.of(maps) for name, maps in style_seen.items()}
        seen = read(judge.maps, made)
        got = {name: StyleStatistics.of(maps) for name, maps in seen.items()}
        slices = {name: directions(maps.shape[1], 24, step, place) for name, maps in seen.items()}

        def mean_of(distance: Callable[[str], Tensor], layers: dict[str, float] = judge.style_layers) -> Tensor:
            return weighted_sum((distance(name), weight) for name, weight in layers.items()) / sum(layers.values())

        return {
            "content": recipe.content_weight
            * mean_of(lambda n: perceptual_distance(seen[n], content_seen[n]), judge.content_layers),
            "gram": recipe.gram_weight * mean_of(lambda n: got[n].covariance_distance(goal[n])),
            "moment": recipe.moment_weight * mean_of(lambda n: got[n].moment_distance(goal[n])),
            "sliced": recipe.sliced_weight
            * mean_of(lambda n: sliced_distance(seen[n], style_seen[n], slices[n], step)),
        }

    def loss_of(step: int) -> dict[str, Tensor]:
        return rebuild(step) if step < recipe.rebuild_steps or step % REBUILD_EVERY == 0 else repaint(step)

    def validate(step: int) -> dict[str, float]:
        painter = FastTransfer(encoder, decoder)
        rows: list[dict[str, Tensor | float]] = []
        for content, style in zip(*(crops.to(place).split(1) for crops in held), strict=True):
            # What is trained is judged: leading colours by regions comes after it.
            encoded = replace(painter.encode(content, [(style, 1.0)]), regions=None)
            made = painter.decode(encoded)
            row = figures(guide.expanded, made, content, style)
            row["psnr"] = -10 * painter.lost(encoded).square().mean().log10()
            for network in others:
                judged_by = figures(network, made, content, style)
                row |= {f"{Path(network.source).stem}_{name}": value for name, value in judged_by.items()}
            rows.append(row)
        return {name: round(mean(row[name] for row in rows), 4) for name in rows[0]}

    def figures(
        maps: Callable[[Tensor], dict[str, Tensor]], made: Tensor, content: Tensor, style: Tensor
    ) -> dict[str, Tensor | float]:
        with torch.no_grad():
            seen, content_seen, style_seen = (maps(pixels) for pixels in (made, content, style))
        return {
            "content": mean(perceptual_distance(seen[n], content_seen[n]) for n in seen),
            "gram": mean(gram_distance(covariance(seen[n]), covariance(style_seen[n])) for n in seen),
            "sliced": mean(
                sliced_wasserstein(seen[n], style_seen[n], directions(seen[n].shape[1], 64, 0, place)) for n in seen
            ),
        }

    config = {"phase": "decoder", **asdict(recipe), "fused": list(decoder.fused), "blocks": len(decoder.blocks)}
    del config["steps"]
    if others:
        config["networks"] = [network.source for network in others]
    else:
        del config["network_share"]
    return train(decoder, loss_of, out=out, steps=recipe.steps, rate=recipe.rate, config=config, validate=validate)
