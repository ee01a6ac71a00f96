"""Whether a style is told by its structure alone: in grey, with the tones of all pictures made alike."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from styleshot_demo.errors import Problem
from styleshot_demo.evaluation.classical import judge_of
from styleshot_demo.evaluation.compose_judges import distance
from styleshot_demo.evaluation.metrics import Features
from styleshot_demo.images.ops import to_tensor
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.pictures import fit_longest, open_picture
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio
from styleshot_demo.training.folders import pictures_in

SCALES = (1.0, 0.25)


def evaluate_structure(
    contents: Path,
    style: Path,
    *,
    size: int = 512,
    methods: Sequence[str] = ("fast", "patches"),
    features: Features | None = None,
    seed: int = 0,
    sheet: Path | None = None,
    on_pair: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Which styles are told from one another by how results look in grey, per method, at strength 1.

    contents  folder of pictures, each of which is painted with each style
    style     folder of style pictures: what there is to choose from
    features  of a network, from which Gram matrices are made; None: our own encoder's
    sheet     where to save a grey picture of the results, if anywhere

    A result counts as told where, of all styles, its own has the nearest Gram matrices: of centred features, each
    divided by its norm, summed over the layers, at full and at a quarter of the size, where structures count that are
    larger than a stroke. Before that both become grey and their tones are spread evenly (histogram equalisation), so
    that neither colour nor lightness tells anything.

    told    share of results whose style is told; chance is one in as many as there are styles
    styles  those that are told in at least half of the contents, by name
    """
    paths = pictures_in(style)
    photos = [fit_longest(open_picture(path).convert("RGB"), size) for path in pictures_in(contents)]
    if not paths or not photos:
        raise Problem("picture_missing")
    styles = [fit_longest(open_picture(path).convert("RGB"), size) for path in paths]
    studio = Studio(Settings(provenance=False))
    features = features or judge_of(None, studio)
    known = [_structure(features, painting) for painting in styles]
    told: dict[str, list[list[bool]]] = {method: [[] for _ in styles] for method in methods}
    shown = []
    for number, photo in enumerate(photos):
        for place, painting in enumerate(styles):
            made = []
            for method in methods:
                job = ClassicalJob(photo, ((painting, 1.0),), method=method, size=size, seed=seed)
                made.append(studio.finish(job).images[0])
                own = _structure(features, made[-1])
                nearest = int(np.argmin([distance(own, other) for other in known]))
                told[method][place].append(nearest == place)
            shown.append([grey(one) for one in (photo, painting, *made)])
            on_pair(number * len(styles) + place + 1, len(photos) * len(styles))
    if sheet is not None:
        from styleshot_demo.evaluation.sheets import sheet_of, write

        write(sheet_of(shown, ["content", "style", *methods]), sheet)
    return {
        "contents": len(photos),
        "styles": len(styles),
        "size": size,
        "seed": seed,
        "methods": {
            method: {
                "told": round(float(np.mean(rows)), 4),
                "styles": [path.stem for path, row in zip(paths, rows, strict=True) if np.mean(row) >= 0.5],
            }
            for method, rows in told.items()
        },
    }


def grey(picture: Image.Image) -> Image.Image:
    """RGB without colours, its tones spread evenly."""
    import cv2

    return Image.fromarray(cv2.equalizeHist(np.asarray(picture.convert("L")))).convert("RGB")


def _structure(features: Features, picture: Image.Image) -> list[Tensor]:
    """Of each layer at each scale the Gram matrix of the centred features, divided by its norm."""
    whole = to_tensor(grey(picture))
    made = []
    with torch.inference_mode():
        for scale in SCALES:
            pixels = torch.nn.functional.interpolate(whole, scale_factor=scale, mode="area") if scale < 1 else whole
            for maps in features(pixels).values():
                flat = maps[0].flatten(1)
                flat = flat - flat.mean(1, keepdim=True)
                gram = flat @ flat.T
                made.append(gram / gram.norm().clamp_min(1e-12))
    return made
