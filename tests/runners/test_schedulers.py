"""Every sampler with every count of steps, with both models' schedules: no pair fails inside the library."""

import inspect
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from styleshot_demo import ImageJob, TextJob
from styleshot_demo.jobs import SCHEDULERS
from styleshot_demo.runners import small
from styleshot_demo.runners.schedulers import KINDS, scheduler
from styleshot_demo.settings import ASSETS
from styleshot_demo.small.statistics import noise_level
from styleshot_demo.styleshot.schedule import prepare_timesteps

PICTURE = Image.new("RGB", (64, 64), "teal")
# That of stable-diffusion-v1-5.
PUBLISHED = {
    "_class_name": "PNDMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}
SHARE = small.SAMPLING_GUIDANCE["text"].prior_share


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    published = tmp_path_factory.mktemp("published")
    (published / "scheduler_config.json").write_text(json.dumps(PUBLISHED))
    return {"styleshot": published, "small": ASSETS / "weights/styleshot-small/scheduler"}


def walk(made, steps, start=0.0):
    """A run without networks, with what the pipelines ask of a scheduler; returns how many evaluations it took."""
    own, timesteps = prepare_timesteps(made, steps, "cpu", start)
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(1, 2, 1, 1, generator=generator)
    latents = own.add_noise(latents, latents.flip(1), timesteps[:1]) if start else latents * own.init_noise_sigma
    extra = {"generator": generator} if takes(own) else {}
    for timestep in timesteps:
        noisy = own.scale_model_input(latents, timestep)
        # Of the size that networks foretell: an error would grow without bounds in 150 steps of anything else.
        told = noisy / (1 + noisy.abs())
        latents = own.step(told, timestep, latents, **extra, return_dict=False)[0]
    noise_level(own, len(own.timesteps) - 1, latents)
    assert len(timesteps) >= 1 and latents.isfinite().all()
    return len(timesteps)


def takes(own):
    """Whether its steps draw noise."""
    return "generator" in inspect.signature(own.step).parameters


def test_the_names_are_those_that_a_job_may_have():
    assert tuple(KINDS) == SCHEDULERS and "lcm" not in SCHEDULERS


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("model, starts", [("styleshot", [0.0]), ("small", [0.0, SHARE])])
def test_every_count_of_steps(folders, name, model, starts):
    """Few steps and two others from each beginning to the end, the rest their last four: time grows with the square."""
    made = scheduler(name, folders[model])
    for steps in range(1, 151):
        for share in starts if steps <= 12 or steps in (51, 150) else [1 - 4 / steps]:
            evaluations = walk(made, steps, share)
            once = steps - min(round(share * steps), steps - 1)
            assert abs(evaluations - once) <= 1, "PNDM makes its second step twice"


JOBS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["text", "image"]),
        "model": st.sampled_from(["styleshot", "small"]),
        "scheduler": st.sampled_from(SCHEDULERS),
        "steps": st.integers(1, 150),
        "prompt": st.sampled_from(["", "a cat"]),
    }
)


@settings(max_examples=10, deadline=None)
@given(JOBS, st.floats(0, 0.999))
def test_any_job_and_any_share(folders, wish, share):
    """Whatever share a model may come to leave out, for every job that can be made."""
    fields = {name: wish[name] for name in ("scheduler", "steps", "prompt")}
    job = TextJob(PICTURE, **fields) if wish["kind"] == "text" else ImageJob(PICTURE, PICTURE, **fields)
    made = scheduler(job.scheduler, folders[wish["model"]])
    walk(made, job.steps, share)
    if wish["model"] == "small" and job.prompt:
        walk(made, job.steps, small.SAMPLING_GUIDANCE[wish["kind"]].prior_share)


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("model", ["styleshot", "small"])
@pytest.mark.parametrize("start", [0.0, 0.3, 0.4, 0.75])
def test_a_perfect_network_leads_to_its_picture_from_anywhere(folders, name, model, start):
    """Levels of noise and steps agree: were they shifted by one step, as PNDM's once were, noise would be left."""
    own, timesteps = prepare_timesteps(scheduler(name, folders[model]), 20, "cpu", start)
    picture = torch.full((1, 1, 2, 2), 0.5)
    noise = torch.tensor([[[[1.0, -1.0], [0.5, -2.0]]]])
    latents = own.add_noise(picture, noise, timesteps[:1]) if start else noise * own.init_noise_sigma
    generator = torch.Generator().manual_seed(0)
    extra = {"generator": generator} if takes(own) else {}
    for timestep in timesteps:
        noisy = own.scale_model_input(latents, timestep)
        alpha = own.alphas_cumprod[int(timestep)].clamp(1e-6, 1 - 1e-6)
        epsilon = (noisy - alpha.sqrt() * picture) / (1 - alpha).sqrt()
        velocity = alpha.sqrt() * epsilon - (1 - alpha).sqrt() * picture
        told = velocity if own.config.prediction_type == "v_prediction" else epsilon
        latents = own.step(told, timestep, latents, **extra, return_dict=False)[0]
    assert (latents - picture).abs().max() < 0.15
