"""Feed-forward style transfer with any style picture: one pass, statistics exchanged at several depths.

The content's features of several depths take on the style's moments there, each by one affine map (AdaIN, or the
whitening-colouring of Li et al., Universal Style Transfer, NeurIPS 2017), and one decoder fuses them into a picture.
How it paints depends on the style too: a small network reads the style's moments and sets gain and bias of every
channel of the decoder (after Ghiasi et al., BMVC 2017, and the modulator of Wang et al., MicroAST, AAAI 2023). At
last the picture's colours go some way to the moments of the style's colours, which features tell only roughly.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from styleshot_demo.classical.cached_style import WeightedStyles, add_style_textures, cached_styles, target_tones
from styleshot_demo.classical.colour_clusters import ClusterColourTransfer, ColourClusters
from styleshot_demo.classical.decoder import LAYERS, STRIDE, Decoder
from styleshot_demo.classical.deringing import dering
from styleshot_demo.classical.features import Encoder, Observer
from styleshot_demo.classical.grain import FlatMasks, flat_masks
from styleshot_demo.classical.row_streams import RowSource, WholeRows
from styleshot_demo.classical.statistics import (
    Affine,
    Moments,
    RunningMoments,
    blended_transform,
    moments,
    sampling_stride,
    subsampled_moments,
)
from styleshot_demo.classical.tiles import Box
from styleshot_demo.classical.tones import ToneCurve
from styleshot_demo.weighting import weighted_sum

# How far the moments go at strength 1. The last steps towards the style's own would cost more of the content than they
# bring of the style: `evaluate classical` shows both.
STRENGTH_SCALE = 0.8
# How far lightness goes to the moments of the style's; tints go all the way. With all of it, a photo of one tone would
# be torn into the style's darkest and brightest.
LIGHTNESS_SHARE = 0.4
# Pixels of a strip that the networks go over. One map of 24 channels has less than 32 MB then: of more, glibc gives
# each back to the system at once, and getting it anew costs a quarter of the time.
STRIP = 512**2
STYLE_AT_ONCE = 2**20  # pixels up to which the maps of a whole style are in memory together, 700 bytes for each
MAX_COLOUR_GAIN = 2.5  # most that a direction of colours is stretched: the noise of a flat picture should not bloom


def layer_stride(name: str) -> int:
    """Pixels of a picture from one place to the next in the maps of a layer."""
    return 2 ** (int(name[4]) - 1)


def strip_rows(width: int) -> int:
    """Rows of a strip of a picture that is so wide: a multiple of `STRIDE`."""
    return max(1, STRIP // width // STRIDE) * STRIDE


def moment_observer(running: RunningMoments, width: int) -> Observer:
    """Adds the moments of rows of maps that are so wide."""
    return lambda rows, top: running.update(rows, Box(top, top + rows.shape[2], 0, width), width)


def style_vector(style: Mapping[str, Moments]) -> Tensor:
    """[1, 2 C] float32: mean and deviation of all C channels of the `LAYERS`, from their moments by layer name."""
    return torch.cat([part for name in LAYERS for part in (style[name].mean, style[name].deviation)]).float()[None]


def colour_transform(painted: Tensor, styles: Sequence[tuple[Moments, float]]) -> Affine:
    """The map that leads the colours of `painted` [1, 3, H, W] to the moments of the styles' (Pitié & Kokaram, 2007).

    styles  (moments of the RGB values of a style, weight) with weights that sum to 1
    """
    return colour_transform_from_moments(subsampled_moments(painted), styles)


def colour_transform_from_moments(painted: Moments, styles: Sequence[tuple[Moments, float]]) -> Affine:
    """`colour_transform`, of what is known of the painted colours."""
    whole = blended_transform(painted, styles, "wct", MAX_COLOUR_GAIN)
    identity = torch.eye(3, dtype=whole.matrix.dtype, device=whole.matrix.device)
    share = identity - (1 - LIGHTNESS_SHARE) / 3  # the mean of the three values is lightness, what is left of them tint
    return Affine(
        identity + share @ (whole.matrix - identity),
        whole.centre,
        whole.centre + share @ (whole.target - whole.centre),
    )


@dataclass
class Encoded:
    """A content picture and its styles, ready to be decoded at any strength.

    pixels   [1, 3, H, W], the content
    maps     its feature maps, sides enlarged to multiples of `STRIDE`: relu4_1, and each depth that the decoder fuses
    affines  the maps onto the styles' moments for those
    style_vectors  the content's and the styles', [1, 2 C] each
    colours  (moments of a style's pixels, weight)
    clusters  of colours: the content's, and (a style's, weight); None: colours are not transferred by them
    period   rows and columns after which the content repeats, where it does
    flat     where the content is, if anywhere
    tones    the styles' `tone_quantiles`, by their weights, where the content is a drawing
    reconstruction  [1, 3, H, W]: what the decoder makes of the unchanged features; None until it is needed
    """

    pixels: Tensor
    maps: dict[str, Tensor]
    affines: dict[str, Affine]
    style_vectors: tuple[Tensor, Tensor]
    colours: list[tuple[Moments, float]]
    clusters: tuple[ColourClusters, list[tuple[ColourClusters, float]]] | None = None
    period: tuple[int, int] | None = None
    flat: FlatMasks | None = None
    tones: Tensor | None = None
    reconstruction: Tensor | None = None


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
        colour_styles: WeightedStyles | None = None,
    ) -> Encoded:
        """Read a pair.

        content    [1, 3, H, W], RGB in [0, 1], sides of at least 16 and any parity
        styles     ([1, 3, H, W] or its `CachedStyle`, weight) with weights that sum to 1
        transform  "wct" or "adain"
        grain      0 to 1: how much brushwork the flat areas of the content are given, of what `seed` shuffles
        period     rows and columns after which the content repeats, where it does (multiples of `STRIDE`): brushwork
                   repeats with it, and its moments are those of the period in the middle
        colour_styles  other styles that give colours and tones, as `styles` then give brushwork alone; None: the same
        """
        brush_styles = cached_styles(styles)
        colours = brush_styles if colour_styles is None else cached_styles(colour_styles)
        flat = flat_masks(content)
        textured = content if flat is None else add_style_textures(content, flat, brush_styles, grain, seed, period)
        # Halved three times and doubled three times, a side has to come out as it went in.
        missing = stride_padding(content)
        maps = self._encode(nn.functional.pad(textured, missing, mode="reflect") if any(missing) else textured)
        content_moments = self._moments(maps if period is None else _crop_to_central_period(maps, content, period))
        style_moments = [(brush.feature_moments(self.style_moments), weight) for brush, weight in brush_styles]
        return Encoded(
            pixels=content,
            maps={name: maps[name] for name in self.decoder.input_layers},
            affines={
                name: blended_transform(
                    content_moments[name], [(style[name], weight) for style, weight in style_moments], transform
                )
                for name in self.decoder.input_layers
            },
            style_vectors=(
                style_vector(content_moments).to(content),
                weighted_sum((style_vector(style), weight) for style, weight in style_moments).to(content),
            ),
            colours=[(style.colour_moments(), weight) for style, weight in colours],
            clusters=(
                ColourClusters.from_pixels(_central_period(content, period).crop(content)),
                [(style.colour_clusters(), weight) for style, weight in colours],
            ),
            period=period,
            flat=flat,
            tones=target_tones(flat, colours),
        )

    @torch.inference_mode()
    def decode(self, encoded: Encoded, strength: float = 1.0) -> Tensor:
        """The picture [1, 3, H, W] in [0, 1]; strength 0 gives the content back exactly, 1 the full style.

        Between them the features are blended, and so is what the auto-encoder loses of the content, which makes the
        path continuous and its start exact.
        """
        if strength == 0:
            return encoded.pixels.clone()
        pixels = match_colours(self._decode(encoded, strength), encoded, strength)
        if strength < 1:
            pixels = pixels + (1 - strength) * self.residual(encoded)
        pixels = pixels.clamp(0, 1)
        if encoded.flat is not None:
            pixels = clean_flat_areas(pixels, encoded.pixels, encoded.flat, encoded.tones, strength)
        return pixels

    @torch.inference_mode()
    def residual(self, encoded: Encoded) -> Tensor:
        """[1, 3, H, W]: the content, less what the decoder makes of its unchanged features."""
        if encoded.reconstruction is None:
            encoded.reconstruction = self._decode(encoded, 0.0)
        return encoded.pixels - encoded.reconstruction

    @torch.inference_mode()
    def transformed_features(self, encoded: Encoded, strength: float) -> tuple[dict[str, Tensor], Tensor]:
        """What the decoder paints from: the content's maps with the style's moments, and the `style_vector`."""
        share = STRENGTH_SCALE * strength
        features = {name: encoded.affines[name](maps, share) for name, maps in encoded.maps.items()}
        return features, torch.lerp(*encoded.style_vectors, share)

    def _encode(self, pixels: Tensor, for_moments: bool = False) -> dict[str, Tensor]:
        return self.encoder(pixels.contiguous(memory_format=torch.channels_last), LAYERS, for_moments=for_moments)

    def style_moments(self, picture: Tensor) -> dict[str, Moments]:
        """Of the feature maps of a style [1, 3, H, W], by layer: what `encode` takes of it."""
        size = (picture.shape[2], picture.shape[3])
        if math.prod(size) <= STYLE_AT_ONCE:
            return self._moments(self._encode(picture, for_moments=True))
        running = self.running_moments(size)
        observers = {name: moment_observer(one, size[1] // layer_stride(name)) for name, one in running.items()}
        for _ in self.encode_rows(WholeRows(picture), observers, size[1], for_moments=True):
            pass
        return {name: one.moments() for name, one in running.items()}

    def encode_rows(
        self, pixels: RowSource, observers: Mapping[str, Observer], width: int, for_moments: bool = False
    ) -> Iterator[float]:
        """Shows the maps of a picture that is so wide to the observers, strip by strip; yields how far it is."""
        sources = self.encoder.rows(pixels, observers, for_moments)
        deepest = sources[-1]
        step = strip_rows(width) // STRIDE
        for top in range(0, deepest.height, step):
            deepest.take(min(top + step, deepest.height))
            yield deepest.position / deepest.height
        for source in sources[::-1]:  # of odd sides, the last row goes no deeper
            if source.position < source.height:
                source.take(source.height)

    def running_moments(self, size: tuple[int, int]) -> dict[str, RunningMoments]:
        """One for each depth of a picture of `size`, exact where it is painted from."""
        places = {name: [side // layer_stride(name) for side in size] for name in LAYERS}
        exact = self.decoder.input_layers
        return {name: RunningMoments(1 if name in exact else sampling_stride(*sides)) for name, sides in places.items()}

    def _moments(self, found: dict[str, Tensor]) -> dict[str, Moments]:
        exact = self.decoder.input_layers
        return {name: (moments if name in exact else subsampled_moments)(maps) for name, maps in found.items()}

    def _decode(self, encoded: Encoded, strength: float) -> Tensor:
        return cropped(self.decoder.infer(*self.transformed_features(encoded, strength)), encoded.pixels)


def _central_period(content: Tensor, period: tuple[int, int] | None) -> Box:
    """The part of a content [1, 3, H, W] that counts: all of it, or where it repeats the period in its middle."""
    sides = content.shape[2:]
    rows, columns = ((side - length) // 2 for side, length in zip(sides, period or sides, strict=True))
    return Box(rows, sides[0] - rows, columns, sides[1] - columns)


def _crop_to_central_period(found: Mapping[str, Tensor], content: Tensor, period: tuple[int, int]) -> dict[str, Tensor]:
    """Of the maps of a content those of its `_central_period`."""
    middle = _central_period(content, period)
    return {name: middle.downscaled(content.shape[2] // maps.shape[2]).crop(maps) for name, maps in found.items()}


def match_colours(painted: Tensor, encoded: Encoded, strength: float = 1.0) -> Tensor:
    """What the decoder painted, [1, 3, H, W], with the colours of the styles: of the whole, then of each cluster."""
    middle = _central_period(encoded.pixels, encoded.period)
    affine = colour_transform(middle.crop(painted), encoded.colours)
    made = affine(painted, strength)
    if encoded.clusters is None:
        return made
    whole = _central_period(encoded.pixels, None)
    transfer = ClusterColourTransfer(*encoded.clusters, (whole.height, whole.width))
    memberships = transfer.memberships(encoded.pixels)
    transfer.observe(middle.crop(painted), middle.downscaled(2).crop(memberships))
    transfer.fit(affine)
    return transfer.apply(made, memberships, whole, whole, strength)


def clean_flat_areas(
    painted: Tensor, content: Tensor, flat: FlatMasks, tones: Tensor | None, strength: float
) -> Tensor:
    """`painted` [1, 3, H, W] without ringing in its flat areas, and if a drawing, with its tones in their order."""
    made = dering(painted, content, strength * flat.area).clamp(0, 1)
    if tones is None:
        return made
    curve = ToneCurve(tones, (content.shape[2], content.shape[3]))
    curve.observe(painted, content, flat.area)
    curve.fit(strength * flat.drawing_score)
    return curve.apply(made, content, flat.area)


def cropped(painted: Tensor, content: Tensor) -> Tensor:
    """What the decoder painted, without the margins that the content was given."""
    return painted[..., : content.shape[2], : content.shape[3]]


def stride_padding(pixels: Tensor) -> tuple[int, int, int, int]:
    """What a picture [1, 3, H, W] lacks at the right and at the bottom to multiples of `STRIDE`, as `pad` takes it."""
    return (0, -pixels.shape[3] % STRIDE, 0, -pixels.shape[2] % STRIDE)
