"""Scenes as data: checked, and the same after JSON."""

import json

import pytest

from styleshot_demo.compose.scene import Scene, Thing
from styleshot_demo.compose.words import understood
from styleshot_demo.errors import Problem


@pytest.mark.parametrize("prompt", ["a castle by the sea at sunset", "大树下面的狗", "an accordion player on a table"])
def test_a_scene_survives_json(prompt):
    scene = understood(prompt)
    assert Scene.from_json(json.loads(json.dumps(scene.as_json()))) == scene


def test_a_place_that_a_person_chose_survives_too():
    scene = Scene((Thing("cat", count=3, at=((0.25, 0.8), None)),))
    assert Scene.from_json(json.loads(json.dumps(scene.as_json()))) == scene


@pytest.mark.parametrize(
    "data",
    [
        {"place": "moon"},
        {"kind": 3},
        {"things": [{"name": "qqq"}]},
        {"things": [{"name": "cat", "count": 0}]},
        {"things": [{"name": "cat", "count": True}]},
        {"things": [{"name": "cat", "colour": "infrared"}]},
        {"things": [{"name": "cat", "relation": "on"}]},
        {"things": [{"name": "cat", "relation": "on", "to": 0}]},
        {"things": [{"name": "cat", "at": [[0.5, 2]]}]},
        {"things": [{"name": "cat", "at": [0.5, 0.5]}]},
        {"things": [{"name": "cat", "at": [[0.5, 0.5], [0.2, 0.2]]}]},
        {"things": [{"name": "cat", "legs": 5}]},
        {"things": 7},
        {"strange": 1},
        [],
        {"things": [{"name": "cat"}] * 13},
    ],
)
def test_what_is_no_scene_is_refused(data):
    with pytest.raises(Problem) as caught:
        Scene.from_json(data)
    assert caught.value.key == "scene_unusable"
