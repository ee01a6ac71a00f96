"""The plan: what runs is what was planned, what is recorded is what ran, and a record makes the same picture again."""

import io
import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from styleshot_demo import ClassicalJob, EnlargeJob, ImageJob, Settings, Studio, TextJob, jobs, provenance
from styleshot_demo.compose.scene import Scene
from styleshot_demo.errors import Problem
from styleshot_demo.job_defaults import NEGATIVE_PROMPT
from styleshot_demo.library import Library
from styleshot_demo.runtime import cache, device, zerogpu
from styleshot_demo.studio import is_quick

WIDE = Image.merge("RGB", [Image.linear_gradient("L").rotate(turn).resize((96, 64)) for turn in (0, 90, 180)])
TALL = Image.merge("RGB", [Image.radial_gradient("L").rotate(turn).resize((64, 100)) for turn in (0, 0, 90)])
STYLES = [(WIDE, 0.2), (TALL, 1.0)]


@pytest.fixture(scope="module")
def studio():
    return Studio(Settings(device="cpu"))


def numbers(low: float, high: float):
    return st.integers(int(low * 20), int(high * 20)).map(lambda value: value / 20)


CLASSICAL = st.fixed_dictionaries(
    {
        "method": st.sampled_from(jobs.METHODS),
        "strength": numbers(0, 1),
        "size": st.integers(256, 300),
        "whole": st.booleans(),
        "brush_size": st.none() | st.integers(256, 300),
        "seed": st.integers(0, jobs.MAX_SEED),
        "keep_colours": st.booleans(),
        "grain": numbers(0, 1),
        "keep_background": st.booleans(),
        "region": st.sampled_from([region for region in jobs.REGIONS if region != "mask"]),
        "outside": st.booleans(),
        "feather": st.integers(0, jobs.FEATHER),
        "keep_faces": st.booleans(),
        "transform": st.sampled_from(jobs.TRANSFORMS),
        "colours_from": st.sampled_from(jobs.COLOURS_FROM),
        "palette": st.sampled_from(["", "#1d3557 #e63946"]),
        "colour_method": st.sampled_from(jobs.COLOUR_METHODS),
        "steps": st.integers(1, 3),
        "start": st.sampled_from(jobs.STARTS),
        "optimiser": st.sampled_from(jobs.OPTIMISERS),
    }
)
COMMON = {
    "prompt": st.sampled_from(["", "a red apple", "画 <b>&\"'"]),
    "style_strength": numbers(0, 2),
    "steps": st.integers(1, 3),
    "guidance_scale": st.none() | numbers(0, 9) | st.just(7.5),
    "count": st.integers(1, 2),
    "size": st.none() | st.integers(128, 140) | st.just(512),
    "seed": st.integers(0, jobs.MAX_SEED),
    "negative_prompt": st.none() | st.sampled_from(["", "grey", NEGATIVE_PROMPT]),
    "scheduler": st.sampled_from(jobs.SCHEDULERS),
    "model": st.sampled_from(["auto", "small"]),
}
TEXT = {**COMMON, "model": st.sampled_from(["auto", "composer", "small"]), "follow_sketch": st.booleans()}
IMAGE = {
    **COMMON,
    "preprocessor": st.sampled_from(jobs.PREPROCESSORS),
    "content_strength": numbers(0, 2),
    "threshold": st.integers(0, 255),
}


def text_job(few):
    few = {"prompt": "", "steps": 1} | few
    if few.get("model") != "small" or few.get("follow_sketch"):
        few["prompt"] += " castle, two zeppeliners"  # the composer needs something to draw
    return TextJob(STYLES, **few)


def jobs_of(**limits):
    """Jobs of every kind; what `limits` names always has a value from there.

    A job's own defaults are what people use most: every other field may be left out.
    """
    text, image = (
        st.fixed_dictionaries(limits, optional={name: values for name, values in kind.items() if name not in limits})
        for kind in (TEXT, IMAGE)
    )
    return st.one_of(
        CLASSICAL.map(lambda fields: ClassicalJob(WIDE, STYLES, **fields)),
        text.map(text_job),
        image.map(lambda few: ImageJob(TALL, STYLES, **{"steps": 1} | few)),
    )


