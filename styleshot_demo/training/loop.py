"""The loop both classical trainings run in: seeded, logged, checkpointed, resumable to the step."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from styleshot_demo.destinations import make_folder
from styleshot_demo.errors import Problem
from styleshot_demo.runtime.device import device_of, is_cuda
from styleshot_demo.settings import Settings
from styleshot_demo.training.checkpoint import latest, save


def device_and_dtype(device: str, precision: str) -> tuple[torch.device, torch.dtype | None]:
    """Where to train and the autocast dtype (None: float32). `auto` uses a GPU in bfloat16 when there is one."""
    if device == "auto":
        found = device_of(Settings())
        device = found if is_cuda(found) else "cpu"
    if precision == "auto":
        precision = "bf16" if device.startswith("cuda") else "fp32"
    return torch.device(device), {"fp32": None, "bf16": torch.bfloat16}[precision]


def cosine(step: int, steps: int, warmup: int = 100) -> float:
    """Learning-rate factor: linear warm-up, then half a cosine down to 2 %."""
    if step < warmup:
        return (step + 1) / warmup
    place = (step - warmup) / max(1, steps - warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, place)))


def train(
    model: nn.Module,
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
) -> nn.Module:
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
    first = 0
    state = latest(out)
    if state is not None:
        if state["config"] != config:
            raise Problem("other_run")
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    started = time.monotonic()
    means: dict[str, float] = {}
    with (out / "log.jsonl").open("a", encoding="utf-8") as log, tqdm(total=steps, initial=first) as bar:

        def note(step: int, **figures: Any) -> None:
            log.write(json.dumps({"step": step, "seconds": round(time.monotonic() - started, 1), **figures}) + "\n")
            log.flush()

        if validate is not None and first == 0:
            note(0, validation=validate(0))
        for step in range(first, steps):
            for group in optimiser.param_groups:
                group["lr"] = rate * cosine(step, steps)
            terms = loss_of(step)
            optimiser.zero_grad(set_to_none=True)
            sum(terms.values()).backward()
            norm = nn.utils.clip_grad_norm_(parameters, clip)
            # A single broken batch must not destroy hours of training.
            if torch.isfinite(norm):
                optimiser.step()
            for name, term in terms.items():
                means[name] = 0.98 * means.get(name, float(term.detach())) + 0.02 * float(term.detach())
            bar.update()
            done = step + 1
            if done % 50 == 0:
                bar.set_postfix({name: f"{mean:.3f}" for name, mean in means.items()})
                note(done, loss={name: round(mean, 5) for name, mean in means.items()})
            if done % checkpoint_every == 0 or done == steps:
                save(out, done, model, optimiser, config)
            if validate is not None and (done % validate_every == 0 or done == steps):
                note(done, validation=validate(done))
    return model
