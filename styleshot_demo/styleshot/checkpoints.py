"""Published and trained StyleShot checkpoints -> half precision safetensors in diffusers' folder layout.

`ip.bin` (4.98 GB with an unused UNet inside) and `style_aware_encoder.bin` (1.81 GB) are pickles. They are read once, a
portion at a time and without running any code they may hold, and written as three folders that `from_pretrained` opens:
`style_encoder/`, `adapter/` and, where the file has one, `controlnet/`.
"""

import hashlib
import json
import math
import os
import pickle
import shutil
import struct
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import diffusers
import torch
from diffusers import ControlNetModel, ModelMixin, UNet2DConditionModel
from safetensors import SafetensorError, safe_open
from torch import Tensor

from styleshot_demo.atomic import put
from styleshot_demo.destinations import check_new, not_written
from styleshot_demo.errors import Problem
from styleshot_demo.generators import finished, mapped
from styleshot_demo.styleshot.adapter import StyleAdapter
from styleshot_demo.styleshot.encoder import StyleAwareEncoder

WEIGHTS = "diffusion_pytorch_model.safetensors"
# What makes Stable Diffusion 1.5's UNet out of the library's default one.
SD15_UNET = {"sample_size": 64, "cross_attention_dim": 768}
# Memory-mapped pages count as memory until the file is closed, so it is reopened after as many bytes.
PORTION = 256 * 2**20
# What the readers raise for files that are cut off, of another kind, or hold more than tensors.
UNREADABLE = (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError, SafetensorError)
BASE_COMPONENTS = ("vae", "text_encoder", "tokenizer", "unet", "scheduler", "safety_checker", "feature_extractor")

Plan = dict[str, tuple[str, tuple[int, ...]]]  # key to write -> key to read, shape


