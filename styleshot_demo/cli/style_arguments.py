"""Styles as a command is given them: pictures, and styles of the library as `style:NAME`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from styleshot_demo.cli.report import asked
from styleshot_demo.cli.results import open_asked
from styleshot_demo.errors import Problem
from styleshot_demo.library import Library
from styleshot_demo.settings import Settings

PREFIX = "style:"
Styles = Annotated[
    list[Path],
    typer.Argument(
        metavar="STYLE", help="One to four style pictures, or style:NAME of the library.", show_default=False
    ),
]


def open_styles(
    styles: Sequence[Path], weights: Sequence[float] | None, settings: Settings
) -> tuple[list[tuple[Any, float]], float | None]:
    """((picture, weight) pairs as jobs take them, the strength that a lone style of the library was kept with).

    Each argument has its weight; that of a style of several pictures is shared out among them as they were kept. Exit
    code 2 for what is not there or cannot be read.
    """
    with asked():
        if weights and len(weights) != len(styles):
            raise Problem("weights_count", weights=len(weights), styles=len(styles))
    pairs, strength, library = [], None, Library(settings.library)
    for path, weight in zip(styles, weights or [1.0] * len(styles), strict=True):
        if not str(path).startswith(PREFIX):
            pairs.append((open_asked(path), weight))
            continue
        with asked(str(path)):
            entry = library.find(str(path).removeprefix(PREFIX))
            used = entry.used()
        # A lone one stays as it was kept, to the last digit.
        whole = 1.0 if len(styles) == 1 else sum(share for _, share in used)
        pairs += [(image, weight * share / whole) for image, share in used]
        strength = entry.style.strength if len(styles) == 1 else None
    return pairs, strength


def with_strength(
    ctx: typer.Context, options: dict[str, Any], name: str, strength: float | None, most: float
) -> dict[str, Any]:
    """The options with the strength that a style was kept with, up to `most`, where the person asked for none."""
    if strength is None or was_given(ctx, name):
        return options
    return {**options, name: min(strength, most)}


def was_given(ctx: typer.Context, name: str) -> bool:
    """Whether the person gave the option that comes as the parameter `name`."""
    source = ctx.get_parameter_source(name)
    assert source is not None  # it is an option of this command
    # Told by name: the enumeration of sources lies in a private module of typer.
    return source.name != "DEFAULT"
