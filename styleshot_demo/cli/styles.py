"""`styles`: the library of styles."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from styleshot_demo import containers, destinations
from styleshot_demo.cli import verbosity
from styleshot_demo.cli.paths import out_file
from styleshot_demo.cli.report import (
    FAILED,
    MISUSED,
    Commands,
    asked,
    hand_on_json,
    print_json,
    printable,
    settings_asked,
    tell_problem,
)
from styleshot_demo.errors import Problem
from styleshot_demo.library import MAX_PICTURES, SUFFIX, Library, StyleEntry, search

T = TypeVar("T")

app = typer.Typer(
    cls=Commands,
    help="The library of styles: what is kept here is used as style:NAME wherever a command takes a STYLE.",
    invoke_without_command=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a style in the library.", show_default=False)]
Tag = Annotated[list[str] | None, typer.Option(metavar="TEXT", help="A tag; may be repeated.", show_default=False)]
Note = Annotated[str | None, typer.Option(metavar="TEXT", help="A sentence about it.", show_default=False)]
Pictures = Annotated[
    list[Path],
    typer.Argument(metavar="PICTURE", help=f"Its pictures, 1 to {MAX_PICTURES}, or a folder.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def _library() -> Library:
    settings = settings_asked()
    return Library(settings.library, settings.library_gb)


@app.callback()
def styles(ctx: typer.Context, as_json: AsJson = False) -> None:
    if ctx.invoked_subcommand is None:
        list_styles(as_json=as_json)
    elif as_json:
        hand_on_json(ctx)


@app.command("list")
def list_styles(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD]...", help="Only those with these words in name, tags or note."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the styles of the library."""
    library = _library()
    found = search(library.styles(), " ".join(words or ()))
    if as_json:
        print_json({"folder": str(library.folder) if library.folder else None, "styles": [_row(one) for one in found]})
        return
    for entry in found:
        facts = ["comes with the program"] if entry.read_only else [_count(entry), *entry.style.tags]
        typer.echo(printable(f"{entry.key if entry.read_only else entry.name}  ({', '.join(facts)})"))
    for problem in () if verbosity.quiet() else library.unreadable():
        tell_problem(problem)


def _count(entry: StyleEntry) -> str:
    count, used = len(entry.style.pictures), len(entry.style.used)
    pictures = "1 picture" if count == 1 else f"{count} pictures"
    return pictures if used == count else f"{pictures}, {used} of them used"


def _row(entry: StyleEntry) -> dict[str, Any]:
    style = entry.style.model_dump(mode="json", exclude={"format", "version"})
    return {"key": entry.key, "built_in": entry.read_only, "file": str(entry.path), **style}


def _tell(entry: StyleEntry, as_json: bool, done: str) -> None:
    if as_json:
        print_json(_row(entry))
    else:
        typer.echo(printable(f"{entry.name}: {done}."))


@app.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """Say what is kept of a style; the pictures that jobs get are marked with a star."""
    with asked(name):
        entry = _library().find(name)
    if as_json:
        print_json(_row(entry))
        return
    style = entry.style
    lines = [style.name, *([f"tags: {', '.join(style.tags)}"] if style.tags else []), *filter(None, [style.note])]
    if style.strength is not None:
        lines.append(f"strength: {style.strength:g}")
    for number, picture in enumerate(style.pictures, 1):
        star = "*" if picture.used else " "
        lines.append(f"{star} {number}  {picture.name or picture.file}  weight {picture.weight:g}")
    for line in [*lines, str(entry.path)]:
        typer.echo(printable(line))


