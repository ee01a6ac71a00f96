"""`compose` in the shell."""

import json

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from styleshot_demo.cli.app import app


def run(*arguments):
    return CliRunner().invoke(app, ["compose", *map(str, arguments)])


def test_a_sketch_and_its_scene(tmp_path):
    out = tmp_path / "sketch.png"
    done = run("a castle by the sea at sunset", "-o", out, "--size", "384x256", "--seed", 3, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["scene"]["place"] == "sea" and told["scene"]["things"][0]["name"] == "castle"
    assert len(told["boxes"]) == 1
    with Image.open(out) as picture:
        assert picture.size == (384, 256)


def test_what_is_not_known_is_said(tmp_path):
    done = run("an accordion player beside a castle", "-o", tmp_path / "sketch.png", "--size", 256)
    assert done.exit_code == 0
    assert "Not known here: accordion player (near: accordion)" in done.stderr


def test_what_cannot_be_asked_for(tmp_path):
    out = tmp_path / "sketch.png"
    for arguments in (("a cat", "--size", "100"), ("a cat", "--size", "big"), ("a cat", "--seed", "-1"), ("...",)):
        done = run(*arguments, "-o", out)
        assert done.exit_code == 2, arguments
        assert not out.exists()


def test_a_tile(tmp_path):
    out = tmp_path / "sketch.png"
    done = run("strawberries and bees", "-o", out, "--size", 256, "--tile", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["scene"]["kind"] == "pattern"
    with Image.open(out) as picture:
        columns = np.asarray(picture, float)
    assert np.abs(columns[:, 0] - columns[:, -1]).mean() <= np.abs(np.diff(columns, axis=1)).mean() * 1.15
