"""Where the results of several pictures go."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from styleshot_demo import names
from styleshot_demo.cli.report import asked
from styleshot_demo.cli.results import check_destination
from styleshot_demo.destinations import make_folder
from styleshot_demo.errors import Problem
from styleshot_demo.provenance import SUFFIXES


def out_option(what: str) -> Any:
    """The option that says where `what` is made of one or several pictures goes."""
    help = f"Where the {what} goes: .png, .jpg, .webp or .tif; for several pictures a folder."
    return typer.Option("--out", "-o", metavar="OUT", help=help, show_default=False)


def places(inputs: Sequence[Path], out: Path, end: str) -> list[Path]:
    """A place for what is made of each input, all of them tried.

    Of one picture `out` is the file; of several, or where it is a folder or has no ending, the folder of PNGs named
    after the pictures, such as "photo-`end`.png". Exit code 2 where something cannot be written.
    """
    if len(inputs) == 1 and not out.is_dir() and out.suffix:
        files = [out]
    else:
        with asked(str(out)):
            if out.suffix.lower() in SUFFIXES and not out.is_dir():
                raise Problem("folder_for_several", name=out.name)
            make_folder(out)
        files = [out / names.made_of(path.stem, end, suffix=".png") for path in inputs]
    for path, file in zip(inputs, files, strict=True):
        with asked(str(path)):
            if files.count(file) > 1:
                raise Problem("same_name", name=file.name)
    for file in files:
        with asked(str(file)):
            check_destination(file, inputs)
    return files
