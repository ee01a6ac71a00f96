"""The packed drawings: complete, small, licensed, and drawn as asked."""

import hashlib
import json
import zipfile

import numpy as np
import pytest

from styleshot_demo.compose import art, colours
from styleshot_demo.compose.bodies import SITTING, STANDING

SHA256 = "3f684aa100063093ce5fdd0d9b7bb9859e1eb7b929317f5c4d0da178b7a40d35"


def test_the_archive_is_the_one_that_the_script_makes():
    data = art.FILE.read_bytes()
    assert hashlib.sha256(data).hexdigest() == SHA256
    assert len(data) < 5_000_000


def test_the_licences_lie_in_the_archive():
    with zipfile.ZipFile(art.FILE) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("licences/")}
    assert "Apache License" in texts["licences/noto-emoji-Apache-2.0.txt"]
    assert "MIT License" in texts["licences/emojibase-data-MIT.txt"]
    assert "UNICODE LICENSE V3" in texts["licences/cldr-Unicode-3.0.txt"]


def test_every_thing_has_a_drawing_and_names_in_both_languages():
    with zipfile.ZipFile(art.FILE) as archive:
        drawn = {name for name in archive.namelist() if name.startswith("svg/")}
        index = json.loads(archive.read("index.json"))
    assert {f"svg/{one['id']}.svg" for one in index} == drawn
    own = {one.id for one in art.catalogue().values() if not one.is_emoji}
    assert own == {f"own-{path.stem}" for path in art.OWN.glob("*.svg")}
    assert len(art.catalogue()) == len(art.by_name()) == len(index) + len(own) > 1300
    # A few are written in Latin letters in Chinese too, such as "DVD".
    chinese = [any("\u4e00" <= sign <= "\u9fff" for sign in one.zh) for one in art.catalogue().values()]
    assert np.mean(chinese) > 0.98
    assert not [one.name for one in art.catalogue().values() if "skin tone" in one.name or one.group == "flags"]


@pytest.mark.parametrize("height", [16, 200])
def test_a_drawing_fills_its_height(height):
    picture = art.draw("castle", height)
    assert picture.mode == "RGBA" and picture.height == height
    assert picture.getbbox() == (0, 0, *picture.size) or height < 20
    assert picture.width / height == pytest.approx(art.proportion("castle"), abs=0.1)


@pytest.mark.parametrize("name", [*SITTING, *STANDING, "chicken", "man", "farmer"])
def test_heads_and_busts_get_a_body(name):
    assert art.rendered(art.svg(name), 128).height == 128
    assert 'viewBox="0 0 128 128"' not in art.svg(name)


@pytest.mark.parametrize(
    ("name", "colour"),
    [("automobile", "red"), ("fox", "blue"), ("cat", "black"), ("horse", "white"), ("rose", "yellow")],
)
def test_a_colour_is_that_colour_and_keeps_its_shading(name, colour):
    plain, turned = (np.asarray(art.draw(name, 96, one), np.float64) / 255 for one in (None, colour))
    assert np.abs(plain[..., 3] - turned[..., 3]).mean() < 0.02
    seen = turned[turned[..., 3] > 0.9][:, :3]
    light, chroma, hue = colours.main_colour(seen)
    wanted = colours.NAMED[colour]
    if wanted[1] > colours.NEUTRAL:
        assert abs((hue - wanted[2] + 180) % 360 - 180) < 22
    assert abs(light - wanted[0]) < 0.2
    assert seen.std(0).max() > 0.02


def test_oklch_comes_back():
    values = np.random.default_rng(0).random((50, 3))
    assert np.allclose(colours.from_oklch(colours.to_oklch(values)), values, atol=1e-4)
