"""A training's result as a folder that `STYLESHOT_MODELS` may name: the published files, the app's own, and the base.

`OUT/models` holds `Gaojunyao/StyleShot/pretrained_weight/ip.bin` and `style_aware_encoder.bin` as the published code
reads them, the same in half precision as `styleshot-converted`, and links to all other models on this machine.
"""

import contextlib
import json
import os
import shutil
from pathlib import Path

from diffusers import UNet2DConditionModel
from torch import Tensor

from styleshot_demo.atomic import put
from styleshot_demo.destinations import make_folder, not_written
from styleshot_demo.models import hub
from styleshot_demo.runners import weights as files
from styleshot_demo.settings import Settings
from styleshot_demo.training.core.checkpoint import save_tensors
from styleshot_demo.training.stages.parts import ENCODER, IP, StyleShot

FOLDER = "models"


def merged(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights by name; low-rank changes are added to what they change, W + B A, and take its name."""
    result = {}
    for name, value in state.items():
        if ".lora_" in name:
            continue
        if ".base_layer." in name:
            start = name.split(".base_layer.")[0]
            if name.endswith(".weight"):
                value = value + state[f"{start}.lora_B.default.weight"] @ state[f"{start}.lora_A.default.weight"]
            name = name.replace(".base_layer.", ".")
        result[name] = value
    return result


def published(
    state: dict[str, Tensor], unet: UNet2DConditionModel, styleshot: StyleShot
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """An objective's weights by name -> the contents of `ip.bin` and of `style_aware_encoder.bin`, float32.

    A ControlNet that was no part of the objective is taken over from `styleshot`.
    """
    state = {name: value.float().contiguous() for name, value in merged(state).items()}
    start = "style_aware_encoder."
    encoder = {name.removeprefix(start): value for name, value in state.items() if name.startswith(start)}
    ip = {name: value for name, value in state.items() if name.startswith("style_image_proj_modules.")}
    for place, attention in enumerate(unet.attn_processors):
        for part in ("to_k_ip", "to_v_ip"):
            name = f"unet.{attention}.{part}.0.weight"
            if name in state:
                ip[f"adapter_modules.{place}.{part}.weight"] = state[name]
    content = {name: value for name, value in state.items() if name.startswith("controlnet.")}
    if not content and styleshot.controlnet is not None:
        own = styleshot.controlnet.state_dict()
        content = {f"controlnet.{name}": value.detach().float().cpu() for name, value in own.items()}
    return ip | content, encoder


def write(
    state: dict[str, Tensor],
    unet: UNet2DConditionModel,
    styleshot: StyleShot,
    out: Path,
    base: Path,
    settings: Settings,
    preprocessor: str = "contour",
) -> Path:
    """Write the folder and return it. `preprocessor`: which lines content fusion follows, and so whose place it takes.

    Raises `Problem` cannot_write.
    """
    models = out / FOLDER
    folder = models / hub.model_of(files.CHECKPOINT[preprocessor]).files[0].repo / Path(files.IP).parent
    ip, encoder = published(state, unet, styleshot)
    config = {name: value for name, value in styleshot.style_encoder.config.items() if not name.startswith("_")}
    make_folder(folder)
    try:
        for name, content in ((IP, ip), (ENCODER, encoder)):
            part = folder / f".{name}.part"
            save_tensors(content, part)
            put(part, folder / name)
        # So that encoders of other sizes than the published one can be opened.
        (folder / ENCODER).with_suffix(".json").write_text(json.dumps(config, indent=2), encoding="utf-8")
        _link_others(models, base, settings)
    except OSError as error:
        raise not_written(error) from error
    own = Settings(models=models, offline=True)
    found, here = hub.find(files.CHECKPOINT[preprocessor], own), hub.find(files.BASE, own)
    # A base that is no Stable Diffusion 1.5 by its files is for `StyleShotPipeline`, not for the app.
    if isinstance(found, hub.FoundModel) and isinstance(here, hub.FoundModel):
        # Beside the checkpoint, so that the folder can be carried to another machine as it is.
        files.convert(found, here, own, models / files.CONVERTED)
    return models


def _link_others(models: Path, base: Path, settings: Settings) -> None:
    """All that the app needs beside StyleShot, without taking room for it a second time."""
    repo = hub.model_of(files.BASE).files[0].repo
    for file in base.rglob("*"):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(base).parts):
            _link(file, models / repo / file.relative_to(base))
    for state in hub.overview(settings):
        if not isinstance(state, hub.FoundModel) or state.model.built_in:
            continue
        if state.model.name in (files.BASE, *files.CHECKPOINT.values()):
            continue
        for path, place in state.files.items():
            _link(place, models / state.model.files[0].repo / Path(path).with_name(place.name))


def _link(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    for way in (os.symlink, os.link, shutil.copyfile):
        # Not every disk, and not every user, may link.
        with contextlib.suppress(OSError):
            way(file.resolve(), to)
            return
    raise OSError("no file could be made")
