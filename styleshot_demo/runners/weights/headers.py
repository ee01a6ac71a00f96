"""How many numbers are in files of weights, by their headers: nothing is loaded."""

import json
import math
import zipfile
from functools import lru_cache
from pathlib import Path

from styleshot_demo.runners.weights.catalogue import PUBLISHED_NUMBERS


def state_of(file: Path | None) -> str:
    if file is None:
        return ""
    state = file.stat()
    return f"{state.st_size} {state.st_mtime_ns}"


def weights_file(folder: Path, variant: str | None) -> Path | None:
    """The safetensors file of a part (its first one, if there are several), or None for parts without weights."""
    files = sorted(folder.glob("*.safetensors"))
    fitting = [file for file in files if (".fp16." in file.name) == (variant == "fp16")]
    return next(iter(fitting or files), None)


def numbers_in(folder: Path, variant: str | None) -> int:
    """How many numbers are in a part's files, by their headers."""
    first = weights_file(folder, variant)
    if first is None:
        return 0
    shards = [first] if "-of-" not in first.name else sorted(folder.glob("*-of-*.safetensors"))
    return sum(_numbers_of(file, state_of(file)) for file in shards)


@lru_cache(maxsize=64)
def _numbers_of(file: Path, state: str) -> int:
    with file.open("rb") as opened:
        header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
    return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")


def counts_of(ip: Path, encoder: Path) -> dict[str, int]:
    """Part -> how many numbers the conversion of a published checkpoint will write for it."""
    of_ip, of_encoder = _tensors(ip, state_of(ip)), _tensors(encoder, state_of(encoder))
    if of_ip is None or of_encoder is None:
        # Only a part of the file is told apart from the rest by reading it all: the published sizes, where they fit.
        adapter, controlnet = PUBLISHED_NUMBERS
        most = ip.stat().st_size // 2
        sizes = {"style_encoder": encoder.stat().st_size // 4, "adapter": adapter, "controlnet": controlnet}
        return {part: min(most, size) for part, size in sizes.items()}
    counts = {"style_encoder": 0, "adapter": 0, "controlnet": 0}
    for name, count in of_encoder.items():
        counts["style_encoder"] += 0 if name.endswith(".position_ids") else count
    for name, count in of_ip.items():
        if name.startswith("controlnet."):
            counts["controlnet"] += count
        elif "_ip." in name or not name.startswith(("unet.", "style_aware_encoder.")):
            counts["adapter"] += count
    return {part: count for part, count in counts.items() if count}


@lru_cache(maxsize=8)
def _tensors(file: Path, state: str) -> dict[str, int] | None:
    """Name -> how many numbers, of a checkpoint's tensors; None where only reading it all would tell."""
    import torch

    if not zipfile.is_zipfile(file):
        return None
    try:
        tensors = torch.load(file, map_location="meta", weights_only=True, mmap=True)
    except Exception:  # whatever is wrong, `locate` says so
        return None
    return {name: value.numel() for name, value in tensors.items() if isinstance(value, torch.Tensor)}
