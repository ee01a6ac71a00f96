"""ZeroGPU (Hugging Face Spaces): a GPU is there only while a decorated function runs, in a process of its own.

There, models are put on the GPU when the program starts, and a run is decorated with how long it may take. Everywhere
else nothing of this happens.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

# Seconds for a 512 x 512 picture on what ZeroGPU lends; generous, as a run that takes longer is cut off.
STARTING, PER_PICTURE, PER_STEP = 15, 2.0, 0.15
LONGEST = 120


def lends() -> bool:
    """Whether this program runs where the `spaces` package lends a GPU by the call."""
    try:
        config = importlib.import_module("spaces.config").Config
    except (ImportError, AttributeError):
        return False
    return bool(getattr(config, "zero_gpu", False))


def seconds_for(pictures: int, size: tuple[int, int], steps: int, control: bool) -> int:
    """How many seconds the GPU is asked for; `size` is width and height in pixels, `control` whether a ControlNet
    runs."""
    area = size[0] * size[1] / 512**2
    step = PER_STEP * (1.5 if control else 1)
    return min(LONGEST, round(STARTING + pictures * area * (PER_PICTURE + step * steps)))


def decorated(run: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """`run(plan)` with a GPU for as long as that takes; unchanged where none is lent."""
    if not lends():
        return run
    spaces = sys.modules.get("spaces") or importlib.import_module("spaces")

    def duration(plan: Any) -> int:
        return seconds_for(len(plan.shots), plan.size, plan.job.steps, hasattr(plan.job, "content"))

    def lent(plan: Any) -> Iterator[Any]:
        yield from run(plan)

    return spaces.GPU(lent, duration=duration)


def in_lease() -> bool:
    """Whether this process has a GPU lent to it right now."""
    return False
