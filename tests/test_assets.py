"""The pictures that ship with the app: there, sound, small, unlike each other, and made by the script beside them."""

import hashlib
import importlib.util
import json
import re
import sys
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ASSETS = Path(__file__).resolve().parents[1] / "assets"
STYLES = ASSETS / "styles"
INDEX = json.loads((STYLES / "index.json").read_text(encoding="utf-8"))
NAMES = [entry["file"] for entry in INDEX]


@cache
def script(name: str = "make_styles"):
    spec = importlib.util.spec_from_file_location(name, ASSETS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for theirs
    spec.loader.exec_module(module)
    return module


@cache
def colours(name: str) -> np.ndarray:
    """Share of the pixels in each of 6 x 6 x 6 colour cells."""
    with Image.open(STYLES / name) as picture:
        pixels = np.asarray(picture.convert("RGB").resize((256, 256))).reshape(-1, 3)
    counts, _ = np.histogramdd(pixels, bins=6, range=[(0, 256)] * 3)
    return counts.ravel() / len(pixels)


def test_index_lists_every_recipe_and_every_file_once():
    assert len(INDEX) >= 12
    assert [f"{name.replace('_', '-')}.jpg" for name in script().RECIPES] == NAMES
    assert {path.name for path in STYLES.glob("*.jpg")} == set(NAMES)
    for entry in INDEX:
        assert set(entry) == {"file", "title_en", "title_zh", "method"}
        assert all(entry.values())
        assert any("\u4e00" <= letter <= "\u9fff" for letter in entry["title_zh"])
    assert len({entry["title_en"] for entry in INDEX}) == len({entry["title_zh"] for entry in INDEX}) == len(INDEX)


@pytest.mark.parametrize("name", NAMES)
def test_style_is_a_small_clean_jpeg(name):
    assert (STYLES / name).stat().st_size < 300_000
    with Image.open(STYLES / name) as picture:
        picture.load()
        assert picture.format == "JPEG"
        assert picture.mode == "RGB"
        assert min(picture.size) >= 512
        assert all(component[1:3] == (1, 1) for component in picture.layer)  # colour at full resolution
        assert not picture.getexif() and not {"icc_profile", "xmp", "comment"} & set(picture.info)


@pytest.mark.parametrize("name", NAMES)
def test_style_has_tone_and_texture_everywhere(name):
    with Image.open(STYLES / name) as picture:
        grey = np.asarray(picture.convert("L").resize((512, 512)), np.float32)
    assert np.percentile(grey, 98) - np.percentile(grey, 2) > 120
    tiles = grey.reshape(8, 64, 8, 64).transpose(0, 2, 1, 3).reshape(64, -1)
    assert np.mean(tiles.std(1) < 2.0) <= 0.05  # hardly a tile is flat


def test_palettes_differ():
    pairs = list(combinations(NAMES, 2))
    shared = {pair: np.minimum(*map(colours, pair)).sum() for pair in pairs}
    assert pairs and not {pair: share for pair, share in shared.items() if share >= 0.70}


def test_recipe_draws_the_same_picture_again():
    once, again = (np.asarray(script().render("stained-glass", 96)) for _ in range(2))
    assert once.shape == (96, 96, 3)
    assert np.array_equal(once, again)


def test_recipe_draws_the_picture_that_is_committed():
    """A small rendering has the composition of the stored file: nobody changed one without the other."""
    with Image.open(STYLES / "low-poly.jpg") as picture:
        stored = np.asarray(picture.resize((24, 24), Image.Resampling.BOX), np.float32)
    fresh = np.asarray(script().render("low-poly", 192).resize((24, 24), Image.Resampling.BOX), np.float32)
    assert np.abs(stored - fresh).mean() < 12


def test_credits_name_what_is_owed():
    text = (ASSETS / "CREDITS.md").read_text(encoding="utf-8")
    for heading in ("## Style pictures", "## Content pictures", "## Art of the composer", "## Weights"):
        assert heading in text
    for name in (
        "Alan Diggs",
        "Christian Ferrer",
        "CC BY 4.0",
        "Stefan van der Walt",
        "Rachel Michetti",
        "Collaborative-Distillation",
        "Unicode-3.0",
    ):
        assert name in text


def test_helpers_are_what_their_script_brings_and_their_licences_lie_beside_them():
    bring = script("bring_helpers")
    folder = ASSETS / "weights" / "helpers"
    credits = (ASSETS / "CREDITS.md").read_text(encoding="utf-8")
    assert {path.name for path in folder.iterdir() if path.suffix != ".txt"} == set(bring.SOURCES)
    for name, source in bring.SOURCES.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == source.made
        package = re.split(r"==|(?<=.)@", source.package)[0]
        assert name in credits and package in credits
    apache, bsd, mit = (
        (folder / f"LICENSE-{name}.txt").read_text(encoding="utf-8")
        for name in ("Apache-2.0", "BSD-3-Clause", "MIT-packages")
    )
    assert "Version 2.0, January 2004" in apache and "END OF TERMS AND CONDITIONS" in apache
    assert "Xintao Wang" in bsd and "Redistributions in binary form" in bsd
    assert "Ritvik Nag" in mit and "Patrick Levin" in mit


def test_a_network_of_ncnn_is_read_as_it_is_written():
    bring = script("bring_helpers")
    structure = b"7767517\n3 3\nInput in 0 1 a\nConvolution c 1 1 a b 0=1 1=3 4=1 5=1 6=27\nPReLU p 1 1 b c 0=1\n"
    weights = np.arange(27, dtype="<f2")
    numbers = np.array([bring.HALF], "<u4").tobytes() + weights.tobytes() + b"\0\0" + np.array([2, 3], "<f4").tobytes()
    read = bring.from_ncnn(structure, numbers)
    assert {name: value.shape for name, value in read.items()} == {
        "0.weight": (1, 3, 3, 3),
        "0.bias": (1,),
        "1.weight": (1,),
    }
    assert read["0.weight"].ravel().tolist() == weights.tolist() and read["1.weight"] == [3]
    with pytest.raises(SystemExit):
        bring.from_ncnn(structure, numbers + b"\0\0\0\0")
    with pytest.raises(SystemExit):
        bring.checked(b"something else", bring.SOURCES["u2netp.onnx"].made, "u2netp.onnx")


def test_no_asset_is_over_ten_megabytes():
    large = [path.name for path in ASSETS.rglob("*") if path.is_file() and path.stat().st_size > 10_000_000]
    assert not large
