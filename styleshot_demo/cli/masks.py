"""Where to paint, as a command is given it: a picture that is white there."""

from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image

from styleshot_demo.cli.report import asked
from styleshot_demo.cli.results import open_asked
from styleshot_demo.cli.style_arguments import was_given
from styleshot_demo.errors import Problem

Mask = Annotated[
    Path | None,
    typer.Option(
        "--mask",
        metavar="FILE",
        help="Paint where this picture, of the content's shape, is white, as with --region mask.",
        show_default=False,
    ),
]


def open_mask(
    ctx: typer.Context, mask: Path | None, options: dict[str, Any]
) -> tuple[Image.Image | None, dict[str, Any]]:
    """(the mask, or None; the options with the region that it stands for). Exit code 2 where another is asked for."""
    if mask is None:
        return None, options
    picture = open_asked(mask)
    with asked(str(mask)):
        if was_given(ctx, "region") and options["region"] != "mask":
            raise Problem("mask_unused", region=options["region"])
    return picture, {**options, "region": "mask"}
