"""Finished pictures as files: a PNG with its record, under a name a person would choose."""

import re
import secrets
from pathlib import Path

from PIL import Image

from styleshot_demo import provenance
from styleshot_demo.events import Result
from styleshot_demo.settings import Settings


def file_name(stem: str, method: str, seed: int) -> str:
    """Such as "chelsea-fast-seed7.png"."""
    return f"{_plain(stem)}-{method}-seed{seed}.png"


def save(result: Result, number: int, stem: str, folder: Path, settings: Settings) -> Path:
    """Saves one picture of a result in a folder of its own and returns its path; `Problem` cannot_write."""
    seed = result.seed + number
    path = _place(folder) / file_name(stem, str(result.settings.get("method", "styleshot")), seed)
    record = provenance.record(result.settings, result.models, seed) if settings.provenance else None
    provenance.write(result.images[number], path, record)
    return path


def save_plain(image: Image.Image, stem: str, folder: Path) -> Path:
    """Saves a picture that is shown but not offered for download, quickly."""
    path = _place(folder) / f"{_plain(stem)}.png"
    image.save(path, format="PNG", compress_level=1)
    return path


def _plain(stem: str) -> str:
    """A stem of letters (of any language), digits and hyphens."""
    return re.sub(r"[^\w-]+", "-", stem).strip("-_")[:60] or "picture"


def _place(folder: Path) -> Path:
    place = folder / secrets.token_hex(16)  # nobody can guess the address of another person's picture
    place.mkdir(parents=True)
    return place
