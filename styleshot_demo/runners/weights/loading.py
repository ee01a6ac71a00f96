"""From the folders of a model's parts to networks in memory, each where its placement wants it."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshot_demo.errors import Problem
from styleshot_demo.runners.weights.catalogue import BASE_PARTS, TITLES
from styleshot_demo.runners.weights.locating import ModelParts
from styleshot_demo.runtime import zerogpu
from styleshot_demo.runtime.placement import Placement, place

if TYPE_CHECKING:
    from torch import nn


def load(part: str, weights: ModelParts, placement: Placement) -> "nn.Module":
    """Reads a part into memory and puts it where the placement wants it; `Problem` weights_broken where it cannot."""
    import diffusers
    import torch
    import transformers

    from styleshot_demo.small.autoencoder import PatchAutoencoder
    from styleshot_demo.small.prior import LatentPrior
    from styleshot_demo.styleshot.adapter import StyleAdapter
    from styleshot_demo.styleshot.encoder import StyleAwareEncoder

    # The small model has an autoencoder of its own; all else are the same classes.
    own_autoencoder = part == "vae" and _class_name(weights.folders[part]) == PatchAutoencoder.__name__
    kind = {
        "unet": diffusers.UNet2DConditionModel,
        "vae": PatchAutoencoder if own_autoencoder else diffusers.AutoencoderKL,
        "text_encoder": transformers.CLIPTextModel,
        "style_encoder": StyleAwareEncoder,
        "adapter": StyleAdapter,
        "controlnet": diffusers.ControlNetModel,
        "prior": LatentPrior,
    }[part]
    dtype = placement.torch_dtype(part) if placement.form(part) == "resident" else torch.float16
    variant = {"variant": weights.variant} if part in BASE_PARTS and weights.variant else {}
    with broken_as_problem(part), _quiet():
        module, report = kind.from_pretrained(
            weights.folders[part], dtype=dtype, local_files_only=True, output_loading_info=True, **variant
        )
        if report["missing_keys"] or report["mismatched_keys"]:
            raise ValueError("keys")
    return place(zerogpu.own_memory(module.eval().requires_grad_(False)), part, placement)


def load_tokenizer(weights: ModelParts) -> Any:
    """The tokenizer, small enough to be read for every run."""
    from transformers import CLIPTokenizer

    with broken_as_problem("tokenizer"), _quiet():
        return CLIPTokenizer.from_pretrained(weights.folders["tokenizer"], local_files_only=True)


@contextlib.contextmanager
def broken_as_problem(part: str) -> Iterator[None]:
    from safetensors import SafetensorError

    from styleshot_demo.runtime.cache import is_out_of_memory

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        if is_out_of_memory(error):
            raise
        raise Problem("weights_broken", model=TITLES.get(part, part)) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Loading speaks of matters of style only, and its progress bars would mix with ours."""
    import diffusers.utils.logging
    import transformers.utils.logging

    libraries = (diffusers.utils.logging, transformers.utils.logging)
    before = [(library.get_verbosity(), library.is_progress_bar_enabled()) for library in libraries]
    for library in libraries:
        library.set_verbosity_error()
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library, (level, bars) in zip(libraries, before, strict=True):
            library.set_verbosity(level)
            if bars:
                library.enable_progress_bar()


def _class_name(folder: Path) -> str | None:
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8")).get("_class_name")
    except (OSError, ValueError):
        return None  # the loader says what is wrong
