"""Pictures too large to be painted at once: part by part, with the statistics of the whole, so that no tile shows.

What `FastTransfer` computes from a whole picture is gathered first, part by part: how flat it is, the moments of its
features, those of the painted colours, the rings. Then each part is painted with that. The networks go over it in
strips (`row_streams`), the rest in tiles. The result is that of the whole picture but for rounding, in memory that
hardly grows with it: 6 bytes a pixel for what is painted so far, and as many again for a strength below 1, 9 for rings,
half of it until they are fitted, and for maps what there is room for.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from styleshot_demo.classical.colour_clusters import ClusterColourTransfer, ColourClusters
from styleshot_demo.classical.decoder import LAYERS, STRIDE
from styleshot_demo.classical.deringing import DeringingFilter
from styleshot_demo.classical.fast import (
    STRENGTH_SCALE,
    FastTransfer,
    colour_transform_from_moments,
    style_vector,
)
from styleshot_demo.classical.grain import CONTEXT, FlatMasks, FlatnessMap, add_textures, flatness_map, random_phase
from styleshot_demo.classical.lazy_picture import LazyPicture, TileStep
from styleshot_demo.classical.row_streams import MappedRows, ReadRows, RowBuffer, RowSource
from styleshot_demo.classical.statistics import Affine, Moments, RunningMoments, blended_transform, sampling_stride
from styleshot_demo.classical.tiles import Box, tiles
from styleshot_demo.classical.tones import ToneCurve, tone_quantiles
from styleshot_demo.runtime.memory import malloc_trim
from styleshot_demo.weighting import weighted_sum

# Pixels of a strip that the networks go over. One map of 24 channels has less than 32 MB then: of more, glibc gives
# each back to the system at once, and getting it anew costs a quarter of the time.
STRIP = 512**2
POSTPROCESS_TILE = 768  # pixels of the sides of what is cleaned at a time
BLOCK = 2**20  # pixels that are read at a time for them: of these, some around count for how flat it is there
MARGIN = 32  # rows above the first one that is wanted of relu3_1, which sees 10
# Bytes for all that is kept of a picture while it is painted. What the pixels themselves leave of that goes to maps,
# so that they need not be computed a second time.
KEPT_BYTES = 1_200_000_000
PAINTED_BYTES = 6  # a pixel, of what is painted
TRIMMED = 32  # strips after which memory that is free is handed back
RESIDUAL_BYTES = 6  # more where some of the content is to stay

Observer = Callable[[Tensor, int], None]  # of rows of maps, and the number of the first


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
        self.boxes = list(tiles(self.height, self.width, POSTPROCESS_TILE))
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
                size = picture.height, picture.width
                running = _running_moments(self.painter, size)
                observers = {name: _moment_observer(one, size[1] // _stride(name)) for name, one in running.items()}
                for _ in self._encode(self._style_rows(picture), observers, size[1], for_moments=True):
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
        """Gathers its moments, and keeps its deepest maps, which are small, and of the others what finds room."""
        running = _running_moments(self.painter, self.padded)
        height, width = (side // STRIDE for side in self.padded)
        channels = self.painter.decoder.widths["relu4_1"]
        self.maps = {
            name: RowBuffer(self.padded[0] // _stride(name), partial(self._encode_again, _stride(name)))
            for name in self._fused
        }
        self.again: RowSource | None = None
        stored, rooms = self._rooms()
        self.deep = torch.empty(1, channels, height, width, dtype=stored, memory_format=torch.channels_last)

        def observer(name: str) -> Observer:
            update = _moment_observer(running[name], self.padded[1] // _stride(name))

            def observe(rows: Tensor, top: int) -> None:
                update(rows, top)
                if name == "relu4_1":
                    self.deep[:, :, top : top + rows.shape[2]] = rows
                elif name in self.maps:
                    rooms[name] -= rows.numel()
                    if rooms[name] >= 0:
                        self.maps[name].append(rows.to(stored), top)

            return observe

        observers = {name: observer(name) for name in LAYERS}
        for fraction in self._encode(self._content_rows(0), observers, self.padded[1]):
            yield TileStep(fraction)
        self.content_moments = {name: one.moments() for name, one in running.items()}

    def decode(self, transform: str) -> Iterator[TileStep]:
        """What the decoder makes of it, and of its unchanged features where some of the content is to stay."""
        strength = self.strength
        self.affines = {
            name: blended_transform(
                self.content_moments[name], [(style[name], weight) for style, weight in self.styles], transform
            )
            for name in self.painter.decoder.input_layers
        }
        self.painted = torch.empty(1, 3, self.height, self.width, dtype=torch.float16)
        self.residual = torch.empty_like(self.painted) if strength < 1 else None
        colours = RunningMoments(sampling_stride(self.height, self.width))
        painted = self._painted_rows(strength)
        rebuilt = self._painted_rows(0.0) if strength < 1 else None
        strips = self._strips()
        for count, box in enumerate(strips, 1):
            bottom = self.padded[0] if box.bottom == self.height else box.bottom
            pixels = self.content.read(box)
            made = painted.take(bottom)[:, :, : box.height, : self.width]
            colours.update(made, box, self.width)
            self.cluster_transfer.observe(made, self.cluster_transfer.memberships(pixels))
            box.crop(self.painted).copy_(made)
            if rebuilt is not None and self.residual is not None:
                lost = pixels - rebuilt.take(bottom)[:, :, : box.height, : self.width]
                box.crop(self.residual).copy_((1 - strength) * lost)
            if count % TRIMMED == 0:
                malloc_trim()  # of the maps that are done with: each is too small for the C library to give it back
            yield TileStep(count / len(strips))
        del self.deep, self.maps, self.again, painted, rebuilt
        malloc_trim()
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

    def _strips(self) -> list[Box]:
        """The picture in parts as wide as itself."""
        rows = max(1, STRIP // self.width // STRIDE) * STRIDE
        return [Box(top, min(top + rows, self.height), 0, self.width) for top in range(0, self.height, rows)]

    def _style_rows(self, picture: LazyPicture) -> RowSource:
        return ReadRows(picture.height, lambda top, bottom: picture.read(Box(top, bottom, 0, picture.width)))

    def _content_rows(self, start: int) -> RowSource:
        """The content's rows from `start` on, with what it is given at the right and at the bottom."""
        step = max(1, BLOCK // self.width)
        return ReadRows(
            self.padded[0] - start, lambda top, bottom: self._read_padded(start + top, start + bottom), step
        )

    def _read_padded(self, top: int, bottom: int) -> Tensor:
        """Rows of the content, reflected beyond its ends."""
        rows = torch.arange(top, bottom)
        rows = torch.where(rows < self.height, rows, 2 * (self.height - 1) - rows)
        first, last = int(rows.min()), int(rows.max())
        pixels = self._read_textured(Box(first, last + 1, 0, self.width))
        if bottom > self.height:
            pixels = pixels.index_select(2, (rows - first).to(pixels.device))
        return nn.functional.pad(pixels, (0, self.padded[1] - self.width, 0, 0), mode="reflect")

    def _read_textured(self, box: Box) -> Tensor:
        """A part of the content, with brushwork where it is flat."""
        if not self.strokes:
            return self.content.read(box)
        window = box.expanded(CONTEXT, self.height, self.width)
        pixels = self.content.read(window)
        flat = self._flatness_map.masks(pixels, window)
        flat = FlatMasks(box.crop(flat.area, window), box.crop(flat.interior, window), flat.drawing_score)
        return add_textures(box.crop(pixels, window), flat, self.strokes, self.grain, (box.top, box.left))

    def _encode(
        self, pixels: RowSource, observers: Mapping[str, Observer], width: int, for_moments: bool = False
    ) -> Iterator[float]:
        """Shows the maps of a picture to the observers; yields how far it is."""
        sources = self.painter.encoder.rows(pixels, observers, for_moments)
        deepest = sources[-1]
        step = max(1, STRIP // width // STRIDE)
        for top in range(0, deepest.height, step):
            deepest.take(min(top + step, deepest.height))
            yield deepest.position / deepest.height
        for source in sources[::-1]:  # of odd sides, the last row goes no deeper
            if source.position < source.height:
                source.take(source.height)

    @property
    def _fused(self) -> list[str]:
        """The depths that the decoder sees besides the deepest, the smaller maps first."""
        return sorted(self.painter.decoder.fused, key=_stride, reverse=True)

    def _rooms(self) -> tuple[torch.dtype, dict[str, int]]:
        """In which precision maps are kept, and how many values of each depth: first what takes longest to compute."""
        pixels = self.height * self.width
        room = KEPT_BYTES - (PAINTED_BYTES + (RESIDUAL_BYTES if self.strength < 1 else 0)) * pixels
        counts = {
            name: self.painter.decoder.widths[name] * math.prod(side // _stride(name) for side in self.padded)
            for name in ("relu4_1", *self._fused)
        }
        # Half precision shows: single pixels by up to three grey levels. It is for where all does not fit otherwise.
        stored = torch.float16 if 4 * sum(counts.values()) > room else torch.float32
        left, rooms = max(0, room) // stored.itemsize, {}
        for name, count in counts.items():
            rooms[name] = min(count, left)
            left = max(0, left - count)
        return stored, rooms

    def _encode_again(self, stride: int, bottom: int) -> None:
        """Appends those maps for which there was no room, up to the row `bottom` of the maps of a `stride`."""
        if self.again is None:
            missing = {name: maps for name, maps in self.maps.items() if maps.end < maps.height}
            start = min(maps.end * _stride(name) for name, maps in missing.items()) - MARGIN
            self.start = max(0, start) // STRIDE * STRIDE
            observers = {
                name: partial(self._append, maps, self.start // _stride(name)) for name, maps in missing.items()
            }
            self.again = self.painter.encoder.rows(self._content_rows(self.start), observers)[-1]
        own = (self.padded[0] - self.start) // self.again.height
        bottom = min(-(-(bottom * stride - self.start) // own), self.again.height)
        if bottom > self.again.position:
            self.again.take(bottom)

    @staticmethod
    def _append(maps: RowBuffer, start: int, rows: Tensor, top: int) -> None:
        maps.append(rows, start + top)

    def _painted_rows(self, strength: float) -> RowSource:
        """What the decoder makes of the content's features, transformed so far."""
        share = STRENGTH_SCALE * strength
        maps = {name: buffer.reader() for name, buffer in self.maps.items()}
        maps["relu4_1"] = ReadRows(self.deep.shape[2], lambda top, bottom: self.deep[:, :, top:bottom].to(self.device))
        features = {
            name: MappedRows(rows, partial(_transformed, self.affines[name], share)) for name, rows in maps.items()
        }
        wanted = weighted_sum((style_vector(style), weight) for style, weight in self.styles)
        style = torch.lerp(style_vector(self.content_moments).to(self.device), wanted.to(self.device), share)
        return self.painter.decoder.rows(features, style)


def _transformed(affine: Affine, share: float, rows: Tensor, top: int) -> Tensor:
    return affine(rows.float(), share)


def _moment_observer(running: RunningMoments, width: int) -> Observer:
    """Adds the moments of rows of maps that are so wide."""
    return lambda rows, top: running.update(rows, Box(top, top + rows.shape[2], 0, width), width)


def _pixels(picture: LazyPicture) -> Tensor:
    return picture.read(Box(0, picture.height, 0, picture.width))


def _tones(picture: LazyPicture) -> Tensor:
    return tone_quantiles(_pixels(picture))


def _strokes(picture: LazyPicture, seed: int) -> Tensor:
    return random_phase(_pixels(picture), seed).half()


def _colour_moments(picture: LazyPicture) -> Moments:
    running = RunningMoments(sampling_stride(picture.height, picture.width))
    for box in tiles(picture.height, picture.width, POSTPROCESS_TILE):
        running.update(picture.read(box), box, picture.width)
    return running.moments()


def _running_moments(painter: FastTransfer, size: tuple[int, int]) -> dict[str, RunningMoments]:
    """One for each depth of a picture of `size`, exact where it is painted from."""
    read = painter.decoder.input_layers
    places = {name: [side // _stride(name) for side in size] for name in LAYERS}
    return {name: RunningMoments(1 if name in read else sampling_stride(*sides)) for name, sides in places.items()}


def _stride(name: str) -> int:
    return 2 ** (int(name[4]) - 1)
