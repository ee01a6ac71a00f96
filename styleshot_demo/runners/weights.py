"""From files on this machine to the parts of a StyleShot: which model to take, converted once, equal weights shared."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshot_demo.errors import Problem
from styleshot_demo.messages import Remark, remark
from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.models.hashes import Record, sha256_of
from styleshot_demo.runtime import zerogpu
from styleshot_demo.runtime.placement import Placement, settle
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    from torch import nn

BASE = "sd15"
CHECKPOINT = {"contour": "styleshot", "lineart": "styleshot-lineart"}
DETECTOR = {"contour": "hed", "lineart": "lineart"}
SMALL = "styleshot-small"
CONVERTED = "styleshot-converted"  # folder beside the downloaded models
MANIFEST = "parts.json"  # in each converted folder, written last: part -> sha256 of its weights
IP, ENCODER = "pretrained_weight/ip.bin", "pretrained_weight/style_aware_encoder.bin"
BASE_PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
OWN_PARTS = ("style_encoder", "adapter", "controlnet")
SMALL_PARTS = ("prior",)  # that the small model alone has
# As the models panel shows them.
TITLES = {
    "unet": "Stable Diffusion UNet",
    "vae": "Stable Diffusion VAE",
    "text_encoder": "Text encoder",
    "style_encoder": "Style encoder",
    "adapter": "Style adapter",
    "controlnet": "Content fusion",
    "prior": "Prior of words",
    "taesd": "TAESD",
    "contour": "Contour detector",
    "lineart": "Lineart detector",
}


@dataclass(frozen=True)
class Choice:
    """Which model a job gets, or why it gets none.

    model    "styleshot", "small", or None where neither is on this machine
    why      one sentence, or None where there is no model
    missing  what would have to be fetched for the published weights; empty where they are here
    damaged  title of a model whose files are there but unusable, or None
    """

    model: str | None
    why: Remark | None
    missing: tuple[hub.Missing, ...] = ()
    damaged: str | None = None

    @property
    def bytes(self) -> int:
        """How much that download is."""
        return sum(state.bytes for state in self.missing)

    def problem(self) -> Problem:
        """Why there is no model, and what to do about it."""
        if self.damaged:
            return Problem("weights_broken", model=self.damaged)
        if not self.missing:
            return Problem("weights_missing", model=MODELS[SMALL].title)
        names = ", ".join(state.model.title for state in self.missing)
        return Problem("styleshot_missing", model="StyleShot", missing=names, size=hub.readable(self.bytes))


@dataclass(frozen=True)
class Weights:
    """Where the parts of one StyleShot lie.

    folders  part -> folder that `from_pretrained` opens; "controlnet" is absent where there is no content fusion
    marks    part -> what its weights are known by: equal marks mean equal weights
    variant  of the base model's files: "fp16" or None
    digests  model -> first 16 hex digits of the sha256 of its weights
    """

    folders: dict[str, Path]
    marks: dict[str, str]
    variant: str | None
    digests: dict[str, str]

    def numbers(self) -> dict[str, int]:
        """Part -> how many numbers its weights are."""
        return {part: _numbers(folder, self.variant) for part, folder in self.folders.items()}


def needs(kind: str, preprocessor: str = "contour") -> tuple[str, ...]:
    """Names of the catalogue's models that the published StyleShot needs for a "text" or an "image" job."""
    if kind == "text":
        return (BASE, CHECKPOINT["contour"])
    wanted = ("contour", "lineart") if preprocessor == "both" else (preprocessor,)
    return (BASE, *(model for one in wanted for model in (CHECKPOINT[one], DETECTOR[one])))


def choose(settings: Settings, kind: str, preprocessor: str = "contour", model: str = "auto") -> Choice:
    """Which model a job of this kind ("text" or "image") would get now. Looks at the disk only."""
    if model == "small":
        small = hub.find(SMALL, settings)
        return Choice("small", remark("model_small")) if small.here else Choice(None, None)
    states = [hub.find(name, settings) for name in needs(kind, preprocessor)]
    if kind == "text" and not states[1].here and hub.find(CHECKPOINT["lineart"], settings).here:
        states.pop(1)  # the style half of both checkpoints serves
    missing = tuple(state for state in states if isinstance(state, hub.Missing))
    if not missing:
        return Choice("styleshot", remark("model_styleshot"))
    if model == "auto" and hub.find(SMALL, settings).here:
        return Choice("small", remark("model_small"), missing)
    return Choice(None, None, missing, next((state.model.title for state in missing if state.damaged), None))


