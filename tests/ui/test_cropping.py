"""Crop and rotate: what the handlers make of what browsers send, which may be anything."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from styleshot_demo.ui import controls
from styleshot_demo.ui.cropping import Cropping


@pytest.fixture
def window(tmp_path):
    """The window of a tab whose photo is 300 x 200 and has no style, and the values of its boxes."""
    with gr.Blocks():
        target: Any = SimpleNamespace(inputs=controls.picture_inputs())  # all that the window wants of a tab
        made = Cropping([target], gr.HTML())
    made.folder = tmp_path / "cache"
    photo = made.folder / "upload" / "my photo.jpg"
    photo.parent.mkdir(parents=True)
    Image.linear_gradient("L").convert("RGB").resize((300, 200)).save(photo)
    return made, [str(photo), None, None, None, None]


def answer(window, act, values, **sent):
    """What the window is told, and what lies in the photo's box afterwards."""
    if act == "cut" and "file" not in sent:  # what the window was told when it was opened
        looked = window.look(SimpleNamespace(**{name: sent[name] for name in ("slot",) if name in sent}), *values)
        sent["file"] = looked.get(window.page, {}).get("look", {}).get("file")
    updates = getattr(window, act)(SimpleNamespace(**sent), *values)
    return updates.get(window.page), updates.get(window.slots["content"].picture)


def test_a_part_is_cut_again_from_the_file_that_came_and_is_named_like_it(window):
    made, values = window
    _, once = answer(made, "cut", values, slot="content", turns=1, box=[0, 0, 100, 60])
    assert Path(once).name == "my photo.png" and Image.open(once).size == (100, 60)
    look = answer(made, "look", [once, *values[1:]], slot="content")[0]["look"]
    assert (look["size"], look["turns"], look["box"]) == ((300, 200), 1, (0, 0, 100, 60))
    _, again = answer(made, "cut", [once, *values[1:]], slot="content", turns=0, box=[10, 10, 290, 190])
    assert Image.open(again).size == (280, 180)
    _, whole = answer(made, "cut", [again, *values[1:]], slot="content", turns=0, box=[0, 0, 300, 200])
    assert whole == values[0]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"slot": "style-1", "turns": 0, "box": [0, 0, 50, 50]}, "no longer kept"),
        ({"slot": "content", "turns": 0, "box": [0, 0, 301, 50]}, "does not lie inside"),
        ({"slot": ["x"], "turns": "1", "box": {"a": 1}}, "does not lie inside"),
        ({}, "does not lie inside"),
        ({"slot": "content", "turns": 0, "box": [0, 0, 9, 50]}, "needs at least 16 pixels"),
    ],
)
def test_what_cannot_be_cut_is_said_and_nothing_changes(window, sent, words):
    made, values = window
    told, content = answer(made, "cut", values, **sent)
    assert words in told["told"] and content is None
    assert list(made.folder.rglob("my photo*")) == [Path(values[0])]


def test_no_file_but_an_upload_is_ever_the_whole_of_another(window, tmp_path):
    made, values = window
    secret = tmp_path / "secret.png"
    Image.new("RGB", (640, 480)).save(secret)
    for told in ({"of": str(secret), "turns": 0, "box": [0, 0, 20, 20]}, ["x"], {"of": 7}, {"of": values[0]}):
        Path(f"{values[0]}.cut.json").write_text(json.dumps(told))
        assert answer(made, "look", values, slot="content")[0]["look"]["size"] == (300, 200)


def test_the_frame_of_one_picture_never_cuts_another_that_came_meanwhile(window):
    made, values = window
    asked = {"slot": "content", "turns": 0, "box": [0, 0, 100, 60]}
    asked["file"] = answer(made, "look", values, slot="content")[0]["look"]["file"]
    other = made.folder / "other" / "my photo.jpg"
    other.parent.mkdir()
    Image.new("RGB", (300, 200)).save(other)
    told, content = answer(made, "cut", [str(other), *values[1:]], **asked)
    assert "Another picture lies there" in told["told"] and content is None
    assert answer(made, "cut", values, **{**asked, "file": ["x"]})[1] is None
    assert answer(made, "cut", values, **asked)[1]
