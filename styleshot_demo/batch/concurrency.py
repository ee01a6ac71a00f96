"""How many processes share a batch, and what each of them computes with."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.runtime.device import gpus, is_cuda
from styleshot_demo.runtime.memory import SPARE
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio

_LARGEST = (6300, 6300)  # pixels of the largest photo that is painted at its own size


@dataclass(frozen=True)
class Concurrency:
    """The processes of a batch.

    workers  how many
    threads  that each computes with
    devices  torch's names; worker n has the device n, from the first again where there are fewer
    """

    workers: int
    threads: int
    devices: Sequence[str]

    @property
    def on_gpus(self) -> bool:
        return is_cuda(self.devices[0])


def choose_concurrency(
    sample: ClassicalJob, count: int, program: Settings, workers: int | None = None, threads: int | None = None
) -> Concurrency:
    """The processes for `count` pictures like `sample`, a job of the batch with any content.

    workers  None: one for each GPU; without one, one for each core as far as there is memory for what they paint
    threads  None: the cores that there are for each of the workers, or fewer where OMP_NUM_THREADS says so
    """
    devices = gpus(program)
    if workers is None:
        most = len(devices) if devices[0] != "cpu" else min(cores(), _fitting(sample, program))
        workers = max(1, min(most, count))
    share = max(1, cores() // workers)
    said = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if said.isdecimal() and int(said) > 0:
        share = min(share, int(said))
    return Concurrency(workers, threads or share, devices)


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _fitting(sample: ClassicalJob, program: Settings) -> int:
    """How many such jobs there is main memory for at once."""
    room = Studio(program).planner.room(
        sample.method,
        sample.size,
        _LARGEST if sample.at_own_size else (1, 1),
        [picture.size for picture, _ in sample.styles],
        whole=sample.whole,
        brush_size=sample.brush_size,
        keep_background=sample.keep_background,
        region=sample.region,
    )
    return int(SPARE * room.free / max(room.needed, 1)) if room.free is not None else cores()
