"""`text` and `image`: a prompt or a content picture in the style of others, by StyleShot or composed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from styleshot_demo.cli.masks import Mask, open_mask
from styleshot_demo.cli.options import AsJson, Provenance, Weight, with_settings
from styleshot_demo.cli.paths import out_file
from styleshot_demo.cli.report import asked, settings_asked
from styleshot_demo.cli.results import check_destination, open_asked, run_to_end, tell, write_image
from styleshot_demo.cli.style_arguments import Styles, open_styles, with_strength
from styleshot_demo.jobs import ImageJob, TextJob
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio

Out = Annotated[
    Path, out_file("Where the result goes: .png, .jpg, .webp or .tif; several get their number before the ending.")
]


@with_settings(TextJob)
def text(
    ctx: typer.Context,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What to paint.", show_default=False)],
    styles: Styles,
    out: Out,
    options: dict[str, Any],
    weight: Weight = None,
    record: Provenance = None,
    as_json: AsJson = False,
) -> None:
    """Paint what PROMPT says in the style of STYLE.

    The published StyleShot does that where its files are on disk. Else the scene is composed from drawings, in English
    or Chinese, and painted; steps, guidance, negative prompt, scheduler and --follow-sketch mean nothing then.

    \b
    python -m styleshot_demo text "a red apple" painting.jpg -o out.png --count 4
    python -m styleshot_demo text "海边的城堡，日落" painting.jpg -o out.png --model composer
    python -m styleshot_demo text "strawberries and bees" painting.jpg -o out.png --model composer --tile
    """
    with asked(str(out)):
        check_destination(out, styles)
    settings = settings_asked()
    pairs, strength = open_styles(styles, weight, settings)
    options = with_strength(ctx, options, "style_strength", strength, most=2)
    with asked():
        job = TextJob(tuple(pairs), prompt, **options)
    _make(settings, job, styles, out, record, as_json)


@with_settings(ImageJob)
def image(
    ctx: typer.Context,
    content: Annotated[Path, typer.Argument(metavar="CONTENT", help="The picture to follow.", show_default=False)],
    styles: Styles,
    out: Out,
    options: dict[str, Any],
    mask: Mask = None,
    weight: Weight = None,
    record: Provenance = None,
    as_json: AsJson = False,
) -> None:
    """Paint along the lines of CONTENT in the style of STYLE, with StyleShot.

    \b
    python -m styleshot_demo image photo.jpg painting.jpg -o out.png --preprocessor contour
    python -m styleshot_demo image photo.jpg a.jpg b.jpg -o out.png --region subject --rest last
    """
    with asked(str(out)):
        check_destination(out, inputs := [content, *styles, *([mask] if mask else [])])
    settings = settings_asked()
    pairs, strength = open_styles(styles, weight, settings)
    options = with_strength(ctx, options, "style_strength", strength, most=2)
    photo = open_asked(content)
    marked, options = open_mask(ctx, mask, options)
    with asked(str(mask) if mask else ""):
        job = ImageJob(photo, tuple(pairs), mask=marked, **options)
    _make(settings, job, inputs, out, record, as_json)


def _make(
    settings: Settings, job: TextJob | ImageJob, inputs: Sequence[Path], out: Path, record: bool | None, as_json: bool
) -> None:
    files = [out]
    studio = Studio(settings)
    total = studio.plan(job).job.total  # the small model makes one picture of "both"
    if total > 1:
        files = [out.with_stem(f"{out.stem}-{number}") for number in range(1, total + 1)]
    for file in files:
        with asked(str(file)):
            check_destination(file, inputs)
    result = run_to_end(studio, job)
    keep = settings.provenance if record is None else record
    written = [write_image(result, place, file, keep) for place, file in enumerate(files)]
    tell(result, files, written, as_json)
