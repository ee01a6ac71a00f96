"""People: the tone of their skin, and what they wear."""

from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image

from styleshot_demo.classical.weights import load_fast
from styleshot_demo.compose import art
from styleshot_demo.compose.colours import to_oklch
from styleshot_demo.compose.painting import painted
from styleshot_demo.compose.scene import Scene, Thing
from styleshot_demo.compose.sketch import _skins, draw
from styleshot_demo.compose.skin_tones import TONES
from styleshot_demo.compose.words import understood
from styleshot_demo.errors import Problem
from styleshot_demo.settings import ASSETS


def first(prompt):
    """(drawing, colour, skin, clothes) of the first thing; nothing else is asked for, and nothing is unknown."""
    scene = understood(prompt)
    assert not scene.unknown and len(scene.things) == 1
    thing = scene.things[0]
    return thing.name, thing.colour, thing.skin, thing.clothes


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("a black woman", ("woman", None, "dark", None)),
        ("portrait of a white man", ("man", None, "light", None)),
        ("a dark-skinned man with a beard", ("man: beard", None, "dark", None)),
        ("a woman with brown skin in a park", ("woman", None, "medium dark", None)),
        ("an african girl", ("girl", None, "dark", None)),
        ("👩🏿", ("woman", None, "dark", None)),
        ("👩🏽‍🍳 in a kitchen", ("woman cook", None, "medium", None)),
        ("👩‍🍳", ("woman cook", None, None, None)),
        ("黑人女孩", ("girl", None, "dark", None)),
        ("一个黑人", ("person", None, "dark", None)),
        ("黑皮肤的女孩", ("girl", None, "dark", None)),
        ("a black dog", ("dog", "black", None, None)),
        ("an african elephant", ("elephant", None, None, None)),
        ("a green man", ("man", "green", None, None)),
        ("a woman in red", ("woman", None, None, "red")),
        ("a girl in white snow", ("girl", None, None, None)),
        ("a woman in red at sunset", ("woman", None, None, "red")),
        ("a black man in a white shirt", ("man", None, "dark", "white")),
        ("a girl wearing a long yellow dress on the beach", ("girl", None, None, "yellow")),
        ("a woman in a suit", ("woman", None, None, "black")),
        ("a boy in a blue coat and jeans", ("boy", None, None, "blue")),
        ("穿红裙子的女孩", ("girl", None, None, "red")),
        ("红衣女孩", ("girl", None, None, "red")),
        ("a red dress", ("dress", "red", None, None)),
    ],
)
def test_skin_and_clothes(prompt, wanted):
    assert first(prompt) == wanted


def test_what_somebody_wears_is_not_taken_from_others():
    dog, man = understood("a man with a dog in a red coat, an old man").things[:2][::-1]
    assert man.clothes is None and dog.name == "dog"
    worn = [(one.name, one.clothes) for one in understood("a woman in red and a man in black on a horse").things]
    assert worn == [("woman", "red"), ("man", "black"), ("horse", None)]


def test_only_tones_and_colours_can_be_asked_for():
    for wrong in ({"skin": "yellow"}, {"clothes": "plaid"}):
        with pytest.raises(Problem):
            Thing("man", **wrong)
    scene = Scene(things=(Thing("man", skin="dark", clothes="red"),))
    assert Scene.from_json(scene.as_json()) == scene


def face(picture):
    """OKLCH of the middle of a face, from under the eyes to the mouth."""
    wide, tall = picture.size
    part = np.asarray(picture.convert("RGB").crop((wide * 2 // 5, tall // 4, wide * 3 // 5, tall // 3)))
    return to_oklch(np.median(part.reshape(-1, 3), 0) / 255)


@pytest.mark.parametrize("name", ["woman", "old man", "man: beard", "cook", "princess"])
@pytest.mark.parametrize("tone", TONES)
def test_faces_have_the_tone_and_their_features_can_be_seen(name, tone):
    pixels = np.asarray(art.draw(name, 400, form="bust", skin=tone))
    lch = to_oklch(pixels[pixels[..., 3] > 250][:, :3] / 255)
    light, chroma, hue = TONES[tone]
    skin = (np.abs(lch - [light, chroma, hue]) < [0.02, 0.01, 3]).all(1)
    assert skin.mean() > 0.1
    assert np.quantile(lch[:, 0], 0.01) < light - 0.12


def test_a_crown_stays_gold():
    def gold(tone):
        pixels = np.asarray(art.draw("princess", 300, form="bust", skin=tone))
        lch = to_oklch(pixels[..., :3] / 255)
        return ((pixels[..., 3] > 250) & (lch[..., 1] > 0.14) & (np.abs(lch[..., 2] - 85) < 10)).sum()

    assert gold("dark") > 3000 and gold("dark") == pytest.approx(gold("light"), rel=0.03)


@pytest.mark.parametrize("name", ["woman", "farmer", "police officer", "construction worker"])
def test_clothes_are_coloured_and_no_face(name):
    plain, dressed = (art.draw(name, 400, skin="medium", clothes=colour) for colour in (None, "red"))
    assert np.abs(face(plain) - face(dressed)).max() < 0.02
    pixels = np.asarray(dressed)
    pixels = to_oklch(pixels[pixels[..., 3] > 250][:, :3] / 255)
    red = (pixels[:, 1] > 0.15) & (np.abs((pixels[:, 2] - 27 + 180) % 360 - 180) < 15)
    assert red.mean() > 0.1


def test_of_several_each_is_somebody_else_and_the_seed_says_who():
    scene = Scene(
        things=(Thing("woman", count=3), Thing("man", skin="dark"), Thing("cat"), Thing("boy", colour="green"))
    )
    women, man, cat, boy = _skins(scene, np.random.default_rng(0))
    assert len(set(women)) == 3 and man == ["dark"] and cat == boy == [None]
    alone = [draw(understood("portrait of a woman"), (256, 256), seed) for seed in range(8)]
    light = [face(one.picture.crop(one.layers[0].box))[0] for one in alone]
    assert np.ptp(light) > 0.3
    asked = [draw(understood("portrait of a black woman"), (256, 256), seed) for seed in range(3)]
    assert np.ptp([face(one.picture.crop(one.layers[0].box))[0] for one in asked]) < 0.08


@cache
def fast():
    return load_fast(ASSETS / "weights" / "encoder.safetensors", ASSETS / "weights" / "fast.safetensors")


@pytest.mark.parametrize("style", ["oil-impasto", "stained-glass"])
def test_painted_skin_is_as_dark_as_it_was_drawn(style):
    with Image.open(ASSETS / "styles" / f"{style}.jpg") as picture:
        pixels = np.asarray(picture.convert("RGB").resize((256, 256)), np.float32) / 255
    styles = ((torch.from_numpy(pixels).permute(2, 0, 1)[None], 1.0),)
    light = {}
    for tone in ("light", "dark"):
        sketch = draw(understood(f"portrait of a woman with {tone} skin"), (256, 256), 0)
        made = painted(sketch, fast(), styles)
        light[tone] = [face(one.crop(sketch.layers[0].box))[0] for one in (sketch.picture, made)]
        assert abs(light[tone][1] - light[tone][0]) < 0.12
    assert light["light"][1] - light["dark"][1] > 0.25
