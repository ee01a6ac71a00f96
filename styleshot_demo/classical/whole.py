"""Pictures too large to be painted at once: part by part, with the statistics of the whole, so that no tile shows.

What `FastTransfer` and `transfer_colours` compute from a whole picture is gathered first, tile by tile: how flat it is,
the moments of its features, those of the painted colours, the rings. Then each tile is painted with that, and with so
much of its surroundings as the networks see. The result is that of the whole picture but for rounding, in memory that
hardly grows with it: 6 bytes a pixel for what is painted so far, and as many again for a strength below 1, 5 for the
deepest maps (in half precision those would show: a grey level here and there), 3 for rings.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from styleshot_demo.classical.colour import colour_map, into_gamut, to_oklab
from styleshot_demo.classical.fast import DEPTHS, STRIDE, Encoded, FastTransfer, look, margins, recolouring_from
from styleshot_demo.classical.grain import SEEN, Calmness, Flat, brushed, calmness_of, random_phase
from styleshot_demo.classical.regions import Leading, Regions
from styleshot_demo.classical.rings import Rings
from styleshot_demo.classical.seen_style import Memo
from styleshot_demo.classical.statistics import Affine, Gathering, Moments, glance, towards
from styleshot_demo.classical.tiles import Box, tiles
from styleshot_demo.classical.tones import Tones, tones_of
from styleshot_demo.weighting import weighted_sum

# Pixels of a tile. With its margins one map of 24 channels has 32 MB: of more, glibc gives each back to the system at
# once, and getting it anew costs a quarter of the time.
SIDE = 512
MARGIN = 32  # pixels around it: relu4_1 sees 26 of the content, and what is painted 27 (17 of relu3_1, which sees 10)
DECODED = 24  # pixels around it: what is painted sees 21 of what was laid out
COLOUR_SIDE = 1024
# Bytes for all that is kept of a picture while it is painted. What the pixels themselves leave of that goes to maps,
# so that tiles need not be read a second time.
KEPT_BYTES = 800_000_000
PIXEL_BYTES = 14  # painted, the deepest maps, the result
LOST_BYTES = 6  # more of each where some of the content is to stay

Read = Callable[[Box], Tensor]  # part of a picture -> its pixels, [1, 3, h, w], RGB in [0, 1]


@dataclass(frozen=True)
class Picture:
    """A picture of which only parts are ever in memory as numbers; of a style, `memo` keeps what was computed of it."""

    height: int
    width: int
    read: Read
    memo: Memo = field(default_factory=Memo)

    @classmethod
    def of(cls, pixels: Tensor) -> "Picture":
        """One that is there, [1, 3, H, W]."""
        return cls(pixels.shape[2], pixels.shape[3], lambda box: box.of(pixels))


@dataclass(frozen=True)
class Part:
    """How far it is, 0 to 1; and, if something is finished, where that lies and its pixels, [1, 3, h, w] in [0, 1]."""

    fraction: float
    box: Box | None = None
    pixels: Tensor | None = None


@torch.inference_mode()
def recolour_whole(
    content: Picture, styles: Sequence[tuple[Picture, float]], method: str, strength: float
) -> Iterator[Part]:
    """`transfer_colours`, part by part."""

    kept: dict[Box, Tensor] = {}

    def gathered(picture: Picture, share: float) -> Generator[Part, None, Moments]:
        gathering = Gathering()
        boxes = list(tiles(picture.height, picture.width, COLOUR_SIDE))
        room = KEPT_BYTES
        for count, box in enumerate(boxes, 1):
            lab = to_oklab(picture.read(box))
            gathering.add(lab, box, picture.width)
            room -= lab.nbytes
            if picture is content and room > 0:
                kept[box] = lab
            yield Part(share * count / len(boxes))
        return gathering.moments()

    seen = []
    for picture, weight in styles:
        found = picture.memo.recall("shades")
        if found is None:
            found = yield from gathered(picture, 0.0)
            picture.memo.remember("shades", found)
        seen.append((found, weight))
    own = yield from gathered(content, 0.3)
    affine = colour_map(own, seen, method)
    boxes = list(tiles(content.height, content.width, COLOUR_SIDE))
    for count, box in enumerate(boxes, 1):
        lab = kept.pop(box) if box in kept else to_oklab(content.read(box))
        made = into_gamut(affine(lab, strength))
        yield Part(0.3 + 0.7 * count / len(boxes), box, made)


@torch.inference_mode()
def paint_whole(
    painter: FastTransfer,
    content: Picture,
    styles: Sequence[tuple[Picture, float]],
    strength: float = 1.0,
    transform: str = "wct",
    grain: float = 0.0,
    seed: int = 0,
    colours_of: Sequence[tuple[Picture, float]] | None = None,
) -> Iterator[Part]:
    """`FastTransfer.encode` and `decode`, part by part; all is as there, but `strength` is above 0."""
    canvas = _Canvas(painter, content, strength)
    for at, passed, share in (
        (0.0, canvas.look_at_styles(styles, grain, seed, colours_of or styles), 0.02),
        (0.02, canvas.look_at_content(), 0.38),
        (0.40, canvas.paint(transform), 0.45),
        (0.85, canvas.finish(), 0.15),
    ):
        for part in passed:
            yield replace(part, fraction=at + share * part.fraction)


class _Canvas:
    """What is known of a picture while `paint_whole` goes over it again and again."""

    def __init__(self, painter: FastTransfer, content: Picture, strength: float) -> None:
        self.painter, self.content, self.strength = painter, content, strength
        self.height, self.width = content.height, content.width
        self.device = next(painter.parameters()).device
        # Height and width that the content is given, as `FastTransfer` does it: halved three times and doubled three
        # times, a side has to come out as it went in. Styles stay as they are.
        self.padded = (self.height + -self.height % STRIDE, self.width + -self.width % STRIDE)
        self.boxes = list(tiles(self.height, self.width, SIDE))
        self.calmness: Calmness | None = None
        self.strokes: list[tuple[Tensor, float]] = []
        self.grain = 0.0

    def look_at_styles(
        self,
        styles: Sequence[tuple[Picture, float]],
        grain: float,
        seed: int,
        colours_of: Sequence[tuple[Picture, float]],
    ) -> Iterator[Part]:
        """Also how flat the content is: then the strokes of the styles are needed."""
        content = self.content
        self.calmness = calmness_of(content.read, content.height, content.width)
        self.tones = torch.zeros(())
        if self.calmness is not None and self.calmness.drawn > 0:
            for picture, weight in colours_of:
                self.tones = self.tones + weight * picture.memo.once("tones", _tones, picture)
        if self.calmness is not None and Flat(Tensor(), Tensor(), self.calmness.drawn).deviation(grain) > 0:
            self.grain = grain
            for picture, weight in styles:
                strokes = picture.memo.once(("strokes", seed), _strokes, picture, seed)
                self.strokes.append((strokes, weight))
                yield Part(0.0)
        self.styles: list[tuple[Mapping[str, Moments], float]] = []
        self.colours: list[tuple[Moments, float]] = []
        for picture, weight in styles:
            features = picture.memo.recall("features")
            if features is None:
                gatherings = _gatherings(self.painter, (picture.height, picture.width))
                for box in tiles(picture.height, picture.width, SIDE):
                    self._gather(gatherings, picture.read, (picture.height, picture.width), box)
                    yield Part(0.0)
                features = {name: one.moments() for name, one in gatherings.items()}
                picture.memo.remember("features", features)
            self.styles.append((features, weight))
        regions = []
        for picture, weight in colours_of:
            self.colours.append((picture.memo.once("colours", _colours, picture), weight))
            found = picture.memo.once("regions", Regions.read, picture.read, picture.height, picture.width)
            regions.append((found, weight))
        own = Regions.read(content.read, content.height, content.width)
        self.leading = Leading(own, regions, (self.height, self.width))

    def look_at_content(self) -> Iterator[Part]:
        """Gathers its moments, and keeps its deepest maps, which are small."""
        gatherings = _gatherings(self.painter, self.padded)
        channels = self.painter.decoder.widths["relu4_1"]
        self.deep = torch.empty(1, channels, *(side // STRIDE for side in self.padded))
        each = PIXEL_BYTES + (LOST_BYTES if self.strength < 1 else 0)
        room = KEPT_BYTES - each * self.height * self.width
        self.maps: dict[Box, dict[str, Tensor]] = {}
        for count, box in enumerate(self.boxes, 1):
            margined = Box(box.top, self._end(box.bottom, 0), box.left, self._end(box.right, 1))
            place, deepest, maps = self._gather(gatherings, self._margined, self.padded, margined)
            place.of(self.deep).copy_(deepest)
            room -= sum(one.nbytes for one in maps.values())
            if room > 0:
                self.maps[box] = maps
            del maps, deepest
            yield Part(count / len(self.boxes))
        self.own = {name: one.moments() for name, one in gatherings.items()}

    def paint(self, transform: str) -> Iterator[Part]:
        """What the decoder makes of it, and of its unchanged features where some of the content is to stay."""
        decoder, strength = self.painter.decoder, self.strength
        affines = {
            name: towards(self.own[name], [(style[name], weight) for style, weight in self.styles], transform)
            for name in decoder.read
        }
        wanted = weighted_sum((look(style), weight) for style, weight in self.styles)
        looks = look(self.own).to(self.device), wanted.to(self.device)
        self.painted = torch.empty(1, 3, self.height, self.width, dtype=torch.float16)
        self.lost = torch.empty_like(self.painted) if strength < 1 else None
        colours = Gathering(glance(self.height, self.width))
        for count, box in enumerate(self.boxes, 1):
            window = box.grown(MARGIN, self.height, self.width)
            maps = self.maps.pop(box, None) or self._read(self._margined(window), decoder.fused)
            known = Encoded(self.content.read(box), maps, affines, looks, self.colours)
            made = self._made(box, window, known, strength)
            colours.add(made, box, self.width)
            self.leading.look_at(made, self.leading.inside(known.pixels))
            box.of(self.painted).copy_(made)
            if self.lost is not None:
                rebuilt = self._made(box, window, known, 0.0)
                box.of(self.lost).copy_((1 - strength) * (known.pixels - rebuilt))
            yield Part(count / len(self.boxes))
        del self.deep
        self.recolouring: Affine = recolouring_from(colours.moments(), self.colours)
        self.leading.settle(self.recolouring)

    def finish(self) -> Iterator[Part]:
        """Recolours it, gives back what of the content is to stay, takes off the rings, leads the tones."""
        rings = tones = None
        if self.calmness is not None:
            rings = Rings.around(self.content.read, self.height, self.width)
            tones = Tones(self.tones) if self.calmness.drawn > 0 else None
        for count, box in enumerate(self.boxes, 1):
            window = box.grown(4, self.height, self.width)
            content = self.content.read(window)
            pixels = self.recolouring(box.of(self.painted).to(content), self.strength)
            pixels = self.leading.led(pixels, self.leading.inside(content), box, window, self.strength)
            content = box.of(content, window)
            if self.lost is not None:
                pixels = pixels + box.of(self.lost).to(content)
            pixels = pixels.clamp_(0, 1)
            if rings is None and tones is None:
                yield Part(count / len(self.boxes), box, pixels)
                continue
            calm = self._calm(box, content)
            if rings is not None:
                rings.look_at(pixels, content, self.strength * calm, box)
            if tones is not None:
                tones.look_at(pixels, content, calm)
            box.of(self.painted).copy_(pixels)
            yield Part(0.5 * count / len(self.boxes))
        self.lost = None
        if rings is None and tones is None:
            return
        if rings is not None:
            rings.fit()
        if tones is not None:
            tones.settle(self.strength * self._calmness.drawn)
        for count, box in enumerate(self.boxes, 1):
            content = self.content.read(box)
            pixels = box.of(self.painted).to(content)
            if rings is not None:
                pixels = rings.taken_off(pixels, content, box).clamp_(0, 1)
            if tones is not None:
                pixels = tones.led(pixels, content, self._calm(box, content))
            yield Part(0.5 + 0.5 * count / len(self.boxes), box, pixels)

    @property
    def _calmness(self) -> Calmness:
        assert self.calmness is not None  # only a content with flat areas has rings, tones or strokes
        return self.calmness

    def _calm(self, box: Box, content: Tensor) -> Tensor:
        return self._calmness.at(box).to(content)

    def _end(self, end: int, axis: int) -> int:
        return self.padded[axis] if end == (self.height, self.width)[axis] else end

    def _margined(self, box: Box) -> Tensor:
        """The same of a part that may reach into the margins that the content is given."""
        return _padded(self._grained(Box(box.top, min(box.bottom, self.height), box.left, min(box.right, self.width))))

    def _grained(self, box: Box) -> Tensor:
        """A part of the content, with brushwork where it is flat."""
        if not self.strokes:
            return self.content.read(box)
        window = box.grown(SEEN, self.height, self.width)
        pixels = self.content.read(window)
        flat = self._calmness.flat(pixels, window)
        flat = Flat(box.of(flat.calm, window), box.of(flat.bare, window), flat.drawn)
        return brushed(box.of(pixels, window), flat, self.strokes, self.grain, (box.top, box.left))

    def _gather(
        self, gatherings: Mapping[str, Gathering], read: Read, size: tuple[int, int], box: Box
    ) -> tuple[Box, Tensor, dict[str, Tensor]]:
        """Adds the moments of a part of a picture of `size`; returns where its relu4_1 maps lie, these, and the maps of
        the fused depths with their margins."""
        window = box.grown(MARGIN, *size)
        found = self._read(read(window), DEPTHS)
        place = maps = None
        for name in DEPTHS[::-1]:  # the deepest last
            place, seen = (_place(part, _stride(name), size) for part in (box, window))
            maps = place.of(found[name], seen)
            gatherings[name].add(maps, place, size[1] // _stride(name))
        assert place is not None and maps is not None
        return place, maps, {name: found[name] for name in self.painter.decoder.fused}

    def _read(self, pixels: Tensor, wanted: Sequence[str]) -> dict[str, Tensor]:
        if not wanted:
            return {}
        return self.painter.encoder(pixels.contiguous(memory_format=torch.channels_last), wanted)

    def _made(self, box: Box, window: Box, known: Encoded, strength: float) -> Tensor:
        """The part `box` as painted, from the maps of the fused depths in its `window`, which `known` holds."""
        decoder = self.painter.decoder
        inner = box.grown(DECODED, self.height, self.width)
        place = inner.at(STRIDE)
        around = place.grown(1 + 2 * len(decoder.blocks), *self.deep.shape[2:])
        deep = around.of(self.deep).to(known.pixels).contiguous(memory_format=torch.channels_last)
        deepest, style = self.painter.restyled(replace(known, maps={"relu4_1": deep}), strength)
        given = {}
        for name, maps in known.maps.items():
            seen = (Box(*(-(-end // STRIDE) * STRIDE for end in part)).at(_stride(name)) for part in (inner, window))
            given[name] = next(seen).of(maps, next(seen))
        given, _ = self.painter.restyled(replace(known, maps=given), strength)
        laid = place.of(decoder.lay_out(deepest["relu4_1"], style), around)
        return box.of(decoder.finish(laid.contiguous(memory_format=torch.channels_last), given, style), inner)


def _all(picture: Picture) -> Tensor:
    return picture.read(Box(0, picture.height, 0, picture.width))


def _tones(picture: Picture) -> Tensor:
    return tones_of(_all(picture))


def _strokes(picture: Picture, seed: int) -> Tensor:
    return random_phase(_all(picture), seed).half()


def _colours(picture: Picture) -> Moments:
    gathering = Gathering(glance(picture.height, picture.width))
    for box in tiles(picture.height, picture.width, SIDE):
        gathering.add(picture.read(box), box, picture.width)
    return gathering.moments()


def _padded(pixels: Tensor) -> Tensor:
    return nn.functional.pad(pixels, margins(pixels), mode="reflect")


def _gatherings(painter: FastTransfer, size: tuple[int, int]) -> dict[str, Gathering]:
    """One for each depth of a picture of `size`, exact where it is painted from."""
    read = painter.decoder.read
    places = {name: [side // _stride(name) for side in size] for name in DEPTHS}
    return {name: Gathering(1 if name in read else glance(*sides)) for name, sides in places.items()}


def _stride(name: str) -> int:
    return 2 ** (int(name[4]) - 1)


def _place(box: Box, stride: int, size: tuple[int, int]) -> Box:
    """Where a part of a picture of `size` lies in its maps: of what is no whole stride at the end there is none."""
    top, bottom, left, right = box.at(stride)
    return Box(top, min(bottom, size[0] // stride), left, min(right, size[1] // stride))
