"""The loop of all trainings: logged, averaged, saved, and resumable to the update.

How gradients come about, on one process or on many, and what is shown meanwhile, each training says itself. What it
says may depend on the number of the update alone: that is what makes a continued run the same run.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from styleshot_demo.destinations import not_written
from styleshot_demo.errors import Problem
from styleshot_demo.training.core.checkpoint import Checkpoint
from styleshot_demo.training.core.ema import ExponentialMovingAverage
from styleshot_demo.training.core.logbook import TrainingLog

FIRST = 10  # the first updates are logged one by one


@dataclass(frozen=True)
class PeriodicAction:
    """`act(done)`, the averaged weights in place, every so many updates and after the last; `every` 0: never."""

    every: int
    act: Callable[[int], None]
    at_start: bool = False


@dataclass
class Training:
    """A training that is ready to run.

    optimiser         its learning rate is set here, to `rate(step)`
    gradients         called with the number of the update: leaves gradients, returns the loss's terms, detached, as
                      {"loss": value} where it has but one
    update            takes a step of the optimiser; returns the norm of the gradients, or None if it was not needed
    steps             updates in all, also of a continued run
    reduce            the mean of a number over all processes
    tolerant          a loss that is not finite is left out of the figures, as `careful_update` leaves its gradients
                      out; else it ends the run before anything is saved
    """

    optimiser: torch.optim.Optimizer
    gradients: Callable[[int], dict[str, Tensor]]
    update: Callable[[], Tensor | None]
    rate: Callable[[int], float]
    steps: int
    checkpoint: Checkpoint
    checkpoint_every: int
    average: ExponentialMovingAverage | None = None
    events: Sequence[PeriodicAction] = ()
    log_every: int = 50
    reduce: Callable[[Tensor], Tensor] = lambda value: value
    tolerant: bool = True

    def run(self, book: TrainingLog, first: int, stop_at: int | None = None, until: float | None = None) -> None:
        """From update `first` to the last one.

        stop_at   end after that many updates although the schedule goes on, as an interruption would
        until     end at that time (`time.time()`), with a checkpoint

        Raises `Problem` training_diverged, cannot_write.
        """
        end = min(self.steps, stop_at or self.steps)
        if first == 0:
            self._act([event for event in self.events if event.at_start], 0)
        recent: list[dict[str, Tensor]] = []
        for step in range(first, end):
            rate = self.rate(step)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            recent.append(self.gradients(step))
            norm = self.update()
            self.optimiser.zero_grad(set_to_none=True)
            if self.average:
                self.average.update(step)

            done = step + 1
            book.advance(done)
            over = until is not None and time.time() >= until
            last = done == end or over
            saves = last or done % self.checkpoint_every == 0
            if saves or done <= FIRST or done % self.log_every == 0:
                figures: dict[str, Any] = {"loss": self._mean(recent, done), "rate": rate}
                book.figures(done, **figures | ({} if norm is None else {"norm": float(norm)}))
                recent.clear()
            if saves:
                with writing():
                    self.checkpoint.save(done)
            self._act([event for event in self.events if event.every and (last or done % event.every == 0)], done)
            if over:
                break

    def _act(self, events: Sequence[PeriodicAction], done: int) -> None:
        for event in events:
            with self.average.in_place() if self.average else nullcontext():
                event.act(done)

    def _mean(self, recent: Sequence[dict[str, Tensor]], done: int) -> float | dict[str, float]:
        """The mean of each term over the updates since the last line."""
        found: dict[str, list[Tensor]] = {}
        for terms in recent:
            for name, value in terms.items():
                found.setdefault(name, []).append(value)
        means = {}
        for name, values in found.items():
            stacked = torch.stack(values).float()
            kept = stacked[torch.isfinite(stacked)] if self.tolerant else stacked
            means[name] = float(self.reduce(kept.mean()))
        if not self.tolerant or not any(map(math.isfinite, means.values())):
            for mean in means.values():
                if not math.isfinite(mean):
                    raise Problem("training_diverged", step=done)
        means = {name: mean for name, mean in means.items() if math.isfinite(mean)}
        return means["loss"] if list(means) == ["loss"] else means


def careful_update(
    optimiser: torch.optim.Optimizer, parameters: Sequence[nn.Parameter], clip: float
) -> Callable[[], Tensor]:
    """An `update` that clips, and skips gradients that are not finite: one broken batch must not destroy hours."""

    def update() -> Tensor:
        norm = nn.utils.clip_grad_norm_(parameters, clip)
        if torch.isfinite(norm):
            optimiser.step()
        return norm

    return update


@contextmanager
def writing() -> Iterator[None]:
    """A disk that cannot be written to is a `Problem` cannot_write."""
    try:
        yield
    except OSError as error:
        raise not_written(error) from error
