"""What a run tells of itself: a line of JSON now and then, TensorBoard where it is installed, and a progress bar."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

NAME = "log.jsonl"
DIGITS = 7  # as many as float32 has


class TrainingLog:
    """Written by one process; on the others (`active` False) everything here does nothing."""

    def __init__(self, out: Path, steps: int, first: int, active: bool = True) -> None:
        """`first`: updates done before; what a killed run has logged after them is taken back."""
        self.active = active
        if not active:
            return
        path = out / NAME
        kept = _until(path, first)
        self._lines = path.open("w", encoding="utf-8")
        self._lines.writelines(kept)
        self._board = _board(out / "tensorboard", first)
        self._bar = tqdm(total=steps, initial=first, unit="step")
        self._started = time.monotonic()

    def __enter__(self) -> "TrainingLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The end of the run, also an early one."""
        if self.active:
            self._bar.close()
            self._lines.close()
            if self._board:
                self._board.close()

    def advance(self, step: int) -> None:
        """`step` updates are done."""
        if self.active:
            self._bar.update(step - self._bar.n)

    def figures(self, step: int, **figures: Any) -> None:
        """The figures after `step` updates: numbers, or numbers by name."""
        if not self.active:
            return
        named = dict(_named(figures))
        self._bar.set_postfix({name: f"{value:.4g}" for name, value in named.items()})
        line = {"step": step, "seconds": round(time.monotonic() - self._started, 2), **_rounded(figures)}
        self._lines.write(json.dumps(line) + "\n")
        self._lines.flush()
        if self._board:
            for name, value in named.items():
                self._board.add_scalar(name, value, step)

    def picture(self, step: int, image: Image.Image) -> None:
        """A validation sheet."""
        if self.active and self._board:
            self._board.add_image("validation", np.asarray(image), step, dataformats="HWC")


def _named(figures: dict[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from _named(value, f"{before}{name}/")
        else:
            yield before + name, value


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _until(path: Path, step: int) -> list[str]:
    """The lines about updates up to `step`; a killed run may have left half a line."""
    if not step or not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]


def _board(folder: Path, first: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=first + 1 if first else None)
