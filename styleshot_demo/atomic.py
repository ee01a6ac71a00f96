"""Puts a finished file or folder where it belongs, in one move: it is there whole, or not at all."""

import os
import time
from pathlib import Path

_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds


def put(part: str | Path, target: str | Path) -> None:
    """Renames `part` to `target`, in place of a file or an empty folder of that name; `OSError` where that fails.

    Windows refuses that while another program has the old file open, as a virus scanner or a preview has for a moment.
    """
    if os.path.isdir(part) and os.path.isdir(target):
        os.rmdir(target)  # Windows does not replace a folder, not even an empty one
    for pause in _PAUSES:
        try:
            os.replace(part, target)
            return
        except PermissionError:
            time.sleep(pause)
    os.replace(part, target)
