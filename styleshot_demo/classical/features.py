"""Networks whose feature maps describe content and style: our own small encoder, and VGG-19 where its file is here."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from functools import cache
from typing import cast

import torch
from torch import Tensor, nn

from styleshot_demo.classical.row_streams import ConvRows, Edges, MappedRows, RowSource, RowWindow, bordered

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


Observer = Callable[[Tensor, int], None]  # of rows of maps [1, C, n, W], and the number of the first
MEAN, DEVIATION = 0.45, 0.225  # of the pixels of natural pictures, about


class Conv(nn.Conv2d):
    """3x3 convolution that keeps the size; reflection keeps picture borders free of dark seams."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1, padding_mode="reflect")

    def forward(self, input: Tensor) -> Tensor:
        return nn.functional.conv2d(bordered([input]), self.weight, self.bias)


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
                before = nn.functional.conv2d(bordered([x]), *self._kernel(number))
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

    def rows(self, pixels: RowSource, observers: Mapping[str, Observer], for_moments: bool = False) -> list[RowSource]:
        """The maps of the layers that `observers` names, from the first to the deepest, as `forward` computes them.

        observers  each is given the rows of its layer as they are computed, [1, C, n, W], and the number of the first
        """
        names = list(self.layers)
        source, found = pixels, []
        for number, name in enumerate(names):
            source = ConvRows(self._row_convolution(number, for_moments), RowWindow(source))
            pooled = [*names[1:], name][number][4] != name[4]
            if name in observers:
                source = MappedRows(source, _observed(observers[name]))
                found.append(source)
                if len(found) == len(observers):
                    break
                source = MappedRows(source, lambda rows, top: _max_pool(rows), 2) if pooled else source
            elif pooled:
                source = MappedRows(source, lambda rows, top: torch.relu_(_max_pool(rows)), 2)
            else:
                source = MappedRows(source, lambda rows, top: torch.relu_(rows))
        return found

    def _row_convolution(self, number: int, for_moments: bool) -> Callable[[Edges, Tensor], Tensor]:
        weight, bias = self._kernel(number)

        def convolve(edges: Edges, window: Tensor) -> Tensor:
            reduced = bfloat16_where_native(window.device) if for_moments and number else nullcontext()
            with reduced:
                return nn.functional.conv2d(window, weight, bias)

        return convolve

    def _kernel(self, number: int) -> tuple[Tensor, Tensor]:
        """Weight and bias of a layer; the first takes pixels around 0, and need not spend its bias on their mean.

        Centring goes into its few weights, in place of two passes over all pixels.
        """
        layer = cast(Conv, list(self.layers.values())[number])
        weight, bias = layer.weight, cast(Tensor, layer.bias)
        if number == 0:
            weight = weight / DEVIATION
            bias = bias - MEAN * weight.sum((1, 2, 3))
        return weight, bias


def _observed(observer: Observer) -> Callable[[Tensor, int], Tensor]:
    def observed(rows: Tensor, top: int) -> Tensor:
        rows = torch.relu_(rows)
        observer(rows, top)
        return rows

    return observed


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
