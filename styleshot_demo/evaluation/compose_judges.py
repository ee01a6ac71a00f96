"""What a picture shows, told by drawings of other hands, and in which style, told by the style pictures."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, normalize

from styleshot_demo.evaluation.drawing_sets import DrawingSet
from styleshot_demo.evaluation.metrics import Features
from styleshot_demo.images.ops import to_tensor

SIDE = 224  # pixels of what the network sees of a thing, the size that ImageNet's classifiers are trained at
LAST, GRID = "fire9", 3  # the map that things are told by, as means over 3 x 3 fields
MARGIN = 0.1  # of a thing's longer side, left around it
# How a prototype is seen: ground, longer side as a share of the picture, shift to the right, grey, blur in pixels.
VIEWS = (
    ((255, 255, 255), 0.8, 0.0, False, 0.0),
    ((128, 128, 128), 0.7, 0.05, False, 1.5),
    ((0, 0, 0), 0.85, 0.0, True, 0.0),
    ((150, 190, 225), 0.75, -0.05, False, 0.0),
    ((225, 215, 190), 0.9, 0.0, True, 1.5),
    ((60, 70, 50), 0.8, 0.0, False, 0.0),
)
FINE = ("relu1", "fire3", "fire5")  # maps that styles are told by, of strides 2 to 8: strokes and their colours
Box = tuple[int, int, int, int]


class ThingJudge:
    """Tells things by the cosine of their features with prototypes, both less the mean of all prototypes.

    A picture's features are the means of SqueezeNet's last map over 3 x 3 fields, their square roots (which keep a few
    strong channels from deciding) of norm 1. A name's prototype is the mean of its drawings, of each set one, each in
    six `VIEWS` on plain grounds, half of them plain, the others in grey, blurred or both. None of them is painted.
    """

    def __init__(self, features: Features, sets: Sequence[DrawingSet], names: Sequence[str]) -> None:
        self._features, self._places = features, {name: place for place, name in enumerate(names)}
        found = torch.stack([self._prototype(sets, name) for name in names])
        self._mean = found.mean(0)
        self._prototypes = normalize(found - self._mean)

    def place(self, name: str, picture: Image.Image, box: Box | None) -> int:
        """How many of the names come before `name` in what a square around `box` shows; None: in the whole picture."""
        found = self._read([_square(picture, box or (0, 0, *picture.size))])[0]
        likeness = self._prototypes @ (found - self._mean)
        return int((likeness > likeness[self._places[name]]).sum())

    def _prototype(self, sets: Sequence[DrawingSet], name: str) -> Tensor:
        drawings = [one.draw(name, SIDE) for one in sets]
        return self._read([_seen(drawing, *view) for drawing in drawings for view in VIEWS]).mean(0)

    def _read(self, pictures: Sequence[Image.Image]) -> Tensor:
        with torch.inference_mode():
            maps = self._features(torch.cat([to_tensor(one) for one in pictures]))[LAST]
        return normalize(adaptive_avg_pool2d(maps, GRID).flatten(1).sqrt())


class StyleJudge:
    """Tells styles by the nearest Gram matrices of SqueezeNet's fine maps, each divided by its norm (Gatys et al.)."""

    def __init__(self, features: Features, styles: Sequence[Image.Image]) -> None:
        """`styles`: as large as the painter sees them."""
        self._features = features
        self._known = [self._grams(style) for style in styles]

    def style(self, picture: Image.Image) -> int:
        """The place of the style in which `picture` looks painted."""
        found = self._grams(picture)
        return int(np.argmin([distance(found, known) for known in self._known]))

    def _grams(self, picture: Image.Image) -> list[Tensor]:
        with torch.inference_mode():
            maps = self._features(to_tensor(picture))
            flat = [maps[name][0].flatten(1) for name in FINE]
            return [normalize((one @ one.T).flatten(), dim=0) for one in flat]


def distance(one: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    return sum(float((mine - its).norm()) for mine, its in zip(one, other, strict=True))


def _seen(
    drawing: Image.Image, ground: tuple[int, int, int], share: float, shift: float, grey: bool, blur: float
) -> Image.Image:
    longer = share * SIDE / max(drawing.size)
    drawing = drawing.resize([max(1, round(side * longer)) for side in drawing.size], Image.Resampling.LANCZOS)
    made = Image.new("RGB", (SIDE, SIDE), ground)
    left, top = ((SIDE - side) // 2 for side in drawing.size)
    made.paste(drawing, (left + round(shift * SIDE), top - round(shift * SIDE)), drawing)
    if grey:
        made = made.convert("L").convert("RGB")
    return made.filter(ImageFilter.GaussianBlur(blur)) if blur else made


def _square(picture: Image.Image, box: Box) -> Image.Image:
    """A square with `box` in its middle, moved where it would leave the picture, of `SIDE` pixels."""
    left, top, right, bottom = box
    side = min((1 + 2 * MARGIN) * max(right - left, bottom - top), *picture.size)
    left = min(max((left + right - side) / 2, 0), picture.width - side)
    top = min(max((top + bottom - side) / 2, 0), picture.height - side)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
