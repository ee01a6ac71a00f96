"""Folders of real pictures for batches, and the real command on them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import torch
from PIL import Image
from running import ROOT, clean_environment
from typer.testing import CliRunner

from styleshot_demo import provenance
from styleshot_demo.batch import pool
from styleshot_demo.batch.concurrency import Concurrency
from styleshot_demo.batch.listing import Item
from styleshot_demo.batch.order import BatchOrder
from styleshot_demo.batch.outcome import Outcome
from styleshot_demo.batch.worker import Worker
from styleshot_demo.cli.app import app

STYLES = ROOT / "assets" / "styles"
STYLE = STYLES / "batik.jpg"
SIZE = 256


def photos(folder: Path, count: int) -> Path:
    """`count` small pictures, parts of the bundled ones, every third in a sub-folder."""
    originals = sorted(STYLES.glob("*.jpg"))
    for n in range(count):
        place = folder / ("sub folder" if n % 3 == 2 else "") / f"photo {n:02}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        image = Image.open(originals[n % len(originals)]).convert("RGB").resize((160, 160))
        image.crop((0, 0, 160, 120 - n)).save(place, quality=90)
    return folder


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "styleshot_demo", *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    return clean_environment(PYTHONPATH=str(ROOT), **more)


def run(folder: Path, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end, with `more` in its environment."""
    words = command(*words)
    return subprocess.run(words, cwd=folder, env=environment(**more), capture_output=True, text=True, timeout=280)


def here(folder: Path, *words: object, **more: str) -> Any:
    """The `Result` of typer's runner: a command in this very process, where what is said or painted counts and nothing
    else, with one thread as `run` has it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with chdir(folder):
            return CliRunner().invoke(app, [str(word) for word in words], env={"STYLESHOT_DEVICE": "cpu"} | more)
    finally:
        torch.set_num_threads(threads)


def without_pool(folder: Path, *words: object, **more: str) -> Any:
    """`batch` as `here`, painted by its worker in this very process: where it counts what a worker does, and not that
    the pool starts processes, each of which imports torch anew."""

    def paint(order: BatchOrder, items: list[Item], concurrency: Concurrency) -> Iterator[Outcome]:
        yield from map(Worker(order, concurrency.devices[0]).paint, items)

    def measure(order: BatchOrder, item: Item, concurrency: Concurrency) -> tuple[float, int]:
        with TemporaryDirectory() as scratch:
            return Worker(replace(order, out=Path(scratch)), concurrency.devices[0]).measure(item)

    with mock.patch.multiple(pool, paint_here=paint, measure_here=measure):
        return here(folder, "batch", *words, **more)


def start(folder: Path, *words: object) -> subprocess.Popen[str]:
    """A command in a process group of its own, as a shell starts it."""
    return subprocess.Popen(
        command(*words),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def results(folder: Path) -> dict[str, bytes]:
    """Path below the folder -> content, of all that is not hidden and no report."""
    found = {}
    for place, inner, files in os.walk(folder):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in files:
            path = Path(place, name)
            if not name.startswith("report"):
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def same_but_for_what_is_loaded(ours: Path, theirs: Path) -> None:
    """Records name the libraries that are loaded, of which there are more in this process than in a worker's."""
    record, other = provenance.read(ours), provenance.read(theirs)
    assert record.versions.items() <= other.versions.items() and "torch" in record.versions
    assert replace(record, versions={}) == replace(other, versions={}) and record.models and record.computed
    with Image.open(ours) as picture, Image.open(theirs) as another:
        assert (picture.mode, picture.size, picture.tobytes()) == (another.mode, another.size, another.tobytes())
        assert picture.info.keys() == another.info.keys()
