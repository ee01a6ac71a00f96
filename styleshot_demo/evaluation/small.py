"""How good the small StyleShot is, on what its training never saw: things asked for, styles, lines, the slider.

Every picture is made by the studio, as a person would get it. The judge is a network: the teacher of training where its
folder is given, else the program's own encoder. Both are networks that training could use, so the figures compare
trainings with one another; another judge will find others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from styleshot_demo.classical.losses import gram
from styleshot_demo.destinations import make_folder
from styleshot_demo.evaluation.classical import LAYERS, judge_of
from styleshot_demo.evaluation.metrics import Features, edge_f1
from styleshot_demo.evaluation.sheets import sheet_of, write
from styleshot_demo.images.ops import to_tensor
from styleshot_demo.jobs import ImageJob, TextJob
from styleshot_demo.studio import Studio
from styleshot_demo.training.small.pack import HELD_SET, Pack

SIDE = 256
GALLERY, STYLES, TOP = 300, 20, 5
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
# What a thing is shows in the deep layers, at places; a grid of 6 forgives shifts of some twenty pixels.
SHAPE_LAYERS, GRID = ("relu4_1", "relu5_1"), 6
MUST = {"top5": 0.35, "style_text": 0.5, "style_image": 0.6, "edge_f1": 0.55, "strength": 0.8}
CHANCE = {"top5": TOP / GALLERY, "style_text": 1 / STYLES, "style_image": 1 / STYLES, "edge_f1": None, "strength": 0.0}
TITLES = {
    "top5": "text-driven: the right thing among 300, top 5",
    "style_text": "text-driven: the right style among 20, top 1",
    "style_image": "image-driven: the right style among 20, top 1",
    "edge_f1": "image-driven: edge F1 (3 px)",
    "strength": "style strength: Spearman over 5 settings",
}


@dataclass(frozen=True)
class Counts:
    """How many pictures each figure is made of."""

    things: int = 100
    text_pairs: int = 60
    image_pairs: int = 60
    sweeps: int = 12


def evaluate(
    pack: Pack,
    studio: Studio,
    counts: Counts | None = None,
    *,
    steps: int = 20,
    teacher: Path | None = None,
    seed: int = 0,
    sheets: Path | None = None,
    on_picture: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Figures by name, with what must be reached and what chance gives.

    pack      the training pictures; what training left out of them is used: a whole set of emoji as drawing style,
              and paintings and photos
    steps     of each picture
    teacher   folder of the network to judge with; None: the program's own encoder
    sheets    folder for sheets of the results, if anywhere
    """
    counts = counts or Counts()
    rng = np.random.default_rng(seed)
    total = counts.things + counts.text_pairs + counts.image_pairs + counts.sweeps * len(STRENGTHS)
    exam = _EvaluationContext(pack, judge_of(teacher, studio), rng, _Painted(studio, total, on_picture), steps, sheets)
    # Each draws from the one generator, so their order is a part of what a seed means.
    styles, contents = style_pictures(pack, rng), content_pictures(pack, rng)
    names = _things(pack)
    figures = _things_told(exam, names, counts.things)
    looks = torch.stack([look(exam.judge, style) for style in styles])
    figures |= _styles_of_words(exam, names, styles, looks, counts.text_pairs)
    figures |= _styles_and_lines(exam, contents, styles, looks, counts.image_pairs)
    figures |= _strengths(exam, names, styles, counts.sweeps)

    table = [
        {"what": TITLES[name], "figure": round(figures[name], 3), "must_reach": MUST[name], "chance": CHANCE[name]}
        for name in MUST
        if name in figures
    ]
    return {
        "judge": "the built-in encoder" if teacher is None else "the teacher of training",
        "pictures": exam.made.done,
        "steps": steps,
        "table": table,
        "figures": {name: round(value, 4) for name, value in figures.items()},
    }


class _Painted:
    """Pictures as a person would get them, counted."""

    def __init__(self, studio: Studio, total: int, on_picture: Callable[[int, int], None]) -> None:
        self._studio, self._total, self._on_picture = studio, total, on_picture
        self.done = 0

    def __call__(self, job: TextJob | ImageJob) -> Image.Image:
        image = self._studio.finish(job).images[0]
        self.done += 1
        self._on_picture(self.done, self._total)
        return image


