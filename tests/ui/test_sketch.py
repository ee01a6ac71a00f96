"""The composer's sketch on the Text-driven tab, without a browser."""

from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from styleshot_demo import plan
from styleshot_demo.ui import diffusion, text_tab
from styleshot_demo.ui.diffusion_tab import Desk


@pytest.fixture
def tab(studio):
    with gr.Blocks():
        return text_tab.build(studio)


@pytest.fixture
def ask(tab, tmp_path):
    """`ask(prompt=..., ...)`: what a handler of the tab gets, with one style."""
    style = tmp_path / "style.png"
    Image.radial_gradient("L").convert("RGB").resize((64, 64)).save(style)

    def values(**settings):
        everything = {**diffusion.defaults("text", tab.studio), "size": 256, **settings}
        return str(style), None, None, None, 1, 1, 1, 1, *(everything[name] for name in tab.fields)

    return values


def boxes(tab, updates):
    return [update[tab.sketch] for update in updates if tab.sketch in update]


def test_sketches_of_several_pictures_come_one_by_one_and_are_the_drawn_scene(tab, ask):
    desk = Desk()
    shown = boxes(tab, tab.paint(desk, *ask(prompt="a castle and a qxqx", count=2, seed=4)))
    assert [box.count("<img alt") for box in shown] == [0, 1, 2, 2]
    assert all("disabled" in box for box in shown[:-1]) and "disabled" not in shown[-1]
    assert "castle" in shown[0] and "qxqx" in shown[0]  # understood before anything is drawn
    first, second = (Image.open(path) for path in desk.drawn.sketches)
    assert first.size == second.size == (256, 256) and first.tobytes() != second.tobytes()
    assert {str(path) for path in desk.drawn.sketches} <= tab.view.shown.temp_files

    # Of the next run none of these is shown; a strength sweep has one sketch for all its pictures.
    shown = boxes(tab, tab.sweep(desk, *ask(prompt="a boat", count=2)))
    assert [box.count("<img alt") for box in shown] == [0, 1, 1] and len(desk.drawn.sketches) == 1


def test_a_stopped_run_gives_the_last_results_sketch_back(tab, ask):
    desk = Desk()
    *_, ended = tab.paint(desk, *ask(prompt="a castle"))
    running = tab.paint(desk, *ask(prompt="a boat"))
    next(running), next(running)
    assert "sailboat" in tab.drawn(desk, desk.run.drawn())[tab.sketch]
    running.close()
    assert tab.stopped(desk)[tab.sketch] == ended[tab.sketch]


@pytest.mark.parametrize(("prompt", "told"), [("", "There are no words"), ("elefant", "Nothing of this is known")])
def test_a_prompt_that_says_nothing_is_told_beside_it(tab, ask, prompt, told):
    *_, ended = tab.paint(Desk(), *ask(prompt=prompt))
    assert told in ended[tab.sketch] and told in ended[tab.view.status]
    assert ("elephant" in ended[tab.sketch]) == (prompt == "elefant")
    assert "<img" not in ended[tab.sketch]
    # What is wrong with something else is not told there.
    *_, ended = tab.paint(Desk(), None, *ask(prompt=prompt)[1:])
    assert tab.sketch not in ended


def test_a_chip_changes_the_prompt_and_paints_anew(tab, ask):
    desk, values = Desk(), ask(prompt="a castle and a boat")
    press = SimpleNamespace(part="thing/1/sailboat", name="")
    first, *_, ended = tab.reword(press, desk, *values)
    assert first == {tab.fields["prompt"]: "a castle"}
    assert [one.name for one in desk.drawn.scene.things] == ["castle"] and "made" in ended[tab.view.shown]
    assert ended[tab.view.shown]["made"]["settings"]["prompt"] == "a castle"
    (nothing,) = tab.reword(SimpleNamespace(part="thing/0/cat"), desk, *values)
    assert list(nothing) == [tab.view.status]


def test_the_size_begins_where_the_models_pictures_do(tab):
    assert [plan.smallest(model) for model in ("composer", "styleshot", "small", None)] == [256, 128, 128, 128]
    size = tab.fields["size"]
    assert size.minimum == 256  # without weights "auto" is the composer
    assert tab.setting_updates({"size": 128})[size]["value"] == 256
    updates = tab.setting_updates({"size": 128, "model": "styleshot"})
    assert (updates[size]["value"], updates[size]["minimum"]) == (128, 128)
    chosen = {"size": 128, "guidance_scale": 3, "negative_prompt": "people"}
    assert diffusion.suited("text", "composer", chosen)["size"] == 256
    assert diffusion.suited("text", "styleshot", chosen)["size"] == 128
    first, *_ = tab.suit(*chosen.values(), "styleshot")
    assert first["minimum"] == 128
    assert diffusion.at_least("", 256) == ""  # left to the job's check
