"""Which device there is. No other room asks CUDA or Apple's Metal whether they are there."""

import ctypes
import os
import re
import sys
import warnings
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from styleshot_demo.errors import Problem
from styleshot_demo.messages import Remark, remark
from styleshot_demo.runtime import zerogpu
from styleshot_demo.settings import Settings

_OLD_DRIVER = re.compile(r"driver on your system is too old", re.IGNORECASE)


def device_of(settings: Settings) -> str:
    """The torch device to compute on: "cpu", "cuda" (the first usable GPU), "cuda:1", "mps".

    Where ZeroGPU lends a GPU by the call, that is "cuda" inside of such a call and "cpu" outside. torch is imported
    only where there may be a GPU. Raises `Problem` device_missing where the settings name a device that is not there
    or that this build of torch cannot use.
    """
    if zerogpu.lends():
        return "cuda" if zerogpu.in_worker() else "cpu"
    if settings.device == "cpu":
        return "cpu"
    if settings.device == "auto":
        if "torch" not in sys.modules and not _may_have_gpu():
            return "cpu"
        return _best()
    kind, _, number = settings.device.partition(":")
    there = _mps_is_there() if kind == "mps" else cuda_is_there() and _usable(int(number or 0))
    if not there:
        raise Problem("device_missing", device=settings.device)
    return settings.device


def gpus(settings: Settings) -> list[str]:
    """All that several processes could compute on, one on each: the usable CUDA GPUs where the settings leave the
    choice, else what `device_of` names alone. Never empty; raises as that does."""
    chosen = device_of(settings)
    if settings.device != "auto" or not is_cuda(chosen) or zerogpu.lends():
        return [chosen]
    import torch

    return [f"cuda:{number}" for number in range(torch.cuda.device_count()) if _usable(number)]


def why_not_gpu(settings: Settings) -> Remark | None:
    """One sentence where there is a GPU that cannot be used, and the CPU takes its place; None everywhere else."""
    if settings.device != "auto" or zerogpu.lends() or not _may_have_gpu():
        return None
    import torch

    if not cuda_is_there():
        return remark("gpu_driver_too_old") if _driver_is_too_old() else None
    count = torch.cuda.device_count()
    if any(_usable(number) for number in range(count)):
        return None
    major, minor = torch.cuda.get_device_capability(0)
    return remark("gpu_too_old", gpu=torch.cuda.get_device_name(0), capability=f"{major}.{minor}", least=_least())


def cuda_is_there() -> bool:
    """Whether torch sees a CUDA GPU; never true in a main process of ZeroGPU, where nothing may touch one."""
    if zerogpu.gpu_is_emulated():
        return False
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an old driver is told once, by `why_not_gpu`
        return torch.cuda.is_available()


def cuda_has_started() -> bool:
    """Whether this process computes on a CUDA GPU already, so that asking it costs nothing; never imports torch."""
    torch = sys.modules.get("torch")
    return bool(torch and cuda_is_there() and torch.cuda.is_initialized())


def is_cuda(device: str) -> bool:
    return device.startswith("cuda")


def kind_of(device: str) -> str:
    """The kind of a device, as it is written into records: "cpu", "cuda", "mps"."""
    return device.partition(":")[0]


def synchronize(device: str) -> None:
    """Waits until a GPU has done what it was asked to; nothing to wait for on a CPU."""
    import torch

    if is_cuda(device):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()


def empty_device_cache() -> None:
    """Hands GPU memory that torch keeps for later back to the system; never imports torch."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if cuda_has_started():
        torch.cuda.empty_cache()
    if _mps_is_there():
        torch.mps.empty_cache()


def gpu_name(device: str) -> str:
    """What a CUDA device calls itself; empty for others."""
    import torch

    return torch.cuda.get_device_name(device) if is_cuda(device) and cuda_is_there() else ""


def _best() -> str:
    import torch

    if cuda_is_there():
        usable = next((number for number in range(torch.cuda.device_count()) if _usable(number)), None)
        if usable is not None:
            return f"cuda:{usable}" if usable else "cuda"
    return "mps" if _mps_is_there() else "cpu"


def _usable(number: int) -> bool:
    """Whether this build of torch has kernels for CUDA device `number`."""
    import torch

    if number >= torch.cuda.device_count():
        return False
    if zerogpu.lends():
        return True
    return runs_on(torch.cuda.get_device_capability(number), tuple(torch.cuda.get_arch_list()))


def runs_on(capability: tuple[int, int], architectures: tuple[str, ...]) -> bool:
    """Whether kernels built for `architectures` ("sm_75", "compute_120") run on a GPU of this compute capability.

    Binary code (sm) runs on the same major version from its minor version on, PTX (compute) on all that are newer
    (CUDA C++ Programming Guide, 3.1.2 and 3.1.3). A build that does not say what it has is given the benefit of doubt.
    """
    for name in architectures:
        kind, _, digits = name.partition("_")
        digits = digits.rstrip("af")
        if not digits.isdecimal():
            continue
        major, minor = int(digits[:-1]), int(digits[-1])
        if kind == "sm" and major == capability[0] and minor <= capability[1]:
            return True
        if kind == "compute" and (major, minor) <= capability:
            return True
    return not architectures


def _least() -> str:
    """The oldest compute capability that this build of torch has kernels for."""
    import torch

    numbers = [int(digits) for name in torch.cuda.get_arch_list() if (digits := name.partition("_")[2]).isdecimal()]
    return f"{min(numbers) / 10:.1f}" if numbers else ""


def _driver_is_too_old() -> bool:
    import torch

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.is_available()
    return any(_OLD_DRIVER.search(str(warning.message)) for warning in caught)


def _mps_is_there() -> bool:
    import torch

    return torch.backends.mps.is_available()


@lru_cache(maxsize=1)
def _may_have_gpu() -> bool:
    """A look that costs nothing: without a driver's library, torch need not be imported to know that there is none."""
    if sys.platform == "darwin" or Path("/dev/kfd").exists():  # Metal; AMD's driver, for builds of torch for ROCm
        return True
    with suppress(OSError):
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
        return True
    return False