@dataclass(frozen=True)
class _EvaluationContext:
    """What all figures are found with."""

    pack: Pack
    judge: Features
    rng: np.random.Generator
    made: _Painted
    steps: int
    sheets: Path | None

    def text(self, style: Image.Image, prompt: str, seed: int, **settings: Any) -> Image.Image:
        """What the small model makes of words in a style."""
        given = {"model": "small", "size": SIDE, "steps": self.steps, **settings}
        return self.made(TextJob(styles=((style, 1.0),), prompt=prompt, seed=seed, **given))

    def image(self, style: Image.Image, content: Image.Image, seed: int) -> Image.Image:
        """What it makes of a content in a style."""
        given: dict[str, Any] = {"model": "small", "size": SIDE, "steps": self.steps}
        return self.made(ImageJob(content=content, styles=((style, 1.0),), seed=seed, **given))


def _things_told(exam: _EvaluationContext, names: np.ndarray, count: int) -> dict[str, float]:
    """Text-driven: how often what was asked for is the nearest of all the things, or among the nearest."""
    pack, judge, rng = exam.pack, exam.judge, exam.rng
    places = rng.permutation(len(names))[: min(GALLERY, len(names))]
    gallery = [int(names[n]) for n in places]
    if not gallery or not count:
        return {}
    wanted = gallery[:count]
    found = [
        exam.text(on_white(pack, _other(pack, place, rng)), _name(pack, place), n) for n, place in enumerate(wanted)
    ]
    shapes = torch.stack([shape(judge, on_white(pack, place)) for place in gallery])
    ranks = [rank(shape(judge, image), shapes, n) for n, image in enumerate(found)]
    _save(exam.sheets, "things", [[on_white(pack, p), i] for p, i in zip(wanted, found, strict=True)])
    return {
        "top5": float(np.mean([place < TOP for place in ranks])),
        "top1": float(np.mean([place < 1 for place in ranks])),
        "across_sets_top5": _across_sets(judge, pack, gallery, found),
    }


def _styles_of_words(
    exam: _EvaluationContext, names: np.ndarray, styles: Sequence[Image.Image], looks: Tensor, count: int
) -> dict[str, float]:
    """Text-driven: how often the style asked for is the nearest of all."""
    results = []
    for n in range(count):
        prompt = _name(exam.pack, int(exam.rng.choice(names)))
        results.append(exam.text(styles[n % len(styles)], prompt, 1000 + n))
    if not results:
        return {}
    _save(exam.sheets, "text", [[styles[n % len(styles)], image] for n, image in enumerate(results)])
    return {"style_text": _style_hits(exam.judge, results, looks)}


def _styles_and_lines(
    exam: _EvaluationContext, contents: Sequence[Image.Image], styles: Sequence[Image.Image], looks: Tensor, count: int
) -> dict[str, float]:
    """Image-driven: how often the style asked for is the nearest of all, and how well the content's edges are kept."""
    rows, scores = [], []
    for n in range(count):
        content, style = contents[n % len(contents)], styles[n % len(styles)]
        image = exam.image(style, content, 2000 + n)
        rows.append([content, style, image])
        scores.append(edge_f1(to_tensor(image), to_tensor(content.resize(image.size))))
    if not rows:
        return {}
    _save(exam.sheets, "image", rows)
    hits = _style_hits(exam.judge, [image for *_, image in rows], looks)
    return {"style_image": hits, "edge_f1": float(np.mean(scores))}


def _strengths(
    exam: _EvaluationContext, names: np.ndarray, styles: Sequence[Image.Image], count: int
) -> dict[str, float]:
    """How well pictures come nearer to a style as its strength rises."""
    slopes, rows = [], []
    for n in range(count):
        style, prompt = styles[(7 * n) % len(styles)], _name(exam.pack, int(exam.rng.choice(names)))
        row = [exam.text(style, prompt, 3000 + n, style_strength=strength) for strength in STRENGTHS]
        goal = look(exam.judge, style)
        distances = [float((look(exam.judge, image) - goal).norm()) for image in row]
        slopes.append(-spearman(distances, list(STRENGTHS)))
        rows.append([style, *row])
    if not slopes:
        return {}
    _save(exam.sheets, "strength", rows)
    return {"strength": float(np.mean(slopes))}


def style_pictures(pack: Pack, rng: np.random.Generator, count: int = STYLES) -> list[Image.Image]:
    """Styles to tell apart: paintings that training did not see, and an emoji of each set."""
    drawn = []
    for name in sorted(set(pack.sets)):
        places = [n for n, one in enumerate(pack.sets) if one == name]
        drawn.append(on_white(pack, int(rng.choice(places))))
    held = rng.permutation(pack.picture_places("paintings", held=True))[: max(0, count - len(drawn))]
    return [_square(pack.pictures[n]) for n in held] + drawn[:count]


