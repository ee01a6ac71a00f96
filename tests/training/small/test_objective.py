"""Times of the noise lie where the schedule has them, whatever was drawn."""

import shutil
from pathlib import Path

import pytest
import torch
from training.small.made import recipe

from styleshot_demo.training.core.checkpoint import NAME as CHECKPOINT
from styleshot_demo.training.small import phases
from styleshot_demo.training.small.objective import timesteps

# Where the recipe of the joint phase (32 pictures, shift 4) draws a number that is rounded to 1: time 1000 of 0 to 999.
ROUNDED = [(30, 2116), (42, 4211), (73, 2535)]


def drawn(seed: int, step: int = 0, count: int = 32, shift: float = 4.0) -> torch.Tensor:
    return timesteps(count, 1000, shift, torch.Generator().manual_seed(seed * 1_000_003 + step))


@pytest.mark.parametrize(("seed", "step"), ROUNDED)
def test_what_is_rounded_up_is_the_last_time(seed, step):
    times = drawn(seed, step)
    assert times.dtype == torch.int64 and len(times) == 32
    assert times.max() == 999 and times.min() >= 0


def test_times_of_many_draws():
    for seed in range(2000):
        for shift, count in ((1.0, 7), (4.0, 32)):
            times = drawn(seed, count=count, shift=shift)
            assert times.min() >= 0 and times.max() <= 999


def test_times_are_spread_over_the_batch_and_shifted_to_the_late_ones():
    even = drawn(0, count=10, shift=1.0)
    assert sorted(time // 100 for time in even.tolist()) == list(range(10))
    assert drawn(0, count=1000).float().mean() > 700


@pytest.mark.parametrize(("seed", "step"), ROUNDED[:1])
def test_a_run_that_stood_before_such_a_draw_goes_on(packed, fitted, tmp_path, seed, step):
    run = Path(shutil.copytree(fitted, tmp_path / "run"))

    def joint(stop_at: int) -> dict:
        chosen = recipe(seed=seed, batch=32, shift=4.0, steps=6000, validate_every=0, sheet_every=0)
        return phases.joint(packed, None, run, chosen, device="cpu", precision="fp32", stop_at=stop_at)

    joint(1)
    state = torch.load(run / "joint" / CHECKPOINT, weights_only=True)
    torch.save(state | {"step": step}, run / "joint" / CHECKPOINT)
    assert joint(step + 1)["step"] == step + 1
