"""`mask`: which part of a picture is its subject, a person, or the background."""

import time
from pathlib import Path
from typing import Annotated

import typer

from styleshot_demo import provenance
from styleshot_demo.cli.places import out_option, places
from styleshot_demo.cli.report import FAILED, asked, print_json, printable, tell_problem
from styleshot_demo.cli.results import open_asked, option
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import choice

PARTS = ("subject", "person", "background")


def mask(
    inputs: Annotated[list[Path], typer.Argument(metavar="IN", help="Pictures to look at.", show_default=False)],
    out: Annotated[Path, out_option("mask")],
    of: Annotated[str, option("What is white in the mask.", PARTS)] = "subject",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object about the masks.")] = False,
) -> None:
    """Make a grey picture of IN's size: white where the subject, a person or the background is, soft at the edges.

    \b
    python -m styleshot_demo mask photo.jpg -o mask.png --of person
    """
    from PIL import ImageOps

    with asked():
        choice("of", of, PARTS)
    told = []
    for path, file in zip(inputs, places(inputs, out, of), strict=True):
        picture = open_asked(path)
        started = time.perf_counter()
        if of == "person":
            from styleshot_demo.helpers.person import person_mask as found_in
        else:
            from styleshot_demo.helpers.subject import subject_mask as found_in
        found = found_in(picture)
        if found is None:
            tell_problem(Problem("no_person" if of == "person" else "no_subject"), str(path))
            raise typer.Exit(FAILED)
        if of == "background":
            found = ImageOps.invert(found)
        provenance.write(found, file, None)  # a measurement, no picture that somebody could take for a photo
        share = sum(n * count for n, count in enumerate(found.histogram())) / (255 * found.width * found.height)
        seconds = time.perf_counter() - started
        told.append({"file": str(file), "of": of, "share": round(share, 4), "seconds": round(seconds, 3)})
        if not as_json:
            line = f"{file}  {found.width} x {found.height}, {share:.0%} {of}, {seconds:.1f} s"
            typer.echo(printable(line))
    if as_json:
        print_json({"masks": told})
