"""One recorded set: its numbers, its inputs, and our modules filled with its synthetic weights."""

import inspect
import json
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from parity.synthetic import draw, fill, parameter, picture
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from styleshot_demo.styleshot.adapter import StyleAdapter
from styleshot_demo.styleshot.content import load_hed, load_lineart
from styleshot_demo.styleshot.encoder import StyleAwareEncoder
from styleshot_demo.styleshot.patches import Order
from styleshot_demo.styleshot.pipeline import StyleShotPipeline


def old_adapter_key(key: str) -> str:
    """The name in `ip.bin` of an adapter's state key."""
    return key.replace("_ip.0.weight", "_ip.weight")


def old_text_key(key: str) -> str:
    """The name a text encoder's state key had before transformers 5."""
    return key if key.startswith("text_model.") else f"text_model.{key}"


def _undrawn(tensor: Tensor, *_: Any, **__: Any) -> Tensor:
    return tensor


class Recorded:
    """Reads a folder; everything that a recording may choose (seeds, sizes, scales, steps, prompts) comes from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.info = self.json("info.json")
        self.seed = self.info["seed"]

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def tensors(self, name: str) -> dict[str, Tensor]:
        return load_file(self.folder / name)

    def open(self, name: str) -> Image.Image:
        return Image.open(self.folder / name)

    @cached_property
    def style_image(self) -> Image.Image:
        return self.open("style_image.png")

    def second_image(self, size: tuple[int, int] | None = None) -> Image.Image:
        second = self.info["second_picture"]
        return Image.fromarray(picture(*(size or second["size"]), second["variant"]))

    @cached_property
    def order(self) -> Order:
        tensors = self.tensors("style_encoder.safetensors")
        return Order(*(tensors[f"perm_{level}"] for level in Order._fields))

    @cached_property
    def encoder(self) -> StyleAwareEncoder:
        vision = self.json("tiny/clip_vision/config.json")
        # The recorded file calls two sizes of the unused picture embedding otherwise.
        vision["vision_image_size"], vision["vision_patch_size"] = vision.pop("image_size"), vision.pop("patch_size")
        known = inspect.signature(StyleAwareEncoder).parameters
        # Every weight is filled below; numbers drawn before are half of what it takes to build one of this size.
        with mock.patch.multiple(nn.init, kaiming_uniform_=_undrawn, uniform_=_undrawn, normal_=_undrawn):
            encoder = StyleAwareEncoder(**{name: value for name, value in vision.items() if name in known})
        return fill(encoder, self.seed, gains=self.info["gains"]["style"])

    @cached_property
    def tokenizer(self) -> Any:
        from transformers import CLIPTokenizer

        return CLIPTokenizer.from_pretrained(self.folder / "tiny/tokenizer")

    @cached_property
    def scheduler(self) -> Any:
        import diffusers

        config = self.json("tiny/scheduler/scheduler_config.json")
        return getattr(diffusers, config["_class_name"]).from_config(config)

    def adapter(self, half_rounded: bool) -> StyleAdapter:
        """The original loads attention weights through float16 into float32, hence `half_rounded`."""
        adapter = StyleAdapter.from_unet(self.unet, self.encoder.config.projection_dim)
        fill(adapter, self.seed, rename=old_adapter_key)
        if half_rounded:
            adapter.adapter_modules.half().float()
        return adapter

    @cached_property
    def unet(self) -> nn.Module:
        from diffusers import UNet2DConditionModel

        return fill(UNet2DConditionModel.from_config(self.json("tiny/unet/config.json")), self.seed, "unet.")

    @cached_property
    def controlnet(self) -> nn.Module:
        from diffusers import ControlNetModel

        return fill(ControlNetModel.from_config(self.json("tiny/controlnet/config.json")), self.seed, "controlnet.")

    @cached_property
    def vae(self) -> nn.Module:
        from diffusers import AutoencoderKL

        return fill(AutoencoderKL.from_config(self.json("tiny/vae/config.json")), self.seed, "vae.")

    @cached_property
    def text_encoder(self) -> nn.Module:
        from transformers import CLIPTextConfig, CLIPTextModel

        config = CLIPTextConfig(**self.json("tiny/text_encoder/config.json"))
        return fill(CLIPTextModel(config), self.seed, "text_encoder.", rename=old_text_key)

    @cached_property
    def pipeline(self) -> StyleShotPipeline:
        pipeline = StyleShotPipeline(
            vae=self.vae,
            text_encoder=self.text_encoder,
            tokenizer=self.tokenizer,
            unet=self.unet,
            scheduler=self.scheduler,
            style_encoder=self.encoder,
            adapter=self.adapter(half_rounded=True),
            controlnet=self.controlnet,
        )
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def detector(self, name: str, scratch: Path) -> nn.Module:
        """HED, or the line drawing network, through a file of the published form."""
        keys = self.json("keys/ControlNetHED_pth.json" if name == "hed" else "keys/sk_model_pth.json")
        gains = self.info["gains"].get(name)
        state = {key: parameter(key, tuple(shape), self.seed, gains) for key, (shape, _) in keys.items()}
        path = scratch / f"{name}.pth"
        torch.save(state, path)
        return load_hed(path) if name == "hed" else load_lineart(path)

    def input_seed(self, name: str, recorded: Tensor) -> int:
        """The seed an input was drawn with: the set's, or 0."""
        for seed in (self.seed, 0):
            if torch.equal(torch.from_numpy(draw(name, tuple(recorded.shape), seed)), recorded):
                return seed
        raise AssertionError(f"{name} was drawn by another rule")
