"""Trains the decoder of `fast`: first to rebuild pictures from features, then to repaint them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from styleshot_demo.classical.decoder import LAYERS, Decoder
from styleshot_demo.classical.fast import LIGHTNESS_SHARE, FastTransfer, colour_transform, style_vector
from styleshot_demo.classical.features import Encoder
from styleshot_demo.classical.losses import perceptual_distance
from styleshot_demo.classical.statistics import Moments, blended_transform, moments
from styleshot_demo.research.onnx_network import OnnxNetwork
from styleshot_demo.research.teacher import Teacher
from styleshot_demo.training.core.device import device_and_dtype, module_to
from styleshot_demo.training.folders import Crops, pictures_in, split
from styleshot_demo.training.judges import Judge, MixedPrecision, figures, mean
from styleshot_demo.training.single_network import train

JUDGED = {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"}
# Strokes and shapes live in the deeper layers; without this, colours and grain are learnt and nothing else. Content
# counts near the pixels too, but little: there it stands against the style's colours.
STYLE_LAYERS = {"relu1_1": 0.5, "relu2_1": 0.75, "relu3_1": 1.25, "relu4_1": 2.5, "relu5_1": 1.0}
CONTENT_LAYERS = {"relu1_1": 0.3, "relu2_1": 0.6, "relu3_1": 1.0, "relu4_1": 1.3, "relu5_1": 1.0}
HELD, HELD_SIZE = 16, 256  # pairs of crops that the figures in the log are of, and their side in pixels
REBUILD_EVERY = 12  # some rebuilding to the end keeps low strengths faithful

Network = TypeVar("Network", bound=nn.Module)


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


class DecoderLosses:
    """The loss terms of each step: of rebuilding pictures at first and now and then, else of repainting photos."""

    def __init__(
        self,
        painter: FastTransfer,
        guide: Teacher,
        others: Sequence[OnnxNetwork],
        crops: tuple[Crops, Crops],
        recipe: DecoderRecipe,
        precision: MixedPrecision,
    ) -> None:
        """`crops` are those of photos and those of paintings; all networks lie where `precision` says."""
        self.encoder, self.decoder = painter.encoder, painter.decoder
        self.guide, self.others = guide, others
        self.photos, self.paintings = crops
        self.recipe, self.precision = recipe, precision
        self.weights = {
            "content": recipe.content_weight,
            "gram": recipe.gram_weight,
            "moment": recipe.moment_weight,
            "sliced": recipe.sliced_weight,
        }
        share = 1 - recipe.network_share if others else 1.0
        self.own = Judge(guide.expanded, STYLE_LAYERS, CONTENT_LAYERS, share)

    def __call__(self, step: int) -> dict[str, Tensor]:
        rebuilds = step < self.recipe.rebuild_steps or step % REBUILD_EVERY == 0
        return self._rebuild(step) if rebuilds else self._repaint(step)

    def _rebuild(self, step: int) -> dict[str, Tensor]:
        pixels = self._batch(self.photos if step % 2 else self.paintings, self.recipe.seed, step)
        read = self.precision.read
        with torch.no_grad():
            found, target = read(self.encoder, pixels, LAYERS), read(self.guide, pixels, JUDGED)
        made = self._paint(found, None, "wct")
        seen = read(self.guide, made, JUDGED)
        return {
            "pixels": 10 * (made - pixels).abs().mean(),
            "seen": cast(Tensor, sum(perceptual_distance(seen[name], target[name]) for name in JUDGED)),
        }

    def _repaint(self, step: int) -> dict[str, Tensor]:
        content = self._batch(self.photos, self.recipe.seed, step)
        style = self._batch(self.paintings, self.recipe.seed + 1, step)
        with torch.no_grad():
            found, wanted = (self.precision.read(self.encoder, pixels, LAYERS) for pixels in (content, style))
        raw = self._paint(found, wanted, "adain" if step % 4 == 1 else "wct")
        same = without_colour_gradient(raw)
        pairs = zip(raw.split(1), same.split(1), style.split(1), strict=True)
        made = torch.cat([colour_transform(one, [(moments(goal), 1.0)])(twin) for one, twin, goal in pairs])
        # Nothing, to the eye; to a gradient the lightness that the map leaves to the decoder.
        made = made + (1 - LIGHTNESS_SHARE) * (raw - same).mean(1, keepdim=True)
        terms = {"range": 10 * (made - made.clamp(0, 1)).abs().mean()}
        for judge in self._judges(step):
            losses = judge.losses(made, content, style, weights=self.weights, step=step, precision=self.precision)
            for name, value in losses.items():
                terms[name] = terms.get(name, 0) + judge.share * value
        return terms

    def _judges(self, step: int) -> list[Judge]:
        if not self.others:
            return [self.own]
        # A turn lasts four steps: each of the networks meets both transforms.
        network = self.others[step // 4 % len(self.others)]
        even = dict.fromkeys(network.names, 1.0)
        return [self.own, Judge(network, even, even, self.recipe.network_share)]

    def _paint(self, found: dict[str, Tensor], wanted: dict[str, Tensor] | None, transform: str) -> Tensor:
        """What the decoder makes of `found` maps, moved to the moments of the `wanted` ones if there are any."""
        given = {name: found[name] for name in self.decoder.input_layers}
        goals = own = each_moments(found)
        if wanted is not None:
            goals = each_moments(wanted)
            for name, maps in given.items():
                pairs = zip(maps.split(1), own, goals, strict=True)
                given[name] = torch.cat(
                    [blended_transform(mine[name], [(goal[name], 1.0)], transform)(one) for one, mine, goal in pairs]
                )
        with self.precision.computing():
            return self.decoder(
                given, torch.cat([style_vector(goal) for goal in goals]).to(self.precision.place)
            ).float()

    def _batch(self, crops: Crops, seed: int, step: int) -> Tensor:
        pixels = crops.batch(self.recipe.batch, seed, step)
        return pixels.to(self.precision.place, memory_format=torch.channels_last)


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
    mixed = MixedPrecision(*device_and_dtype(device, precision))
    torch.manual_seed(recipe.seed)

    def placed(network: Network) -> Network:
        return module_to(network, mixed.place, memory_format=torch.channels_last)

    encoder = placed(encoder).requires_grad_(False).eval()
    decoder = placed(_begun(encoder, recipe, start).requires_grad_(True).train())
    guide = placed(Teacher(teacher))
    others = [placed(network) for network in networks]
    painter = FastTransfer(encoder, decoder)
    sides = [split(pictures_in(folder)) for folder in (contents, styles)]
    photos, paintings = (Crops(train_paths, recipe.size) for train_paths, _ in sides)
    held = [Crops(held_paths, HELD_SIZE, smallest=1.0).batch(HELD, 0, 0) for _, held_paths in sides]

    def validate(step: int) -> dict[str, float]:
        rows = []
        for content, style in zip(*(crops.to(mixed.place).split(1) for crops in held), strict=True):
            rows.append(_row(painter, guide, others, content, style))
        return {name: round(mean(row[name] for row in rows), 4) for name in rows[0]}

    return train(
        decoder,
        DecoderLosses(painter, guide, others, (photos, paintings), recipe, mixed),
        out=out,
        steps=recipe.steps,
        rate=recipe.rate,
        config=_config(recipe, decoder, others),
        validate=validate,
    )


def _begun(encoder: Encoder, recipe: DecoderRecipe, start: Decoder | None) -> Decoder:
    """A new decoder, or one as `start`, with as many blocks as are asked for."""
    if start is None:
        return Decoder(encoder.widths, fused=recipe.fused, blocks=recipe.blocks)
    decoder = Decoder(**start.architecture | {"blocks": max(recipe.blocks, len(start.blocks))})
    # The blocks that `start` lacks begin as the identity.
    decoder.load_state_dict(decoder.state_dict() | start.state_dict())
    return decoder


def _row(
    painter: FastTransfer, guide: Teacher, others: Sequence[OnnxNetwork], content: Tensor, style: Tensor
) -> dict[str, float]:
    """Figures of one pair of pictures [1, 3, H, W], by each network, and how well the content is rebuilt."""
    # What is trained is judged: leading colours by regions comes after it.
    encoded = replace(painter.encode(content, [(style, 1.0)]), clusters=None)
    made = painter.decode(encoded)
    row = figures(guide.expanded, made, content, style)
    row["psnr"] = float(-10 * painter.residual(encoded).square().mean().log10())
    for network in others:
        judged_by = figures(network, made, content, style)
        row |= {f"{Path(network.source).stem}_{name}": value for name, value in judged_by.items()}
    return row


def _config(recipe: DecoderRecipe, decoder: Decoder, others: Sequence[OnnxNetwork]) -> dict[str, Any]:
    """What a training has to have been begun with to be gone on with."""
    config = {"phase": "decoder", **asdict(recipe), "fused": list(decoder.fused), "blocks": len(decoder.blocks)}
    del config["steps"]
    if others:
        config["networks"] = [network.source for network in others]
    else:
        del config["network_share"]
    return config
