"""ZeroGPU (Hugging Face Spaces): a GPU is there only while a decorated function runs, in a process of its own.

There, models are put on the GPU when the program starts, and a run is decorated with how long it may take. Everywhere
else nothing of this happens.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from styleshot_demo.jobs import ImageJob, TextJob

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


def seconds_for(job: TextJob | ImageJob, pictures: int | None = None) -> int:
    """How many seconds the GPU is asked for."""
    area = job.size**2 / 512**2
    step = PER_STEP
    if isinstance(job, ImageJob):
        area *= max(job.content.size) / min(job.content.size)
        step *= 1.5  # the ControlNet
    count = pictures or job.total
    return min(LONGEST, round(STARTING + count * area * (PER_PICTURE + step * job.steps)))


def decorated(run: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """`run(job, lower, strengths)` with a GPU for as long as the job takes; unchanged where none is lent."""
    if not lends():
        return run
    spaces = sys.modules.get("spaces") or importlib.import_module("spaces")

    def duration(job: TextJob | ImageJob, lower: bool = False, strengths: tuple[float, ...] = ()) -> int:
        return seconds_for(job, len(strengths) or None)

    def lent(job: TextJob | ImageJob, lower: bool = False, strengths: tuple[float, ...] = ()) -> Iterator[Any]:
        yield from run(job, lower, strengths)

    return spaces.GPU(lent, duration=duration)
