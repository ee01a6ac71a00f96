"""From a checked command to files: pictures in, a run with progress, pictures out."""

import contextlib
import errno
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import typer
from PIL import Image

from styleshot_demo import names, process, provenance
from styleshot_demo.cli import verbosity
from styleshot_demo.cli.report import FAILED, ProgressLine, asked, print_json, printable, tell_problem
from styleshot_demo.destinations import check_file, not_written
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Result
from styleshot_demo.jobs import open_named
from styleshot_demo.studio import Job, Studio


def option(help: str, choices: Sequence[str] = (), default: str | bool = True) -> Any:
    """An option that the job itself checks, so that shell, page and Python say the same of a wrong value.

    `default` is what its help shows in place of the default None.
    """
    return typer.Option(help=help, metavar="|".join(choices) if choices else "NUMBER", show_default=default)


def check_destination(out: Path, inputs: Sequence[Path], suffixes: Sequence[str] = provenance.SUFFIXES) -> None:
    """What can be known of the destination before minutes of work are spent on it; `inputs`: files, and folders whose
    files are all read."""
    check_file(out, suffixes)
    try:
        if out.exists() and any(path.exists() and _is_of(out, path) for path in inputs):
            raise Problem("overwrites_input", name=out.name)
        _try_name(out)
    except OSError as error:
        raise Problem("name_too_long") if error.errno == errno.ENAMETOOLONG else not_written(error) from None
    except ValueError:  # a NUL in the name
        raise Problem("cannot_write") from None


def _is_of(out: Path, given: Path) -> bool:
    """Whether `out` is that file, or lies in that folder."""
    return out.samefile(given) or any(above.samefile(given) for above in out.resolve().parents)


def _try_name(out: Path) -> None:
    """Makes and removes files as writing the result will: only the disk knows which names it takes, and from whom."""
    part = out.with_name(f".{secrets.token_hex(8)}.part")
    part.touch(exist_ok=False)
    part.unlink()
    if not os.path.lexists(out):
        out.touch(exist_ok=False)
        out.unlink()


def open_asked(path: Path, deep: bool = False) -> Image.Image:
    """The picture at a place that the person named; `deep` is as in `jobs.open_named`."""
    with asked(str(path)):
        return open_named(path, deep)


def run_to_end(studio: Studio, job: Job) -> Result:
    """Run a job, with progress on stderr."""
    # Closing gives the models back and stops the work at once when Ctrl-C comes between two steps.
    with ProgressLine() as progress, closing(studio.run(job)) as events:
        for event in events:
            if process.interrupted():
                raise KeyboardInterrupt
            if isinstance(event, Finished):
                return event.result
            progress.show(event.fraction, str(event.message), event.message.key)
    raise RuntimeError("a run ended without a result")


def write_image(result: Result, place: int, out: Path, keep: bool) -> Path:
    """Save one image of a result and return where it lies; with `keep` the file says how it was made.

    What was painted is not lost because of a place: where `out` cannot be written, it goes into another file.
    """
    made_by = result.plan.record(place, result.models) if keep else None
    seed = result.plan.settings_per_image()[place]["seed"]
    return write_somewhere(result.images[place], out, made_by, seed, result.deep)


def write_somewhere(
    image: Image.Image, out: Path, made_by: provenance.Record | None, seed: int, deep: Any = None
) -> Path:
    """Saves a picture in `out`, else in another place, which it returns. `Problem` cannot_write where there is none."""
    try:
        provenance.write(image, out, made_by, deep)
        return out
    except Problem as problem:
        for instead in _elsewhere(out, seed):
            with contextlib.suppress(Problem):
                provenance.write(image, instead, made_by, deep)
                return instead
        raise problem


def _elsewhere(out: Path, seed: int) -> Iterator[Path]:
    """Places for what cannot be written to `out`: beside it, the current folder, the folder for temporary files."""
    name = names.made_of(out.stem, f"seed{seed}", secrets.token_hex(3), suffix=out.suffix.lower())
    for folder in (lambda: out.absolute().parent, Path.cwd, lambda: Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):  # the current folder may be gone too
            yield folder() / name


def tell(result: Result, asked_for: Sequence[Path], files: Sequence[Path], as_json: bool) -> None:
    """Report what was made: one JSON object, or a line per file and the notes on stderr.

    Exit code 1 if a file does not lie where it was asked for.
    """
    if as_json:
        print_json(described(result, files))
    else:
        for note in () if verbosity.quiet() else result.notes:
            typer.echo(printable(str(note)), err=True)
        for file, image in zip(files, result.images, strict=True):
            line = f"{file}  {image.width} x {image.height}, seed {result.seed}, {result.seconds:.1f} s"
            typer.echo(printable(line))
    tell_lost(asked_for, files)


def described(result: Result, files: Sequence[Path]) -> dict[str, Any]:
    """A result whose images lie in `files`, JSON-ready."""
    scene = result.plan.scene
    return {
        "files": [str(file) for file in files],
        "seed": result.seed,
        "seconds": round(result.seconds, 3),
        "models": result.models,
        "notes": [str(note) for note in result.notes],
        "settings": result.settings,
        "plan": result.plan.as_json(),
        "inputs": result.plan.inputs(),
        **({} if scene is None else {"scene": scene.as_json()}),
    }


def tell_lost(asked_for: Sequence[Path], files: Sequence[Path]) -> None:
    """Exit code 1, and a line on stderr for each file that does not lie where it was asked for."""
    lost = [(wanted, file) for wanted, file in zip(asked_for, files, strict=True) if wanted != file]
    for wanted, file in lost:
        tell_problem(Problem("saved_elsewhere", place=file), str(wanted))
    if lost:
        raise typer.Exit(FAILED)
