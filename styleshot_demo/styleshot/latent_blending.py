"""What of a photo stays while the rest is painted: its own latents, at the level of noise of every step.

Blended Latent Diffusion (Avrahami, Fried and Lischinski, arXiv:2206.02779, algorithm 1), as diffusers' pipelines for
inpainting have it for a UNet of four channels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from styleshot_demo.styleshot.pipeline import Denoised


class LatentBlending:
    """To be called with every state of a run, whose latents it replaces outside of a mask."""

    def __init__(self, photo: Tensor, mask: Tensor, noise: Tensor) -> None:
        """photo  [1, channels, h, w]: the photo's latents, scaled as the UNet sees them
        mask   [H, W] in 0..1: 1 where it is painted
        noise  [1, channels, h, w] of deviation 1: what the run begins with
        """
        self._photo, self._noise = photo.contiguous(), noise
        height, width = photo.shape[2:]
        self._mask = F.adaptive_avg_pool2d(mask[None, None].to(photo), (height, width))

    def __call__(self, state: Denoised) -> None:
        timesteps = state.scheduler.timesteps
        done = len(timesteps) - state.total + state.index + 1
        photo = self._photo.to(state.latents)
        if done < len(timesteps):
            photo = state.scheduler.add_noise(photo, self._noise.to(state.latents), timesteps[done : done + 1])
        state.latents = torch.lerp(photo, state.latents, self._mask.to(state.latents)).to(state.latents.dtype)
