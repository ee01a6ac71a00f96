"""Whole runs on a tiny StyleShot that is read from the published files' formats."""

import contextlib
import json
import os
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
import tiny_models
import torch
from diffusers import AutoencoderKL
from PIL import Image
from styleshot import tiny

from styleshot_demo import ImageJob, Settings, Studio, TextJob, jobs, provenance
from styleshot_demo.compose.sketch import draw
from styleshot_demo.compose.words import understood
from styleshot_demo.errors import Problem
from styleshot_demo.events import Step
from styleshot_demo.grid import Axis, CellDone, Grid, paint, usual
from styleshot_demo.models import hub
from styleshot_demo.runners import schedulers
from styleshot_demo.runners import weights as files
from styleshot_demo.runtime import placement
from styleshot_demo.runtime.cache import bytes_of
from styleshot_demo.styleshot import checkpoints, content
from styleshot_demo.styleshot.pipeline import StyleShotPipeline

RED, BLUE = tiny.picture((220, 40, 30)), tiny.picture((20, 60, 200))
PHOTO = tiny.picture((60, 160, 90), (150, 120))
THRESHOLD = 128  # what the random detector draws lines at


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return tiny_models.build(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def shared(models):
    """A studio whose models stay loaded from test to test."""
    return Studio(Settings(models=models, device="cpu"))


@pytest.fixture(scope="module")
def painted(shared):
    """What `shared` makes of `text()` and of `image()`, by these names."""
    return {make.__name__: shared.finish(make()) for make in (text, image)}


def fresh(models, **settings):
    return Studio(Settings(models=models, device="cpu", **settings))


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A user who has not run the program yet; the folder for converted checkpoints."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "styleshot_demo" / files.CONVERTED


def copy(models, to, without=()):
    """The same files in another folder, as hard links."""
    shutil.copytree(models, to, copy_function=os.link, ignore=shutil.ignore_patterns(files.CONVERTED, *without))
    return to


def text(**fields):
    return TextJob(**{"styles": [RED], "prompt": "a castle", "size": 128, "steps": 2} | fields)


def image(**fields):
    common = {"content": PHOTO, "styles": [RED], "prompt": "a castle", "size": 128, "steps": 2, "threshold": THRESHOLD}
    return ImageJob(**common | fields)


def differ(one, other):
    return float(np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).mean())


def in_use(studio):
    return [model.name for model in studio.cache.loaded() if model.in_use]


def spy(monkeypatch):
    """The parts that are loaded from now on."""
    loaded, load = [], files.load
    monkeypatch.setattr(files, "load", lambda part, *rest: (loaded.append(part), load(part, *rest))[1])
    return loaded


# What comes out


def test_text_driven(shared):
    events = list(shared.run(text(count=2, seed=7)))
    assert all(isinstance(event, Step) for event in events[:-1])
    result = events[-1].result
    assert [picture.size for picture in result.images] == [(128, 128)] * 2 and result.control is None
    assert differ(*result.images) > 1
    assert (result.seed, result.settings["model"], result.settings["job"]) == (7, "styleshot", "text")
    assert result.models.keys() == {"sd15", "styleshot"} and all(len(short) == 16 for short in result.models.values())
    assert [note.key for note in result.notes] == ["model_styleshot", "placement_resident"]
    assert in_use(shared) == []


def test_progress(shared):
    steps = [event for event in shared.run(text(count=2, scheduler="pndm")) if isinstance(event, Step)]
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions) and fractions[0] >= 0 and 0.85 < fractions[-1] <= 1
    told = [str(step.message) for step in steps if step.message.key == "denoising"]
    # PNDM evaluates once more than it was asked to; a person counts the steps asked for.
    assert [line.split(",")[0] for line in told] == [
        f"Picture {picture} of 2: step {step} of 2" for picture in (1, 2) for step in (1, 2, 2)
    ]
    previews = [step.preview for step in steps if step.preview]
    assert previews and all(preview.size == (128, 128) for preview in previews)
    alone = [str(step.message) for step in shared.run(text(steps=1)) if isinstance(step, Step)]
    assert "Step 1 of 1" in alone, "how long decoding takes, nobody knows yet"