class CheckpointReader:
    """A file of tensors, `.bin` or `.safetensors`: names and shapes at once, tensors on demand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._whole: dict[str, Tensor] | None = None  # of a file that can only be read as a whole
        with self._readable():
            if self._is_safetensors:
                with safe_open(self.path, framework="pt") as file:
                    self.shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            else:
                state = self._state()
                self.shapes = {name: tuple(value.shape) for name, value in state.items() if isinstance(value, Tensor)}

    def tensors(self, names: list[str]) -> Iterator[Tensor]:
        """The tensors called `names`, in their order, never holding much more than `PORTION` bytes."""
        rest = list(reversed(names))
        while rest:
            held = 0
            with self._readable(), self._opened() as read:
                while rest and held <= PORTION:
                    tensor = read(rest.pop())
                    held += tensor.nbytes
                    yield tensor

    @contextmanager
    def _opened(self) -> Iterator[Callable[[str], Tensor]]:
        """A function from a name to its tensor; what it has read is given back at the end of the block."""
        if self._is_safetensors:
            with safe_open(self.path, framework="pt") as file:
                yield file.get_tensor
        else:
            yield self._state().__getitem__

    def _state(self) -> dict[str, Tensor]:
        if self._whole is not None:
            return self._whole
        # Files in the format before torch 1.6 are no archives and cannot be mapped.
        mapped = zipfile.is_zipfile(self.path)
        state = torch.load(self.path, map_location="cpu", weights_only=True, mmap=mapped)
        if not isinstance(state, dict):
            raise Problem("checkpoint_unreadable", file=self.path.name)
        if not mapped:
            self._whole = state
        return state

    @property
    def _is_safetensors(self) -> bool:
        return self.path.suffix == ".safetensors"

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise Problem("weights_missing", model=self.path.name) from None
        except UNREADABLE as error:
            raise Problem("checkpoint_unreadable", file=self.path.name) from error


def convert(ip: Path, encoder: Path, to: Path, unet_config: dict[str, Any] | None = None) -> dict[str, str]:
    """`converting` to its end."""
    return finished(converting(ip, encoder, to, unet_config))


def converting(
    ip: Path, encoder: Path, to: Path, unet_config: dict[str, Any] | None = None
) -> Generator[float, None, dict[str, str]]:
    """Write `to/style_encoder`, `to/adapter` and, where `ip` has content fusion, `to/controlnet`, in half precision.

    ip           `ip.bin`, or what a training has saved of adapter and ControlNet
    encoder      `style_aware_encoder.bin`, or what a training has saved of it (may be the same file as `ip`). An
                 encoder of another size than the published one has its configuration beside it, suffix `.json`
    unet_config  the `unet/config.json` of the base model; Stable Diffusion 1.5 where left out

    Yields, after each tensor, the share that is written; returns the SHA-256 of each folder's weights. Tensors may be
    of any floating type. The UNet's own weights and `position_ids` are passed over. A key that is missing, unknown or
    of another shape is named in the `Problem` that is raised, before anything is written. Each file of weights appears
    complete or not at all, also when the generator is closed.
    """
    config_file = encoder.with_suffix(".json")
    encoder_config = json.loads(config_file.read_text(encoding="utf-8")) if config_file.is_file() else {}
    # Each of these takes a moment, between which the conversion can be stopped.
    meta = torch.device("meta")
    with meta:
        unet = cast(UNet2DConditionModel, UNet2DConditionModel.from_config(unet_config or SD15_UNET))
    yield 0.0
    with meta:
        style_encoder = StyleAwareEncoder(**encoder_config)
    yield 0.0
    with meta:
        adapter = StyleAdapter.from_unet(unet, style_encoder.config["projection_dim"])
        controlnet = ControlNetModel.from_unet(unet, load_weights_from_unet=False)
    yield 0.0
    encoder_file, ip_file = CheckpointReader(encoder), CheckpointReader(ip)
    attentions = [name.removesuffix(".processor") for name in unet.attn_processors]
    jobs = [
        ("style_encoder", style_encoder, encoder_file, _encoder_names(encoder_file)),
        ("adapter", adapter, ip_file, _adapter_names(ip_file, attentions)),
    ]
    if content := {name.removeprefix("controlnet."): name for name in ip_file.shapes if name.startswith("controlnet.")}:
        jobs.append(("controlnet", controlnet, ip_file, content))
    plans = [(folder, module, file, _plan(module, file, names)) for folder, module, file, names in jobs]
    whole = sum(_bytes(plan) for _, _, _, plan in plans)
    done, digests = 0, {}
    for folder, module, file, plan in plans:
        try:
            module.save_config(to / folder)
            writing = _write_half(to / folder / WEIGHTS, file, plan)
            digests[folder] = yield from mapped(writing, lambda part, done=done: (done + part) / whole)
        except OSError as error:
            raise not_written(error) from error
        done += _bytes(plan)
    return digests


def export(base: Path, converted: Path, to: Path) -> None:
    """A folder that `StyleShotPipeline.from_pretrained` opens: Stable Diffusion from `base`, the rest from `converted`.

    base       a Stable Diffusion 1.5 in diffusers' layout; its half precision files are preferred
    converted  what `convert` has written
    to         must not exist, or be empty
    """
    check_new(to)
    index = json.loads((base / "model_index.json").read_text(encoding="utf-8"))
    components = {name: index.get(name, [None, None]) for name in BASE_COMPONENTS}
    components |= {name: [None, None] for name in BASE_COMPONENTS if not (base / name).is_dir()}
    if not any((base / "safety_checker").glob("*.safetensors")):
        # Only half of it is there, which nobody needs: without its weights the folder could not be opened.
        components |= {name: [None, None] for name in ("safety_checker", "feature_extractor")}
    components |= {
        "style_encoder": [StyleAwareEncoder.__module__, StyleAwareEncoder.__name__],
        "adapter": [StyleAdapter.__module__, StyleAdapter.__name__],
        "controlnet": ["diffusers", "ControlNetModel"] if (converted / "controlnet").is_dir() else [None, None],
    }
    about = {"_class_name": "StyleShotPipeline", "_diffusers_version": diffusers.__version__}

    part = to.with_name(f".{to.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name, (_, class_name) in components.items():
            if class_name is not None:
                _copy_component((base if name in BASE_COMPONENTS else converted) / name, part / name)
        (part / "model_index.json").write_text(json.dumps(about | components, indent=2), encoding="utf-8")
        put(part, to)
    except OSError as error:
        raise not_written(error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _encoder_names(file: CheckpointReader) -> dict[str, str]:
    """Encoder key -> key in the file."""
    others = ("unet.", "adapter_modules.", "style_image_proj_modules.", "controlnet.")
    return {
        name.removeprefix("style_aware_encoder."): name
        for name in file.shapes
        if not name.startswith(others) and not name.endswith(".position_ids")
    }


def _adapter_names(file: CheckpointReader, attentions: list[str]) -> dict[str, str]:
    """Adapter key -> key in the file; trainings keep attention weights under the UNet's names."""
    names = {}
    for place, attention in enumerate(attentions):
        for part in ("to_k_ip", "to_v_ip"):
            trained = f"unet.{attention}.processor.{part}.weight"
            if trained in file.shapes:
                names[f"adapter_modules.{place}.{part}.0.weight"] = trained
    for name in file.shapes:
        if not name.startswith(("unet.", "controlnet.", "style_aware_encoder.")):
            names[name.replace("_ip.weight", "_ip.0.weight")] = name
    return names


