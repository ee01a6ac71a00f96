"""Trains `classical.features.Encoder` to give the feature maps of the teacher, from pictures alone."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styleshot_demo.classical.features import WIDTHS, Encoder
from styleshot_demo.research.teacher import Teacher
from styleshot_demo.training.core.device import device_and_dtype, module_to
from styleshot_demo.training.folders import Crops, pictures_in, split
from styleshot_demo.training.single_network import train

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")


def distil(
    contents: Path,
    styles: Path,
    teacher: Path,
    out: Path,
    *,
    steps: int = 6000,
    batch: int = 8,
    size: int = 160,
    rate: float = 2e-3,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
) -> Encoder:
    """Distil an encoder from the teacher on crops of both folders; a tenth of each is held out.

    The loss is the mean over layers of the squared error relative to the layer's own mean square (Romero et al.,
    FitNets, ICLR 2015), so that deep and shallow layers count alike. Channels that are silent in the teacher have no
    counterpart: the encoder's widths are the numbers of channels that live.
    """
    place, autocast = device_and_dtype(device, precision)
    torch.manual_seed(seed)
    guide = module_to(Teacher(teacher), place, memory_format=torch.channels_last)
    sets = [split(pictures_in(folder)) for folder in (contents, styles)]
    crops = Crops([path for train_paths, _ in sets for path in train_paths], size)
    held = Crops([path for _, held_paths in sets for path in held_paths], size).batch(48, seed, 0)
    alive = _alive(guide, crops.batch(64, seed, 10**9), place)
    model = Encoder({name: len(alive[name][0]) if name in alive else width for name, width in WIDTHS.items()})
    model = module_to(model, place, memory_format=torch.channels_last)

    def errors(pixels: Tensor) -> dict[str, Tensor]:
        pixels = pixels.to(place, memory_format=torch.channels_last)
        with torch.autocast(place.type, autocast, enabled=autocast is not None):
            with torch.no_grad():
                targets = guide(pixels, set(LAYERS))
            found = model(pixels, LAYERS, before_relu=True)
        result = {}
        for name, (channels, scale) in alive.items():
            target = targets[name][:, channels].float() / scale
            before = found[name].float()
            # Through a ReLU, a channel that is silent everywhere would never learn to speak.
            result[name] = torch.where(target > 0, before - target, before.relu()).square().mean()
        return result

    def loss_of(step: int) -> dict[str, Tensor]:
        pixels = crops.batch(batch, seed, step)
        # Noisy pictures also occur when one is optimised from noise; the features have to hold there too.
        noisy = max(1, batch // 8)
        noise = torch.randn(pixels[:noisy].shape, generator=torch.Generator().manual_seed(step)) * 0.1
        pixels[:noisy] = (pixels[:noisy] + noise).clamp(0, 1)
        return errors(pixels)

    def validate(step: int) -> dict[str, float]:
        with torch.no_grad():
            parts = [errors(part) for part in held.split(8)]
        return {name: round(sum(float(part[name]) for part in parts) / len(parts), 5) for name in LAYERS}

    config: dict[str, Any] = {
        "phase": "encoder",
        "batch": batch,
        "size": size,
        "rate": rate,
        "seed": seed,
    }
    return train(model, loss_of, out=out, steps=steps, rate=rate, config=config, validate=validate)


def _alive(guide: Teacher, pixels: Tensor, place: torch.device) -> dict[str, tuple[Tensor, Tensor]]:
    """Per layer: places of the teacher's channels that are not silent on `pixels`, and their root mean square."""
    squares: dict[str, Tensor] = {}
    with torch.no_grad():
        for part in pixels.split(8):
            for name, maps in guide(part.to(place), set(LAYERS)).items():
                squares[name] = squares.get(name, 0) + maps.square().mean((0, 2, 3))
    result = {}
    for name, square in squares.items():
        channels = torch.nonzero(square > 1e-4 * square.mean()).flatten()
        result[name] = (channels, (square[channels].mean() / len(pixels.split(8))).sqrt())
    return result
