"""What the StyleShot tabs do between the page and the studio, without a browser and without weights."""

import re
from dataclasses import replace

import gradio as gr
import pytest
from PIL import Image
from ui.conftest import decide_on_small

from styleshot_demo import job_defaults, jobs, provenance
from styleshot_demo.compose.words import understood
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Step
from styleshot_demo.messages import remark
from styleshot_demo.plan import Plan
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runtime.placement import Placement
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio
from styleshot_demo.ui import diffusion, image_tab, text_tab
from styleshot_demo.ui.diffusion_tab import DiffusionTabState


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    """Both tabs, in a studio without StyleShot's weights."""
    with pytest.MonkeyPatch.context() as patch:
        decide_on_small(patch, False)
        studio = Studio(Settings(device="cpu", models=tmp_path_factory.mktemp("models")), ModelCache(10**9))
        with gr.Blocks():
            return {"text": text_tab.build(studio), "image": image_tab.build(studio)}


@pytest.fixture
def tabs(laid_out, small):
    small(False)
    return laid_out


@pytest.fixture
def upload(tmp_path, picture):
    path = tmp_path / "my photo.png"
    picture.save(path)
    return str(path)


def values(tab, upload, **settings):
    """What a handler of the tab gets: one style, a content where there is one, and the settings."""
    everything = {**diffusion.defaults(tab.kind, tab.studio), "mask": None, **settings}
    content = [upload] if tab.kind == "image" else []
    return *content, upload, None, None, None, 1, 1, 1, 1, *(everything[name] for name in tab.fields)


def planned(job):
    """A plan for the published model, as if its files were here."""
    job = job_defaults.filled_in(job, "styleshot")
    return Plan(job, "styleshot", (), "cpu", "float32", None, (16, 8), 1, None, 512)


def result(job, count):
    colours = ("red", "green", "blue", "teal", "gold", "black")
    images = [Image.new("RGB", (16, 8), colour) for colour in colours[:count]]
    return planned(job).result(images, 1.0, {"sd15": "00ff"})


@pytest.mark.parametrize("kind", ["text", "image"])
def test_fields_are_those_of_the_job_and_start_with_its_defaults(tabs, kind, upload):
    tab = tabs[kind]
    assert set(tab.fields) - {"mask"} == set(diffusion.CHECKS[kind])
    start = diffusion.defaults(kind, tab.studio)
    assert {name: tab.fields[name].value for name in start} == start | {"prompt": None}
    job, stem = tab.job(values(tab, upload, prompt="a castle", seed=4))
    assert isinstance(job, diffusion.JOBS[kind]) and (job.prompt, job.seed) == ("a castle", 4)
    assert stem == {"text": "a castle", "image": "my photo"}[kind]


def test_pictures_say_what_makes_each_of_them_alone(tabs, upload):
    tab = tabs["image"]
    job, stem = tab.job(values(tab, upload, preprocessor="both", count=2, seed=5))
    made = tab.save_results(result(job, 4), stem)
    captions = [f"{name} · seed {seed}" for name in ("Contour", "Drawn lines") for seed in (5, 6)]
    assert [one.caption.en for one in made] == captions
    assert re.fullmatch(r"my-photo-styleshot-lineart-.+strength1-seed6\.png", made[3].path.name)
    found = provenance.restore(provenance.read(made[3].path))
    assert (found.job, found.dropped) == ("image", ())
    alone = {"preprocessor": "lineart", "count": 1, "seed": 6, "model": "styleshot"}
    assert alone.items() <= found.settings.items()
    assert {str(one.path) for one in made} <= tab.view.shown.temp_files  # Gradio deletes them when they are old


def test_a_run_shows_progress_and_previews_and_frees_the_buttons(tabs, upload, monkeypatch):
    tab = tabs["text"]
    closed = []

    def run(job):
        try:
            yield Step(0.5, remark("iterating", step=7, total=20, seconds=12), Image.new("RGB", (8, 8)))
            yield Finished(result(job, 1))
        finally:
            closed.append(True)

    monkeypatch.setattr(tab.studio, "run", run)
    monkeypatch.setattr(tab.studio, "plan", planned)
    view = tab.view
    started, sketched, step, ended = tab.paint(DiffusionTabState(), *values(tab, upload))
    assert sketched == {tab.sketch: ""} and ended[tab.sketch] == ""  # StyleShot draws none
    assert started[view.run]["visible"] is False
    assert "Step 7 of 20, about 12 s left" in step[view.status]
    assert step[view.shown]["preview"].startswith("data:image/jpeg")
    assert len(ended[view.shown]["pictures"]) == 1
    assert ended[view.run]["visible"] is True

    running = tab.paint(DiffusionTabState(), *values(tab, upload))
    next(running), next(running), next(running)
    closed.clear()
    running.close()  # the stop button
    assert closed == [True]


