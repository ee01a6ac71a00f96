"""Learning-rate schedules: the share of the highest rate at an update, counted from 0.

They are functions of the update, so a run that is continued with another number of updates follows the new schedule
from there. The schedules of diffusers would change the numbers: their warm-up spends its first update at a rate of
zero, and those that fall end at zero or next to it.
"""

import math


def warming_up(step: int, warmup: int) -> float:
    """Linear rise to 1 at update `warmup` - 1, then constant."""
    return min(1.0, (step + 1) / max(1, warmup))


def cosine(step: int, steps: int, warmup: int, floor: float = 0.0) -> float:
    """Warm-up, then half a cosine from 1 down to `floor` at update `steps`."""
    if step < warmup:
        return warming_up(step, warmup)
    place = (step - warmup) / max(1, steps - warmup)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, place)))


def trapezoid(step: int, steps: int, warmup: int, decay: float, floor: float) -> float:
    """Warm-up, constant, then a linear fall to `floor` over the last `decay` of the updates."""
    left = (steps - step) / max(1.0, steps * decay)
    return warming_up(step, warmup) * max(floor, min(1.0, left))
