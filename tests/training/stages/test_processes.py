"""Real processes: two that train together, from the shell."""

import json
import os
import socket
import subprocess
import sys
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
