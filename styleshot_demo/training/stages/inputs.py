"""From a batch to what the objective takes: pictures become latents, texts become embeddings."""

from typing import Any, cast

import torch
from diffusers import AutoencoderKL
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from torch import Tensor
from transformers import CLIPTextModel

from styleshot_demo.styleshot.patches import Patches
from styleshot_demo.training.core.device import module_to
from styleshot_demo.training.stages.samples import Batch


@torch.no_grad()
def latents_of(vae: AutoencoderKL, pictures: Tensor, noise: Tensor | None = None) -> Tensor:
    """Pictures [B, 3, R, R] in [-1, 1] -> scaled latents: drawn with `noise`, or the most likely ones without."""
    found = cast(AutoencoderKLOutput, vae.encode(pictures)).latent_dist
    drawn = found.mode() if noise is None else found.mean + found.std * noise
    return drawn * vae.config["scaling_factor"]


@torch.no_grad()
def text_embeddings(text_encoder: CLIPTextModel, tokenizer: Any, texts: list[str]) -> Tensor:
    """[B, L, D]; what is too long is cut off."""
    ids = tokenizer(
        texts, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    ).input_ids
    return text_encoder(ids.to(text_encoder.device))[0]


class FrozenEncoders:
    """The frozen networks that stand before the objective."""

    def __init__(self, vae: AutoencoderKL, text_encoder: CLIPTextModel, tokenizer: Any, device: torch.device) -> None:
        # The autoencoder stays in float32: Stable Diffusion's overflows in half precision now and then.
        self.vae = module_to(vae, device).requires_grad_(False).eval()
        self.text_encoder = module_to(text_encoder, device).requires_grad_(False).eval()
        self.tokenizer = tokenizer
        self.device = device

    def of(self, batch: Batch) -> dict[str, Any]:
        """The arguments of `Objective.forward`."""
        scale = 2 ** (len(self.vae.config["block_out_channels"]) - 1)
        side = batch.pictures.shape[-1] // scale
        shape = (2, self.vae.config["latent_channels"], side, side)
        # Drawn on the CPU, as GPUs draw other numbers: noise of the latents, noise of the diffusion.
        pairs = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in batch.seeds]
        first, noise = torch.stack(pairs, dim=1).to(self.device)
        control = batch.control
        return {
            "latents": latents_of(self.vae, batch.pictures.to(self.device), first),
            "noise": noise,
            "timesteps": batch.timesteps.to(self.device),
            "text": text_embeddings(self.text_encoder, self.tokenizer, batch.texts).float(),
            "patches": Patches(*(level.to(self.device) for level in batch.patches)),
            "drop_style": batch.drop_style.to(self.device),
            "control": None if control is None else control.to(self.device),
        }
