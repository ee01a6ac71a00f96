"""What a visitor was working on, such as a grid: the last piece of each name, there again after a restart.

Unlike results it is kept for convenience alone: it goes before any of them where there is no more room.
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from styleshot_demo import atomic, pictures

_STATE = "state.json"
_MAX_BYTES = 4 * 2**20  # of the state


def save(folder: Path, token: str, state: Mapping[str, Any], files: Mapping[str, Path], most: int) -> None:
    """Keeps a state and copies of those files, by name, that are not kept yet; `OSError` or `Problem` cannot_write.

    folder  of this piece; what lies there under another token goes
    most    bytes that all of its files may take: those beyond, and those that are gone, are left out
    """
    if _read(folder).get("token") != token:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    taken = sum(path.stat().st_size for path in folder.iterdir())
    for name, source in files.items():
        target = folder / name
        if target.exists():
            continue
        with suppress(FileNotFoundError):
            size = source.stat().st_size
            if taken + size <= most:
                part = folder / f".{name}.part"
                shutil.copyfile(source, part)
                atomic.put(part, target)
                taken += size
    text = json.dumps({"token": token, "state": state})
    pictures.write_bytes(text.encode(), folder / _STATE)


def load(folder: Path, token: object) -> Mapping[str, Any] | None:
    """The state that was kept under that token, which anybody may have sent; None where there is none."""
    found = _read(folder)
    state = found.get("state")
    return state if isinstance(token, str) and found.get("token") == token and isinstance(state, dict) else None


def _read(folder: Path) -> Mapping[str, Any]:
    path = folder / _STATE
    try:
        found = json.loads(path.read_bytes()) if path.stat().st_size <= _MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
