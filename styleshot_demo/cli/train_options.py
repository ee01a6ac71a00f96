"""Options that several trainings have."""

from pathlib import Path
from typing import Annotated

import typer

from styleshot_demo.jobs import choice

Out = Annotated[
    Path,
    typer.Option(
        file_okay=False, help="Folder for log, checkpoint and result; a run in it is continued.", show_default=False
    ),
]
Steps = Annotated[int | None, typer.Option(min=1, help="Steps in all, also of a continued run.", show_default=False)]
Rate = Annotated[float | None, typer.Option(min=0, help="Highest learning rate.", show_default=False)]
Seed = Annotated[int | None, typer.Option(min=0, help="Same seed, same run.", show_default=False)]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="auto: a GPU where there is one.")]
Precision = Annotated[str, typer.Option(metavar="auto|fp32|bf16", help="auto: bf16 on a GPU, else fp32.")]


def check_device(device: str, precision: str = "auto") -> None:
    """`Problem` where one of them is none."""
    choice("precision", precision, ("auto", "fp32", "bf16"))
    if not device.startswith("cuda"):
        choice("device", device, ("auto", "cpu", "cuda"))
