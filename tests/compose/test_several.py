"""Words that name several drawings at once, and what is as large beside others as it has to be."""

import numpy as np
import pytest

from styleshot_demo.compose.layout import arranged
from styleshot_demo.compose.words import understood

FRUITS = {"red apple", "tangerine", "pear", "grapes", "banana"}


def placed_as(prompt, seed=1):
    """(the scene, every drawing placed with its name)."""
    scene = understood(prompt)
    placed, _ = arranged(scene, 1.0, np.random.default_rng(seed))
    return scene, [(scene.things[one.index].name, one) for one in placed]


@pytest.mark.parametrize("prompt", ["a bowl of fruit", "a basket of fruit", "果盘", "一碗水果"])
def test_fruit_lies_side_by_side_in_what_holds_it(prompt):
    scene, placed = placed_as(prompt)
    assert (scene.place, scene.kind, scene.unknown) == ("table", "still life", ())
    assert {one.name for one in scene.things} == FRUITS | {"basket"}
    basket = next(one for name, one in placed if name == "basket")
    fruits = [one for _, one in placed if one is not basket]
    assert len({round(one.x, 2) for one in fruits}) == len(fruits) == 5
    for one in fruits:
        assert abs(one.x - basket.x) < basket.height and basket.y - basket.height < one.y < basket.y
        assert one.depth < basket.depth and one.height > 0.3 * basket.height


def test_fruit_alone_is_a_still_life_of_several():
    scene = understood("a still life with fruit")
    assert {one.name for one in scene.things} == FRUITS and scene.place == "table"
    assert [one.name for one in understood("a red apple on a table").things] == ["red apple"]


@pytest.mark.parametrize(
    ("prompt", "place"),
    [("a snowy village", "snow"), ("a village", "meadow"), ("村庄", "meadow"), ("雪中的村庄", "snow")],
)
def test_a_village_is_houses_in_the_country(prompt, place):
    scene, placed = placed_as(prompt)
    assert (scene.place, scene.unknown) == (place, ())
    assert len(placed) == 5 and {one.name for one in scene.things} == {"house", "house with garden", "hut"}
    assert len({round(one.x, 2) for _, one in placed}) == 5
    assert understood("a city street").place == "street"


@pytest.mark.parametrize("prompt", ["a panda with bamboo", "一只熊猫和竹子"])
@pytest.mark.parametrize("seed", range(4))
def test_bamboo_is_taller_than_a_panda(prompt, seed):
    _, placed = placed_as(prompt, seed)
    tall = {name: one.height for name, one in placed}
    assert tall["tanabata tree"] > 1.2 * tall["panda"]
