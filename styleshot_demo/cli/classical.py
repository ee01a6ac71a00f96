"""`classical`: repaint a picture with one of the four classical methods."""

from pathlib import Path
from typing import Annotated

import typer

from styleshot_demo.cli.report import asked, settings_asked
from styleshot_demo.cli.results import check_destination, open_asked, option, run_to_end, tell, write_image
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import COLOUR_METHODS, METHODS, OPTIMISERS, STARTS, TRANSFORMS, ClassicalJob
from styleshot_demo.studio import Studio


def classical(
    content: Annotated[Path, typer.Argument(metavar="CONTENT", help="The picture to repaint.", show_default=False)],
    styles: Annotated[
        list[Path], typer.Argument(metavar="STYLE", help="One to four style pictures.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Where the result goes: .png, .jpg, .webp or .tif.", show_default=False
        ),
    ],
    method: Annotated[
        str,
        option(
            "fast: one pass; patches: pieces of the style itself, such as tiles, dots, hatching; "
            "optimise: Gatys' method, slow and thorough; colour: colours only.",
            METHODS,
        ),
    ] = ClassicalJob.method,
    strength: Annotated[float, option("0 leaves the content as it is, 1 is the full style.")] = ClassicalJob.strength,
    size: Annotated[int, option("Longest side of the result, 256 to 2048 pixels.")] = ClassicalJob.size,
    whole: Annotated[
        bool, typer.Option("--whole", help="fast, colour: paint the photo at its own size, up to 40 megapixels.")
    ] = ClassicalJob.whole,
    brush_size: Annotated[
        int | None,
        option(
            "All but colour: longest side at which the style is seen, 256 to 2048; more means larger strokes.",
            default="the result's, with --whole at most 1024",
        ),
    ] = ClassicalJob.brush_size,
    seed: Annotated[int, option("Same seed, same picture.")] = ClassicalJob.seed,
    weight: Annotated[
        list[float] | None,
        typer.Option(
            metavar="NUMBER", help="Weight of a style picture; repeat it once per style.", show_default="all equal"
        ),
    ] = None,
    transform: Annotated[
        str, option("fast: how the style's statistics are put on.", TRANSFORMS)
    ] = ClassicalJob.transform,
    keep_colours: Annotated[
        bool,
        typer.Option("--keep-colours", help="All but colour: keep the content's colours."),
    ] = ClassicalJob.keep_colours,
    steps: Annotated[int, option("optimise: iterations over all sizes, 1 to 5000.")] = ClassicalJob.steps,
    content_weight: Annotated[
        float, option("optimise: hold on to the content, 0 to 100.")
    ] = ClassicalJob.content_weight,
    style_weight: Annotated[float, option("optimise: pull towards the style, 0 to 100.")] = ClassicalJob.style_weight,
    tv_weight: Annotated[float, option("optimise: smooth the result, 0 to 100.")] = ClassicalJob.tv_weight,
    start: Annotated[str, option("optimise: what to begin with.", STARTS)] = ClassicalJob.start,
    optimiser: Annotated[str, option("optimise: what minimises the loss.", OPTIMISERS)] = ClassicalJob.optimiser,
    colour_method: Annotated[
        str, option("colour: how colours are mapped.", COLOUR_METHODS)
    ] = ClassicalJob.colour_method,
    grain: Annotated[float, option("fast, optimise: brushwork in flat areas, 0 to 1.")] = ClassicalJob.grain,
    keep_background: Annotated[
        bool,
        typer.Option("--keep-background", help="Leave what is behind the subject as it is, such as a product's white."),
    ] = ClassicalJob.keep_background,
    keep_faces: Annotated[
        bool,
        typer.Option("--keep-faces/--paint-faces", help="All but colour: keep features of faces and hues of skin."),
    ] = ClassicalJob.keep_faces,
    record: Annotated[
        bool | None,
        typer.Option(
            "--provenance/--no-provenance",
            help="Write into the file how it was made.",
            show_default="on",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object about the result.")] = False,
) -> None:
    """Repaint CONTENT in the style of STYLE, without any download.

    \b
    python -m styleshot_demo classical photo.jpg painting.jpg -o out.png
    python -m styleshot_demo classical photo.jpg a.jpg b.jpg --weight 2 --weight 1 -o out.png
    """
    settings = settings_asked()
    with asked(str(out)):
        check_destination(out, [content, *styles])
    with asked():
        if weight and len(weight) != len(styles):
            raise Problem("weights_count", weights=len(weight), styles=len(styles))
    photo, *paintings = [open_asked(content, method == "colour"), *map(open_asked, styles)]
    with asked():
        job = ClassicalJob(
            photo,
            list(zip(paintings, weight or [1.0] * len(paintings), strict=True)),
            method=method,
            strength=strength,
            size=size,
            whole=whole,
            brush_size=brush_size,
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
            grain=grain,
            keep_background=keep_background,
            keep_faces=keep_faces,
        )
    result = run_to_end(Studio(settings), job)
    keep = settings.provenance if record is None else record
    tell(result, [out], [write_image(result, 0, out, keep)], as_json)
