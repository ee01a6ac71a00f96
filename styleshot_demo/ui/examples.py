"""The example pictures: photos from scikit-image's wheel (public domain and CC0), styles that come with the program."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from styleshot_demo import pictures
from styleshot_demo.settings import ASSETS
from styleshot_demo.ui import words
from styleshot_demo.ui.widgets import Example

CONTENTS = {"chelsea": "chelsea.png", "coffee": "coffee.png", "astronaut": "astronaut.png", "rocket": "rocket.jpg"}


def contents() -> list[Example]:
    """Example photos, as far as they are there. scikit-image is looked up, not imported: that takes a second."""
    spec = find_spec("skimage")
    folders = [Path(place) / "data" for place in (spec.submodule_search_locations or ())] if spec else []
    found = [
        Example(folder / file, name, words.tr(f"content_{name}"))
        for folder in folders
        for name, file in CONTENTS.items()
    ]
    return [example for example in found if example.path.is_file()]


def same(examples: Sequence[Example], name: Any, digest: Any) -> Path | None:
    """The example that a record names: by its file name, and the first 16 hex digits of its `pictures.digest`."""
    path = next((example.path for example in examples if example.path.name == name), None)
    return path if path and _digest(path)[:16] == digest else None


@cache
def _digest(path: Path) -> str:
    return pictures.digest(pictures.open_picture(path))


def styles(folder: Path = ASSETS / "styles") -> list[Example]:
    """Example styles in the order of the folder's index; none where it is missing or cannot be read."""
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        found = [
            Example(
                folder / entry["file"],
                Path(entry["file"]).stem,
                words.LocalizedText(str(entry["title_en"]), str(entry["title_zh"])),
            )
            for entry in index
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return []
    return [example for example in found if example.path.is_file()]
