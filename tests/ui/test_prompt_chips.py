"""Chips of what a prompt was understood as, and what pressing them makes of the prompt."""

import re

import pytest

from styleshot_demo.compose.colours import NAMED
from styleshot_demo.compose.scene import FAR, KINDS, PLACES, RELATIONS, SIZES, TIMES, WEATHERS
from styleshot_demo.compose.words import understood
from styleshot_demo.ui import words
from styleshot_demo.ui.prompt_chips import chips, reworded, thing_text

PROMPT = "three red foxes under a tree and an elefant in a snowy forest"


def parts(shown):
    return re.findall(r'data-part="([^"]*)" data-name="([^"]*)"', shown)


def test_every_part_has_a_name_in_both_languages():
    for name, values in {
        "colour": NAMED,
        "size": set(SIZES) - {"normal"},
        "place": PLACES,
        "far": FAR,
        "time": TIMES,
        "weather": WEATHERS,
        "kind": KINDS,
    }.items():
        assert all(f"scene_{name}_{value.replace(' ', '_')}" in words.TEXTS for value in values)
    assert all(f"scene_{relation.replace(' ', '_')}" in words.TEXTS for relation in RELATIONS)


def test_a_thing_is_said_with_its_count_colour_and_relation():
    scene = understood(PROMPT)
    assert thing_text(scene, scene.things[0]) == ("3 × red fox under deciduous tree", "落叶树下的3 × 红色的狐狸")
    alone = understood("a red apple on a table")
    assert thing_text(alone, alone.things[0]) == ("red apple", "红苹果")  # not a red red apple


def test_each_part_and_each_unknown_word_has_its_buttons():
    shown = chips(understood(PROMPT), PROMPT)
    assert parts(shown) == [
        ("thing/0/fox", ""),
        ("thing/1/deciduous tree", ""),
        ("place/0/", ""),
        ("weather/0/", ""),
        ("unknown/0/elefant", "elephant"),
        ("unknown/0/elefant", ""),
    ]
    assert "disabled" not in shown
    assert chips(understood(PROMPT), PROMPT, usable=False).count(" disabled") == 6


def test_what_was_chosen_to_fit_is_shown_and_cannot_be_taken_out():
    shown = chips(understood("a camel"), "a camel")
    assert parts(shown) == [("thing/0/camel", "")] and "desert · chosen to fit" in shown and "沙漠 · 自动选择" in shown


def test_words_of_a_prompt_are_no_markup():
    prompt = 'a cat & a "<b>zzqx</b>"'
    assert "<b>" not in chips(understood(prompt), prompt)


@pytest.mark.parametrize(
    ("part", "name", "left"),
    [
        ("thing/0/fox", "", "under a tree and an elefant in a snowy forest"),
        ("weather/0/", "", "three red foxes under a tree and an elefant in a forest"),
        ("unknown/0/elefant", "elephant", "three red foxes under a tree and an elephant in a snowy forest"),
        ("unknown/0/elefant", "", "three red foxes under a tree in a snowy forest"),
        ("thing/7/fox", "", "under a tree and an elefant in a snowy forest"),  # another one of that name now
    ],
)
def test_a_press_rewords_the_prompt(part, name, left):
    assert reworded(PROMPT, part, name) == left


@pytest.mark.parametrize(
    ("part", "name"),
    [("", ""), ("thing", ""), ("thing/0/cat", ""), ("time/0/", ""), ("unknown/0/elefant", "cat"),
     ("thing/0/fox", "cat"), ("thing/²/", ""), ("unknown//", "elephant"), ("no/such/part", "x")],
)  # fmt: skip
def test_what_the_prompt_does_not_say_changes_nothing(part, name):
    assert reworded(PROMPT, part, name) == PROMPT
    assert reworded("", part, name) == ""


def test_a_pattern_repeats_what_was_asked_for_and_counts_nothing():
    scene = understood("lemons and a bee")
    assert thing_text(scene, scene.things[0]).en.endswith("× lemon")
    texts = [thing_text(scene.tiled(), one) for one in scene.tiled().things]
    assert [text.en for text in texts] == ["lemon", "honeybee"] and "×" not in texts[0].zh
