"""The loop of all trainings by itself, and the checkpoints that each training wrote before they shared it."""

import json
import signal
import time
from pathlib import Path

import pytest
import torch

from styleshot_demo.classical.weights import save
from styleshot_demo.errors import Problem
from styleshot_demo.training.core import checkpoint, logbook
from styleshot_demo.training.core.checkpoint import current, latest, save_tensors
from styleshot_demo.training.single_network import train


def fitted(out, steps, broken=(), **options):
    """A line fitted to points; at the steps `broken` the loss is no number."""
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 1)

    def loss_of(step):
        inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
        error = (model(inputs) - inputs.sum(1, keepdim=True)).square().mean()
        return {"error": error * float("nan") if step in broken else error}

    return train(model, loss_of, out=out, steps=steps, rate=0.05, config={"a": 1}, **options)


def lines(out):
    return [json.loads(line) for line in (out / logbook.NAME).read_text().splitlines()]


def test_one_broken_batch_is_left_out_of_weights_and_log(tmp_path):
    model = fitted(tmp_path, 150, broken={20})
    assert all(torch.isfinite(value).all() for value in model.parameters())
    losses = [line["loss"]["error"] for line in lines(tmp_path)]
    assert losses[-1] < losses[0]


def test_nothing_but_broken_batches_end_the_run_before_it_is_saved(tmp_path):
    with pytest.raises(Problem) as problem:
        fitted(tmp_path, 300, broken=range(100, 300), checkpoint_every=100)
    assert problem.value.key == "training_diverged"
    assert latest(tmp_path)["step"] == 100


def test_what_a_killed_run_has_logged_after_its_checkpoint_is_taken_back(tmp_path):
    fitted(tmp_path, 60)
    with (tmp_path / logbook.NAME).open("a") as log:
        log.write('{"step": 61, "loss": 9.0}\n{"step": 62, "lo')
    fitted(tmp_path, 70)
    assert [line["step"] for line in lines(tmp_path)] == [*range(1, 11), 50, 60, 70]


def test_a_checkpoint_of_the_classical_trainings_own_kind_is_continued(tmp_path):
    fitted(tmp_path / "whole", 20)
    fitted(tmp_path / "cut", 10)
    saved = latest(tmp_path / "cut")
    before = {"step": 10, "config": {"a": 1}, "model": saved["model"], "optimiser": saved["optimiser"]}
    torch.save(before, tmp_path / "cut" / checkpoint.NAME)
    fitted(tmp_path / "cut", 20)
    ends = [latest(tmp_path / name)["optimiser"]["state"][0]["step"] for name in ("whole", "cut")]
    assert ends[0] == ends[1] == 20


def test_a_checkpoint_of_the_small_models_own_kind_is_read():
    before = {"step": 3, "phase": {"batch": 8}, "sizes": {"unet": 5}, "networks": {"unet": {}}, "average": {"unet": {}}}
    found = current(before | {"optimiser": {}})
    assert found["identity"] == {"sizes": {"unet": 5}}
    assert found["about"] == {"phase": {"batch": 8}, "pictures": 24}
    assert found["model"] == {"unet": {}} == found["average"]
    assert current(found) is found


FULL = Path("/dev/full")  # a disk without room


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_told_and_the_checkpoint_before_stays(tmp_path):
    """PyTorch's writer hid it behind a RuntimeError of its own, and people read of a defect."""
    fitted(tmp_path, 10)
    (tmp_path / f"{checkpoint.NAME}.tmp").symlink_to(FULL)
    with pytest.raises(Problem) as problem:
        fitted(tmp_path, 20)
    assert problem.value.key == "no_space_left"
    assert latest(tmp_path)["step"] == 10
    with pytest.raises(OSError, match="No space left"):
        save(torch.nn.Linear(4, 1), FULL, {})


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers of signals")
def test_being_told_to_end_while_weights_are_written_ends_as_that(tmp_path):
    def end(*_):
        raise SystemExit(143)

    state = {f"{number}": torch.ones(2**21) for number in range(40)}
    before = signal.signal(signal.SIGALRM, end)
    try:
        with pytest.raises(SystemExit):
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            save_tensors(state, tmp_path / "weights.pt")
            time.sleep(5)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
