"""Things that a person has moved: they stand there, nothing else moves, and all of it is kept."""

import numpy as np
import pytest

from styleshot_demo.compose.sketch import draw, standing
from styleshot_demo.compose.words import understood
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import moved

SIZE = (256, 256)


def where(scene, seed=0, size=SIZE):
    return {(scene.things[one.index].name, one.number): one for one in standing(scene, size, seed)}


@pytest.mark.parametrize("seed", [0, 7])
def test_a_moved_thing_stands_there_and_all_others_stay(seed):
    scene = understood("a fox, two birds and a tree on a meadow")
    before, after = where(scene, seed), where(scene.moved({"fox": [(0.2, 0.9)]}), seed)
    fox = after.pop(("fox", 0))
    assert fox.foot == (0.2, 0.9) or (fox.foot[1] == 0.9 and fox.box[0] == 0)
    assert after == {key: one for key, one in before.items() if key[0] != "fox"}
    drawn, moved_ = draw(scene, SIZE, seed), draw(scene.moved({"fox": [(0.2, 0.9)]}), SIZE, seed)
    assert drawn.ground.tobytes() == moved_.ground.tobytes()
    box = moved_.layers[0].box
    assert abs((box[0] + box[2]) / 2 - fox.foot[0] * 256) < 6 and abs(box[3] - 0.9 * 256) < 8


def test_no_seed_moves_it_again():
    scene = understood("a fox and a tree").moved({"fox": [(0.3, 0.8)]})
    feet = {where(scene, seed)["fox", 0].foot for seed in range(6)}
    assert feet == {(0.3, 0.8)}


def test_one_of_several_moves_alone():
    scene = understood("three sheep")
    before, after = where(scene), where(scene.moved({"ewe": [None, (0.5, 0.95)]}))
    assert [before["ewe", n] == after["ewe", n] for n in range(3)] == [True, False, True]


def test_what_comes_nearer_is_larger_and_nothing_leaves_the_picture():
    scene = understood("a castle on a meadow")

    def box(x, y, size=SIZE):
        return where(scene.moved({"castle": [(x, y)]}), size=size)["castle", 0].box

    far, near = box(0.5, 0.6), box(0.5, 0.95)
    assert near[3] - near[1] > 1.2 * (far[3] - far[1])
    for x in (0, 1):
        for y in (0, 1):
            for size in (SIZE, (256, 512), (640, 256)):
                left, top, right, bottom = box(x, y, size)
                assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1
                # Nothing is cut off: the drawing keeps its shape.
                shape = (right - left) * size[0] / ((bottom - top) * size[1])
                assert abs(shape - 1) < 0.35


def test_in_the_air_there_is_no_shadow_and_on_the_water_a_mirror_image():
    scene = understood("a castle by the sea")
    ground = draw(scene, SIZE, 1).ground

    def below(y, x):
        sketch = draw(scene.moved({"castle": [(x, y)]}), SIZE, 1)
        foot = round(y * 256)
        difference = np.abs(np.asarray(sketch.picture, float) - np.asarray(sketch.ground, float)).sum(2)
        return difference[foot + 4 : foot + 20].max()

    assert draw(scene, SIZE, 1).ground.tobytes() == ground.tobytes()
    left = where(scene, 1)["castle", 0].foot[0] < 0.5
    assert below(0.45, 0.5) == 0  # it hangs there
    assert below(0.6, 0.8 if left else 0.2) > 40


def test_what_stands_on_a_thing_goes_with_it():
    scene = understood("an owl on a castle")
    before, after = where(scene, 2), where(scene.moved({"castle": [(0.25, 0.95)]}), 2)
    for at in (0, 1):
        gone = after["castle", 0].foot[at] - before["castle", 0].foot[at]
        assert abs(after["owl", 0].foot[at] - before["owl", 0].foot[at] - gone) < 0.15
    left, _, right, bottom = after["castle", 0].box
    assert left < after["owl", 0].foot[0] < right and after["owl", 0].foot[1] < bottom
    alone = where(scene.moved({"castle": [(0.25, 0.95)], "owl": [(0.8, 0.9)]}), 2)
    assert alone["owl", 0].foot == (0.8, 0.9)


def test_a_pattern_has_no_places():
    scene = understood("lemons and bees")
    tile = scene.moved({"lemon": [(0.1, 0.2)]}).tiled()
    assert tile == scene.tiled() == tile.moved({"lemon": [(0.1, 0.2)]}) and standing(tile, SIZE, 0) == ()
    assert tile.places == {}


def test_places_are_kept_by_name():
    scene = understood("a red car, a blue car and two cats")
    places = {"automobile": [None, (0.5, 0.9)], "cat": [(0.1, 0.8)], "fox": [(0.2, 0.2)]}
    put = scene.moved(places)
    assert [one.at for one in put.things] == [None, ((0.5, 0.9),), ((0.1, 0.8),)]
    assert put.places == {name: places[name] for name in ("automobile", "cat")}
    assert put.moved({}) == scene
    text = moved.as_text(put.places)
    assert moved.as_text(moved.places(text)) == text and scene.moved(moved.places(text)) == put


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("", ""),
        (None, ""),
        ({}, ""),
        ({"cat": (0.25, 0.75)}, '{"cat":[[0.25,0.75]]}'),
        ({"cat": [None, (0.12345, 1)], "dog": [None]}, '{"cat":[null,[0.123,1.0]]}'),
    ],
)
def test_places_are_one_line_of_text(given, text):
    assert moved.check("moved", given) == text


@pytest.mark.parametrize(
    "wrong",
    ["cat", "[1]", 3, {"cat": 1}, {"cat": [(0.5,)]}, {"cat": (2, 0)}, '{"cat":[[NaN,0]]}', {"": (0, 0)}, {1: (0, 0)},
     {"cat": [(True, 0.5)]}, {"cat": [(0, 0)] * 289}, {str(n): (0, 0) for n in range(13)}, "[" * 9000],
)  # fmt: skip
def test_what_is_no_place_is_refused(wrong):
    with pytest.raises(Problem) as caught:
        moved.check("moved", wrong)
    assert caught.value.key == "moved_unusable"
