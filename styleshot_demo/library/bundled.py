"""The styles that come with the program."""

import json
from functools import cache
from pathlib import Path

from styleshot_demo.library.entry import StyleEntry
from styleshot_demo.library.style import Style, StylePicture
from styleshot_demo.settings import ASSETS


@cache
def bundled(folder: Path = ASSETS / "styles") -> tuple[StyleEntry, ...]:
    """In the order of the folder's index; none where it is missing or cannot be read."""
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        found = [_entry(folder, entry) for entry in index]
    except (OSError, ValueError, TypeError, KeyError):
        return ()
    return tuple(entry for entry in found if entry.path.is_file())


def _entry(folder: Path, entry: dict[str, str]) -> StyleEntry:
    path = folder / entry["file"]
    picture = StylePicture(file="pictures/001.jpg", name=path.name)
    style = Style(name=entry["title_en"], note=str(entry.get("method", "")), pictures=(picture,))
    return StyleEntry(path.stem, path, style, entry["title_zh"], read_only=True)
