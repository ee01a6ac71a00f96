"""The decoder of the feed-forward method: transformed features of several depths to a picture."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from styleshot_demo.classical.features import Conv
from styleshot_demo.classical.row_streams import (
    ConvRows,
    Edges,
    MappedRows,
    RowSource,
    RowWindow,
    SharedRows,
    WholeRows,
)
from styleshot_demo.classical.upsample_conv import add_upsample_conv, conv_of_upsample_conv, upsample_conv

LAYERS = ("relu4_1", "relu3_1", "relu2_1", "relu1_1")
INNER = {"relu3_1": 96, "relu2_1": 48, "relu1_1": 24}
STRIDE = 8  # of relu4_1
HIDDEN = 128


class Decoder(nn.Module):
    """Transformed features of several depths to a picture.

    From relu4_1 up, each stage halves the stride: 3x3 convolution, nearest-neighbour enlargement, 3x3 convolution. At a
    `fused` depth the second one also sees the content's own features of that depth, transformed, so that contours need
    not survive the bottleneck. The `style_vector` modulates the channels of each convolution. Residual blocks (He et
    al., CVPR 2016) before the first enlargement lay out what is larger than a few pixels, where maps are small.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        inner: Mapping[str, int] | None = None,
        fused: Sequence[str] = (),
        hidden: int = HIDDEN,
        blocks: int = 0,
    ) -> None:
        """Channels of the encoder's layers (`widths`), inside each stage (`inner`) and of the modulator (`hidden`).

        blocks  residual blocks at `STRIDE`
        """
        super().__init__()
        self.widths = {name: widths[name] for name in LAYERS}
        self.inner = dict(inner or INNER)
        self.fused = tuple(fused)
        self.stages = nn.ModuleDict()
        last = self.widths["relu4_1"]
        for name in LAYERS[1:]:
            width = self.inner[name]
            joined = width + (self.widths[name] if name in self.fused else 0)
            self.stages[name] = nn.ModuleList([Conv(last, width), Conv(joined, width)])
            last = width
        self.picture = Conv(last, 3)
        deepest = self.inner[LAYERS[1]]
        self.blocks = nn.ModuleList(
            nn.ModuleList([Conv(deepest, deepest), Conv(deepest, deepest)]) for _ in range(blocks)
        )
        self.hidden = hidden
        self._modulated_widths = [self.inner[name] for name in LAYERS[1:] for _ in range(2)]
        self.modulator = nn.Sequential(
            nn.Linear(2 * sum(self.widths.values()), hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2 * sum(self._modulated_widths)),
        )
        # An untrained modulator changes nothing, nor does an untrained block.
        for last_layer in (self.modulator[2], *(_conv_pair(block)[1] for block in self.blocks)):
            for parameter in last_layer.parameters():
                nn.init.zeros_(parameter)

    @property
    def input_layers(self) -> tuple[str, ...]:
        """The depths whose maps are painted from."""
        return ("relu4_1", *self.fused)

    @property
    def architecture(self) -> dict[str, Any]:
        """What the constructor needs to build the same network."""
        return {
            "widths": self.widths,
            "inner": self.inner,
            "fused": list(self.fused),
            "hidden": self.hidden,
            "blocks": len(self.blocks),
        }

    def forward(self, features: Mapping[str, Tensor], style: Tensor) -> Tensor:
        """Pixels [N, 3, H, W], about [0, 1] but not clipped.

        features  transformed content features [N, C, h, w] of relu4_1 and of the fused depths, of a picture whose sides
                  are multiples of `STRIDE`
        style     its `style_vector`
        """
        modulations = self._modulations(style)

        def modulated(maps: Tensor) -> Tensor:
            gain, bias = next(modulations)
            return torch.relu_(torch.addcmul(bias[:, :, None, None], maps, gain[:, :, None, None]))

        maps = features["relu4_1"]
        for name in LAYERS[1:]:
            first, second = _conv_pair(self.stages[name])
            maps = modulated(first(maps))
            if name == LAYERS[1]:
                for block in self.blocks:
                    start, end = _conv_pair(block)
                    maps = maps + end(torch.relu_(start(maps)))
            maps = nn.functional.interpolate(maps, scale_factor=2, mode="nearest")
            if name in self.fused:
                maps = torch.cat([maps, features[name]], 1)
            maps = modulated(second(maps))
        return self.picture(maps)

    def infer(self, features: Mapping[str, Tensor], style: Tensor) -> Tensor:
        """What `forward` returns, for one picture (N = 1) and without gradients, in less time."""
        painted = self.rows({name: WholeRows(maps) for name, maps in features.items()}, style)
        return painted.take(painted.height)

    def rows(self, features: Mapping[str, RowSource], style: Tensor) -> RowSource:
        """What `infer` makes of features whose rows come in turn.

        The modulation goes into the weights, and nothing is enlarged before it is convolved.
        """
        modulations = self._modulations(style)
        rows = features["relu4_1"]
        for name in LAYERS[1:]:
            first, second = _conv_pair(self.stages[name])
            rows = _rectified(_convolved(rows, *_fold_modulation(first, next(modulations))))
            if name == LAYERS[1]:
                for block in self.blocks:
                    rows = _residual_rows(rows, *_conv_pair(block))
            weight, bias = _fold_modulation(second, next(modulations))
            if name in self.fused:
                own, fused = weight.split([len(first.weight), weight.shape[1] - len(first.weight)], 1)
                rows = _fused_rows(rows, own, features[name], fused, bias)
            elif name != LAYERS[-1]:
                rows = ConvRows(_upsampled(weight, bias), RowWindow(rows, 2))
            else:
                return ConvRows(self._painted(weight, bias), RowWindow(rows, 2))
        return _convolved(rows, self.picture.weight, cast(Tensor, self.picture.bias))

    def _painted(self, weight: Tensor, bias: Tensor) -> Callable[[Edges, Tensor], Tensor]:
        last, last_bias = self.picture.weight, cast(Tensor, self.picture.bias)
        return lambda edges, window: conv_of_upsample_conv(window, weight, bias, last, last_bias, edges)

    def _modulations(self, style: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Factor and offset [N, C] of each convolution's channels, in turn."""
        gains, biases = self.modulator(style).split(sum(self._modulated_widths), 1)
        return zip((1 + gains).split(self._modulated_widths, 1), biases.split(self._modulated_widths, 1), strict=True)


def _fold_modulation(layer: nn.Conv2d, modulation: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution that has the modulation in them."""
    gain, bias = (part[0] for part in modulation)
    return layer.weight * gain[:, None, None, None], cast(Tensor, layer.bias) * gain + bias


def _conv_pair(layers: nn.Module) -> tuple[nn.Conv2d, nn.Conv2d]:
    first, second = cast(nn.ModuleList, layers)
    return cast(nn.Conv2d, first), cast(nn.Conv2d, second)


def _rectified(rows: RowSource) -> RowSource:
    return MappedRows(rows, lambda maps, top: torch.relu_(maps))


def _convolved(rows: RowSource, weight: Tensor, bias: Tensor) -> RowSource:
    return ConvRows(lambda edges, window: conv2d(window, weight, bias), RowWindow(rows))


def _residual_rows(rows: RowSource, first: nn.Conv2d, second: nn.Conv2d) -> RowSource:
    """What a residual block adds to rows, and these."""
    read = SharedRows(rows)
    added, kept = read.reader(), read.reader()
    for layer in (first, second):
        added = _convolved(added, layer.weight, cast(Tensor, layer.bias))
        added = _rectified(added) if layer is first else added
    return MappedRows(added, lambda maps, top: kept.take(top + maps.shape[2]) + maps)


def _fused_rows(rows: RowSource, own: Tensor, given: RowSource, fused: Tensor, bias: Tensor) -> RowSource:
    """ReLU of the convolution of rows enlarged, by `own`, and of those of the content, by `fused`."""
    fused = fused.contiguous(memory_format=torch.channels_last)

    def convolve(edges: Edges, small: Tensor, large: Tensor) -> Tensor:
        made = conv2d(large, fused, bias)
        add_upsample_conv(made, small, own)
        return made.relu_()

    return ConvRows(convolve, RowWindow(rows, 2), RowWindow(given))


def _upsampled(weight: Tensor, bias: Tensor) -> Callable[[Edges, Tensor], Tensor]:
    return lambda edges, window: upsample_conv(window, weight, bias).relu_()
