"""`enlarge`: pictures with two or four times as many pixels along each side."""

from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image

from styleshot_demo import provenance
from styleshot_demo.cli.options import AsJson, Provenance, with_settings
from styleshot_demo.cli.places import out_option, places
from styleshot_demo.cli.report import asked, print_json, printable, settings_asked
from styleshot_demo.cli.results import described, open_asked, run_to_end, tell_lost, write_image
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import EnlargeJob, check_each
from styleshot_demo.studio import Studio


@with_settings(EnlargeJob)
def enlarge(
    inputs: Annotated[list[Path], typer.Argument(metavar="IN", help="Pictures to enlarge.", show_default=False)],
    out: Annotated[Path, out_option("result")],
    options: dict[str, Any],
    record: Provenance = None,
    as_json: AsJson = False,
) -> None:
    """Enlarge IN with crisp edges, without any download. It is made for what is painted or drawn.

    With `--model x4plus`, which has to be fetched (67 MB), textures come out finer; that takes far longer.

    What a picture says of how it was made, the enlarged one says too.

    \b
    python -m styleshot_demo enlarge out.png -o large.png --factor 4
    python -m styleshot_demo enlarge a.png b.png -o large
    python -m styleshot_demo enlarge out.png -o large.png --model x4plus
    """
    settings = settings_asked()
    keep = settings.provenance if record is None else record
    with asked():
        for name, check in check_each(EnlargeJob).items():
            check(name, options[name])
    files = places(inputs, out, f"{options['factor']}x")
    studio = Studio(settings)
    told, written = [], []
    for path, file in zip(inputs, files, strict=True):
        picture = open_asked(path)
        with asked(str(path)):
            job = EnlargeJob(picture, made_by=_record(path), **options)
        result = run_to_end(studio, job)
        written.append(write_image(result, 0, file, keep))
        told.append(described(result, written[-1:]))
        if not as_json:
            typer.echo(printable(_line(written[-1], result.images[0], result.seconds)))
    if as_json:
        print_json({"pictures": told})
    tell_lost(files, written)


def _record(path: Path) -> provenance.Record | None:
    try:
        return provenance.read(path)
    except Problem:  # most pictures say nothing, and what some say is of no use
        return None


def _line(file: Path, image: Image.Image, seconds: float) -> str:
    return f"{file}  {image.width} x {image.height}, {seconds:.1f} s"
