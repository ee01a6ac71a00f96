"""`classical`: repaint a picture with one of the four classical methods."""

from pathlib import Path
from typing import Annotated, Any

import typer

from styleshot_demo.cli.masks import Mask, open_mask
from styleshot_demo.cli.options import AsJson, Provenance, Weight, with_settings
from styleshot_demo.cli.paths import out_file
from styleshot_demo.cli.report import asked, settings_asked
from styleshot_demo.cli.results import check_destination, open_asked, run_to_end, tell, write_image
from styleshot_demo.cli.style_arguments import Styles, open_styles, with_strength
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.studio import Studio


@with_settings(ClassicalJob)
def classical(
    ctx: typer.Context,
    content: Annotated[Path, typer.Argument(metavar="CONTENT", help="The picture to repaint.", show_default=False)],
    styles: Styles,
    out: Annotated[Path, out_file("Where the result goes: .png, .jpg, .webp or .tif.")],
    options: dict[str, Any],
    mask: Mask = None,
    weight: Weight = None,
    record: Provenance = None,
    as_json: AsJson = False,
) -> None:
    """Repaint CONTENT in the style of STYLE, without any download.

    \b
    python -m styleshot_demo classical photo.jpg painting.jpg -o out.png
    python -m styleshot_demo classical photo.jpg a.jpg b.jpg --weight 2 --weight 1 -o out.png
    python -m styleshot_demo classical photo.jpg style:watercolour -o out.png
    python -m styleshot_demo classical photo.jpg painting.jpg -o out.png --region background
    python -m styleshot_demo classical photo.jpg painting.jpg -o out.png --mask mask.png --feather 8
    python -m styleshot_demo classical photo.jpg a.jpg b.jpg -o out.png --region subject --rest last
    """
    settings = settings_asked()
    with asked(str(out)):
        check_destination(out, [content, *styles, *([mask] if mask else [])])
    photo = open_asked(content, options["method"] == "colour")
    pairs, strength = open_styles(styles, weight, settings)
    options = with_strength(ctx, options, "strength", strength, most=1)
    marked, options = open_mask(ctx, mask, options)
    with asked(str(mask) if mask and options["region"] == "mask" else ""):
        job = ClassicalJob(photo, tuple(pairs), mask=marked, **options)
    result = run_to_end(Studio(settings), job)
    keep = settings.provenance if record is None else record
    tell(result, [out], [write_image(result, 0, out, keep)], as_json)
