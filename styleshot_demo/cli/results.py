"""From a checked command to files: pictures in, a run with progress, pictures out."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import typer
from PIL import Image

from styleshot_demo import provenance
from styleshot_demo.cli.report import Progress, asked, print_json
from styleshot_demo.destinations import check_file
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Result
from styleshot_demo.jobs import open_named
from styleshot_demo.studio import Job, Studio

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def option(help: str, choices: Sequence[str] = (), default: str | bool = True) -> Any:
    """An option that the job itself checks, so that shell, page and Python say the same of a wrong value.

    `default` is what its help shows in place of the default None.
    """
    return typer.Option(help=help, metavar="|".join(choices) if choices else "NUMBER", show_default=default)


def check_destination(out: Path, inputs: Sequence[Path]) -> None:
    """What can be known of the destination before minutes of work are spent on it."""
    check_file(out, SUFFIXES)
    if out.exists() and any(path.exists() and out.samefile(path) for path in inputs):
        raise Problem("overwrites_input", name=out.name)


def open_asked(path: Path) -> Image.Image:
    """The picture at a place that the person named."""
    with asked(str(path)):
        return open_named(path)


def run_to_end(studio: Studio, job: Job, quiet: bool) -> Result:
    """Run a job, with progress on stderr unless `quiet`."""
    # Closing gives the models back and stops the work at once when Ctrl-C comes between two steps.
    with Progress(quiet=quiet) as progress, closing(studio.run(job)) as events:
        for event in events:
            if isinstance(event, Finished):
                return event.result
            progress.show(event.fraction, str(event.message), event.message.key)
    raise RuntimeError("a run ended without a result")


def write_image(result: Result, place: int, out: Path, keep: bool) -> None:
    """Save one image of a result; with `keep` the file says how it was made."""
    provenance.write(result.images[place], out, provenance.record_of(result, place) if keep else None)


def tell(result: Result, files: Sequence[Path], as_json: bool) -> None:
    """Report what was made: one JSON object, or a line per file and the notes on stderr."""
    notes = [str(note) for note in result.notes]
    if as_json:
        print_json(
            {
                "files": [str(file) for file in files],
                "seed": result.seed,
                "seconds": round(result.seconds, 3),
                "models": result.models,
                "notes": notes,
                "settings": result.settings,
                "plan": result.plan.as_json(),
                "inputs": result.inputs,
            }
        )
        return
    for note in notes:
        typer.echo(note, err=True)
    for file, image in zip(files, result.images, strict=True):
        typer.echo(f"{file}  {image.width} x {image.height}, seed {result.seed}, {result.seconds:.1f} s")