def test_each_picture_is_handed_out_as_soon_as_it_is_finished(shared):
    *steps, finished = shared.run(text(count=2, steps=1))
    made = [step for step in steps if step.message.key == "made"]
    assert [step.message.values for step in made] == [{"picture": n, "pictures": 2} for n in (1, 2)]
    assert [step.preview.tobytes() for step in made] == [image.tobytes() for image in finished.result.images]
    result = finished.result
    assert [step.made_by for step in made] == [result.plan.record(n, result.models) for n in (0, 1)]


@pytest.mark.parametrize("make", [text, image])
def test_same_job_same_bytes_and_each_image_alone(shared, make):
    job = make(count=2, scheduler="euler-a", seed=jobs.MAX_SEED)
    images = [picture.tobytes() for picture in shared.finish(job).images]
    assert images[0] != images[1]
    for n, expected in enumerate(images):
        assert shared.finish(job.single(n)).images[0].tobytes() == expected


@pytest.mark.parametrize("make", [text, image])
def test_the_record_of_each_image_makes_it_again(shared, make):
    job = make(count=2, scheduler="euler-a", styles=[(RED, 0.2), (BLUE, 1)], guidance_scale=None, steps=1)
    result = shared.finish(job)
    restored = provenance.restore(result.plan.record(1, result.models))
    styles = list(zip((RED, BLUE), restored.style_weights, strict=True))
    content = {"content": PHOTO} if make is image else {}
    again = shared.finish(type(job)(**content, styles=styles, **restored.settings))
    assert restored.dropped == () and restored.settings["model"] == "styleshot"
    assert restored.settings["guidance_scale"] == 7.5  # what is left out is recorded as it was used
    assert shared.plan(make(size=None)).settings()["size"] == 512
    assert [picture.tobytes() for picture in again.images] == [result.images[1].tobytes()]


@pytest.mark.parametrize("preprocessor", ["contour", "lineart"])
def test_image_driven(shared, preprocessor):
    job = image(preprocessor=preprocessor, steps=1)
    result = shared.finish(job)
    # The short side is the job's, both are multiples of 8.
    assert result.images[0].size == result.control.size == (160, 128)
    assert result.control.tobytes() == shared.control_map(PHOTO, preprocessor, THRESHOLD, 128).tobytes()
    assert len(set(result.control.convert("L").tobytes())) > 1, "the detector has to see something"
    assert result.models.keys() == {"sd15", files.CHECKPOINT[preprocessor]}
    weaker = shared.finish(replace(job, content_strength=0.5))
    assert differ(weaker.images[0], result.images[0]) > 0.5


def test_both_preprocessors(shared):
    job = image(preprocessor="both", count=2, steps=1)
    result = shared.finish(job)
    assert len(result.images) == job.total == 4
    assert result.control.size == (320, 128)
    assert shared.finish(job.single(2)).images[0].tobytes() == result.images[2].tobytes()
    assert result.models.keys() == {"sd15", "styleshot", "styleshot-lineart"}


def test_contour_is_the_published_one(models, shared):
    job = image(threshold=90)
    network = content.load_hed(models / tiny_models.ANNOTATORS / "ControlNetHED.pth")
    resized = content.resize_to(PHOTO, 128)
    assert shared.control_map(PHOTO, "contour", 90, 128).tobytes() == content.contour(resized, network, 90).tobytes()
    assert job.threshold == 90


def test_content_strength_0_is_text_driven(shared, painted, monkeypatch):
    loaded = spy(monkeypatch)
    square = Image.new("RGB", (128, 128), "white")
    result = shared.finish(image(content=square, content_strength=0))
    assert result.images[0].tobytes() == painted["text"].images[0].tobytes()
    assert result.control is None and "controlnet" not in loaded


