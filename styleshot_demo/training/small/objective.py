"""The loss of the small model: everything is trained at once, from words and a style picture to v-predictions.

The published training has a finished Stable Diffusion and adds style to it (stage 1). Here there is nothing to add to,
so UNet, text encoder, style-aware encoder and adapter learn together; stage 2 is the published one.
"""

from typing import cast

import torch
from diffusers import DDPMScheduler
from torch import Tensor
from transformers import CLIPTokenizer

from styleshot_demo.small.autoencoder import PatchAutoencoder
from styleshot_demo.styleshot import patches
from styleshot_demo.training.small.networks import Networks, token_ids
from styleshot_demo.training.small.recipe import Phase
from styleshot_demo.training.small.samples import PairBatch


def timesteps(count: int, total: int, shift: float, generator: torch.Generator) -> Tensor:
    """Times for a batch: int64 [count], each 0 to `total` - 1.

    They are spread evenly over the batch (stratified): the loss varies more with the timestep than with the weights.
    A `shift` above 1 draws more of the late ones: where there is more noise there is more to be learnt of words and
    style.
    """
    places = (torch.arange(count) + torch.rand(count, generator=generator)) / count
    places = places[torch.randperm(count, generator=generator)]
    places = shift * places / (1 + (shift - 1) * places)
    # Numbers just below 1 are rounded to 1 on their way here, about once in a million.
    return (places * total).long().clamp_(max=total - 1)


class VelocityObjective:
    """Losses of batches. All that is random is drawn on the CPU from a generator for (seed, step)."""

    def __init__(
        self,
        networks: Networks,
        autoencoder: PatchAutoencoder,
        tokenizer: CLIPTokenizer,
        schedule: DDPMScheduler,
        phase: Phase,
        device: torch.device,
        dtype: torch.dtype | None,
    ) -> None:
        self.networks, self.autoencoder, self.tokenizer = networks, autoencoder, tokenizer
        self.schedule, self.phase, self.device, self.dtype = schedule, phase, device, dtype

    def loss(self, batch: PairBatch, step: int) -> Tensor:
        """Mean squared error of the velocity; contours of the batch, if it has any, are followed."""
        phase, networks = self.phase, self.networks
        count = len(batch.texts)
        generator = torch.Generator().manual_seed(phase.seed * 1_000_003 + step)
        pixels = batch.targets.to(self.device) * 2 - 1
        latents = self.autoencoder.latents(pixels) * self.autoencoder.config["scaling_factor"]
        times = timesteps(count, len(self.schedule.alphas_cumprod), phase.shift, generator).to(self.device)
        noise = torch.randn(latents.shape, generator=generator).to(self.device)
        whole = cast(torch.IntTensor, times)  # diffusers means any tensor of whole numbers
        noisy = self.schedule.add_noise(latents, noise, whole)
        wanted = self.schedule.get_velocity(latents, noise, whole)

        draw = torch.rand(count, generator=generator)
        both = draw < phase.drop_both
        contours = batch.contours
        drop_text = phase.drop_text if contours is None else phase.content_drop_text
        no_text = both | ((draw >= phase.drop_both) & (draw < phase.drop_both + drop_text))
        no_style = both | (draw > 1 - phase.drop_style)
        texts = ["" if dropped else text for text, dropped in zip(batch.texts, no_text.tolist(), strict=True)]
        order = patches.Order(*(torch.randperm(number, generator=generator) for number in patches.COUNTS))
        strength = 0.0 if phase.strength_zero and step % phase.strength_zero == 0 else 1.0

        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None):
            text = networks.text_encoder(token_ids(self.tokenizer, texts).to(self.device))[0]
            split = patches.split(batch.references.to(self.device) * 2 - 1)
            embeddings = networks.style_encoder(*patches.shuffle(split, order))
            embeddings = embeddings * (~no_style).to(embeddings)[:, None, None]
            tokens = networks.adapter(embeddings)
            residuals = {}
            if contours is not None:
                assert networks.controlnet is not None  # contours are drawn for networks with one alone
                kept = torch.rand(count, generator=generator) >= phase.drop_content
                control = (contours * kept[:, None, None, None]).to(self.device)
                control = control.contiguous(memory_format=torch.channels_last)
                down, mid = networks.controlnet(
                    noisy, times, encoder_hidden_states=tokens, controlnet_cond=control, return_dict=False
                )
                residuals = {"down_block_additional_residuals": down, "mid_block_additional_residual": mid}
            networks.set_strength(strength)
            found = networks.unet(noisy, times, encoder_hidden_states=(text, [tokens]), return_dict=False, **residuals)
        return ((found[0].float() - wanted) ** 2).mean()
