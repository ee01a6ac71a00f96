"""Pictures too large to be painted at once: part by part, with the statistics of the whole, so that no tile shows.

What `FastTransfer` and `transfer_colours` compute from a whole picture is gathered first, tile by tile: how flat it is,
the moments of its features, those of the painted colours, the rings. Then each tile is painted with that, and with so
much of its surroundings as the networks see. The result is that of the whole picture but for rounding, in memory that
hardly grows with it: 6 bytes a pixel for what is painted so far, and as many again for a strength below 1, 5 for the
deepest maps (in half precision those would show: a grey level here and there), 9 for rings, half of it until they are
fitted.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from styleshot_demo.classical.cached_style import StyleCache
from styleshot_demo.classical.colour import colour_map, into_gamut, to_oklab
from styleshot_demo.classical.colour_clusters import ClusterColourTransfer, ColourClusters
from styleshot_demo.classical.deringing import DeringingFilter
from styleshot_demo.classical.fast import (
    LAYERS,
    STRIDE,
    Encoded,
    FastTransfer,
    colour_transform_from_moments,
    stride_padding,
    style_vector,
)
from styleshot_demo.classical.grain import CONTEXT, FlatMasks, FlatnessMap, add_textures, flatness_map, random_phase
from styleshot_demo.classical.statistics import Affine, Moments, RunningMoments, blended_transform, sampling_stride
from styleshot_demo.classical.tiles import Box, tiles
from styleshot_demo.classical.tones import ToneCurve, tone_quantiles
from styleshot_demo.weighting import weighted_sum

# Pixels of a tile. With its margins one map of 24 channels has 32 MB: of more, glibc gives each back to the system at
# once, and getting it anew costs a quarter of the time.
TILE = 512
MARGIN = 32  # pixels around it: relu4_1 sees 26 of the content, and what is painted 27 (17 of relu3_1, which sees 10)
DECODER_MARGIN = 24  # pixels around it: what is painted sees 21 of what `bottleneck` returns
COLOUR_TILE = 1024
# Bytes for all that is kept of a picture while it is painted. What the pixels themselves leave of that goes to maps,
# so that tiles need not be read a second time.
KEPT_BYTES = 800_000_000
PIXEL_BYTES = 14  # painted, the deepest maps, the result
RESIDUAL_BYTES = 6  # more of each where some of the content is to stay

Read = Callable[[Box], Tensor]  # part of a picture -> its pixels, [1, 3, h, w], RGB in [0, 1]


@dataclass(frozen=True)
class LazyPicture:
    """A picture of which only parts are ever in memory as numbers; of a style, `cache` keeps what was found."""

    height: int
    width: int
    read: Read
    cache: StyleCache = field(default_factory=StyleCache)

    @classmethod
    def from_pixels(cls, pixels: Tensor) -> "LazyPicture":
        """One that is there, [1, 3, H, W]."""
        return cls(pixels.shape[2], pixels.shape[3], lambda box: box.crop(pixels))


@dataclass(frozen=True)
class TileStep:
    """How far it is, 0 to 1; and, if something is finished, where that lies and its pixels, [1, 3, h, w] in [0, 1]."""

    fraction: float
    box: Box | None = None
    pixels: Tensor | None = None


@torch.inference_mode()
def transfer_colours_tiled(
    content: LazyPicture, styles: Sequence[tuple[LazyPicture, float]], method: str, strength: float
) -> Iterator[TileStep]:
    """`transfer_colours`, part by part."""

    kept: dict[Box, Tensor] = {}

    def streamed_moments(picture: LazyPicture, share: float) -> Generator[TileStep, None, Moments]:
        running = RunningMoments()
        boxes = list(tiles(picture.height, picture.width, COLOUR_TILE))
        room = KEPT_BYTES
        for count, box in enumerate(boxes, 1):
            lab = to_oklab(picture.read(box))
            running.update(lab, box, picture.width)
            room -= lab.nbytes
            if picture is content and room > 0:
                kept[box] = lab
            yield TileStep(share * count / len(boxes))
        return running.moments()

    seen = []
    for picture, weight in styles:
        found = picture.cache.get("oklab")
        if found is None:
            found = yield from streamed_moments(picture, 0.0)
            picture.cache.put("oklab", found)
        seen.append((found, weight))
    own = yield from streamed_moments(content, 0.3)
    affine = colour_map(own, seen, method)
    boxes = list(tiles(content.height, content.width, COLOUR_TILE))
    for count, box in enumerate(boxes, 1):
        lab = kept.pop(box) if box in kept else to_oklab(content.read(box))
        made = into_gamut(affine(lab, strength))
        yield TileStep(0.3 + 0.7 * count / len(boxes), box, made)


@torch.inference_mode()
def stylise_tiled(
    painter: FastTransfer,
    content: LazyPicture,
    styles: Sequence[tuple[LazyPicture, float]],
    strength: float = 1.0,
    transform: str = "wct",
    grain: float = 0.0,
    seed: int = 0,
    colour_styles: Sequence[tuple[LazyPicture, float]] | None = None,
) -> Iterator[TileStep]:
    """`FastTransfer.encode` and `decode`, part by part; all is as there, but `strength` is above 0."""
    canvas = _TiledTransfer(painter, content, strength)
    for at, passed, share in (
        (0.0, canvas.encode_styles(styles, grain, seed, colour_styles or styles), 0.02),
        (0.02, canvas.encode_content(), 0.38),
        (0.40, canvas.decode(transform), 0.45),
        (0.85, canvas.postprocess(), 0.15),
    ):
        for part in passed:
            yield replace(part, fraction=at + share * part.fraction)


class _TiledTransfer:
    """What is known of a picture while `stylise_tiled` goes over it again and again."""

    def __init__(self, painter: FastTransfer, content: LazyPicture, strength: float) -> None:
        self.painter, self.content, self.strength = painter, content, strength
        self.height, self.width = content.height, content.width
        self.device = next(painter.parameters()).device
        # Height and width that the content is given, as `FastTransfer` does it: halved three times and doubled three
        # times, a side has to come out as it went in. Styles stay as they are.
        self.padded = (self.height + -self.height % STRIDE, self.width + -self.width % STRIDE)
        self.boxes = list(tiles(self.height, self.width, TILE))
        self.flatness: FlatnessMap | None = None
        self.strokes: list[tuple[Tensor, float]] = []
        self.grain = 0.0

    def encode_styles(
        self,
        styles: Sequence[tuple[LazyPicture, float]],
        grain: float,
        seed: int,
        colours_of: Sequence[tuple[LazyPicture, float]],
    ) -> Iterator[TileStep]:
        """Also how flat the content is: then the strokes of the styles are needed."""
        content = self.content
        self.flatness = flatness_map(content.read, content.height, content.width)
        self.tones = torch.zeros(())
        if self.flatness is not None and self.flatness.drawing_score > 0:
            for picture, weight in colours_of:
                self.tones = self.tones + weight * picture.cache.get_or_compute("tones", _tones, picture)
        if (
            self.flatness is not None
            and FlatMasks(Tensor(), Tensor(), self.flatness.drawing_score).deviation(grain) > 0
        ):
            self.grain = grain
            for picture, weight in styles:
                strokes = picture.cache.get_or_compute(("strokes", seed), _strokes, picture, seed)
                self.strokes.append((strokes, weight))
                yield TileStep(0.0)
        self.styles: list[tuple[Mapping[str, Moments], float]] = []
        self.colours: list[tuple[Moments, float]] = []
        for picture, weight in styles:
            features = picture.cache.get("features")
            if features is None:
                running = _running_moments(self.painter, (picture.height, picture.width))
                for box in tiles(picture.height, picture.width, TILE):
                    self._update_moments(running, picture.read, (picture.height, picture.width), box, True)
                    yield TileStep(0.0)
                features = {name: one.moments() for name, one in running.items()}
                picture.cache.put("features", features)
            self.styles.append((features, weight))
        clusters = []
        for picture, weight in colours_of:
            self.colours.append((picture.cache.get_or_compute("colours", _colour_moments, picture), weight))
            found = picture.cache.get_or_compute(
                "clusters", ColourClusters.from_reader, picture.read, picture.height, picture.width
            )
            clusters.append((found, weight))
        own = ColourClusters.from_reader(content.read, content.height, content.width)
        self.cluster_transfer = ClusterColourTransfer(own, clusters, (self.height, self.width))

    def encode_content(self) -> Iterator[TileStep]:
        """Gathers its moments, and keeps its deepest maps, which are small."""
        running = _running_moments(self.painter, self.padded)
        channels = self.painter.decoder.widths["relu4_1"]
        self.deep = torch.empty(1, channels, *(side // STRIDE for side in self.padded))
        each = PIXEL_BYTES + (RESIDUAL_BYTES if self.strength < 1 else 0)
        room = KEPT_BYTES - each * self.height * self.width
        self.maps: dict[Box, dict[str, Tensor]] = {}
        for count, box in enumerate(self.boxes, 1):
            margined = Box(box.top, self._end(box.bottom, 0), box.left, self._end(box.right, 1))
            place, deepest, maps = self._update_moments(running, self._read_padded, self.padded, margined)
            place.crop(self.deep).copy_(deepest)
            room -= sum(one.nbytes for one in maps.values())
            if room > 0:
                self.maps[box] = maps
            del maps, deepest
            yield TileStep(count / len(self.boxes))
        self.content_moments = {name: one.moments() for name, one in running.items()}

    def decode(self, transform: str) -> Iterator[TileStep]:
        """What the decoder makes of it, and of its unchanged features where some of the content is to stay."""
        decoder, strength = self.painter.decoder, self.strength
        affines = {
            name: blended_transform(
                self.content_moments[name], [(style[name], weight) for style, weight in self.styles], transform
            )
            for name in decoder.input_layers
        }
        wanted = weighted_sum((style_vector(style), weight) for style, weight in self.styles)
        style_vectors = style_vector(self.content_moments).to(self.device), wanted.to(self.device)
        self.painted = torch.empty(1, 3, self.height, self.width, dtype=torch.float16)
        self.residual = torch.empty_like(self.painted) if strength < 1 else None
        colours = RunningMoments(sampling_stride(self.height, self.width))
        for count, box in enumerate(self.boxes, 1):
            window = box.expanded(MARGIN, self.height, self.width)
            maps = self.maps.pop(box, None) or self._encode(self._read_padded(window), decoder.fused)
            known = Encoded(self.content.read(box), maps, affines, style_vectors, self.colours)
            made = self._decode_tile(box, window, known, strength)
            colours.update(made, box, self.width)
            self.cluster_transfer.observe(made, self.cluster_transfer.memberships(known.pixels))
            box.crop(self.painted).copy_(made)
            if self.residual is not None:
                rebuilt = self._decode_tile(box, window, known, 0.0)
                box.crop(self.residual).copy_((1 - strength) * (known.pixels - rebuilt))
            yield TileStep(count / len(self.boxes))
        del self.deep
        self.colour_transform: Affine = colour_transform_from_moments(colours.moments(), self.colours)
        self.cluster_transfer.fit(self.colour_transform)

    def postprocess(self) -> Iterator[TileStep]:
        """Recolours it, gives back what of the content is to stay, removes ringing, maps the tones."""
        rings = tones = None
        if self.flatness is not None:
            rings = DeringingFilter.from_reader(self.content.read, self.height, self.width)
            tones = ToneCurve(self.tones) if self.flatness.drawing_score > 0 else None
        for count, box in enumerate(self.boxes, 1):
            window = box.expanded(4, self.height, self.width)
            content = self.content.read(window)
            pixels = self.colour_transform(box.crop(self.painted).to(content), self.strength)
            pixels = self.cluster_transfer.apply(
                pixels, self.cluster_transfer.memberships(content), box, window, self.strength
            )
            content = box.crop(content, window)
            if self.residual is not None:
                pixels = pixels + box.crop(self.residual).to(content)
            pixels = pixels.clamp_(0, 1)
            if rings is None and tones is None:
                yield TileStep(count / len(self.boxes), box, pixels)
                continue
            calm = self._flat_mask(box, content)
            if rings is not None:
                rings.observe(pixels, content, self.strength * calm, box)
            if tones is not None:
                tones.observe(pixels, content, calm)
            box.crop(self.painted).copy_(pixels)
            yield TileStep(0.5 * count / len(self.boxes))
        self.residual = None
        if rings is None and tones is None:
            return
        if rings is not None:
            rings.fit()
        if tones is not None:
            tones.fit(self.strength * self._flatness_map.drawing_score)
        for count, box in enumerate(self.boxes, 1):
            content = self.content.read(box)
            pixels = box.crop(self.painted).to(content)
            if rings is not None:
                pixels = rings.apply(pixels, content, box).clamp_(0, 1)
            if tones is not None:
                pixels = tones.apply(pixels, content, self._flat_mask(box, content))
            yield TileStep(0.5 + 0.5 * count / len(self.boxes), box, pixels)

    @property
    def _flatness_map(self) -> FlatnessMap:
        assert self.flatness is not None  # only a content with flat areas has rings, tones or strokes
        return self.flatness

    def _flat_mask(self, box: Box, content: Tensor) -> Tensor:
        return self._flatness_map.crop(box).to(content)

    def _end(self, end: int, axis: int) -> int:
        return self.padded[axis] if end == (self.height, self.width)[axis] else end

    def _read_padded(self, box: Box) -> Tensor:
        """The same of a part that may reach into the margins that the content is given."""
        return _padded(
            self._read_textured(Box(box.top, min(box.bottom, self.height), box.left, min(box.right, self.width)))
        )

    def _read_textured(self, box: Box) -> Tensor:
        """A part of the content, with brushwork where it is flat."""
        if not self.strokes:
            return self.content.read(box)
        window = box.expanded(CONTEXT, self.height, self.width)
        pixels = self.content.read(window)
        flat = self._flatness_map.masks(pixels, window)
        flat = FlatMasks(box.crop(flat.area, window), box.crop(flat.interior, window), flat.drawing_score)
        return add_textures(box.crop(pixels, window), flat, self.strokes, self.grain, (box.top, box.left))

    def _update_moments(
        self,
        running: Mapping[str, RunningMoments],
        read: Read,
        size: tuple[int, int],
        box: Box,
        for_moments: bool = False,
    ) -> tuple[Box, Tensor, dict[str, Tensor]]:
        """Adds the moments of a part of a picture of `size`; returns where its relu4_1 maps lie, these, and the maps of
        the fused depths with their margins."""
        window = box.expanded(MARGIN, *size)
        found = self._encode(read(window), LAYERS, for_moments)
        place = maps = None
        for name in LAYERS[::-1]:  # the deepest last
            place, seen = (_place(part, _stride(name), size) for part in (box, window))
            maps = place.crop(found[name], seen)
            running[name].update(maps, place, size[1] // _stride(name))
        assert place is not None and maps is not None
        return place, maps, {name: found[name] for name in self.painter.decoder.fused}

    def _encode(self, pixels: Tensor, wanted: Sequence[str], for_moments: bool = False) -> dict[str, Tensor]:
        if not wanted:
            return {}
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        return self.painter.encoder(pixels, wanted, for_moments=for_moments)

    def _decode_tile(self, box: Box, window: Box, known: Encoded, strength: float) -> Tensor:
        """The part `box` as painted, from the maps of the fused depths in its `window`, which `known` holds."""
        decoder = self.painter.decoder
        inner = box.expanded(DECODER_MARGIN, self.height, self.width)
        place = inner.downscaled(STRIDE)
        around = place.expanded(1 + 2 * len(decoder.blocks), *self.deep.shape[2:])
        deep = around.crop(self.deep).to(known.pixels).contiguous(memory_format=torch.channels_last)
        deepest, style = self.painter.transformed_features(replace(known, maps={"relu4_1": deep}), strength)
        given = {}
        for name, maps in known.maps.items():
            seen = (
                Box(*(-(-end // STRIDE) * STRIDE for end in part)).downscaled(_stride(name)) for part in (inner, window)
            )
            given[name] = next(seen).crop(maps, next(seen))
        given, _ = self.painter.transformed_features(replace(known, maps=given), strength)
        laid = place.crop(decoder.bottleneck(deepest["relu4_1"], style), around)
        return box.crop(decoder.upsample(laid.contiguous(memory_format=torch.channels_last), given, style), inner)


def _pixels(picture: LazyPicture) -> Tensor:
    return picture.read(Box(0, picture.height, 0, picture.width))


def _tones(picture: LazyPicture) -> Tensor:
    return tone_quantiles(_pixels(picture))


def _strokes(picture: LazyPicture, seed: int) -> Tensor:
    return random_phase(_pixels(picture), seed).half()


def _colour_moments(picture: LazyPicture) -> Moments:
    running = RunningMoments(sampling_stride(picture.height, picture.width))
    for box in tiles(picture.height, picture.width, TILE):
        running.update(picture.read(box), box, picture.width)
    return running.moments()


def _padded(pixels: Tensor) -> Tensor:
    return nn.functional.pad(pixels, stride_padding(pixels), mode="reflect")


def _running_moments(painter: FastTransfer, size: tuple[int, int]) -> dict[str, RunningMoments]:
    """One for each depth of a picture of `size`, exact where it is painted from."""
    read = painter.decoder.input_layers
    places = {name: [side // _stride(name) for side in size] for name in LAYERS}
    return {name: RunningMoments(1 if name in read else sampling_stride(*sides)) for name, sides in places.items()}


def _stride(name: str) -> int:
    return 2 ** (int(name[4]) - 1)


def _place(box: Box, stride: int, size: tuple[int, int]) -> Box:
    """Where a part of a picture of `size` lies in its maps: of what is no whole stride at the end there is none."""
    top, bottom, left, right = box.downscaled(stride)
    return Box(top, min(bottom, size[0] // stride), left, min(right, size[1] // stride))