def content_pictures(pack: Pack, rng: np.random.Generator, count: int = STYLES) -> list[Image.Image]:
    """Photos that training did not see, and drawings of the set that it did not see; half each."""
    photos = rng.permutation(pack.picture_places("photos", held=True))[: count // 2]
    emoji = rng.permutation(pack.emoji_places(held_set=True))[: count - len(photos)]
    found = [_square(pack.pictures[n]) for n in photos] + [on_white(pack, int(n)) for n in emoji]
    return [found[n] for n in rng.permutation(len(found))]


def on_white(pack: Pack, place: int) -> Image.Image:
    """An emoji of the pack on white paper, 256 pixels."""
    side = SIDE * 9 // 10
    art = Image.fromarray(pack.emoji[place]).resize((side, side), Image.Resampling.BICUBIC)
    paper = Image.new("RGB", (SIDE, SIDE), "white")
    margin = (SIDE - side) // 2
    paper.paste(art, (margin, margin), art)
    return paper


@torch.no_grad()
def shape(judge: Features, image: Image.Image) -> Tensor:
    """A unit vector of what is where: deep features on a grid, each layer of equal weight."""
    found = judge(to_tensor(image.resize((SIDE, SIDE))))
    parts = []
    for name in SHAPE_LAYERS:
        cells = F.adaptive_avg_pool2d(found[name], GRID)
        parts.append(F.normalize((cells - cells.mean((2, 3), keepdim=True)).flatten(), dim=0))
    return F.normalize(torch.cat(parts), dim=0)


@torch.no_grad()
def look(judge: Features, image: Image.Image) -> Tensor:
    """A vector of how it is painted: the Gram matrices of all layers, each of unit length."""
    found = judge(to_tensor(image.resize((SIDE, SIDE))))
    return torch.cat([F.normalize(gram(found[name]).flatten(), dim=0) for name in LAYERS])


def rank(one: Tensor, gallery: Tensor, place: int) -> int:
    """How many of the gallery [N, D] lie nearer to `one` than number `place` does."""
    nearness = gallery @ one
    return int((nearness > nearness[place]).sum())


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Rank correlation, -1 to 1; equal numbers share their mean rank. 0 where all numbers of a side are equal."""
    from scipy.stats import spearmanr

    # What never changes follows nothing; SciPy calls that undefined, and a figure has to be a number.
    if min(len(set(one)), len(set(other))) < 2:
        return 0.0
    return float(cast(Any, spearmanr(one, other)).statistic)  # a name that its stubs do not know


def _style_hits(judge: Features, images: Sequence[Image.Image], looks: Tensor) -> float:
    """Share of the images, made with the styles in turn, that lie nearest to their own style."""
    nearest = [int((looks - look(judge, image)).norm(dim=1).argmin()) for image in images]
    return float(np.mean([place == n % len(looks) for n, place in enumerate(nearest)]))


def _across_sets(judge: Features, pack: Pack, gallery: Sequence[int], found: Sequence[Image.Image]) -> float:
    """Top 5 where each thing is known by its mean over the other sets, not by the drawing style that was asked for."""
    others: dict[str, list[int]] = {}
    for place, (name, code) in enumerate(zip(pack.sets, pack.codes, strict=True)):
        if not name.startswith(HELD_SET):
            others.setdefault(code, []).append(place)
    known = []
    for place in gallery:
        whole = sum(shape(judge, on_white(pack, n)) for n in others.get(pack.codes[place], [place]))
        known.append(F.normalize(cast(Tensor, whole), dim=0))
    means = torch.stack(known)
    return float(np.mean([rank(shape(judge, image), means, n) < TOP for n, image in enumerate(found)]))


def _things(pack: Pack) -> np.ndarray:
    """Places of the held-out set's pictures of things that training knows by name, each name once."""
    places = {pack.things[pack.codes[n]]["name"]: int(n) for n in pack.emoji_places(held_set=True)}
    return np.array(sorted(places.values()))


def _name(pack: Pack, place: int) -> str:
    return pack.things[pack.codes[place]]["name"]


def _other(pack: Pack, place: int, rng: np.random.Generator) -> int:
    same = [n for n in pack.emoji_places(held_set=True) if n != place]
    return int(rng.choice(same)) if same else place


def _square(pixels: np.ndarray) -> Image.Image:
    image = Image.fromarray(pixels)
    side = min(image.size)
    left, top = ((length - side) // 2 for length in image.size)
    return image.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _save(folder: Path | None, name: str, rows: Sequence[Sequence[Image.Image]], across: int = 5) -> None:
    if folder is None or not rows:
        return
    make_folder(folder)
    across = max(1, across if len(rows[0]) < 4 else 1)
    lines = [[image for row in rows[n : n + across] for image in row] for n in range(0, len(rows), across)]
    write(sheet_of(lines, [""] * max(len(line) for line in lines), cell=128), folder / f"{name}.png")
