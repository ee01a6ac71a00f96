"""What was computed of a style's pictures, in the style's own file: whoever uses the style again computes none of it.

One entry of the file, `computed.safetensors`, holds values of some tensors each. A value's key is a hash of all that it
depends on: pixels, weights, settings, the processor. So what was computed of other pictures, or by other networks, is
never found. Whoever made the file may mean harm: safetensors hold numbers alone, and `read` hands out only such as are
finite, of few dimensions, and within the limits; what they mean, the caller has to check.
"""

import json
import logging
import threading
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from styleshot_demo import atomic
from styleshot_demo.errors import Problem
from styleshot_demo.library.style import COMPUTED, SUFFIX
from styleshot_demo.library.stylefile import StyleFile, put
from styleshot_demo.library.writing import locked, size_of, unfinished

if TYPE_CHECKING:
    from torch import Tensor

Value = Mapping[str, "Tensor"]  # name of a part -> numbers

MAX_BYTES = 8 * 2**20  # of all values that are written: the oldest go first
_MAX_HEADER = 2**20  # bytes of the table at the beginning of safetensors
_MAX_DIMENSIONS = 4
_SHARE = 0.9  # of what a library may take, up to which it keeps computed values
_PATIENCE = 5.0  # seconds that another change may take
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptPicture:
    """Of a job's style picture: where what is computed of it is kept.

    path     the style file
    limit    bytes that the library may take with all of its styles; 0: as many as there are
    members  (entry of the file, what tells its bytes, share) of the pictures that it stands for; shares sum to 1
    """

    path: Path
    limit: int = 0
    members: tuple[tuple[str, str, float], ...] = ()

    def pictures(self) -> Iterator[tuple[Image.Image, float]]:
        """Those that it stands for, with their shares, opened one after the other. Raises as `StyleFile`."""
        with StyleFile(self.path) as file:
            for name, told, share in self.members:
                # Another style may have taken the place of the one that was chosen.
                if not file.holds(name, told):
                    raise Problem("style_file_missing", file=self.path.name)
                yield file.picture(name), share


def count_of(picture: Image.Image) -> int:
    """How many pictures one of a job stands for, itself among them: 1 for any but those of a kept style of many."""
    kept: KeptPicture | None = picture.info.get("kept")
    return len(kept.members) if kept is not None and kept.members else 1


def read(path: Path) -> dict[str, Value]:
    """What is in a style file, by key, the oldest first; empty where there is nothing, or nothing that can be used."""
    try:
        with StyleFile(path) as file:
            return _parsed(file.computed())
    except (Problem, OSError) as error:
        _log.debug("%s: %s", path.name, error)
        return {}


def _parsed(data: bytes) -> dict[str, Value]:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    length = int.from_bytes(data[:8], "little")
    if not 8 < 8 + length <= min(len(data), 8 + _MAX_HEADER):
        return {}
    try:
        header = json.loads(data[8 : 8 + length])
        order = str(header.get("__metadata__", {}).get("order", "")).split()
        tensors = load(data)
    except (SafetensorError, ValueError, TypeError, AttributeError, KeyError, RuntimeError, RecursionError):
        return {}
    floats = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    found: dict[str, dict[str, Tensor]] = {key: {} for key in order}
    for name, tensor in tensors.items():
        key, _, part = name.partition(".")
        sound = tensor.dtype in floats and tensor.dim() <= _MAX_DIMENSIONS and bool(torch.isfinite(tensor).all())
        if not sound:
            found.pop(key, None)
        elif key in found:
            found[key][part] = tensor
    return {key: parts for key, parts in found.items() if parts}


def write(path: Path, limit: int, values: Mapping[str, Value]) -> bool:
    """Puts values into a style file, beside those that are there; whether that could be done.

    The file is replaced in one move. It is left as it is where its folder is not to be written to, where the library
    would become larger than its `limit`, or where it is a style no more.
    """
    try:
        with locked(path.parent, _PATIENCE), unfinished(path.parent) as part:
            with StyleFile(path) as file:
                known = _parsed(file.computed())
                if values.keys() <= known.keys():
                    return True
                with zipfile.ZipFile(part, "w") as target:
                    file.copy_to(target, without=(COMPUTED,))
                    put(target, COMPUTED, _packed({**known, **values}))
            others = [each for each in path.parent.rglob(f"*{SUFFIX}") if each != path]  # the deleted ones too
            # The last room is for styles, not for what can be computed again.
            if limit and size_of(part) + sum(map(size_of, others)) > _SHARE * limit:
                return False
            atomic.put(part, path)
    except (Problem, OSError, ValueError, RuntimeError) as error:
        _log.debug("%s keeps nothing of what was computed: %s", path.name, error)
        return False
    return True


def _packed(values: dict[str, Value]) -> bytes:
    from safetensors.torch import save

    room, kept = MAX_BYTES, []
    for key in reversed(values):
        room -= sum(tensor.nbytes for tensor in values[key].values())
        if room < 0:
            break
        kept.append(key)
    tensors = {f"{key}.{part}": tensor for key in kept for part, tensor in values[key].items()}
    return save(tensors, {"order": " ".join(reversed(kept))})


class Writer:
    """Writes values after a run and beside the next: no picture waits for it, or fails with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[tuple[Path, int], dict[str, Value]] = {}
        self._thread: ThreadPoolExecutor | None = None
        self._last: Future[None] | None = None

    def put(self, kept: KeptPicture, key: str, value: Value) -> None:
        """What is to be written with the next `flush`; copied, so that the caller's may go on living."""
        copied = {part: tensor.detach().cpu().contiguous().clone() for part, tensor in value.items()}
        with self._lock:
            self._waiting.setdefault((kept.path, kept.limit), {})[key] = copied

    def flush(self) -> None:
        """Begins to write what was put; the program's end waits for it."""
        if not self._waiting:
            return
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            self._thread = self._thread or ThreadPoolExecutor(1, "computed")
            try:
                self._last = self._thread.submit(_write_all, waiting)
            except RuntimeError as error:  # the program ends
                _log.debug("Nothing of what was computed is kept: %s", error)

    def reset_after_fork(self) -> None:
        """In a process that was just forked: the thread, and whoever held the lock, are in the other one."""
        self.__init__()

    def wait(self) -> None:
        """Until all of it is written."""
        if self._last is not None:
            self._last.result()


def _write_all(waiting: dict[tuple[Path, int], dict[str, Value]]) -> None:
    for (path, limit), values in waiting.items():
        write(path, limit, values)


WRITER = Writer()
