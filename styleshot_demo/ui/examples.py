"""The example pictures: photos from scikit-image's wheel (public domain and CC0), styles that come with the program."""

import json
from importlib.util import find_spec
from pathlib import Path

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
