"""The commands `enlarge` and `mask`: one picture to a file, several to a folder."""

import hashlib
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import enlarger_weights
import numpy as np
import pytest
from models.conftest import FakeHub
from PIL import Image
from skimage import data
from typer.testing import CliRunner

from styleshot_demo import provenance
from styleshot_demo.cli.app import app
from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS


def run(*args: object):
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(data.coffee()).resize((150, 100)).save("cup.png")
    Image.fromarray(data.astronaut()).resize((96, 96)).save("astronaut.jpg")
    Image.new("RGB", (40, 30), "white").save("white.png")
    Path("text.png").write_text("no picture")
    return tmp_path


def test_one_picture_becomes_a_file(folder) -> None:
    done = run("enlarge", "white.png", "-o", "large.webp", "--factor", 2, "-q")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("large.webp  80 x 60, ")
    with Image.open("large.webp") as image:
        assert image.size == (80, 60)
    assert provenance.read("large.webp").settings == {
        "job": "enlarge",
        "factor": 2,
        "model": "animevideov3",
        "seed": 0,
    }
    assert run("enlarge", "white.png", "-o", "bare.png", "--no-provenance").exit_code == 0
    assert b"styleshot" not in Path("bare.png").read_bytes()


def test_several_pictures_fill_a_folder(folder) -> None:
    done = run("enlarge", "white.png", "astronaut.jpg", "-o", "large", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)["pictures"]
    assert [one["files"] for one in told] == [["large/white-4x.png"], ["large/astronaut-4x.png"]]
    assert [one["plan"]["width"] for one in told] == [160, 384]
    with Image.open("large/astronaut-4x.png") as image:
        assert image.size == (384, 384)


def test_the_large_network_is_fetched_and_then_used_where_it_is_asked_for(folder, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("STYLESHOT_DEVICE", "cpu")
    monkeypatch.setenv("STYLESHOT_MODELS", str(tmp_path / "models"))
    Image.fromarray(data.coffee()).resize((20, 16)).save("tiny.png")
    args = ("enlarge", "tiny.png", "-o", "large.png", "--factor", 2, "--model", "x4plus")
    done = run(*args)
    assert done.exit_code == 1 and not Path("large.png").exists()
    assert done.stderr.count("Real-ESRGAN x4plus is not on this machine: 67 MB to fetch.") == 1

    content = enlarger_weights.write(tmp_path / "x4plus.pth").read_bytes()
    (file,) = MODELS["x4plus"].files
    known = replace(file, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(MODELS, "x4plus", replace(MODELS["x4plus"], files=(known,)))
    server = FakeHub({enlarger_weights.PLACE: content})
    monkeypatch.setattr(hub, "fetching", partial(hub.fetching, endpoint=server.url))
    try:
        done = run("models", "fetch", "x4plus")
    finally:
        server.close()
    assert done.exit_code == 0, done.stderr
    assert "licence BSD 3-Clause" in done.stderr and "is on this machine (67 MB)" in done.stdout
    assert run(*args).exit_code == 0
    with Image.open("large.png") as image:
        assert image.size == (40, 32)
    record = provenance.read("large.png")
    assert record.models == {"x4plus": known.sha256[:16]} and record.settings["model"] == "x4plus"


@pytest.mark.parametrize(("of", "cup", "table"), [("subject", 255, 0), ("background", 0, 255)])
def test_a_mask_is_a_grey_picture(folder, of, cup, table) -> None:
    done = run("mask", "cup.png", "-o", "mask.png", "--of", of, "--json")
    assert done.exit_code == 0, done.stderr
    (told,) = json.loads(done.stdout)["masks"]
    with Image.open("mask.png") as image:
        assert image.mode == "L" and image.size == (150, 100) and not image.info
        levels = np.asarray(image)
    assert levels[50, 70] == cup and levels[50, -3] == table
    assert told["share"] == pytest.approx(levels.mean() / 255, abs=1e-3) and told["of"] == of


def test_people_are_masked(folder) -> None:
    assert run("mask", "astronaut.jpg", "-o", "person.png", "--of", "person").exit_code == 0
    done = run("mask", "cup.png", "-o", "nobody.png", "--of", "person")
    assert done.exit_code == 1 and done.stderr.startswith("cup.png: Nobody was found")
    done = run("mask", "white.png", "-o", "nothing.png")
    assert done.exit_code == 1 and done.stderr.startswith("white.png: Nothing in this picture stands out")
    assert not Path("nobody.png").exists() and not Path("nothing.png").exists()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["enlarge", "text.png", "-o", "o.png"], "text.png: This file is not a picture"),
        (["enlarge", "white.png", "-o", "o.png", "--factor", "3"], "3 is not a choice for factor"),
        (["enlarge", "white.png", "-o", "o.png", "--model", "x8"], "x8 is not a choice for model"),
        (["enlarge", "white.png", "-o", "white.png"], "white.png: white.png is one of the pictures to read"),
        (["enlarge", "white.png", "cup.png", "-o", "o.png"], "o.png: o.png is one file"),
        (["enlarge", "white.png", "./white.png", "-o", "o"], "white.png: Two of the pictures would"),
        (["enlarge", "white.png", "-o", "o.gif"], "o.gif: Results cannot be saved as .gif"),
        (["mask", "cup.png", "-o", "o.png", "--of", "cup"], "cup is not a choice for of"),
    ],
)
def test_what_cannot_be_asked_for_ends_with_2(folder, args, told) -> None:
    done = run(*args)
    assert done.exit_code == 2
    assert done.stderr.startswith(told) and done.stderr.count("\n") == 1
    assert not Path("o.png").exists()