def _plan(module: ModelMixin, file: CheckpointReader, names: dict[str, str]) -> Plan:
    expected = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    for key, shape in expected.items():
        if key not in names:
            raise Problem("checkpoint_key_missing", file=file.path.name, name=key)
        if file.shapes[names[key]] != shape:
            found = file.shapes[names[key]]
            raise Problem(
                "checkpoint_key_shape", file=file.path.name, name=names[key], shape=list(found), expected=list(shape)
            )
    for key in names:
        if key not in expected:
            raise Problem("checkpoint_key_unknown", file=file.path.name, name=names[key])
    return {key: (names[key], shape) for key, shape in expected.items()}


def _bytes(plan: Plan) -> int:
    """Bytes that the planned tensors take in half precision."""
    return sum(2 * math.prod(shape) for _, shape in plan.values())


def _write_half(path: Path, file: CheckpointReader, plan: Plan) -> Generator[int, None, str]:
    """The planned tensors as float16 safetensors, written one by one, so that they are never in memory together.

    Yields the bytes of tensors written so far; returns the SHA-256 of the file.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for key, (_, shape) in plan.items():
        start, end = end, end + 2 * math.prod(shape)
        header[key] = {"dtype": "F16", "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)

    part = path.with_suffix(f".{os.getpid()}.part")
    names = [name for name, _ in plan.values()]
    hashing, done, kept = hashlib.sha256(), 0, 0
    try:
        with open(part, "wb") as output:
            for data in (struct.pack("<Q", len(text)), text):
                output.write(data)
                hashing.update(data)
            for name, tensor in zip(names, file.tensors(names), strict=True):
                half = tensor.to(torch.float16)
                if not half.isfinite().all():
                    raise Problem("checkpoint_not_finite", file=file.path.name, name=name)
                data = half.contiguous().numpy().tobytes()
                output.write(data)
                hashing.update(data)
                done += len(data)
                if done - kept > PORTION:
                    # All at once at the end, a slow disk could not be interrupted.
                    _flush(output)
                    kept = done
                yield done
            _flush(output)
        put(part, path)
    finally:
        part.unlink(missing_ok=True)
    return hashing.hexdigest()


def _flush(output: BinaryIO) -> None:
    output.flush()
    os.fsync(output.fileno())


def _copy_component(source: Path, to: Path) -> None:
    to.mkdir()
    files = [file for file in source.iterdir() if file.is_file()]
    weights = [file for file in files if file.suffix in {".safetensors", ".bin"}]
    half = [file for file in weights if file.name.endswith(".fp16.safetensors")]
    plain = [file for file in weights if file.suffix == ".safetensors" and ".fp16." not in file.name]
    for file in half or plain or weights:
        shutil.copyfile(file, to / file.name.replace(".fp16.", "."))
    for file in files:
        if file.suffix in {".json", ".txt"}:
            shutil.copyfile(file, to / file.name)
