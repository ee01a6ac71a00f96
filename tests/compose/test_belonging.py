"""What a person has or wears, and what something holds: understood in both languages, and drawn there."""

import numpy as np
import pytest

from styleshot_demo.compose import sketch
from styleshot_demo.compose.heads import HEADS
from styleshot_demo.compose.layout import arranged
from styleshot_demo.compose.words import understood

BELONGING = [
    ("a girl with an umbrella", "umbrella", "with", "girl"),
    ("a woman under a red umbrella on the beach", "umbrella", "with", "woman"),
    ("a man in a top hat", "top hat", "with", "man"),
    ("an old man with a top hat and an umbrella in the snow", "umbrella", "with", "old man"),
    ("a boy wearing a crown", "crown", "with", "boy"),
    ("a man with glasses", "glasses", "with", "man"),
    ("a boy with glasses on a bicycle", "glasses", "with", "boy"),
    ("a man with a beard and glasses", "glasses", "with", "man: beard"),
    ("戴墨镜的女人", "sunglasses", "with", "woman"),
    ("a guitarist in the street", "guitar", "with", "person"),
    ("草地上的士兵", "military helmet", "with", "person"),
    ("a woman playing the guitar", "guitar", "with", "woman"),
    ("下雨天撑伞的人", "umbrella", "with", "person"),
    ("一个戴红帽子的女孩", "top hat", "with", "girl"),
    ("一个戴帽子的女孩", "top hat", "with", "girl"),
    ("一个女孩拿着红色的气球", "balloon", "with", "girl"),
    ("sunflowers in a vase", "sunflower", "in", "amphora"),
    ("a basket of apples", "red apple", "in", "basket"),
    ("花瓶里的三朵玫瑰", "rose", "in", "amphora"),
    ("桌上花瓶里有向日葵", "sunflower", "in", "amphora"),
]


@pytest.mark.parametrize(("prompt", "name", "relation", "other"), BELONGING)
def test_what_belongs_to_whom_is_understood(prompt, name, relation, other):
    scene = understood(prompt)
    (one,) = (thing for thing in scene.things if thing.name == name)
    assert one.to is not None and (one.relation, scene.things[one.to].name) == (relation, other)
    assert scene.unknown == ()


@pytest.mark.parametrize(
    "prompt", ["a girl and a castle", "a girl, an umbrella", "a castle with an umbrella", "a rose beside a vase"]
)
def test_what_only_stands_together_belongs_to_nobody(prompt):
    assert not {one.relation for one in understood(prompt).things} & {"with", "in"}


def test_each_of_several_people_gets_one():
    scene = understood("three men in top hats")
    assert [one.count for one in scene.things] == [3, 3]
    placed, _ = arranged(scene, 1.0, np.random.default_rng(0))
    heads = sorted(one.x for one in placed if one.index == 0)
    assert sorted(one.x for one in placed if one.index == 1) == pytest.approx(heads)


@pytest.mark.parametrize("prompt", ["a man with a beard", "a man with a long white beard", "一个有胡子的男人"])
def test_a_beard_is_no_second_person(prompt):
    assert [one.name for one in understood(prompt).things] == ["man: beard"]


@pytest.mark.parametrize(
    ("prompt", "missing"),
    [
        ("portrait of an old man with a beard", ["beard"]),
        ("an old man with a long white beard", ["white beard"]),
        ("白胡子老人", ["胡子"]),
        ("an old woman with white hair", []),
        ("an old woman with a beard", ["beard"]),
    ],
)
def test_who_is_old_stays_old_and_the_beard_that_is_not_drawn_is_said(prompt, missing):
    scene = understood(prompt)
    assert [(one.name[:3], one.colour) for one in scene.things] == [("old", None)]
    assert [one.said for one in scene.unknown] == missing


@pytest.mark.parametrize("prompt", ["a man in a top hat", "portrait of a man in a top hat"])
@pytest.mark.parametrize("seed", range(2))
def test_a_hat_is_worn_and_in_sight(prompt, seed):
    made = sketch.draw(understood(prompt), (384, 384), seed)
    (left, top, right, bottom), hat = made.layers[0].box, made.layers[1].box
    assert hat[1] > 0  # not cut off
    assert abs((hat[0] + hat[2]) / 2 - (left + right) / 2) < 0.12 * (right - left) + 4
    assert hat[3] < (top + bottom) / 2 and hat[3] > top  # on the head, not above it


