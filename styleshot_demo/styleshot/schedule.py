"""The timesteps of one run. A scheduler counts its steps in itself, so each run has one of its own."""

import copy

from diffusers import PNDMScheduler, SchedulerMixin
from torch import Tensor, device


def begun(
    scheduler: SchedulerMixin, steps: int, where: device | str, start: float = 0.0
) -> tuple[SchedulerMixin, Tensor]:
    """A copy of the scheduler, ready for its first step, and the timesteps that it is to make.

    `start` is the share of the steps, from the noisiest on, that are left out, 0 to less than 1; one is always made.
    """
    own = copy.deepcopy(scheduler)
    if start and isinstance(own, PNDMScheduler):
        return own, _begun_pndm(own, steps, where, start)
    own.set_timesteps(steps, device=where)
    skipped = _skipped(start, len(own.timesteps))
    if skipped and hasattr(own, "set_begin_index"):
        own.set_begin_index(skipped)
    return own, own.timesteps[skipped:]


def _begun_pndm(own: PNDMScheduler, steps: int, where: device | str, start: float) -> Tensor:
    """PNDM warms up in its first steps by their count, wherever they are: the second one is made twice.

    Its other way to warm up takes 12 evaluations and knows no other beginning than pure noise.
    """
    own.register_to_config(skip_prk_steps=True)
    own.set_timesteps(steps, device=where)
    once = own.timesteps.unique().flip(0)
    once = once[_skipped(start, len(once)) :]
    own.timesteps = once.repeat_interleave((once == once[1:2]).long() + 1) if len(once) > 1 else once
    return own.timesteps


def _skipped(start: float, steps: int) -> int:
    return min(round(start * steps), steps - 1)
