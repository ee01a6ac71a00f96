"""What is finished: a line of JSON for each result, in files that only one process writes to.

So nothing is locked, on shared disks too, and a kill costs at most the line that was being written.
"""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from styleshot_demo.batch.order import BatchOrder

ENDING = ".jsonl"


class BatchManifest:
    """The finished results of a batch; of one that was made more than once, the last lies there."""

    def __init__(self, order: BatchOrder) -> None:
        """Reads what all processes have written so far, whichever shard and run they belonged to."""
        self._order = order
        self._entries: dict[str, dict[str, Any]] = {}
        for entry in sorted(_entries(order.state), key=lambda entry: entry["time"]):
            self._entries[entry["file"]] = entry
        self._own: Path | None = None

    def knows(self, target: str) -> bool:
        """Whether there was ever such a result."""
        return target in self._entries

    def current(self, target: str, key: str) -> dict[str, Any] | None:
        """The entry of a result that lies there whole and is what would be made now; else None."""
        entry = self._entries.get(target)
        if entry is None or entry["key"] != key:
            return None
        with suppress(OSError):
            if (self._order.out / target).stat().st_size == entry["bytes"]:
                return entry
        return None

    def since(self, moment: float) -> dict[str, dict[str, Any]]:
        """The entries, by file, of what was made after `moment`, as `time.time()` tells it."""
        return {target: entry for target, entry in self._entries.items() if entry["time"] >= moment}

    def add(self, target: str, key: str, size: int, **more: Any) -> None:
        """That a result of `size` bytes lies there now; `more` is kept with it, JSON-ready."""
        entry = {"file": target, "key": key, "bytes": size, "time": time.time(), **more}
        if self._own is None:
            self._own = self._order.state / f"done{self._order.shard.label}-{secrets.token_hex(8)}{ENDING}"
        with self._own.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")
        self._entries[target] = entry


def _entries(folder: Path) -> Iterator[dict[str, Any]]:
    for path in folder.glob(f"*{ENDING}"):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, KeyError, TypeError):  # the last line of a process that was killed
                entry = json.loads(line)
                yield {**entry, "file": str(entry["file"]), "time": float(entry["time"]), "bytes": int(entry["bytes"])}
