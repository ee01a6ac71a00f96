"""Options that name a folder or a file, as several commands have them."""

from typing import Any

import typer


def in_folder(help: str, default: str | bool = False) -> Any:
    """One that is there; `default` is what the help shows in place of the option's default."""
    return typer.Option(exists=True, file_okay=False, help=help, show_default=default)


def in_file(help: str, default: str | bool = False) -> Any:
    """As `in_folder`."""
    return typer.Option(exists=True, dir_okay=False, help=help, show_default=default)


def out_file(help: str) -> Any:
    """Where a result goes."""
    return typer.Option("--out", "-o", metavar="FILE", help=help, show_default=False)
