"""Whether what the composer paints shows the right thing in the right style, to a network that it never met."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from styleshot_demo.compose.art import by_name
from styleshot_demo.compose.sketch import draw
from styleshot_demo.errors import Problem
from styleshot_demo.evaluation.compose_judges import Box, StyleJudge, ThingJudge
from styleshot_demo.evaluation.drawing_sets import DrawingSet
from styleshot_demo.evaluation.structure import grey
from styleshot_demo.jobs import TextJob
from styleshot_demo.pictures import fit_longest, open_picture
from styleshot_demo.research.squeezenet import SqueezeNet
from styleshot_demo.runners.scenes import SIZE, scene_of
from styleshot_demo.settings import ASSETS, Settings
from styleshot_demo.studio import Studio
from styleshot_demo.training.folders import pictures_in

NAMES, EACH, PAINTINGS, FIRST = 300, 8, 4, 5


def evaluate_painted(
    judge: SqueezeNet,
    sets: Sequence[DrawingSet],
    paintings: Path | None = None,
    seed: int = 0,
    *,
    names: int = NAMES,
    each: int = EACH,
    styles: Path = ASSETS / "styles",
    on_picture: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Shares of results that show the right thing, and the right style, with those of their unpainted sketches.

    sets       drawings of other hands than the composer's, at least one: they say what things look like
    paintings  folder from which four are drawn that count as styles too; None: the styles alone
    names      how many names there are to choose from: drawn from those of all drawings that every set has too
    each       how many pictures each style paints, of one name each; names come again when all are painted

    The names are drawn, in an order, from `seed`, and go to the styles in turn. Each is the prompt of a `TextJob` as
    the Text tab makes it, all else by default: 512 pixels, style strength 1, and a ground that the composer chooses.

    right_thing  share of results where the thing is among the first 5 that `ThingJudge` tells, in a square around
                 where it was drawn; only of what the styles in `styles` paint. sketch: the same of unpainted sketches,
                 which says what the judge itself misses. missed: name, style, how many names came before in both
    right_style  share of results whose style is the first that `StyleJudge` tells, of all that there are. grey: the
                 same with no colours and with tones spread evenly, in results and styles. sketch: of unpainted sketches
    chance       what guessing would reach
    """
    drawn = _names(sets, names, seed)
    paths = pictures_in(styles)
    own = len(paths)
    if paintings is not None:
        paths += random.Random(seed).sample(known := pictures_in(paintings), min(PAINTINGS, len(known)))
    if not paths:
        raise Problem("no_pictures")
    pictures = [open_picture(path).convert("RGB") for path in paths]
    things = ThingJudge(judge, sets, drawn)
    seen = [fit_longest(one, SIZE) for one in pictures]
    in_colour, in_grey = StyleJudge(judge, seen), StyleJudge(judge, [grey(one) for one in seen])
    studio = Studio(Settings(provenance=False))
    places, told, missed = [], [], []
    total = each * len(paths)
    for turn in range(total):
        name, style = drawn[turn % len(drawn)], turn % len(paths)
        sketch, painted, box = _composed(studio, name, pictures[style], seed)
        if style < own:
            places.append([things.place(name, one, box) for one in (painted, sketch)])
            if places[-1][0] >= FIRST:
                missed.append(f"{name} in {paths[style].stem}: {places[-1][0]}, sketch {places[-1][1]}")
        looks = in_colour.style(painted), in_grey.style(grey(painted)), in_colour.style(sketch)
        told.append([look == style for look in looks])
        on_picture(turn + 1, total)
    thing = np.mean(np.array(places) < FIRST, 0)
    style = np.mean(told, 0)
    return {
        "judge": judge.source,
        "drawings": [one.title for one in sets],
        "right_thing": {
            "painted": round(float(thing[0]), 4),
            "sketch": round(float(thing[1]), 4),
            "chance": round(min(1.0, FIRST / len(drawn)), 4),
            "of": len(places),
            "names": len(drawn),
            "missed": missed,
        },
        "right_style": {
            "painted": round(float(style[0]), 4),
            "grey": round(float(style[1]), 4),
            "sketch": round(float(style[2]), 4),
            "chance": round(1 / len(paths), 4),
            "of": total,
            "styles": [path.stem for path in paths],
        },
    }


def _names(sets: Sequence[DrawingSet], count: int, seed: int) -> list[str]:
    shared = [name for name in by_name() if all(name in one for one in sets)]
    if not shared:
        raise Problem("drawings_unusable")
    return random.Random(seed).sample(shared, min(count, len(shared)))


def _composed(studio: Studio, name: str, style: Image.Image, seed: int) -> tuple[Image.Image, Image.Image, Box | None]:
    """(sketch, painted, where the thing is) of a name; no box where the thing is the whole picture, as a sunset is."""
    made = studio.finish(TextJob(((style, 1.0),), name, model="composer", seed=seed))
    # The result does not say where things are, but the same scene and seed are the same sketch.
    box = draw(scene_of(name), made.images[0].size, seed).things_mask().getbbox()
    assert made.control is not None  # the composer's is its sketch
    return made.control, made.images[0], box
