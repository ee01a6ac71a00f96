"""The networks a training starts from: a Stable Diffusion, and a StyleShot or what one begins as."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch
from diffusers import AutoencoderKL, ControlNetModel, SchedulerMixin, UNet2DConditionModel
from torch import Tensor, nn

from styleshot_demo.errors import Problem
from styleshot_demo.models import hub
from styleshot_demo.runners import weights as files
from styleshot_demo.settings import Settings
from styleshot_demo.styleshot.adapter import StyleAdapter
from styleshot_demo.styleshot.checkpoints import CheckpointReader
from styleshot_demo.styleshot.encoder import StyleAwareEncoder

if TYPE_CHECKING:
    from transformers import CLIPTextModel

Part = TypeVar("Part", bound=nn.Module)
IP, ENCODER = "ip.bin", "style_aware_encoder.bin"
# Where a StyleShot may lie below a folder that a person names; the first is what a training writes.
INSIDE = ("models/Gaojunyao/StyleShot/pretrained_weight", "models/Gaojunyao/StyleShot_lineart/pretrained_weight")
INSIDE += ("pretrained_weight", "")


@dataclass
class Base:
    """A text-to-image model in diffusers' layout, float32 on the CPU."""

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    text_encoder: "CLIPTextModel"
    tokenizer: Any
    scheduler: SchedulerMixin


@dataclass
class StyleShot:
    """What StyleShot adds to it; `controlnet` is None where there is no content fusion."""

    style_encoder: StyleAwareEncoder
    adapter: StyleAdapter
    controlnet: ControlNetModel | None


def base_folder(settings: Settings, named: Path | None = None) -> Path:
    """The folder a person has named, else Stable Diffusion 1.5 on this machine."""
    if named is None:
        return hub.require(files.BASE, settings).folder
    if not (named / "unet" / "config.json").is_file():
        raise Problem("not_a_base", name=named.name)
    return named


def load_base(folder: Path) -> Base:
    """Reads the parts of a diffusers folder, half precision files where there are no others."""
    import diffusers
    from transformers import CLIPTextModel, CLIPTokenizer

    def read(part: str, kind: type[Part]) -> Part:
        halves = list((folder / part).glob("*.fp16.safetensors"))
        plain = [file for file in (folder / part).glob("*.safetensors") if file not in halves]
        variant = {"variant": "fp16"} if halves and not plain else {}
        return cast(Any, kind).from_pretrained(folder / part, dtype=torch.float32, local_files_only=True, **variant)

    with files.broken_as_problem("base model"), _without_bars():
        schedule = cast(dict[str, Any], diffusers.DDPMScheduler.load_config(folder / "scheduler"))
        return Base(
            unet=read("unet", UNet2DConditionModel),
            vae=read("vae", AutoencoderKL),
            text_encoder=read("text_encoder", CLIPTextModel),
            tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
            scheduler=getattr(diffusers, schedule["_class_name"]).from_config(schedule),
        )


def begin(unet: UNet2DConditionModel, clip: Path, seed: int, patch_widths: list[list[int]] | None = None) -> StyleShot:
    """An untrained StyleShot, as stage 1 begins.

    clip          folder of a CLIP with a vision tower, `CLIPVisionModelWithProjection`; published: OpenCLIP ViT-H/14
    patch_widths  of the patch networks; the published ones where left out
    """
    from transformers import CLIPVisionModelWithProjection

    with files.broken_as_problem("CLIP"), _without_bars():
        vision = CLIPVisionModelWithProjection.from_pretrained(clip, dtype=torch.float32, local_files_only=True)
    config = vision.config
    widths: dict[str, Any] = {"patch_widths": patch_widths} if patch_widths else {}
    torch.manual_seed(seed)
    encoder = StyleAwareEncoder(
        hidden_size=config.hidden_size,
        intermediate_size=config.intermediate_size,
        num_hidden_layers=config.num_hidden_layers,
        num_attention_heads=config.num_attention_heads,
        hidden_act=config.hidden_act,
        layer_norm_eps=config.layer_norm_eps,
        projection_dim=config.projection_dim,
        vision_image_size=cast(int, config.image_size),
        vision_patch_size=cast(int, config.patch_size),
        **widths,
    )
    encoder.image_encoder.load_state_dict(vision.state_dict())
    for vector in encoder.style_embeddings:
        # As the positions, which they are added to.
        nn.init.normal_(vector)
    return StyleShot(encoder, StyleAdapter.from_unet(unet, config.projection_dim), None)


def styleshot_folder(settings: Settings, named: Path | None = None, preprocessor: str = "contour") -> Path:
    """The folder with `ip.bin` and `style_aware_encoder.bin`, or a converted one: in `named`, else on this machine."""
    if named is None:
        return hub.require(files.CHECKPOINT[preprocessor], settings).files[files.IP].parent
    for inside in INSIDE:
        folder = named / inside
        if (folder / IP).is_file() and (folder / ENCODER).is_file():
            return folder
    if (named / "style_encoder" / "config.json").is_file() and (named / "adapter" / "config.json").is_file():
        return named
    raise Problem("not_a_styleshot", name=named.name)


def load_styleshot(folder: Path, unet: UNet2DConditionModel) -> StyleShot:
    """Reads what `styleshot_folder` has found, in float32; `Problem` where it does not fit the UNet."""
    if not (folder / IP).is_file():
        with files.broken_as_problem("StyleShot"):
            control = folder / "controlnet"
            return StyleShot(
                StyleAwareEncoder.from_pretrained(folder / "style_encoder", dtype=torch.float32),
                StyleAdapter.from_pretrained(folder / "adapter", dtype=torch.float32),
                ControlNetModel.from_pretrained(control, dtype=torch.float32) if control.is_dir() else None,
            )
    described = (folder / ENCODER).with_suffix(".json")
    encoder = StyleAwareEncoder(**(json.loads(described.read_text(encoding="utf-8")) if described.is_file() else {}))
    adapter = StyleAdapter.from_unet(unet, encoder.config["projection_dim"])
    _fill(encoder, folder / ENCODER, _state(folder / ENCODER))
    state = _state(folder / IP)
    content = {key.removeprefix("controlnet."): state.pop(key) for key in [*state] if key.startswith("controlnet.")}
    _fill(adapter, folder / IP, {key.replace("_ip.weight", "_ip.0.weight"): value for key, value in state.items()})
    controlnet = None
    if content:
        controlnet = ControlNetModel.from_unet(unet, load_weights_from_unet=False)
        _fill(controlnet, folder / IP, content)
    return StyleShot(encoder, adapter, controlnet)


@contextmanager
def _without_bars() -> Iterator[None]:
    """Loading is quick, and a bar of each part would stand above the one that matters."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _state(path: Path) -> dict[str, Tensor]:
    file = CheckpointReader(path)
    names = [name for name in file.shapes if not name.startswith("unet.") and not name.endswith(".position_ids")]
    return dict(zip(names, file.tensors(names), strict=True))


def _fill(module: nn.Module, path: Path, state: dict[str, Tensor]) -> None:
    expected = module.state_dict()
    for key, value in expected.items():
        if key not in state:
            raise Problem("checkpoint_key_missing", file=path.name, name=key)
        if state[key].shape != value.shape:
            shapes = {"shape": list(state[key].shape), "expected": list(value.shape)}
            raise Problem("checkpoint_key_shape", file=path.name, name=key, **shapes)
    for key in state:
        if key not in expected:
            raise Problem("checkpoint_key_unknown", file=path.name, name=key)
    module.load_state_dict(state)
