"""Figures and a sheet for the classical methods on pairs of pictures they were not trained on."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from styleshot_demo.errors import Problem
from styleshot_demo.evaluation.metrics import (
    Features,
    colour_histogram_distance,
    content_distance,
    edge_f1,
    structural_similarity,
    style_gram_distance,
    style_sliced_distance,
)
from styleshot_demo.evaluation.sheets import at_full_size, sheet_of, write
from styleshot_demo.helpers.faces import faces
from styleshot_demo.images.ops import to_image, to_tensor
from styleshot_demo.jobs import METHODS, ClassicalJob
from styleshot_demo.pictures import fit_longest, open_picture
from styleshot_demo.research.microast import MicroAST
from styleshot_demo.research.onnx_network import OnnxNetwork
from styleshot_demo.research.squeezenet import SqueezeNet
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio
from styleshot_demo.training.folders import pictures_in, split

Painter = Callable[[Image.Image, Image.Image], tuple[Image.Image, float]]  # photo, painting -> picture, seconds
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def evaluate(
    content: Path,
    style: Path,
    pairs: int = 60,
    *,
    size: int = 384,
    methods: Sequence[str] = ("fast", "optimise"),
    teacher: Path | None = None,
    network: OnnxNetwork | SqueezeNet | None = None,
    microast: Path | None = None,
    seed: int = 0,
    part: str = "held",
    sheet: Path | None = None,
    crops: bool = False,
    on_pair: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Mean figures per method over `pairs` pairs drawn from two folders.

    content, style  folders of pictures
    size            longest side of contents, styles and results, pixels
    teacher         folder of the compressed VGG-19 to judge with; None judges with our own encoder
    network         an image classifier to judge with in their place: best one that training did not use
    microast        folder of MicroAST's published weights: it paints the same pairs in turn, and the time of each
                    method is also told as a share of its time (median over the pairs)
    part            "held": only pictures that training leaves out (`training.folders.split`), "all"
    sheet           where to save a picture of the first pairs and their results, if anywhere
    crops           show there each picture also at 100 %, around the largest face or the middle
    on_pair         told after each pair how many are done

    Without `network`, the features that judge are those that training and optimisation saw, so the figures compare
    settings with one another; they flatter both when set beside a method that saw other features.
    """
    for method in methods:
        if method not in METHODS:
            raise Problem("unknown_choice", name="method", value=method, choices=", ".join(METHODS))
    drawn = draw_pairs(content, style, pairs, seed, part)
    studio = Studio(Settings(provenance=False))
    features = network or judge_of(teacher, studio)
    painters: dict[str, Painter] = {
        method: partial(_with_studio, studio, method=method, size=size, seed=seed) for method in methods
    }
    if microast is not None:
        painters["microast"] = partial(_with_peer, MicroAST(microast))
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in painters}
    shown: list[list[Image.Image]] = []
    _warm_up(studio, methods, drawn[0], size)
    for number, (content_path, style_path) in enumerate(drawn, 1):
        photo = fit_longest(open_picture(content_path).convert("RGB"), size)
        painting = fit_longest(open_picture(style_path).convert("RGB"), size)
        photo_tensor, painting_tensor = to_tensor(photo), to_tensor(painting)
        made = []
        for name, paint in painters.items():
            image, seconds = paint(photo, painting)
            made.append(image)
            row = _row(features, to_tensor(image), photo_tensor, painting_tensor)
            rows[name].append(row | {"seconds": seconds})
        if sheet is not None and len(shown) < 24:
            middle = _middle(photo) if crops else None
            details = [at_full_size(image, middle) for image in (photo, *made)] if middle else []
            shown.append([photo, painting, *made, *details])
        on_pair(number, len(drawn))
    if sheet is not None:
        details = [f"{name}, 100 %" for name in ("content", *painters)] if crops else []
        write(sheet_of(shown, ["content", "style", *painters, *details]), sheet)
    figures = {
        "features": network.source if network else "compressed VGG-19" if teacher else "built-in encoder",
        "pairs": len(drawn),
        "size": size,
        "part": part,
        "seed": seed,
        "methods": {name: _mean(found) for name, found in rows.items()},
    }
    if microast is not None:
        figures["seconds_over_microast"] = {
            method: _ratio([row["seconds"] for row in rows[method]], [row["seconds"] for row in rows["microast"]])
            for method in methods
        }
    return figures


