"""`provenance`: how a picture was made, as its file says."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from styleshot_demo import provenance as records
from styleshot_demo.cli.report import asked, print_json


def provenance(
    file: Annotated[Path, typer.Argument(help="A PNG, JPEG or WebP that this program has saved.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how FILE was made: settings, seed, models, versions. Nothing in the file is trusted or executed."""
    with asked(str(file)):
        record = records.read(file)
    source = records.source_type(record)
    if as_json:
        print_json({**asdict(record), "digital_source_type": source})
        return
    rows = {"job": record.job, **record.settings, "seed": record.seed, "digital source type": source}
    rows |= record.computed
    rows |= {f"pictures: {name}": value for name, value in record.inputs.items()}
    rows |= {f"weights of {name}": f"sha256 {digest}..." for name, digest in record.models.items()}
    rows |= {f"version of {name}": version for name, version in record.versions.items()}
    width = max(map(len, rows))
    for name, value in rows.items():
        # Quoted as JSON: a value comes from a file of anybody's and must not steer the terminal.
        text = value if isinstance(value, str) and value.isascii() and value.isprintable() else json.dumps(value)
        typer.echo(f"{name:<{width}}  {text}")
