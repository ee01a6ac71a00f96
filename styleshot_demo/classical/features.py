"""Networks whose feature maps describe content and style: our own small encoder, and VGG-19 where its file is here."""

from collections.abc import Iterable
from contextlib import nullcontext
from functools import cache
from typing import cast

import torch
from torch import Tensor, nn

# Layer -> channels; a name says stage and convolution, as in VGG (Simonyan & Zisserman, ICLR 2015).
WIDTHS = {
    "relu1_1": 16,
    "relu1_2": 24,
    "relu2_1": 27,
    "relu2_2": 48,
    "relu3_1": 59,
    "relu3_2": 96,
    "relu3_3": 96,
    "relu4_1": 77,
    "relu4_2": 78,
    "relu5_1": 99,
}


MEAN, DEVIATION = 0.45, 0.225  # of the pixels of natural pictures, about
COPY_THRESHOLD = 2**14  # places of maps from which on copying them row by row takes less time than `pad`


class Conv(nn.Conv2d):
    """3x3 convolution that keeps the size; reflection keeps picture borders free of dark seams."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1, padding_mode="reflect")

    def forward(self, input: Tensor) -> Tensor:
        return nn.functional.conv2d(reflection_pad(input), self.weight, self.bias)


def reflection_pad(maps: Tensor) -> Tensor:
    """Maps [N, C, H, W] with one place more on each side, which is what lies opposite: [N, C, H + 2, W + 2]."""
    count, channels, height, width = maps.shape
    if torch.is_grad_enabled() or maps.device.type != "cpu" or height * width < COPY_THRESHOLD:
        return nn.functional.pad(maps, (1, 1, 1, 1), mode="reflect")
    made = maps.new_empty(count, height + 2, width + 2, channels).permute(0, 3, 1, 2)
    made[:, :, 1:-1, 1:-1] = maps
    made[:, :, 1:-1, 0], made[:, :, 1:-1, -1] = maps[..., 1], maps[..., -2]
    made[:, :, 0], made[:, :, -1] = made[:, :, 2], made[:, :, -3]
    return made


class Encoder(nn.Module):
    """A VGG-like stack of 3x3 convolutions with five stages at strides 1, 2, 4, 8 and 16.

    It is distilled from a compressed VGG-19 (`training/classical_encoder.py`): relu1_1, relu2_1, relu3_1, relu4_1,
    relu4_2 and relu5_1 imitate the teacher's layers of that name, the others are free. Features are scaled so that each
    imitated layer's mean square over natural pictures is about 1.
    """

    def __init__(self, widths: dict[str, int] | None = None) -> None:
        super().__init__()
        self.widths = dict(widths or WIDTHS)
        layers, last = {}, 3
        for name, width in self.widths.items():
            layers[name] = Conv(last, width)
            last = width
        self.layers = nn.ModuleDict(layers)

    def forward(
        self, pixels: Tensor, wanted: Iterable[str], before_relu: bool = False, for_moments: bool = False
    ) -> dict[str, Tensor]:
        """Feature maps by layer name.

        pixels       [N, 3, H, W], RGB in [0, 1]; each side at least 32 when relu5_1 is wanted
        wanted       names out of `WIDTHS`; computation stops after the last of them
        before_relu  give each map before its ReLU: training needs gradients where the ReLU has none
        for_moments  only moments are taken of the maps: where the processor multiplies bfloat16 by itself, all layers
                     but the first compute in it (in half of the time), for its rounding averages out
        """
        reduced = bfloat16_where_native(pixels.device) if for_moments else nullcontext()
        wanted = set(wanted)
        found: dict[str, Tensor] = {}
        x = pixels
        names = list(self.layers)
        for number, (name, following) in enumerate(zip(names, [*names[1:], None], strict=True)):
            with reduced if number else nullcontext():
                before = self.layers[name](x) if number else self._first_conv(x)
            pooled = following is not None and following[4] != name[4]
            if name in wanted:
                x = torch.relu(before) if before_relu else torch.relu_(before)
                found[name] = before if before_relu else x
                if len(found) == len(wanted):
                    break
                x = _max_pool(x) if pooled else x
            else:  # the maximum of what is above 0 is what is above 0 of the maximum, of which there is a quarter
                x = torch.relu_(_max_pool(before) if pooled else before)
        return found

    def _first_conv(self, pixels: Tensor) -> Tensor:
        """What the first layer makes of pixels around 0: it need not spend its bias on the mean of natural pictures.

        Centring goes into its few weights, in place of two passes over all pixels.
        """
        layer = cast(Conv, self.layers[next(iter(self.layers))])
        weight = layer.weight / DEVIATION
        bias = cast(Tensor, layer.bias) - MEAN * weight.sum((1, 2, 3))
        return nn.functional.conv2d(reflection_pad(pixels), weight, bias)


def bfloat16_where_native(device: torch.device) -> torch.autocast:
    """Within it convolutions compute in bfloat16 on a processor that has instructions for it: in half of the time."""
    return torch.autocast("cpu", torch.bfloat16, enabled=device.type == "cpu" and _multiplies_bfloat16())


@cache
def _multiplies_bfloat16() -> bool:
    able = torch.cpu.get_capabilities()  # processors without such instructions would take longer
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def _max_pool(maps: Tensor) -> Tensor:
    """Maximum of each 2x2 places; without their indices, which `max_pool2d` finds too, it takes less time."""
    height, width = (side // 2 * 2 for side in maps.shape[2:])
    rows = torch.maximum(maps[:, :, :height:2], maps[:, :, 1:height:2])
    return torch.maximum(rows[..., :width:2], rows[..., 1:width:2])
