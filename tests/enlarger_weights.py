"""The file of Real-ESRGAN x4plus with random numbers: its names, shapes and format, 67 MB."""

import math
from pathlib import Path

import torch
from torch import Tensor

PLACE = "lllyasviel/Annotators/RealESRGAN_x4plus.pth"  # in a folder of models


def shapes() -> dict[str, tuple[int, ...]]:
    """Name -> shape of every tensor, as the published file has them."""
    convolutions = {"conv_first": (3, 64), "conv_last": (64, 3)}
    convolutions |= dict.fromkeys(("conv_body", "conv_up1", "conv_up2", "conv_hr"), (64, 64))
    for block in range(23):
        for dense in (1, 2, 3):
            for number in range(5):
                size = (64 + 32 * number, 64 if number == 4 else 32)
                convolutions[f"body.{block}.rdb{dense}.conv{number + 1}"] = size
    found = {}
    for name, (inputs, outputs) in convolutions.items():
        found |= {f"{name}.weight": (outputs, inputs, 3, 3), f"{name}.bias": (outputs,)}
    return found


def random_state() -> dict[str, Tensor]:
    """Numbers that carry a picture's contrast through all layers (He et al., 2015), so that what is made of it spans
    about the 256 grey levels, and each block changes what it gets."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, shape in shapes().items():
        spread = math.sqrt(2 / (1.04 * math.prod(shape[1:]))) if name.endswith("weight") else 0.01
        state[name] = torch.empty(shape).normal_(0, spread, generator=generator)
    # Each of 23 blocks adds a fifth of what it got to what it got, and more.
    state["conv_last.weight"] /= 150
    state["conv_last.bias"] += 0.5
    return state


def write(path: Path) -> Path:
    """The file in the published format; `path` is given back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"params_ema": random_state()}, path)
    return path
