"""What a visitor was working on, such as a grid: the last pieces of each name, there again after a restart.

It is kept for convenience alone, in a small share of the room, beside that of the results (room.py).
"""

import json
import os
import shutil
import time
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
    files   the most important first: where there is no room for all, it is the last that are left out, or go again
    most    bytes that all of it may take; files that are gone are left out
    """
    text = json.dumps({"token": token, "state": state}).encode()
    if _read(folder).get("token") != token:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    taken, fitting = len(text), set()
    for name, source in files.items():
        with suppress(FileNotFoundError):
            size = (folder / name if (folder / name).exists() else source).stat().st_size
            if taken + size <= most:
                taken += size
                fitting.add(name)
    for path in folder.iterdir():
        if path.name not in fitting and path.name != _STATE:
            path.unlink()
    for name in fitting:
        target = folder / name
        with suppress(FileNotFoundError):
            if not target.exists():
                part = folder / f".{name}.part"
                shutil.copyfile(files[name], part)
                atomic.put(part, target)
    pictures.write_bytes(text, folder / _STATE)
    now = time.time_ns()
    os.utime(folder, ns=(now, now))  # the folder's own clock may be too coarse to tell which is newest


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
