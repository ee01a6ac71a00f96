"""`batch`: many pictures in one style, by the classical methods."""

import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from filelock import FileLock, Timeout
from PIL import Image

from styleshot_demo.batch.concurrency import Concurrency, choose_concurrency
from styleshot_demo.batch.listing import Item, Shard, listed
from styleshot_demo.batch.manifest import BatchManifest
from styleshot_demo.batch.order import BatchOrder, fingerprint, put_styles
from styleshot_demo.batch.outcome import FAILED as NOT_PAINTED
from styleshot_demo.batch.outcome import KEPT, PAINTED, Outcome
from styleshot_demo.cli import verbosity
from styleshot_demo.cli.options import AsJson, Provenance, Weight, with_settings
from styleshot_demo.cli.report import FAILED, ProgressLine, asked, print_json, printable, settings_asked
from styleshot_demo.cli.results import option
from styleshot_demo.cli.style_arguments import open_styles, with_strength
from styleshot_demo.destinations import check_folder, make_folder
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import ClassicalJob, choice
from styleshot_demo.studio import Studio

FORMATS = ("png", "jpg", "webp", "tif")
ENGINES = ("local", "ray")


@with_settings(ClassicalJob)
def batch(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="IN", help="A folder, with all that is in it, or pictures.", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the results go.", show_default=False)
    ],
    style: Annotated[
        list[Path],
        typer.Option(
            "--style",
            metavar="STYLE",
            help="A style picture, or style:NAME of the library; up to four times.",
            show_default=False,
        ),
    ],
    options: dict[str, Any],
    ctx: typer.Context,
    weight: Weight = None,
    format: Annotated[str, option("What results are saved as.", FORMATS)] = "png",
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="NUMBER", help="Processes.", show_default="one per GPU, else one per core"),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, metavar="NUMBER", help="Threads of each process.", show_default="cores / processes"),
    ] = None,
    engine: Annotated[
        str, option("local: processes on this machine; ray: Ray Data, on the cluster RAY_ADDRESS names.", ENGINES)
    ] = "local",
    shard: Annotated[
        str, typer.Option(metavar="N/M", help="Paint part N of M only: one for each job of a cluster's own scheduler.")
    ] = "1/1",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Paint one picture; say how long all would take, and how much disk.")
    ] = False,
    record: Provenance = None,
    as_json: AsJson = False,
) -> None:
    """Repaint all pictures of a folder in one style; names and sub-folders are kept.

    Stopped or killed, the same command goes on where it was: what is finished and unchanged is not painted again.
    Other files that lie where results go are never replaced. A picture that cannot be painted stops no other.
    report.csv and report.json, beside the results, say what became of each; exit code 1 says that not all are painted.

    Work is shared out by Python's process pool here, and by Ray Data (pip install -r
    styleshot_demo/batch/requirements.txt) or any scheduler with --shard on several machines. A picture is the very one
    that `classical` makes with as many threads.

    \b
    python -m styleshot_demo batch photos -o painted --style painting.jpg
    python -m styleshot_demo batch photos -o painted --style style:watercolour --dry-run
    python -m styleshot_demo batch photos -o painted --style a.jpg --style b.jpg --weight 2 --weight 1 --shard 2/8
    """
    program = settings_asked()
    keep = program.provenance if record is None else record
    with asked():
        part = Shard.from_text(shard)
        ending = f".{choice('format', format, FORMATS)}"
        choice("engine", engine, ENGINES)
    with asked(str(out)):
        check_folder(out)
    styles, strength = open_styles(style, weight, program)
    options = with_strength(ctx, options, "strength", strength, most=1)
    with asked():
        # A job with any content: what can be wrong with settings is known before a picture is opened.
        sample = ClassicalJob(Image.new("RGB", (256, 256)), tuple(styles), **options)
    items = _items(inputs, out, ending, part, style)
    mark = fingerprint(sample, ending, keep, Studio(program))
    order = BatchOrder(out.absolute(), (), options, ending, keep, program, mark, part)
    _check_free(order, items)
    hands = choose_concurrency(sample, len(items), program, workers, threads)
    if dry_run:
        with TemporaryDirectory() as folder:
            _tell_estimate(_with_styles(order, styles, Path(folder)), items, hands, as_json)
        return
    with _alone(order):
        _paint(_with_styles(order, styles, order.state / "styles"), items, hands, engine, as_json)


def _with_styles(order: BatchOrder, styles: Sequence[tuple[Image.Image, float]], folder: Path) -> BatchOrder:
    with asked():
        return replace(order, styles=put_styles(styles, folder))


