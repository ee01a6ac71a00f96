"""The small StyleShot's networks: the same classes as the published one's, with small configurations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from diffusers import ControlNetModel, DDPMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from styleshot_demo.small.autoencoder import PatchAutoencoder
from styleshot_demo.styleshot.adapter import StyleAdapter
from styleshot_demo.styleshot.encoder import StyleAwareEncoder
from styleshot_demo.training.core.device import module_to
from styleshot_demo.training.small.recipe import Sizes

CROP = 128  # pixels of the style picture
SAMPLE = 16  # side of the latents: 256 pixels
TRAINED = ("unet", "text_encoder", "style_encoder", "adapter")
# v-prediction with no signal left at the last step: else plain backgrounds would come out in the noise's mean colour.
SCHEDULE = {
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "clip_sample": False,
    "steps_offset": 0,
}


class Networks(nn.Module):
    """All parts but the autoencoder; the adapter lives in the UNet's attentions."""

    def __init__(self, sizes: Sizes, tokenizer: CLIPTokenizer, content: bool = False) -> None:
        """`content`: with the ControlNet, a copy of the UNet's first half."""
        super().__init__()
        self.unet = unet(sizes)
        self.text_encoder = text_encoder(sizes, tokenizer)
        self.style_encoder = style_encoder(sizes)
        self.adapter = StyleAdapter.from_unet(self.unet, sizes.style_width)
        self.adapter.attach(self.unet)
        self.controlnet = controlnet(self.unet, sizes.control_widths) if content else None

    def states(self) -> dict[str, dict[str, Tensor]]:
        """Part -> its weights, each only once: the UNet's without the adapter's."""
        found = {}
        for name in (*TRAINED, "controlnet"):
            part = getattr(self, name)
            if part is not None:
                state = part.state_dict()
                found[name] = {key: value for key, value in state.items() if ".processor." not in key}
        return found

    def load_states(self, states: dict[str, dict[str, Tensor]]) -> None:
        """The opposite of `states`; a ControlNet that the states lack stays as it is."""
        for name, state in states.items():
            part = getattr(self, name)
            if part is None:
                continue
            missing, unknown = part.load_state_dict(state, strict=False)
            missing = [key for key in missing if ".processor." not in key]
            if missing or unknown:
                raise ValueError(f"{name}: {[*missing, *unknown][:3]}")

    def to_channels_last(self) -> None:
        """Channels last where there are many pixels and few channels: on a CPU a third of a content step is saved."""
        module_to(self.style_encoder.cnn, memory_format=torch.channels_last)
        if self.controlnet is not None:
            module_to(self.controlnet.controlnet_cond_embedding, memory_format=torch.channels_last)

    def begin_controlnet(self) -> None:
        """The ControlNet as a copy of the UNet's first half, without any effect yet."""
        assert self.controlnet is not None  # made with `content`
        sizes = self.controlnet.config["conditioning_embedding_out_channels"]
        self.controlnet = module_to(controlnet(self.unet, sizes), self.unet.device)

    def set_strength(self, strength: float) -> None:
        """The style's scale in all attentions."""
        for processor in self.adapter.adapter_modules.values():
            cast(Any, processor).scale = [strength]


def unet(sizes: Sizes) -> UNet2DConditionModel:
    """Attention in all levels but the first, where it would cost most and say least."""
    levels = len(sizes.widths)
    return UNet2DConditionModel(
        sample_size=SAMPLE,
        in_channels=sizes.channels,
        out_channels=sizes.channels,
        block_out_channels=sizes.widths,
        layers_per_block=sizes.layers,
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * (levels - 1)),
        up_block_types=(*("CrossAttnUpBlock2D",) * (levels - 1), "UpBlock2D"),
        cross_attention_dim=sizes.width,
        attention_head_dim=sizes.heads,
        norm_num_groups=16,
    )


def text_encoder(sizes: Sizes, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """CLIP's text model for that tokenizer."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=sizes.width,
            intermediate_size=3 * sizes.width,
            num_hidden_layers=sizes.text_layers,
            num_attention_heads=sizes.heads,
            max_position_embeddings=tokenizer.model_max_length,
            bos_token_id=cast(int, tokenizer.bos_token_id),
            eos_token_id=cast(int, tokenizer.eos_token_id),
            pad_token_id=cast(int, tokenizer.pad_token_id),
        )
    )


def style_encoder(sizes: Sizes) -> StyleAwareEncoder:
    """The style-aware encoder for pictures of 128 pixels."""
    encoder = StyleAwareEncoder(
        hidden_size=sizes.style_width,
        intermediate_size=3 * sizes.style_width,
        num_hidden_layers=sizes.style_layers,
        num_attention_heads=sizes.heads,
        projection_dim=sizes.style_width,
        # The published model's unused picture embedding, as small as it can be.
        vision_image_size=2,
        vision_patch_size=2,
        patch_widths=[list(widths) for widths in sizes.patch_widths],
        crop=CROP,
        unshuffle=2,
    )
    for vector in encoder.style_embeddings:
        nn.init.normal_(vector, std=0.5)
    nn.init.normal_(encoder.position_embedding.weight, std=0.1)
    return encoder


def controlnet(of: UNet2DConditionModel, widths: Sequence[int]) -> ControlNetModel:
    """Content fusion, started from the UNet; its condition has 16 times the latents' side."""
    plain = of.attn_processors
    of.set_default_attn_processor()
    try:
        network = ControlNetModel.from_unet(of, conditioning_embedding_out_channels=tuple(widths))
    finally:
        of.set_attn_processor(plain)
    init_unit_variance(network.controlnet_cond_embedding)
    return network


@torch.no_grad()
def init_unit_variance(embedding: nn.Module, seed: int = 0) -> None:
    """Let lines through the embedding of the condition from the first step on.

    As it comes it ends in zeros, behind narrow layers that each let a third of the signal through. That is safe for a
    finished Stable Diffusion and much training; a small model would not hear of the lines for thousands of steps. So
    every layer gets weights that give its output unit variance (Mishkin and Matas, All you need is a good init, 2016);
    the zero convolutions behind the blocks stay.
    """
    generator = torch.Generator().manual_seed(seed)
    layers = cast(list[nn.Conv2d], [embedding.conv_in, *cast(nn.ModuleList, embedding.blocks), embedding.conv_out])
    x = (torch.rand(2, 3, 128, 128, generator=generator) > 0.9).float().to(layers[0].weight)
    for layer in layers:
        fresh = torch.randn(layer.weight.shape, generator=generator) / layer.weight[0].numel() ** 0.5
        layer.weight.copy_(fresh)
        cast(Tensor, layer.bias).zero_()
        out = layer(x)
        layer.weight.div_(out.std())
        x = nn.functional.silu(layer(x))


def autoencoder(sizes: Sizes) -> PatchAutoencoder:
    """The autoencoder, not yet fitted."""
    return PatchAutoencoder(latent_channels=sizes.channels, block_out_channels=list(sizes.decoder_widths))


def schedule() -> DDPMScheduler:
    """The noise schedule of training; the samplers read the same configuration."""
    return DDPMScheduler(**SCHEDULE)


def token_ids(tokenizer: CLIPTokenizer, texts: list[str]) -> Tensor:
    """[B, 32] int64, as the pipeline makes them."""
    return tokenizer(
        texts, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    ).input_ids


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """The tokenizer in a folder."""
    return CLIPTokenizer.from_pretrained(folder, local_files_only=True)


def count(module: Any) -> int:
    """How many numbers a network has."""
    return sum(value.numel() for value in module.parameters())
