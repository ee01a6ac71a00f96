"""A batch on a cluster: Ray Data's actors hold the models, write the files and return what became of each picture."""

import contextlib
import hashlib
import logging
import os
import sys
from collections.abc import Generator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from styleshot_demo.batch.concurrency import Concurrency
from styleshot_demo.batch.listing import Item
from styleshot_demo.batch.order import BatchOrder
from styleshot_demo.batch.outcome import FAILED, Outcome
from styleshot_demo.batch.worker import Worker, use_threads
from styleshot_demo.destinations import not_written
from styleshot_demo.errors import Problem

ROOT = Path(__file__).resolve().parents[2]
TRIES = 3  # of a picture whose actors die; Ray itself would never give it up
_BLOCKS = 4096  # at most: each is a task, of which Ray keeps a record
_NO_SEED = -1  # in a column of numbers


class Actor:
    """Lives in a process of Ray's. One that takes a dead one's place reads what that one had finished."""

    def __init__(self, order: BatchOrder, threads: int) -> None:
        use_threads(threads)
        self._order = order
        self._worker = Worker(order)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        rows = []
        for path, name, target in zip(batch["path"], batch["name"], batch["target"], strict=True):
            item = Item(Path(os.fsdecode(path)), os.fsdecode(name), os.fsdecode(target))
            rows.append(_row_of(self._paint(item)))
        return {name: [row[name] for row in rows] for name in rows[0]}

    def _paint(self, item: Item) -> Outcome:
        # As long as the tries of those that died here, in bytes.
        tries = self._order.parts / f"{hashlib.sha256(os.fsencode(item.target)).hexdigest()}.tries"
        try:
            tries.parent.mkdir(parents=True, exist_ok=True)
            with tries.open("ab") as stream:
                if stream.tell() >= TRIES:
                    problem = Problem("process_ended")
                    return Outcome(item.name, item.target, FAILED, problem=str(problem), key=problem.key)
                stream.write(b".")
            outcome = self._worker.paint(item)
            tries.unlink()
        except OSError as error:
            problem = not_written(error)
            return Outcome(item.name, item.target, FAILED, problem=str(problem), key=problem.key)
        return outcome


def paint_on_ray(order: BatchOrder, items: Sequence[Item], concurrency: Concurrency) -> Generator[Outcome, None, None]:
    """The outcomes of all items, as they become known.

    Uses the cluster that RAY_ADDRESS names, whose machines see all files at the same places and have this program; else
    it starts one on this machine with `concurrency.workers` processors. An actor that dies is replaced, and what it had
    in work is painted again; what has ended `TRIES` actors has failed. Raises `Problem` ray_missing.
    """
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        from ray.data import ActorPoolStrategy, DataContext
    except ImportError as error:
        raise Problem("ray_missing") from error
    own = not ray.is_initialized()
    # Of a worker that died Ray tells on stdout, where results go.
    with contextlib.redirect_stdout(sys.stderr):
        if own:
            _start(ray, concurrency)
        try:
            DataContext.get_current().enable_progress_bars = False
            rows = [_packed(item) for item in items]
            outcomes = (
                ray.data.from_items(rows, override_num_blocks=min(len(rows), _BLOCKS))
                .map_batches(
                    Actor,
                    fn_constructor_kwargs={"order": order, "threads": concurrency.threads},
                    batch_size=1,
                    # One task for each actor: what another one waits for is not lost with it.
                    compute=ActorPoolStrategy(size=concurrency.workers, max_tasks_in_flight_per_actor=1),
                    num_cpus=1,
                    num_gpus=1 if concurrency.on_gpus else 0,
                )
                .iter_rows()
            )
            yield from map(_outcome_of, outcomes)
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


def _row_of(outcome: Outcome) -> dict[str, Any]:
    row = asdict(outcome)
    seed = _NO_SEED if outcome.seed is None else outcome.seed
    return row | {"name": os.fsencode(outcome.name), "target": os.fsencode(outcome.target), "seed": seed}


def _outcome_of(row: dict[str, Any]) -> Outcome:
    seed = None if row["seed"] == _NO_SEED else row["seed"]
    return Outcome(**(row | {"name": os.fsdecode(row["name"]), "target": os.fsdecode(row["target"]), "seed": seed}))


def _start(ray: Any, concurrency: Concurrency) -> None:
    """Connects to a cluster, or starts one; Ray itself says only what keeps it from working."""
    options: dict[str, Any] = {}
    if not os.environ.get("RAY_ADDRESS"):
        options = {"num_cpus": concurrency.workers, "include_dashboard": False}
        os.environ.setdefault("RAY_worker_niceness", "0")  # painting is what the machine is asked for
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    ray.init(
        **options,
        runtime_env={"env_vars": {"PYTHONPATH": path}},
        logging_level=logging.ERROR,
        log_to_driver=False,
    )
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
