"""SHA-256 of files, remembered so that gigabytes are read once."""

import contextlib
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from styleshot_demo.atomic import put
from styleshot_demo.generators import finished, mapped
from styleshot_demo.models.once import Progress, SingleFlight

_BLOCK = 4 * 1024 * 1024
_remembered: dict[tuple[str, int, int], str] = {}
_lock = threading.Lock()
_reading = SingleFlight()


class HashRecord:
    """A small JSON file: what was downloaded, and what each file hashed to.

    Losing it costs time only; a damaged one counts as empty.
    """

    NAME = "styleshot_files.json"

    def __init__(self, *folders: Path, older: Sequence[Path] = ()) -> None:
        """`folders`: the first that can be written to is; `older`: folders of records that are only read."""
        self._paths = [folder / self.NAME for folder in folders]
        self._older = [folder / self.NAME for folder in older]

    def read(self, kind: str) -> dict[str, dict[str, Any]]:
        """All entries of one kind ("fetched" or "hashed")."""
        found: dict[str, dict[str, Any]] = {}
        for path in (*self._paths, *self._older):
            found = _entries(path, kind) | found
        return found

    def write(self, kind: str, key: str, entry: dict[str, Any]) -> None:
        """Adds or replaces one entry; `OSError` where none of the folders can be written to."""
        failure = OSError("there is no folder for the record")
        for path in self._paths:
            try:
                with _lock:
                    content = {other: _entries(path, other) for other in ("fetched", "hashed")}
                    content[kind][key] = entry
                    _write(path, content)
                return
            except OSError as error:
                failure = error
        raise failure


def known(path: Path, record: HashRecord | None = None) -> str | None:
    """The SHA-256 of a file if it was read before and has the size and time of change that it had then.

    Raises `OSError` where there is no such file.
    """
    path = Path(path).absolute()
    key = _key(path)
    if key not in _remembered and record:
        entry = record.read("hashed").get(str(path), {})
        if (entry.get("bytes"), entry.get("mtime_ns")) == key[1:] and isinstance(entry.get("sha256"), str):
            _remembered[key] = entry["sha256"]
    return _remembered.get(key)


def hashing(path: Path, record: HashRecord | None = None) -> Progress[str]:
    """SHA-256 of a file, 64 hex digits; yields the share that is read. Nothing is yielded where it is known already.

    Two who ask for the same file at the same time read it once. Closing the generator stops the reading, unless another
    goes on waiting for it. With a `record` the hash is also remembered from one run of the program to the next. Raises
    `OSError` where the file cannot be read.
    """
    path = Path(path).absolute()
    digest, key = known(path, record), _key(path)
    if digest is None:
        digest = yield from _reading.join(key, lambda: _read(path))
        _remember(key, digest, record)
    return digest


def hashing_all(paths: Iterable[Path], record: HashRecord | None = None) -> Progress[dict[Path, str]]:
    """`hashing` of several files: yields the share of all bytes that had to be read."""
    digests: dict[Path, str] = {}
    sizes: dict[Path, int] = {}
    for path in paths:
        digest = known(path, record)
        digests[path] = digest or ""  # in the order they were asked for
        if digest is None:
            sizes[path] = path.stat().st_size
    done, whole = 0, max(1, sum(sizes.values()))
    for path, size in sizes.items():
        reading = hashing(path, record)
        digests[path] = yield from mapped(reading, lambda part, done=done, size=size: (done + size * part) / whole)
        done += size
    return digests


def sha256_of(path: Path, record: HashRecord | None = None) -> str:
    """`hashing` to its end: for small files, and where nobody waits."""
    return finished(hashing(path, record))


def remember(path: Path, digest: str, record: HashRecord | None = None) -> None:
    """Notes a hash that was computed elsewhere, for instance while the file was being downloaded."""
    _remember(_key(Path(path).absolute()), digest, record)


def _remember(key: tuple[str, int, int], digest: str, record: HashRecord | None) -> None:
    _remembered[key] = digest
    if record:
        # Where nothing can be written, the file is only read again by the next run of the program.
        with contextlib.suppress(OSError):
            record.write("hashed", key[0], {"bytes": key[1], "mtime_ns": key[2], "sha256": digest})


def _key(path: Path) -> tuple[str, int, int]:
    state = path.stat()
    return str(path), state.st_size, state.st_mtime_ns


def _read(path: Path) -> Progress[str]:
    hashing, done, size = hashlib.sha256(), 0, max(1, path.stat().st_size)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hashing.update(block)
            done += len(block)
            yield min(1.0, done / size)
    return hashing.hexdigest()


def _entries(path: Path, kind: str) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = content.get(kind) if isinstance(content, dict) else None
    if not isinstance(entries, dict):
        return {}
    return {key: entry for key, entry in entries.items() if isinstance(entry, dict)}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".record-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, sort_keys=True)
        put(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
