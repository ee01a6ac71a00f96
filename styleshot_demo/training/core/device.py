"""Where a training of one process computes, and in which precision."""

from typing import Any, TypeVar, cast

import torch
from torch import nn

from styleshot_demo.runtime.device import device_of, is_cuda
from styleshot_demo.settings import Settings

Module = TypeVar("Module", bound=nn.Module)


def device_and_dtype(device: str, precision: str) -> tuple[torch.device, torch.dtype | None]:
    """Where to train and the autocast dtype (None: float32). `auto` uses a GPU in bfloat16 when there is one."""
    if device == "auto":
        found = device_of(Settings())
        device = found if is_cuda(found) else "cpu"
    if precision == "auto":
        precision = "bf16" if device.startswith("cuda") else "fp32"
    return torch.device(device), {"fp32": None, "bf16": torch.bfloat16}[precision]


def module_to(module: Module, *where: torch.device | torch.dtype, **options: Any) -> Module:
    """`module.to(...)`, whose stubs leave out the memory format, and whose type diffusers and transformers hide."""
    return cast(Any, module).to(*where, **options)