def made_again(studio, result, number, job):
    """The picture that the record of image `number` makes, by way of a file."""
    stream = io.BytesIO()
    provenance.write(result.images[number], stream, result.plan.record(number, result.models))
    restored = provenance.restore(provenance.read(stream.getvalue()))
    assert restored.dropped == ()
    styles = [(picture, weight) for (picture, _), weight in zip(job.styles, restored.style_weights, strict=True)]
    kinds = {"classical": ClassicalJob, "text": TextJob, "image": ImageJob}
    content = {} if restored.job == "text" else {"content": job.content}
    again = studio.finish(kinds[restored.job](**content, styles=styles, **restored.settings))
    assert len(again.images) == 1 and again.settings == result.plan.settings_per_image()[number]
    return again.images[0]


# One step and small sizes are enough to see that a picture comes again. What is planned of all is the next test's, and
# pictures of the size that jobs are left without are made again below.
@given(job=jobs_of(steps=st.just(1), size=st.integers(128, 140)))
@hypothesis_settings(
    max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_a_record_makes_the_same_picture_again(studio, job):
    planned = studio.plan(job)
    result = studio.finish(job)
    assert result.settings == planned.settings() and result.plan.remarks == planned.remarks
    assert {image.size for image in result.images} == {planned.size}
    assert planned.as_json()["settings"] == json.loads(json.dumps(result.settings))
    number = len(result.images) - 1
    assert made_again(studio, result, number, job).tobytes() == result.images[number].tobytes()


@given(job=jobs_of())
@hypothesis_settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_a_planned_job_stays_as_it_is(studio, job):
    """So that a stored result can be planned again; and nothing is left open in it."""
    planned = studio.plan(job)
    assert None not in planned.settings().values()
    again = studio.plan(replace(planned.job, model=planned.model) if hasattr(planned.job, "model") else planned.job)
    assert again.settings() == planned.settings() and again.size == planned.size


def test_the_record_says_what_was_done_not_what_was_asked_for(studio):
    """Without published weights a default job wrote 512 pixels, guidance 7.5 and a negative prompt; it used none."""
    result = studio.finish(TextJob([WIDE], "a red apple", model="small", steps=1))
    record = result.plan.record(0, result.models)
    done = {name: record.settings[name] for name in ("model", "size", "guidance_scale", "negative_prompt", "steps")}
    assert done == {"model": "small", "size": 256, "guidance_scale": 5.0, "negative_prompt": "", "steps": 1}
    assert record.computed == {"device": "cpu", "precision": "float32", "placement": "resident"}
    assert record.versions["torch"] and record.models.keys() == {"styleshot-small"}


def test_the_record_of_a_composed_picture_says_so_and_nothing_else(studio):
    job = TextJob(STYLES, "three boats at sunset", steps=7, negative_prompt="grey", seed=4)
    assert studio.plan(job).settings()["size"] == 512
    result = studio.finish(replace(job, size=256))
    record = result.plan.record(0, result.models)
    assert set(record.settings) == {"job", *jobs.COMPOSER_FIELDS, "style_weights", "scene"} - {"palette"}
    assert (record.settings["model"], record.settings["size"]) == ("composer", 256)
    assert record.models.keys() == {"encoder", "fast"} and record.computed == {"device": "cpu", "precision": "float32"}
    scene = Scene.from_json(json.loads(record.settings["scene"]))
    assert [(one.name, one.count) for one in scene.things] == [("sailboat", 3)] and scene.time == "sunset"
    assert record.versions["resvg-py"]
    assert provenance.source_type(record).endswith("/compositeWithTrainedAlgorithmicMedia")
    again = made_again(studio, result, 0, TextJob(STYLES, ""))
    assert again.tobytes() == result.images[0].tobytes()


def test_what_the_composer_does_not_read_is_told(studio):
    def told(prompt, negative=None):
        return {one.key for one in studio.plan(TextJob([WIDE], prompt, negative_prompt=negative)).remarks}

    assert told("a (castle:1.4)") == {"model_composer", "composer_emphasis"} == told("((castle)), sea")
    assert told("a castle", "grey") == {"model_composer", "composer_negative"}
    # What the page shows for StyleShot was not written by anybody; an aside is no emphasis.
    assert told("a castle (by the sea)", NEGATIVE_PROMPT) == told("a castle", "") == {"model_composer"}


def test_the_longest_scene_fits_into_a_record(studio):
    strange = ", ".join(f"{a}x{b}q" for a in "bcdfghjklm" for b in "bcdfghjklmnp")
    for prompt in ("城堡" + "🏰" * jobs.MAX_PROMPT, "castle, cat, boat, owl, fox, " + strange):
        stream = io.BytesIO()
        planned = studio.plan(TextJob([WIDE], prompt[: jobs.MAX_PROMPT]))
        provenance.write(WIDE, stream, planned.record())
        assert provenance.read(stream.getvalue()).settings == planned.settings()


@pytest.mark.parametrize("guidance", [0, 1])
def test_a_negative_prompt_that_is_not_read_is_not_recorded_but_told(studio, guidance):
    planned = studio.plan(TextJob([WIDE], "", model="small", guidance_scale=guidance, negative_prompt="grey"))
    assert planned.record().settings["negative_prompt"] == ""
    assert "negative_prompt_unused" in [one.key for one in planned.remarks]
    for own in (None, ""):
        planned = studio.plan(TextJob([WIDE], "", model="small", guidance_scale=guidance, negative_prompt=own))
        assert "negative_prompt_unused" not in [one.key for one in planned.remarks]


@pytest.mark.parametrize("guidance", [7.0, 7.5, 5.0])
def test_no_value_counts_as_not_chosen(studio, guidance):
    asked = {"guidance_scale": guidance, "negative_prompt": NEGATIVE_PROMPT}
    planned = studio.plan(TextJob([WIDE], "", model="small", **asked)).settings()
    assert {name: planned[name] for name in asked} == asked


def test_the_record_names_the_pictures(tmp_path, studio):
    for name, picture in (("照片.png", WIDE), ("van gogh.png", TALL)):
        picture.save(tmp_path / name)
    result = studio.finish(ClassicalJob(tmp_path / "照片.png", [str(tmp_path / "van gogh.png"), TALL], method="colour"))
    inputs = result.plan.record().inputs
    assert (inputs["content"], inputs["styles"]) == ("照片.png", ["van gogh.png", None])
    assert inputs["style_sha256"][0] == inputs["style_sha256"][1] != inputs["content_sha256"]
    assert str(tmp_path) not in json.dumps(inputs)
    nasty = [r"C:\Users\me\Desktop\cat.png", "/home/me/a\nb.png"]
    assert [jobs.file_name_of(one) for one in nasty] == ["cat.png", "a b.png"]


def test_planning_loads_nothing_and_needs_no_torch():
    code = (
        "import sys\nfrom PIL import Image\n"
        "from styleshot_demo import ClassicalJob, ImageJob, Settings, Studio, TextJob\n"
        "picture, studio = Image.new('RGB', (64, 64)), Studio(Settings(device='cpu'))\n"
        "for job in (ClassicalJob(picture, [picture]), TextJob([picture], 'a cat'), ImageJob(picture, [picture])):\n"
        "    studio.plan(job).as_json()\n"
        "assert studio.cache.loaded() == []\n"
        "print(*sorted({'torch', 'diffusers', 'transformers', 'gradio'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("kind", ["fast", "optimise", "colour", "composer", "small", "image"])
def test_what_does_not_fit_is_planned_and_refused(monkeypatch, kind):
    studio = Studio(Settings(device="cpu"))
    monkeypatch.setattr(studio.cache, "free_bytes", lambda device: 50_000_000)
    large = {
        "composer": TextJob([WIDE], "a cat", model="composer"),
        "small": TextJob([WIDE], "", model="small", size=256),
        "image": ImageJob(WIDE, [WIDE], size=256),
    }
    job = large.get(kind) or ClassicalJob(WIDE, [WIDE], method=kind, size=2048)
    planned = studio.plan(job)
    assert not planned.fits and planned.fitting < planned.job.size and planned.as_json()["fits"] is False
    with pytest.raises(Problem) as caught:
        studio.finish(job)
    assert caught.value.key == "out_of_memory" and caught.value.values["size"] == planned.fitting
    assert studio.cache.loaded() == []


@pytest.mark.parametrize("kind", ["fast", "colour", "composer", "small", "enlarge"])
def test_idle_models_go_for_a_run_that_was_promised_their_room(monkeypatch, kind):
    studio = Studio(Settings(device="cpu", cache_gb=100))
    with studio.cache.acquire("idle", lambda: bytearray(8), size=lambda value: 8 * 10**9):
        pass

    def there():
        return "idle" in [model.name for model in studio.cache.loaded()]

    monkeypatch.setattr(cache, "free_memory", lambda device: 10**6 if there() else 8 * 10**9)
    few = {"steps": 1, "size": 128}
    job = {
        "composer": TextJob([WIDE], "a cat", model="composer", size=256),
        "small": TextJob([WIDE], "", model="small", **few),
        "enlarge": EnlargeJob(WIDE, 2),
    }.get(kind) or ClassicalJob(WIDE, [WIDE], method=kind, size=256)
    assert studio.plan(job).fits and there()
    studio.finish(job)
    assert not there()


@pytest.mark.parametrize("kind", ["fast", "optimise", "enlarge", "composer", "painter", "small"])
@pytest.mark.parametrize("trouble", ["gpu_driver_too_old", "gpu_too_old"])
def test_a_graphics_card_that_cannot_be_used_is_told_with_every_kind_of_job(monkeypatch, trouble, kind):
    """`torch` sees a card of another time, or none behind an old driver; all else is the program's own."""
    import warnings

    import torch

    def available():
        if trouble == "gpu_driver_too_old":
            warnings.warn("The NVIDIA driver on your system is too old (found version 11040).", stacklevel=2)
        return trouble == "gpu_too_old"

    monkeypatch.setattr(device, "_may_have_gpu", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", available)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda number=0: (6, 1))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda number=0: "GeForce GTX 1080")
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_90"])
    job = {
        "enlarge": EnlargeJob(WIDE, 2),
        "composer": TextJob([WIDE], "a cat", model="composer"),
        "painter": ImageJob(WIDE, [TALL], model="painter"),
        "small": ImageJob(WIDE, [TALL], model="small"),
    }.get(kind) or ClassicalJob(WIDE, [WIDE], method=kind)
    planned = Studio(Settings()).plan(job)
    assert planned.device == "cpu"
    told = [one for one in planned.remarks if one.key.startswith("gpu_")]
    assert [one.key for one in told] == [trouble]
    assert str(told[0]) in planned.as_json()["notes"]
    assert trouble not in [one.key for one in Studio(Settings(device="cpu")).plan(job).remarks]


def test_what_cannot_be_planned_is_told(studio):
    with pytest.raises(TypeError, match="no job"):
        studio.plan(None)


def test_the_small_model_promises_no_size_that_it_does_not_paint(studio):
    assert studio.plan(TextJob([WIDE], "", model="small")).fitting == 256


def test_a_picture_without_words_says_so():
    studio, style = Studio(Settings(device="cpu")), Image.new("RGB", (64, 64), "teal")

    def told(prompt):
        return [note.key for note in studio.plan(TextJob([style], prompt, model="small")).remarks]

    assert "no_words" in told(" ") and "no_words" not in told("a red apple")


def test_a_style_of_many_pictures_is_no_quick_job(tmp_path):
    studio, photo = Studio(Settings(device="cpu")), Image.new("RGB", (64, 64), "teal")
    many = Library(tmp_path).save("Many", [(Image.new("RGB", (32, 32), (n * 10, 0, 99)), 1.0) for n in range(20)])
    plan = studio.plan(ClassicalJob(photo, many.used()))
    assert plan.style_pictures == 20 and not is_quick(plan)
    assert zerogpu.seconds_for(plan) > zerogpu.seconds_for(studio.plan(ClassicalJob(photo, [photo])))