@pytest.mark.parametrize("model", ["styleshot", "small"])
def test_a_followed_sketch_is_the_content_picture(shared, model):
    job = text(model=model, follow_sketch=True, count=2, seed=6, guidance_scale=3.0, steps=1)
    steps = list(shared.run(job))
    result, plain = steps.pop().result, shared.finish(replace(job, follow_sketch=False, count=1))
    shown = [step.preview for step in steps if step.message.key == "sketched"]
    scene = understood("a castle")
    assert [sketch.tobytes() for sketch in shown] == [draw(scene, (256, 256), 6 + n).picture.tobytes() for n in (0, 1)]
    assert result.control.size == (256, 128) and result.plan.scene == scene
    first, second = (made.tobytes() for made in result.images)
    assert first != plain.images[0].tobytes()
    same = image(model=model, content=shown[1], seed=7, guidance_scale=3.0, threshold=ImageJob.threshold, steps=1)
    assert shared.finish(same).images[0].tobytes() == second

    # A record makes it again.
    made_by = result.plan.record(1, result.models)
    assert made_by.settings["follow_sketch"] is True and "castle" in made_by.settings["scene"]
    restored = provenance.restore(made_by)
    assert restored.dropped == ()
    again = shared.finish(TextJob([RED], **restored.settings))
    assert [picture.tobytes() for picture in again.images] == [second]


def test_a_followed_sketch_needs_what_a_content_picture_needs(models, shared, tmp_path):
    plain, following = (shared.plan(text(follow_sketch=follow)) for follow in (False, True))
    assert set(following.files) == {*plain.files, "hed"} == set(shared.plan(image()).files)
    assert following.memory > plain.memory and following.size == (128, 128)
    # Without the detector nothing else takes StyleShot's place: it is said what to fetch.
    folder = copy(models, tmp_path / "models", ("ControlNetHED.pth",))
    studio = fresh(folder)
    assert studio.plan(text()).model == "styleshot"
    assert [state.model.name for state in studio.choose(text(follow_sketch=True)).missing] == ["hed"]
    with pytest.raises(Problem) as caught:
        studio.plan(text(follow_sketch=True))
    assert caught.value.key == "styleshot_missing"


def test_a_sketch_of_nothing_is_not_followed(shared):
    for prompt, key in (("", "nothing_to_draw"), ("qxq", "no_sketch")):
        with pytest.raises(Problem) as caught:
            shared.plan(text(prompt=prompt, follow_sketch=True))
        assert caught.value.key == key
        assert shared.plan(text(prompt=prompt)).scene is None
    notes = shared.plan(text(prompt="a castle and a qxq", follow_sketch=True)).remarks
    assert "Not in the sketch: qxq" in map(str, notes)


def test_the_composer_follows_its_sketch_anyway(shared):
    plan = shared.plan(text(model="composer", follow_sketch=True, size=256))
    assert plan.model == "composer" and "follow_sketch" not in plan.settings()
    assert plan.settings() == shared.plan(text(model="composer", size=256)).settings()


def test_style_and_its_strength_matter(shared):
    images = {
        name: shared.finish(text(steps=1, **fields)).images[0]
        for name, fields in {
            "red": {},
            "blue": {"styles": [BLUE]},
            "mixed": {"styles": [(RED, 1), (BLUE, 1)]},
            "weak": {"style_strength": 0.5},
            "none": {"style_strength": 0},
            "other words": {"prompt": "a horse", "negative_prompt": ""},
        }.items()
    }
    assert len({picture.tobytes() for picture in images.values()}) == len(images)


def test_transparent_pictures_are_on_white_paper(shared):
    clear = Image.new("RGBA", (96, 96), (10, 20, 200, 0))
    white = Image.new("RGB", (96, 96), "white")
    one, other = (
        shared.finish(image(content=picture, styles=[picture], steps=1)).images[0] for picture in (clear, white)
    )
    assert one.mode == "RGB" and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("name", jobs.SCHEDULERS)
def test_every_scheduler(shared, models, name):
    result = shared.finish(text(scheduler=name))
    assert np.asarray(result.images[0]).std() > 1
    made = schedulers.scheduler(name, models / tiny_models.BASE / "scheduler")
    assert (made.config.beta_start, made.config.steps_offset) == (0.00085, 1)
    if name == "dpm++":
        assert made.config.use_karras_sigmas and made.config.algorithm_type == "dpmsolver++"


@pytest.mark.parametrize("guidance", [0, 1, 30])
def test_any_guidance(shared, guidance):
    assert shared.finish(text(guidance_scale=guidance, steps=1)).images


