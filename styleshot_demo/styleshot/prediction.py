"""The noise that the networks see in latents: the UNet with the style in its attentions, the ControlNet beside it."""

from contextlib import nullcontext
from dataclasses import dataclass

import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from torch import Tensor

from styleshot_demo.styleshot.adapter import Attachment, StyleAdapter
from styleshot_demo.styleshot.decoding import check_finite
from styleshot_demo.styleshot.sharing import exclusive


@dataclass(frozen=True)
class StyleTokens:
    """What the networks see of the style, [batch, 6, token_dim] each.

    mixed     of all styles, by weight
    sets      those that the UNet's attentions get, one for each strength; empty where the style has none
    negative  of no style
    """

    mixed: Tensor
    sets: list[Tensor]
    negative: Tensor

    @classmethod
    def of(
        cls, tokens: Tensor, weights: Tensor, batch: int, sets: int, adapter: StyleAdapter, device: torch.device
    ) -> "StyleTokens":
        """For a batch.

        tokens   [batch or 1, styles, 6, token_dim], as `tokens.encode_style` gives them
        weights  [styles], which sum to 1
        sets     how many sets of tokens the UNet's attentions get: 0, 1 (the mixed ones) or one for each style

        Raises ValueError for tokens of another batch, `Problem` not_finite.
        """
        if len(tokens) not in (1, batch):
            raise ValueError(f"style_tokens for {len(tokens)} pictures, but {batch} are asked for")
        check_finite(tokens)
        tokens = tokens.to(device=device, dtype=adapter.dtype).expand(batch, -1, -1, -1)
        mixed = torch.einsum("bsnd,s->bnd", tokens, weights.to(tokens))
        own = [] if not sets else [mixed] if sets == 1 else list(tokens.unbind(1))
        return cls(mixed, own, adapter.negative().to(device).expand(batch, -1, -1))


@dataclass(frozen=True)
class NoisePredictor:
    """One run's networks, and what they see besides latents and text.

    style_tokens      None where neither of them reads the style
    style             in the UNet's attentions; None where it has no strength
    control           pictures [batch, 3, H, W] in the ControlNet's precision; None: it is not run
    content_strength  what its residuals are multiplied by
    """

    unet: UNet2DConditionModel
    controlnet: ControlNetModel | None
    style_tokens: StyleTokens | None
    style: Attachment | None
    control: Tensor | None
    content_strength: float

    def __call__(
        self, latent_model_input: Tensor, timestep: Tensor, text: Tensor, do_classifier_free_guidance: bool
    ) -> Tensor:
        """The UNet's noise for one step, as large as `latent_model_input`, which holds the batch twice where guided."""
        guided, tokens, residuals = do_classifier_free_guidance, self.style_tokens, {}
        if self.control is not None:
            # The ControlNet reads the style alone, as published, not the text.
            assert self.controlnet is not None and tokens is not None
            down, mid = self.controlnet(
                latent_model_input.to(self.controlnet.dtype),
                timestep,
                encoder_hidden_states=with_negative(guided, tokens.negative, tokens.mixed).to(self.controlnet.dtype),
                controlnet_cond=with_negative(guided, self.control, self.control),
                conditioning_scale=self.content_strength,
                return_dict=False,
            )
            residuals = {"down_block_additional_residuals": down, "mid_block_additional_residual": mid}
        styles = []
        if tokens is not None:
            styles = [with_negative(guided, tokens.negative, each).to(text.dtype) for each in tokens.sets]
        # Never over a `yield`: another run may take its turn between two steps of this one.
        with exclusive(self.unet), self.style.in_place() if self.style else nullcontext():
            return self.unet(
                latent_model_input,
                timestep,
                encoder_hidden_states=(text, styles) if self.style else text,
                return_dict=False,
                **residuals,
            )[0]


def with_negative(guided: bool, negative: Tensor | None, positive: Tensor) -> Tensor:
    """The batch for the networks: negative half first where there is guidance, which a callback may turn off."""
    if not guided:
        return positive
    assert negative is not None
    return torch.cat([negative, positive])
