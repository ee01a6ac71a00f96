"""Real processes: one that is killed in the middle, and two that train together."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from styleshot_demo.training.core import checkpoint, logbook

pytestmark = pytest.mark.timeout(900)  # each process loads torch and diffusers anew, which takes a busy machine a while

ROOT = Path(__file__).resolve().parents[3]


def command(models, pictures, out, **options):
    asked = {"data": pictures, "out": out, "start": models / "Gaojunyao/StyleShot", "resolution": 64}
    asked |= {"validate-every": 0} | options
    return ["-m", "styleshot_demo", "train", "style", *(f"--{name}={value}" for name, value in asked.items())]


def environment(models):
    own = {"STYLESHOT_MODELS": str(models), "STYLESHOT_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}
    return {**os.environ, **own, "PYTHONPATH": str(ROOT)}


def losses(out):
    return {line["step"]: line["loss"] for line in map(json.loads, (out / logbook.NAME).read_text().splitlines())}


def test_a_killed_run_goes_on_to_the_same_weights(workshop, models, pictures, tmp_path, one_thread):
    out = tmp_path / "killed"
    arguments = command(models, pictures, out, steps=10_000, batch=2, ema=0.9, **{"checkpoint-every": 2})
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment(models), stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 600
        while not (out / checkpoint.NAME).is_file() or len(losses(out)) < 3:
            assert process.poll() is None, process.stderr.read().decode()
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    killed_at = torch.load(out / checkpoint.NAME, weights_only=True)["step"]
    seen = losses(out)

    goal = killed_at + 2
    resumed = workshop("killed", steps=goal, average=0.9)
    whole = workshop("whole", steps=goal, average=0.9)
    for name, value in whole.state.items():
        assert torch.equal(resumed.state[name], value), name
    assert losses(resumed.out) == losses(whole.out)
    assert {step: seen[step] for step in range(1, killed_at + 1) if step in seen}.items() <= losses(whole.out).items()


def test_two_processes_land_where_one_does(workshop, models, pictures, tmp_path, one_thread):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = ROOT / "styleshot_demo/training/stages/configs/ddp.yaml"
    launch = ["-m", "accelerate.commands.launch", f"--config_file={config}", f"--main_process_port={port}"]
    arguments = command(models, pictures, tmp_path / "two", steps=2, batch=1)
    done = subprocess.run(
        [sys.executable, *launch, *arguments], cwd=ROOT, env=environment(models), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / "two" / "models")]  # one of them speaks

    one = workshop("one", steps=2, batch=2)
    assert losses(tmp_path / "two") == pytest.approx(losses(one.out), abs=2e-6)
    saved = torch.load(tmp_path / "two" / checkpoint.NAME, weights_only=True)["model"]
    for name, value in saved.items():
        assert (value - one.state[name]).abs().max() <= 1e-5, name