def test_long_prompts_are_read_and_what_is_not_is_told(shared):
    """The tiny tokenizer makes a token of nearly every letter: what is not read begins after 600 of them."""
    notes = shared.finish(text(prompt="castle " * 20, negative_prompt="castle " * 20, steps=1)).notes
    assert not [note for note in notes if "cut" in note.key]
    words = "castle " * 140
    notes = shared.finish(text(prompt=words, negative_prompt=words, steps=1)).notes
    for key in ("prompt_cut", "negative_prompt_cut"):
        rest = next(note for note in notes if note.key == key).values["rest"].replace(" ", "")
        assert 0 < len(rest) <= 81 and rest.endswith("…") and rest[:-1] in words.replace(" ", "")
    notes = shared.finish(text(negative_prompt="grey", guidance_scale=1, steps=1)).notes
    assert "negative_prompt_unused" in [note.key for note in notes]


def test_the_small_model_reads_one_chunk_and_tells_of_the_rest(shared):
    job = text(model="small", prompt="(red:1.4) apple " * 20, negative_prompt="blue " * 60, steps=1)
    found = {note.key: note.values for note in shared.finish(job).notes}
    assert found["prompt_cut"]["rest"].startswith("red apple red apple")
    assert found["negative_prompt_cut"]["rest"].startswith("blue")
    assert "words_unknown" not in found


def test_a_grid_of_strengths_is_of_one_seed(shared):
    job = text(count=3, seed=5, steps=1)
    whole = Grid(job, columns=Axis("style_strength", usual(TextJob, "style_strength", {})))
    images = [event.result.images[0] for event in paint(shared, whole) if isinstance(event, CellDone)]
    assert whole.columns.values == (0.0, 0.5, 1.0, 1.5, 2.0) and len({image.tobytes() for image in images}) == 5
    assert images[2].tobytes() == shared.finish(job.single(0)).images[0].tobytes()


def test_previews_by_taesd(models, tmp_path):
    folder = copy(models, tmp_path / "models")
    tiny_models.write_taesd(folder / tiny_models.TAESD)
    studio = fresh(folder)
    steps = [event for event in studio.run(text()) if isinstance(event, Step)]
    assert [step.preview.size for step in steps if step.preview]
    assert "TAESD" in [model.name for model in studio.cache.loaded()]


# Where weights lie


@pytest.mark.parametrize("tier", ["offload", "minimal"])
@pytest.mark.parametrize("make", [text, image])
def test_every_placement_makes_the_same_picture(models, shared, painted, tier, make):
    studio = fresh(models, placement=tier)
    result = studio.finish(make())
    assert result.images[0].tobytes() == painted[make.__name__].images[0].tobytes()
    assert result.notes[1].key == f"placement_{tier}"
    # At rest the large parts are in half precision.
    sizes = {model.name: model.bytes for model in studio.cache.loaded()}
    whole = {model.name: model.bytes for model in shared.cache.loaded()}
    assert sizes["Stable Diffusion UNet"] < 0.7 * whole["Stable Diffusion UNet"]


def test_tiles(models, monkeypatch):
    monkeypatch.setattr(placement, "TILE", 64)
    tiled = []
    monkeypatch.setattr(AutoencoderKL, "enable_tiling", lambda self: tiled.append(self))
    assert fresh(models, placement="minimal").finish(text(steps=1)).images and tiled


def test_the_encoder_does_not_stay_where_memory_is_scarce(shared):
    shared.finish(text(steps=1))
    names = [model.name for model in shared.cache.loaded()]
    assert "Style encoder" not in names and "Stable Diffusion UNet" in names


def test_parts_are_shared_by_all_jobs(models, monkeypatch):
    studio, loaded = fresh(models), spy(monkeypatch)
    for job in (text(steps=1), image(steps=1), image(steps=1, preprocessor="lineart")):
        studio.finish(job)
    once = {part: loaded.count(part) for part in ("unet", "vae", "text_encoder", "adapter")}
    assert once == dict.fromkeys(once, 1)
    assert loaded.count("controlnet") == 2
    # One ControlNet at a time, on a CPU.
    assert [model.name for model in studio.cache.loaded()].count("Content fusion") == 1


def test_equal_checkpoints_are_loaded_and_stored_once(models, tmp_path, monkeypatch, own_cache):
    folder = copy(models, tmp_path / "models", without=("StyleShot_lineart",))
    shutil.copytree(folder / "Gaojunyao/StyleShot", folder / "Gaojunyao/StyleShot_lineart")
    studio, loaded = fresh(folder), spy(monkeypatch)
    one = studio.finish(image(steps=1))
    other = studio.finish(image(steps=1, preprocessor="lineart"))
    assert loaded.count("controlnet") == 1 and one.control.tobytes() != other.control.tobytes()
    assert len(list(own_cache.glob("*/parts.json"))) == 1


