"""The objective over modules and tensors alone: what is dropped, what is predicted, where gradients go."""

import pytest
import torch
from diffusers import DDPMScheduler
from styleshot import tiny

from styleshot_demo.styleshot import patches
from styleshot_demo.training.stages.objective import (
    CONTENT_BOUNDS,
    STYLE_BOUNDS,
    Objective,
    blackened,
    target_of,
    without_dropped,
)


@pytest.fixture
def parts():
    return tiny.components()


@pytest.fixture
def given():
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(2, 3, 512, 512, generator=generator) * 2 - 1
    return {
        "latents": torch.randn(2, 4, 8, 8, generator=generator),
        "noise": torch.randn(2, 4, 8, 8, generator=generator),
        "timesteps": torch.tensor([3, 700]),
        "text": torch.randn(2, 77, tiny.WIDTH, generator=generator),
        "patches": patches.split(pictures),
    }


def objective_of(parts, content=False, **scheduler):
    kind = DDPMScheduler.from_config(parts["scheduler"].config, **scheduler)
    names = ("unet", "style_encoder", "adapter")
    return Objective(*(parts[name] for name in names), kind, parts["controlnet"] if content else None)


@pytest.mark.parametrize(
    ("bounds", "number", "dropped"),
    [
        (STYLE_BOUNDS, 0.0, (True, True)),
        (STYLE_BOUNDS, 0.0499, (True, True)),
        (STYLE_BOUNDS, 0.05, (False, True)),
        (STYLE_BOUNDS, 0.2999, (False, True)),
        (STYLE_BOUNDS, 0.3, (False, False)),
        (CONTENT_BOUNDS, 0.0499, (True, True, True)),
        (CONTENT_BOUNDS, 0.05, (False, True, False)),
        (CONTENT_BOUNDS, 0.2499, (False, True, False)),
        (CONTENT_BOUNDS, 0.25, (False, False, True)),
        (CONTENT_BOUNDS, 0.4499, (False, False, True)),
        (CONTENT_BOUNDS, 0.45, (False, False, False)),
    ],
)
def test_drop_bounds(bounds, number, dropped):
    found = bounds(torch.tensor([number], dtype=torch.float64))
    assert tuple(bool(one) for one in found)[: len(dropped)] == dropped


def test_shares_of_what_is_dropped():
    numbers = torch.rand(200_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shares = [one.double().mean().item() for one in CONTENT_BOUNDS(numbers)]
    assert shares == pytest.approx([0.05, 0.25, 0.25], abs=5e-3)


def test_dropped_style_is_that_of_zero_embeddings(parts, given):
    objective = objective_of(parts)
    tokens = objective.tokens(given["patches"], torch.tensor([True, False]))
    assert torch.allclose(tokens[0], parts["adapter"].negative(), atol=1e-6)
    assert not torch.allclose(tokens[1], parts["adapter"].negative(), atol=1e-2)


def test_text_and_content_that_are_dropped():
    text, empty, drop = torch.ones(2, 5, 4), torch.zeros(1, 5, 4), torch.tensor([False, True])
    assert without_dropped(text, empty, drop).mean((1, 2)).tolist() == [1, 0]
    assert blackened(torch.ones(2, 3, 8, 8), drop).mean((1, 2, 3)).tolist() == [1, 0]


def test_a_style_that_is_dropped_teaches_the_encoder_nothing(parts, given):
    objective = objective_of(parts)
    for dropped in (True, False):
        parts["style_encoder"].cnn.requires_grad_(True)
        objective(**given, drop_style=torch.tensor([dropped, dropped])).backward()
        norm = sum(parameter.grad.abs().sum() for parameter in parts["style_encoder"].cnn.parameters())
        assert (norm == 0) == dropped


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_the_target_turns_back_into_the_latents(kind, given):
    scheduler = DDPMScheduler(prediction_type=kind, clip_sample=False)
    latents, noise, timesteps = given["latents"], given["noise"], given["timesteps"]
    target = target_of(scheduler, latents, noise, timesteps)
    noisy = scheduler.add_noise(latents, noise, timesteps)
    for place, timestep in enumerate(timesteps):
        one = slice(place, place + 1)
        back = scheduler.step(target[one], timestep, noisy[one]).pred_original_sample
        assert torch.allclose(back, latents[one], atol=2e-3)


def test_the_scheduler_says_what_is_predicted(parts, given):
    losses = {}
    for kind in ("epsilon", "v_prediction"):
        objective = objective_of(parts, prediction_type=kind)
        losses[kind] = float(objective(**given))
    assert losses["epsilon"] != losses["v_prediction"]


def test_content_changes_the_loss_and_black_is_not_absence(parts, given):
    objective = objective_of(parts, content=True)
    lines = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    losses = [float(objective(**given, control=one)) for one in (None, torch.zeros_like(lines), lines)]
    assert len(set(losses)) == 3


def test_names_are_the_published_ones(parts):
    names = dict(objective_of(parts, content=True).named_parameters())
    attention = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor"
    for name in (f"unet.{attention}.to_k_ip.0.weight", "style_image_proj_modules.0.proj.weight"):
        assert name in names
    assert any(name.startswith("style_aware_encoder.cnn.0.") for name in names)
    assert any(name.startswith("controlnet.") for name in names)
    assert not any("adapter_modules" in name for name in names)
