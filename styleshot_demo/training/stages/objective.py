"""What both stages of StyleShot's training minimise, over modules and tensors alone (arXiv:2407.01414, section 3.5).

Nothing here knows of files, devices or processes, of sizes, or of Stable Diffusion: any UNet with cross-attentions, any
`StyleAwareEncoder`, `StyleAdapter` and ControlNet that fit together will do.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from diffusers import ControlNetModel, DDPMScheduler, SchedulerMixin, UNet2DConditionModel
from torch import Tensor, nn

from styleshot_demo.styleshot.adapter import StyleAdapter
from styleshot_demo.styleshot.encoder import StyleAwareEncoder
from styleshot_demo.styleshot.patches import Patches


class Dropped(NamedTuple):
    """What a sample goes without: bool tensors [B]."""

    text: Tensor
    style: Tensor
    content: Tensor


@dataclass(frozen=True)
class DropBounds:
    """One uniform number r in [0, 1) decides for a sample.

    r < `everything` drops text, style and content; else r < `style` drops the style; else r < `content` the content
    picture; else nothing is dropped.
    """

    everything: float
    style: float
    content: float

    def __call__(self, numbers: Tensor) -> Dropped:
        """`numbers` [B], float64 where the bounds are to be met exactly."""
        everything = numbers < self.everything
        style = numbers < self.style
        content = ~style & (numbers < self.content)
        return Dropped(everything, style, everything | content)


# As published: stage 1 has no content picture, so that its third bound is never reached.
STYLE_BOUNDS = DropBounds(everything=0.05, style=0.3, content=0.3)
CONTENT_BOUNDS = DropBounds(everything=0.05, style=0.25, content=0.45)


def training_scheduler(scheduler: SchedulerMixin) -> DDPMScheduler:
    """The noise schedule and the kind of prediction of any scheduler, as training wants them."""
    return cast(DDPMScheduler, DDPMScheduler.from_config(cast(Any, scheduler).config))


def target_of(scheduler: DDPMScheduler, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """What the UNet is to predict, [B, C, h, w]: the noise, the velocity or the latents."""
    kind = scheduler.config["prediction_type"]
    if kind == "epsilon":
        return noise
    if kind == "v_prediction":
        return scheduler.get_velocity(latents, noise, _whole(timesteps))
    if kind == "sample":
        return latents
    raise ValueError(f"no training target for prediction type {kind}")


def _whole(numbers: Tensor) -> torch.IntTensor:
    """As diffusers' schedulers name any tensor of whole numbers."""
    return cast(torch.IntTensor, numbers)


class Objective(nn.Module):
    """Text, style and, with a ControlNet, content -> mean squared error of the UNet's prediction.

    All weights that a loss can reach are below this module, each under one name and the published training's:
    `unet.<attention>.processor.to_k_ip.0.weight`, `style_image_proj_modules.*`, `style_aware_encoder.*`,
    `controlnet.*`. Which of them are trained is decided by their `requires_grad`.
    """

    def __init__(
        self,
        unet: UNet2DConditionModel,
        style_encoder: StyleAwareEncoder,
        adapter: StyleAdapter,
        scheduler: SchedulerMixin,
        controlnet: ControlNetModel | None = None,
    ) -> None:
        """`adapter` is attached to `unet`, and stays so. The prediction type is that of `scheduler`'s config."""
        super().__init__()
        adapter.attach(unet)
        self.unet = unet
        self.style_aware_encoder = style_encoder
        self.style_image_proj_modules = adapter.style_image_proj_modules
        self.controlnet = controlnet
        self.scheduler = training_scheduler(scheduler)
        # Not a submodule: its attention weights are the UNet's processors already.
        self._adapter = (adapter,)

    @property
    def adapter(self) -> StyleAdapter:
        return self._adapter[0]

    def tokens(self, patches: Patches, drop_style: Tensor | None = None) -> Tensor:
        """Patches of B pictures -> tokens [B, 6, token_dim]; where `drop_style` [B], those of zero embeddings."""
        embeddings = self.style_aware_encoder(*patches)
        if drop_style is not None:
            embeddings = torch.where(drop_style[:, None, None], 0.0, embeddings)
        return self.adapter(embeddings)

    def predict(
        self, noisy: Tensor, timesteps: Tensor, text: Tensor, tokens: Tensor, control: Tensor | None = None
    ) -> Tensor:
        """The UNet's output, [B, C, h, w].

        noisy      latents with noise, [B, C, h, w]
        timesteps  int64 [B]
        text       text embeddings [B, L, token_dim]
        tokens     style tokens [B, 6, token_dim]
        control    contours or line drawings in 0..1, [B, 3, H, W], black where dropped; None without a ControlNet
        """
        residuals = {}
        if control is not None:
            assert self.controlnet is not None  # lines are for it alone
            down, mid = self.controlnet(
                noisy, timesteps, encoder_hidden_states=tokens, controlnet_cond=control, return_dict=False
            )
            residuals = {"down_block_additional_residuals": down, "mid_block_additional_residual": mid}
        return self.unet(noisy, timesteps, encoder_hidden_states=(text, [tokens]), return_dict=False, **residuals)[0]

    def forward(
        self,
        latents: Tensor,
        noise: Tensor,
        timesteps: Tensor,
        text: Tensor,
        patches: Patches,
        drop_style: Tensor | None = None,
        control: Tensor | None = None,
    ) -> Tensor:
        """The loss, a float32 scalar.

        latents     clean latents times the autoencoder's scaling factor, [B, C, h, w]
        noise       standard normal, same shape
        drop_style  bool [B]
        Text and control come with what is dropped already replaced: embeddings of "" and black pictures.
        """
        noisy = self.scheduler.add_noise(latents, noise, _whole(timesteps))
        predicted = self.predict(noisy, timesteps, text, self.tokens(patches, drop_style), control)
        target = target_of(self.scheduler, latents, noise, timesteps)
        return F.mse_loss(predicted.float(), target.float())


def without_dropped(text: Tensor, empty_text: Tensor, drop_text: Tensor) -> Tensor:
    """Text embeddings [B, L, D] with those of "" ([L, D] or [1, L, D]) where `drop_text` [B]."""
    return torch.where(drop_text[:, None, None], empty_text.to(text), text)


def blackened(control: Tensor, drop_content: Tensor) -> Tensor:
    """Control pictures [B, 3, H, W], black where `drop_content` [B]."""
    return torch.where(drop_content[:, None, None, None], 0.0, control)
