"""The trainings of single networks, the classical ones and the small autoencoder's decoder, on one process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from styleshot_demo.destinations import make_folder
from styleshot_demo.training.core.checkpoint import Checkpoint
from styleshot_demo.training.core.logbook import TrainingLog
from styleshot_demo.training.core.loop import PeriodicAction, Training, careful_update
from styleshot_demo.training.core.schedules import cosine

WARMUP, FLOOR = 100, 0.02
Model = TypeVar("Model", bound=nn.Module)


def train(
    model: Model,
    loss_of: Callable[[int], dict[str, Tensor]],
    *,
    out: Path,
    steps: int,
    rate: float,
    config: dict[str, Any],
    validate: Callable[[int], dict[str, float]] | None = None,
    validate_every: int = 500,
    checkpoint_every: int = 250,
    clip: float = 1.0,
) -> Model:
    """Minimise the sum of the terms that `loss_of(step)` returns, with Adam and a cosine schedule.

    model     its parameters that require gradients are trained
    loss_of   named loss terms of one step; has to depend on the step number alone, which makes resuming exact
    out       folder for `log.jsonl` and the checkpoint; an existing checkpoint of the same config is continued, also
              with another number of steps: the learning rate then follows the new schedule from there
    validate  figures for the log, called before the first step, every `validate_every` steps and at the end
    """
    make_folder(out)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.Adam(parameters, lr=rate)

    def gradients(step: int) -> dict[str, Tensor]:
        terms = loss_of(step)
        cast(Tensor, sum(terms.values())).backward()
        return {name: term.detach() for name, term in terms.items()}

    def restore(state: dict[str, Any]) -> None:
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])

    checkpoint = Checkpoint(
        out, config, lambda: {"model": model.state_dict(), "optimiser": optimiser.state_dict()}, restore
    )
    first = checkpoint.load()
    with TrainingLog(out, steps, first) as book:
        events = []
        if validate is not None:

            def show(done: int) -> None:
                book.figures(done, validation=validate(done))

            events.append(PeriodicAction(validate_every, show, at_start=True))
        training = Training(
            optimiser=optimiser,
            gradients=gradients,
            update=careful_update(optimiser, parameters, clip),
            rate=lambda step: rate * cosine(step, steps, WARMUP, FLOOR),
            steps=steps,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
            events=events,
        )
        training.run(book, first)
    return model
