"""What a command tells the shell: results on stdout, everything else on stderr, and how it ended by exit code.

0   done
1   it could not be done: memory, network, files of a model, a defect of the program
2   what was asked for makes no sense: a file that is no picture, a number out of range
130 stopped with Ctrl-C
"""

import json
import logging
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from styleshot_demo import process
from styleshot_demo.cli import verbosity
from styleshot_demo.errors import Problem
from styleshot_demo.settings import Settings

FAILED, MISUSED = 1, 2

_log = logging.getLogger("styleshot_demo")


class Commands(TyperGroup):
    """A group of commands that all know -q, and whose errors reach a person as two sentences, never as a traceback."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is not None and not any(one.name == "quiet" for one in command.params):
            command.params.append(_quiet_option())
        return command

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            tell_problem(problem)
            raise typer.Exit(FAILED) from None
        except (typer.Exit, typer.Abort, EOFError, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            if process.interrupted():  # what a half-imported library makes of Ctrl-C
                raise KeyboardInterrupt from None
            if type(error).__module__.startswith("typer."):  # usage errors, which typer words itself
                raise
            reference = secrets.token_hex(4)
            _log.error("reference %s", reference, exc_info=error)
            tell_problem(Problem("unexpected", reference=reference))
            raise typer.Exit(FAILED) from None


@cache
def _quiet_option() -> Any:
    """The option as typer makes it of a command that has no other."""

    def command(
        quiet: Annotated[
            bool,
            typer.Option(
                "--quiet", "-q", help="Nothing on stderr but errors.", callback=verbosity.be_quiet, expose_value=False
            ),
        ] = False,
    ) -> None:
        pass

    alone = typer.Typer(add_completion=False)
    alone.command()(command)
    return typer.main.get_command(alone).params[0]


def tell_problem(problem: Problem, about: str = "") -> None:
    """Both sentences on stderr, after the argument of the person that they are about."""
    typer.echo(printable(f"{about}: {problem}" if about else str(problem)), err=True)


def printable(text: str) -> str:
    """The text with control characters spelled out, since file names and settings may come from anybody."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


@contextmanager
def asked(about: str = "") -> Iterator[None]:
    """A `Problem` inside the block lies in what was asked for, of which `about` is the argument: exit code 2."""
    try:
        yield
    except Problem as problem:
        tell_problem(problem, about)
        raise typer.Exit(MISUSED) from None


def settings_asked() -> Settings:
    """The settings of the environment; exit code 2 if a variable has a value that cannot be used."""
    with asked():
        return Settings.from_environment()


def print_json(value: Any) -> None:
    """One JSON object on stdout, in ASCII, so that no terminal's encoding can break it."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False))


def hand_on_json(ctx: typer.Context) -> None:
    """`--json` before the name of a command is as good as after it; exit code 2 for a command that does not know it."""
    name = ctx.invoked_subcommand or ""
    command = ctx.command.get_command(ctx, name) if isinstance(ctx.command, TyperGroup) else None
    if command is None or all(one.name != "as_json" for one in command.params):
        ctx.fail(f"The command {name} prints no JSON. Leave out --json.")
    ctx.default_map = {name: {"as_json": True}}


class ProgressLine:
    """How far something is, on stderr: one line that renews itself in a terminal, now and then a line in a file.

    With -q it says nothing.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._last = ""
        self._next = 0.0  # clock time before which a file gets no more lines of the same kind
        self._width = 0

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._live and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()

    def show(self, fraction: float, message: str, kind: str | None = None) -> None:
        """`fraction` 0 to 1; messages of the same `kind` (by default: that are equal) are news only now and then."""
        if verbosity.quiet():
            return
        line = f"{fraction:4.0%}  {message}"
        if self._live:
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        elif (kind or message) != self._last or time.monotonic() >= self._next:
            self._stream.write(line + "\n")
            self._last, self._next = kind or message, time.monotonic() + 5
        self._stream.flush()
