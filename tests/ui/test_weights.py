"""Which model paints, why, and what it would cost to have another: said as it is."""

import re

import gradio as gr
import pytest

from styleshot_demo.messages import remark
from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.runners.weights import ModelChoice
from styleshot_demo.settings import ASSETS, Settings
from styleshot_demo.ui import diffusion, text_tab, weights


def missing(*names):
    return tuple(hub.Missing(MODELS[name], MODELS[name].files, 1) for name in names)


def english(html):
    """What an English reader sees."""
    return re.sub(r"<[^>]+>", "", re.sub(r'<span lang="zh-CN">.*?</span>', "", html))


@pytest.mark.parametrize(
    "kind, preprocessor, names, brought",
    [
        ("text", "contour", ("styleshot",), {"sd15", "hed", "styleshot"}),
        ("image", "contour", ("styleshot",), {"sd15", "hed", "styleshot"}),
        ("image", "lineart", ("styleshot-lineart",), {"sd15", "lineart", "styleshot-lineart"}),
        (
            "image",
            "both",
            ("styleshot", "styleshot-lineart"),
            {"sd15", "hed", "lineart", "styleshot", "styleshot-lineart"},
        ),
    ],
)
def test_the_offer_brings_everything_once(studio, kind, preprocessor, names, brought):
    offer = weights.offer(studio.ready(kind, preprocessor, "styleshot"), studio.settings)
    assert offer.names == names
    assert {state.model.name for state in offer.states} == brought and len(offer.states) == len(brought)
    assert offer.size == hub.readable(sum(state.bytes for state in offer.states))


def test_only_what_is_missing_is_offered(studio):
    offer = weights.offer(ModelChoice(None, None, missing("hed")), studio.settings)
    assert offer.names == ("hed",) and [state.model.name for state in offer.states] == ["hed"]


def test_missing_weights_are_listed_with_size_licence_and_a_button(studio):
    choice = studio.ready("text", model="styleshot")
    text = english(weights.line(choice, "styleshot", studio.settings))
    for words in ("not on this machine", "2.13 GB", "CreativeML OpenRAIL-M", "6.79 GB", "MIT", "Fetch 8.95 GB"):
        assert words in text
    assert 'data-act="fetch"' in weights.line(choice, "styleshot", studio.settings)


def test_where_downloads_are_off_there_is_no_button(studio):
    settings = Settings(device="cpu", models=studio.settings.models, offline=True)
    text = weights.line(studio.ready("text", model="styleshot"), "styleshot", settings)
    assert "<button" not in text and "Downloads are switched off. Unset STYLESHOT_OFFLINE" in english(text)


def test_a_damaged_file_is_told_as_such(studio):
    choice = ModelChoice(None, None, missing("styleshot"), damaged=MODELS["styleshot"].title)
    text = english(weights.line(choice, "auto", studio.settings))
    assert "A file of StyleShot, contour is damaged" in text and "Delete it and fetch it again." in text


def test_the_reason_is_said_for_each_model(studio):
    published = ModelChoice("styleshot", remark("model_styleshot"))
    assert "because its files are on this machine" in weights.line(published, "auto", studio.settings)
    small = ModelChoice("small", remark("model_small"), missing("sd15", "styleshot"))
    told = english(weights.line(small, "auto", studio.settings))
    for words in ("because the published weights are not on this machine", "Fetch 8.95 GB", "CreativeML OpenRAIL-M"):
        assert words in told
    offline = Settings(device="cpu", models=studio.settings.models, offline=True)
    assert "<button" not in weights.line(small, "auto", offline)
    chosen = weights.line(ModelChoice("small", remark("model_small")), "small", studio.settings)
    assert "as chosen" in chosen and "<button" not in chosen
    composer = ModelChoice("composer", remark("model_composer"), missing("sd15", "styleshot"))
    told = english(weights.line(composer, "auto", studio.settings))
    for words in ("Composed from Noto drawings", "weights of StyleShot are not on this machine", "Fetch 8.95 GB"):
        assert words in told
    painter = ModelChoice("painter", remark("model_painter"), missing("sd15", "styleshot"))
    told = english(weights.line(painter, "auto", studio.settings))
    for words in ("built-in painter", "weights of StyleShot are not on this machine", "Fetch 8.95 GB"):
        assert words in told
    chosen = weights.line(ModelChoice("composer", remark("model_composer")), "composer", studio.settings)
    assert "as chosen" in english(chosen) and "<button" not in chosen


