"""Runs `EnlargeJob`s as they were planned."""

import time
from collections.abc import Iterator
from contextlib import closing

from styleshot_demo.events import Event, Finished, Step
from styleshot_demo.messages import remark
from styleshot_demo.models import hub
from styleshot_demo.plan import Plan
from styleshot_demo.runners.weights import short_hash
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.settings import Settings


def enlarge(plan: Plan, settings: Settings, cache: ModelCache) -> Iterator[Event]:
    """Yields a `Step` for each tile and at last one `Finished`."""
    from styleshot_demo.helpers.enlarging import enlarging, load_enlarger

    started = time.perf_counter()
    yield Step(0.0, remark("enlarging"))
    models = short_hash(hub.require("enlarge", settings), settings)
    cache.make_free(plan.device, plan.memory)
    with (
        cache.lend(
            ("enlarge", plan.device), lambda: load_enlarger(plan.device), name="enlarge", device=plan.device
        ) as model,
        closing(enlarging(plan.job.content, plan.job.factor, model, plan.device)) as tiles,
    ):
        image = None
        while image is None:
            try:
                yield Step(next(tiles), remark("enlarging"))
            except StopIteration as end:
                image = end.value
    yield Finished(plan.result([image], time.perf_counter() - started, models))
