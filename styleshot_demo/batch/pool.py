"""A batch on one machine: processes of `concurrent.futures`, each with the models, and what to do when one dies."""

import multiprocessing
import os
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path

from styleshot_demo.batch.concurrency import Concurrency
from styleshot_demo.batch.listing import Item
from styleshot_demo.batch.order import BatchOrder
from styleshot_demo.batch.outcome import FAILED, Outcome
from styleshot_demo.batch.worker import Worker, use_threads
from styleshot_demo.errors import Problem

# Not "fork": a process that was forked beside threads of torch, or with a GPU in use, may stand still.
_SPAWN = multiprocessing.get_context("spawn")


def paint_here(order: BatchOrder, items: Iterable[Item], concurrency: Concurrency) -> Generator[Outcome, None, None]:
    """The outcomes of all items, in the order in which they are known.

    A process that dies takes no other picture with it: what was in work is painted again, one at a time, and what ends
    its process then too has failed. So has what there is too little memory for even alone. Closing the iterator stops
    the processes at their next step; what they have finished stays.
    """
    alone: list[Item] = []
    waiting = deque(items)
    while waiting:
        for item, outcome in _round(order, concurrency, waiting):
            # Beside others there may have been no room for it.
            if outcome is None or (outcome.key.startswith("out_of_memory") and concurrency.workers > 1):
                alone.append(item)
            else:
                yield outcome
    single = Concurrency(1, concurrency.threads, concurrency.devices)
    waiting = deque(alone)
    while waiting:
        for item, outcome in _round(order, single, waiting):
            yield outcome or _ended(item)


def measure_here(order: BatchOrder, item: Item, concurrency: Concurrency) -> tuple[float, int]:
    """`Worker.measure` in one of the processes that would paint."""
    with (
        tempfile.TemporaryDirectory(prefix="styleshot-") as folder,
        _pool(replace(order, out=Path(folder)), Concurrency(1, concurrency.threads, concurrency.devices)) as pool,
    ):
        return pool.submit(_measure, item).result()


def _round(
    order: BatchOrder, concurrency: Concurrency, waiting: "deque[Item]"
) -> Iterator[tuple[Item, Outcome | None]]:
    """Takes from `waiting` until nothing is left or a process dies; None is the outcome of what was in work then."""
    with _pool(order, concurrency) as pool:
        running: dict[Future[Outcome], Item] = {}
        whole = True
        while running or (waiting and whole):
            # No more than there are processes: whatever has begun when one dies is under suspicion.
            while whole and waiting and len(running) < concurrency.workers:
                item = waiting.popleft()
                try:
                    running[pool.submit(_paint, item)] = item
                except BrokenProcessPool:
                    whole = False
                    waiting.appendleft(item)
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                item = running.pop(future)
                try:
                    outcome = future.result()
                except BrokenProcessPool:
                    whole, outcome = False, None
                yield item, outcome


def _ended(item: Item) -> Outcome:
    problem = Problem("process_ended")
    return Outcome(item.name, item.target, FAILED, problem=str(problem), key=problem.key)


@contextmanager
def _pool(order: BatchOrder, concurrency: Concurrency) -> Iterator[ProcessPoolExecutor]:
    """Processes that stop at their next step when the block is left before they are done."""
    stop, devices = _SPAWN.Event(), _SPAWN.SimpleQueue()
    for n in range(concurrency.workers):
        devices.put(concurrency.devices[n % len(concurrency.devices)])
    pool = ProcessPoolExecutor(
        concurrency.workers, _SPAWN, initializer=_begin, initargs=(order, concurrency.threads, devices, stop)
    )
    try:
        yield pool
    finally:
        stop.set()
        try:
            pool.shutdown(cancel_futures=True)
        except KeyboardInterrupt:  # for the second time
            for process in multiprocessing.active_children():
                process.kill()
            raise


# In the processes -----------------------------------------------------------------------------------------------------


@dataclass
class _ProcessState:
    """What a process knows; the worker, which may fail, is made by the first task, where that can be told."""

    order: BatchOrder
    device: str
    stop: Event
    worker: Worker | None = None


_state: _ProcessState | None = None


def _begin(order: BatchOrder, threads: int, devices: "SimpleQueue[str]", stop: Event) -> None:
    global _state
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first of them tells the others
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    use_threads(threads)
    _state = _ProcessState(order, devices.get(), stop)


def _end_with_parent() -> None:
    """After a kill of the first process nobody would ever ask this one to end."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _get_worker() -> Worker:
    assert _state is not None
    if _state.worker is None:
        _state.worker = Worker(_state.order, _state.device, _state.stop.is_set)
    return _state.worker


def _paint(item: Item) -> Outcome:
    return _get_worker().paint(item)


def _measure(item: Item) -> tuple[float, int]:
    return _get_worker().measure(item)
