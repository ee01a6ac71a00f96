"""Checkpoints of a run on any number of processes: one file with all that is needed to go on, replaced atomically.

Only the weights that learn are in it, whole, whether they were replicated or sharded.
"""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from styleshot_demo.atomic import put
from styleshot_demo.errors import Problem
from styleshot_demo.training.stages.average import Average

NAME = "checkpoint.pt"
LEARNING = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
ALL = StateDictOptions(full_state_dict=True, cpu_offload=True)


def weights(model: nn.Module, average: Average | None = None, options: StateDictOptions = ALL) -> dict[str, Tensor]:
    """The weights by name, or their averages; on the first process, the others get nothing. All processes must call."""
    with average.in_place() if average else nullcontext():
        state = get_model_state_dict(model, options=options)
        # On the CPU the state shares memory with the model, which is about to change back.
        return {name: value.detach().clone() for name, value in state.items()}


def save(
    step: int,
    out: Path,
    identity: dict[str, Any],
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: Average | None,
    scaler: Any,
    first: bool,
) -> None:
    """Write the checkpoint of `step` done updates into the folder `out`. All processes call, the `first` writes."""
    state = {
        "step": step,
        "identity": identity,
        "model": weights(model, options=LEARNING),
        "optimiser": get_optimizer_state_dict(model, optimiser, options=LEARNING),
        "average": weights(model, average, LEARNING) if average else None,
        "scaler": scaler.state_dict() if scaler else None,
    }
    if first:
        temporary = out / f"{NAME}.tmp"
        with open(temporary, "wb") as stream:
            torch.save(state, stream)
            stream.flush()
            os.fsync(stream.fileno())
        put(temporary, out / NAME)


def load(
    out: Path,
    identity: dict[str, Any],
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: Average | None,
    scaler: Any,
) -> int:
    """Go on from the checkpoint in `out`: the number of updates done, 0 where there is none. All processes must call.

    `Problem` other_run where it is one of another run.
    """
    path = out / NAME
    if not path.is_file():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    if state["identity"] != identity:
        raise Problem("other_run")
    options = StateDictOptions(full_state_dict=True, ignore_frozen_params=True, strict=False)
    if average:
        set_model_state_dict(model, state["average"], options=options)
        for value, parameter in zip(average.values, average.parameters, strict=True):
            value.copy_(parameter.detach())
    set_model_state_dict(model, state["model"], options=options)
    set_optimizer_state_dict(model, optimiser, state["optimiser"], options=options)
    if scaler and state["scaler"]:
        scaler.load_state_dict(state["scaler"])
    return state["step"]
