"""One phase of the small model's training: seeded by step, logged, averaged, resumable to the step."""

import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from styleshot_demo.atomic import put
from styleshot_demo.destinations import make_folder
from styleshot_demo.errors import Problem
from styleshot_demo.training.small.networks import Networks, follow
from styleshot_demo.training.small.recipe import Phase

CHECKPOINT = "checkpoint.pt"


@dataclass
class Hooks:
    """What is done beside training; each gets the number of steps done."""

    validate: Callable[[int], dict[str, float]]
    sheet: Callable[[int], None]


def rate(step: int, phase: Phase) -> float:
    """Factor of the learning rate: linear warm-up, constant, linear fall to 2 % over the last share."""
    rise = min(1.0, (step + 1) / max(1, phase.warmup))
    left = (phase.steps - step) / max(1.0, phase.steps * phase.decay)
    return rise * max(0.02, min(1.0, left))


def train(
    networks: Networks,
    parameters: list[nn.Parameter],
    loss: Callable[[int], torch.Tensor],
    phase: Phase,
    out: Path,
    hooks: Hooks | None = None,
    stop_at: int | None = None,
    until: float | None = None,
) -> dict[str, Any]:
    """Minimise `loss(step)`, which depends on the step alone, with AdamW; returns the last checkpoint's content.

    out       folder for `log.jsonl` and the checkpoint; a checkpoint there is continued, also when `steps`,
              `batch`, rates or intervals have changed
    stop_at   end after that many steps although the schedule goes on, as an interruption would
    until     end at that time (`time.time()`), with a checkpoint
    """
    make_folder(out)
    decayed = [value for value in parameters if value.ndim >= 2]
    plain = [value for value in parameters if value.ndim < 2]
    groups = [{"params": decayed, "weight_decay": phase.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=phase.rate, betas=(0.9, 0.99), fused=True)
    first, seen, average = 0, 0, None
    state = latest(out)
    if state is not None:
        if state["sizes"] != shapes(networks):
            raise Problem("other_run")
        networks.load_states(state["networks"])
        average = state["average"]
        try:
            optimiser.load_state_dict(state["optimiser"])
        except ValueError:  # other parts are to be trained than before
            raise Problem("other_run") from None
        first, seen = state["step"], state.get("pictures", state["step"] * state["phase"]["batch"])
    device = parameters[0].device
    if average is None:
        average = {name: {key: v.clone() for key, v in part.items()} for name, part in networks.states().items()}
    average = {name: {key: v.to(device) for key, v in part.items()} for name, part in average.items()}

    def keep(step: int) -> dict[str, Any]:
        content = {
            "step": step,
            "pictures": seen + (step - first) * phase.batch,
            "phase": dataclasses.asdict(phase),
            "sizes": shapes(networks),
            "networks": networks.states(),
            "average": average,
            "optimiser": optimiser.state_dict(),
        }
        torch.save(content, out / (CHECKPOINT + ".tmp"))
        put(out / (CHECKPOINT + ".tmp"), out / CHECKPOINT)
        return content

    last = min(phase.steps, stop_at or phase.steps)
    started, mean = time.monotonic(), 0.0
    content: dict[str, Any] = {}
    done = first
    with (out / "log.jsonl").open("a", encoding="utf-8") as log, tqdm(total=phase.steps, initial=first) as bar:

        def note(**figures: Any) -> None:
            seconds = round(time.monotonic() - started, 1)
            log.write(json.dumps({"step": done, "seconds": seconds, **figures}) + "\n")
            log.flush()

        def due(every: int) -> bool:
            return bool(every) and (done % every == 0 or done == last or over)

        over = False
        for step in range(first, last):
            networks.train()
            for group in optimiser.param_groups:
                group["lr"] = phase.rate * rate(step, phase)
            value = loss(step)
            optimiser.zero_grad(set_to_none=True)
            value.backward()
            norm = nn.utils.clip_grad_norm_(parameters, phase.clip)
            # A single broken batch must not destroy hours of training.
            if torch.isfinite(norm):
                optimiser.step()
            # Young averages follow closely, else the random start would stay in them for long.
            follow(average, networks.states(), min(phase.ema, (1 + step) / (10 + step)))
            mean = 0.98 * mean + 0.02 * float(value.detach()) if step > first else float(value.detach())
            bar.update()
            done = step + 1
            if done % 50 == 0:
                bar.set_postfix(loss=f"{mean:.4f}")
                note(loss=round(mean, 5), pictures=seen + (done - first) * phase.batch, norm=round(float(norm), 3))
            over = until is not None and time.time() >= until
            if done % phase.checkpoint_every == 0 or done == last or over:
                content = keep(done)
            if hooks is not None and due(phase.validate_every):
                with averaged(networks, average):
                    note(validation=hooks.validate(done))
            if hooks is not None and due(phase.sheet_every):
                with averaged(networks, average):
                    hooks.sheet(done)
            if over:
                break
    return content or keep(done)


class averaged:
    """The networks with the running means as their weights, for the length of a block."""

    def __init__(self, networks: Networks, average: dict[str, dict[str, torch.Tensor]]) -> None:
        self.networks, self.average = networks, average

    def __enter__(self) -> None:
        self.own = {name: {k: v.clone() for k, v in part.items()} for name, part in self.networks.states().items()}
        self.networks.load_states(self.average)
        self.networks.eval()

    def __exit__(self, *exception: object) -> None:
        self.networks.load_states(self.own)
        self.networks.train()


def latest(out: Path) -> dict[str, Any] | None:
    """The checkpoint in the folder `out`, or None."""
    path = out / CHECKPOINT
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None


def shapes(networks: Networks) -> dict[str, int]:
    """Part -> how many numbers: what tells whether a checkpoint fits."""
    return {name: sum(value.numel() for value in state.values()) for name, state in networks.states().items()}
