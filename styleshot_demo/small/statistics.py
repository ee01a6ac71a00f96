"""Adaptive instance normalisation of latents while they are denoised.

What a network has learnt of style can be helped on: after every step the latents' channel means and deviations are
moved towards those of the style picture at that level of noise (AdaIN: Huang and Belongie, arXiv:1703.06868; during
denoising: Alaluf et al., Cross-Image Attention, arXiv:2311.03335). The published StyleShot does without.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from styleshot_demo.styleshot.schedule import Scheduler
from styleshot_demo.weighting import weighted_sum

# Deviations grow by so much in one step at most: where there is nothing yet, contrast would be made of noise.
GROWTH = 1.2


@dataclass(frozen=True)
class Statistics:
    """Of clean latents, over space: [1, channels, 1, 1] each."""

    mean: Tensor
    deviation: Tensor


def of_latents(latents: Tensor) -> Statistics:
    """Of latents [1, channels, height, width], scaled as the UNet sees them."""
    latents = latents.float()
    return Statistics(latents.mean((2, 3), keepdim=True), latents.std((2, 3), keepdim=True))


def weighted_mean(parts: Sequence[Statistics], weights: Sequence[float]) -> Statistics:
    """The weighted mean of means and of deviations; weights in any unit."""
    shares = [weight / sum(weights) for weight in weights]
    return Statistics(
        weighted_sum((part.mean, share) for share, part in zip(shares, parts, strict=True)),
        weighted_sum((part.deviation, share) for share, part in zip(shares, parts, strict=True)),
    )


def restyled(latents: Tensor, towards: Statistics, amount: float) -> Tensor:
    """Clean latents with means and deviations `amount` (0 to 1) of the way to those of the style."""
    mean, deviation = latents.mean((2, 3), keepdim=True), latents.std((2, 3), keepdim=True).clamp_min(1e-6)
    return torch.lerp(latents, (latents - mean) / deviation * towards.deviation + towards.mean, amount)


def restyled_noisy(latents: Tensor, towards: Statistics, amount: float, signal: Tensor, noise: Tensor) -> Tensor:
    """Latents [B, channels, h, w] with means and deviations `amount` (0 to 1) of the way to those of the style.

    signal, noise   what clean latents and unit noise are multiplied by at the latents' level of noise
    """
    x = latents.float()
    mean, deviation = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True).clamp_min(1e-6)
    goal = (signal**2 * towards.deviation**2 + noise**2).sqrt().minimum(GROWTH * deviation)
    matched = (x - mean) / deviation * goal + signal * towards.mean
    return torch.lerp(x, matched, amount).to(latents.dtype)


def noise_level(scheduler: Scheduler, done: int, latents: Tensor) -> tuple[Tensor, Tensor]:
    """What a scheduler multiplies (clean latents, unit noise) by after `done` of its steps; (1, 0) after the last."""
    one, none = torch.ones_like(latents[:1, :1, :1, :1]), torch.zeros_like(latents[:1, :1, :1, :1])
    if done == len(scheduler.timesteps):
        return one.float(), none.float()
    timestep = scheduler.timesteps[done : done + 1]
    return scheduler.add_noise(one, none, timestep).float(), scheduler.add_noise(none, one, timestep).float()
