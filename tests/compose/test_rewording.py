"""Prompts from which one part of what they mean is taken, or in which a word is replaced."""

import pytest

from styleshot_demo.compose.rewording import FACTS, offered, with_name, without
from styleshot_demo.compose.words import read, understood
from styleshot_demo.errors import Problem


@pytest.mark.parametrize(
    ("prompt", "part", "number", "left"),
    [
        ("A castle by the Sea at sunset", "thing", 0, "by the Sea at sunset"),
        ("A castle by the Sea at sunset", "place", 0, "A castle at sunset"),
        ("A castle by the Sea at sunset", "time", 0, "A castle by the Sea"),
        ("a cat, a dog and a bird", "thing", 0, "a dog and a bird"),
        ("a cat, a dog and a bird", "thing", 1, "a cat and a bird"),
        ("a cat, a dog and a bird", "thing", 2, "a cat, a dog"),
        ("a fox in a snowy forest at night", "weather", 0, "a fox in a forest at night"),
        ("a red apple on a table", "place", 0, "a red apple"),
        ("pattern of lemons", "kind", 0, "lemons"),
        ("a boat on a lake in the mountains", "far", 0, "a boat on a lake"),
        ("a boat on a lake in the mountains", "place", 0, "a boat in the mountains"),
        ("a cat under a tree beside a house", "thing", 1, "a cat beside a house"),
        ("the car is red, a dog", "thing", 0, "a dog"),
        ("a cat with a qxq", "unknown", 0, "a cat"),
        ("日落时海边的城堡", "thing", 0, "日落时海边"),
        ("日落时海边的城堡", "place", 0, "日落时城堡"),
        ("日落时海边的城堡", "time", 0, "海边的城堡"),
        ("桌上的一个红苹果", "thing", 0, "桌上"),
        ("桌上的一个红苹果", "place", 0, "一个红苹果"),
        ("夜晚的森林里有三只红色的狐狸和一只猫头鹰", "thing", 0, "夜晚的森林里有一只猫头鹰"),
        ("夜晚的森林里有三只红色的狐狸和一只猫头鹰", "thing", 1, "夜晚的森林里有三只红色的狐狸"),
        ("rocket", "thing", 0, ""),
        ("a  Ｃａｔ —  and\ta Zoe\u0301 qxq", "unknown", 0, "a Ｃａｔ"),
    ],
)
def test_what_is_left(prompt, part, number, left):
    assert without(prompt, part, number) == left


@pytest.mark.parametrize(
    "prompt",
    [
        "three red foxes and an owl in a snowy forest at night, a castle behind them",
        "a bicycle beside a yellow car on a rainy street",
        "two cats under a tree, a big dog next to a house in the fog",
        "雨中街道上的自行车和两辆蓝色的汽车",
        "大树下面的狗，一只猫，房子前面的白马",
    ],
)
def test_the_rest_means_what_it_meant(prompt):
    reading = read(prompt)
    names = [one.name for one in reading.scene.things]
    facts = {name: getattr(reading.scene, name) for name in reading.scene.asked}
    assert len(names) >= 2 and not reading.scene.unknown
    for at in range(len(names)):
        left = understood(without(prompt, "thing", at))
        assert [one.name for one in left.things] == names[:at] + names[at + 1 :] and not left.unknown
        assert {name: getattr(left, name) for name in left.asked} == facts
    for fact in facts:
        left = understood(without(prompt, fact))
        assert [one.name for one in left.things] == names
        assert {name: getattr(left, name) for name in left.asked} == {k: v for k, v in facts.items() if k != fact}


def test_what_is_not_said_takes_nothing_out():
    assert understood("a camel").place == "desert"
    for part, number in (("place", 0), ("thing", 7), ("thing", -1), ("unknown", 0), ("no such", 0)):
        assert without("a camel", part, number) == "a camel"
    for prompt in ("", "...", " "):
        assert without(prompt, "thing") == prompt == with_name(prompt, 0, "cat")
        assert offered(prompt, 0) == {}


def test_a_known_name_takes_the_place_of_what_was_not_understood():
    prompt = "A elefant beside a Castle, an accordion player"
    assert offered(prompt, 0) == {"elephant": "elephant"}
    assert with_name(prompt, 0, "elephant") == "An elephant beside a Castle, an accordion player"
    assert with_name(prompt, 1, "banjo") == "A elefant beside a Castle, a banjo"
    assert with_name(prompt, 2, "cat") == prompt and offered(prompt, 2) == {}


def test_a_second_place_is_offered_no_name_of_a_place():
    prompt = "桌上的一个雪山"
    assert [one.said for one in understood(prompt).unknown] == ["雪山"]
    assert offered(prompt, 0) == {}


@pytest.mark.parametrize("prompt", ["İstanbul cat", "ΑΣ cat and a dog", "각 cat", "🇨🇭 cat", "cat " * 250])
def test_any_signs_keep_their_place(prompt):
    assert "cat" not in without(prompt, "thing", 0) or prompt.count("cat") > 1
    for part in (*FACTS, "unknown"):
        try:
            understood(without(prompt, part))
        except Problem as problem:
            assert problem.key == "nothing_to_draw"


def test_emoji_become_words_where_something_is_taken_out() -> None:
    assert without("🏰🏰 and a fox by the sea", "thing", 1) == "2 castle by the sea"
    assert without("a fox 🦊", "weather") == "a fox 🦊"
