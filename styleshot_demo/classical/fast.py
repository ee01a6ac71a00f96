"""Feed-forward style transfer with any style picture: one pass, statistics exchanged at several depths.

The content's features of several depths take on the style's moments there, each by one affine map (AdaIN, or the
whitening-colouring of Li et al., Universal Style Transfer, NeurIPS 2017), and one decoder fuses them into a picture.
How it paints depends on the style too: a small network reads the style's moments and sets gain and bias of every
channel of the decoder (after Ghiasi et al., BMVC 2017, and the modulator of Wang et al., MicroAST, AAAI 2023). At
last the picture's colours go some way to the moments of the style's colours, which features tell only roughly.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from styleshot_demo.classical.enlarging import add_enlarged_conv, conv_of_enlarged_conv, enlarged_conv
from styleshot_demo.classical.features import Conv, Encoder, reflected
from styleshot_demo.classical.grain import Flat, flatness
from styleshot_demo.classical.regions import Leading, Regions
from styleshot_demo.classical.rings import without_rings
from styleshot_demo.classical.seen_style import WeightedStyles, grained, seen_styles, wanted_tones
from styleshot_demo.classical.statistics import Affine, Moments, moments, moments_at_a_glance, towards
from styleshot_demo.classical.tiles import Box
from styleshot_demo.classical.tones import Tones
from styleshot_demo.weighting import weighted_sum

DEPTHS = ("relu4_1", "relu3_1", "relu2_1", "relu1_1")
INNER = {"relu3_1": 96, "relu2_1": 48, "relu1_1": 24}
STRIDE = 8  # of relu4_1
HIDDEN = 128
# How far the moments go at strength 1. The last steps towards the style's own would cost more of the content than they
# bring of the style: `evaluate classical` shows both.
FULL = 0.8
# How far lightness goes to the moments of the style's; tints go all the way. With all of it, a photo of one tone would
# be torn into the style's darkest and brightest.
LIGHT_SHARE = 0.4
COLOUR_GAIN = 2.5  # most that a direction of colours is stretched: the noise of a flat picture should not bloom


def look(seen: Mapping[str, Moments]) -> Tensor:
    """[1, 2 C] float32: mean and deviation of all C channels of the `DEPTHS`, from their moments by layer name."""
    return torch.cat([part for name in DEPTHS for part in (seen[name].mean, seen[name].deviation)]).float()[None]


def recolouring(painted: Tensor, styles: Sequence[tuple[Moments, float]]) -> Affine:
    """The map that leads the colours of `painted` [1, 3, H, W] to the moments of the styles' (Pitié & Kokaram, 2007).

    styles  (moments of the RGB values of a style, weight) with weights that sum to 1
    """
    return recolouring_from(moments_at_a_glance(painted), styles)


def recolouring_from(painted: Moments, styles: Sequence[tuple[Moments, float]]) -> Affine:
    """`recolouring`, of what is known of the painted colours."""
    whole = towards(painted, styles, "wct", COLOUR_GAIN)
    identity = torch.eye(3, dtype=whole.matrix.dtype, device=whole.matrix.device)
    share = identity - (1 - LIGHT_SHARE) / 3  # the mean of the three values is lightness, what is left of them tint
    return Affine(
        identity + share @ (whole.matrix - identity),
        whole.centre,
        whole.centre + share @ (whole.target - whole.centre),
    )


class Decoder(nn.Module):
    """Restyled features of several depths to a picture.

    From relu4_1 up, each stage halves the stride: 3x3 convolution, nearest-neighbour enlargement, 3x3 convolution. At a
    `fused` depth the second one also sees the content's own features of that depth, restyled, so that contours need
    not survive the bottleneck. The style's `look` modulates the channels of each convolution. Residual blocks (He et
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
        self.widths = {name: widths[name] for name in DEPTHS}
        self.inner = dict(inner or INNER)
        self.fused = tuple(fused)
        self.stages = nn.ModuleDict()
        last = self.widths["relu4_1"]
        for name in DEPTHS[1:]:
            width = self.inner[name]
            joined = width + (self.widths[name] if name in self.fused else 0)
            self.stages[name] = nn.ModuleList([Conv(last, width), Conv(joined, width)])
            last = width
        self.picture = Conv(last, 3)
        deepest = self.inner[DEPTHS[1]]
        self.blocks = nn.ModuleList(
            nn.ModuleList([Conv(deepest, deepest), Conv(deepest, deepest)]) for _ in range(blocks)
        )
        self.hidden = hidden
        self._modulated = [self.inner[name] for name in DEPTHS[1:] for _ in range(2)]
        self.modulator = nn.Sequential(
            nn.Linear(2 * sum(self.widths.values()), hidden), nn.ReLU(), nn.Linear(hidden, 2 * sum(self._modulated))
        )
        # An untrained modulator changes nothing, nor does an untrained block.
        for last_layer in (self.modulator[2], *(_pair(block)[1] for block in self.blocks)):
            for parameter in last_layer.parameters():
                nn.init.zeros_(parameter)

    @property
    def read(self) -> tuple[str, ...]:
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

    def forward(self, given: Mapping[str, Tensor], style: Tensor) -> Tensor:
        """Pixels [N, 3, H, W], about [0, 1] but not clipped.

        given  restyled content features [N, C, h, w] of relu4_1 and of the fused depths, of a picture whose sides are
               multiples of `STRIDE`
        style  the style's `look`
        """
        modulations = self._modulations(style)

        def modulated(maps: Tensor) -> Tensor:
            gain, bias = next(modulations)
            return torch.relu_(torch.addcmul(bias[:, :, None, None], maps, gain[:, :, None, None]))

        maps = given["relu4_1"]
        for name in DEPTHS[1:]:
            first, second = _pair(self.stages[name])
            maps = modulated(first(maps))
            if name == DEPTHS[1]:
                maps = self._laid_out(maps)
            maps = nn.functional.interpolate(maps, scale_factor=2, mode="nearest")
            if name in self.fused:
                maps = torch.cat([maps, given[name]], 1)
            maps = modulated(second(maps))
        return self.picture(maps)

    def paint(self, given: Mapping[str, Tensor], style: Tensor) -> Tensor:
        """What `forward` returns, for one picture (N = 1) and without gradients, in less time.

        The modulation goes into the weights, and nothing is enlarged before it is convolved.
        """
        return self.finish(self.lay_out(given["relu4_1"], style), given, style)

    def lay_out(self, deepest: Tensor, style: Tensor) -> Tensor:
        """What `paint` does at `STRIDE`: [1, C, h, w] of restyled relu4_1 [1, C, h, w]."""
        first, _ = _pair(self.stages[DEPTHS[1]])
        return self._laid_out(_conv(deepest, *_modulated(first, next(self._modulations(style)))).relu_())

    def finish(self, maps: Tensor, given: Mapping[str, Tensor], style: Tensor) -> Tensor:
        """What `paint` makes of what `lay_out` returned, and of the maps of the fused depths."""
        modulations = self._modulations(style)
        for name in DEPTHS[1:]:
            first, second = _pair(self.stages[name])
            modulation = next(modulations)
            if name != DEPTHS[1]:
                maps = _conv(maps, *_modulated(first, modulation)).relu_()
            weight, bias = _modulated(second, next(modulations))
            if name in self.fused:
                own, fused = weight.split([len(first.weight), weight.shape[1] - len(first.weight)], 1)
                large = _conv(given[name], fused.contiguous(memory_format=torch.channels_last), bias)
                add_enlarged_conv(large, maps, own)
            elif name == DEPTHS[-1]:
                return conv_of_enlarged_conv(maps, weight, bias, self.picture.weight, cast(Tensor, self.picture.bias))
            else:
                large = enlarged_conv(maps, weight, bias)
            maps = large.relu_()
        return self.picture(maps)

    def _laid_out(self, maps: Tensor) -> Tensor:
        for first, second in map(_pair, self.blocks):
            maps = maps + second(torch.relu_(first(maps)))
        return maps

    def _modulations(self, style: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Factor and offset [N, C] of each convolution's channels, in turn."""
        gains, biases = self.modulator(style).split(sum(self._modulated), 1)
        return zip((1 + gains).split(self._modulated, 1), biases.split(self._modulated, 1), strict=True)


def _modulated(layer: nn.Conv2d, modulation: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution that has the modulation in them."""
    gain, bias = (part[0] for part in modulation)
    return layer.weight * gain[:, None, None, None], cast(Tensor, layer.bias) * gain + bias


def _pair(layers: nn.Module) -> tuple[nn.Conv2d, nn.Conv2d]:
    first, second = cast(nn.ModuleList, layers)
    return cast(nn.Conv2d, first), cast(nn.Conv2d, second)


def _conv(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return nn.functional.conv2d(reflected(maps), weight, bias)


@dataclass
class Encoded:
    """A content picture and its styles, ready to be decoded at any strength.

    pixels   [1, 3, H, W], the content
    maps     its feature maps, sides enlarged to multiples of `STRIDE`: relu4_1, and each depth that the decoder fuses
    affines  the maps onto the styles' moments for those
    looks    the content's and the styles' `look`, [1, 2 C] each
    colours  (moments of a style's pixels, weight)
    regions  the content's, and (a style's, weight); None: colours are not led by them
    period   rows and columns after which the content repeats, where it does
    flat     where the content is, if anywhere
    tones    the styles' `tones_of`, by their weights, where the content is a drawing
    rebuilt  [1, 3, H, W]: what the decoder makes of the unchanged features; None until a strength below 1 needs it
    """

    pixels: Tensor
    maps: dict[str, Tensor]
    affines: dict[str, Affine]
    looks: tuple[Tensor, Tensor]
    colours: list[tuple[Moments, float]]
    regions: tuple[Regions, list[tuple[Regions, float]]] | None = None
    period: tuple[int, int] | None = None
    flat: Flat | None = None
    tones: Tensor | None = None
    rebuilt: Tensor | None = None


class FastTransfer(nn.Module):
    """Encoder and decoder together: `encode` once per pair, `decode` once per strength."""

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    @torch.inference_mode()
    def encode(
        self,
        content: Tensor,
        styles: WeightedStyles,
        transform: str = "wct",
        grain: float = 0.0,
        seed: int = 0,
        period: tuple[int, int] | None = None,
        colours_of: WeightedStyles | None = None,
    ) -> Encoded:
        """Read a pair.

        content    [1, 3, H, W], RGB in [0, 1], sides of at least 16 and any parity
        styles     ([1, 3, H, W] or its `SeenStyle`, weight) with weights that sum to 1
        transform  "wct" or "adain"
        grain      0 to 1: how much brushwork the flat areas of the content are given, of what `seed` shuffles
        period     rows and columns after which the content repeats, where it does (multiples of `STRIDE`): brushwork
                   repeats with it, and its moments are those of the period in the middle
        colours_of  other styles that give colours and tones, as `styles` then give brushwork alone; None: the same
        """
        brushes = seen_styles(styles)
        colours = brushes if colours_of is None else seen_styles(colours_of)
        flat = flatness(content)
        seen_as = content if flat is None else grained(content, flat, brushes, grain, seed, period)
        # Halved three times and doubled three times, a side has to come out as it went in.
        lacking = margins(content)
        found = self._read(nn.functional.pad(seen_as, lacking, mode="reflect") if any(lacking) else seen_as)
        own = self._moments(found if period is None else _of_the_middle(found, content, period))
        seen = [(brush.features(self._look_at), weight) for brush, weight in brushes]
        return Encoded(
            pixels=content,
            maps={name: found[name] for name in self.decoder.read},
            affines={
                name: towards(own[name], [(style[name], weight) for style, weight in seen], transform)
                for name in self.decoder.read
            },
            looks=(look(own).to(content), weighted_sum((look(style), weight) for style, weight in seen).to(content)),
            colours=[(style.colours(), weight) for style, weight in colours],
            regions=(
                Regions.of(_middle(content, period).of(content)),
                [(style.regions(), weight) for style, weight in colours],
            ),
            period=period,
            flat=flat,
            tones=wanted_tones(flat, colours),
        )

    @torch.inference_mode()
    def decode(self, encoded: Encoded, strength: float = 1.0) -> Tensor:
        """The picture [1, 3, H, W] in [0, 1]; strength 0 gives the content back exactly, 1 the full style.

        Between them the features are blended, and so is what the auto-encoder loses of the content, which makes the
        path continuous and its start exact.
        """
        if strength == 0:
            return encoded.pixels.clone()
        pixels = recoloured(self._paint(encoded, strength), encoded, strength)
        if strength < 1:
            pixels = pixels + (1 - strength) * self.lost(encoded)
        pixels = pixels.clamp(0, 1)
        if encoded.flat is not None:
            pixels = flattened(pixels, encoded.pixels, encoded.flat, encoded.tones, strength)
        return pixels

    @torch.inference_mode()
    def lost(self, encoded: Encoded) -> Tensor:
        """[1, 3, H, W]: the content, less what the decoder makes of its unchanged features."""
        if encoded.rebuilt is None:
            encoded.rebuilt = self._paint(encoded, 0.0)
        return encoded.pixels - encoded.rebuilt

    @torch.inference_mode()
    def restyled(self, encoded: Encoded, strength: float) -> tuple[dict[str, Tensor], Tensor]:
        """What the decoder paints from: the content's maps with the style's moments, and the `look`."""
        share = FULL * strength
        given = {name: encoded.affines[name](maps, share) for name, maps in encoded.maps.items()}
        return given, torch.lerp(*encoded.looks, share)

    def _read(self, pixels: Tensor) -> dict[str, Tensor]:
        return self.encoder(pixels.contiguous(memory_format=torch.channels_last), DEPTHS)

    def _look_at(self, picture: Tensor) -> dict[str, Moments]:
        return self._moments(self._read(picture))

    def _moments(self, found: dict[str, Tensor]) -> dict[str, Moments]:
        exact = self.decoder.read
        return {name: (moments if name in exact else moments_at_a_glance)(maps) for name, maps in found.items()}

    def _paint(self, encoded: Encoded, strength: float) -> Tensor:
        return cropped(self.decoder.paint(*self.restyled(encoded, strength)), encoded.pixels)


def _middle(content: Tensor, period: tuple[int, int] | None) -> Box:
    """The part of a content [1, 3, H, W] that counts: all of it, or where it repeats the period in its middle."""
    sides = content.shape[2:]
    rows, columns = ((side - length) // 2 for side, length in zip(sides, period or sides, strict=True))
    return Box(rows, sides[0] - rows, columns, sides[1] - columns)


def _of_the_middle(found: Mapping[str, Tensor], content: Tensor, period: tuple[int, int]) -> dict[str, Tensor]:
    """Of the maps of a content those of its `_middle`."""
    middle = _middle(content, period)
    return {name: middle.at(content.shape[2] // maps.shape[2]).of(maps) for name, maps in found.items()}


def recoloured(painted: Tensor, encoded: Encoded, strength: float = 1.0) -> Tensor:
    """What the decoder painted, [1, 3, H, W], with the colours of the styles: of the whole, then of each region."""
    middle = _middle(encoded.pixels, encoded.period)
    affine = recolouring(middle.of(painted), encoded.colours)
    made = affine(painted, strength)
    if encoded.regions is None:
        return made
    whole = _middle(encoded.pixels, None)
    leading = Leading(*encoded.regions, (whole.height, whole.width))
    inside = leading.inside(encoded.pixels)
    leading.look_at(middle.of(painted), middle.at(2).of(inside))
    leading.settle(affine)
    return leading.led(made, inside, whole, whole, strength)


def flattened(painted: Tensor, content: Tensor, flat: Flat, tones: Tensor | None, strength: float) -> Tensor:
    """`painted` [1, 3, H, W] without rings in its flat areas, and if it is a drawing, with its tones in their order."""
    made = without_rings(painted, content, strength * flat.calm).clamp(0, 1)
    if tones is None:
        return made
    leading = Tones(tones)
    leading.look_at(painted, content, flat.calm)
    leading.settle(strength * flat.drawn)
    return leading.led(made, content, flat.calm)


def cropped(painted: Tensor, content: Tensor) -> Tensor:
    """What the decoder painted, without the margins that the content was given."""
    return painted[..., : content.shape[2], : content.shape[3]]


def margins(pixels: Tensor) -> tuple[int, int, int, int]:
    """What a picture [1, 3, H, W] lacks at the right and at the bottom to multiples of `STRIDE`, as `pad` takes it."""
    return (0, -pixels.shape[3] % STRIDE, 0, -pixels.shape[2] % STRIDE)