def locate(settings: Settings, model: str, preprocessor: str) -> Iterator[Remark | Weights]:
    """The parts of a chosen model: remarks while files are converted for the first time, then `Weights`."""
    if model == "small":
        folder = small_folder(settings)
        folders = {part: folder / part for part in (*BASE_PARTS, *OWN_PARTS, *SMALL_PARTS) if (folder / part).is_dir()}
        digest = _digest(_weights_file(folders["unet"], None), settings)[:16]
        yield Weights(folders, {part: f"small {part} {digest}" for part in folders}, None, {SMALL: digest})
        return
    base = hub.require(BASE, settings)
    name = CHECKPOINT[preprocessor]
    if not hub.find(name, settings).here:
        name = next((other for other in CHECKPOINT.values() if hub.find(other, settings).here), name)
    found = hub.require(name, settings)
    converted = _converted(found, settings)
    if converted is None:
        yield remark("converting", model=found.model.title)
        converted = convert(found, base, settings)
    folders = {part: base.folder / part for part in BASE_PARTS}
    own = json.loads((converted / MANIFEST).read_text(encoding="utf-8"))
    marks = {part: f"{folder} {_state(_weights_file(folder, base.variant))}" for part, folder in folders.items()}
    digests = {
        BASE: _digest(_weights_file(folders["unet"], base.variant), settings)[:16],
        name: _digest(found.files[IP], settings)[:16],
    }
    yield Weights(folders | {part: converted / part for part in own}, marks | own, base.variant, digests)


def small_folder(settings: Settings) -> Path:
    """Where the small model lies; `Problem` where it does not."""
    return next(iter(hub.require(SMALL, settings).files.values())).parent


