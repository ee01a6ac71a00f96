"""Checkpoints of all trainings: one file with all that is needed to go on, replaced atomically.

step       updates done
identity   what has to be the same for the run to be continued
about      what else is told of the run; it may change when the run is continued
model      the weights, as the training itself arranges them; so are average, None without one, and optimiser
scaler     of half precision, or None
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from styleshot_demo.atomic import put
from styleshot_demo.errors import Problem

NAME = "checkpoint.pt"


class Checkpoint:
    """The checkpoint of the run in a folder."""

    def __init__(
        self,
        out: Path,
        identity: dict[str, Any],
        collect: Callable[[], dict[str, Any]],
        restore: Callable[[dict[str, Any]], None],
        about: Callable[[int], dict[str, Any]] = lambda step: {},
        writes: bool = True,
        mmap: bool = False,
    ) -> None:
        """`collect` gives model, average, optimiser and, if there is one, scaler; `restore` takes a whole checkpoint.

        writes  False: `collect` is called, as processes that share one network must, and nothing written
        mmap    read what is needed only: `restore` copies all that it takes
        """
        self.path = out / NAME
        self.identity, self.about = identity, about
        self._collect, self._restore, self._writes, self._mmap = collect, restore, writes, mmap

    def load(self) -> int:
        """Go on from the file: the number of updates done, 0 where there is none; `Problem` other_run."""
        if not self.path.is_file():
            return 0
        state = _read(self.path, self._mmap)
        if state["identity"] != self.identity:
            raise Problem("other_run")
        self._restore(state)
        return state["step"]

    def save(self, step: int) -> None:
        """Write the file after `step` updates."""
        head = {"step": step, "identity": self.identity, "about": self.about(step)}
        state = head | {"average": None, "scaler": None} | self._collect()
        if not self._writes:
            return
        temporary = self.path.with_name(f"{NAME}.tmp")
        save_tensors(state, temporary)
        put(temporary, self.path)


def save_tensors(state: dict[str, Any], path: Path) -> None:
    """`torch.save`, on the disk when this returns; OSError if it is full."""
    with open(path, "wb") as stream:
        try:
            torch.save(state, stream)
        except RuntimeError as error:
            # What stopped its writer, a full disk or the signal to end, PyTorch hides behind an error of its own.
            raise error.__context__ or error from None
        stream.flush()
        os.fsync(stream.fileno())


def latest(out: Path) -> dict[str, Any] | None:
    """The checkpoint in the folder `out`, or None."""
    return _read(out / NAME) if (out / NAME).is_file() else None


def _read(path: Path, mmap: bool = False) -> dict[str, Any]:
    return current(torch.load(path, map_location="cpu", weights_only=True, mmap=mmap))


def current(state: dict[str, Any]) -> dict[str, Any]:
    """A checkpoint in today's format; until version 0.1.0 each training had one of its own."""
    if "about" in state:
        return state
    state = {"average": None, "scaler": None, "about": {}} | state
    if "config" in state:  # of the classical networks
        state["identity"] = state.pop("config")
    elif "networks" in state:  # of the small StyleShot
        phase = state.pop("phase")
        state["about"] = {"phase": phase, "pictures": state.pop("pictures", state["step"] * phase["batch"])}
        state["identity"] = {"sizes": state.pop("sizes")}
        state["model"] = state.pop("networks")
    return state
