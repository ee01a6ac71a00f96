"""All commands together."""

import signal
import sys
from typing import Annotated

import typer

from styleshot_demo import __version__
from styleshot_demo.cli import (
    batch,
    bench,
    classical,
    compose,
    enlarge,
    evaluation,
    grid,
    mask,
    models,
    provenance,
    serve,
    styles,
    styleshot,
    training,
    verbosity,
)
from styleshot_demo.cli.report import Commands
from styleshot_demo.process import TOLD, begin

app = typer.Typer(
    cls=Commands,
    help="Style transfer: repaint a picture in the style of others. Every command has its own --help.",
    epilog="Exit codes: 0 done, 1 could not be done, 2 cannot be asked for. Results go to stdout, the rest to stderr.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the log, also of defects, and what libraries say.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    verbosity.begin(verbose)


app.command("classical")(classical.classical)
app.command("batch")(batch.batch)
app.command("text")(styleshot.text)
app.command("image")(styleshot.image)
app.command("grid")(grid.grid)
app.command("enlarge")(enlarge.enlarge)
app.command("mask")(mask.mask)
app.command("compose")(compose.compose)
app.command("serve")(serve.serve)
app.command("provenance")(provenance.provenance)
app.add_typer(styles.app, name="styles")
app.add_typer(models.app, name="models")
app.add_typer(bench.bench, name="bench")
app.add_typer(evaluation.evaluate, name="evaluate")
app.add_typer(training.app, name="train")


def main() -> None:
    """Run the command that `sys.argv` names; ends the program."""
    try:
        begin()
        app()
    except KeyboardInterrupt:  # before a command was there to end in order
        sys.exit(TOLD + signal.SIGINT)
