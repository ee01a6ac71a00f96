"""MicroAST (Wang et al., AAAI 2023) on its published weights: a peer to measure `fast` beside, never a method here."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from styleshot_demo.errors import Problem

PARTS = ("content_encoder", "style_encoder", "modulator", "decoder")
KINDS = ("weight", "bias")  # of a filter: the names of the modulator's halves


class MicroAST:
    """Paints pairs at full strength, in float32 on the processor."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the four published state dicts, PART_iter_160000.pth.tar; a `Problem` if one does not fit."""
        try:
            self._weights = {
                part: torch.load(folder / f"{part}_iter_160000.pth.tar", map_location="cpu", weights_only=True)
                for part in PARTS
            }
            with torch.inference_mode():
                self(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32))
        except FileNotFoundError as error:
            raise Problem("weights_missing", model="MicroAST") from error
        except Exception as error:  # torch.load raises whatever its unpickler meets
            raise Problem("weights_broken", model="MicroAST") from error

    def __call__(self, content: Tensor, style: Tensor) -> Tensor:
        """Pixels [1, 3, H, W] in [0, 1] of `content` [1, 3, H, W] in the style of `style` [1, 3, h, w], RGB in [0, 1].

        Sections 3.2 to 3.4 of the paper: features are normalised (AdaIN) at two places, and the style's modulator sets
        gain and bias of the filters between.
        """
        styles = self._encoded("style_encoder", style)
        first, second = (
            tuple(self._conv("modulator", f"{kind}{place}.0", styles[place - 1]).mean((2, 3), True) for kind in KINDS)
            for place in (1, 2)
        )
        maps = _adain(self._encoded("content_encoder", content)[1], styles[1])
        maps = self._modulated("dec1", maps, *second)
        maps = self._modulated("dec2", _adain(maps, styles[0]), *first)
        for depthwise, pointwise in ((1, 3), (6, 8)):
            maps = interpolate(maps, scale_factor=2, mode="bilinear")
            maps = self._conv("decoder", f"dec3.{depthwise}", maps).relu_()
            maps = self._conv("decoder", f"dec3.{pointwise}", maps).relu_()
        pixels = self._conv("decoder", "dec3.10", maps)
        # Sides that 4 does not divide come out a little longer.
        return pixels[..., : content.shape[2], : content.shape[3]].clamp(0, 1)

    def _conv(self, part: str, name: str, maps: Tensor, stride: int = 1) -> Tensor:
        weight = self._weights[part][f"{name}.conv_layer.weight"]
        margin = weight.shape[-1] // 2
        if margin:
            maps = pad(maps, (margin,) * 4, mode="reflect")
        groups = maps.shape[1] // weight.shape[1]
        bias = self._weights[part][f"{name}.conv_layer.bias"]
        return nn.functional.conv2d(maps, weight, bias, stride=stride, groups=groups)

    def _encoded(self, part: str, pixels: Tensor) -> tuple[Tensor, Tensor]:
        maps = self._conv(part, "enc1.0", pixels).relu_()
        for depthwise, pointwise in ((2, 4), (6, 8)):
            maps = self._conv(part, f"enc1.{depthwise}", maps, stride=2).relu_()
            maps = self._conv(part, f"enc1.{pointwise}", maps).relu_()
        shallow = self._residual(part, "enc1.10", maps)
        return shallow, self._residual(part, "enc2.0", shallow)

    def _residual(self, part: str, name: str, maps: Tensor) -> Tensor:
        inner = self._conv(part, f"{name}.conv1", maps).relu_()
        return maps + self._conv(part, f"{name}.conv2", inner)

    def _modulated(self, name: str, maps: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
        inner = (gain * self._conv("decoder", f"{name}.conv1", maps) + bias * maps).relu_()
        return maps + gain * self._conv("decoder", f"{name}.conv2", inner) + bias * inner


def _adain(maps: Tensor, goal: Tensor) -> Tensor:
    """`maps` with mean and deviation of each channel of `goal`."""
    variance, mean = torch.var_mean(maps, (2, 3), keepdim=True)
    wanted_variance, wanted_mean = torch.var_mean(goal, (2, 3), keepdim=True)
    return (maps - mean) / (variance + 1e-5).sqrt() * (wanted_variance + 1e-5).sqrt() + wanted_mean
