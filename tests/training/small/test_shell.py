"""The shell's commands: every phase on files, errors in two sentences."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from styleshot_demo.cli.app import app
from styleshot_demo.training.core.checkpoint import latest
from styleshot_demo.training.small import pack, places

TINY = """
[sizes]
channels = 8
widths = [32, 48]
heads = 2
width = 32
vocabulary = 700
text_layers = 1
style_width = 32
style_layers = 1
patch_widths = [[16, 16, 16, 16, 32], [16, 16, 16, 32], [16, 16, 32]]
control_widths = [8, 8, 8, 8, 16]
decoder_widths = [16, 16, 8, 8, 8]

[phase]
steps = 2
batch = 2
validate_every = 0
sheet_every = 0
"""


def run(*words: object):
    return CliRunner().invoke(app, ["train", "small", *map(str, words)])


def test_pack_says_what_it_holds(data, tmp_path):
    done = run("pack", data, tmp_path)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"things": 12, "emoji": 36, "pictures": 32}
    assert len(pack.Pack(tmp_path / places.PACK).codes) == 36


def test_phases_and_export_from_the_shell(fitted, tmp_path):
    folder, recipe = tmp_path / "run", tmp_path / "tiny.toml"
    shutil.copytree(fitted, folder)
    recipe.write_text(TINY)
    options = ("--recipe", recipe, "--device", "cpu", "--workers", 0)
    assert run("encoders", folder, *options).exit_code == 0
    done = run("joint", folder, *options)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"steps": 2, "pictures": 4}
    assert run("content", folder, *options, "--steps", 1).exit_code == 0
    assert latest(folder / "content")["step"] == 1
    done = run("export", folder, "--to", tmp_path / "out", "--recipe", recipe)
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "out" / "training.json").read_text())
    assert told["pictures"] == {"things": 12, "emoji": 36, "pictures": 32}
    assert told["phases"]["joint"]["pictures"] == 4


@pytest.mark.parametrize(
    "words, sentence",
    [
        (("joint", "RUN"), "the phase autoencoder yet. Run the command train small autoencoder first."),
        (("autoencoder", "RUN"), "There is no picture to train on."),
        (("export", "RUN"), "nothing of the phase joint yet"),
        (("joint", "RUN", "--precision", "fp8"), "fp8"),
    ],
)
def test_what_is_missing_is_said_in_two_sentences(tmp_path, words, sentence):
    done = run(*(tmp_path if word == "RUN" else word for word in words))
    assert done.exit_code in (1, 2)
    assert sentence.lower() in done.output.lower().replace("\n", " ")
    assert "Traceback" not in done.output
