"""`classical`: repaint a picture with one of the three classical methods."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image

from styleshot_demo import pictures, provenance
from styleshot_demo.cli.report import Progress, asked, print_json, settings_asked
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Result
from styleshot_demo.jobs import COLOUR_METHODS, METHODS, OPTIMISERS, STARTS, TRANSFORMS, ClassicalJob
from styleshot_demo.studio import Studio

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def _option(help: str, choices: Sequence[str] = ()) -> Any:
    """An option that the job itself checks, so that shell, page and Python say the same of a wrong value."""
    return typer.Option(help=help, metavar="|".join(choices) if choices else "NUMBER")


def classical(
    content: Annotated[Path, typer.Argument(metavar="CONTENT", help="The picture to repaint.", show_default=False)],
    styles: Annotated[
        list[Path], typer.Argument(metavar="STYLE", help="One to four style pictures.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Where the result goes: .png, .jpg or .webp.", show_default=False
        ),
    ],
    method: Annotated[
        str,
        _option("fast: one pass; optimise: Gatys' method, slow and thorough; colour: colours only.", METHODS),
    ] = ClassicalJob.method,
    strength: Annotated[float, _option("0 leaves the content as it is, 1 is the full style.")] = ClassicalJob.strength,
    size: Annotated[int, _option("Longest side of the result, 256 to 2048 pixels.")] = ClassicalJob.size,
    seed: Annotated[int, _option("Same seed, same picture.")] = ClassicalJob.seed,
    weight: Annotated[
        list[float] | None,
        typer.Option(
            metavar="NUMBER", help="Weight of a style picture; repeat it once per style.", show_default="all equal"
        ),
    ] = None,
    transform: Annotated[
        str, _option("fast: how the style's statistics are put on.", TRANSFORMS)
    ] = ClassicalJob.transform,
    keep_colours: Annotated[
        bool,
        typer.Option("--keep-colours", help="fast, optimise: keep the content's colours."),
    ] = ClassicalJob.keep_colours,
    steps: Annotated[int, _option("optimise: iterations over all sizes, 1 to 5000.")] = ClassicalJob.steps,
    content_weight: Annotated[
        float, _option("optimise: hold on to the content, 0 to 100.")
    ] = ClassicalJob.content_weight,
    style_weight: Annotated[float, _option("optimise: pull towards the style, 0 to 100.")] = ClassicalJob.style_weight,
    tv_weight: Annotated[float, _option("optimise: smooth the result, 0 to 100.")] = ClassicalJob.tv_weight,
    start: Annotated[str, _option("optimise: what to begin with.", STARTS)] = ClassicalJob.start,
    optimiser: Annotated[str, _option("optimise: what minimises the loss.", OPTIMISERS)] = ClassicalJob.optimiser,
    colour_method: Annotated[
        str, _option("colour: how colours are mapped.", COLOUR_METHODS)
    ] = ClassicalJob.colour_method,
    record: Annotated[
        bool | None,
        typer.Option(
            "--provenance/--no-provenance",
            help="Write into the file how it was made.",
            show_default="on",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object about the result.")] = False,
) -> None:
    """Repaint CONTENT in the style of STYLE, without any download.

    \b
    python -m styleshot_demo classical photo.jpg painting.jpg -o out.png
    python -m styleshot_demo classical photo.jpg a.jpg b.jpg --weight 2 --weight 1 -o out.png
    """
    settings = settings_asked()
    with asked(str(out)):
        _check_destination(out, [content, *styles])
    with asked():
        if weight and len(weight) != len(styles):
            raise Problem("weights_count", weights=len(weight), styles=len(styles))
    photo, *paintings = [_open(path) for path in (content, *styles)]
    with asked():
        job = ClassicalJob(
            photo,
            list(zip(paintings, weight or [1.0] * len(paintings), strict=True)),
            method=method,
            strength=strength,
            size=size,
            seed=seed,
            keep_colours=keep_colours,
            transform=transform,
            colour_method=colour_method,
            steps=steps,
            content_weight=content_weight,
            style_weight=style_weight,
            tv_weight=tv_weight,
            start=start,
            optimiser=optimiser,
        )
    result = _run(Studio(settings), job, quiet)
    keep = settings.provenance if record is None else record
    made_by = provenance.record(result.settings, result.models, result.seed) if keep else None
    provenance.write(result.images[0], out, made_by)
    _tell(result, out, as_json)


def _check_destination(out: Path, inputs: Sequence[Path]) -> None:
    """What can be known of the destination before minutes of work are spent on it."""
    if out.suffix.lower() not in SUFFIXES:
        raise Problem("output_format", suffix=out.suffix[:20] or "nameless")
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise Problem("cannot_write")
    if out.exists() and any(path.exists() and out.samefile(path) for path in inputs):
        raise Problem("overwrites_input", name=out.name)


def _open(path: Path) -> Image.Image:
    with asked(str(path)):
        return pictures.open_picture(path)


def _run(studio: Studio, job: ClassicalJob, quiet: bool) -> Result:
    # Closing gives the models back and stops the work at once when Ctrl-C comes between two steps.
    with Progress(quiet=quiet) as progress, closing(studio.run(job)) as events:
        for event in events:
            if isinstance(event, Finished):
                return event.result
            progress.show(event.fraction, str(event.message), event.message.key)
    raise RuntimeError("a run ended without a result")


def _tell(result: Result, out: Path, as_json: bool) -> None:
    notes = [str(note) for note in result.notes]
    if as_json:
        print_json(
            {
                "files": [str(out)],
                "seed": result.seed,
                "seconds": round(result.seconds, 3),
                "models": result.models,
                "notes": notes,
                "settings": result.settings,
            }
        )
        return
    for note in notes:
        typer.echo(note, err=True)
    width, height = result.images[0].size
    typer.echo(f"{out}  {width} x {height}, seed {result.seed}, {result.seconds:.1f} s")
