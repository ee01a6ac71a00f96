"""Runs `EnlargeJob`s as they were planned."""

import time
from collections.abc import Generator
from contextlib import closing
from typing import Any

from styleshot_demo.events import Event, Finished, Step
from styleshot_demo.jobs import EnlargeJob
from styleshot_demo.messages import remark
from styleshot_demo.models import hub
from styleshot_demo.plan import Plan
from styleshot_demo.runners.weights import network_file, short_hash
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.settings import Settings


def enlarge(plan: Plan[EnlargeJob], settings: Settings, cache: ModelCache) -> Generator[Event, None, None]:
    """Yields a `Step` for each tile and at last one `Finished`; before, where a fetched network is read for its hash,
    `Step`s that say so."""
    from styleshot_demo.helpers.enlarging import enlarging

    started = time.perf_counter()
    yield Step(0.0, remark("enlarging"))
    (name,) = plan.files
    found = hub.require(name, settings)
    if not found.model.built_in:
        with closing(hub.hashing_files(found, settings)) as reading:
            for fraction in reading:
                yield Step(0.0, remark("reading_model", model=found.model.title, percent=int(100 * fraction)))
    models = short_hash(found, settings)
    cache.make_free(plan.device, plan.memory)
    with (
        cache.acquire((name, plan.device), lambda: _load(found, plan.device), name=name, device=plan.device) as model,
        closing(enlarging(plan.job.content, plan.job.factor, model, plan.device)) as tiles,
    ):
        image = None
        while image is None:
            try:
                yield Step(next(tiles), remark("enlarging"))
            except StopIteration as end:
                image = end.value
    yield Finished(plan.result([image], time.perf_counter() - started, models))


def _load(found: hub.FoundModel, device: str) -> Any:
    from styleshot_demo.helpers.enlarging import load_enlarger
    from styleshot_demo.helpers.x4plus import load_x4plus

    return load_enlarger(device) if found.model.built_in else load_x4plus(network_file(found), device)
