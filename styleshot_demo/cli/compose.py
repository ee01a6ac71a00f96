"""`compose`: what words ask for, drawn."""

import re
from pathlib import Path
from typing import Annotated

import typer

from styleshot_demo import jobs, provenance
from styleshot_demo.cli import verbosity
from styleshot_demo.cli.paths import out_file
from styleshot_demo.cli.report import asked, print_json, printable
from styleshot_demo.cli.results import check_destination, option
from styleshot_demo.errors import Problem

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def compose(
    prompt: Annotated[
        str, typer.Argument(metavar="PROMPT", help="What it shows: English or Chinese.", show_default=False)
    ],
    out: Annotated[Path, out_file("Where the sketch goes: .png, .jpg or .webp.")],
    size: Annotated[
        str, typer.Option(metavar="SIDE|WIDTHxHEIGHT", help="Pixels, 256 to 2048 a side, such as 768x512.")
    ] = "512",
    seed: Annotated[int, option("Moves the things, not the meaning. Same seed, same picture.")] = 0,
    tile: Annotated[bool, typer.Option("--tile", help="A pattern that repeats without a seam.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scene and the place of each thing.")] = False,
) -> None:
    """Draw what PROMPT asks for, from open vector art, and say what was understood.

    \b
    python -m styleshot_demo compose "a castle by the sea at sunset" -o sketch.png
    python -m styleshot_demo compose "三只小猫在草地上" -o sketch.png --size 768x512 --json
    python -m styleshot_demo compose "strawberries and bees" -o sketch.png --tile
    """
    with asked():
        width, height = _sides(size)
        seed = jobs.number("seed", seed, 0, jobs.MAX_SEED, whole=True)
    with asked(str(out)):
        check_destination(out, [], SUFFIXES)
    from styleshot_demo.compose.sketch import draw
    from styleshot_demo.runners.scenes import scene_of

    with asked():
        scene = scene_of(prompt, tile)
    sketch = draw(scene, (width, height), seed)
    provenance.write(sketch.picture, out, None)
    if as_json:
        boxes = [layer.box for layer in sketch.layers]
        print_json(
            {"file": str(out), "width": width, "height": height, "seed": seed, "scene": scene.as_json(), "boxes": boxes}
        )
        return
    for one in () if verbosity.quiet() else scene.unknown:
        near = f" (near: {', '.join(one.nearest)})" if one.nearest else ""
        typer.echo(printable(f"Not known here: {one.said}{near}"), err=True)
    things = ", ".join(f"{one.count} {one.name}" for one in scene.things) or "nothing"
    typer.echo(
        printable(f"{out}  {width} x {height}, seed {seed}: {things}; {scene.place}, {scene.time}, {scene.weather}")
    )


def _sides(size: str) -> tuple[int, int]:
    """(width, height) of "512" or "768x512"."""
    match = re.fullmatch(r"(\d{1,5})(?:[x×](\d{1,5}))?", size.strip().lower())
    if match is None:
        raise Problem("not_a_number", name="size", low=256, high=2048)
    width = int(match[1])
    height = int(match[2] or match[1])
    return tuple(jobs.number("size", side, 256, 2048, whole=True) for side in (width, height))
