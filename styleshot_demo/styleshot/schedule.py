"""The timesteps of one run. A scheduler counts its steps in itself, so each run has one of its own."""

import copy
from typing import Any, Protocol, cast

from diffusers import PNDMScheduler, SchedulerMixin
from torch import Tensor, device


class Scheduler(Protocol):
    """What all of diffusers' schedulers have beside `SchedulerMixin`, which names none of it."""

    timesteps: Tensor
    init_noise_sigma: Any  # a number, or a tensor of one

    def set_timesteps(self, *args: Any, **arguments: Any) -> Any: ...

    def scale_model_input(self, *args: Any, **arguments: Any) -> Any: ...

    def step(self, *args: Any, **arguments: Any) -> tuple[Tensor, ...]: ...  # with `return_dict=False`

    def add_noise(self, *args: Any, **arguments: Any) -> Tensor: ...


def prepare_timesteps(
    scheduler: SchedulerMixin | Scheduler, steps: int, where: device | str, start: float = 0.0
) -> tuple[Scheduler, Tensor]:
    """A copy of the scheduler, ready for its first step, and the timesteps that it is to make.

    `start` is the share of the steps, from the noisiest on, that are left out, 0 to less than 1; one is always made.
    """
    copied = copy.deepcopy(scheduler)
    own = cast(Scheduler, copied)
    if start and isinstance(copied, PNDMScheduler):
        return own, _prepare_pndm(copied, steps, where, start)
    own.set_timesteps(steps, device=where)
    skipped = _skipped(start, len(own.timesteps))
    begin = getattr(own, "set_begin_index", None)
    if skipped and begin is not None:
        begin(skipped)
    return own, own.timesteps[skipped:]


def _prepare_pndm(own: PNDMScheduler, steps: int, where: device | str, start: float) -> Tensor:
    """PNDM warms up in its first steps by their count, wherever they are: the second one is made twice (PLMS).

    Its other way (Runge-Kutta, PRK) takes 12 evaluations and knows no other beginning than pure noise.
    """
    own.register_to_config(skip_prk_steps=True)
    own.set_timesteps(steps, device=where)
    once = cast(Tensor, own.timesteps).unique().flip(0)
    once = once[_skipped(start, len(once)) :]
    own.timesteps = once.repeat_interleave((once == once[1:2]).long() + 1) if len(once) > 1 else once
    return cast(Tensor, own.timesteps)


def _skipped(start: float, steps: int) -> int:
    return min(round(start * steps), steps - 1)
