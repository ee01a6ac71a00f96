"""`pip install .`: the wheel holds what the program needs, and its command paints from anywhere, without a network."""

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from styleshot_demo import provenance
from styleshot_demo.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
STYLE = ROOT / "assets" / "styles" / "oil-impasto.jpg"
PHOTO = ROOT / "assets" / "styles" / "low-poly.jpg"
# Read by every Python that starts with this folder on its path: whoever opens a connection ends at once.
NO_NETWORK = """
import os, socket

def refuse(*given):
    if given[0].family != socket.AF_UNIX:
        os.write(2, b"asked the network")
        os._exit(99)

socket.socket.connect = socket.socket.connect_ex = refuse
"""


def pip(*arguments: object) -> None:
    """Without an index to look at: nothing is fetched."""
    command = [sys.executable, "-m", "pip", *map(str, arguments), "--no-index", "--no-deps", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--wheel-dir", folder, ".")
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, and its command in bin/."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-compile", "--target", folder, wheel)  # only what is run is compiled, by Python
    (folder / "sitecustomize.py").write_text(NO_NETWORK)
    return folder


def run(command: list[object], path: Path, cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_program_and_its_assets_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    package = [path for path in (ROOT / "styleshot_demo").rglob("*") if "__pycache__" not in path.parts]
    folders = [ROOT / "assets" / name for name in ("art", "fonts", "styles", "weights")]
    assets = [path for folder in folders for path in folder.rglob("*")]
    wanted = {path.relative_to(ROOT).as_posix() for path in package if path.is_file()}
    wanted |= {f"styleshot_demo/{path.relative_to(ROOT).as_posix()}" for path in assets if path.is_file()}
    wanted.add("styleshot_demo/assets/CREDITS.md")
    assert {name for name in names if ".dist-info/" not in name} == wanted
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


CLASSICAL = ["classical", PHOTO, STYLE, "--size", 256, "--strength", 0.8]
COMPOSE = ["compose", "a red apple under a tree", "--size", "256x256"]


def painted_by_the_checkout(arguments: list[object], out: Path) -> tuple[bytes, provenance.Record | None]:
    """In this very program, which has imported all that painting needs."""
    done = CliRunner().invoke(app, [str(part) for part in (*arguments, "-o", out)])
    assert done.exit_code == 0, done.output
    return pixels_and_record(out)


def pixels_and_record(path: Path) -> tuple[bytes, provenance.Record | None]:
    """Without the versions of libraries: other tests may have loaded more of them here. Sketches have no record."""
    with Image.open(path) as picture:
        pixels = picture.tobytes()
    return pixels, None if path.stem == "sketch" else replace(provenance.read(path), versions={})


def test_the_command_paints_the_same_as_the_checkout(installed: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.png"
    run([installed / "bin" / "styleshot-demo", *CLASSICAL, "-o", there], installed, tmp_path)
    assert pixels_and_record(there) == painted_by_the_checkout(CLASSICAL, tmp_path / "here.png")


def test_what_is_installed_finds_its_drawings_styles_and_weights(installed: Path, tmp_path: Path) -> None:
    code = """
import styleshot_demo
from styleshot_demo.cli.app import app
from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.ui import examples, theme

print(styleshot_demo.__file__)
print(len(examples.styles()) > 10, (theme.HERE / "page.css").is_file())
found = [hub.find(model, styleshot_demo.Settings()) for model in MODELS.values() if model.built_in]
print(len(found) > 2, all(one.here for one in found))
app(standalone_mode=False)
"""
    there, here = (tmp_path / folder / "sketch.png" for folder in ("there", "here"))
    for path in (there, here):
        path.parent.mkdir()
    said = run([sys.executable, "-c", code, *COMPOSE, "-o", there], installed, tmp_path).splitlines()
    assert said[:3] == [str(installed / "styleshot_demo" / "__init__.py"), "True True", "True True"]
    assert pixels_and_record(there) == painted_by_the_checkout(COMPOSE, here)
