"""Figures of `bench` and `evaluate`, told on stdout."""

from typing import Annotated, Any

import typer

from styleshot_demo.cli.report import print_json

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def tell(figures: dict[str, Any], as_json: bool) -> None:
    """Figures on stdout, as JSON or in a line each."""
    if as_json:
        print_json(figures)
        return
    rows = list(_rows(figures))
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        typer.echo(f"{name:<{width}}  {value:.4g}" if isinstance(value, float) else f"{name:<{width}}  {value}")


def _rows(value: Any, name: str = "") -> Any:
    """(dotted name, number or text) of everything inside nested dicts and lists."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _rows(part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(part, dict | list | tuple) for part in value):
        for place, part in enumerate(value):
            yield from _rows(part, f"{name}.{place}")
    else:
        yield name, value
