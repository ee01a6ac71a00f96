"""The composer's sketch on the Text-driven tab, without a browser."""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from styleshot_demo import job_defaults, provenance
from styleshot_demo.ui import diffusion, text_tab
from styleshot_demo.ui.diffusion_tab import DiffusionTabState
from styleshot_demo.ui.tab_state import path_at


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
    tab_state = DiffusionTabState()
    shown = boxes(tab, tab.paint(tab_state, *ask(prompt="a castle and a qxqx", count=2, seed=4)))
    assert [box.count("<img alt") for box in shown] == [0, 1, 2, 2]
    assert all("disabled" in box for box in shown[:-1]) and "disabled" not in shown[-1]
    assert "castle" in shown[0] and "qxqx" in shown[0]  # understood before anything is drawn
    first, second = (Image.open(path) for path in tab_state.ready.sketches)
    assert first.size == second.size == (256, 256) and first.tobytes() != second.tobytes()
    assert {str(path) for path in tab_state.ready.sketches} <= tab.view.shown.temp_files

    # Of the next run none of these is shown.
    shown = boxes(tab, tab.paint(tab_state, *ask(prompt="a boat")))
    assert [box.count("<img alt") for box in shown] == [0, 1, 1] and len(tab_state.ready.sketches) == 1


def test_a_stopped_run_gives_the_last_results_sketch_back(tab, ask):
    tab_state = DiffusionTabState()
    *_, ended = tab.paint(tab_state, *ask(prompt="a castle"))
    running = tab.paint(tab_state, *ask(prompt="a boat"))
    next(running), next(running)
    assert "sailboat" in tab.drawn(tab_state.run.drawn())[tab.sketch]
    running.close()
    assert tab.stopped(tab_state)[tab.sketch] == ended[tab.sketch]


@pytest.mark.parametrize(("prompt", "told"), [("", "There are no words"), ("elefant", "does not know what this is")])
def test_a_prompt_that_says_nothing_is_told_beside_it(tab, ask, prompt, told):
    *_, ended = tab.paint(DiffusionTabState(), *ask(prompt=prompt))
    assert told in ended[tab.sketch] and told in ended[tab.view.status]
    assert ("elephant" in ended[tab.sketch]) == (prompt == "elefant")
    assert "<img" not in ended[tab.sketch]
    # What is wrong with something else is not told there.
    *_, ended = tab.paint(DiffusionTabState(), None, *ask(prompt=prompt)[1:])
    assert tab.sketch not in ended


def test_a_chip_changes_the_prompt_and_paints_anew(tab, ask):
    tab_state, values = DiffusionTabState(), ask(prompt="a castle and a boat")
    press = SimpleNamespace(part="thing/1/sailboat", name="")
    first, *_, ended = tab.reword(press, tab_state, *values)
    assert first == {tab.fields["prompt"]: "a castle"}
    assert [one.name for one in tab_state.ready.scene.things] == ["castle"] and "made" in ended[tab.view.shown]
    assert ended[tab.view.shown]["made"]["settings"]["prompt"] == "a castle"
    (nothing,) = tab.reword(SimpleNamespace(part="thing/0/cat"), tab_state, *values)
    assert list(nothing) == [tab.view.status]


def test_after_a_reload_the_sketch_stands_beside_its_result_again(tab, ask):
    tab_state = DiffusionTabState()
    *_, ended = tab.paint(DiffusionTabState(), *ask(prompt="a castle and a qxqx", count=2))
    result = ended[tab.view.shown]
    assert tab.give_back(tab_state, result) == ended[tab.sketch] and len(tab_state.ready.sketches) == 2
    # What comes back from the browser may be anything.
    other = {**result, "sketches": ["gradio_api/file=/etc/hostname"]}
    for forged in (None, "", {}, {"preview": ""}, other, {**result, "sketches": 7}, {**result, "made": {}},
                   {**result, "sketches": []}):  # fmt: skip
        tab_state = DiffusionTabState()
        assert tab.give_back(tab_state, forged) == gr.skip() and tab_state.ready is None


def test_a_saved_picture_brings_its_sketch_back(tab, ask):
    tab_state = DiffusionTabState()
    *_, ended = tab.paint(tab_state, *ask(prompt="a castle and a qxqx", seed=3))
    made_by = provenance.read(tab_state.run.made[0].path)
    shown = tab.fill(provenance.restore(made_by))[tab.sketch]
    assert "castle" in shown and "qxqx" in shown and shown.count("<img alt") == 1
    address = re.search('src="([^"]+)"', shown)[1]
    assert Path(path_at(address)).read_bytes() == tab_state.ready.sketches[0].read_bytes()
    # Anybody may have written a record: what cannot be drawn is not.
    cycle = json.loads(made_by.settings["scene"])
    cycle["things"] = [{"name": "castle", "relation": "on", "to": 1}, {"name": "castle", "relation": "on", "to": 0}]
    for scene in ("", "{", "[" * 8000, "7", '{"place": "nowhere"}', '{"things": [{"name": "qxqx"}]}'):
        found = provenance.restore(replace(made_by, settings={**made_by.settings, "scene": scene}))
        assert tab.fill(found)[tab.sketch] == "" and found.dropped == ()
    found = provenance.restore(replace(made_by, settings={**made_by.settings, "scene": json.dumps(cycle)}))
    assert tab.sketch in tab.fill(found)
    without = {name: value for name, value in made_by.settings.items() if name != "scene"}
    assert tab.sketch not in tab.fill(provenance.restore(replace(made_by, settings=without)))


def test_the_size_begins_where_the_models_pictures_do(tab):
    assert [job_defaults.smallest(model) for model in ("composer", "styleshot", "small", None)] == [256, 128, 128, 128]
    size = tab.fields["size"]
    assert size.minimum == 256  # without weights "auto" is the composer
    assert tab.setting_updates({"size": 128})[size]["value"] == 256
    updates = tab.setting_updates({"size": 128, "model": "styleshot"})
    assert (updates[size]["value"], updates[size]["minimum"]) == (128, 128)
    chosen = {"size": 128, "guidance_scale": 3, "negative_prompt": "people"}
    assert diffusion.adapt_fields("text", "composer", chosen)["size"] == 256
    assert diffusion.adapt_fields("text", "styleshot", chosen)["size"] == 128
    first, *_ = tab.suit(*chosen.values(), "styleshot")
    assert first["minimum"] == 128
    assert diffusion.at_least("", 256) == ""  # left to the job's check
