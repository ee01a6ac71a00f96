"""A batch on a cluster: Ray Data's actors hold the models, write the files and return what became of each picture."""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from styleshot_demo.batch.crew import Crew
from styleshot_demo.batch.listing import Item
from styleshot_demo.batch.order import Order
from styleshot_demo.batch.outcome import FAILED, Outcome
from styleshot_demo.batch.painter import Painter, use_threads
from styleshot_demo.errors import Problem

ROOT = Path(__file__).resolve().parents[2]
RETRIES = 3  # of what an actor had in work when it died
_BLOCKS = 4096  # at most: each is a task, of which Ray keeps a record


class Actor:
    """Lives in a process of Ray's. One that takes a dead one's place reads what that one had finished."""

    def __init__(self, order: Order, threads: int) -> None:
        use_threads(threads)
        self._painter = Painter(order)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        rows = [_packed(item) for item in items]
        # Bytes: a name that is no UTF-8 is no text to Arrow. -1: no seed.
        return {
            field.name: [
                os.fsencode(row[field.name])
                if field.name in ("name", "target")
                else -1
                if row[field.name] is None
                else row[field.name]
                for row in rows
            ]
            for field in fields(Outcome)
        }


def paint_on_ray(order: Order, items: Sequence[Item], crew: Crew) -> Iterator[Outcome]:
    """The outcomes of all items, as they become known.

    Uses the cluster that RAY_ADDRESS names, whose machines see all files at the same places and have this program; else
    it starts one on this machine with `crew.workers` processors. An actor that dies is replaced, and what it had in
    work is painted again, `RETRIES` times. Raises `Problem` ray_missing.
    """
    try:
        import ray
        from ray.data import ActorPoolStrategy, DataContext
    except ImportError as error:
        raise Problem("ray_missing") from error
    own = not ray.is_initialized()
    if own:
        _start(ray, crew)
    try:
        context = DataContext.get_current()
        context.enable_progress_bars = False
        context.max_errored_blocks = -1  # what ended its actor again and again is told below
        rows = [
            {
                "path": os.fsencode(item.path.absolute()),
                "name": os.fsencode(item.name),
                "target": os.fsencode(item.target),
            }
            for item in items
        ]
        outcomes = (
            ray.data.from_items(rows, override_num_blocks=min(len(rows), _BLOCKS))
            .map_batches(
                Actor,
                fn_constructor_kwargs={"order": order, "threads": crew.threads},
                batch_size=None,
                compute=ActorPoolStrategy(size=crew.workers),
                num_cpus=1,
                num_gpus=1 if crew.on_gpus else 0,
                max_task_retries=RETRIES,
            )
            .iter_rows(prefetch_batches=0)
        )
        left = {item.target: item for item in items}
        for row in outcomes:
            told = {
                **row,
                "name": os.fsdecode(row["name"]),
                "target": os.fsdecode(row["target"]),
                "seed": None if row["seed"] < 0 else row["seed"],
            }
            outcome = Outcome(**told)
            left.pop(outcome.target, None)
            yield outcome
        problem = Problem("process_ended")
        for item in left.values():
            yield Outcome(item.name, item.target, FAILED, problem=str(problem), key=problem.key)
    finally:
        if own:
            ray.shutdown()


def _packed(item: Item) -> dict[str, bytes]:
    """As a row. Bytes: a name that is no UTF-8 is no text to Arrow."""
    return {
        "path": os.fsencode(item.path.absolute()),
        "name": os.fsencode(item.name),
        "target": os.fsencode(item.target),
    }


def _start(ray: Any, crew: Crew) -> None:
    """Connects to a cluster, or starts one; Ray itself stays silent."""
    os.environ.setdefault("RAY_DEDUP_LOGS", "1")
    logging.getLogger("ray").setLevel(logging.ERROR)
    options: dict[str, Any] = {}
    if not os.environ.get("RAY_ADDRESS"):
        options = {"num_cpus": crew.workers, "include_dashboard": False}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    ray.init(
        **options,
        runtime_env={"env_vars": {"PYTHONPATH": path}},
        logging_level=logging.ERROR,
        log_to_driver=False,
        configure_logging=False,
    )