def convert(found: hub.Found, base: hub.Found, settings: Settings) -> Path:
    """Converts a published checkpoint to half precision safetensors, once; returns the folder.

    Parts that are equal to those of another checkpoint take no room of their own on the disk.
    """
    from filelock import FileLock

    from styleshot_demo.styleshot import checkpoints

    root = _root(settings)
    folder = root / _name(found, settings)
    with FileLock(root / f".{folder.name}.lock"):
        if (folder / MANIFEST).is_file():
            return folder
        zerogpu.forbid_converting(found.model.title)
        _need_space(found, root)
        part = Path(tempfile.mkdtemp(dir=root, prefix=".part-"))
        try:
            config = json.loads((base.folder / "unet" / "config.json").read_text(encoding="utf-8"))
            checkpoints.convert(found.files[IP], found.files[ENCODER], part, config)
            record = Record(root.parent)
            digests = {
                name: sha256_of(part / name / checkpoints.WEIGHTS, record)
                for name in OWN_PARTS
                if (part / name).is_dir()
            }
            for name, digest in digests.items():
                _share(part / name / checkpoints.WEIGHTS, name, digest, root)
            (part / MANIFEST).write_text(json.dumps(digests), encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def export(settings: Settings, to: Path, preprocessor: str = "contour") -> None:
    """Writes a folder that `StyleShotPipeline.from_pretrained` opens, with all parts; `to` must be new or empty."""
    from styleshot_demo.styleshot import checkpoints

    choice = choose(settings, "image", preprocessor, "styleshot")
    if choice.model is None:
        raise choice.problem()
    base, found = hub.require(BASE, settings), hub.require(CHECKPOINT[preprocessor], settings)
    checkpoints.export(base.folder, _converted(found, settings) or convert(found, base, settings), to)


def load(part: str, weights: Weights, placement: Placement) -> "nn.Module":
    """Reads a part into memory and puts it where the placement wants it; `Problem` weights_broken where it cannot."""
    import diffusers
    import torch
    import transformers

    from styleshot_demo.styleshot.adapter import StyleAdapter
    from styleshot_demo.small.autoencoder import PatchAutoencoder
    from styleshot_demo.styleshot.encoder import StyleAwareEncoder
    from styleshot_demo.small.prior import LatentPrior

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
    dtype = placement.torch_dtype() if placement.form(part) == "resident" else torch.float16
    variant = {"variant": weights.variant} if part in BASE_PARTS and weights.variant else {}
    with broken_as_problem(part), _quiet():
        module, report = kind.from_pretrained(
            weights.folders[part], dtype=dtype, local_files_only=True, output_loading_info=True, **variant
        )
        if report["missing_keys"] or report["mismatched_keys"]:
            raise ValueError("keys")
    return settle(zerogpu.own_memory(module.eval().requires_grad_(False)), part, placement)


def load_tokenizer(weights: Weights) -> Any:
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


def _root(settings: Settings) -> Path:
    """The folder for converted weights: beside the downloads, or this user's cache where that cannot be written to."""
    from huggingface_hub import constants

    beside = (settings.models or Path(constants.HF_HUB_CACHE)) / CONVERTED
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "styleshot_demo" / CONVERTED
    for root in (beside, cache):
        with contextlib.suppress(OSError):
            root.mkdir(parents=True, exist_ok=True)
            if os.access(root, os.W_OK):
                return root
    raise Problem("models_folder_locked")


def _converted(found: hub.Found, settings: Settings) -> Path | None:
    folder = _root(settings) / _name(found, settings)
    return folder if (folder / MANIFEST).is_file() else None


def _name(found: hub.Found, settings: Settings) -> str:
    return "-".join(_digest(found.files[path], settings)[:16] for path in (IP, ENCODER))


def _digest(path: Path, settings: Settings) -> str:
    # The record beside the converted weights is the hub's own, except where the hub's folder is read-only.
    return sha256_of(path, Record(_root(settings).parent))


def _share(file: Path, part: str, digest: str, root: Path) -> None:
    """Makes `file` a second name of the same weights in another converted folder, if there are such."""
    for manifest in root.glob(f"*/{MANIFEST}"):
        twin = manifest.parent / part / file.name
        if json.loads(manifest.read_text(encoding="utf-8")).get(part) == digest and twin.is_file():
            other = file.with_suffix(".twin")
            # Some disks know no hard links; then there are two files.
            with contextlib.suppress(OSError):
                os.link(twin, other)
                os.replace(other, file)
            return


def _need_space(found: hub.Found, root: Path) -> None:
    # At most: the files are in single precision, and the larger one holds a UNet that is not converted.
    needed = sum(path.stat().st_size for path in found.files.values()) // 2
    free = shutil.disk_usage(root).free
    if needed > free:
        raise Problem("disk_too_small", needed=hub.readable(needed), free=hub.readable(free))


def _class_name(folder: Path) -> str | None:
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8")).get("_class_name")
    except (OSError, ValueError):
        return None  # the loader says what is wrong


def _state(file: Path | None) -> str:
    if file is None:
        return ""
    state = file.stat()
    return f"{state.st_size} {state.st_mtime_ns}"


def _weights_file(folder: Path, variant: str | None) -> Path | None:
    """The safetensors file of a part (its first one, if there are several), or None for parts without weights."""
    files = sorted(folder.glob("*.safetensors"))
    fitting = [file for file in files if (".fp16." in file.name) == (variant == "fp16")]
    return next(iter(fitting or files), None)


def _numbers(folder: Path, variant: str | None) -> int:
    """How many numbers are in a part's files, by their headers."""
    first = _weights_file(folder, variant)
    if first is None:
        return 0
    shards = [first] if "-of-" not in first.name else sorted(folder.glob("*-of-*.safetensors"))
    count = 0
    for file in shards:
        with file.open("rb") as opened:
            header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
        for name, entry in header.items():
            if name != "__metadata__":
                size = 1
                for side in entry["shape"]:
                    size *= side
                count += size
    return count
