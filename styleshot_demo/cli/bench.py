"""`bench`: seconds and memory of the methods."""

from pathlib import Path
from typing import Annotated

import typer

from styleshot_demo import jobs
from styleshot_demo.cli import verbosity
from styleshot_demo.cli.figures import JsonOption, tell
from styleshot_demo.cli.report import Commands, ProgressLine, asked
from styleshot_demo.cli.results import open_asked

bench = typer.Typer(cls=Commands, help="Measure seconds and memory.", no_args_is_help=True)


@bench.command("classical")
def bench_classical(
    size: Annotated[
        list[int] | None, typer.Option(help="Longest side in pixels; may be repeated.", show_default="384, 512, 1024")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each; the median counts.")] = 3,
    whole: Annotated[
        list[float] | None,
        typer.Option(
            metavar="MEGAPIXELS",
            help="Instead: photos at their own size, and up to 4.5 megapixels whether tiles show; may be repeated.",
            show_default=False,
        ),
    ] = None,
    content: Annotated[
        Path | None, typer.Option(help="With --whole: the photo, enlarged.", show_default="smooth noise")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Seconds per picture and stage, seconds per move of the strength slider, peak memory."""
    if whole:
        with asked():
            counts = [jobs.number("whole", count, 0.1, 40) for count in whole]
        if content is not None:
            open_asked(content)
        from styleshot_demo.evaluation import benchmark_whole

        tell(benchmark_whole.whole(counts, content), as_json)
        return
    with asked():
        sizes = [jobs.number("size", side, 256, 2048, whole=True) for side in size or (384, 512, 1024)]
    from styleshot_demo.evaluation import benchmark

    tell(benchmark.classical(sizes, repeats), as_json)


@bench.command("batch")
def bench_batch(
    pictures: Annotated[int, typer.Option(min=4, help="Pictures that speed is measured with.")] = 60,
    copies: Annotated[
        int, typer.Option(min=0, help="Small pictures that memory is measured with; 0: it is not.")
    ] = 2000,
    workers: Annotated[int, typer.Option(min=1, help="Processes of a thread each.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Pictures a minute of `batch`, by fast at 512 pixels, against one process in a loop; memory over many pictures."""
    from styleshot_demo.evaluation import benchmark_batch

    with ProgressLine() as progress:

        def show(done: int, total: int) -> None:
            progress.show(done / total, f"Picture {done} of {total}", "pictures")

        figures = {"speed": benchmark_batch.speed(pictures, workers, show)}
        if copies:
            figures["memory"] = benchmark_batch.memory(copies, workers, show)
    tell(figures, as_json)


@bench.command("styleshot")
def bench_styleshot(
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Full size with random weights, about 5 GB on disk for the time.")
    ] = False,
    as_original: Annotated[
        bool, typer.Option("--as-original", help="Also run the original's arrangement, and print the ratios.")
    ] = False,
    size: Annotated[
        int | None,
        typer.Option(help="Side of the pictures in pixels, 128 to 1024.", show_default="512, of the small model 256"),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Denoising steps.", show_default="2, of the small model 20")
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="styleshot|small", help="small: the built-in one, as it is.")
    ] = "styleshot",
    as_json: JsonOption = False,
) -> None:
    """Load seconds, seconds per stage and step, and peak memory of StyleShot; without --synthetic of your weights."""
    with asked():
        jobs.choice("model", model, ("styleshot", "small"))
        usual = (256, 20) if model == "small" else (512, 2)
        side: int = jobs.number("size", usual[0] if size is None else size, 128, 1024, whole=True)
        steps = usual[1] if steps is None else steps
    from styleshot_demo.evaluation import benchmark_styleshot

    def told(stage: str) -> None:
        if not verbosity.quiet():
            typer.echo(stage, err=True)

    figures = benchmark_styleshot.styleshot(
        synthetic=synthetic, as_original=as_original, size=side, steps=steps, model=model, on_stage=told
    )
    tell(figures, as_json)