@pytest.mark.parametrize("prompt", ["two girls with sunglasses", "portrait of a man with glasses"])
@pytest.mark.parametrize("seed", range(2))
def test_everybody_wears_glasses_before_the_eyes(prompt, seed):
    scene = understood(prompt)
    placed, _ = arranged(scene, 1.0, np.random.default_rng(seed))
    people = [one for one in placed if one.index == 0]
    glasses = [one for one in placed if one.index == 1]
    assert len(glasses) == len(people) == scene.things[0].count
    for person, worn in zip(people, glasses, strict=True):
        top = person.y - person.height
        assert worn.x == pytest.approx(person.x)
        assert top + 0.25 * person.height < worn.y - worn.height / 2 < top + 0.42 * person.height
        assert worn.depth >= person.depth and person.height > 0.22  # not hidden, nor its wearer tiny


@pytest.mark.parametrize("prompt", ["three soldiers", "三个士兵"])
def test_each_of_several_is_equipped(prompt):
    assert [(one.name, one.count) for one in understood(prompt).things] == [("person", 3), ("military helmet", 3)]


@pytest.mark.parametrize("seed", range(2))
def test_an_umbrella_is_over_its_owner(seed):
    made = sketch.draw(understood("a girl with an umbrella in the street"), (384, 384), seed)
    girl, umbrella = made.layers[0].box, made.layers[1].box
    assert umbrella[1] < girl[1] and umbrella[0] < girl[2] and umbrella[2] > girl[0]
    assert umbrella[3] < girl[3]


@pytest.mark.parametrize("prompt", ["three roses in a vase on a table", "sunflowers in a vase"])
def test_flowers_stand_in_their_vase(prompt):
    scene = understood(prompt)
    placed, _ = arranged(scene, 1.0, np.random.default_rng(1))
    vase = next(one for one in placed if scene.things[one.index].name == "amphora")
    flowers = [one for one in placed if one is not vase]
    assert len(flowers) == 3
    for one in flowers:
        assert one.y - one.height > 0 and vase.y - vase.height < one.y < vase.y - 0.5 * vase.height
        assert one.depth < vase.depth  # stems are hidden by the vase


def test_our_own_drawings_are_known_in_both_languages():
    for prompt, name, place in (
        ("an old lighthouse in a storm", "lighthouse", "sea"),
        ("灯塔", "lighthouse", "sea"),
        ("hot air balloons", "hot air balloon", "sky"),
        ("热气球", "hot air balloon", "sky"),
        ("a windmill and tulips", "windmill", "meadow"),
        ("河上的石桥", "stone bridge", "sea"),
    ):
        scene = understood(prompt)
        assert (scene.things[0].name, scene.place, scene.unknown) == (name, place, ())


@pytest.mark.parametrize(
    "prompt", ["a cat in a top hat", "portrait of a frog with a crown", "a dog wearing a hat", "戴帽子的熊"]
)
@pytest.mark.parametrize("seed", range(2))
def test_animals_wear_hats_on_their_heads(prompt, seed):
    scene = understood(prompt)
    animal = next(at for at, one in enumerate(scene.things) if one.name in HEADS)
    hat = 1 - animal
    assert (scene.things[hat].relation, scene.things[hat].to) == ("with", animal)
    made = sketch.draw(scene, (384, 384), seed)
    (left, top, right, bottom), (a, b, c, d) = made.layers[animal].box, made.layers[hat].box
    assert left <= (a + c) / 2 <= right and b > 0
    assert top - 4 <= d <= top + 0.45 * (bottom - top)  # on the head, not above it, not before the body


def test_what_animals_do_not_wear_lies_beside_them():
    for prompt in ("a cat with a guitar", "a cat and a top hat", "a snake with a hat"):
        assert not {one.relation for one in understood(prompt).things} & {"with"}
