"""`models`: which models are on this machine, fetching those that are not, and converting StyleShot."""

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from styleshot_demo import destinations
from styleshot_demo.cli import verbosity
from styleshot_demo.cli.figures import JsonOption
from styleshot_demo.cli.report import Commands, ProgressLine, asked, hand_on_json, print_json, settings_asked
from styleshot_demo.jobs import choice
from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.models.hub import FoundModel, Missing

app = typer.Typer(cls=Commands, help="List the models and fetch those that are missing.", invoke_without_command=True)


@app.callback()
def models(ctx: typer.Context, as_json: JsonOption = False) -> None:
    if ctx.invoked_subcommand is None:
        list_models(as_json)
    elif as_json:
        hand_on_json(ctx)


@app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """List every model: on this machine or missing, size, licence. Asks no network."""
    states = hub.overview(settings_asked())
    if as_json:
        print_json({"models": [_row(state) for state in states]})
        return
    rows = [("NAME", "STATE", "SIZE", "LICENCE", "WHAT"), *(_line(state) for state in states)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        typer.echo("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]))


def _row(state: FoundModel | Missing) -> dict[str, Any]:
    model = state.model
    return {
        "name": model.name,
        "title": model.title,
        "about": model.about,
        "licence": model.licence,
        "built_in": model.built_in,
        "needs": list(model.needs),
        "here": state.here,
        "bytes": state.bytes if isinstance(state, FoundModel) else None,
        "bytes_to_fetch": state.bytes if isinstance(state, Missing) else 0,
        "damaged": list(state.damaged) if isinstance(state, Missing) else [],
    }


def _line(state: FoundModel | Missing) -> tuple[str, str, str, str, str]:
    model = state.model
    if isinstance(state, FoundModel):
        place, size = ("built in" if model.built_in else "here"), hub.readable(state.bytes)
    elif state.damaged:
        place, size = "damaged", hub.readable(state.bytes) if state.bytes else ""
    else:
        place, size = ("not yet", "") if model.built_in else ("missing", hub.readable(state.bytes))
    return model.name, place, size, model.licence, model.title


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(MODELS)}.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Download a model and those that it needs; what came before a break is kept and continued."""
    settings = settings_asked()
    with asked(name):
        model = hub.model_of(name)
    missing = hub.plan(model, settings)
    if missing and not verbosity.quiet():
        for state in missing:
            text = f"{state.model.title}: {hub.readable(state.bytes)} to fetch, licence {state.model.licence}"
            typer.echo(text, err=True)
    with ProgressLine() as progress, closing(hub.fetching(model, settings)) as steps:
        for step in steps:
            left = "" if step.seconds_left is None else f", about {_span(step.seconds_left)} left"
            done, whole = hub.readable(step.done), hub.readable(step.bytes)
            progress.show(step.fraction, f"{step.file}: {done} of {whole}{left}", step.file)
    found = hub.require(model, settings)
    if as_json:
        print_json(_row(found))
    else:
        typer.echo(f"{model.title} is on this machine ({hub.readable(found.bytes)}).")


@app.command("convert")
def convert(
    to: Annotated[Path, typer.Option(metavar="DIR", help="A new or empty folder.", show_default=False)],
    preprocessor: Annotated[
        str, typer.Option(metavar="contour|lineart", help="Which of the two content encoders.")
    ] = "contour",
) -> None:
    """Write StyleShot as a folder that StyleShotPipeline.from_pretrained opens, in half precision."""
    settings = settings_asked()
    with asked():
        choice("preprocessor", preprocessor, ("contour", "lineart"))
    with asked(str(to)):
        destinations.check_new(to)
    from styleshot_demo.runners import weights

    with ProgressLine() as progress, closing(weights.exporting(settings, to, preprocessor)) as steps:
        for step in steps:
            progress.show(step.fraction, str(step.message), step.message.key)
    typer.echo(str(to))


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
