"""How much memory there is, and how much of it a job could take now."""

import contextlib
import ctypes
import errno
import sys
from functools import lru_cache
from pathlib import Path

from styleshot_demo.runtime.device import cuda_has_started, is_cuda

SPARE = 0.9  # of what is free: estimates are estimates, and other programs live too
CGROUP = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")


def malloc_trim() -> None:
    """Hands main memory back that the C library keeps for later: half a gigabyte after the steps of a large UNet."""
    with contextlib.suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def machine_memory() -> int:
    """Bytes of main memory that this process may use: the machine's, or less where a container limits it."""
    return min([_installed(), *(limit for limit, *_ in _limited(CGROUP, _OWN_GROUP))])


@lru_cache(maxsize=1)
def _installed() -> int:
    import psutil

    return psutil.virtual_memory().total


def free_main_memory() -> int:
    """Bytes of main memory that could be taken now, a container's limit included."""
    import psutil

    left = [max(0, limit - used) for limit, used in _groups()]
    return min([psutil.virtual_memory().available, *left])


def free_memory(device: str) -> int:
    """Bytes that could be taken now on a torch device, with what torch holds in reserve there.

    What idle models would give up is known to the cache alone: `ModelCache.free_bytes` adds it. Asking a GPU starts
    it, which takes seconds and a few hundred MB.
    """
    if is_cuda(device):
        import torch

        reserve = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + reserve
    if device == "mps":
        import torch

        left = torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
        return max(0, min(left, free_main_memory()))
    return free_main_memory()


def memory_of(device: str) -> str:
    """Which memory a torch device works on: "cpu" for main memory, also for "mps", else the device with its number."""
    if not is_cuda(device):
        return "cpu"
    return device if ":" in device else f"{device}:{_current_gpu()}"


def _current_gpu() -> int:
    return sys.modules["torch"].cuda.current_device() if cuda_has_started() else 0


def _groups() -> list[tuple[int, int]]:
    """(limit, in use), bytes, of every control group with a limit that this process is in.

    File pages that the kernel would drop at once do not count as in use.
    """
    found = []
    for limit, folder, used_file, cache_key in _limited(CGROUP, _OWN_GROUP):
        with contextlib.suppress(OSError, ValueError):
            used = int((folder / used_file).read_text())
            with contextlib.suppress(OSError, ValueError, IndexError):
                statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                used -= int(statistics.get(cache_key, 0))
            found.append((limit, max(0, used)))
    return found


@lru_cache(maxsize=1)  # a container is made with its limits, and they are asked for several times a picture
def _limited(root: Path, own: Path) -> tuple[tuple[int, Path, str, str], ...]:
    """(limit in bytes, folder, files) of every control group with a limit (Linux, version 2 or 1)."""
    found = []
    for folder, limit_file, *files in _group_folders(root, own):
        with contextlib.suppress(OSError, ValueError):
            limit = int((folder / limit_file).read_text())  # "max" is no number: no limit
            if 0 < limit < 2**60:  # version 1 writes "no limit" as a huge number
                found.append((limit, folder, *files))
    return tuple(found)


def _group_folders(root: Path, own_group: Path) -> list[tuple[Path, str, str, str]]:
    folders: list[tuple[Path, str, str, str]] = []
    with contextlib.suppress(OSError):
        for line in own_group.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            own = Path(path.lstrip("/"))
            if not controllers:
                base = root
                limit, used, inactive = "memory.max", "memory.current", "inactive_file"
            elif "memory" in controllers.split(","):
                base = root / "memory"
                limit, used, inactive = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
            else:
                continue
            # A limit of any group above holds too; inside a container the path may name folders that are not seen.
            folders += [(base / part, limit, used, inactive) for part in (own, *own.parents)]
    return folders


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, in any of the many forms it takes, says that memory ran out."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    # By name, since torch need not be loaded: torch.cuda.OutOfMemoryError and torch.OutOfMemoryError are one class.
    if any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        words in text
        for words in ("not enough memory", "defaultcpuallocator", "out of memory", "can't allocate", "alloc_failed")
    )
