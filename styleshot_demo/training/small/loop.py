"""One phase of the small model's training: what it saves, averages and shows."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from styleshot_demo.destinations import make_folder
from styleshot_demo.errors import Problem
from styleshot_demo.training.core.checkpoint import Checkpoint, latest
from styleshot_demo.training.core.ema import ExponentialMovingAverage
from styleshot_demo.training.core.logbook import TrainingLog
from styleshot_demo.training.core.loop import PeriodicAction, Training, careful_update
from styleshot_demo.training.core.schedules import trapezoid
from styleshot_demo.training.small.recipe import Phase

FLOOR = 0.02  # of the learning rate


class Learner(Protocol):
    """What a phase trains: a module that tells its weights by part."""

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def train(self) -> Any: ...

    def eval(self) -> Any: ...

    def states(self) -> dict[str, dict[str, torch.Tensor]]: ...

    def load_states(self, states: dict[str, dict[str, torch.Tensor]]) -> None: ...


@dataclass
class Hooks:
    """What is done beside training; each gets the number of steps done."""

    validate: Callable[[int], dict[str, float]]
    sheet: Callable[[int], None]


def train(
    networks: Learner,
    parameters: list[nn.Parameter],
    loss: Callable[[int], torch.Tensor],
    phase: Phase,
    out: Path,
    hooks: Hooks | None = None,
    stop_at: int | None = None,
    until: float | None = None,
) -> dict[str, Any]:
    """Minimise `loss(step)`, which depends on the step alone, with AdamW; returns the last checkpoint's content.

    out     folder for `log.jsonl` and the checkpoint; a checkpoint there is continued, also when `steps`, `batch`,
            rates or intervals have changed
    Ends early as `core.loop.Training.run` does with `stop_at` and `until`.
    """
    make_folder(out)
    decayed = [value for value in parameters if value.ndim >= 2]
    plain = [value for value in parameters if value.ndim < 2]
    groups = [{"params": decayed, "weight_decay": phase.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=phase.rate, betas=(0.9, 0.99), fused=True)
    # What does not learn is averaged too: a result is whole.
    average = ExponentialMovingAverage(networks.parameters(), phase.ema)

    def gradients(step: int) -> dict[str, torch.Tensor]:
        networks.train()
        value = loss(step)
        value.backward()
        return {"loss": value.detach()}

    def collect() -> dict[str, Any]:
        with average.in_place():
            averaged = _copied(networks.states())
        return {"model": networks.states(), "average": averaged, "optimiser": optimiser.state_dict()}

    seen = 0  # pictures, before this call

    def restore(state: dict[str, Any]) -> None:
        nonlocal seen
        seen = state["about"]["pictures"]
        networks.load_states(state["average"])
        average.take()
        networks.load_states(state["model"])
        try:
            optimiser.load_state_dict(state["optimiser"])
        except ValueError:  # other parts are to be trained than before
            raise Problem("other_run") from None

    checkpoint = Checkpoint(
        out,
        {"sizes": shapes(networks)},
        collect,
        restore,
        about=lambda step: {"phase": dataclasses.asdict(phase), "pictures": seen + (step - first) * phase.batch},
    )
    first = checkpoint.load()
    with TrainingLog(out, phase.steps, first) as book:
        training = Training(
            optimiser=optimiser,
            gradients=gradients,
            update=careful_update(optimiser, parameters, phase.clip),
            rate=lambda step: phase.rate * trapezoid(step, phase.steps, phase.warmup, phase.decay, FLOOR),
            steps=phase.steps,
            checkpoint=checkpoint,
            checkpoint_every=phase.checkpoint_every,
            average=average,
            events=_events(hooks, networks, phase, book) if hooks else (),
        )
        training.run(book, first, stop_at, until)
    return latest(out) or {}


def _events(hooks: Hooks, networks: Learner, phase: Phase, book: TrainingLog) -> list[PeriodicAction]:
    def validate(done: int) -> None:
        networks.eval()
        book.figures(done, validation=hooks.validate(done))

    def sheet(done: int) -> None:
        networks.eval()
        hooks.sheet(done)

    return [PeriodicAction(phase.validate_every, validate), PeriodicAction(phase.sheet_every, sheet)]


def _copied(states: dict[str, dict[str, torch.Tensor]]) -> dict[str, dict[str, torch.Tensor]]:
    return {part: {name: value.clone() for name, value in state.items()} for part, state in states.items()}


def shapes(networks: Learner) -> dict[str, int]:
    """Part -> how many numbers: what tells whether a checkpoint fits."""
    return {name: sum(value.numel() for value in state.values()) for name, state in networks.states().items()}
