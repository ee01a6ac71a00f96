"""What a checkpoint of a run on any number of processes holds.

Only the weights that learn are in it, whole, whether they were replicated or sharded.
"""

from contextlib import nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from styleshot_demo.training.core.ema import ExponentialMovingAverage

LEARNING = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
ALL = StateDictOptions(full_state_dict=True, cpu_offload=True)


def weights(
    model: nn.Module, average: ExponentialMovingAverage | None = None, options: StateDictOptions = ALL
) -> dict[str, Tensor]:
    """The weights by name, or their averages; on the first process, the others get nothing. All processes must call."""
    with average.in_place() if average else nullcontext():
        state = cast(dict[str, Tensor], get_model_state_dict(model, options=options))
        # On the CPU the state shares memory with the model, which is about to change back.
        return {name: value.detach().clone() for name, value in state.items()}


def collected(
    model: nn.Module, optimiser: torch.optim.Optimizer, average: ExponentialMovingAverage | None, scaler: Any
) -> dict[str, Any]:
    """What `Checkpoint` saves. All processes must call."""
    return {
        "model": weights(model, options=LEARNING),
        "optimiser": get_optimizer_state_dict(model, optimiser, options=LEARNING),
        "average": weights(model, average, LEARNING) if average else None,
        "scaler": scaler.state_dict() if scaler else None,
    }


def restore(
    state: dict[str, Any],
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: ExponentialMovingAverage | None,
    scaler: Any,
) -> None:
    """The opposite of `collected`. All processes must call."""
    options = StateDictOptions(full_state_dict=True, ignore_frozen_params=True, strict=False)
    if average:
        set_model_state_dict(model, state["average"], options=options)
        average.take()
    set_model_state_dict(model, state["model"], options=options)
    set_optimizer_state_dict(model, optimiser, state["optimiser"], options=options)
    if scaler and state["scaler"]:
        scaler.load_state_dict(state["scaler"])
