"""The classical networks on disk: fp16 safetensors, with a JSON beside them that says how they are built."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import nn

from styleshot_demo.classical.decoder import Decoder
from styleshot_demo.classical.fast import FastTransfer
from styleshot_demo.classical.features import Encoder
from styleshot_demo.destinations import make_folder
from styleshot_demo.errors import Problem


def save(model: nn.Module, path: Path, about: dict[str, Any]) -> None:
    """Write a network's weights in half precision and `about` (architecture, training, figures) beside them; OSError
    if the disk is full."""
    make_folder(path.parent)
    # A file that safetensors writes by itself may be read by its owner alone, and a full disk is no OSError there.
    path.write_bytes(
        to_bytes({name: value.detach().half().contiguous().cpu() for name, value in model.state_dict().items()})
    )
    path.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def load_encoder(path: Path, device: str = "cpu") -> Encoder:
    """The built-in encoder from its safetensors file; computes in float32."""
    return _load(path, lambda architecture: Encoder(architecture["widths"]), device)


def load_decoder(path: Path, device: str = "cpu") -> Decoder:
    """The decoder of `fast` from its safetensors file; computes in float32."""
    return _load(
        path,
        lambda architecture: Decoder(**architecture),
        device,
    )


def load_fast(encoder: Path, decoder: Path, device: str = "cpu") -> FastTransfer:
    """Both networks together."""
    return FastTransfer(load_encoder(encoder, device), load_decoder(decoder, device))


def _load(path: Path, build: Any, device: str) -> Any:
    try:
        model = build(json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["architecture"])
        state = {name: value.float() for name, value in load_file(path).items()}
        model.load_state_dict(state)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise Problem("weights_broken", model=path.stem) from error
    return model.requires_grad_(False).eval().to(device, memory_format=torch.channels_last)
