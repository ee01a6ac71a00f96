"""Training checkpoints: one file, replaced atomically, holding all that is needed to go on."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from styleshot_demo.atomic import put

NAME = "checkpoint.pt"


def save(out: Path, step: int, model: nn.Module, optimiser: torch.optim.Optimizer, config: dict[str, Any]) -> None:
    """Write the checkpoint of `step` done steps into the folder `out`."""
    state = {"step": step, "config": config, "model": model.state_dict(), "optimiser": optimiser.state_dict()}
    temporary = out / (NAME + ".tmp")
    torch.save(state, temporary)
    put(temporary, out / NAME)


def latest(out: Path) -> dict[str, Any] | None:
    """The checkpoint in the folder `out`, or None."""
    path = out / NAME
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None
