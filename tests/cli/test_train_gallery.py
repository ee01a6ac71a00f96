"""`train gallery` from outside: what it prints where, how it ends, what it says of what it cannot do."""

import json
from pathlib import Path

import pytest
from training.gallery.conftest import fill, spoil
from typer.testing import CliRunner

from styleshot_demo.cli.app import app


@pytest.fixture
def styles(tmp_path: Path) -> Path:
    folder = fill(tmp_path / "styles", {"ink": 4, "wash": 2})
    spoil(folder / "ink" / "001_red-box.png")
    return folder


def run(*arguments: object):
    return CliRunner().invoke(app, ["train", "gallery", *map(str, arguments)])


def test_it_makes_a_gallery_and_says_what_it_holds(styles: Path, tmp_path: Path) -> None:
    result = run(styles, tmp_path / "out")
    assert result.exit_code == 0
    assert result.stdout == f"5 pictures in 2 styles; 1 left out: {tmp_path / 'out'}\n"
    assert "contour: difference of Gaussians, without weights\n" in result.stderr
    assert "lineart: left out, because the files of its detector are not on this machine\n" in result.stderr
    assert "Left out: 001_red-box.png: This picture is cut off before its end." in result.stderr
    assert "Picture" in result.stderr
    assert len((tmp_path / "out/contour.jsonl").read_text().splitlines()) == 5


def test_as_json_and_in_shards(styles: Path, tmp_path: Path) -> None:
    result = run(styles, tmp_path / "out", "--shard", 2, "--per-style", 2, "--seed", 7, "--json")
    assert result.exit_code == 0
    held = json.loads(result.stdout)
    assert held["styles"] == 2 and held["shards"] == 2 and held["lines"] == {"contour": "edges"}
    assert held["pictures"] + held["left_out"] == 4
    assert len(list((tmp_path / "out").glob("*.tar"))) == 2


def test_without_lines(styles: Path, tmp_path: Path) -> None:
    result = run(styles, tmp_path / "out", "--lines", "none", "--json")
    assert json.loads(result.stdout)["lines"] == {}
    assert (tmp_path / "out/gallery.jsonl").is_file()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--lines", "depth"], 2, "Choose one of: contour, lineart, none."),
        (["--contour", "canny"], 2, "Choose one of: auto, hed, edges."),
        (["--device", "tpu"], 2, "Choose one of: auto, cpu, cuda."),
        (["--lines", "lineart"], 1, "are not on this machine."),
        (["--contour", "hed"], 1, "are not on this machine."),
    ],
)
def test_what_cannot_be_done_is_two_sentences(
    styles: Path, tmp_path: Path, options: list, code: int, words: str
) -> None:
    result = run(styles, tmp_path / "out", *options)
    assert result.exit_code == code
    assert words in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_and_another_run_are_said(styles: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run(tmp_path / "empty", tmp_path / "out")
    assert result.exit_code == 1 and "There is no picture to train on." in result.stderr
    assert run(styles, tmp_path / "two", "--size", 64).exit_code == 0
    result = run(styles, tmp_path / "two", "--size", 128)
    assert result.exit_code == 1 and "another folder" in result.stderr.replace("Choose a", "a")


def test_without_webdataset_it_says_how_to_install_it(
    styles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "webdataset", None)
    result = run(styles, tmp_path / "out", "--shard", 2)
    assert result.exit_code == 1
    assert "Install it with `pip install -r styleshot_demo/training/requirements.txt`." in result.stderr
    assert run(styles, tmp_path / "out").exit_code == 0


def test_help_tells_of_captions() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert "metadata.jsonl" in result.stdout
