"""The library of styles from the shell."""

import json
import zipfile

import pytest
from PIL import Image
from typer.testing import CliRunner

from styleshot_demo.cli.app import app
from styleshot_demo.settings import ASSETS

BATIK, WOODCUT = ASSETS / "styles" / "batik.jpg", ASSETS / "styles" / "woodcut.jpg"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("STYLESHOT_LIBRARY", str(tmp_path / "styles"))
    return tmp_path / "styles"


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.effect_mandelbrot((300, 200), (-2, -1.2, 1, 1.2), 60).convert("RGB").save(path)
    return path


def run(*args, code=0):
    done = CliRunner().invoke(app, [str(arg) for arg in args])
    assert done.exit_code == code, done.output
    return done


def made(*args):
    return json.loads(run(*args, "--json").stdout)


def test_a_style_is_saved_listed_shown_renamed_deleted_and_brought_back(folder):
    run("styles", "save", "Two", BATIK, WOODCUT, "--weight", 2, "--weight", 1, "--tag", "brand", "--strength", 0.5)
    assert len(made("styles")["styles"]) == 17
    (row,) = made("styles", "list", "BRAND")["styles"]
    assert row["name"] == "Two" and row["key"] == "Two.style.zip" and not row["built_in"]
    assert [picture["weight"] for picture in row["pictures"]] == [2, 1]
    shown = run("styles", "show", "two").stdout
    assert "* 2  woodcut.jpg  weight 1" in shown and "strength: 0.5" in shown and str(folder) in shown
    run("styles", "rename", "two", "Three", "--note", "new")
    assert made("styles", "show", "Three")["note"] == "new"
    assert "styles undo" in run("styles", "delete", "Three").stdout
    assert len(made("styles")["styles"]) == 16
    assert "Three: is back" in run("styles", "undo").stdout
    assert "There is no style called Two" in run("styles", "show", "Two", code=2).stderr


def test_json_may_stand_before_the_command(folder):
    run("styles", "save", "Brand", BATIK)
    for words in (("list", "brand"), ("show", "Brand")):
        assert json.loads(run("styles", "--json", *words).stdout) == made("styles", *words)
    assert json.loads(run("models", "--json", "list").stdout) == made("models")
    told = run("styles", "--json", "delete", "Brand", code=2)
    assert not told.stdout and "Leave out --json" in told.stderr
    assert len(made("styles", "list", "Brand")["styles"]) == 1


def test_pictures_are_added_to_a_style_and_taken_out_again(tmp_path):
    run("styles", "save", "Brand", BATIK)
    assert "3 pictures" in run("styles", "add", "brand", WOODCUT, BATIK, "--weight", 2, "--weight", 3).stdout
    (tmp_path / "broken.png").write_bytes(b"no picture")
    told = run("styles", "add", "Brand", WOODCUT, tmp_path / "broken.png", code=2).stderr
    assert "broken.png" in told and "not a picture" in told
    assert "There is no style called None" in run("styles", "add", "None", BATIK, code=2).stderr
    assert [one["weight"] for one in made("styles", "add", "Brand", BATIK, "--use", 4)["pictures"]] == [1, 2, 3, 2]
    assert "Brand: is back, 3 pictures." in run("styles", "undo").stdout
    assert "Brand: is back, 1 picture." in run("styles", "undo").stdout


def test_a_folder_of_pictures_becomes_a_style_of_its_four_most_typical(tmp_path):
    run("styles", "save", "All", ASSETS / "styles")
    assert "All  (16 pictures, 4 of them used)" in run("styles").stdout
    run("styles", "save", "Chosen", ASSETS / "styles", "--use", 3)
    assert [one["used"] for one in made("styles", "show", "Chosen")["pictures"]] == [False] * 2 + [True] + [False] * 13
    bad = tmp_path / "bad"
    bad.mkdir()
    assert "There is no picture" in run("styles", "save", "x", bad, code=2).stderr
    (bad / "cut.jpg").write_bytes(BATIK.read_bytes()[:3000])
    told = run("styles", "save", "x", bad, code=2).stderr
    assert told.startswith(f"{bad / 'cut.jpg'}: ")


def test_styles_go_from_one_library_to_another_as_files(tmp_path, folder, monkeypatch):
    run("styles", "save", "Two", BATIK, WOODCUT)
    out = tmp_path / "handed.style.zip"
    assert run("styles", "export", "Two", "-o", out).stdout.strip() == str(out)
    assert "ends in .style.zip" in run("styles", "export", "Two", "-o", tmp_path / "two.zip", code=2).stderr
    monkeypatch.setenv("STYLESHOT_LIBRARY", str(tmp_path / "other"))
    hostile = tmp_path / "hostile.style.zip"
    hostile.write_bytes(out.read_bytes())
    with zipfile.ZipFile(hostile, "a") as opened:
        opened.writestr("../evil.py", "print()")
    done = run("styles", "import", hostile, out, code=1)
    assert done.stderr.startswith(f"{hostile}: The style file hostile.style.zip holds what")
    assert done.stdout == "Two: 2 pictures.\n"
    monkeypatch.setenv("STYLESHOT_LIBRARY", "off")
    assert "No styles are kept here" in run("styles", "import", out, code=1).stderr


def test_a_kept_style_paints_the_same_as_its_pictures(tmp_path, photo):
    run("styles", "save", "Two", BATIK, WOODCUT, "--weight", 2, "--weight", 1)
    common = ("--method", "colour", "--size", 256, "--no-provenance")
    plain, kept, mixed, weighed = (tmp_path / f"{name}.png" for name in ("plain", "kept", "mixed", "weighed"))
    run("classical", photo, BATIK, WOODCUT, "--weight", 2, "--weight", 1, "-o", plain, *common)
    told = made("classical", photo, "style:two", "-o", kept, *common)
    assert kept.read_bytes() == plain.read_bytes()
    third = ASSETS / "styles" / "low-poly.jpg"
    told = made("classical", photo, "style:two", third, "--weight", 3, "--weight", 1, "-o", mixed, *common)
    assert told["settings"]["style_weights"] == [2, 1, 1]
    told = made("classical", photo, "style:low-poly", "-o", weighed, *common)
    assert told["settings"]["style_weights"] == [1]


def test_a_kept_strength_counts_unless_another_is_asked_for(tmp_path, photo):
    run("styles", "save", "Soft", BATIK, "--strength", 0.3)
    run("styles", "save", "Strong", BATIK, "--strength", 1.6)
    common = ("-o", tmp_path / "out.png", "--method", "colour", "--size", 256)
    assert made("classical", photo, "style:Soft", *common)["settings"]["strength"] == 0.3
    assert made("classical", photo, "style:Soft", *common, "--strength", 1)["settings"]["strength"] == 1
    assert made("classical", photo, "style:Strong", *common)["settings"]["strength"] == 1
    assert made("classical", photo, "style:Soft", BATIK, *common)["settings"]["strength"] == 1
    told = made("image", photo, "style:Strong", "-o", tmp_path / "out.png", "--model", "painter", "--size", 256)
    assert told["settings"]["style_strength"] == 1.6


def test_what_is_no_style_of_the_library_is_told(tmp_path, photo):
    out = tmp_path / "out.png"
    told = run("classical", photo, "style:Nowhere", "-o", out, code=2).stderr
    assert told.startswith("style:Nowhere: There is no style called Nowhere.")
    run("classical", photo, "style:batik", BATIK, "--weight", 1, "-o", out, code=2)
    assert not out.exists()
