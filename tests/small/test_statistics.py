"""Latents moved towards a style's means and deviations, at every level of noise."""

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    UniPCMultistepScheduler,
)
from styleshot.test_pipeline import RED, latents, make

from styleshot_demo.small import statistics
from styleshot_demo.small.pipeline import SmallStyleShotPipeline


def small(parts, **other):
    return make(parts, SmallStyleShotPipeline, **other)


@pytest.fixture
def style():
    return statistics.of_latents(torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(1)) * 3 + 2)


def noisy(signal=0.6, noise=0.8):
    generator = torch.Generator().manual_seed(2)
    return signal * torch.randn(2, 4, 64, 64, generator=generator) + noise * torch.randn(
        2, 4, 64, 64, generator=generator
    )


def test_all_the_way_is_the_style_at_that_level_of_noise(style):
    level = torch.tensor(0.6), torch.tensor(0.8)
    found = statistics.of_latents(statistics.restyled_noisy(noisy(*map(float, level)), style, 1.0, *level)[:1])
    assert torch.allclose(found.mean, 0.6 * style.mean, atol=1e-4)
    wanted = ((0.6 * style.deviation) ** 2 + 0.8**2).sqrt()
    assert torch.allclose(found.deviation, wanted.minimum(torch.tensor(statistics.GROWTH)), atol=0.02)


def test_contrast_grows_little_by_little(style):
    level = torch.tensor(1.0), torch.tensor(0.0)
    x = noisy(1.0, 0.0)
    before = statistics.of_latents(x[:1]).deviation
    once = statistics.restyled_noisy(x[:1], style, 1.0, *level)
    assert torch.allclose(statistics.of_latents(once).deviation, statistics.GROWTH * before, rtol=1e-3)
    for _ in range(20):
        once = statistics.restyled_noisy(once, style, 1.0, *level)
    assert torch.allclose(statistics.of_latents(once).deviation, style.deviation, rtol=1e-3)


def test_no_amount_changes_nothing_and_half_is_half_way(style):
    level = torch.tensor(0.6), torch.tensor(0.8)
    x = noisy()
    assert torch.equal(statistics.restyled_noisy(x, style, 0.0, *level), x)
    whole, half = (statistics.restyled_noisy(x, style, amount, *level) for amount in (1.0, 0.5))
    assert torch.allclose(half, (x + whole) / 2, atol=1e-5)


def test_pure_noise_stays_what_it_is(style):
    x = noisy(0.0, 1.0)
    moved = statistics.restyled_noisy(x, style, 1.0, torch.tensor(0.0), torch.tensor(1.0))
    assert (moved - x).abs().mean() < 0.05  # what is left is the mean of finitely many numbers


def test_what_is_as_the_style_already_stays_as_it_is():
    x = noisy()
    towards = statistics.of_latents(x[:1])
    moved = statistics.restyled_noisy(x[:1], towards, 1.0, torch.tensor(1.0), torch.tensor(0.0))
    assert torch.allclose(moved, x[:1], atol=1e-4)


def test_styles_are_mixed_by_their_weights(style):
    other = statistics.Statistics(style.mean + 4, style.deviation * 2)
    found = statistics.weighted_mean([style, other], [3, 1])
    assert torch.allclose(found.mean, style.mean + 1)
    assert torch.allclose(found.deviation, style.deviation * 1.25)


@pytest.mark.parametrize(
    "kind", [DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, UniPCMultistepScheduler]
)
def test_the_level_of_noise_is_the_schedulers_own(kind):
    scheduler = kind()
    scheduler.set_timesteps(5)
    x = torch.zeros(1, 4, 8, 8)
    levels = [statistics.noise_level(scheduler, done, x) for done in range(6)]
    ratios = [float(noise / signal) for signal, noise in levels]
    assert ratios[-1] == 0.0 and float(levels[-1][0]) == 1.0
    assert all(first > second for first, second in zip(ratios, ratios[1:], strict=False))
    clean, noise = torch.randn(2, 1, 4, 8, 8)
    wanted = scheduler.add_noise(clean, noise, scheduler.timesteps[2:3])
    assert torch.allclose(levels[2][0] * clean + levels[2][1] * noise, wanted, atol=1e-5)


def test_the_pipeline_moves_its_latents_after_every_step(parts, style):
    plain = small(parts)
    settings = {"height": 64, "width": 64}
    without = latents(plain, "a house", RED, **settings)
    assert torch.equal(latents(plain, "a house", RED, style_statistics=style, **settings), without), "as published"
    found = statistics.of_latents(
        latents(plain, "a house", RED, style_statistics=style, statistics_pull=1.0, **settings)
    )
    assert torch.allclose(found.mean, style.mean, atol=1e-3)
    assert (found.deviation <= style.deviation + 1e-3).all()
    nearer = statistics.of_latents(
        latents(plain, "a house", RED, style_statistics=style, statistics_pull=0.5, **settings)
    )
    gaps = [float((one.mean - style.mean).norm()) for one in (statistics.of_latents(without), nearer)]
    assert gaps[1] < 0.7 * gaps[0]


def test_a_pull_beyond_its_range_is_refused(parts, style):
    with pytest.raises(ValueError, match="statistics_pull"):
        latents(small(parts), "a house", RED, style_statistics=style, statistics_pull=1.5)


def test_half_precision_stays_half_precision(style):
    x = noisy().half()
    moved = statistics.restyled_noisy(x, style, 0.5, torch.tensor(0.6), torch.tensor(0.8))
    assert moved.dtype == torch.float16
