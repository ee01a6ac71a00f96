"""What a batch would take, told from one picture of it."""

import math
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from styleshot_demo import pictures
from styleshot_demo.batch.listing import Item
from styleshot_demo.batch.manifest import BatchManifest
from styleshot_demo.batch.order import BatchOrder
from styleshot_demo.destinations import check_place
from styleshot_demo.errors import Problem


@dataclass(frozen=True)
class Estimate:
    """What a batch would take.

    pictures  of the batch, or of its shard
    finished  those whose results lie there already
    measured  the name of the picture that was painted to know; empty where nothing is left to paint
    each      seconds that it took in one process, models loaded
    seconds   of the whole batch, about
    size      bytes of the results that are to come, about
    free      bytes that are free on their disk
    """

    pictures: int
    finished: int
    measured: str
    each: float
    seconds: float
    size: int
    free: int


def estimate(
    order: BatchOrder, items: Sequence[Item], workers: int, measure: Callable[[Item], tuple[float, int]]
) -> Estimate:
    """Reads all pictures that may be finished, and paints one of the others by `measure` -> (seconds, bytes).

    Where none can be painted, the `Problem` of the last is raised.
    """
    done = BatchManifest(order)
    left = [item for item in items if not _finished(order, done, item)]
    free = shutil.disk_usage(check_place(order.out)).free
    finished = len(items) - len(left)
    problem = None
    for item in left[len(left) // 2 :] + left[: len(left) // 2]:
        try:
            seconds, size = measure(item)
        except Problem as met:
            problem = met
            continue
        whole = seconds * math.ceil(len(left) / workers)
        return Estimate(len(items), finished, item.name, round(seconds, 2), round(whole, 1), size * len(left), free)
    if problem is not None:
        raise problem
    return Estimate(len(items), finished, "", 0.0, 0.0, 0, free)


def _finished(order: BatchOrder, done: BatchManifest, item: Item) -> bool:
    with suppress(Problem):
        if done.knows(item.target):
            return done.current(item.target, order.key(pictures.read_bytes(item.path))) is not None
    return False
