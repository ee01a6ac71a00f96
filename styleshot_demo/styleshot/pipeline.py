"""StyleShot on Stable Diffusion: a prompt in the style of pictures, optionally along the lines of another picture."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    DiffusionPipeline,
    SchedulerMixin,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from diffusers.callbacks import MultiPipelineCallbacks, PipelineCallback
from diffusers.image_processor import VaeImageProcessor
from diffusers.pipelines.stable_diffusion import StableDiffusionPipelineOutput, StableDiffusionSafetyChecker
from PIL import Image
from torch import Tensor
from transformers import CLIPImageProcessor, CLIPTextModel, CLIPTokenizer

from styleshot_demo.styleshot import prompts as reading
from styleshot_demo.styleshot.adapter import StyleAdapter
from styleshot_demo.styleshot.arguments import (
    MAX_CONTENT_STRENGTH,
    check_generators,
    check_start,
    check_strength,
    pictures,
    seeds_of,
    style_shares,
    texts,
)
from styleshot_demo.styleshot.decoding import check_finite, decode
from styleshot_demo.styleshot.encoder import StyleAwareEncoder
from styleshot_demo.styleshot.masked import levels_of
from styleshot_demo.styleshot.prediction import NoisePredictor, StyleTokens, with_negative
from styleshot_demo.styleshot.preparing import control_pictures, first_latents, picture_size
from styleshot_demo.styleshot.schedule import Scheduler, prepare_timesteps
from styleshot_demo.styleshot.sharing import exclusive
from styleshot_demo.styleshot.tokens import encode_style

# The texts of the published code.
PROMPT = "best quality, high quality"
NEGATIVE_PROMPT = "monochrome, lowres, bad anatomy, worst quality, low quality"


@dataclass
class Denoised:
    """The state after one evaluation of the UNet. What is replaced from `latents` on is used from the next one on."""

    index: int  # 0 to total - 1
    total: int  # evaluations in all: PNDM makes one more than it has steps
    timestep: Tensor
    scheduler: Scheduler  # this run's own
    latents: Tensor  # [batch, 4, height/8, width/8]
    prompt_embeds: Tensor  # [batch, 77 * chunks, token_dim]
    negative_prompt_embeds: Tensor | None
    guidance_scale: float
    stop: bool = False  # True: this was the last one


class StyleShotPipeline(StableDiffusionPipeline):
    """Stable Diffusion 1.5 with the style-aware encoder, its adapter and, optionally, the content fusion ControlNet.

    Every component may be shared with other pipelines, and several runs may take turns with one pipeline or go on in
    several threads: style is in the UNet's attentions only while that is called, and each run has its own scheduler.
    `style_encoder` may be None where runs get their `style_tokens` ready-made: it is nearly as large as the UNet and
    needed only once per style, so that memory can be saved by encoding first (`tokens.encode_style`).
    """

    model_cpu_offload_seq = "style_encoder->adapter->text_encoder->unet->vae"
    max_chunks = 1  # of a prompt that are read: one as in the published code; set it to `prompts.MAX_CHUNKS` for more
    _optional_components = ["style_encoder", "controlnet", "safety_checker", "feature_extractor"]
    _exclude_from_cpu_offload = ["safety_checker"]
    _callback_tensor_inputs = ["latents", "prompt_embeds", "negative_prompt_embeds"]

    def __init__(
        self,
        vae: AutoencoderKL,
        text_encoder: CLIPTextModel,
        tokenizer: CLIPTokenizer,
        unet: UNet2DConditionModel,
        scheduler: SchedulerMixin,
        style_encoder: StyleAwareEncoder | None,
        adapter: StyleAdapter,
        controlnet: ControlNetModel | None = None,
        safety_checker: StableDiffusionSafetyChecker | None = None,
        feature_extractor: CLIPImageProcessor | None = None,
    ) -> None:
        # Not StableDiffusionPipeline.__init__: that would add an image encoder to the components.
        DiffusionPipeline.__init__(self)
        self.register_modules(
            vae=vae,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            unet=unet,
            scheduler=scheduler,
            style_encoder=style_encoder,
            adapter=adapter,
            controlnet=controlnet,
            safety_checker=safety_checker,
            feature_extractor=feature_extractor,
        )
        self.vae_scale_factor = 2 ** (len(vae.config["block_out_channels"]) - 1)
        self.image_processor = VaeImageProcessor(vae_scale_factor=self.vae_scale_factor)
        self.control_image_processor = VaeImageProcessor(
            vae_scale_factor=self.vae_scale_factor, do_convert_rgb=True, do_normalize=False
        )
        self._guidance_scale = 1.0
        self._interrupt = False

    def encode_style(self, style_images: Sequence[Image.Image], seeds: Sequence[int]) -> Tensor:
        """`tokens.encode_style` with this pipeline's parts: [len(seeds), len(style_images), 6, token_dim]."""
        if self.style_encoder is None:
            raise ValueError("a pipeline without a style_encoder needs style_tokens")
        return encode_style(style_images, seeds, self.style_encoder, self.adapter, self._execution_device)

    def __call__(  # pyright: ignore[reportIncompatibleMethodOverride]  has arguments of its own, as every pipeline
        self,
        prompt: str | Sequence[str] | None = PROMPT,
        style_image: Image.Image | Sequence[Image.Image] | None = None,
        *,
        callback_on_step_end: Callable[..., dict[str, Any]] | PipelineCallback | MultiPipelineCallbacks | None = None,
        callback_on_step_end_tensor_inputs: Sequence[str] = ("latents",),
        return_dict: bool = True,
        **arguments: Any,
    ) -> StableDiffusionPipelineOutput | tuple:
        """Run to the end; all other arguments are those of `iterate`.

        `callback_on_step_end(pipeline, step, timestep, tensors)` is called after every evaluation of the UNet and may
        return a dict of tensors to go on with; setting `pipeline._interrupt = True` there ends the run at that step.
        """
        if isinstance(callback_on_step_end, PipelineCallback | MultiPipelineCallbacks):
            callback_on_step_end_tensor_inputs = callback_on_step_end.tensor_inputs
        unknown = set(callback_on_step_end_tensor_inputs) - set(self._callback_tensor_inputs)
        if unknown:
            raise ValueError(f"{sorted(unknown)} are no tensors for the callback: {self._callback_tensor_inputs}")

        with closing(self.iterate(prompt, style_image, **arguments)) as run:
            while True:
                try:
                    state = next(run)
                except StopIteration as end:
                    output = end.value
                    return output if return_dict else (output.images, output.nsfw_content_detected)
                if callback_on_step_end is not None:
                    self._call_back(callback_on_step_end, callback_on_step_end_tensor_inputs, state)

    def _call_back(self, callback: Callable[..., Any], names: Sequence[str], state: Denoised) -> None:
        # Callbacks read and set attributes of the pipeline, which other runs may have, too.
        with exclusive(self):
            self._guidance_scale, self._interrupt, self._num_timesteps = state.guidance_scale, False, state.total
            tensors = {name: getattr(state, name) for name in names}
            changed = callback(self, state.index, state.timestep, tensors) or {}
            state.guidance_scale, state.stop = self._guidance_scale, self._interrupt
        for name in changed.keys() & set(self._callback_tensor_inputs):
            setattr(state, name, changed[name])

    def encode_prompt(
        self,
        prompt: str | list[str] | None,
        device: torch.device,
        num_images_per_prompt: int,
        do_classifier_free_guidance: bool,
        negative_prompt: str | list[str] | None = None,
        prompt_embeds: Tensor | None = None,
        negative_prompt_embeds: Tensor | None = None,
        lora_scale: float | None = None,
        clip_skip: int | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """As Stable Diffusion's, with emphasis and in chunks (`prompts.embed`): both [B, 77 * chunks, token_dim].

        Not with `lora_scale` or `clip_skip`: then it is Stable Diffusion's own.
        """
        if lora_scale is None and clip_skip is None and prompt_embeds is None:
            prompts, negatives = (
                [self._with_inversions(one) for one in given]
                for given in texts(prompt, negative_prompt)
            )
            read = [*prompts, *negatives] if do_classifier_free_guidance else prompts
            chunks = min(reading.chunks_of(self.tokenizer, read), self.max_chunks)
            parts = (self.tokenizer, self.text_encoder, device, chunks)
            prompt_embeds = reading.embed(prompts, *parts)
            if do_classifier_free_guidance and negative_prompt_embeds is None:
                negative_prompt_embeds = reading.embed(negatives, *parts)
            prompt = negative_prompt = None
        return super().encode_prompt(
            prompt,
            device,
            num_images_per_prompt,
            do_classifier_free_guidance,
            negative_prompt,
            prompt_embeds,
            negative_prompt_embeds,
            lora_scale,
            clip_skip,
        )

    def _with_inversions(self, text: str) -> Any:
        # Asked only where there may be one, as the library warns of every long text on the way.
        inverted = any(token in text for token in self.tokenizer.added_tokens_encoder)
        return self.maybe_convert_prompt(text, self.tokenizer) if inverted else text

    # One piece: long for what it says of its arguments, and a loop that is read beside the paper, whose state is handed
    # out and taken back.
    @torch.no_grad()
    def iterate(
        self,
        prompt: str | Sequence[str] | None = PROMPT,
        style_image: Image.Image | Sequence[Image.Image] | None = None,
        *,
        style_weights: Sequence[float] | None = None,
        style_strength: float | Sequence[float] = 1.0,
        style_tokens: Tensor | None = None,
        style_masks: Tensor | None = None,
        control_image: Image.Image | Sequence[Image.Image] | Tensor | None = None,
        content_strength: float = 1.0,
        height: int | None = None,
        width: int | None = None,
        num_inference_steps: int = 50,
        denoising_start: float = 0.0,
        guidance_scale: float = 7.5,
        negative_prompt: str | Sequence[str] | None = NEGATIVE_PROMPT,
        num_images_per_prompt: int = 1,
        generator: torch.Generator | list[torch.Generator] | None = None,
        latents: Tensor | None = None,
        prompt_embeds: Tensor | None = None,
        negative_prompt_embeds: Tensor | None = None,
        output_type: str = "pil",
    ) -> Generator[Denoised, None, StableDiffusionPipelineOutput]:
        """Run step by step: yields a `Denoised` after each evaluation of the UNet and returns the output.

        Closing the iterator stops the computation and leaves the components as they were.

        prompt            one text or several; None means no words
        style_image       one style picture or several; may be left out where `style_tokens` are given or no style is
                          asked for (both strengths 0)
        style_weights     one number per style picture, in any unit; equal where left out
        style_strength    0 (plain Stable Diffusion) to 2. One number: the styles' tokens are mixed by weight. One per
                          style: each style keeps its tokens and gets an attention with its own strength, and
                          `style_weights` only mix what the ControlNet sees
        style_tokens      what `encode_style` returned, [batch, styles, 6, token_dim] (or with batch 1), instead of
                          `style_image`
        style_masks       [styles, H, W] in 0..1, where each style is, with one `style_strength` per style: its tokens
                          reach no further. `style_weights` still mix what the ControlNet sees
        control_image     contour or line drawing to follow, one or one per picture: PIL, or float [B, 3, H, W] in 0..1
        content_strength  0 (the ControlNet is not run) to 4; 1 as published
        height, width     pixels, multiples of 8; where left out those of the control picture, cut down to a multiple
                          of 8, else the UNet's own
        denoising_start   share of the steps, from the noisiest on, that are left out, 0 to less than 1; needs `latents`
        guidance_scale    1 or less: no guidance, and no negative prompt
        generator         one, or a list with one per picture: then picture n is what it would be alone. The seed of a
                          generator also sets the order of the style's patches
        latents           [batch, 4, height/8, width/8]: the noise to begin with, of deviation 1; with `denoising_start`
                          pictures with noise, as they are after the steps that are left out
        prompt_embeds     what `encode_prompt` returns, in place of `prompt`; with guidance `negative_prompt_embeds` too
        output_type       "pil", "np" (float, 0..1), "pt" (the same, [B, 3, H, W]) or "latent"

        Raises ValueError for arguments that do not fit together; `Problem` not_finite where the computation leaves the
        range of numbers, so that there is no picture.
        """
        prompts = negatives = None
        if prompt_embeds is None:
            prompts, negatives = texts(prompt, negative_prompt)
            batch = len(prompts) * num_images_per_prompt
        else:
            batch = len(prompt_embeds) * num_images_per_prompt
        strengths, weights = style_shares(style_image, style_tokens, style_strength, style_weights)
        if style_masks is not None and not len(style_masks) == len(strengths) == len(weights):
            raise ValueError(f"{len(style_masks)} style_masks need as many styles, each with its own style_strength")
        use_content = control_image is not None and content_strength != 0
        check_start(denoising_start, latents)
        if use_content and self.controlnet is None:
            raise ValueError("control_image needs a pipeline with a controlnet")
        check_strength("content_strength", content_strength, MAX_CONTENT_STRENGTH)
        check_generators(generator, batch)
        multiple, device = self.vae_scale_factor, self._execution_device
        height, width = picture_size(height, width, control_image, multiple, self.unet.config.sample_size)
        guided = self._is_guided(guidance_scale)
        if guided and prompt_embeds is not None and negative_prompt_embeds is None:
            raise ValueError("prompt_embeds need negative_prompt_embeds where there is guidance")

        use_style = any(strengths)
        seen = None
        if use_style or use_content:
            if not len(weights):
                raise ValueError("style_image or style_tokens is needed where style or content has a strength")
            if style_tokens is None:
                style_tokens = self.encode_style(pictures(style_image), seeds_of(generator, batch))
            sets = 0 if not use_style else len(strengths)
            seen = StyleTokens.of(style_tokens, weights, batch, sets, self.adapter, device)

        prompt_embeds, negative_prompt_embeds = self.encode_prompt(
            prompts, device, num_images_per_prompt, guided, negatives, prompt_embeds, negative_prompt_embeds
        )
        scheduler, timesteps = prepare_timesteps(self.scheduler, num_inference_steps, device, denoising_start)
        shape = (batch, self.unet.config.in_channels, height // multiple, width // multiple)
        latents = first_latents(shape, scheduler, device, generator, latents, denoising_start)
        latents = latents.to(prompt_embeds.dtype)
        extra_step_kwargs = self.prepare_extra_step_kwargs(generator, eta=0.0)
        control = None
        if use_content:
            processor, dtype = self.control_image_processor, self.controlnet.dtype
            control = control_pictures(control_image, processor, (height, width), batch, device, dtype)
        levels = None if style_masks is None else levels_of(style_masks.to(device), (shape[2], shape[3]))
        style = self.adapter.attachment(self.unet, strengths, levels) if use_style else None
        predicted = NoisePredictor(self.unet, self.controlnet, seen, style, control, content_strength)

        try:
            with self._bar(len(timesteps)) as progress:
                for index, timestep in enumerate(timesteps):
                    noisy = scheduler.scale_model_input(with_negative(guided, latents, latents), timestep)
                    text = with_negative(guided, negative_prompt_embeds, prompt_embeds)
                    noise = predicted(noisy, timestep, text, guided)
                    if guided:
                        negative, positive = noise.chunk(2)
                        noise = negative + guidance_scale * (positive - negative)
                    latents = scheduler.step(noise, timestep, latents, **extra_step_kwargs, return_dict=False)[0]
                    if index == 0:
                        check_finite(latents)  # nobody should wait for the other steps in vain
                    progress.update()

                    state = Denoised(
                        index,
                        len(timesteps),
                        timestep,
                        scheduler,
                        latents,
                        prompt_embeds,
                        negative_prompt_embeds,
                        guidance_scale,
                    )
                    yield state
                    latents, prompt_embeds = state.latents, state.prompt_embeds
                    negative_prompt_embeds, guidance_scale = state.negative_prompt_embeds, state.guidance_scale
                    guided = self._is_guided(guidance_scale)
                    if state.stop:
                        break

            return self._output(check_finite(latents), output_type, device, prompt_embeds.dtype)
        finally:
            # Also where the caller stops early: offloaded components leave the device.
            self.maybe_free_model_hooks()

    def _bar(self, total: int) -> Any:
        return self.progress_bar(total=total)  # pyright: ignore[reportCallIssue]  its wrapper hides its arguments

    def _is_guided(self, guidance_scale: float) -> bool:
        return guidance_scale > 1 and self.unet.config.time_cond_proj_dim is None

    def _output(
        self, latents: Tensor, output_type: str, device: torch.device, dtype: torch.dtype
    ) -> StableDiffusionPipelineOutput:
        if output_type == "latent":
            return StableDiffusionPipelineOutput(images=cast(Any, latents), nsfw_content_detected=None)
        decoded = decode(self.vae, latents / self.vae.config.scaling_factor)
        decoded, unsafe = self.run_safety_checker(decoded, device, dtype)
        images = self.image_processor.postprocess(
            decoded, output_type=output_type, do_denormalize=[not flag for flag in unsafe or [False] * len(decoded)]
        )
        return StableDiffusionPipelineOutput(images=cast(Any, images), nsfw_content_detected=unsafe)