def test_weights_come_in_the_right_precision(models):
    found = [each for each in files.locate(Settings(models=models), "styleshot", "contour")][-1]
    here = placement.Placement("resident", "cpu", "float32")
    unet, encoder = (files.load(part, found, here) for part in ("unet", "style_encoder"))
    assert {parameter.dtype for parameter in unet.parameters()} == {torch.float32}
    assert encoder.cnn[0].adapter.weight.dtype == torch.float16
    assert bytes_of(unet) == 4 * found.numbers()["unet"]
    assert not any(parameter.requires_grad for parameter in unet.parameters()) and not unet.training


# Stopping, and running out of memory


def test_closing_stops_and_gives_everything_back(models):
    studio, seen = fresh(models), []
    for after in ("loading", "encoding", "iterating", "decoding"):
        calls, hooks = [], []
        with contextlib.closing(studio.run(text(steps=9))) as events:
            seen += [next(event.message.key for event in events if event.message.key == after)]
            for module in (entry.value for entry in studio.cache._entries.values()):
                if hasattr(module, "register_forward_pre_hook"):
                    hooks.append(module.register_forward_pre_hook(lambda *_, calls=calls: calls.append(1)))
        assert calls == [] and in_use(studio) == []
        for hook in hooks:
            hook.remove()
    assert seen == ["loading", "encoding", "iterating", "decoding"]
    assert studio.finish(text(steps=1)).images
    unet = next(entry.value for entry in studio.cache._entries.values() if entry.name == "Stable Diffusion UNet")
    with contextlib.closing(studio.run(text())) as events:
        next(event for event in events if event.message.key == "iterating")
    assert not any("IPAdapter" in type(processor).__name__ for processor in unet.attn_processors.values())


@pytest.fixture
def failing(monkeypatch):
    """`failing(n)`: the first n runs of the pipeline run out of memory."""
    iterate, left = StyleShotPipeline.iterate, [0]

    def broken(self, *args, **options):
        if left[0]:
            left[0] -= 1
            raise torch.OutOfMemoryError("CUDA out of memory")
        return (yield from iterate(self, *args, **options))

    monkeypatch.setattr(StyleShotPipeline, "iterate", broken)
    return lambda times: left.__setitem__(0, times)


def test_out_of_memory_is_tried_again_one_tier_lower(models, painted, failing):
    failing(1)
    studio = fresh(models)
    result = studio.finish(text())
    assert [note.key for note in result.notes] == ["model_styleshot", "placement_lowered", "placement_minimal"]
    assert result.images[0].tobytes() == painted["text"].images[0].tobytes()


def test_out_of_memory_twice_says_what_would_fit(models, failing):
    failing(2)
    studio = fresh(models)
    with pytest.raises(Problem) as caught:
        studio.finish(text(size=1024))
    assert caught.value.key == "out_of_memory" and 128 <= caught.value.values["size"] <= 1024
    assert studio.cache.loaded() == []


def test_too_large_a_job_is_refused_before_it_begins(models, monkeypatch):
    studio = fresh(models)
    monkeypatch.setattr(studio.cache, "free_bytes", lambda device: 300 * 10**6)
    with pytest.raises(Problem) as caught:
        list(studio.run(image(size=1024)))
    fitting = caught.value.values["size"]
    assert caught.value.key == "out_of_memory" and 128 <= fitting < 1024
    assert studio.finish(image(size=128, steps=1)).images

    monkeypatch.setattr(studio.cache, "free_bytes", lambda device: 6 * 10**9)
    tight = studio.planner.plan(image(), lower=True).fitting
    assert studio.plan(text()).fitting >= studio.plan(image()).fitting > tight


# Files