@pytest.mark.parametrize("there", [False, True])
def test_models_are_to_be_chosen_where_there_is_a_choice(studio, small, there):
    small(there)
    for kind, own in (("text", "composer"), ("image", "painter")):
        with gr.Blocks():
            fields, *_ = diffusion.settings(kind, studio)
        names = [name for _, name in fields["model"].choices]
        assert names == ["auto", "styleshot", own, *(["small"] if there else [])]
        # Sizes are those that the model was made for.
        assert fields["size"].value == diffusion.defaults(kind, studio)["size"] == 512


@pytest.mark.parametrize(("kind", "own"), [("text", "composer"), ("image", "painter")])
def test_what_means_something_to_styleshot_alone_is_hidden(studio, kind, own):
    with gr.Blocks():
        parts = [gr.Accordion(), gr.Slider()]
        line, view = weights.Weights(kind, studio, parts), diffusion.view(kind)
    for part in parts:
        seen = [line.refreshed(view, model)[part]["visible"] for model in ("auto", own, "styleshot")]
        assert seen == ["hidden", "hidden", True]


def test_the_sketch_can_be_followed_where_styleshot_paints(studio, monkeypatch):
    with gr.Blocks():
        tab = text_tab.build(studio)
    follow = tab.fields["follow_sketch"]
    assert follow.visible == "hidden" and follow.value is False
    seen = [tab.weights.refreshed(tab.view, model, on)[follow]["visible"] for model in ("auto", "styleshot")
            for on in (False, True)]  # fmt: skip
    assert seen == ["hidden", "hidden", True, True]
    # Where only the detector of lines is missing, that is offered, and the switch stays to be switched off again.
    find = hub.find
    there = dict.fromkeys(("sd15", "styleshot"), hub.FoundModel(MODELS["sd15"], ASSETS, {}, None))
    monkeypatch.setattr(hub, "find", lambda name, settings: there.get(name) or find(name, settings))
    assert [tab.weights.choice("auto", on).model for on in (False, True)] == ["styleshot", None]
    updates = tab.weights.refreshed(tab.view, "auto", True)
    assert updates[follow]["visible"] is True and updates[tab.view.run]["interactive"] is False
    assert [state.model.name for state in tab.weights.choice("auto", True).missing] == ["hed"]


def test_what_means_something_to_the_composer_alone_is_hidden(studio):
    with gr.Blocks():
        part = gr.Checkbox()
        line, view = weights.Weights("text", studio, [], [part]), diffusion.view("text")
    assert [line.refreshed(view, model)[part]["visible"] for model in ("auto", "composer")] == [True, True]
    assert line.refreshed(view, "styleshot")[part]["visible"] == "hidden"


def test_the_buttons_need_a_model(studio, monkeypatch):
    with gr.Blocks():
        line, view = weights.Weights("image", studio, []), diffusion.view("image")
    monkeypatch.setattr(studio, "ready", lambda kind, preprocessor, model: ModelChoice(None, None, missing("hed")))
    off = line.refreshed(view, "auto", "contour")
    monkeypatch.setattr(studio, "ready", lambda kind, preprocessor, model: ModelChoice("styleshot", None))
    on = line.refreshed(view, "auto", "contour")
    assert [state[button]["interactive"] for state in (off, on) for button in (view.run, view.grid)] == [
        False, False, True, True,
    ]  # fmt: skip


def test_where_words_may_be_missing_that_is_said_before(studio):
    for model in ("styleshot", "small"):
        choice = ModelChoice(model, None)
        assert "follows the style alone" in weights.line(choice, model, studio.settings, "text")
        assert "follows the style alone" not in weights.line(choice, model, studio.settings, "image")
