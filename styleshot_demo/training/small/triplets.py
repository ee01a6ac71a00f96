"""Pictures that the built-in fast network has painted like a painting: what teaches style beyond the emoji sets.

Each has its source (an emoji or a photo of the pack), the painting that lent its style, and the source's own pixels.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from styleshot_demo.atomic import put
from styleshot_demo.destinations import make_folder
from styleshot_demo.training.small.augmentation import SIDE, background, box_of, cut, placed
from styleshot_demo.training.small.pack import Pack, decode

if TYPE_CHECKING:
    from styleshot_demo.classical.fast import FastTransfer

KINDS = ("restyled_thing", "restyled_photo")


class Triplets:
    """Restyled pictures in memory; `sources` and `paintings` are places in the pack."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as file:
            index = json.loads(file.read("index.json"))
            pairs = [decode(file.read(f"{place}.webp"), "RGB") for place in range(len(index["kinds"]))]
        # One picture holds both: the result on the left, what it was made from on the right.
        self.images = np.stack(pairs) if pairs else np.empty((0, SIDE, 2 * SIDE, 3), np.uint8)
        self.kinds, self.sources, self.paintings = index["kinds"], index["sources"], index["paintings"]
        # Of photos: which square it was (`augmentation.cut`); of emoji nothing.
        self.boxes = [None if box is None else tuple(box) for box in index["boxes"]]

    def places(self, kind: str) -> np.ndarray:
        """Places of the triplets of a kind."""
        return np.flatnonzero(np.array(self.kinds) == kind)

    def pixels(self, place: int) -> tuple[Tensor, Tensor]:
        """(restyled, source), each [3, 128, 128] in [0, 1]."""
        both = torch.from_numpy(self.images[place]).permute(2, 0, 1).float() / 255
        return both[..., :SIDE], both[..., SIDE:]


def write(
    pack: Pack,
    to: Path,
    fast: "FastTransfer",
    things: int = 4000,
    photos: int = 3000,
    seed: int = 0,
    quality: int = 88,
    save_every: int = 1000,
) -> dict[str, int]:
    """Restyle emoji and photos of the training part; returns how many of each.

    The file can be read while it grows, and one that is not complete is continued, with the same arguments as before.
    Works at 256 pixels, as the network was trained on strokes of that scale, and keeps 128.
    """
    make_folder(to.parent)
    rng = np.random.default_rng((seed, 1))
    emoji, paintings, subjects = (
        pack.emoji_places(),
        pack.picture_places("paintings"),
        pack.picture_places("photos"),
    )
    plan = ["restyled_thing"] * things + ["restyled_photo"] * photos
    plan = [plan[place] for place in rng.permutation(len(plan))]
    index: dict[str, list] = {"kinds": [], "sources": [], "paintings": [], "boxes": []}
    files = _files(to)
    there = len(files)
    for place, kind in enumerate(plan):
        painting = int(paintings[rng.integers(len(paintings))])
        if kind == "restyled_thing":
            source, box = int(emoji[rng.integers(len(emoji))]), None
            art = placed(torch.from_numpy(pack.emoji[source]).permute(2, 0, 1)[None].float() / 255, rng)[0]
            content = art[:3] + (1 - art[3:]) * torch.from_numpy(background(rng)).float()
            content = content.clamp(0, 1)
        else:
            source = int(subjects[rng.integers(len(subjects))])
            box = box_of(pack.pictures[source], rng)
            content = cut(pack.pictures[source], box)
        for name, value in (("kinds", kind), ("sources", source), ("paintings", painting), ("boxes", box)):
            index[name].append(value)
        if place < there:
            continue
        large = torch.nn.functional.interpolate(content[None], scale_factor=2, mode="bicubic").clamp(0, 1)
        style = torch.from_numpy(pack.pictures[painting]).permute(2, 0, 1)[None].float() / 255
        restyled = fast.decode(fast.encode(large, [(style, 1.0)]))
        small = torch.nn.functional.interpolate(restyled, (SIDE, SIDE), mode="area")[0]
        both = (torch.cat([small, content], 2).clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
        buffer = io.BytesIO()
        Image.fromarray(both.contiguous().numpy()).save(buffer, "WEBP", quality=quality, method=2)
        files.append(buffer.getvalue())
        if len(files) % save_every == 0:
            _save(to, files, index)
    _save(to, files, index)
    return {kind: index["kinds"].count(kind) for kind in KINDS}


def _files(path: Path) -> list[bytes]:
    if not path.exists():
        return []
    with zipfile.ZipFile(path) as file:
        return [file.read(name) for name in file.namelist() if name.endswith(".webp")]


def _save(to: Path, files: list[bytes], index: dict[str, list]) -> None:
    part = to.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as file:
        for place, content in enumerate(files):
            file.writestr(f"{place}.webp", content)
        file.writestr("index.json", json.dumps(index))
    put(part, to)
