"""What becomes of faces in portraits, kept and painted over."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from styleshot_demo.errors import Problem
from styleshot_demo.evaluation.metrics import edge_f1
from styleshot_demo.helpers.faces import Face, faces
from styleshot_demo.images.ops import to_tensor
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.pictures import fit_longest, open_picture
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio
from styleshot_demo.training.folders import pictures_in

FEATURES = 4  # first of a face's landmarks that are compared: both eyes, nose and mouth
SAME = 0.3  # overlap (intersection over union) of a face with the one it was
WAYS = {"kept": True, "painted": False}


def evaluate_portraits(
    portraits: Path,
    style: Path,
    *,
    size: int = 512,
    methods: Sequence[str] = ("fast",),
    seed: int = 0,
    sheet: Path | None = None,
    on_pair: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Figures per method, with `keep_faces` ("kept") and without ("painted"), at strength 1.

    portraits  folder of pictures; those in which no face is found are left out
    style      folder of style pictures, with each of which each is painted
    size       longest side of everything, pixels
    sheet      where to save a picture of the results, if anywhere

    Means over all faces:

    edge_f1    of the edges inside the face's box against the content's (see `metrics.edge_f1`)
    found      share of the faces that are found again in the result, at their place
    shift      how far eyes, nose and mouth of those moved, in sizes of the face; None if there are none
    skin       how far the mean hue of what lies inside the box turned, degrees of CIELAB's hue, 0 to 180
    """
    contents = [fit_longest(open_picture(path).convert("RGB"), size) for path in pictures_in(portraits)]
    known = [(content, found) for content in contents if (found := faces(content))]
    styles = [fit_longest(open_picture(path).convert("RGB"), size) for path in pictures_in(style)]
    if not known or not styles:
        raise Problem("picture_missing")
    studio = Studio(Settings(provenance=False))
    rows: dict[str, dict[str, list[dict[str, float]]]] = {method: {way: [] for way in WAYS} for method in methods}
    shown = []
    for number, (content, found) in enumerate(known):
        for place, painting in enumerate(styles):
            made = []
            for method in methods:
                for way, keep in WAYS.items():
                    job = ClassicalJob(
                        content, ((painting, 1.0),), method=method, size=size, seed=seed, keep_faces=keep
                    )
                    made.append(studio.finish(job).images[0])
                    rows[method][way] += figures(content, found, made[-1])
            shown.append([content, painting, *made])
            on_pair(number * len(styles) + place + 1, len(known) * len(styles))
    if sheet is not None:
        from styleshot_demo.evaluation.sheets import sheet_of, write

        titles = [f"{method}, {way}" for method in methods for way in WAYS]
        write(sheet_of(shown, ["content", "style", *titles]), sheet)
    return {
        "portraits": len(known),
        "faces": sum(len(found) for _, found in known),
        "styles": len(styles),
        "size": size,
        "seed": seed,
        "methods": {
            method: {way: _means(figures_of) for way, figures_of in ways.items()} for method, ways in rows.items()
        },
    }


def figures(content: Image.Image, found: Sequence[Face], made: Image.Image) -> list[dict[str, float]]:
    """edge_f1, found, shift (nan if it is not found) and skin of each face of one result, as large as `content`."""
    again = faces(made)
    rows = []
    for face in found:
        left, top, right, bottom = (round(side) for side in face.box)
        box = (left, top, right, bottom)
        one, other = content.crop(box), made.crop(box)
        match = max(again, key=lambda seen: overlap(seen.box, face.box), default=None)
        row = {"edge_f1": edge_f1(to_tensor(other), to_tensor(one)), "found": 0.0, "shift": float("nan")}
        if match is not None and overlap(match.box, face.box) >= SAME:
            marks = (np.array(seen.landmarks[:FEATURES]) for seen in (match, face))
            away = np.subtract(*marks)
            row |= {"found": 1.0, "shift": float(np.hypot(*away.T).mean() / face.size)}
        turned = abs(np.degrees(hue(other) - hue(one)))
        rows.append(row | {"skin": float(min(turned, 360 - turned))})
    return rows


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes: left, top, right, bottom."""
    width, height = (min(one[2 + axis], other[2 + axis]) - max(one[axis], other[axis]) for axis in (0, 1))
    both = max(0.0, width) * max(0.0, height)
    areas = ((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / max(sum(areas) - both, 1e-9)


def hue(picture: Image.Image) -> float:
    """Of the mean colour, radians."""
    lab = cv2.cvtColor(np.asarray(picture.convert("RGB"), np.float32) / 255, cv2.COLOR_RGB2LAB)
    red, yellow = lab[..., 1:].mean((0, 1))
    return float(np.arctan2(yellow, red))


def _means(rows: list[dict[str, float]]) -> dict[str, float | None]:
    """None where there is nothing to average: no face was found again."""
    known = {name: [row[name] for row in rows if not np.isnan(row[name])] for name in rows[0]}
    return {name: round(float(np.mean(values)), 3) if values else None for name, values in known.items()}
