"""Finished pictures as files: a PNG with its record, under a name a person would choose."""

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from styleshot_demo import provenance
from styleshot_demo.events import Result
from styleshot_demo.ui import problems, words
from styleshot_demo.ui.words import say


def file_name(stem: str, method: str, seed: int) -> str:
    """Such as "chelsea-fast-seed7.png"."""
    return f"{_plain(stem)}-{method}-seed{seed}.png"


def save(
    image: Image.Image, settings: Mapping[str, Any], models: Mapping[str, str], place: Path, name: str, keep: bool
) -> Path:
    """Saves one picture in a folder of its own inside `place` and returns its path; `Problem` cannot_write.

    settings  those of the job that makes this very picture
    keep      whether the file says how it was made
    """
    path = _place(place) / name
    provenance.write(image, path, provenance.record(settings, models, settings["seed"]) if keep else None)
    return path


def save_plain(image: Image.Image, stem: str, folder: Path) -> Path:
    """Saves a picture that is shown but not offered for download, quickly."""
    path = _place(folder) / f"{_plain(stem)}.png"
    image.save(path, format="PNG", compress_level=1)
    return path


def summary(result: Result) -> str:
    """What was done, in one line of HTML."""
    seconds = f"{result.seconds:.1f}" if result.seconds < 10 else f"{result.seconds:.0f}"
    width, height = result.images[-1].size
    parts = [
        say("done", seconds=seconds),
        say("facts", width=width, height=height, seed=result.seed),
        *(words.remark(told) for told in result.notes),
    ]
    return problems.note(words.join(parts))


def _plain(stem: str) -> str:
    """A stem of letters (of any language), digits and hyphens."""
    return re.sub(r"[^\w-]+", "-", stem).strip("-_")[:60] or "picture"


def _place(folder: Path) -> Path:
    place = folder / secrets.token_hex(16)  # nobody can guess the address of another person's picture
    place.mkdir(parents=True)
    return place
