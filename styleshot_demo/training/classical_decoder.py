"""Trains the decoder of `fast`: first to rebuild pictures from features, then to repaint them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from styleshot_demo.classical.fast import DEPTHS, Decoder, FastTransfer
from styleshot_demo.classical.features import Encoder
from styleshot_demo.classical.losses import (
    directions,
    gram,
    gram_distance,
    moment_distance,
    perceptual_distance,
    sliced_wasserstein,
    total_variation,
)
from styleshot_demo.classical.statistics import moments, towards
from styleshot_demo.training.folders import Crops, pictures_in, split
from styleshot_demo.training.loop import device_and_dtype, train
from styleshot_demo.training.teacher import Teacher

JUDGED = {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"}


@dataclass(frozen=True)
class DecoderRecipe:
    """Settings of a decoder training; the defaults made the committed weights."""

    steps: int = 8000
    rebuild_steps: int = 1500  # steps that only rebuild, before the first repaint
    batch: int = 4
    size: int = 224  # side of a crop, pixels
    rate: float = 1e-3
    seed: int = 0
    fused: tuple[str, ...] = ("relu3_1", "relu2_1")
    renewed: tuple[str, ...] = ("relu1_1",)
    content_weight: float = 2.0
    gram_weight: float = 1.0
    moment_weight: float = 0.5
    sliced_weight: float = 1.0
    smooth_weight: float = 0.0


def train_decoder(
    contents: Path,
    styles: Path,
    teacher: Path,
    encoder: Encoder,
    out: Path,
    recipe: DecoderRecipe,
    *,
    device: str = "auto",
    precision: str = "auto",
) -> Decoder:
    """A decoder for `encoder`, which stays as it is. A tenth of each folder is held out for the figures in the log.

    Repainting minimises content and style distances over the teacher's features at two scales; both transforms of
    the features take turns, three to one, so that one decoder serves both.
    """
    place, autocast = device_and_dtype(device, precision)
    torch.manual_seed(recipe.seed)
    encoder = encoder.to(place, memory_format=torch.channels_last).requires_grad_(False).eval()
    decoder = Decoder(encoder.widths, fused=recipe.fused, renewed=recipe.renewed).to(place, memory_format=torch.channels_last)
    guide = Teacher(teacher).to(place, memory_format=torch.channels_last)
    sides = [split(pictures_in(folder)) for folder in (contents, styles)]
    photos, paintings = (Crops(train_paths, recipe.size) for train_paths, _ in sides)
    held = [Crops(held_paths, 256, smallest=1.0).batch(16, 0, 0) for _, held_paths in sides]

    def look(pixels: Tensor) -> dict[str, Tensor]:
        """The teacher's features at full and half size: a pattern must hold up at both."""
        with torch.autocast(place.type, autocast, enabled=autocast is not None):
            small = torch.nn.functional.avg_pool2d(pixels, 2)
            maps = {name: value.float() for name, value in guide(pixels, JUDGED).items()}
            return maps | {f"{name} half": value.float() for name, value in guide(small, JUDGED - {"relu5_1"}).items()}

    def paint(found: dict[str, Tensor], wanted: dict[str, Tensor] | None, transform: str) -> tuple[Tensor, dict]:
        restyle: Callable[[str, Tensor], Tensor]
        if wanted is None:

            def restyle(name: str, maps: Tensor) -> Tensor:
                return maps

        else:
            goals = {name: [moments(one[None]) for one in maps] for name, maps in wanted.items()}

            def restyle(name: str, maps: Tensor) -> Tensor:
                pairs = zip(maps.split(1), goals[name], strict=True)
                return torch.cat([towards(moments(one), [(goal, 1.0)], transform)(one) for one, goal in pairs])

        given = {name: restyle(name, found[name]) for name in ("relu4_1", *recipe.fused)}
        return decoder(given, {name: tuple(maps.shape[2:]) for name, maps in found.items()}, restyle)

    def batch_of(crops: Crops, seed: int, step: int) -> Tensor:
        return crops.batch(recipe.batch, seed, step).to(place, memory_format=torch.channels_last)

    def rebuild(step: int) -> dict[str, Tensor]:
        pixels = batch_of(photos if step % 2 else paintings, recipe.seed, step)
        with torch.no_grad():
            found, target = encoder(pixels, DEPTHS), guide(pixels, JUDGED)
        made, maps = paint(found, None, "wct")
        seen = guide(made, JUDGED)
        return {
            "pixels": 10 * (made - pixels).abs().mean(),
            "seen": sum(perceptual_distance(seen[name], target[name]) for name in JUDGED),
            "maps": 0.5 * sum(((maps[name] - found[name]).square().mean() for name in recipe.renewed), made.new_zeros(())),
        }

    def repaint(step: int) -> dict[str, Tensor]:
        content, style = batch_of(photos, recipe.seed, step), batch_of(paintings, recipe.seed + 1, step)
        with torch.no_grad():
            found, wanted = encoder(content, DEPTHS), encoder(style, DEPTHS)
            content_seen, style_seen = look(content), look(style)
        made, _ = paint(found, wanted, "adain" if step % 4 == 1 else "wct")
        seen = look(made)
        slices = {name: directions(maps.shape[1], 32, step, place) for name, maps in seen.items()}
        count = len(seen)
        return {
            "content": recipe.content_weight * sum(perceptual_distance(seen[n], content_seen[n]) for n in seen) / count,
            "gram": recipe.gram_weight * sum(gram_distance(gram(seen[n]), gram(style_seen[n])) for n in seen) / count,
            "moment": recipe.moment_weight * sum(moment_distance(seen[n], style_seen[n]) for n in seen) / count,
            "sliced": recipe.sliced_weight
            * sum(sliced_wasserstein(seen[n], style_seen[n], slices[n], 2048) for n in seen)
            / count,
            "range": 10 * (made - made.clamp(0, 1)).abs().mean(),
            "smooth": recipe.smooth_weight * total_variation(made),
        }

    def loss_of(step: int) -> dict[str, Tensor]:
        # Some rebuilding to the end keeps low strengths faithful.
        return rebuild(step) if step < recipe.rebuild_steps or step % 6 == 0 else repaint(step)

    def validate(step: int) -> dict[str, float]:
        painter = FastTransfer(encoder, decoder)
        rows: list[dict[str, Tensor]] = []
        for content, style in zip(*(crops.to(place).split(1) for crops in held), strict=True):
            made = painter.decode(painter.encode(content, [(style, 1.0)]))
            rebuilt = painter.decode(painter.encode(content, [(content, 1.0)]), 1.0)
            with torch.no_grad():
                seen, content_seen, style_seen = (guide(pixels, JUDGED) for pixels in (made, content, style))
            rows.append(
                {
                    "content": sum(perceptual_distance(seen[n], content_seen[n]) for n in JUDGED) / len(JUDGED),
                    "gram": sum(gram_distance(gram(seen[n]), gram(style_seen[n])) for n in JUDGED) / len(JUDGED),
                    "sliced": sum(
                        sliced_wasserstein(seen[n], style_seen[n], directions(seen[n].shape[1], 64, 0, place))
                        for n in JUDGED
                    )
                    / len(JUDGED),
                    "psnr": -10 * (rebuilt - content).square().mean().log10(),
                }
            )
        return {name: round(sum(float(row[name]) for row in rows) / len(rows), 4) for name in rows[0]}

    config = {"phase": "decoder", **asdict(recipe), "fused": list(recipe.fused), "renewed": list(recipe.renewed)}
    del config["steps"]
    return train(
        decoder, loss_of, out=out, steps=recipe.steps, rate=recipe.rate, config=config, validate=validate
    )
