"""Drawn scenes: repeatable, of any shape, with everything that was asked for in sight."""

import numpy as np
import pytest

from styleshot_demo.compose import pattern
from styleshot_demo.compose.scene import PLACES, Scene, Thing
from styleshot_demo.compose.sketch import draw
from styleshot_demo.compose.stage import HORIZON
from styleshot_demo.compose.words import understood
from styleshot_demo.errors import Problem

SIZE = (256, 256)


def pixels(picture):
    return np.asarray(picture, np.float32)


@pytest.mark.parametrize("prompt", ["a castle by the sea at sunset", "pattern of strawberries"])
def test_same_seed_same_bytes_and_another_seed_another_picture(prompt):
    scene = understood(prompt)
    once, again, other = (draw(scene, SIZE, seed).picture.tobytes() for seed in (3, 3, 4))
    assert once == again != other


@pytest.mark.parametrize("place", [place for place in PLACES if place != "white"])
def test_no_place_is_a_plain_gradient(place):
    picture = draw(Scene(place=place), SIZE).picture
    assert picture.size == SIZE and picture.mode == "RGB"
    grey = pixels(picture.convert("L"))
    fine = np.hypot(*np.gradient(grey))
    tiles = fine.reshape(8, 32, 8, 32).transpose(0, 2, 1, 3).reshape(64, -1)
    assert np.mean(tiles.std(1) < 0.25) < 0.15


@pytest.mark.parametrize("size", [(256, 512), (640, 256)])
def test_any_shape(size):
    sketch = draw(understood("two cats under a tree, rain"), size, 1)
    assert sketch.picture.size == size
    assert {layer.mask.size for layer in sketch.layers} == {size}


@pytest.mark.parametrize("size", [(255, 512), (512, 2049)])
def test_sizes_out_of_range(size):
    with pytest.raises(Problem) as caught:
        draw(Scene(), size)
    assert caught.value.key == "out_of_range"


@pytest.mark.parametrize(
    ("seed", "prompt"),
    [(5, "a castle by the sea at sunset"), (0, "portrait of a man"), (0, "a fox, two birds and a tree"),
     (5, "a fox, two birds and a tree"), (5, "five fish under water"), (0, "an owl on a chair in a room"),
     (0, "a dog behind a house"), (5, "a dog behind a house")],
)  # fmt: skip
def test_everything_is_in_sight(seed, prompt):
    sketch = draw(understood(prompt), SIZE, seed)
    for layer in sketch.layers:
        assert layer.box is not None
        assert pixels(layer.mask).mean() / 255 > 0.002
    covered = pixels(sketch.things_mask()) > 250
    assert np.abs(pixels(sketch.picture) - pixels(sketch.ground))[covered].mean() > 4


def test_large_things_are_drawn_larger():
    for seed in range(2):
        boxes = [layer.box for layer in draw(understood("a cat, an elephant and a castle"), SIZE, seed).layers]
        cat, elephant, castle = (box[3] - box[1] for box in boxes)
        assert cat < elephant < castle


def test_birds_fly_and_cats_do_not():
    for seed in range(2):
        eagle, cat = (layer.box for layer in draw(understood("an eagle and a cat in the meadow"), SIZE, seed).layers)
        horizon = HORIZON["meadow"] * SIZE[1]
        assert eagle[3] <= horizon < cat[3]


def test_what_is_above_a_place_does_not_stand_on_it():
    for seed in range(2):
        (whale,) = draw(understood("a whale above the city"), SIZE, seed).layers
        (standing,) = draw(understood("a whale in the city"), SIZE, seed).layers
        assert whale.box[3] < 0.6 * SIZE[1] < standing.box[3]


def test_relations_are_drawn():
    for seed in range(2):
        above, castle = (one.box for one in draw(understood("a dragon above a castle"), SIZE, seed).layers)
        assert above[3] <= castle[1] + 0.06 * SIZE[1]
        cat, tree = (one.box for one in draw(understood("a cat under a tree"), SIZE, seed).layers)
        assert tree[0] - 10 <= (cat[0] + cat[2]) / 2 <= tree[2] + 10 and cat[1] > tree[1]


def test_a_thing_stands_where_a_person_has_put_it():
    left, top, right, bottom = draw(Scene((Thing("cat", at=((0.25, 0.8),)),)), SIZE).layers[0].box
    assert abs((left + right) / 2 - 64) < 4
    assert abs(bottom - 0.8 * 256) < 12


@pytest.mark.parametrize("prompt", ["strawberries and bees", "rockets in space", "foxes on a meadow at night"])
def test_a_pattern_has_no_seam(prompt):
    sketch = draw(understood(prompt).tiled(), SIZE, 2)
    assert sketch.wraps
    for values in (pixels(sketch.picture), pixels(sketch.ground)):
        for axis in (0, 1):
            seam = np.abs(values.take(0, axis) - values.take(-1, axis)).mean()
            assert seam <= np.abs(np.diff(values, axis=axis)).mean() * 1.15


def test_the_place_of_a_pattern_colours_its_ground():
    def mean(prompt):
        return pixels(draw(understood(prompt).tiled(), SIZE, 2).ground).mean((0, 1))

    meadow, sea = mean("foxes on a meadow"), mean("foxes by the sea")
    assert meadow.argmax() == 1 and sea.argmax() == 2
    assert mean("foxes on a meadow at night").mean() < 0.7 * meadow.mean()
    inferred = understood("foxes").tiled()
    assert (inferred.kind, inferred.place) == ("pattern", "plain")


@pytest.mark.parametrize("count", [2, 3, 5, 7])
def test_no_thing_of_a_pattern_stands_beside_its_like(count):
    for across in (4, 6, 8):
        for row in range(4):
            stand = [pattern.which(row, column, across, count) for column in range(across)]
            assert all(one != other for one, other in zip(stand, [*stand[1:], stand[0]], strict=True)), (across, stand)


def test_snow_lies_in_the_street_too():
    """Falling flakes over dry asphalt are no snowy street."""
    bare, snowed = (
        pixels(draw(understood(words), SIZE).picture.convert("L"))[-64:].mean()
        for words in ("a city street", "a snowy street")
    )
    assert snowed > 210 and bare < 140


def test_autumn_turns_leaves_and_no_sky():
    def greens(weather):
        pixels = np.asarray(draw(Scene(place="forest", weather=weather), (256, 256), 3).picture, int)
        return ((pixels[..., 1] > pixels[..., 0] + 8) & (pixels[..., 1] > pixels[..., 2] + 8)).mean()

    assert greens("clear") > 0.4 and greens("autumn") < 0.12
    sky = np.asarray(draw(Scene(place="sea", weather="autumn"), (256, 256), 3).ground, int)[:100]
    assert (sky[..., 2] >= sky[..., 0]).mean() > 0.95
