"""The result of a training in the published layout and in the app's own, opened as the app opens any StyleShot."""

import shutil

import numpy as np
import pytest
import torch
from styleshot import tiny

from styleshot_demo import ImageJob, Settings, Studio, TextJob
from styleshot_demo.errors import Problem
from styleshot_demo.runners import weights as files
from styleshot_demo.training.stages import export, parts
from styleshot_demo.training.stages.content import content_stage
from styleshot_demo.training.stages.teach import teach_stage

STYLE, PHOTO = tiny.picture((220, 40, 30)), tiny.picture((60, 160, 90), (150, 120))


def pixels(models, job):
    result = Studio(Settings(models=models, device="cpu", offline=True)).finish(job)
    return np.asarray(result.images[0]).astype(int)


def text():
    return TextJob(styles=[STYLE], prompt="a castle", size=128, steps=2)


def written(result, models, preprocessor="contour"):
    settings = Settings(models=models, device="cpu")
    base = parts.base_folder(settings)
    return export.write(result.state, result.base.unet, result.styleshot, result.out, base, settings, preprocessor)


def test_both_layouts_open_in_the_app(workshop, drawn, models):
    result = workshop(make=content_stage, data=drawn, rate=1e-2)
    folder = written(result, models)
    published = folder / "Gaojunyao/StyleShot/pretrained_weight"
    state = torch.load(published / "ip.bin", weights_only=True)
    known = tiny.components()
    assert state.keys() == tiny.ip_state(known).keys()
    encoder = torch.load(published / "style_aware_encoder.bin", weights_only=True)
    assert encoder.keys() == tiny.encoder_state(known).keys()
    assert all(value.dtype == torch.float32 for value in (*state.values(), *encoder.values()))

    converted = folder / files.CONVERTED
    assert sorted(path.name for path in converted.glob("*/*")) == [
        "adapter",
        "controlnet",
        "parts.json",
        "style_encoder",
    ]
    job = ImageJob(content=PHOTO, styles=[STYLE], prompt="a castle", size=128, steps=2, threshold=128)
    own = pixels(folder, job)
    shutil.rmtree(converted)  # now from the published layout
    assert np.array_equal(pixels(folder, job), own)
    assert not np.array_equal(pixels(models, job), own)


def test_what_was_taught_opens_in_the_app_and_keeps_content_fusion(workshop, models):
    result = workshop(make=lambda base, own: teach_stage(base, own, "lora", rank=4), rate=1e-1)
    folder = written(result, models)
    assert not np.array_equal(pixels(folder, text()), pixels(models, text()))
    state = torch.load(folder / "Gaojunyao/StyleShot/pretrained_weight/ip.bin", weights_only=True)
    before = result.before["controlnet.conv_in.weight"]
    assert torch.equal(state["controlnet.conv_in.weight"], before)


def test_a_result_is_a_start(workshop, models):
    result = workshop(steps=1)
    written(result, models)
    unet = parts.load_base(parts.base_folder(Settings(models=models))).unet
    for folder in (result.out, result.out / "models/Gaojunyao/StyleShot"):
        again = parts.load_styleshot(parts.styleshot_folder(Settings(), folder), unet)
        trained = result.styleshot.style_encoder.state_dict()
        assert all(torch.equal(value, trained[name]) for name, value in again.style_encoder.state_dict().items())
    converted = next((result.out / "models" / files.CONVERTED).glob("*/adapter")).parent
    assert parts.load_styleshot(parts.styleshot_folder(Settings(), converted), unet).controlnet is not None


def test_lineart_has_a_place_of_its_own(workshop, models, drawn):
    folder = written(workshop(make=content_stage, data=drawn, steps=1), models, "lineart")
    assert (folder / "Gaojunyao/StyleShot_lineart/pretrained_weight/ip.bin").is_file()


def test_folders_that_hold_no_model(tmp_path):
    with pytest.raises(Problem, match="no StyleShot"):
        parts.styleshot_folder(Settings(), tmp_path)
    with pytest.raises(Problem, match="no Stable Diffusion"):
        parts.base_folder(Settings(), tmp_path)