def test_nothing_on_disk_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "ASSETS", tmp_path)  # nor the built-in model
    studio = fresh(tmp_path)
    for kind, names, gigabytes in (
        ("text", {"sd15", "styleshot"}, 8.9),
        ("image", {"sd15", "styleshot", "hed"}, 8.9),
    ):
        choice = studio.ready(kind)
        assert choice.model is None and {state.model.name for state in choice.missing} == names
        assert choice.bytes / 1e9 == pytest.approx(gigabytes, abs=0.1)
    assert {state.model.name for state in studio.ready("image", "both").missing} == {
        "sd15",
        "styleshot",
        "hed",
        "styleshot-lineart",
        "lineart",
    }
    for model in ("auto", "styleshot"):
        with pytest.raises(Problem) as caught:
            studio.finish(text(model=model))
        assert caught.value.key == "styleshot_missing"
        assert "8.92 GB" in caught.value.what and "Stable Diffusion 1.5" in caught.value.what
    with pytest.raises(Problem) as caught:
        studio.finish(text(model="small"))
    assert caught.value.key == "weights_missing"
    with pytest.raises(Problem) as caught:
        studio.control_map(PHOTO)
    assert caught.value.key == "weights_missing"


def test_choose_tells_what_auto_would_take(shared):
    assert shared.choose(text()).model == "styleshot" and str(shared.choose(image()).why).startswith("Model: StyleShot")


def test_text_needs_either_checkpoint(models, tmp_path):
    folder = copy(models, tmp_path / "models", without=("StyleShot",))
    studio = fresh(folder)
    assert studio.ready("text").model == "styleshot" and studio.ready("image", model="styleshot").model is None
    assert studio.finish(text(steps=1)).models.keys() == {"sd15", "styleshot-lineart"}


def test_conversion_happens_once(models, tmp_path, monkeypatch, own_cache):
    folder = copy(models, tmp_path / "models")
    calls, converting = [], checkpoints.converting
    monkeypatch.setattr(checkpoints, "converting", lambda *args: (calls.append(args[0].name), converting(*args))[1])
    first = [event.message.key for event in fresh(folder).run(text(steps=1)) if isinstance(event, Step)]
    assert first[0] == "converting" and calls == ["ip.bin"]
    list(files.locate(fresh(folder).settings, "styleshot", "contour"))
    assert calls == ["ip.bin"]
    list(files.locate(fresh(folder).settings, "styleshot", "lineart"))
    assert calls == ["ip.bin", "ip.bin"]
    encoders = list(own_cache.glob("*/style_encoder/*.safetensors"))
    assert len(encoders) == 2 and os.path.samefile(*encoders), "equal weights take room once"
    assert not [path for path in own_cache.iterdir() if path.name.startswith(".part")]
    assert not (folder / files.CONVERTED).exists(), "what is ours lies in a folder of ours"


def test_a_conversion_that_fails_leaves_nothing(models, tmp_path, monkeypatch, own_cache):
    folder = copy(models, tmp_path / "models")

    def fail(ip, encoder, to, config):
        (to / "style_encoder").mkdir()
        yield 0.5
        raise Problem("cannot_write")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "converting", fail)
        with pytest.raises(Problem) as caught:
            fresh(folder).finish(text())
    assert caught.value.key == "cannot_write"
    assert not [path for path in own_cache.iterdir() if path.is_dir()]
    assert fresh(folder).finish(text(steps=1)).images


def test_a_full_disk_is_told_before_converting(models, tmp_path, monkeypatch, own_cache):
    folder = copy(models, tmp_path / "models")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(Problem) as caught:
        fresh(folder).finish(text())
    assert caught.value.key == "disk_too_small"


def test_where_the_home_cannot_be_written_to_the_folder_with_models_serves(models, tmp_path, monkeypatch):
    folder = copy(models, tmp_path / "models")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/1/nowhere")
    assert fresh(folder).finish(text(steps=1)).images
    assert list((folder / files.CONVERTED).glob("*/parts.json"))
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "converting", None)  # is not called again
        assert list(files.locate(fresh(folder).settings, "styleshot", "contour"))


def test_where_nothing_can_be_written_the_problem_says_so(models, tmp_path, monkeypatch):
    folder = copy(models, tmp_path / "models")
    (folder / files.CONVERTED).write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/1/nowhere")
    with pytest.raises(Problem) as caught:
        fresh(folder).finish(text(steps=1))
    assert caught.value.key == "models_folder_locked"


def rewrite(path, **changes):
    """Another file in the place of a linked one."""
    state = torch.load(path, weights_only=True) | changes
    path.unlink()
    torch.save({name: value for name, value in state.items() if value is not None}, path)


