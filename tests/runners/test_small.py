"""What the small model asks for: its own size and defaults, its own lines, gentle words about words."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from styleshot_demo import ImageJob, Settings, Studio, TextJob, job_defaults
from styleshot_demo.generators import finished
from styleshot_demo.models import hub
from styleshot_demo.runners import small
from styleshot_demo.runners.computed_tokens import style_statistics
from styleshot_demo.runners.schedulers import scheduler
from styleshot_demo.small.autoencoder import PatchAutoencoder

STYLE = Image.new("RGB", (64, 64), "teal")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / small.WORDS).write_text(json.dumps(["a", "red", "apple", "cat", "face"]))
    return tmp_path


def adapt_job(job, folder):
    """As the plan asks for it: with every default filled in."""
    return small.adapt_job(job_defaults.filled_in(job, "small"), folder)


def test_defaults_of_the_published_model_are_replaced_by_its_own(folder):
    asked = job_defaults.filled_in(TextJob(styles=[STYLE], prompt="a red apple"), "small")
    job, notes = small.adapt_job(asked, folder)
    assert (job.size, job.guidance_scale, job.negative_prompt, job.prompt) == (256, 5.0, "", "a red apple")
    assert notes == []
    for guidance in (7.0, 7.5):  # no value means "not chosen" but None
        kept = job_defaults.filled_in(TextJob(styles=[STYLE], prompt="", guidance_scale=guidance), "small")
        assert small.adapt_job(kept, folder)[0].guidance_scale == guidance


def test_what_a_person_chose_is_kept(folder):
    asked = TextJob(styles=[STYLE], prompt="red", size=208, guidance_scale=5, negative_prompt="cat", steps=11, seed=3)
    job, notes = small.adapt_job(asked, folder)
    assert job == asked and notes == []


def test_a_suited_job_stays_as_it_is(folder):
    asked = ImageJob(content=STYLE, styles=[STYLE], prompt="cat", size=500, preprocessor="both")
    job, notes = adapt_job(asked, folder)
    assert (job.size, job.preprocessor) == (256, "contour")
    assert {note.key for note in notes} == {"small_size", "small_contour"}
    assert small.adapt_job(job, folder) == (job, [])


@pytest.mark.parametrize("size, expected", [(128, 128), (136, 128), (200, 192), (1024, 256)])
def test_sizes_are_multiples_of_a_latent(folder, size, expected):
    assert adapt_job(TextJob(styles=[STYLE], prompt="", size=size), folder)[0].size == expected


def test_unknown_words_are_told_once_in_their_order(folder):
    assert small.unknown_words("A red-apple, and two Zebras; cats' faces. zebras", folder) == ["and", "two", "zebras"]
    assert small.unknown_words("", folder) == []
    assert small.unknown_words("🍎", folder) == ["🍎"]
    assert small.unknown_words("🍎, zebra? 🍎!", folder) == ["🍎", "zebra"]


def test_symbols_and_words_of_every_script_are_told_too(folder):
    found = small.unknown_words("red 🍎🍌 👩‍🚀, 👍🏽 🇩🇪🇫🇷 1️⃣ ❤️ 5€ हिन्दी 山", folder)
    assert found == ["🍎", "🍌", "👩‍🚀", "👍🏽", "🇩🇪", "🇫🇷", "1️⃣", "❤️", "5", "€", "हिन्दी", "山"]


def test_emphasis_is_no_word(folder):
    assert small.unknown_words(r"(red:1.4) [apple] ((cat)) (zebra:0.5) \(face\) :)", folder) == ["zebra"]


def test_words_of_the_negative_prompt_are_told_where_it_is_read(folder):
    def told(**fields):
        notes = adapt_job(TextJob(styles=[STYLE], prompt="red 🍎", size=128, **fields), folder)[1]
        return [note.values["words"] for note in notes if note.key == "words_unknown"]

    assert told() == ["🍎"], "its own default is empty"
    assert told(negative_prompt="blurry cat") == ["🍎, blurry"]
    assert told(negative_prompt="blurry cat", guidance_scale=1.0) == ["🍎"]
    assert told(negative_prompt="one two three four five six") == ["🍎, one, two, three, four, five, …"]


def test_without_a_list_of_words_nothing_is_remarked(tmp_path):
    assert small.unknown_words("zebra", tmp_path) == []


def test_a_higher_threshold_keeps_fewer_lines():
    picture = Image.linear_gradient("L").resize((160, 128)).convert("RGB")
    picture.paste("orange", (40, 30, 120, 100))
    counts = [sum(small.lines(picture, level).convert("L").histogram()[1:]) for level in (0, 200, 255)]
    assert counts[0] >= counts[1] >= counts[2]
    assert counts[1] > 100
    assert small.lines(picture, 200).size == picture.size


def test_its_schedule_does_without_karras_levels(tmp_path):
    config = {"num_train_timesteps": 1000, "beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction"}
    (tmp_path / "scheduler_config.json").write_text(json.dumps(config | {"rescale_betas_zero_snr": True}))
    own = scheduler("dpm++", tmp_path)
    own.set_timesteps(20)
    assert not own.config.use_karras_sigmas and own.config.prediction_type == "v_prediction"
    (tmp_path / "scheduler_config.json").write_text(json.dumps(config))
    assert scheduler("dpm++", tmp_path).config.use_karras_sigmas


def test_the_committed_model_is_found_and_complete():
    found = hub.find("styleshot-small", Settings())
    assert found.here
    assert found.bytes < 45_000_000
    assert max(path.stat().st_size for path in found.files.values()) < 10_000_000
    on_disk = {path.name for path in found.folder.joinpath("weights/styleshot-small").rglob("*") if path.is_file()}
    assert on_disk == {path.name for path in found.files.values()}
    told = json.loads((found.folder / "weights/styleshot-small/training.json").read_text())
    assert sum(told["parameters"].values()) < 22_500_000
    assert told["held_out"]["set"] == "emojitwo"


def test_a_style_draws_the_colours_of_the_result_by_its_strength():
    """The committed model: with strength the mean colour comes nearer to the style's."""
    studio = Studio(Settings(provenance=False))
    wanted = np.array([20, 140, 140])
    style = Image.effect_noise((128, 128), 40).convert("L")
    style = Image.composite(Image.new("RGB", style.size, tuple(wanted)), Image.new("RGB", style.size, "black"), style)

    def gap(strength: float) -> float:
        job = TextJob([style], "red apple", model="small", steps=10, style_strength=strength, seed=1)
        mean = np.asarray(studio.finish(job).images[0]).mean((0, 1))
        return float(np.abs(mean - np.asarray(style).mean((0, 1))).mean())

    assert gap(1.0) < 0.7 * gap(0.0)


def test_statistics_of_styles_are_mixed_by_their_weights():
    autoencoder = PatchAutoencoder(latent_channels=4, block_out_channels=[8, 8, 8, 8, 8]).eval()
    dark, light = Image.new("RGB", (70, 50), "black"), Image.new("RGB", (70, 50), "white")
    nothing: Any = (None, None)  # of what style files hold
    found = finished(style_statistics(*nothing, autoencoder, [(dark, 3.0), (light, 1.0)], 0.0))
    own = [small.latent_statistics(autoencoder, picture) for picture in (dark, light)]
    assert torch.allclose(found.mean, 0.75 * own[0].mean + 0.25 * own[1].mean, atol=1e-5)
    assert not torch.allclose(own[0].mean, own[1].mean)
