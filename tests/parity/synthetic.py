"""Synthetic weights, arrays and pictures: functions of a name, a shape and a seed, the same on every machine.

The recorded numbers in `data/` were made with weights filled by these rules, so they must never change:

- A draw is raw Philox-4x64 output under a key from SHA-256 of "seed:name", its upper 53 bits as a number in [0, 1),
  stretched to mean 0 and variance 1.
- A parameter of two or more dimensions is a draw over the square root of its fan-in, product of shape[1:]; one of one
  dimension is 0.05 of a draw, plus 1 where its name ends in `.weight` (norms). `gains` multiply by parts of names.
"""

import hashlib
import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

DISC_COLOURS = ((230, 40, 30), (20, 60, 220), (250, 220, 10), (15, 140, 60))


def draw(name: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Float32 array of mean 0 and variance 1, uniform, named."""
    return _uniform(name, shape, seed, 1.0, 0.0)


def _uniform(name: str, shape: tuple[int, ...], seed: int, scale: float, shift: float) -> np.ndarray:
    key = np.frombuffer(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:16], dtype="<u8")
    bits = np.random.Philox(key=key.astype(np.uint64)).random_raw(math.prod(shape)) >> np.uint64(11)
    values = (2.0 * (bits.astype(np.float64) * 2.0**-53) - 1.0) * (math.sqrt(3.0) * scale) + shift
    return values.astype(np.float32).reshape(shape)


def parameter(name: str, shape: tuple[int, ...], seed: int = 0, gains: Mapping[str, float] | None = None) -> Tensor:
    """The value of the parameter `name`."""
    gain = math.prod(factor for part, factor in (gains or {}).items() if part in name)
    if len(shape) >= 2:
        values = _uniform(name, shape, seed, gain / math.sqrt(math.prod(shape[1:])), 0.0)
    else:
        values = _uniform(name, shape, seed, 0.05 * gain, 1.0 if name.endswith(".weight") else 0.0)
    return torch.from_numpy(values)


def fill(
    module: nn.Module,
    seed: int = 0,
    prefix: str = "",
    gains: Mapping[str, float] | None = None,
    rename: Callable[[str], str] = str,
) -> nn.Module:
    """Overwrite every floating tensor of a module; a tensor is named `prefix` + `rename`(its state key)."""
    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(parameter(prefix + rename(key), tuple(tensor.shape), seed, gains))
    return module.eval().requires_grad_(False)


def picture(width: int, height: int, variant: int = 0) -> np.ndarray:
    """RGB uint8 [height, width, 3]: colour ramps, inverted bars, four discs and a fine texture; integers only."""
    y, x = (axis.astype(np.int64) for axis in np.indices((height, width)))
    ramps = [255 * x // (width - 1), 255 * y // (height - 1), 255 * (x + y) // (width + height - 2)]
    rgb = np.stack([ramps[(channel - variant) % 3] for channel in range(3)], axis=-1)
    in_bar = (x // (16 + 4 * variant) + y // 24) % 5 == variant % 5
    rgb[in_bar] = 255 - rgb[in_bar]
    for n, colour in enumerate(DISC_COLOURS):
        centre_x = width * (2 * n + 1 + variant % 2) // 9
        centre_y = height * ((3 * n + variant) % 4 + 1) // 5
        radius = min(width, height) * (5 + n) // 40
        rgb[(x - centre_x) ** 2 + (y - centre_y) ** 2 < radius**2] = colour
    texture = (31 * x + 17 * y + x * y // 7 + 13 * variant) % 23 - 11
    return (rgb + texture[..., None]).clip(0, 255).astype(np.uint8)
