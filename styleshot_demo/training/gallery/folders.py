"""A plain folder as a gallery: one sub-folder for each style, captions from beside the pictures or from their names."""

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

from styleshot_demo.training.gallery.captions import from_name
from styleshot_demo.training.gallery.manifest import Entry

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
SUFFIXES |= {".heic", ".heif", ".avif", ".tga", ".jp2"}
TABLES = ("metadata.jsonl", "metadata.csv")
_NAMES = ("file_name", "image_file", "file", "image")
_CAPTIONS = ("content_prompt", "prompt", "caption", "text", "title", "name")
_MOST = 2000  # characters of a caption that are read; text encoders use about 300
_LARGEST = 64 * 2**20  # bytes of a table that are read


def entries_in(folder: Path) -> Iterator[Entry]:
    """Every picture below `folder`, in the order of names, with no content pictures.

    A picture's style is the sub-folder of `folder` that it is in, at whatever depth; pictures in `folder` itself have
    the style `folder`'s name. Its caption is, first come first served: a text file of the same name beside it, its row
    in the folder's `metadata.jsonl` or `metadata.csv`, what its file name says. Files and folders whose names start
    with a dot or two underscores are passed over. Only one folder's names are in memory at a time.
    """
    folder = folder.absolute()
    for path, inner, names in os.walk(folder, followlinks=True):
        inner[:] = sorted(name for name in inner if not _hidden(name))
        here = Path(path)
        parts = here.relative_to(folder).parts
        style = parts[0] if parts else folder.name
        pictures = sorted(name for name in names if Path(name).suffix.lower() in SUFFIXES and not _hidden(name))
        if not pictures:
            continue
        present = set(names)
        table = {}
        for name in TABLES:
            if name in present:
                table.update(_table(here / name))
        for name in pictures:
            beside = Path(name).with_suffix(".txt").name
            caption = _text(here / beside) if beside in present else ""
            yield Entry(here / name, caption or table.get(name, "") or from_name(Path(name).stem), None, style)


def _hidden(name: str) -> bool:
    return name.startswith((".", "__"))


def _text(path: Path) -> str:
    """The caption in a text file: its first line that is not empty."""
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as stream:
            lines = (line.strip() for line in stream.read(_MOST).splitlines())
            return next((line for line in lines if line), "")
    except OSError:
        return ""


def _table(path: Path) -> dict[str, str]:
    """File name -> caption of a table beside pictures; what cannot be read is as if it were absent."""
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return {}
    rows = _json_lines(text) if path.suffix == ".jsonl" else _csv_rows(text)
    found = {}
    for row in rows:
        name = next((row[key] for key in _NAMES if isinstance(row.get(key), str)), None)
        caption = next((row[key] for key in _CAPTIONS if isinstance(row.get(key), str) and row[key].strip()), None)
        if name and caption:
            found[name.replace("\\", "/").rsplit("/", 1)[-1]] = caption.strip()[:_MOST]
    return found


def _json_lines(text: str) -> Iterator[dict]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            yield row


def _csv_rows(text: str) -> Iterator[dict]:
    try:
        yield from csv.DictReader(text.splitlines())
    except csv.Error:
        return
