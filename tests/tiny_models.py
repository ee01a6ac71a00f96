"""A tiny StyleShot with random weights, on disk in the published files' formats and places.

`build(folder)` writes what `Settings(models=folder)` then finds: Stable Diffusion as a diffusers folder with its half
precision files, both StyleShot checkpoints as pickles, and the detectors' files (those networks know one size only).
"""

import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import torch
from styleshot import tiny

BASE = "stable-diffusion-v1-5/stable-diffusion-v1-5"
CHECKPOINTS = {"contour": "Gaojunyao/StyleShot", "lineart": "Gaojunyao/StyleShot_lineart"}
ANNOTATORS = "lllyasviel/Annotators"
TAESD = "madebyollin/taesd"
KINDS = ("base", "contour", "lineart", "detectors")


def build(folder: Path, kinds: tuple[str, ...] = KINDS, *, taesd: bool = False) -> Path:
    """Writes the files, about 70 MB, and returns `folder`; `kinds` leaves some out.

    Contour and lineart share their style encoder and adapter and differ in the ControlNet.
    """
    places = {"base": BASE, **CHECKPOINTS, "detectors": ANNOTATORS}
    for kind in kinds:
        shutil.copytree(Path(_all().name) / places[kind], folder / places[kind])
    if taesd:
        write_taesd(folder / TAESD)
    return folder


@cache
def _all() -> tempfile.TemporaryDirectory:
    """All kinds, made once for all tests of a process; each of them gets a copy, with which it may do as it likes."""
    kept = tempfile.TemporaryDirectory(prefix="tiny-models-")
    folder, parts = Path(kept.name), tiny.components()
    tiny.plain(parts).save_pretrained(folder / BASE, variant="fp16", safe_serialization=True)
    for name in ("unet", "vae", "text_encoder"):
        _halve(folder / BASE / name)
    for preprocessor in ("contour", "lineart"):
        tiny.write_published(parts, folder / CHECKPOINTS[preprocessor] / "pretrained_weight")
        generator = torch.Generator().manual_seed(1)
        for parameter in parts["controlnet"].parameters():
            parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    write_detectors(folder / ANNOTATORS)
    return kept


def write_detectors(folder: Path) -> None:
    """`ControlNetHED.pth` and `sk_model.pth` with random weights that draw some lines."""
    from controlnet_aux.hed import ControlNetHED_Apache2
    from controlnet_aux.lineart import Generator

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    hed = ControlNetHED_Apache2()
    with torch.no_grad():
        # Random features hardly differ from pixel to pixel: stretched, so that some of a picture becomes an edge.
        pixels = torch.from_numpy(np.array(tiny.picture((60, 160, 90), (160, 128)))).permute(2, 0, 1)[None].float()
        for block, side in zip(("block1", "block2", "block3", "block4", "block5"), hed(pixels), strict=True):
            projection = getattr(hed, block).projection
            projection.weight.div_(side.std())
            projection.bias.sub_(side.mean()).div_(side.std())
    # In half precision, as published.
    torch.save(hed.half().state_dict(), folder / "ControlNetHED.pth")
    torch.save(Generator(3, 1, 3).state_dict(), folder / "sk_model.pth")


def write_taesd(folder: Path) -> None:
    """A decoder of TAESD's kind, in its two files."""
    from diffusers import AutoencoderTiny

    widths = (8, 8, 8, 8)
    decoder = AutoencoderTiny(encoder_block_out_channels=widths, decoder_block_out_channels=widths)
    decoder.save_pretrained(folder)


def _halve(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in folder.glob("*.safetensors"):
        save_file({name: value.half() for name, value in load_file(file).items()}, file, metadata={"format": "pt"})
