"""The small StyleShot: the published one's steps, with what helps a model that has seen few pictures around them."""

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any, cast

import torch
import torch.nn.functional as F
from diffusers import ControlNetModel, SchedulerMixin, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion import StableDiffusionPipelineOutput, StableDiffusionSafetyChecker
from PIL import Image
from torch import Tensor
from transformers import CLIPImageProcessor, CLIPTextModel, CLIPTokenizer

from styleshot_demo.small.autoencoder import PatchAutoencoder
from styleshot_demo.small.prior import LatentPrior
from styleshot_demo.small.statistics import Statistics, noise_level, restyled, restyled_noisy
from styleshot_demo.styleshot.adapter import StyleAdapter
from styleshot_demo.styleshot.decoding import check_finite
from styleshot_demo.styleshot.encoder import StyleAwareEncoder
from styleshot_demo.styleshot.pipeline import NEGATIVE_PROMPT, PROMPT, Denoised, StyleShotPipeline
from styleshot_demo.styleshot.preparing import picture_size, seeded_noise
from styleshot_demo.styleshot.schedule import prepare_timesteps


class SmallStyleShotPipeline(StyleShotPipeline):
    """StyleShot that may begin with what a prior foretells, and whose latents may be moved towards a style's moments.

    Without `prior_share` and `statistics_pull` it is `StyleShotPipeline`. Its text encoder has learnt from captions of
    one chunk, so `max_chunks` stays 1.
    """

    model_cpu_offload_seq = "style_encoder->adapter->text_encoder->prior->unet->vae"
    _optional_components = [*StyleShotPipeline._optional_components, "prior"]

    def __init__(
        self,
        vae: PatchAutoencoder,
        text_encoder: CLIPTextModel,
        tokenizer: CLIPTokenizer,
        unet: UNet2DConditionModel,
        scheduler: SchedulerMixin,
        style_encoder: StyleAwareEncoder | None,
        adapter: StyleAdapter,
        controlnet: ControlNetModel | None = None,
        prior: LatentPrior | None = None,
        safety_checker: StableDiffusionSafetyChecker | None = None,
        feature_extractor: CLIPImageProcessor | None = None,
    ) -> None:
        super().__init__(
            cast(Any, vae),  # has what is used of diffusers' own
            text_encoder,
            tokenizer,
            unet,
            scheduler,
            style_encoder,
            adapter,
            controlnet,
            safety_checker,
            feature_extractor,
        )
        self.register_modules(prior=prior)

    # One piece: checks, a beginning and a loop; the rest are the published pipeline's arguments, named once more as
    # some of them are read here.
    @torch.no_grad()
    def iterate(
        self,
        prompt: str | Sequence[str] | None = PROMPT,
        style_image: Image.Image | Sequence[Image.Image] | None = None,
        *,
        style_statistics: Statistics | None = None,
        rest_statistics: Statistics | None = None,
        statistics_pull: float = 0.0,
        prior_share: float = 0.0,
        prior_pull: float = 0.0,
        style_masks: Tensor | None = None,
        control_image: Image.Image | Sequence[Image.Image] | Tensor | None = None,
        content_strength: float = 1.0,
        content_gain: float = 1.0,
        height: int | None = None,
        width: int | None = None,
        num_inference_steps: int = 50,
        guidance_scale: float = 7.5,
        negative_prompt: str | Sequence[str] | None = NEGATIVE_PROMPT,
        num_images_per_prompt: int = 1,
        generator: torch.Generator | list[torch.Generator] | None = None,
        latents: Tensor | None = None,
        **arguments: Any,
    ) -> Generator[Denoised, None, StableDiffusionPipelineOutput]:
        """`StyleShotPipeline.iterate` with more arguments:

        style_statistics  means and deviations of the style's latents (`statistics.of_latents`), if the picture's are
                          to be moved towards them
        rest_statistics   those that the latents are moved towards where the second of two `style_masks` is
        statistics_pull   how far they are moved after each step, 0 (not at all) to 1
        prior_share       share of the steps, from the noisiest on, that what the words foretell takes the place of: 0
                          (none) to less than 1. Needs a `prior` and latents that are not given; has no effect where
                          there are no words
        prior_pull        how far that is moved towards `style_statistics`, 0 to 1
        content_gain      what the ControlNet adds at content strength 1
        """
        for name, pull in (("statistics_pull", statistics_pull), ("prior_pull", prior_pull)):
            if not 0 <= pull <= 1:
                raise ValueError(f"{name} has to lie between 0 and 1, not {pull}")
        if not 0 <= prior_share < 1:
            raise ValueError(f"prior_share has to be at least 0 and less than 1, not {prior_share}")
        if prior_share and (self.prior is None or latents is not None):
            raise ValueError("prior_share needs a pipeline with a prior, and no latents")
        texts = [prompt or ""] if isinstance(prompt, str | None) else list(prompt)
        plain = isinstance(negative_prompt, str | None)
        negatives = negative_prompt if plain else list(negative_prompt)
        if prior_share and all(isinstance(text, str) and text.strip() for text in texts):
            device = self._execution_device
            prompt_embeds, negative_prompt_embeds = self.encode_prompt(
                texts, device, 1, self._is_guided(guidance_scale), negatives
            )
            size = picture_size(height, width, control_image, self.vae_scale_factor, self.unet.config.sample_size)
            told = self._foretold(prompt_embeds.repeat_interleave(num_images_per_prompt, 0), *size)
            if style_statistics is not None and prior_pull:
                told = restyled(told, style_statistics, prior_pull)
            scheduler, timesteps = prepare_timesteps(self.scheduler, num_inference_steps, device, prior_share)
            noise = seeded_noise(told.shape, generator, device)
            # There and back again, as what is rounded on the way is a part of what a seed gives.
            noise = (noise * scheduler.init_noise_sigma).to(prompt_embeds.dtype) / scheduler.init_noise_sigma
            latents = scheduler.add_noise(check_finite(told).to(noise), noise, timesteps[:1])
            prompt = None
            arguments |= {
                "denoising_start": prior_share,
                "prompt_embeds": prompt_embeds,
                "negative_prompt_embeds": negative_prompt_embeds,
            }
        run = super().iterate(
            prompt,
            style_image,
            style_masks=style_masks,
            control_image=control_image,
            content_strength=content_strength * content_gain,
            height=height,
            width=width,
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            negative_prompt=negative_prompt,
            num_images_per_prompt=num_images_per_prompt,
            generator=generator,
            latents=latents,
            **arguments,
        )
        with closing(run):
            while True:
                try:
                    state = next(run)
                except StopIteration as end:
                    return end.value
                if style_statistics is not None and statistics_pull:
                    done = len(state.scheduler.timesteps) - state.total + state.index + 1
                    level = noise_level(state.scheduler, done, state.latents)
                    moved = restyled_noisy(state.latents, style_statistics, statistics_pull, *level)
                    if rest_statistics is not None and style_masks is not None:
                        rest = restyled_noisy(state.latents, rest_statistics, statistics_pull, *level)
                        share = F.adaptive_avg_pool2d(style_masks[None, 1:].to(rest), (rest.shape[2], rest.shape[3]))
                        moved = torch.lerp(moved, rest, share)
                    state.latents = moved
                yield state

    def _foretold(self, prompt_embeds: Tensor, height: int, width: int) -> Tensor:
        """What the prior makes of the words, scaled as the UNet sees latents."""
        latents = self.prior(prompt_embeds).float() * self.vae.config.scaling_factor
        side = (height // self.vae_scale_factor, width // self.vae_scale_factor)
        return latents if latents.shape[2:] == side else F.interpolate(latents, side, mode="bilinear")
