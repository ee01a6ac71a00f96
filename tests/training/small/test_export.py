"""What is exported opens in the studio, paints, and can be trained further."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from training.small.made import SIZES, recipe

from styleshot_demo import ImageJob, Settings, Studio, TextJob
from styleshot_demo.models import catalogue, hub
from styleshot_demo.runners import small
from styleshot_demo.small.pipeline import SmallStyleShotPipeline
from styleshot_demo.small.prior import LatentPrior
from styleshot_demo.training.core.checkpoint import latest
from styleshot_demo.training.small import decoder, export, phases

STYLE = Image.linear_gradient("L").resize((200, 160)).convert("RGB")


@pytest.fixture(scope="module")
def trained(packed, joined, tmp_path_factory) -> Path:
    run = Path(shutil.copytree(joined, tmp_path_factory.mktemp("trained") / "run"))
    phases.content(packed, None, run, recipe(steps=2), device="cpu", precision="fp32")
    recipe_ = decoder.AutoencoderRecipe(steps=3, batch=2, size=64)
    decoder.train_decoder(packed, run, None, recipe_, "cpu", "fp32")
    return run


@pytest.fixture(scope="module")
def exported(trained) -> Path:
    to = trained / "weights" / "styleshot-small"
    export.export(trained, to, SIZES)
    return to


@pytest.fixture
def studio(exported, tmp_path, monkeypatch) -> Studio:
    """A studio whose built-in small model is the one just trained."""
    model = catalogue.MODELS["styleshot-small"]
    files = [f"weights/styleshot-small/{path.relative_to(exported)}" for path in exported.rglob("*") if path.is_file()]
    small = dataclasses.replace(model, files=catalogue._built_in(*sorted(files, key=lambda name: name.count("/"))))
    monkeypatch.setitem(catalogue.MODELS, "styleshot-small", small)
    monkeypatch.setattr(hub, "ASSETS", exported.parents[1])
    return Studio(Settings(models=tmp_path, device="cpu", offline=True))


def test_files_are_small_half_precision_and_tell_their_training(exported):
    assert all(path.stat().st_size < 10_000_000 for path in exported.rglob("*") if path.is_file())
    for name, part in export.read(exported).items():
        state = latest(exported.parents[1] / "content")["average"][name]
        for key, value in part.items():
            assert torch.equal(value, state[key].half().float()), key
    told = json.loads((exported / export.ABOUT).read_text())
    assert told["phases"]["joint"]["steps"] == 2
    assert told["phases"]["content"]["settings"]["seed"] == 0
    assert told["parameters"]["unet"] > 0 and told["parameters"]["prior"] > 0
    assert 0 < told["prior"]["told"] <= told["prior"]["kept"] <= 1
    assert "/" not in json.dumps(told).replace("\\/", "").replace("and/or", "")


def test_the_pipeline_opens_the_folder(exported):
    pipeline = SmallStyleShotPipeline.from_pretrained(exported)
    assert isinstance(pipeline.prior, LatentPrior)
    pipeline.set_progress_bar_config(disable=True)
    image = pipeline("red circle", STYLE, num_inference_steps=2, height=128, width=128, negative_prompt="").images[0]
    assert image.size == (128, 128)


def test_auto_falls_back_to_it_and_says_so(studio):
    choice = studio.ready("image")
    assert choice.model == "small" and str(choice.why) == "Model: the small built-in StyleShot"
    result = studio.finish(TextJob(styles=[STYLE], prompt="a red circle", model="small", steps=2, size=128))
    assert result.settings["model"] == "small"
    assert "styleshot-small" in result.models
    assert "Model: the small built-in StyleShot" in map(str, result.notes)


def test_the_same_job_is_the_same_picture_and_a_stored_one_too(studio):
    job = TextJob(styles=[STYLE], prompt="green square", model="small", steps=2, seed=4)
    first, again = studio.finish(job), studio.finish(job)
    assert first.images[0].tobytes() == again.images[0].tobytes()
    assert first.images[0].size == (256, 256) and first.settings["size"] == 256
    # What the result says of itself makes it anew.
    fields = {name: first.settings[name] for name in ("prompt", "steps", "seed", "size", "guidance_scale")}
    other = studio.finish(TextJob(styles=[STYLE], model="small", negative_prompt="", **fields))
    assert other.images[0].tobytes() == first.images[0].tobytes()
    assert studio.finish(dataclasses.replace(job, seed=5)).images[0].tobytes() != first.images[0].tobytes()


def test_words_that_it_does_not_know_get_a_gentle_remark(studio):
    def remarks(prompt: str) -> list[str]:
        job = TextJob(styles=[STYLE], prompt=prompt, model="small", steps=1, size=128)
        return [note.values["words"] for note in studio.finish(job).notes if note.key == "words_unknown"]

    assert remarks("a picture of red circles") == []
    assert remarks("red quokka, Zebra! red quokka") == ["quokka, zebra"]


def test_a_content_picture_is_followed_without_any_detector(studio):
    content = Image.new("RGB", (300, 200), "white")
    content.paste("navy", (80, 40, 220, 160))
    job = ImageJob(content=content, styles=[STYLE], model="small", steps=2, size=512, preprocessor="lineart")
    result = studio.finish(job)
    assert result.images[0].size == result.control.size == (384, 256)
    assert [note.key for note in result.notes if note.key.startswith("small")] == ["small_size", "small_contour"]
    lines = result.control.convert("L").point(lambda level: level > 0 and 255)
    left, top, right, bottom = lines.getbbox()
    assert abs(left - 80 * 1.28) < 8 and abs(bottom - 160 * 1.28) < 8
    preview = studio.control_map(content, "contour", job.threshold, 512)
    assert preview.tobytes() == result.control.tobytes()


def test_denoising_begins_with_what_words_foretell(studio, monkeypatch):
    job = TextJob(styles=[STYLE], prompt="red circle", model="small", steps=10, seed=4)
    first = studio.finish(job).images[0]
    unaided = dataclasses.replace(small.SAMPLING_GUIDANCE["text"], prior_share=0.0)
    monkeypatch.setitem(small.SAMPLING_GUIDANCE, "text", unaided)
    assert studio.finish(job).images[0].tobytes() != first.tobytes()


def test_previews_show_the_picture_coming(studio):
    job = TextJob(styles=[STYLE], prompt="red circle", model="small", steps=3, size=128)
    previews = [event.preview for event in studio.run(job) if getattr(event, "preview", None) is not None]
    assert previews and all(image.size == (128, 128) for image in previews)


def test_training_goes_on_from_what_was_exported(exported, packed, fitted, tmp_path):
    run = Path(shutil.copytree(fitted, tmp_path / "further"))
    state = phases.joint(packed, None, run, recipe(steps=1, rate=0.0), device="cpu", precision="fp32", start=exported)
    wanted = export.read(exported)["unet"]["conv_in.weight"]
    assert torch.allclose(state["model"]["unet"]["conv_in.weight"], wanted)
    state = phases.content(packed, None, run, recipe(steps=1, rate=0.0), device="cpu", precision="fp32", start=exported)
    wanted = export.read(exported)["controlnet"]["conv_in.weight"]
    assert torch.allclose(state["model"]["controlnet"]["conv_in.weight"], wanted)


def test_the_decoder_of_a_run_is_its_last_checkpoint(trained):
    assert decoder.current(trained).decoder[-1].weight.abs().sum() > 0
