"""`grid`: a sheet from the shell."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from styleshot_demo import provenance
from styleshot_demo.cli.app import app

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    Image.merge("RGB", [Image.linear_gradient("L").rotate(turn) for turn in (0, 90, 180)]).save(tmp_path / "photo.png")
    Image.effect_noise((128, 128), 80).convert("RGB").save(tmp_path / "noise.png")
    Image.new("RGB", (64, 64), (200, 40, 20)).save(tmp_path / "red.png")
    monkeypatch.setenv("STYLESHOT_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("STYLESHOT_DEVICE", "cpu")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, ["grid", *words])


def test_a_sheet_of_rows_and_columns_says_what_it_is():
    done = run(
        "photo.png", "--style", "noise.png", "--rows", "strength=0.3,1", "--columns", "method=fast,colour",
        "--set", "size=256", "--set", "keep-faces=off", "-o", "sheet.png", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["rows"] == ["0.3", "1"] and told["columns"] == ["fast", "colour"]
    assert told["painted"] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    sheet = Image.open("sheet.png")
    assert sheet.size == (told["width"], told["height"]) and sheet.width > 2 * 256 and sheet.height > 2 * 256
    record = provenance.read("sheet.png")
    assert record.settings["grid"] == "strength=0.3,1 x method=fast,colour" and record.settings["size"] == 256
    assert record.settings["keep_faces"] is False
    assert provenance.restore(record).dropped == ()


def test_styles_one_by_one_mixed_and_of_the_library():
    both = ("--style", "noise.png", "--style", "red.png")
    common = ("--set", "method=colour", "--set", "size=256", "-o", "sheet.jpg", "--json")
    done = run("photo.png", *both, "--columns", "style", *common)
    assert json.loads(done.stdout)["columns"] == ["noise", "red"]
    done = run("photo.png", *both, "--columns", "mix=3", "--rows", "strength=1", *common)
    assert json.loads(done.stdout)["columns"] == ["100 : 0", "50 : 50", "0 : 100"]
    done = run("photo.png", "--rows", "style=batik,woodcut", *common)
    assert json.loads(done.stdout)["rows"] == ["Batik", "Woodcut"]


def test_a_prompt_in_place_of_a_photo():
    words = ("--style", "noise.png", "--columns", "style-strength=0,1", "--set", "model=composer", "--set", "size=256")
    done = run("--prompt", "a red apple", *words, "-o", "sheet.png")
    assert done.exit_code == 0, done.output
    assert "1 x 2: 2 of 2 pictures" in done.stdout
    assert provenance.read("sheet.png").settings["prompt"] == "a red apple"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["photo.png", "--style", "red.png"], "A grid of nothing that differs is one picture."),
        (["photo.png", "--rows", "strength"], "There is no style picture."),
        (
            ["photo.png", "--style", "red.png", "--rows", "strength=0.2,7"],
            "strength is 7; it must lie between 0 and 1.",
        ),
        (["photo.png", "--style", "red.png", "--rows", "prompt=a"], "prompt is nothing that a grid can differ in."),
        (["photo.png", "--style", "red.png", "--columns", "mix"], "there are 1 here"),
        (["photo.png", "--style", "red.png", "--rows", "seed=1", "--columns", "seed=2"], "are both seed"),
        (["photo.png", "--style", "red.png", "--rows", "seed", "--set", "size"], "size sets nothing."),
        (["photo.png", "--style", "red.png", "--rows", "seed", "--set", "colour=1"], "colour is not a setting"),
        (["--style", "red.png", "--rows", "seed"], "A grid is of a photo or of a prompt."),
        (["photo.png", "--style", "red.png", "--rows", "seed", "--kind", "video"], "video is not a choice for kind."),
        (["photo.png", "--rows", "style=nobody"], "nobody"),
        (
            ["photo.png", "--style", "red.png", "--set", "method=colour", "--rows", "grain=0.1,0.9"],
            "makes no difference",
        ),
        (["photo.png", "--style", "style:nobody", "--rows", "seed=1,2"], "nobody"),
        (["photo.png", "--style", "red.png", "--rows", "region=mask,person"], "mask is not a choice for region."),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(words, told):
    done = run(*words, "-o", "sheet.png")
    assert done.exit_code == 2 and told in done.stderr and not done.stdout
    assert not Path("sheet.png").exists() and "Traceback" not in done.output


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_keeps_what_is_done(folder):
    # The second of the two would take minutes.
    words = ["photo.png", "--style", "noise.png", "--rows", "method=colour,optimise", "--set", "steps=5000"]
    running = subprocess.Popen(
        [sys.executable, "-m", "styleshot_demo", "grid", *words, "--set", "size=256", "-o", "sheet.png"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in running.stderr:
        if " of 2" in line and not line.strip().startswith("0%"):
            break
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=120)
    assert running.returncode == 130 and "1 of 2 pictures" in out
    assert Image.open(folder / "sheet.png").height > 2 * 100
