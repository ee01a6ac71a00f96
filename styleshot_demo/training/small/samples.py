"""Training examples from a pack: a picture, what it is called, and another picture in the same style.

The reference never shows the picture itself: for an emoji it is another thing of the same set on the same background,
for a painting or photo another crop, for a restyled picture the painting that lent its style. So all that the target
and its reference share is style, and what the words say can come from the words alone.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from styleshot_demo.training.small import captions
from styleshot_demo.training.small.augmentation import (
    FINE,
    SIDE,
    background,
    box_of,
    contour,
    crop,
    cut,
    hue_turn,
    placed,
)
from styleshot_demo.training.small.pack import Pack
from styleshot_demo.training.small.triplets import Triplets


@dataclass(frozen=True)
class Mix:
    """Shares of the kinds of examples in a batch, and how they are varied."""

    things: float = 0.5  # emoji on a background
    restyled_things: float = 0.25  # emoji that the fast network has painted like a painting
    pictures: float = 0.1  # paintings and photos
    restyled_photos: float = 0.15
    palette: float = 0.25  # share of the emoji whose colours are turned, those of their references alike


@dataclass
class PairBatch:
    """B examples; pictures are float in [0, 1]."""

    targets: Tensor  # [B, 3, 128, 128]
    references: Tensor  # [B, 3, 128, 128]
    texts: list[str]
    kinds: list[str] = field(default_factory=list)
    # What image-driven training follows: contours of the picture before it was restyled, [B, 3, 256, 256].
    contours: Tensor | None = None
    # What target and reference share, [B] int64: the number of a set of emoji, or of a painting or photo.
    styles: Tensor | None = None


class PairSampler:
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

    def batch(self, count: int, step: int) -> PairBatch:
        """`count` examples of the training part."""
        rng = np.random.default_rng((self.seed, step))
        # Even shares within the batch: less noise in the gradient than drawing each kind alone.
        draws = (np.arange(count) + rng.random()) / count
        kinds = [self.kinds[min(int(np.searchsorted(self.shares, draw)), len(self.kinds) - 1)] for draw in draws]
        contours = bool(self.contours_every) and step % self.contours_every == 0
        return self.make([self._plan(kind, rng) for kind in kinds], rng, contours)

    def make(self, plans: list[dict[str, Any]], rng: np.random.Generator, contours: bool = False) -> PairBatch:
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
                targets[n], contents[n] = self._restyled.pixels(place)
                painting = self.pack.pictures[self._restyled.paintings[place]]
                references[n] = crop(painting, rng, 0.6)
                if plan["kind"] == "restyled_photo":
                    if contours:
                        photo = self.pack.pictures[self._restyled.sources[place]]
                        contents[n] = cut(photo, self._restyled.boxes[place], FINE)
                    if rng.random() < 0.5:
                        targets[n], contents[n] = targets[n].flip(-1), contents[n].flip(-1)
        texts = [plan["text"] for plan in plans]
        lines = torch.stack([contour(content) for content in contents]) if contours else None
        styles = torch.tensor([self._style(plan) for plan in plans])
        return PairBatch(targets, references, texts, [plan["kind"] for plan in plans], lines, styles)

    @property
    def _restyled(self) -> Triplets:
        assert self.triplets is not None  # without them no plan is of a restyled picture
        return self.triplets

    def _style(self, plan: dict[str, Any]) -> int:
        target = plan["target"]
        if plan["kind"] == "thing":
            return self.set_names.index(self.pack.sets[target])
        picture = target if plan["kind"] == "picture" else self._restyled.paintings[target]
        return len(self.set_names) + int(picture)

    def _plan(self, kind: str, rng: np.random.Generator) -> dict[str, Any]:
        if kind == "thing":
            target = int(self.emoji[rng.integers(len(self.emoji))])
            return {"kind": kind, "target": target, "reference": self.other(target, rng)} | self._named(target, rng)
        if kind == "picture":
            target = int(self.pictures[rng.integers(len(self.pictures))])
            return {"kind": kind, "target": target, "text": self.pack.captions[target]}
        places = self._restyled.places(kind)
        target = int(places[rng.integers(len(places))])
        source = self._restyled.sources[target]
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
