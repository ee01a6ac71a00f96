"""Whether a file of weights is all there, by its size and header: what was cut off is no model."""

import json
import zipfile
from functools import lru_cache
from pathlib import Path


def is_whole(path: Path) -> bool:
    """Whether a file is there and not cut off, as far as its head and tail tell without reading it all."""
    try:
        state = path.stat()
        return bool(state.st_size) and path.is_file() and _ends_well(path, state.st_size, state.st_mtime_ns)
    except OSError:
        return False


@lru_cache(maxsize=256)
def _ends_well(path: Path, size: int, mtime: int) -> bool:
    """Asked for each picture, and looked at again when size or time of change (ns) is another."""
    try:
        if path.suffix == ".safetensors":
            return _is_whole_safetensors(path, size)
        if path.suffix in (".bin", ".pth", ".pt"):
            with path.open("rb") as file:
                head = file.read(2)
            # torch has written zip archives since 1.6 and bare pickles before; a bare pickle tells nothing of its end.
            return zipfile.is_zipfile(path) if head == b"PK" else head[:1] == b"\x80"
        if path.suffix == ".json":
            json.loads(path.read_bytes())
        return True
    # A header may say anything. What the system refuses now it may allow the next time: that is not remembered.
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False


def _is_whole_safetensors(path: Path, size: int) -> bool:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(size - 8, 100_000_000):
            return False
        header = json.loads(file.read(length))
    ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
    return size == 8 + length + max(ends, default=0)
