"""Folders of pictures as training crops: split once by name, held in memory, cut at random per step."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from styleshot_demo.errors import Problem

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}


def pictures_in(folder: Path) -> list[Path]:
    """All pictures below `folder`, sorted by name."""
    return sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in SUFFIXES)


def split(paths: Sequence[Path], holdout: float = 0.1) -> tuple[list[Path], list[Path]]:
    """(training, validation) paths.

    A hash of the file's name decides, so that a picture stays on its side when others are added or taken away.
    """
    train, held = [], []
    for path in paths:
        place = int(hashlib.sha256(path.name.encode()).hexdigest()[:8], 16) / 2**32
        (held if place < holdout else train).append(path)
    return train, held


def load(path: Path, longest: int) -> Tensor:
    """A picture as uint8 tensor [3, H, W], its longest side at most `longest`."""
    with Image.open(path) as image:
        image.draft("RGB", (longest, longest))
        image = image.convert("RGB")
        if max(image.size) > longest:
            image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


class Crops:
    """Random square crops of a set of pictures, the same for the same (seed, step)."""

    def __init__(self, paths: Sequence[Path], size: int, longest: int = 640, smallest: float = 0.45) -> None:
        """`size`: side of a crop, pixels; a crop shows `smallest` to 1 of its picture's short side."""
        if not paths:
            raise Problem("no_training_pictures")
        self.images = [load(path, longest) for path in paths]
        self.size = size
        self.smallest = smallest

    def batch(self, count: int, seed: int, step: int) -> Tensor:
        """[count, 3, size, size] float32 in [0, 1]."""
        rng = np.random.default_rng((seed, step))
        return torch.stack([self._crop(rng) for _ in range(count)])

    def _crop(self, rng: np.random.Generator) -> Tensor:
        image = self.images[rng.integers(len(self.images))]
        _, height, width = image.shape
        # Never enlarge much: a blurred crop teaches blur.
        side = int(max(min(height, width) * rng.uniform(self.smallest, 1.0), min(self.size, height, width)))
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
        crop = image[:, top : top + side, left : left + side].float()[None] / 255
        crop = torch.nn.functional.interpolate(crop, (self.size, self.size), mode="bilinear", antialias=True)[0]
        crop = crop.clamp(0, 1)  # resampling rounds
        return crop.flip(-1) if rng.random() < 0.5 else crop
