"""`grid`: one sheet of pictures that differ in one or two settings."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image

from styleshot_demo import grid as grids
from styleshot_demo import process, provenance
from styleshot_demo.cli import verbosity
from styleshot_demo.cli.options import AsJson, Provenance
from styleshot_demo.cli.paths import out_file
from styleshot_demo.cli.report import ProgressLine, asked, print_json, printable, settings_asked
from styleshot_demo.cli.results import check_destination, open_asked, tell_lost, write_somewhere
from styleshot_demo.cli.style_arguments import PREFIX, open_styles
from styleshot_demo.errors import Problem
from styleshot_demo.events import Result
from styleshot_demo.grid import STYLE, Axis, CellDone, Grid, NamedStyle
from styleshot_demo.grid.styles import named, of_entry, read_styles
from styleshot_demo.jobs import ClassicalJob, ImageJob, TextJob, check_each, choice, fields
from styleshot_demo.library import Library
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio

_ASKED_WRONGLY = ("grid_idle", "grid_rest", "mask_needed", "nothing_known", "nothing_to_draw")  # as a grid begins
KINDS: dict[str, Any] = {"classical": ClassicalJob, "image": ImageJob, "text": TextJob}
AXIS = "NAME[=VALUES]"


def grid(
    *,
    content: Annotated[Path | None, typer.Argument(metavar="PHOTO", help="The picture to repaint.")] = None,
    out: Annotated[Path, out_file("Where the sheet goes: .png, .jpg, .webp or .tif.")],
    style: Annotated[
        list[Path] | None,
        typer.Option(metavar="STYLE", help="A style picture, or style:NAME of the library; may be repeated."),
    ] = None,
    rows: Annotated[str | None, typer.Option(metavar=AXIS, help="What the rows differ in.")] = None,
    columns: Annotated[str | None, typer.Option(metavar=AXIS, help="What the columns differ in.")] = None,
    prompt: Annotated[str | None, typer.Option(metavar="TEXT", help="What to paint, in place of a photo.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="|".join(KINDS), help="Which job each cell is.", show_default="classical, or text"),
    ] = None,
    assign: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of all cells, such as size=768; may be repeated."),
    ] = None,
    record: Provenance = None,
    as_json: AsJson = False,
) -> None:
    """Paint PHOTO, or a prompt, again and again with other settings, and put it all on one sheet with labels.

    Rows and columns are settings such as strength, method, seed, steps or size, with values or without; `style`: the
    --style pictures one after another, style=all: all of the library, style=batik,woodcut: these of it; `mix=7`: from
    the first --style to the second in seven steps. At most 64 pictures. Ctrl-C keeps what is done.

    \b
    python -m styleshot_demo grid photo.jpg --style painting.jpg --rows strength=0.2,0.6,1 --columns method -o sheet.png
    python -m styleshot_demo grid photo.jpg --columns style=all --rows strength=0.5,1 -o sheet.png
    python -m styleshot_demo grid photo.jpg --style a.jpg --style b.jpg --columns mix=7 -o sheet.png
    python -m styleshot_demo grid --prompt "a castle" --style a.jpg --columns style_strength -o sheet.png
    """
    settings = settings_asked()
    given = [path for path in (content, *(style or ())) if path is not None]
    with asked(str(out)):
        check_destination(out, given)
    kind = _kind(kind, content, prompt)
    job = KINDS[kind]
    values = _assigned(job, assign or (), prompt)
    photo = None if content is None else open_asked(content)
    chosen = [_style(path, settings) for path in style or ()]
    made: list[Axis | None] = []
    for option, text in (("--rows", rows), ("--columns", columns)):
        with asked(f"{option} {text}"):
            made.append(_axis(job, text, values, chosen, settings) if text else None)
    with asked():
        whole = Grid(job(**_pictures(photo, chosen, made), **values), *made)
    keep = settings.provenance if record is None else record
    _paint(Studio(settings), whole, out, keep, as_json)


def _style(path: Path, settings: Settings) -> NamedStyle:
    name = str(path).removeprefix(PREFIX)
    if name != str(path):
        with asked(str(path)):
            return of_entry(Library(settings.library).find(name))
    return named(path, tuple(open_styles([path], None, settings)[0]))


def _kind(kind: str | None, content: Path | None, prompt: str | None) -> str:
    with asked():
        kind = kind or ("classical" if prompt is None else "text")
        choice("kind", kind, list(KINDS))
        wrong = {"classical": content is None or prompt is not None, "image": content is None, "text": prompt is None}
        if wrong[kind] or (kind == "text" and content is not None):
            raise Problem("prompt_or_photo")
    return kind


def _assigned(job: type, assignments: Sequence[str], prompt: str | None) -> dict[str, Any]:
    """The settings of all cells, as a job takes them."""
    values: dict[str, Any] = {} if prompt is None else {"prompt": prompt}
    for one in assignments:
        name, equals, text = (part.strip() for part in one.partition("="))
        name = name.replace("-", "_")
        with asked(f"--set {one}"):
            if not equals:
                raise Problem("unknown_assignment", value=one[:40])
            if name not in check_each(job):
                raise Problem("unknown_setting", name=name[:40])
            values[name] = grids.value_of(fields(job)[name], text)
    return values


def _axis(job: type, text: str, now: dict[str, Any], chosen: Sequence[NamedStyle], settings: Settings) -> Axis:
    name, equals, values = (part.strip() for part in text.partition("="))
    name = name.replace("-", "_")
    if name == STYLE:
        return Axis(name, read_styles(values, chosen, Library(settings.library)))
    return Axis(name, grids.read(job, name, values) if equals else grids.usual(job, name, now))


def _pictures(photo: Image.Image | None, chosen: Sequence[NamedStyle], axes: Sequence[Axis | None]) -> dict[str, Any]:
    """The pictures of the job that the cells change."""
    over = next((axis.values[0].styles for axis in axes if axis and axis.name == STYLE), None)
    together = over or [pair for each in chosen for pair in each.styles]
    return {"styles": together, **({} if photo is None else {"content": photo})}


def _paint(studio: Studio, whole: Grid, out: Path, keep: bool, as_json: bool) -> None:
    """Paints the grid and writes what there is of it, also after Ctrl-C."""
    cells: dict[tuple[int, int], Image.Image] = {}
    results: list[Result] = []
    try:
        with ProgressLine() as progress, closing(grids.paint(studio, whole)) as events:
            for event in events:
                if process.interrupted():
                    raise KeyboardInterrupt
                if isinstance(event, CellDone):
                    # The pictures themselves may have 40 megapixels each.
                    cells[event.row, event.column] = grids.fitted(event.result.images[0], grids.LARGEST, grids.LARGEST)
                    results.append(replace(event.result, images=[], deep=None))
                else:
                    progress.show(event.fraction, f"{event.number} of {event.total}: {event.message}", "grid")
    except Problem as problem:
        if cells or problem.key not in _ASKED_WRONGLY:
            raise
        with asked():
            raise
    finally:
        if cells:
            _write(whole, cells, results, out, keep, as_json)


def _write(
    whole: Grid,
    cells: dict[tuple[int, int], Image.Image],
    results: Sequence[Result],
    out: Path,
    keep: bool,
    as_json: bool,
) -> None:
    labels = [axis.labels if axis else [""] for axis in (whole.rows, whole.columns)]
    titles = [axis.name.replace("_", " ") if axis else "" for axis in (whole.rows, whole.columns)]
    sheet = grids.draw_sheet(cells, labels[0], labels[1], (titles[0], titles[1]))
    models = {name: mark for result in results for name, mark in result.models.items()}
    made_by = provenance.with_grid(results[0].plan.record(0, models), whole.words(), models)
    lies = write_somewhere(sheet, out, made_by if keep else None, results[0].seed)
    rows, columns = whole.shape
    if as_json:
        print_json(
            {
                "file": str(lies), "width": sheet.width, "height": sheet.height,
                "rows": labels[0], "columns": labels[1], "painted": sorted(map(list, cells)),
            }
        )  # fmt: skip
        return tell_lost([out], [lies])
    told = dict.fromkeys(str(note) for result in results for note in result.notes)
    for note in () if verbosity.quiet() else told:
        typer.echo(printable(note), err=True)
    done = f"{len(cells)} of {rows * columns} pictures"
    typer.echo(printable(f"{lies}  {sheet.width} x {sheet.height}, {rows} x {columns}: {done}"))
    tell_lost([out], [lies])
