"""Every command that writes: a destination that cannot be is said in two sentences, before anything is computed."""

import os
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from styleshot_demo.cli.app import app

# Command -> its arguments, of which OUT is the destination.
TRAIN = "--contents DATA --styles DATA --teacher DATA"
FOLDERS = {
    "train classical encoder": f"{TRAIN} --out OUT",
    "train classical decoder": f"{TRAIN} --out OUT",
    "train gallery": "DATA OUT",
    "train style": "--data DATA --vision DATA --out OUT",
    "train content": "--data DATA --out OUT",
    "train teach": "--data DATA --out OUT",
    "train small pack": "DATA OUT",
    "train small autoencoder": "OUT",
    "train small triplets": "OUT",
    "train small encoders": "OUT",
    "train small joint": "OUT",
    "train small content": "OUT",
    "train small decoder": "OUT",
    "train small export": "DATA --to OUT",
    "evaluate small": "--sheets OUT",
    "models convert": "--to OUT",
    "enlarge": "photo.png DATA/0.png -o OUT",
    "mask": "photo.png DATA/0.png -o OUT",
    "batch": "DATA --style photo.png -o OUT",
}
FILES = {
    "classical": "photo.png photo.png -o OUT",
    "text": "apple photo.png -o OUT",
    "image": "photo.png photo.png -o OUT",
    "evaluate classical": "--content DATA --style DATA --sheet OUT",
    "evaluate small-sheet": "OUT",
    "compose": "apple -o OUT",
    "grid": "photo.png --style photo.png --rows strength -o OUT",
}
WRITE_NOTHING = {"serve", "provenance", "models list", "models fetch", "bench classical", "bench styleshot"}
WRITE_NOTHING |= {"evaluate compose", "bench batch"}
# They write into the library alone, and into what test_styles.py tries.
LIBRARY = {f"styles {one}" for one in ("list", "show", "save", "add", "rename", "delete", "undo", "export", "import")}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "photo.png")
    (tmp_path / "DATA").mkdir()
    for n in range(2):
        Image.new("RGB", (64, 64), "blue").save(tmp_path / "DATA" / f"{n}.png")
    (tmp_path / "file.png").write_text("mine")
    (tmp_path / "folder.png").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str, arguments: str, out: str):
    words = [out if word == "OUT" else word for word in (command + " " + arguments).split()]
    return CliRunner().invoke(app, words)


def refused(result) -> None:
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output and "went wrong" not in result.output
    assert not result.stdout
    assert Path("file.png").read_text() == "mine" and not os.listdir("folder.png")


def commands(group, path=()):
    """The names of all commands, such as "train small pack"."""
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield " ".join((*path, name))


def test_no_command_is_left_out():
    assert set(commands(typer.main.get_command(app))) == {*FOLDERS, *FILES, *WRITE_NOTHING, *LIBRARY}


@pytest.mark.parametrize("command", FOLDERS)
@pytest.mark.parametrize("out", ["file.png", "file.png/below", "file.png/far/below", 300 * "x"])
def test_a_folder_that_cannot_be(command, out):
    result = run(command, FOLDERS[command], out)
    refused(result)
    if out.startswith("file.png/"):
        assert "file.png is a file where a folder is needed. Choose another name for the folder." in result.stderr


@pytest.mark.parametrize("command", FILES)
@pytest.mark.parametrize("out", ["folder.png", "file.png/below.png", "nowhere/out.png", 300 * "x" + ".png", "out.tar"])
def test_a_file_that_cannot_be(command, out):
    refused(run(command, FILES[command], out))


@pytest.mark.parametrize("out", ["DATA/0.png", "link.png", "DATA/../DATA/deep/2.png"])
@pytest.mark.parametrize("command", ["evaluate classical --content DATA", "evaluate small-sheet --content DATA"])
@pytest.mark.parametrize("style", ["DATA", "."])
def test_a_picture_of_a_folder_that_is_read_is_not_written_over(command, out, style):
    os.mkdir("DATA/deep")
    os.link("DATA/1.png", "DATA/deep/2.png")
    os.symlink("DATA/0.png", "link.png")
    before = Path(out).read_bytes()
    result = run(command, f"--style {style} " + ("--sheet OUT" if "classical" in command else "OUT"), out)
    refused(result)
    assert f"{Path(out).name} is one of the pictures to read." in result.stderr and Path(out).read_bytes() == before


@pytest.mark.parametrize("place", ["file.png", "file.png/below"])
@pytest.mark.parametrize("command", ["models", "text apple photo.png -o out.png", "serve"])
def test_a_models_folder_that_is_a_file(monkeypatch, command, place):
    monkeypatch.setenv("STYLESHOT_MODELS", place)
    result = run(command, "", "")
    refused(result)
    assert "STYLESHOT_MODELS" in result.stderr and "Set it to the name of a folder." in result.stderr


def test_a_models_folder_that_is_not_there_yet_is_one(monkeypatch):
    monkeypatch.setenv("STYLESHOT_MODELS", "later/models")
    assert run("models", "", "").exit_code == 0