@torch.inference_mode()
def _row(features: Features, made: Tensor, photo: Tensor, painting: Tensor) -> dict[str, float]:
    return {
        "content": content_distance(features, made, photo),
        "gram": style_gram_distance(features, made, painting),
        "sliced_wasserstein": style_sliced_distance(features, made, painting),
        "edge_f1": edge_f1(made, photo),
        "ssim": structural_similarity(made, photo),
        "colour_histogram": colour_histogram_distance(made, painting),
    }


def _with_studio(
    studio: Studio, photo: Image.Image, painting: Image.Image, *, method: str, size: int, seed: int
) -> tuple[Image.Image, float]:
    result = studio.finish(ClassicalJob(photo, ((painting, 1.0),), method=method, size=size, seed=seed))
    return result.images[0], result.seconds


def _with_peer(
    peer: Callable[[Tensor, Tensor], Tensor], photo: Image.Image, painting: Image.Image
) -> tuple[Image.Image, float]:
    began = time.perf_counter()
    with torch.inference_mode():
        image = to_image(peer(to_tensor(photo), to_tensor(painting)))
    return image, time.perf_counter() - began


def _middle(photo: Image.Image) -> tuple[float, float]:
    """Where to look closely, in shares of width and height: at the largest face, or at the middle."""
    found = faces(photo)
    if not found:
        return 0.5, 0.5
    left, top, right, bottom = found[0].box
    return (left + right) / 2 / photo.width, (top + bottom) / 2 / photo.height


def _ratio(times: list[float], others: list[float]) -> float:
    return round(float(np.median(np.array(times) / np.array(others))), 3)


def draw_pairs(content: Path, style: Path, pairs: int, seed: int, part: str) -> list[tuple[Path, Path]]:
    """`pairs` (content, style) paths; every picture is used before one is used again."""
    if part not in ("held", "all"):
        raise Problem("unknown_choice", name="part", value=part, choices="held, all")
    rng = np.random.default_rng(seed)
    columns = []
    for folder in (content, style):
        paths = pictures_in(folder)
        paths = split(paths)[1] if part == "held" else paths
        if not paths:
            raise Problem("too_few_pictures" if part == "held" and pictures_in(folder) else "no_pictures")
        rounds = -(-pairs // len(paths))
        columns.append([paths[place] for _ in range(rounds) for place in rng.permutation(len(paths))][:pairs])
    return list(zip(*columns, strict=True))


def judge_of(teacher: Path | None, studio: Studio) -> Features:
    """The features of the teacher in a folder; None: of our own encoder, which `fast` and `optimise` have seen too."""
    from styleshot_demo.classical.weights import load_encoder
    from styleshot_demo.models import hub
    from styleshot_demo.research.teacher import Teacher

    if teacher is not None:
        network = Teacher(teacher)
    else:
        network = load_encoder(hub.require("encoder", studio.settings).files["weights/encoder.safetensors"])
    return lambda pixels: network(pixels, set(LAYERS))


def _warm_up(studio: Studio, methods: Sequence[str], pair: tuple[Path, Path], size: int) -> None:
    """One short run each, so that loading is not counted as painting."""
    for method in methods:
        content, style = cast(Any, pair)  # files, which the job opens
        studio.finish(ClassicalJob(content, style, method=method, size=size, steps=3, strength=0.9))


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    figures = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in rows[0]}
    # A busy machine stretches some runs: the median says what a run costs.
    figures["seconds"] = round(float(np.median([row["seconds"] for row in rows])), 4)
    return figures
