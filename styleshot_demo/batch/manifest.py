"""What is finished: a line of JSON for each result, in files that only one process writes to.

So nothing is locked, on shared disks too, and a kill costs at most the line that was being written.
"""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from styleshot_demo import pictures
from styleshot_demo.batch.listing import Item
from styleshot_demo.batch.order import BatchOrder
from styleshot_demo.destinations import not_written
from styleshot_demo.errors import Problem

ENDING = ".jsonl"
_BEGUN = -1  # in place of the bytes of a result that may lie there by now


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
        return {
            target: entry
            for target, entry in self._entries.items()
            if entry["time"] >= moment and entry["bytes"] != _BEGUN
        }

    def others_files(self, items: Sequence[Item]) -> list[str]:
        """The results that would replace what was not made of the same picture: a file of somebody's own, or the result
        of another one. The same picture is at the same place, whatever it shows by now, or the same file elsewhere."""
        there = (item for item in items if os.path.lexists(self._order.out / item.target))
        return [item.target for item in there if not self._is_of(item)]

    def _is_of(self, item: Item) -> bool:
        entry = self._entries.get(item.target)
        if entry is None:
            return False
        if "source" not in entry or entry["source"] == _source(item.path):  # versions before told no source
            return True
        with suppress(Problem):
            return entry.get("picture") == _digest(pictures.read_bytes(item.path))
        return True  # what cannot be read replaces nothing

    def begin(self, item: Item, data: bytes) -> None:
        """That the result of a picture with this content is about to be put in its place: after a kill it is known
        whose it is."""
        self._write({"file": item.target, "key": "", "bytes": _BEGUN, **_made_of(item, data)})

    def add(self, item: Item, data: bytes, size: int, **more: Any) -> None:
        """That the result of a picture with this content lies there now, of `size` bytes; `more` is kept with it,
        JSON-ready."""
        self._write({"file": item.target, "key": self._order.key(data), "bytes": size, **_made_of(item, data), **more})

    def _write(self, told: dict[str, Any]) -> None:
        entry = {**told, "time": time.time()}
        if self._own is None:
            self._own = self._order.state / f"done{self._order.shard.label}-{secrets.token_hex(8)}{ENDING}"
        try:
            self._order.state.mkdir(parents=True, exist_ok=True)
            with self._own.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise not_written(error) from error
        self._entries[entry["file"]] = entry


def _made_of(item: Item, data: bytes) -> dict[str, str]:
    return {"source": _source(item.path), "picture": _digest(data)}


def _source(path: Path) -> str:
    """What a place is known by: results are handed on, and who gets them need not learn where the photos lie."""
    return _digest(os.fsencode(os.path.realpath(path)))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _entries(folder: Path) -> Iterator[dict[str, Any]]:
    for path in folder.glob(f"*{ENDING}"):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, KeyError, TypeError):  # the last line of a process that was killed
                entry = json.loads(line)
                yield {**entry, "file": str(entry["file"]), "time": float(entry["time"]), "bytes": int(entry["bytes"])}
