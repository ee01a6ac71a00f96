"""Feed-forward style transfer with any style picture: one pass, statistics exchanged at several depths.

The content's features of several depths take on the style's moments there, each by one affine map (AdaIN, or the
whitening-colouring of Li et al., Universal Style Transfer, NeurIPS 2017), and one decoder fuses them into a picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from styleshot_demo.classical.features import Encoder, conv
from styleshot_demo.classical.statistics import Affine, Moments, moments, towards

DEPTHS = ("relu4_1", "relu3_1", "relu2_1", "relu1_1")
INNER = {"relu3_1": 96, "relu2_1": 48, "relu1_1": 24}


class Decoder(nn.Module):
    """Restyled features of several depths to a picture.

    From relu4_1 up, each stage halves the stride: 3x3 convolution, nearest-neighbour enlargement, 3x3 convolution. At a
    `fused` depth the second one also sees the content's own features of that depth, restyled, so that contours need
    not survive the bottleneck.
    """

    def __init__(
        self, widths: Mapping[str, int], inner: Mapping[str, int] | None = None, fused: Sequence[str] = ()
    ) -> None:
        """`widths`: channels of the encoder's layers; `inner`: channels inside each stage; `fused`: see class."""
        super().__init__()
        self.widths = {name: widths[name] for name in DEPTHS}
        self.inner = dict(inner or INNER)
        self.fused = tuple(fused)
        self.stages = nn.ModuleDict()
        last = self.widths["relu4_1"]
        for name in DEPTHS[1:]:
            width = self.inner[name]
            joined = width + (self.widths[name] if name in self.fused else 0)
            self.stages[name] = nn.ModuleList([conv(last, width), conv(joined, width)])
            last = width
        self.picture = conv(last, 3)

    def forward(self, given: Mapping[str, Tensor], sizes: Mapping[str, tuple[int, int]]) -> Tensor:
        """Pixels [N, 3, H, W], about [0, 1] but not clipped.

        given  restyled content features [N, C, h, w] of relu4_1 and of the fused depths
        sizes  height and width at each depth
        """
        maps = given["relu4_1"]
        for name in DEPTHS[1:]:
            first, second = self.stages[name]
            maps = torch.relu_(first(maps))
            maps = nn.functional.interpolate(maps, size=sizes[name], mode="nearest")
            if name in self.fused:
                maps = torch.cat([maps, given[name]], 1)
            maps = torch.relu_(second(maps))
        return self.picture(maps)


@dataclass
class Encoded:
    """A content picture and its styles, ready to be decoded at any strength.

    pixels   [1, 3, H, W], the content
    maps     the content's feature maps: relu4_1, and each depth that the decoder fuses
    affines  the maps onto the styles' moments for those
    sizes    height and width at each depth
    rebuilt  [1, 3, H, W]: what the decoder makes of the unchanged features; None until a strength below 1 needs it
    """

    pixels: Tensor
    maps: dict[str, Tensor]
    affines: dict[str, Affine]
    sizes: dict[str, tuple[int, int]]
    rebuilt: Tensor | None = None


class FastTransfer(nn.Module):
    """Encoder and decoder together: `encode` once per pair, `decode` once per strength."""

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    @torch.inference_mode()
    def encode(self, content: Tensor, styles: Sequence[tuple[Tensor, float]], transform: str = "wct") -> Encoded:
        """Read a pair.

        content    [1, 3, H, W], RGB in [0, 1], sides of at least 16 and any parity
        styles     ([1, 3, H, W], weight) with weights that sum to 1
        transform  "wct" or "adain"
        """
        content = content.contiguous(memory_format=torch.channels_last)
        needed = ("relu4_1", *self.decoder.fused)
        found = self.encoder(content, DEPTHS)
        wanted: dict[str, list[tuple[Moments, float]]] = {name: [] for name in needed}
        for picture, weight in styles:
            for name, maps in self.encoder(picture.contiguous(memory_format=torch.channels_last), needed).items():
                wanted[name].append((moments(maps), weight))
        return Encoded(
            pixels=content,
            maps={name: found[name] for name in needed},
            affines={name: towards(moments(found[name]), wanted[name], transform) for name in needed},
            sizes={name: tuple(maps.shape[2:]) for name, maps in found.items()},
        )

    @torch.inference_mode()
    def decode(self, encoded: Encoded, strength: float = 1.0) -> Tensor:
        """The picture [1, 3, H, W] in [0, 1]; strength 0 gives the content back exactly, 1 the full style.

        Between them the features are blended, and so is what the auto-encoder loses of the content, which makes the
        path continuous and its start exact.
        """
        if strength == 0:
            return encoded.pixels.clone()
        pixels = self._paint(encoded, strength)
        if strength < 1:
            if encoded.rebuilt is None:
                encoded.rebuilt = self._paint(encoded, 0.0)
            pixels = pixels + (1 - strength) * (encoded.pixels - encoded.rebuilt)
        return pixels.clamp(0, 1)

    def _paint(self, encoded: Encoded, strength: float) -> Tensor:
        given = {name: encoded.affines[name](maps, strength) for name, maps in encoded.maps.items()}
        return self.decoder(given, encoded.sizes)
