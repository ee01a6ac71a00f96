"""SHA-256 of files, remembered so that gigabytes are read once."""

import contextlib
import hashlib
import json
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from styleshot_demo.atomic import put

_BLOCK = 4 * 1024 * 1024
_remembered: dict[tuple[str, int, int], str] = {}
_lock = threading.Lock()


class Record:
    """A small JSON file in the folder for model files: what was downloaded, and what each file hashed to.

    Losing it costs time only; a damaged one counts as empty.
    """

    NAME = "styleshot_files.json"

    def __init__(self, folder: Path) -> None:
        self._path = folder / self.NAME

    def read(self, kind: str) -> dict[str, dict[str, Any]]:
        """All entries of one kind ("fetched" or "hashed")."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        entries = content.get(kind) if isinstance(content, dict) else None
        if not isinstance(entries, dict):
            return {}
        return {key: entry for key, entry in entries.items() if isinstance(entry, dict)}

    def write(self, kind: str, key: str, entry: dict[str, Any]) -> None:
        """Adds or replaces one entry; `OSError` where the folder cannot be written to."""
        with _lock:
            content = {other: self.read(other) for other in ("fetched", "hashed")}
            content[kind][key] = entry
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".record-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(content, file, indent=1, sort_keys=True)
                put(name, self._path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise


def sha256_of(path: Path, record: Record | None = None) -> str:
    """SHA-256 of a file, 64 hex digits; read again only after its size or time of change has changed.

    With a `record` the hash is also remembered from one run of the program to the next. Raises `OSError` where the
    file cannot be read.
    """
    path = Path(path).absolute()
    state = path.stat()
    key = (str(path), state.st_size, state.st_mtime_ns)
    if key in _remembered:
        return _remembered[key]
    entry = record.read("hashed").get(str(path), {}) if record else {}
    if entry.get("bytes") == state.st_size and entry.get("mtime_ns") == state.st_mtime_ns:
        digest = str(entry.get("sha256"))
    else:
        with path.open("rb") as file:
            digest = _digest(file)
        remember(path, digest, record)
    _remembered[key] = digest
    return digest


def remember(path: Path, digest: str, record: Record | None = None) -> None:
    """Notes a hash that was computed elsewhere, for instance while the file was being downloaded."""
    path = Path(path).absolute()
    state = path.stat()
    _remembered[str(path), state.st_size, state.st_mtime_ns] = digest
    if record:
        # A read-only folder only means that the file is read again next time.
        with contextlib.suppress(OSError):
            entry = {"bytes": state.st_size, "mtime_ns": state.st_mtime_ns, "sha256": digest}
            record.write("hashed", str(path), entry)


def _digest(file: Any) -> str:
    hashing = hashlib.sha256()
    while block := file.read(_BLOCK):
        hashing.update(block)
    return hashing.hexdigest()
