"""`train style`, `train content` and `train teach` from outside."""

import json

import pytest
import tiny_models
import torch
from accelerate.state import AcceleratorState, GradientState
from styleshot import tiny
from typer.testing import CliRunner

from styleshot_demo.cli.app import app


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return tiny_models.build(tmp_path_factory.mktemp("models"), ("base", "contour"))


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "ours").mkdir()
    for number in range(3):
        tiny.picture((40 * number, 90, 160)).save(tmp_path / "ours" / f"thing {number}.png")
    (tmp_path / "ours" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "ours"


def run(models, *arguments):
    AcceleratorState._reset_state(True)
    GradientState._reset_state()
    environment = {"STYLESHOT_MODELS": str(models), "STYLESHOT_DEVICE": "cpu"}
    return CliRunner().invoke(app, ["train", *map(str, arguments)], env=environment)


def test_teaching_a_style_is_one_command(models, pictures, tmp_path):
    out = tmp_path / "out"
    result = run(
        models, "teach", "--data", pictures, "--out", out, "--steps", 1, "--resolution", 64, "--validate-every", 1,
        "--prompt", "a red box",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{out / 'models'}\n"
    assert "Left out: broken.png: This file is not a picture that can be read." in result.stderr
    rates = [json.loads(line)["rate"] for line in (out / "log.jsonl").read_text().splitlines()]
    assert rates[0] == pytest.approx(2e-5 / 50)
    assert (out / "validation" / "0000001.png").is_file()
    assert torch.load(out / "models/Gaojunyao/StyleShot/pretrained_weight/ip.bin", weights_only=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["style"], "Give one of --vision and --start."),
        (["style", "--start", "{pictures}"], "There is no StyleShot in ours."),
        (["style", "--start", "{models}/Gaojunyao/StyleShot", "--base", "{pictures}"], "no Stable Diffusion in ours."),
        (["content", "--preprocessor", "depth"], "Choose one of: contour, lineart."),
        (["content", "--steps", "1"], "have no content pictures."),
        (["teach", "--method", "dreambooth"], "Choose one of: adapter, lora."),
        (["teach", "--schedule", "linear"], "Choose one of: constant, cosine."),
        (["teach", "--rate", "7"], "it must lie between 0 and 1."),
        (["teach", "--resolution", "100"], "Choose a multiple of 64."),
    ],
)
def test_what_cannot_be_asked_for_is_two_sentences(models, pictures, tmp_path, arguments, words):
    filled = [part.format(pictures=pictures, models=models) for part in arguments]
    result = run(models, filled[0], "--data", pictures, "--out", tmp_path / "out", *filled[1:])
    assert result.exit_code == 2
    assert words in result.stderr and "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


def test_without_a_base_model(pictures, tmp_path):
    result = run(tmp_path, "teach", "--data", pictures, "--out", tmp_path / "out")
    assert result.exit_code == 1 and "are not on this machine." in result.stderr
