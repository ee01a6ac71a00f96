"""Things on white paper, as a shop shows them: the paper stays white, in the sketch and in every style."""

import numpy as np
import pytest
from compose.test_painting import fast, styles

from styleshot_demo.compose.painting import painted
from styleshot_demo.compose.scene import TIMES, Scene
from styleshot_demo.compose.sketch import draw
from styleshot_demo.compose.words import understood

SIZE = (256, 256)


@pytest.mark.parametrize(
    "prompt",
    [
        "an apple on white",
        "a red shoe on a white background",
        "a cat against white, sunset",
        "两个苹果，白色背景",
        "白底上的苹果",
    ],
)
def test_white_is_a_place(prompt):
    scene = understood(prompt)
    assert (scene.place, scene.kind, scene.unknown) == ("white", "single", ())
    assert len(scene.things) == 1


@pytest.mark.parametrize(
    "prompt, place",
    [("a cat on white sand", "beach"), ("a cat on white snow", "snow"), ("a bird on white birch", "meadow")],
)
def test_what_is_white_is_no_white_paper(prompt, place):
    assert understood(prompt).place == place


def test_paper_is_white_at_any_time():
    for time in TIMES:
        paper = np.asarray(draw(Scene(place="white", time=time), SIZE).picture)
        assert paper.min() > 240 and np.ptp(paper, axis=2).max() == 0


@pytest.mark.parametrize("style", ["oil-impasto", "stained-glass"])
def test_paper_stays_as_drawn_and_things_are_painted(style):
    sketch = draw(understood("an apple on white"), SIZE, 1)
    made, drawn = (np.asarray(one, np.float32) for one in (painted(sketch, fast(), styles(style)), sketch.picture))
    away, mask = np.abs(made - drawn).mean(2), np.asarray(sketch.things_mask())
    assert away[mask > 250].mean() > 10
    reach = 6  # pixels over which the edge of a thing is soft
    near = np.zeros(mask.shape, bool)
    for down, right in np.argwhere(mask > 0):
        near[max(0, down - reach) : down + reach, max(0, right - reach) : right + reach] = True
    assert away[~near].max() < 1
