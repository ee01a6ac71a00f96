"""`text --painted-by` in the shell."""

import json

from PIL import Image
from typer.testing import CliRunner

from styleshot_demo import provenance
from styleshot_demo.cli.app import app
from styleshot_demo.runners import composer
from styleshot_demo.settings import ASSETS


def run(*arguments):
    style = str(ASSETS / "styles" / "ink-wash.jpg")
    return CliRunner().invoke(app, ["text", "a red apple on a table", style, *map(str, arguments)])


def test_optimise_paints_what_was_composed(tmp_path, monkeypatch):
    monkeypatch.setenv("STYLESHOT_MODELS", str(tmp_path / "empty"))
    monkeypatch.setattr(composer, "STEPS", 2)
    out = tmp_path / "out.png"
    done = run("-o", out, "--size", 256, "--painted-by", "optimise", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["notes"][0] == "Composed from Noto drawings and painted by Optimise"
    assert told["settings"]["painted_by"] == "optimise"
    assert provenance.read(out).settings["painted_by"] == "optimise"
    with Image.open(out) as picture:
        assert picture.size == (256, 256)


def test_no_tile_and_no_other_method(tmp_path, monkeypatch):
    monkeypatch.setenv("STYLESHOT_MODELS", str(tmp_path / "empty"))
    out = tmp_path / "out.png"
    done = run("-o", out, "--painted-by", "optimise", "--tile")
    assert done.exit_code != 0 and "Optimise cannot paint a picture that repeats without a seam." in done.stderr
    assert run("-o", out, "--painted-by", "patches").exit_code == 2
    assert not out.exists()
