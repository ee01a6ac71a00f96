"""Training examples from a pack: a picture, what it is called, and another picture in the same style.

The reference never shows the picture itself: for an emoji it is another thing of the same set on the same background,
for a painting or photo another crop, for a restyled picture the painting that lent its style. So all that the target
and its reference share is style, and what the words say can come from the words alone.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from styleshot_demo.training.small import captions
from styleshot_demo.training.small.pack import Pack
from styleshot_demo.training.small.triplets import Triplets

SIDE = 128  # pixels of targets and references
FINE = 256  # pixels of contours: those of the finished pictures
FILL = 0.9  # side of an emoji's square within the picture, at most


@dataclass(frozen=True)
class Mix:
    """Shares of the kinds of examples in a batch, and how they are varied."""

    things: float = 0.5  # emoji on a background
    restyled_things: float = 0.25  # emoji that the fast network has painted like a painting
    pictures: float = 0.1  # paintings and photos
    restyled_photos: float = 0.15
    palette: float = 0.25  # share of the emoji whose colours are turned, those of their references alike


@dataclass
class Batch:
    """B examples; pictures are float in [0, 1]."""

    targets: Tensor  # [B, 3, 128, 128]
    references: Tensor  # [B, 3, 128, 128]
    texts: list[str]
    kinds: list[str] = field(default_factory=list)
    # What image-driven training follows: contours of the picture before it was restyled, [B, 3, 256, 256].
    contours: Tensor | None = None
    # What target and reference share, [B] int64: the number of a set of emoji, or of a painting or photo.
    styles: Tensor | None = None


class Samples:
    """Batches that depend on (seed, step) alone."""

    def __init__(
        self, pack: Pack, mix: Mix, triplets: Triplets | None = None, seed: int = 0, contours_every: int = 0
    ) -> None:
        """`triplets`: restyled pictures; where there are none their shares go to the pictures they are made from.

        `contours_every`: every so many batches have contours as well; 0: none has.
        """
        self.pack, self.mix, self.triplets, self.seed = pack, mix, triplets, seed
        self.contours_every = contours_every
        self.emoji = pack.emoji_places()
        self.set_names = sorted(set(pack.sets))
        self.style_count = len(self.set_names) + len(pack.pictures)
        self.by_set: dict[str, list[int]] = {}
        for place in self.emoji:
            self.by_set.setdefault(pack.sets[place], []).append(int(place))
        self.pictures = np.concatenate([pack.picture_places(group) for group in ("paintings", "photos")])
        shares = {
            "thing": mix.things,
            "restyled_thing": mix.restyled_things,
            "picture": mix.pictures,
            "restyled_photo": mix.restyled_photos,
        }
        for kind, instead in (("restyled_thing", "thing"), ("restyled_photo", "picture")):
            if triplets is None or not len(triplets.places(kind)):
                shares[instead] += shares.pop(kind)
        self.kinds = list(shares)
        self.shares = np.cumsum(list(shares.values())) / sum(shares.values())

    def batch(self, count: int, step: int) -> Batch:
        """`count` examples of the training part."""
        rng = np.random.default_rng((self.seed, step))
        # Even shares within the batch: less noise in the gradient than drawing each kind alone.
        draws = (np.arange(count) + rng.random()) / count
        kinds = [self.kinds[min(int(np.searchsorted(self.shares, draw)), len(self.kinds) - 1)] for draw in draws]
        contours = bool(self.contours_every) and step % self.contours_every == 0
        return self.make([self._plan(kind, rng) for kind in kinds], rng, contours)

    def make(self, plans: list[dict[str, Any]], rng: np.random.Generator, contours: bool = False) -> Batch:
        """Pictures from plans, with their contours if those are wanted."""
        count = len(plans)
        targets, references = torch.empty(count, 3, SIDE, SIDE), torch.empty(count, 3, SIDE, SIDE)
        contents: list[Tensor] = [torch.empty(0)] * count
        emoji = [n for n, plan in enumerate(plans) if plan["kind"] == "thing"]
        if emoji:
            targets[emoji], references[emoji] = self._emoji([plans[n] for n in emoji], rng)
            for n in emoji:
                contents[n] = targets[n]
        for n, plan in enumerate(plans):
            if plan["kind"] == "picture":
                image = self.pack.pictures[plan["target"]]
                box = box_of(image, rng)
                targets[n], references[n] = cut(image, box), crop(image, rng)
                contents[n] = cut(image, box, FINE) if contours else targets[n]
            elif plan["kind"] != "thing":
                place = plan["target"]
                targets[n], contents[n] = self.triplets.pixels(place)
                painting = self.pack.pictures[self.triplets.paintings[place]]
                references[n] = crop(painting, rng, 0.6)
                if plan["kind"] == "restyled_photo":
                    if contours:
                        photo = self.pack.pictures[self.triplets.sources[place]]
                        contents[n] = cut(photo, self.triplets.boxes[place], FINE)
                    if rng.random() < 0.5:
                        targets[n], contents[n] = targets[n].flip(-1), contents[n].flip(-1)
        texts = [plan["text"] for plan in plans]
        lines = torch.stack([contour(content) for content in contents]) if contours else None
        styles = torch.tensor([self._style(plan) for plan in plans])
        return Batch(targets, references, texts, [plan["kind"] for plan in plans], lines, styles)

    def _style(self, plan: dict[str, Any]) -> int:
        target = plan["target"]
        if plan["kind"] == "thing":
            return self.set_names.index(self.pack.sets[target])
        picture = target if plan["kind"] == "picture" else self.triplets.paintings[target]
        return len(self.set_names) + int(picture)

    def _plan(self, kind: str, rng: np.random.Generator) -> dict[str, Any]:
        if kind == "thing":
            target = int(self.emoji[rng.integers(len(self.emoji))])
            return {"kind": kind, "target": target, "reference": self.other(target, rng)} | self._named(target, rng)
        if kind == "picture":
            target = int(self.pictures[rng.integers(len(self.pictures))])
            return {"kind": kind, "target": target, "text": self.pack.captions[target]}
        places = self.triplets.places(kind)
        target = int(places[rng.integers(len(places))])
        source = self.triplets.sources[target]
        text = self.pack.captions[source] if kind == "restyled_photo" else self._named(source, rng)["text"]
        return {"kind": kind, "target": target, "text": text}

    def other(self, target: int, rng: np.random.Generator) -> int:
        """An emoji of the same set that shows another thing."""
        same = self.by_set[self.pack.sets[target]]
        while True:
            place = same[rng.integers(len(same))]
            if self.pack.codes[place] != self.pack.codes[target] or len(same) == 1:
                return place

    def _named(self, target: int, rng: np.random.Generator) -> dict[str, str]:
        thing = self.pack.things[self.pack.codes[target]]
        return {"text": captions.thing(thing["name"], thing["keywords"], rng)}

    def _emoji(self, plans: list[dict[str, Any]], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """(targets, references) of emoji plans on backgrounds that each pair shares."""
        places = [plan["target"] for plan in plans] + [plan["reference"] for plan in plans]
        count = len(plans)
        art = placed(torch.from_numpy(self.pack.emoji[places]).permute(0, 3, 1, 2).float() / 255, rng)
        colour, alpha = art[:, :3], art[:, 3:]
        grounds = torch.from_numpy(np.stack([background(rng) for _ in plans])).float()
        # Both pictures of a pair are turned by the same amount; black, white and grey stay what they are.
        turned = [n for n in range(count) if rng.random() < self.mix.palette]
        pictures = colour + (1 - alpha) * torch.cat([grounds, grounds])
        for n in turned:
            matrix = torch.from_numpy(hue_turn(rng.uniform(0.1, 0.9))).float()
            for place in (n, n + count):
                pictures[place] = torch.einsum("rc,chw->rhw", matrix, pictures[place])
        pictures = pictures.clamp(0, 1)
        return pictures[:count], pictures[count:]


def placed(art: Tensor, rng: np.random.Generator) -> Tensor:
    """RGBA with straight alpha [N, 4, S, S] -> premultiplied, a little smaller and moved, [N, 4, 128, 128]."""
    count = len(art)
    art = torch.cat([art[:, :3] * art[:, 3:], art[:, 3:]], 1)
    scale = torch.from_numpy(1 / (FILL * rng.uniform(0.92, 1.0, count))).float()
    shift = torch.from_numpy(rng.uniform(-0.05, 0.05, (count, 2))).float()
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0] = matrix[:, 1, 1] = scale
    matrix[:, :, 2] = shift
    grid = F.affine_grid(matrix, [count, 4, SIDE, SIDE], align_corners=False)
    return F.grid_sample(art, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def background(rng: np.random.Generator) -> np.ndarray:
    """White, a colour, or a soft gradient of two: [3, 128, 128] in [0, 1]."""
    kind = rng.random()
    if kind < 0.5:
        return np.ones((3, SIDE, SIDE))
    first = rng.random(3) ** 0.6  # bright rather than dark: black outlines must stay visible
    if kind < 0.75:
        return np.tile(first[:, None, None], (1, SIDE, SIDE))
    second = np.clip(first + rng.normal(0, 0.25, 3), 0, 1)
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    place = np.clip((np.cos(angle) * x + np.sin(angle) * y) / 2.83 + 0.5, 0, 1)
    return first[:, None, None] * (1 - place) + second[:, None, None] * place


def hue_turn(part: float) -> np.ndarray:
    """The 3x3 matrix that turns colours about the grey axis by `part` of a full turn."""
    angle = 2 * np.pi * part
    cosine, sine = np.cos(angle), np.sin(angle)
    third, root = (1 - cosine) / 3, np.sqrt(1 / 3) * sine
    return np.array(
        [
            [cosine + third, third - root, third + root],
            [third + root, cosine + third, third - root],
            [third - root, third + root, cosine + third],
        ]
    )


def crop(image: np.ndarray, rng: np.random.Generator, smallest: float = 0.5, side: int = SIDE) -> Tensor:
    """A random square of uint8 [H, W, 3], `smallest` to 1 of its short side, turned round half the time."""
    return cut(image, box_of(image, rng, smallest), side)


def box_of(image: np.ndarray, rng: np.random.Generator, smallest: float = 0.5) -> tuple[int, int, int, bool]:
    """A random square: top, left, size, and whether it is turned round."""
    height, width = image.shape[:2]
    size = int(min(height, width) * rng.uniform(smallest, 1.0))
    top, left = rng.integers(height - size + 1), rng.integers(width - size + 1)
    return int(top), int(left), size, bool(rng.random() < 0.5)


def cut(image: np.ndarray, box: tuple[int, int, int, bool], side: int = SIDE) -> Tensor:
    """That square of uint8 [H, W, 3] as float [3, side, side] in [0, 1]."""
    top, left, size, turned = box
    part = torch.from_numpy(np.ascontiguousarray(image[top : top + size, left : left + size])).permute(2, 0, 1)
    scaled = F.interpolate(part[None].float() / 255, (side, side), mode="bilinear", antialias=True)[0].clamp(0, 1)
    return scaled.flip(-1) if turned else scaled


def contour(picture: Tensor) -> Tensor:
    """[3, H, W] in [0, 1] -> its contour [3, 256, 256], 0 or 1, by the detector that needs no weights."""
    from styleshot_demo.small.edges import edges

    if picture.shape[-1] != FINE:
        picture = F.interpolate(picture[None], (FINE, FINE), mode="bicubic", antialias=True)[0].clamp(0, 1)
    pixels = (picture * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    lines = np.array(edges(Image.fromarray(pixels)))
    return (torch.from_numpy(lines) > 127).float().expand(3, -1, -1)
