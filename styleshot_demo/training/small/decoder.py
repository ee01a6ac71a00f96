"""The autoencoder's decoder: from latents to pictures twice as fine as what the latents were made from."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from styleshot_demo.research.teacher import Teacher
from styleshot_demo.small.autoencoder import Decoded, PatchAutoencoder
from styleshot_demo.training.core.checkpoint import latest
from styleshot_demo.training.core.device import device_and_dtype, module_to
from styleshot_demo.training.single_network import train
from styleshot_demo.training.small.augmentation import FILL, background, crop
from styleshot_demo.training.small.pack import Pack
from styleshot_demo.training.small.places import AUTOENCODER, DECODER

WHOLE = 256
LAYERS = {"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0}
SHARPEN = 2.0  # an enlarged emoji's outline is this much too soft


@dataclass(frozen=True)
class AutoencoderRecipe:
    """Settings of a decoder training."""

    steps: int = 2500
    batch: int = 8
    size: int = 128  # side of a crop, pixels, of pictures of 256
    rate: float = 1e-3
    # Most of the noise on latents, whose spread is 1: what diffusion makes is not exact either. With .12 the cells of
    # the latents could be seen in finished pictures; .4 costs 0.4 dB of photos and 1.7 dB of emoji.
    noise: float = 0.4
    things: float = 0.5  # share of emoji; the rest are paintings and photos
    perceptual: float = 0.5
    seed: int = 0


def current(run: Path) -> PatchAutoencoder:
    """The autoencoder of a run with its decoder as far as that is trained."""
    model = PatchAutoencoder.from_pretrained(run / AUTOENCODER)
    state = latest(run / DECODER)
    if state is not None:
        model.load_state_dict(state["model"])
    return model.eval().requires_grad_(False)


def train_decoder(
    pack: Pack,
    run: Path,
    teacher: Path | None,
    recipe: AutoencoderRecipe,
    device: str = "auto",
    precision: str = "auto",
) -> PatchAutoencoder:
    """Train the decoder of the run's autoencoder; its checkpoint lies in `run/decoder`.

    teacher   folder of the network whose features are compared beside the pixels; None: pixels alone
    """
    place, dtype = device_and_dtype(device, precision)
    model = module_to(PatchAutoencoder.from_pretrained(run / AUTOENCODER), place)
    guide = None if teacher is None else Teacher(teacher).to(place)
    torch.manual_seed(recipe.seed)

    def made(pixels: Tensor, generator: torch.Generator, noise: float) -> Tensor:
        latents = model.encode(pixels * 2 - 1).latent_dist.mode()
        level = torch.rand(len(latents), 1, 1, 1, generator=generator) * noise
        latents = latents + (torch.randn(latents.shape, generator=generator) * level).to(place)
        with torch.autocast(place.type, dtype, enabled=dtype is not None):
            return cast(Decoded, model.decode(latents)).sample.float() / 2 + 0.5

    def compared(found: Tensor, pixels: Tensor) -> dict[str, Tensor]:
        terms = {"pixels": 10 * (found - pixels).abs().mean()}
        if guide is not None:
            with torch.autocast(place.type, dtype, enabled=dtype is not None):
                seen, wanted = guide(found, set(LAYERS)), guide(pixels, set(LAYERS))
            distances = (
                weight * (seen[name] - wanted[name]).float().abs().mean() / wanted[name].float().abs().mean()
                for name, weight in LAYERS.items()
            )
            terms["seen"] = recipe.perceptual * cast(Tensor, sum(distances))
        return terms

    def loss(step: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
        pixels = pictures(pack, recipe, step).to(place)
        return compared(made(pixels, generator, recipe.noise), pixels)

    held = np.concatenate([pack.picture_places(group, held=True) for group in ("paintings", "photos")])
    rng = np.random.default_rng(77)
    fixed = torch.stack([crop(pack.pictures[n], rng, 1.0, WHOLE) for n in rng.permutation(held)[:24]]).to(place)
    drawn = pictures(pack, recipe, -1, held=True).to(place)

    def validate(step: int) -> dict[str, float]:
        figures = {}
        with torch.no_grad():
            for name, pixels in (("pictures", fixed), ("emoji", drawn)):
                found = made(pixels, torch.Generator().manual_seed(1), 0.0).clamp(0, 1)
                figures[f"psnr_{name}"] = round(float(-10 * ((found - pixels) ** 2).mean().log10()), 2)
        return figures

    for parameter in model.parameters():
        parameter.requires_grad_(True)
    config = {**asdict(recipe), "steps": 0}
    train(
        model,
        loss,
        out=run / DECODER,
        steps=recipe.steps,
        rate=recipe.rate,
        config=config,
        validate=validate,
        validate_every=250,
        checkpoint_every=100,
    )
    return model.eval()


def pictures(pack: Pack, recipe: AutoencoderRecipe, step: int, held: bool = False) -> Tensor:
    """Crops [batch, 3, size, size] in [0, 1] of pictures of 256 pixels; `held`: emoji of the set that is held out."""
    rng = np.random.default_rng((recipe.seed, 7, step + 1))
    emoji = pack.emoji_places(held_set=True) if held else pack.emoji_places()
    others = np.concatenate([pack.picture_places(group) for group in ("paintings", "photos")])
    found = []
    for place in range(recipe.batch):
        if held or place < recipe.batch * recipe.things:
            whole = enlarged(pack.emoji[int(emoji[rng.integers(len(emoji))])], rng)
        else:
            whole = crop(pack.pictures[int(others[rng.integers(len(others))])], rng, 0.85, WHOLE)
        # In steps of 16: where the encoder's cells begin.
        top, left = (16 * int(rng.integers((WHOLE - recipe.size) // 16 + 1)) for _ in range(2))
        found.append(whole[:, top : top + recipe.size, left : left + recipe.size])
    return torch.stack(found)


def enlarged(art: np.ndarray, rng: np.random.Generator) -> Tensor:
    """An emoji of 128 pixels on a background, [3, 256, 256], its edges made crisp again."""
    pixels = torch.from_numpy(art).permute(2, 0, 1)[None].float() / 255
    pixels = torch.cat([pixels[:, :3] * pixels[:, 3:], pixels[:, 3:]], 1)
    side = 2 * round(WHOLE * FILL * rng.uniform(0.9, 1.0) / 2)
    large = F.interpolate(pixels, (side, side), mode="bicubic", antialias=True)
    blurred = F.avg_pool2d(F.pad(large, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    large = (large + (SHARPEN - 1) * (large - blurred)).clamp(0, 1)
    edge = (WHOLE - side) // 2
    shift = [int(rng.integers(-edge, edge + 1)) if edge else 0 for _ in range(2)]
    pads = (edge + shift[0], edge - shift[0], edge + shift[1], edge - shift[1])
    large = F.pad(large, pads)[0]
    ground = F.interpolate(torch.from_numpy(np.array(background(rng)))[None].float(), (WHOLE, WHOLE), mode="bilinear")
    return (large[:3] + (1 - large[3:]) * ground[0]).clamp(0, 1)
