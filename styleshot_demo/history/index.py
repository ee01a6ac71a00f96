"""What a history knows beside its files: which are favourites. Lost or broken, it costs no picture."""

import json
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path

from styleshot_demo import pictures
from styleshot_demo.history.entry import is_key

_NAME = "index.json"
_MAX_BYTES = 2**20


@dataclass(frozen=True)
class Index:
    """Keys of entries.

    favourites  are kept before the others
    draft       is replaced by the next draft; None after anything else was kept
    """

    favourites: Set[str] = field(default_factory=frozenset)
    draft: str | None = None


def read(folder: Path) -> Index:
    """The index of a visitor's folder; an empty one where there is none that can be read."""
    path = folder / _NAME
    try:
        if path.stat().st_size > _MAX_BYTES:
            return Index()
        found = json.loads(path.read_bytes())
        favourites, draft = found["favourites"], found["draft"]
        return Index(frozenset(filter(is_key, favourites)), draft if is_key(draft) else None)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return Index()


def write(folder: Path, index: Index) -> None:
    """Puts it in place of the last one; `Problem` cannot_write."""
    text = json.dumps({"favourites": sorted(index.favourites), "draft": index.draft})
    pictures.write_bytes(text.encode(), folder / _NAME)
