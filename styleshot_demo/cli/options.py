"""Options of a command from the settings of a job, each of which is described once, where the job is."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from styleshot_demo.jobs import METHODS, ClassicalJob
from styleshot_demo.jobs.schema import Choice, Factor, Field, Switch, Text, fields

Command = Callable[..., None]

# What several commands ask alike.
Weight = Annotated[
    list[float] | None,
    typer.Option(
        metavar="NUMBER", help="Weight of a style picture; repeat it once per style.", show_default="all equal"
    ),
]
Provenance = Annotated[
    bool | None,
    typer.Option("--provenance/--no-provenance", help="Write into each file how it was made.", show_default="on"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object about the results.")]


def with_settings(job: type) -> Callable[[Command], Command]:
    """Gives a command an option for each setting of `job` that is not among its own parameters.

    They come to it together, as `options`. The job checks them as it is made, so that shell, page and Python say the
    same of a wrong value.
    """

    def decorate(command: Command) -> Command:
        own = [one for one in inspect.signature(command).parameters.values() if one.name != "options"]
        named = {one.name for one in own}
        added = [_parameter(field, job) for name, field in fields(job).items() if name not in named]
        names = [one.name for one in added]

        @functools.wraps(command)
        def with_options(**given: Any) -> None:
            command(options={name: given.pop(name) for name in names}, **given)

        # Its own options, such as where the result goes, come before and after those of the job as they stand there.
        first = [one for one in own if one.default is inspect.Parameter.empty]
        last = [one for one in own if one.default is not inspect.Parameter.empty]
        every = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*first, *added, *last)]
        with_options.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
        with_options.__annotations__ = {one.name: one.annotation for one in every}
        return with_options

    return decorate


def _parameter(field: Field, job: type) -> inspect.Parameter:
    setting = field.setting
    words: list[str] = []
    if isinstance(setting, Choice | Factor):
        metavar = "|".join(map(str, setting.options))
    elif isinstance(setting, Switch):
        metavar = None
        flag = f"--{field.name.replace('_', '-')}"
        words = [f"{flag}/{setting.off}" if setting.off else flag]
    else:
        metavar = "TEXT" if isinstance(setting, Text) else "NUMBER"
    option = typer.Option(
        *words,
        metavar=metavar,
        help=_help(field, job),
        show_default=setting.unset or ("none" if field.default == "" else True),
    )
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=Annotated[field.type, option]
    )


def _help(field: Field, job: type) -> str:
    """What the setting does, after the methods that read it where not all of them do."""
    sentence, methods = field.setting.sentence, field.setting.methods
    if job is not ClassicalJob or not methods:
        return sentence
    return f"{_told(methods)}: {sentence[0].lower()}{sentence[1:]}"


def _told(methods: Sequence[str]) -> str:
    others = [name for name in METHODS if name not in methods]
    return f"All but {others[0]}" if len(others) == 1 else ", ".join(methods)