def _items(inputs: list[Path], out: Path, ending: str, part: Shard, styles: list[Path]) -> list[Item]:
    for one in inputs:
        with asked(str(one)):
            if not one.exists():
                raise Problem("picture_missing")
    with asked():
        return listed(inputs, out, ending, part, styles)


def _check_free(order: BatchOrder, items: list[Item]) -> None:
    """Nothing that lies where results go is lost, unless it is an earlier result of the same picture."""
    with asked(order.out.name):
        if taken := BatchManifest(order).others_files(items):
            raise Problem("results_there", count=len(taken), name=taken[0])


@contextmanager
def _alone(order: BatchOrder) -> Iterator[None]:
    """Nobody else paints this part into this folder; nothing is left of whoever was killed while he did."""
    make_folder(order.state)
    lock = FileLock(order.state / f"lock{order.shard.label}")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Problem("batch_running") from None
    with lock:
        shutil.rmtree(order.parts, ignore_errors=True)
        try:
            yield
        finally:
            shutil.rmtree(order.parts, ignore_errors=True)


def _paint(order: BatchOrder, items: list[Item], hands: Concurrency, engine: str, as_json: bool) -> None:
    from styleshot_demo.batch import report

    if engine == "ray":
        from styleshot_demo.batch.on_ray import paint_on_ray as paint
    else:
        from styleshot_demo.batch.pool import paint_here as paint

    outcomes: list[Outcome] = []
    counts: Counter[str] = Counter()
    stopped: BaseException | None = None
    began, clock = time.perf_counter(), time.time()
    try:
        with ProgressLine() as progress, closing(paint(order, items, hands)) as told:
            progress.show(0, f"Picture 0 of {len(items)}", "pictures")
            for outcome in told:
                outcomes.append(outcome)
                counts[outcome.status] += 1
                line = _progress(counts, len(items), time.perf_counter() - began)
                progress.show(len(outcomes) / len(items), line, "pictures")
    except (KeyboardInterrupt, SystemExit) as error:
        stopped = error
        outcomes += report.finished_meanwhile(order, items, outcomes, clock)
    more = {"seconds": round(time.perf_counter() - began, 1), "engine": engine, "workers": hands.workers}
    figures = report.report(order, items, outcomes, **more, threads=hands.threads, devices=list(hands.devices))
    table, _ = report.write(figures, order)
    for outcome in outcomes:
        if outcome.problem:
            typer.echo(printable(f"{outcome.name}: {outcome.problem}"), err=True)
    if as_json:
        print_json(figures)
    else:
        typer.echo(printable(_summary(figures, table)))
    if stopped is not None:
        finished = figures[PAINTED] + figures[KEPT]
        if not verbosity.quiet():
            text = f"Stopped. {finished} of {len(items)} pictures are finished and stay; the same command goes on."
            typer.echo(text, err=True)
        raise stopped
    if figures[NOT_PAINTED]:
        raise typer.Exit(FAILED)


def _progress(counts: Counter[str], total: int, seconds: float) -> str:
    known = counts.total()
    line = f"Picture {known} of {total}"
    if counts[NOT_PAINTED]:
        line += f", {counts[NOT_PAINTED]} failed"
    if counts[PAINTED] and known < total:
        line += f", about {_duration(seconds / counts[PAINTED] * (total - known))} left"
    return line


def _summary(figures: dict[str, Any], table: Path) -> str:
    counts = ", ".join(f"{figures[status]} {status}" for status in ("painted", "kept", "failed", "stopped"))
    return f"{counts}; {_duration(figures['seconds'])}: {table}"


def _tell_estimate(order: BatchOrder, items: list[Item], hands: Concurrency, as_json: bool) -> None:
    from styleshot_demo.batch.estimate import estimate
    from styleshot_demo.batch.pool import measure_here

    told = estimate(order, items, hands.workers, lambda item: measure_here(order, item, hands))
    if as_json:
        print_json({**asdict(told), "workers": hands.workers, "threads": hands.threads})
        return
    typer.echo(f"{told.pictures} pictures, {told.finished} of them finished")
    if not told.measured:
        return
    took = f"{told.measured} took {told.each:.1f} s"
    typer.echo(printable(f"About {_duration(told.seconds)} in {hands.workers} processes ({took})"))
    typer.echo(f"About {told.size / 1e6:.1f} MB of disk, of which {told.free / 1e6:.0f} MB are free")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
