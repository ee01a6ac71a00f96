"""What a content picture hands on: its contour or its line drawing, without its style (StyleShot, arXiv:2407.01414).

The networks are those of controlnet-aux, called directly: its detectors resize every picture and invert line drawings.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

THRESHOLD = 200


def load_hed(path: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> nn.Module:
    """The edge network of `ControlNetHED.pth`."""
    with _quiet_import():
        from controlnet_aux.hed import ControlNetHED_Apache2

    return _load(ControlNetHED_Apache2(), path, device, dtype)


def load_lineart(path: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> nn.Module:
    """The line drawing network of `sk_model.pth`, the paper's."""
    with _quiet_import():
        from controlnet_aux.lineart import Generator

    return _load(Generator(3, 1, 3), path, device, dtype)


@contextmanager
def _quiet_import() -> Iterator[None]:
    """controlnet-aux warns of optional packages that nothing here needs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _load(network: nn.Module, path: Path, device: torch.device | str, dtype: torch.dtype) -> nn.Module:
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.to(device=device, dtype=dtype).eval().requires_grad_(False)


@torch.no_grad()
def edges(picture: Image.Image, hed: nn.Module) -> np.ndarray:
    """How much of an edge each pixel is: float64 [height, width], 0 to 1. Works on the device and dtype of `hed`."""
    pixels = _pixels(picture, hed)
    # The fused map is the mean of the five scales before the sigmoid; float32, as half precision would show steps.
    scales = [F.interpolate(side.float(), pixels.shape[-2:], mode="bilinear") for side in hed(pixels)]
    return torch.stack(scales).mean(0)[0, 0].cpu().double().sigmoid().numpy()


def contour(picture: Image.Image, hed: nn.Module, threshold: int = THRESHOLD) -> Image.Image:
    """White contours on black, RGB, in the size of the picture.

    `threshold`, 0 to 255: pixels whose edge strength lies above it are contour; then each grows by one pixel all round.
    """
    strong = torch.from_numpy(_to_bytes(edges(picture, hed)) > threshold)
    grown = F.max_pool2d(strong[None, None].float(), kernel_size=3, stride=1, padding=1)[0, 0]
    return Image.fromarray((grown * 255).to(torch.uint8).numpy()).convert("RGB")


@torch.no_grad()
def lineart(picture: Image.Image, network: nn.Module) -> Image.Image:
    """A line drawing, dark background, RGB, in the size of the picture."""
    lines = network(_pixels(picture, network) / 255)[0, 0].float().cpu().numpy()
    # The network halves twice and doubles twice, so sides that are no multiple of 4 come back longer.
    lines = lines[: picture.height, : picture.width]
    return Image.fromarray(_to_bytes(lines)).convert("RGB")


def resize_to(picture: Image.Image, short_side: int, multiple: int = 8) -> Image.Image:
    """The picture with its short side near `short_side` and both sides multiples of `multiple`.

    Area averaging where it shrinks, Lanczos where it grows, as in the published demo (which uses multiples of 64).
    """
    import cv2

    scale = short_side / min(picture.size)
    size = tuple(max(round(side * scale / multiple), 1) * multiple for side in picture.size)
    pixels = np.asarray(picture.convert("RGB"))
    return Image.fromarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LANCZOS4 if scale > 1 else cv2.INTER_AREA))


def _pixels(picture: Image.Image, network: nn.Module) -> torch.Tensor:
    weight = next(network.parameters())
    pixels = torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1)[None]
    return pixels.to(device=weight.device, dtype=weight.dtype)


def _to_bytes(values: np.ndarray) -> np.ndarray:
    # Cut off, not rounded: the published maps were made so.
    return (values * 255).clip(0, 255).astype(np.uint8)