@app.command("save")
def save(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.", show_default=False)],
    pictures: Pictures,
    weight: Annotated[
        list[float] | None,
        typer.Option(
            metavar="NUMBER", help="Weight of a picture; repeat it once per picture.", show_default="all equal"
        ),
    ] = None,
    use: Annotated[
        list[int] | None,
        typer.Option(
            metavar="NUMBER",
            show_default="the four most typical",
            help="Which picture jobs get, counted from 1; up to four. Without it all count: moments and tokens are "
            "their mean, and each of the four stands for those most like it.",
        ),
    ] = None,
    strength: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="Strength to use it with, 0 to 2.", show_default="none")
    ] = None,
    tag: Tag = None,
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Keep pictures as a style, without what cameras write into them, at most 2048 pixels long.

    \b
    python -m styleshot_demo styles save "House style" a.jpg b.jpg --weight 2 --weight 1 --tag brand
    python -m styleshot_demo styles save "House style" folder_of_pictures --use 3 --use 17
    """
    with _pictures_named():
        found = _listed(pictures)
        pairs = _weighed(found, weight or [1.0] * len(found))
        entry = _library().save(name, pairs, tag or (), note or "", strength, _places(use))
    _tell(entry, as_json, f"{_count(entry)}, kept as {entry.path}")


@app.command("add")
def add(
    name: Name,
    pictures: Pictures,
    weight: Annotated[
        list[float] | None,
        typer.Option(
            metavar="NUMBER",
            help="Weight of an added picture; repeat it once per picture.",
            show_default="that of the others on average",
        ),
    ] = None,
    use: Annotated[
        list[int] | None,
        typer.Option(
            metavar="NUMBER",
            show_default="those named when it was saved, or the four most typical",
            help="Which picture jobs get, counted from 1 among all; up to four.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add pictures to a style; `styles undo` takes them out again.

    \b
    python -m styleshot_demo styles add "House style" c.jpg folder_of_pictures
    """
    library = _library()
    with asked(name):
        key = library.find(name).key
    with _pictures_named():
        found = _listed(pictures)
        entry, token = library.extend(key, _weighed(found, weight or [None] * len(found)), _places(use))
    _tell(entry, as_json, _count(entry) + ("; `styles undo` takes out those that were added" if token else ""))


@contextmanager
def _pictures_named() -> Iterator[None]:
    """As `asked`; says too which picture a problem is about."""
    try:
        yield
    except Problem as problem:
        tell_problem(problem, ", ".join(getattr(problem, "__notes__", ())))
        raise typer.Exit(MISUSED) from None


def _weighed(found: list[Path], weights: Sequence[T]) -> list[tuple[Path, T]]:
    if len(weights) != len(found):
        raise Problem("weights_count", weights=len(weights), styles=len(found))
    return list(zip(found, weights, strict=True))


def _places(use: list[int] | None) -> list[int] | None:
    return None if use is None else [number - 1 for number in use]


def _listed(pictures: list[Path]) -> list[Path]:
    """The files, and in place of a folder the pictures in it by name; exit code 2 where it has none."""
    found: list[Path] = []
    for path in pictures:
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if not one.name.startswith(".") and _is_picture(one))
            with asked(str(path)):
                if not inside:
                    raise Problem("no_pictures")
            found += inside
        else:
            found.append(path)
    return found


def _is_picture(path: Path) -> bool:
    """By how the file begins: a damaged picture is one too, and is told of when it is opened."""
    try:
        with path.open("rb") as stream:
            containers.kind_of(stream.read(4096))
        return True
    except (OSError, Problem):
        return False


@app.command("rename")
def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What to call it from now on.", show_default=False)],
    tag: Tag = None,
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Call a style something else; with --tag and --note these are set too."""
    library = _library()
    with asked(name):
        entry = library.change(library.find(name).key, new, tag, note)
    _tell(entry, as_json, "renamed")


@app.command("delete")
def delete(name: Name) -> None:
    """Take a style out of the library; `styles undo` brings it back."""
    library = _library()
    with asked(name):
        entry = library.find(name)
        library.delete(entry.key)
    typer.echo(printable(f"{entry.name}: deleted; `styles undo` brings it back."))


@app.command("undo")
def undo(as_json: AsJson = False) -> None:
    """Bring back the style that was deleted last, or take out the pictures that were added last."""
    with asked():
        entry = _library().restore()
    _tell(entry, as_json, f"is back, {_count(entry)}")


@app.command("export")
def export(
    name: Name,
    out: Annotated[Path, out_file(f"A new file (*{SUFFIX}) or a folder.")],
) -> None:
    """Write a style as one file, to hand on."""
    with asked(str(out)):
        if not out.is_dir() and not out.name.lower().endswith(SUFFIX):
            raise Problem("style_suffix", suffix=SUFFIX)
        destinations.check_folder(out if out.is_dir() else out.parent)
    with asked(name):
        path = _library().export(_library().find(name).key, out)
    typer.echo(printable(str(path)))


@app.command("import")
def take_in(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Exported styles.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Take styles into the library that were exported elsewhere. All of a file is checked; nothing in it runs."""
    library, taken, failed = _library(), [], False
    for file in files:
        try:
            taken.append(library.add(file))
        except Problem as problem:
            tell_problem(problem, str(file))
            failed = True
            continue
        if not as_json:
            typer.echo(printable(f"{taken[-1].name}: {_count(taken[-1])}."))
    if as_json:
        print_json({"styles": [_row(entry) for entry in taken]})
    if failed:
        raise typer.Exit(FAILED)
