"""A StyleShot of the published size with random weights, on disk as it is after the first run with the real one."""

import json
import os
import shutil
import struct
from pathlib import Path
from typing import Any, cast

import torch

from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.models.hashes import sha256_of
from styleshot_demo.runners import weights as files
from styleshot_demo.styleshot.checkpoints import SD15_UNET, WEIGHTS

BYTES = 5_000_000_000  # about what is written


def write(folder: Path, lineart: bool = True) -> None:
    """Writes into `folder` what `Settings(models=folder)` then finds; takes `BYTES` of disk.

    The checkpoints themselves are empty files, as nothing reads them once they have been converted.
    """
    from diffusers import AutoencoderKL, ControlNetModel, PNDMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    from styleshot_demo.styleshot.adapter import StyleAdapter
    from styleshot_demo.styleshot.encoder import StyleAwareEncoder

    base = folder / MODELS[files.BASE].files[0].repo
    with torch.device("meta"):
        unet = UNet2DConditionModel(**cast(dict[str, Any], SD15_UNET))
        controlnet = ControlNetModel.from_unet(unet, load_weights_from_unet=False)
        adapter, encoder = StyleAdapter.from_unet(unet), StyleAwareEncoder()
        blocks: dict[str, Any] = {  # of any number, where diffusers' annotations say one
            "down_block_types": ("DownEncoderBlock2D",) * 4,
            "up_block_types": ("UpDecoderBlock2D",) * 4,
            "block_out_channels": (128, 256, 512, 512),
        }
        vae = AutoencoderKL(**blocks, layers_per_block=2, sample_size=512)
        text_encoder = CLIPTextModel(
            CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
        )
    for module, name in ((unet, "unet"), (vae, "vae")):
        module.save_config(base / name)
        _write(base / name / "diffusion_pytorch_model.fp16.safetensors", module)
    text_encoder.config.save_pretrained(base / "text_encoder")
    _write(base / "text_encoder/model.fp16.safetensors", text_encoder)
    PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
    ).save_pretrained(base / "scheduler")
    _write_tokenizer(base / "tokenizer")
    (base / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}', encoding="utf-8")

    shared: dict[str, Path] = {}
    for preprocessor in ("contour", "lineart") if lineart else ("contour",):
        checkpoint = folder / MODELS[files.CHECKPOINT[preprocessor]].files[0].repo
        for path in (files.IP, files.ENCODER):
            (checkpoint / path).parent.mkdir(parents=True, exist_ok=True)
            # As of the published files, those of the encoders are equal and those of the rest are not.
            torch.save({"empty": preprocessor if path == files.IP else ""}, checkpoint / path)
        name = "-".join(sha256_of(checkpoint / path)[:16] for path in (files.IP, files.ENCODER))
        converted = folder / files.CONVERTED / name
        for module, part in ((encoder, "style_encoder"), (adapter, "adapter"), (controlnet, "controlnet")):
            module.save_config(converted / part)
            if part in shared:
                _share(shared[part], converted / part / WEIGHTS)
            else:
                _write(converted / part / WEIGHTS, module)
                shared[part] = converted / part / WEIGHTS
        marks = {"style_encoder": "synthetic", "adapter": "synthetic", "controlnet": f"synthetic {preprocessor}"}
        (converted / files.MANIFEST).write_text(json.dumps(marks), encoding="utf-8")
    _write_detectors(folder / MODELS["hed"].files[0].repo)


def _share(file: Path, to: Path) -> None:
    """The same file by another name, or a copy where the disk knows no links."""
    try:
        os.link(file, to)
    except OSError:
        shutil.copyfile(file, to)


def _write(path: Path, module: torch.nn.Module) -> None:
    """Random weights in half precision for a module on the meta device, tensor by tensor."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end, state = 0, module.state_dict()
    for name, value in state.items():
        start, end = end, end + 2 * value.numel()
        header[name] = {"dtype": "F16", "shape": list(value.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    noise = torch.randn(2**22, generator=torch.Generator().manual_seed(0))
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, value in state.items():
            # So that signals keep their size: numbers that explode or die are computed with at another speed.
            if value.ndim < 2:
                block, scale = torch.ones(1) if name.endswith("weight") else torch.zeros(1), 1.0
            else:
                block, scale = noise, value[0].numel() ** -0.5
            half = (block * scale).half()
            count = value.numel()
            whole, rest = divmod(count, half.numel())
            data = half.numpy().tobytes()
            for _ in range(whole):
                file.write(data)
            file.write(data[: 2 * rest])


def _write_tokenizer(folder: Path) -> None:
    """CLIP's tokenizer without merges: every byte is a token."""
    from transformers import CLIPTokenizer

    signs = [chr(code) for code in range(33, 127)]
    vocabulary = {sign: place for place, sign in enumerate(signs + [f"{sign}</w>" for sign in signs])}
    for special in ("<|startoftext|>", "<|endoftext|>"):
        vocabulary[special] = len(vocabulary)
    CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77).save_pretrained(folder)


def _write_detectors(folder: Path) -> None:
    from styleshot_demo.styleshot import content

    with content._quiet_import():
        from controlnet_aux.hed import ControlNetHED_Apache2
        from controlnet_aux.lineart import Generator

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    torch.save(ControlNetHED_Apache2().state_dict(), folder / "ControlNetHED.pth")
    torch.save(Generator(3, 1, 3).state_dict(), folder / "sk_model.pth")