def test_what_was_finished_before_a_stop_is_kept_and_says_what_makes_it(tabs, upload, monkeypatch):
    tab, tab_state = tabs["text"], DiffusionTabState()
    picture = Image.new("RGB", (16, 8), "teal")

    def run(job):
        yield Step(0.2, remark("denoising", picture=1, pictures=3, step=1, total=20, seconds=9), picture)
        # What the run was planned as may have changed since: memory ran out, so that it was done in another way.
        done = replace(planned(job), placement=Placement("minimal", "cpu", "float32"))
        yield Step(0.3, remark("made", picture=1, pictures=3), picture, done.record(0, {"sd15": "00ff"}))
        raise Problem("disk_full")

    monkeypatch.setattr(tab.studio, "run", run)
    monkeypatch.setattr(tab.studio, "plan", planned)
    arguments = values(tab, upload, count=3, seed=5)
    running = tab.paint(tab_state, *arguments)
    next(running), next(running), next(running)
    stopped = tab.stopped(tab_state)
    assert "back" in stopped[tab.view.shown]  # nothing is finished, so the last result is there again
    shown = next(running)[tab.view.shown]
    assert shown["preview"].startswith("data:") and len(shown["pictures"]) == 1
    stopped = tab.stopped(tab_state)
    assert "1 of 3 pictures are finished" in stopped[tab.view.status]
    (made,) = stopped[tab.view.shown]["pictures"]
    assert re.fullmatch(r"styleshot-styleshot-.+strength1-seed5\.png", made["name"])
    assert stopped[tab.view.shown]["made"]["settings"]["count"] == 3
    record = provenance.read(tab_state.run.made[0].path)
    assert (record.seed, record.settings["count"]) == (5, 1)
    assert record.models == {"sd15": "00ff"} and record.computed["placement"] == "minimal"
    # A run that fails on the way keeps them as well.
    failed = next(running)
    assert failed[tab.view.shown] == stopped[tab.view.shown] and "disk is full" in failed[tab.view.status]


def test_what_is_missing_is_told(tabs, upload):
    tab = tabs["image"]
    with pytest.raises(Problem) as told:
        tab.job((None, *values(tab, upload)[1:]))
    assert told.value.key == "content_needed"
    with pytest.raises(Problem) as told:
        tab.job((upload, None, *values(tab, upload)[2:]))
    assert told.value.key == "style_needed"


def test_settings_come_back_as_they_were(tabs):
    tab = tabs["image"]
    settings = {"prompt": "a castle", "steps": 9, "model": "styleshot"}
    updates = tab.fill(provenance.Restored("image", settings, (0.2, 0.8)))
    fields = tab.fields
    assert updates[fields["prompt"]]["value"] == "a castle" and updates[fields["steps"]]["value"] == 9
    assert updates[fields["seed"]]["value"] == 0  # what the record does not name is as at the start
    assert updates[fields["model"]]["value"] == "styleshot"
    # A model that is not there is no choice.
    assert tab.setting_updates({**settings, "model": "small"})[fields["model"]]["value"] == "auto"
    assert [updates[weight]["value"] for weight in tab.inputs.weights[:2]] == [0.2, 0.8]
    assert updates[tab.inputs.open_slots] == 2


def test_another_model_brings_its_defaults_unless_a_person_has_set_something_else():
    published, small = job_defaults.defaults("text", "styleshot"), job_defaults.defaults("text", "small")
    assert diffusion.adapt_fields("text", "composer", small) == published
    assert published != small
    assert diffusion.adapt_fields("text", "small", published) == small
    assert all(diffusion.adapt_fields("text", model, small) == published for model in ("styleshot", None))
    chosen = {"size": 384, "guidance_scale": 7.0, "negative_prompt": "people"}
    for model in ("small", "styleshot"):
        assert diffusion.adapt_fields("text", model, chosen) == chosen


def test_only_prompts_of_the_page_are_picked(tabs):
    class Event:
        name, language = "rocket", "zh-CN"

    assert tabs["image"].pick_prompt("auto", Event()) == "rocket"
    for name in ("<script>", diffusion.PROMPTS["text"][0]):
        Event.name = name
        assert tabs["image"].pick_prompt("auto", Event()) == gr.skip()
    assert all(jobs.text("prompt", prompt) == prompt for kind in diffusion.PROMPTS.values() for prompt in kind)


def test_the_composer_gets_example_prompts_in_the_pages_language(tabs):
    class Event:
        name, language = "a castle by the sea at sunset", "zh-CN"

    tab = tabs["text"]
    assert [tab.pick_prompt(model, Event()) for model in ("auto", "composer")] == ["日落时海边的城堡"] * 2
    assert tab.pick_prompt("styleshot", Event()) == Event.name
    Event.language = "en"
    assert tab.pick_prompt("auto", Event()) == Event.name


@pytest.mark.parametrize("prompt", diffusion.PROMPTS["text"])
def test_example_prompts_are_understood_alike_in_both_languages(prompt):
    english, chinese = (understood(text) for text in diffusion.example(prompt))
    assert not english.unknown and not chinese.unknown
    assert {one.name for one in english.things} == {one.name for one in chinese.things} != set()
    assert (english.place, english.time, english.kind) == (chinese.place, chinese.time, chinese.kind)


@pytest.mark.parametrize("kind", ["text", "image"])
def test_every_update_of_a_run_is_of_something(tabs, kind, upload):
    """Gradio takes no update of nothing."""
    tab = tabs[kind]
    updates = list(tab.paint(DiffusionTabState(), *values(tab, upload, prompt="a castle", size=256)))
    assert all(updates) and tab.view.shown in updates[-1]
    known = {*tab.view.outputs(), *([tab.sketch] if tab.sketch else [])}
    assert all(update.keys() <= known for update in updates)


@pytest.mark.parametrize("kind", ["text", "image"])
def test_sizes_suit_a_model_in_whichever_order_its_events_arrive(tabs, kind):
    """From Small, of at most 256 pixels, to the composer, of at least 256: one end alone was refused."""
    tab = tabs[kind]
    size, first = tab.fields["size"], {name: tab.fields[name].value for name in diffusion.MODEL_FIELDS}
    place = list(diffusion.MODEL_FIELDS).index("size")
    for before in ("small", "auto", "styleshot"):
        for now in ("auto", "small", "styleshot"):
            was = tab.weights.size_range(tab.weights.choice(before).model)
            for update in (tab.suit(*first.values(), now)[place], tab.setting_updates({"model": now})[size]):
                given = {name: update[name] for name in ("minimum", "maximum")}
                gr.Slider(**size.constructor_args | was | given | {"render": False})
