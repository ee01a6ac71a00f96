"""One process's part: it loads the models once and paints one picture after another."""

import os
import secrets
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import cached_property

from PIL import Image

from styleshot_demo import pictures, provenance
from styleshot_demo.atomic import put
from styleshot_demo.batch.listing import Item
from styleshot_demo.batch.manifest import BatchManifest
from styleshot_demo.batch.order import BatchOrder
from styleshot_demo.batch.outcome import KEPT, PAINTED, STOPPED, Outcome, as_problem, failed
from styleshot_demo.destinations import not_written
from styleshot_demo.events import Finished, Result
from styleshot_demo.jobs import ClassicalJob, file_name_of, open_named
from styleshot_demo.studio import Studio


def use_threads(threads: int) -> None:
    """How many threads this process computes with; to be called before torch and numpy are imported."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)


class Worker:
    """Paints the pictures of an order; whatever is wrong with one of them becomes its outcome."""

    def __init__(self, order: BatchOrder, device: str = "auto", stopped: Callable[[], bool] = lambda: False) -> None:
        """`device` as torch names it, "auto": as the program's settings say; `stopped` is asked between two steps."""
        program = order.program if device == "auto" else replace(order.program, device=device)
        self._order = order
        self._studio = Studio(program)
        self._stopped = stopped
        self._manifest = BatchManifest(order)

    def paint(self, item: Item) -> Outcome:
        """Paints a picture, unless its result is there already, and writes the result."""
        try:
            outcome = self._paint(item)
        except Exception as error:
            outcome = failed(item, as_problem(error))
        return replace(outcome, process=os.getpid(), memory=_memory())

    def _paint(self, item: Item) -> Outcome:
        data = pictures.read_bytes(item.path)
        entry = self._manifest.current(item.target, self._order.key(data))
        if entry is not None:
            return Outcome(item.name, item.target, KEPT, entry["seconds"], entry["seed"], size=entry["bytes"])
        result = self._result(data, item)
        if result is None:
            return Outcome(item.name, item.target, STOPPED)
        self._manifest.begin(item, data)
        size = self._write(result, item.target)
        seconds = round(result.seconds, 3)
        self._manifest.add(item, data, size, seconds=seconds, seed=result.seed)
        return Outcome(item.name, item.target, PAINTED, seconds, result.seed, size=size)

    def measure(self, item: Item) -> tuple[float, int]:
        """(seconds, bytes) of painting a picture and writing its result, with the models loaded."""
        # Whatever is loaded or compiled once is out of the way after the smallest run.
        small = {**self._order.settings, "size": 256, "whole": False, "steps": 1}
        self._studio.finish(ClassicalJob(self._styles[0][0], self._styles, **small))
        began = time.perf_counter()
        result = self._result(pictures.read_bytes(item.path), item)
        size = 0 if result is None else self._write(result, item.target)
        return time.perf_counter() - began, size

    @cached_property
    def _styles(self) -> tuple[tuple[Image.Image, float], ...]:
        styles = [(open_named(path), weight, name) for path, weight, name in self._order.styles]
        for image, _, name in styles:
            image.info |= {} if name is None else {"file_name": name}
        return tuple((image, weight) for image, weight, _ in styles)

    def _result(self, data: bytes, item: Item) -> Result | None:
        """The result of a file with this content; None if somebody stopped all."""
        job = ClassicalJob(self._opened(data, item), self._styles, **self._order.settings)
        with closing(self._studio.run(job)) as events:
            for event in events:
                if isinstance(event, Finished):
                    return event.result
                if self._stopped():
                    return None
        raise RuntimeError("a run ended without a result")

    def _opened(self, data: bytes, item: Item) -> Image.Image:
        """As `jobs.open_named` opens the file: the very bytes that were looked at, whatever lies there by now."""
        if self._order.settings.get("method") == "colour":
            picture, deep = pictures.open_deep(data)
        else:
            picture, deep = pictures.open_picture(data), None
        picture.info["file_name"] = file_name_of(item.path)
        if deep is not None:
            picture.info["deep"] = deep
        return picture

    def _write(self, result: Result, target: str) -> int:
        """Writes the result's file, which appears whole or not at all; returns its bytes."""
        made_by = result.plan.record(0, result.models) if self._order.keep else None
        # Not beside the result: what a kill leaves behind would stay among the results.
        part = self._order.parts / f"{os.getpid()}-{secrets.token_hex(4)}{self._order.ending}"
        file = self._order.out / target
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            provenance.write(result.images[0], part, made_by, result.deep)
            size = part.stat().st_size
            file.parent.mkdir(parents=True, exist_ok=True)
            put(part, file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise not_written(error) from error
        return size


def _memory() -> int:
    import psutil

    return psutil.Process().memory_info().rss
