"""Pictures a minute of a batch against one process in a loop, and whether its processes need more and more memory."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, cast

from PIL import Image

from styleshot_demo.batch import report
from styleshot_demo.batch.concurrency import Concurrency
from styleshot_demo.batch.listing import listed
from styleshot_demo.batch.order import BatchOrder, fingerprint
from styleshot_demo.batch.outcome import PAINTED, Outcome
from styleshot_demo.batch.pool import paint_here
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.settings import ASSETS, Settings
from styleshot_demo.studio import Studio

STYLE = ASSETS / "styles" / "batik.jpg"
SIZE = 512  # pixels of the longest side of a result
SMALL = 256  # pixels of the copies that memory is measured with
_PROGRAM = Settings(device="cpu", provenance=False)

OnPicture = Callable[[int, int], None]


def speed(count: int, workers: int, on_picture: OnPicture = lambda done, total: None) -> dict[str, Any]:
    """Pictures a minute of `fast` at 512 pixels: `workers` processes of one thread each, one process in a loop with one
    thread and one with as many threads as there are processes. Models are loaded before the clock starts.

    A loop runs before the batch and one after it, so that what else the machine does meanwhile falls on both.
    """
    with tempfile.TemporaryDirectory(prefix="styleshot-") as folder:
        photos = Path(folder, "photos")
        _write_photos(photos, count, SIZE)
        load = [round(os.getloadavg()[0], 2)] if hasattr(os, "getloadavg") else []
        loop = [_in_a_loop(photos, 1)]
        outcomes = _batch(photos, Path(folder, "painted"), SIZE, Concurrency(workers, 1, ["cpu"]))
        batch = _minute(outcomes, count, workers, on_picture)
        loop.append(_in_a_loop(photos, 1))
        threaded = _in_a_loop(photos, workers)
    one = sum(loop) / len(loop)
    return {
        "pictures": count,
        "size": SIZE,
        "workers": workers,
        "load_before": load,
        "batch_a_minute": round(batch, 1),
        "loop_a_minute": round(one, 1),
        "loop_runs": [round(each, 1) for each in loop],
        "threaded_loop_a_minute": round(threaded, 1),
        "times_as_fast": round(batch / one, 2),
        "times_as_fast_as_threaded": round(batch / threaded, 2),
    }


def memory(count: int, workers: int, on_picture: OnPicture = lambda done, total: None) -> dict[str, Any]:
    """MiB of each process after its first tenth of `count` small pictures, and at its end."""
    with tempfile.TemporaryDirectory(prefix="styleshot-") as folder:
        photos = Path(folder, "photos")
        _write_photos(photos, count, SMALL)
        outcomes = []
        for outcome in _batch(photos, Path(folder, "painted"), SMALL, Concurrency(workers, 1, ["cpu"])):
            outcomes.append(outcome)
            on_picture(len(outcomes), count)
    painted = sum(outcome.status == PAINTED for outcome in outcomes)
    return {"pictures": count, "painted": painted, "size": SMALL, "processes": report.processes(outcomes)}


def _write_photos(folder: Path, count: int, size: int) -> None:
    """Parts of the bundled pictures, no two of the same size: nothing that was computed for one serves another."""
    folder.mkdir()
    originals = [Image.open(path).convert("RGB") for path in sorted((ASSETS / "styles").glob("*.jpg"))]
    for n, original in enumerate(islice(cycle(originals), count)):
        height = size * 3 // 4 - n // len(originals) % 64
        original.resize((size, size)).crop((0, 0, size, height)).save(folder / f"{n:05}.jpg", quality=90)


def _batch(photos: Path, out: Path, size: int, concurrency: Concurrency) -> Iterator[Outcome]:
    settings = {"method": "fast", "size": size}
    sample = ClassicalJob(Image.new("RGB", (256, 256)), cast(Any, STYLE), **settings)  # which opens the file
    mark = fingerprint(sample, ".png", False, Studio(_PROGRAM))
    order = BatchOrder(out, ((STYLE, 1.0, None),), settings, ".png", False, _PROGRAM, mark)
    order.state.mkdir(parents=True)
    return paint_here(order, listed([photos], out, ".png"), concurrency)


def _minute(outcomes: Iterator[Outcome], count: int, workers: int, on_picture: OnPicture) -> float:
    """Pictures a minute once each process has had its first, for which it loads the models."""
    first: dict[int, float] = {}
    done = 0
    for n, outcome in enumerate(outcomes):
        now = time.perf_counter()
        on_picture(n + 1, count)
        if len(first) == workers:
            done += 1
        else:
            first.setdefault(outcome.process, now)
    return 60 * done / (now - max(first.values()))


def _in_a_loop(photos: Path, threads: int) -> float:
    """Pictures a minute of a process that does nothing else, after its first."""
    command = [sys.executable, "-m", "styleshot_demo.evaluation.benchmark_batch", str(photos), str(threads)]
    environ = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    return json.loads(done.stdout.splitlines()[-1])


def _loop(photos: Sequence[Path]) -> float:
    """What somebody would write who has `Studio` and a folder."""
    studio = Studio(_PROGRAM)
    style = Image.open(STYLE)
    began = 0.0
    with tempfile.TemporaryDirectory(prefix="styleshot-") as folder:
        for n, photo in enumerate(photos):
            if n == 1:
                began = time.perf_counter()
            result = studio.finish(ClassicalJob(cast(Any, photo), ((style, 1.0),), method="fast", size=SIZE))
            result.images[0].save(Path(folder, f"{photo.stem}.png"))
    return 60 * (len(photos) - 1) / (time.perf_counter() - began)


if __name__ == "__main__":
    print(json.dumps(_loop(sorted(Path(sys.argv[1]).iterdir()))))
