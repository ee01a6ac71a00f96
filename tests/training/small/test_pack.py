"""Packs and captions: nothing that is held out reaches training, nothing about style reaches the words."""

import numpy as np
import pytest
from training.small.made import SETS

from styleshot_demo.errors import Problem
from styleshot_demo.training.small import captions, pack


def test_a_pack_holds_every_picture_once(packed):
    assert len(packed.codes) == len(SETS) * 12
    assert packed.emoji.shape == (36, 128, 128, 4)
    assert len(packed.pictures) == 32
    assert all(min(image.shape[:2]) == pack.SHORT for image in packed.pictures)
    assert packed.things["00"]["name"] == "red circle"
    # Colours and transparency survive the compression.
    place = next(n for n, (s, c) in enumerate(zip(packed.sets, packed.codes, strict=True)) if (s, c) == ("flat", "00"))
    assert packed.emoji[place, 0, 0, 3] == 0
    assert np.abs(packed.emoji[place, 64, 64].astype(int) - (220, 40, 40, 255)).max() < 12


def test_the_parts_of_a_pack_are_apart(packed):
    trained, held_set = set(packed.emoji_places()), set(packed.emoji_places(held_set=True))
    assert trained and held_set and not trained & held_set
    assert {packed.sets[n] for n in held_set} == {pack.HELD_SET}
    assert pack.HELD_SET not in {packed.sets[n] for n in trained}
    for group in pack.GROUPS:
        known, held = packed.picture_places(group), packed.picture_places(group, held=True)
        assert len(known) + len(held) == 16 and not set(known) & set(held)


def test_who_is_held_out_does_not_depend_on_the_others():
    names = [f"{n:04x}" for n in range(4000)]
    held = [name for name in names if pack.held_out(name, 0.05)]
    assert 0.03 < len(held) / len(names) < 0.07
    assert held == [name for name in reversed(names) if pack.held_out(name, 0.05)][::-1]


def test_captions_say_nothing_of_the_style():
    assert (
        captions.title("The Bridge at Villeneuve (oil painting, 1872)", "Alfred Sisley") == "the bridge at villeneuve"
    )
    assert captions.title("Sisley Study of Snow", "Alfred Sisley") == "of snow"
    assert captions.title("kodim01") == ""


def test_captions_name_the_thing_in_several_ways():
    rng = np.random.default_rng(0)
    found = {captions.thing("red apple", ["fruit", "red"], rng) for _ in range(200)}
    assert "red apple" in found and "a red apple" in found and "fruit" in found
    assert captions.thing("joker", [], rng)


def test_a_folder_without_pictures_is_said(tmp_path):
    with pytest.raises(Problem, match="no picture to train on"):
        pack.write(tmp_path, tmp_path / "pack.zip")
