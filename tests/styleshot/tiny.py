"""A whole StyleShot of about a million numbers, with random weights, in memory or in the published files' formats."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, ControlNetModel, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from styleshot_demo.styleshot.adapter import StyleAdapter
from styleshot_demo.styleshot.encoder import StyleAwareEncoder

TOKENIZER = Path(__file__).parents[1] / "parity/data/tiny/tokenizer"
WIDTH = 32
ENCODER = {
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "projection_dim": 16,
    "vision_image_size": 28,
    "patch_widths": [[8, 16, 16, 16, 32], [8, 16, 16, 32], [8, 16, 32]],
}


def components(seed: int = 0) -> dict[str, Any]:
    """Everything `StyleShotPipeline` takes."""
    torch.manual_seed(seed)
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=8,
    )
    encoder = StyleAwareEncoder(**ENCODER)
    adapter = StyleAdapter.from_unet(unet, ENCODER["projection_dim"])
    controlnet = ControlNetModel.from_unet(unet)
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=8,
    )
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=514,
            hidden_size=WIDTH,
            intermediate_size=WIDTH,
            num_hidden_layers=1,
            num_attention_heads=2,
            bos_token_id=512,
            eos_token_id=513,
            pad_token_id=513,
        )
    )
    # Fresh weights are made to have little effect, some none (zero convolutions): a test needs pictures to matter.
    for module in (encoder, adapter, controlnet):
        for name, parameter in module.named_parameters():
            fan_in = parameter[0].numel()
            is_norm = parameter.ndim == 1 and name.endswith("weight")
            torch.nn.init.normal_(parameter, 1.0 if is_norm else 0.0, 0.05 if parameter.ndim == 1 else fan_in**-0.5)
    for vector in encoder.style_embeddings:
        torch.nn.init.normal_(vector)
    models = {"unet": unet, "style_encoder": encoder, "adapter": adapter, "controlnet": controlnet, "vae": vae}
    models["text_encoder"] = text_encoder
    for module in models.values():
        module.eval().requires_grad_(False)
    tokenizer = CLIPTokenizer.from_pretrained(TOKENIZER)
    scheduler = PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        steps_offset=1,
    )
    return {**models, "tokenizer": tokenizer, "scheduler": scheduler}


def plain(parts: dict[str, Any]) -> StableDiffusionPipeline:
    """Stable Diffusion of the same components, without StyleShot."""
    own = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")
    pipeline = StableDiffusionPipeline(
        **{name: parts[name] for name in own},
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def encoder_state(parts: dict[str, Any]) -> dict[str, Tensor]:
    """The content of a `style_aware_encoder.bin`."""
    return dict(parts["style_encoder"].state_dict())


def ip_state(parts: dict[str, Any]) -> dict[str, Tensor]:
    """The content of an `ip.bin`."""
    state = {key.replace("_ip.0.weight", "_ip.weight"): value for key, value in parts["adapter"].state_dict().items()}
    return state | {f"controlnet.{key}": value for key, value in parts["controlnet"].state_dict().items()}


def write_published(parts: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """`ip.bin` and `style_aware_encoder.bin` as published, with the file that tells the encoder's size."""
    folder.mkdir(parents=True, exist_ok=True)
    ip, encoder = folder / "ip.bin", folder / "style_aware_encoder.bin"
    torch.save(ip_state(parts), ip)
    torch.save(encoder_state(parts), encoder)
    encoder.with_suffix(".json").write_text(json.dumps(ENCODER))
    return ip, encoder


def picture(colour: tuple[int, int, int], size: tuple[int, int] = (96, 80)) -> Image.Image:
    """A colour with a ramp and a corner in its complement."""
    image = Image.new("RGB", size, colour)
    image.paste(Image.linear_gradient("L").resize((size[0] // 2, size[1])).convert("RGB"), (0, 0))
    image.paste(tuple(255 - value for value in colour), (size[0] // 2, 0, size[0], size[1] // 3))
    return image