def test_files_that_are_not_what_they_should_be(models, tmp_path, own_cache):
    folder = copy(models, tmp_path / "models")
    ip = folder / "Gaojunyao/StyleShot" / files.IP
    rewrite(ip, **{"controlnet.conv_in.weight": torch.zeros(3)})
    with pytest.raises(Problem) as caught:
        fresh(folder).finish(text())
    assert caught.value.key == "checkpoint_key_shape" and "controlnet.conv_in.weight" in caught.value.what

    data = ip.read_bytes()
    ip.write_bytes(data[: len(data) // 2])
    studio = fresh(folder)
    assert studio.ready("text").model == "styleshot", "the other checkpoint serves"
    with pytest.raises(Problem) as caught:
        studio.finish(image(model="styleshot"))
    assert caught.value.key == "weights_broken"


def test_a_base_model_of_another_kind(models, tmp_path):
    folder = copy(models, tmp_path / "models")
    config = folder / tiny_models.BASE / "vae/config.json"
    changed = json.loads(config.read_text()) | {"block_out_channels": [16, 16, 16, 16]}
    config.unlink()
    config.write_text(json.dumps(changed))
    with pytest.raises(Problem) as caught:
        fresh(folder).finish(text())
    assert caught.value.key == "weights_broken" and str(tmp_path) not in str(caught.value)


def test_a_checkpoint_without_content_fusion(models, tmp_path, own_cache):
    folder = copy(models, tmp_path / "models")
    ip = folder / "Gaojunyao/StyleShot" / files.IP
    keys = [name for name in torch.load(ip, weights_only=True) if name.startswith("controlnet.")]
    rewrite(ip, **dict.fromkeys(keys))
    studio = fresh(folder)
    assert studio.finish(text(steps=1)).images
    with pytest.raises(Problem) as caught:
        studio.finish(image())
    assert caught.value.key == "no_content_fusion"


def test_the_small_model_steps_in_and_says_so(models, tmp_path):
    nothing = fresh(tmp_path / "empty")
    choice = nothing.ready("image")
    assert choice.model == "painter" and choice.missing, "a person may still want to know what the large one costs"
    assert nothing.ready("image", model="small").model == "small"
    result = nothing.finish(text(model="small"))
    assert result.settings["model"] == "small" and result.notes[0].key == "model_small"
    assert result.models.keys() == {"styleshot-small"}
    both = fresh(models)
    assert both.choose(text()).model == "styleshot"
    asked = both.finish(text(model="small"))
    assert asked.images[0].tobytes() == result.images[0].tobytes() and asked.settings["model"] == "small"


# The live map


def test_another_threshold_needs_no_second_pass(models, monkeypatch):
    studio, passes, edges = fresh(models), [], content.edges
    monkeypatch.setattr(content, "edges", lambda *args: (passes.append(1), edges(*args))[1])
    maps = [studio.control_map(PHOTO, "contour", threshold, 128) for threshold in (60, 100, 160, 255)]
    assert len(passes) == 1
    white = [int((np.asarray(each) == 255).all(-1).sum()) for each in maps]
    assert white == sorted(white, reverse=True) and white[0] > white[-1] == 0
    studio.control_map(BLUE, "contour", 60, 128)
    assert len(passes) == 2


def test_the_map_is_that_of_the_model_that_is_asked_for(models):
    studio = fresh(models)
    published, small = (studio.control_map(PHOTO, "contour", 128, 128, model) for model in ("styleshot", "small"))
    assert published.tobytes() == studio.control_map(PHOTO, "contour", 128, 128).tobytes() != small.tobytes()


def test_the_map_waits_for_no_run_and_checks_what_it_is_given(shared):
    with contextlib.closing(shared.run(text())) as events:
        next(events)
        began = time.monotonic()
        assert shared.control_map(PHOTO, "both", THRESHOLD, 128).size == (320, 128)
        assert time.monotonic() - began < 60
    for fields in ({"threshold": 256}, {"preprocessor": "depth"}, {"size": 10**6}):
        with pytest.raises(Problem):
            shared.control_map(PHOTO, **fields)
    with pytest.raises(Problem) as caught:
        shared.control_map(None)
    assert caught.value.key == "content_needed"
