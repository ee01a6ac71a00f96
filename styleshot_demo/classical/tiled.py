"""Pictures too large to be painted at once: part by part, with the statistics of the whole, so that no tile shows.

What `FastTransfer` computes from a whole picture is gathered first, part by part: how flat it is, the moments of its
features, those of the painted colours, the rings. Then each part is painted with that. The networks go over it in
strips (`row_streams`), the rest in tiles. The result is that of the whole picture but for rounding, in memory that
hardly grows with it: 6 bytes a pixel for what is painted so far, and as many again for a strength below 1, 3 for the
clusters of colours that it belongs to, 9 for rings, half of it until they are fitted, and for maps what finds room.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from styleshot_demo.classical.cached_style import WeightedStyles, cached_styles, target_tones
from styleshot_demo.classical.colour_clusters import CLUSTERS, ClusterColourTransfer, ColourClusters
from styleshot_demo.classical.decoder import LAYERS, STRIDE
from styleshot_demo.classical.deringing import DeringingFilter
from styleshot_demo.classical.fast import (
    STRENGTH_SCALE,
    FastTransfer,
    colour_transform_from_moments,
    layer_stride,
    moment_observer,
    strip_rows,
    style_vector,
)
from styleshot_demo.classical.features import Observer
from styleshot_demo.classical.grain import (
    CONTEXT,
    FlatMasks,
    FlatnessMap,
    add_textures,
    flatness_map,
    texture_deviation,
)
from styleshot_demo.classical.lazy_picture import LazyPicture, TileStep
from styleshot_demo.classical.row_streams import MappedRows, ReadRows, RowBuffer, RowSource
from styleshot_demo.classical.statistics import Affine, Moments, RunningMoments, blended_transform, sampling_stride
from styleshot_demo.classical.tiles import Box, tiles
from styleshot_demo.classical.tones import ToneCurve
from styleshot_demo.runtime.memory import malloc_trim
from styleshot_demo.weighting import weighted_sum

POSTPROCESS_TILE = 768  # pixels of the sides of what is cleaned at a time
BLOCK = 2**20  # pixels that are read at a time: with some rows around them, which tell how flat it is there
MARGIN = 32  # rows above the first one that is wanted of relu3_1, which sees 10
# Bytes for all that is kept of a picture while it is painted. What the pixels themselves leave of that goes to maps,
# so that they need not be computed a second time.
KEPT_BYTES = 1_200_000_000
PAINTED_BYTES = 6  # a pixel, of what is painted
TRIMMED = 32  # strips after which memory that is free is handed back
RESIDUAL_BYTES = 6  # more where some of the content is to stay


@torch.inference_mode()
def stylise_tiled(
    painter: FastTransfer,
    content: LazyPicture,
    styles: WeightedStyles,
    strength: float = 1.0,
    transform: str = "wct",
    grain: float = 0.0,
    seed: int = 0,
    colour_styles: WeightedStyles | None = None,
) -> Iterator[TileStep]:
    """`FastTransfer.encode` and `decode`, part by part; all is as there, but `strength` is above 0."""
    canvas = _TiledTransfer(painter, content, strength)
    try:
        for at, passed, share in (
            (0.0, canvas.encode_styles(styles, grain, seed, colour_styles or styles), 0.02),
            (0.02, canvas.encode_content(), 0.38),
            (0.40, canvas.decode(transform), 0.45),
            (0.85, canvas.postprocess(), 0.15),
        ):
            for part in passed:
                yield replace(part, fraction=at + share * part.fraction)
    finally:
        canvas.release_maps()


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
        self.maps: dict[str, RowBuffer] = {}
        self.again: RowSource | None = None  # of the maps for which there was no room
        self.scarce = False  # room: then memory that is free goes back to the system now and then
        self.again_from = 0  # the row of the content with which these begin

    def encode_styles(
        self, styles: WeightedStyles, grain: float, seed: int, colour_styles: WeightedStyles
    ) -> Iterator[TileStep]:
        """Also how flat the content is: then the strokes of the styles are needed."""
        content, brushes, colours = self.content, cached_styles(styles), cached_styles(colour_styles)
        self.flatness = flatness_map(content.read, content.height, content.width)
        self.tones = target_tones(self.flatness, colours)
        if self.flatness is not None and texture_deviation(self.flatness.drawing_score, grain) > 0:
            self.grain = grain
            self.strokes = [(style.stroke_texture(seed), weight) for style, weight in brushes]
        self.styles: list[tuple[Mapping[str, Moments], float]] = []
        for style, weight in brushes:
            self.styles.append((style.feature_moments(self.painter.style_moments), weight))
            yield TileStep(len(self.styles) / len(brushes))
        self.colours = [(style.colour_moments(), weight) for style, weight in colours]
        clusters = [(style.colour_clusters(), weight) for style, weight in colours]
        own = ColourClusters.from_reader(content.read, content.height, content.width)
        self.cluster_transfer = ClusterColourTransfer(own, clusters, (self.height, self.width))
        malloc_trim()

    def encode_content(self) -> Iterator[TileStep]:
        """Gathers its moments, and keeps its deepest maps, which are small, and of the others what finds room."""
        running = self.painter.running_moments(self.padded)
        height, width = (side // STRIDE for side in self.padded)
        channels = self.painter.decoder.widths["relu4_1"]
        self.maps = {
            name: RowBuffer(self.padded[0] // layer_stride(name), partial(self._encode_again, layer_stride(name)))
            for name in self._fused
        }
        stored, rooms = self._rooms()
        self.scarce = stored == torch.float16
        self.deep = torch.empty(1, channels, height, width, dtype=stored, memory_format=torch.channels_last)

        def observer(name: str) -> Observer:
            update = moment_observer(running[name], self.padded[1] // layer_stride(name))

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
        for fraction in self.painter.encode_rows(self._content_rows(0), observers, self.padded[1]):
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
        # What this takes, the maps that are done with have left.
        self.memberships = torch.empty(1, CLUSTERS, -(-self.height // 2), -(-self.width // 2), dtype=torch.float16)
        colours = RunningMoments(sampling_stride(self.height, self.width))
        painted = self._painted_rows(strength)
        rebuilt = self._painted_rows(0.0) if strength < 1 else None
        strips = self._strips()
        for count, box in enumerate(strips, 1):
            bottom = self.padded[0] if box.bottom == self.height else box.bottom
            pixels = self.content.read(box)
            made = painted.take(bottom)[:, :, : box.height, : self.width]
            colours.update(made, box, self.width)
            memberships = self.cluster_transfer.memberships(pixels)
            self.cluster_transfer.observe(made, memberships)
            box.downscaled(2).crop(self.memberships).copy_(memberships)
            box.crop(self.painted).copy_(made)
            if rebuilt is not None and self.residual is not None:
                lost = pixels - rebuilt.take(bottom)[:, :, : box.height, : self.width]
                box.crop(self.residual).copy_((1 - strength) * lost)
            self._trim(count)  # of the maps that are done with: each is too small for the C library to give it back
            yield TileStep(count / len(strips))
        del self.deep, painted, rebuilt
        self.release_maps()
        malloc_trim()
        self.colour_transform: Affine = colour_transform_from_moments(colours.moments(), self.colours)
        self.cluster_transfer.fit(self.colour_transform)

    def postprocess(self) -> Iterator[TileStep]:
        """Recolours it, gives back what of the content is to stay, removes ringing, maps the tones."""
        rings = tones = None
        if self.flatness is not None:
            rings = DeringingFilter.from_reader(self.content.read, self.height, self.width)
            tones = None if self.tones is None else ToneCurve(self.tones, (self.height, self.width))
            self._trim(0)
        for count, box in enumerate(self.boxes, 1):
            window = box.expanded(4, self.height, self.width)
            content = self.content.read(box)
            pixels = self.colour_transform(box.crop(self.painted).to(content), self.strength)
            memberships = window.downscaled(2).crop(self.memberships).to(content)
            pixels = self.cluster_transfer.apply(pixels, memberships, box, window, self.strength)
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
            self._trim(2 * count)
            yield TileStep(0.5 + 0.5 * count / len(self.boxes), box, pixels)

    def _trim(self, count: int) -> None:
        """Hands memory that is free back to the system now and then, where there is little for so large a picture."""
        if self.scarce and count % TRIMMED == 0:
            malloc_trim()

    @property
    def _flatness_map(self) -> FlatnessMap:
        assert self.flatness is not None  # only a content with flat areas has rings, tones or strokes
        return self.flatness

    def _flat_mask(self, box: Box, content: Tensor) -> Tensor:
        return self._flatness_map.crop(box).to(content)

    def release_maps(self) -> None:
        """Gigabytes that would wait for the garbage collector: the maps know who computes what they lack."""
        for maps in self.maps.values():
            maps.fill = None
        self.maps, self.again = {}, None

    def _strips(self) -> list[Box]:
        """The picture in parts as wide as itself."""
        rows = strip_rows(self.width)
        return [Box(top, min(top + rows, self.height), 0, self.width) for top in range(0, self.height, rows)]

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

    @property
    def _fused(self) -> list[str]:
        """The depths that the decoder sees besides the deepest, the smaller maps first."""
        return sorted(self.painter.decoder.fused, key=layer_stride, reverse=True)

    def _rooms(self) -> tuple[torch.dtype, dict[str, int]]:
        """In which precision maps are kept, and how many values of each depth: first what takes longest to compute."""
        pixels = self.height * self.width
        room = KEPT_BYTES - (PAINTED_BYTES + (RESIDUAL_BYTES if self.strength < 1 else 0)) * pixels
        counts = {
            name: self.painter.decoder.widths[name] * math.prod(side // layer_stride(name) for side in self.padded)
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
            start = min(maps.end * layer_stride(name) for name, maps in missing.items()) - MARGIN
            self.again_from = max(0, start) // STRIDE * STRIDE
            observers = {
                name: partial(self._append, maps, self.again_from // layer_stride(name))
                for name, maps in missing.items()
            }
            self.again = self.painter.encoder.rows(self._content_rows(self.again_from), observers)[-1]
        own = (self.padded[0] - self.again_from) // self.again.height
        bottom = min(-(-(bottom * stride - self.again_from) // own), self.again.height)
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
