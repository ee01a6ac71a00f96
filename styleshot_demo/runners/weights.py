"""From files on this machine to the parts of a StyleShot: which model to take, converted once, equal weights shared.

`choose` and `parts` look at names and headers only, and may be asked at any time. `locate` reads all of the files the
first time, and converts those of StyleShot: minutes, of which it tells, and which may be stopped.
"""

import contextlib
import json
import math
import os
import shutil
import time
import zipfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshot_demo.atomic import put
from styleshot_demo.destinations import check_new
from styleshot_demo.errors import Problem
from styleshot_demo.events import Step
from styleshot_demo.messages import Remark, remark
from styleshot_demo.models import hub, own
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.models.hashes import hashing_all, known
from styleshot_demo.models.once import Once, Progress, finished
from styleshot_demo.runtime import zerogpu
from styleshot_demo.runtime.placement import Placement, settle
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    from torch import nn

BASE = "sd15"
CHECKPOINT = {"contour": "styleshot", "lineart": "styleshot-lineart"}
DETECTOR = {"contour": "hed", "lineart": "lineart"}
SMALL = "styleshot-small"
ENLARGERS = {"animevideov3": "enlarge", "x4plus": "x4plus"}  # as a job names them -> in the catalogue
PAINTER = ("encoder", "fast")  # what the composer and the painter paint with
BUILT_IN = {"text": "composer", "image": "painter"}  # who makes a job's pictures where StyleShot is not here
CONVERTED = "styleshot-converted"  # folder for converted checkpoints, among the program's own files
MANIFEST = "parts.json"  # in each converted folder, written last: part -> sha256 of its weights
IP, ENCODER = "pretrained_weight/ip.bin", "pretrained_weight/style_aware_encoder.bin"
BASE_PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
OWN_PARTS = ("style_encoder", "adapter", "controlnet")
SMALL_PARTS = ("prior",)  # that the small model alone has
PUBLISHED_NUMBERS = (23_897_088, 361_279_120)  # of the adapter and of the ControlNet
WEIGHTS = (".safetensors", ".onnx", ".tflite", ".pth")  # endings of files that hold the weights of a network
READING = 0.6  # share of locating that is reading; the rest is converting
_conversions = Once()
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
    "tokens": "Style tokens",
    "pairs": "Encoded pictures",
    "subjects": "Found subjects",
    "faces": "Found faces",
    "edges": "Edges of photos",
    "begun": "Stopped optimisation",
    "pieced": "Pieced pictures",
    "contour": "Contour detector",
    "lineart": "Lineart detector",
}


@dataclass(frozen=True)
class ModelChoice:
    """Which model a job gets, or why it gets none.

    model    "styleshot", "composer", "painter", "small", or None where none of them is on this machine
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

    folders    part -> folder that `from_pretrained` opens; "controlnet" is absent where there is no content fusion
    marks      part -> what its weights are known by: equal marks mean equal weights
    variant    of the base model's files: "fp16" or None
    digests    model -> first 16 hex digits of the sha256 of its weights; of `parts`, as far as they are known
    converted  False where `locate` has reading or converting to do first. The folders of StyleShot's own parts may
               then hold the published file instead, and their marks be those of that file
    counts     part -> how many numbers its weights are, where that is not in its folder's headers
    """

    folders: dict[str, Path]
    marks: dict[str, str]
    variant: str | None
    digests: dict[str, str]
    converted: bool = True
    counts: dict[str, int] = field(default_factory=dict)

    def numbers(self) -> dict[str, int]:
        """Part -> how many numbers its weights are."""
        return {
            part: self.counts[part] if part in self.counts else _numbers(folder, self.variant)
            for part, folder in self.folders.items()
        }


def needs(kind: str, preprocessor: str = "contour", follow_sketch: bool = False) -> tuple[str, ...]:
    """Names of the catalogue's models that the published StyleShot needs for a "text" or an "image" job."""
    if kind == "text" and not follow_sketch:
        return (BASE, CHECKPOINT["contour"])
    wanted = ("contour", "lineart") if preprocessor == "both" else (preprocessor,)
    return (BASE, *(model for one in wanted for model in (CHECKPOINT[one], DETECTOR[one])))


def choose(
    settings: Settings,
    kind: str,
    preprocessor: str = "contour",
    model: str = "auto",
    follow_sketch: bool = False,
) -> ModelChoice:
    """Which model a job of this kind ("text" or "image") would get now. Looks at the disk only.

    Where StyleShot is here and only what it follows a sketch with is not, no other model takes its place.
    """
    own = BUILT_IN[kind]
    if model == own:
        return ModelChoice(own, remark(f"model_{own}"))
    if model in BUILT_IN.values():
        return ModelChoice(None, None)
    if model == "small":
        small = hub.find(SMALL, settings)
        return ModelChoice("small", remark("model_small")) if small.here else ModelChoice(None, None)
    states = [hub.find(name, settings) for name in needs(kind, preprocessor, follow_sketch)]
    if kind == "text" and not follow_sketch and not states[1].here and hub.find(CHECKPOINT["lineart"], settings).here:
        states.pop(1)  # the style half of both checkpoints serves
    missing = tuple(state for state in states if isinstance(state, hub.Missing))
    if not missing:
        return ModelChoice("styleshot", remark("model_styleshot"))
    if follow_sketch and choose(settings, kind, model="styleshot").model is not None:
        model = "styleshot"
    if model == "auto" and all(hub.find(name, settings).here for name in PAINTER):
        return ModelChoice(own, remark(f"model_{own}"), missing)
    if model == "auto" and hub.find(SMALL, settings).here:
        return ModelChoice("small", remark("model_small"), missing)
    return ModelChoice(None, None, missing, next((state.model.title for state in missing if state.damaged), None))


def enlarger(settings: Settings, model: str, device: str) -> str:
    """Which network enlarges where a job asks for `model`: "animevideov3" or "x4plus". Looks at the disk only.

    `Problem` enlarger_missing or weights_broken where x4plus is asked for by its name and cannot be had.
    """
    if model == "animevideov3" or (model == "auto" and device == "cpu"):
        return "animevideov3"
    found = hub.find(ENLARGERS["x4plus"], settings)
    if found.here:
        return "x4plus"
    if model == "auto":
        return "animevideov3"
    if found.damaged:
        raise Problem("weights_broken", model=found.model.title)
    size = hub.readable(found.bytes)
    raise Problem("enlarger_missing", model=found.model.title, name=found.model.name, size=size)


def parts(settings: Settings, model: str, preprocessor: str = "contour") -> Weights | None:
    """Where the parts of a chosen model ("styleshot" or "small") lie and how large they are, at once.

    Reads headers and remembered hashes alone: nothing is hashed, converted, written or loaded. What it says of sizes is
    what `locate` will say; to load from the folders is for `locate`. None where files are missing or damaged.
    """
    if model == "small":
        found = hub.find(SMALL, settings)
        return _small(next(iter(found.files.values())).parent) if isinstance(found, hub.Found) else None
    base, checkpoint = hub.find(BASE, settings), hub.find(_checkpoint(settings, preprocessor), settings)
    if not isinstance(base, hub.Found) or not isinstance(checkpoint, hub.Found):
        return None
    record = own.record(settings)
    digests = {path: known(path, record) for path in (_unet(base), checkpoint.files[IP], checkpoint.files[ENCODER])}
    name = _name(checkpoint, digests)
    folder = _converted(name, settings) if name else None
    if folder is not None:
        return _published(base, checkpoint, folder, digests)
    counts = _counts(checkpoint.files[IP], checkpoint.files[ENCODER])
    places = {part: checkpoint.files[ENCODER if part == "style_encoder" else IP] for part in counts}
    folders = _base_folders(base)
    return Weights(
        folders | {part: place.parent for part, place in places.items()},
        _marks(folders, base.variant) | {part: f"{place} {_state(place)}" for part, place in places.items()},
        base.variant,
        _short(base, checkpoint, digests),
        converted=False,
        counts=counts,
    )


def locate(
    settings: Settings, model: str, preprocessor: str = "contour"
) -> Generator[Step | Weights, None, None]:
    """The parts of a chosen model, ready to be loaded: any number of `Step`s, and at last the `Weights`.

    The first time the files are read for their hashes, and StyleShot's own are converted; later neither. `fraction` is
    of locating alone, 0 to 1. Closing the iterator stops the work within about a second and leaves nothing half-made.
    Who asks for the same files at the same time follows the same work; who asks for others is not held up. Raises
    `Problem` weights_missing, weights_broken, disk_too_small, models_folder_locked, cannot_write, checkpoint_*.
    """
    if model == "small":
        folder = small_folder(settings)
        located = _small(folder)
        digests = finished(hashing_all([_weights_file(located.folders["unet"], None)]))
        yield Weights(located.folders, located.marks, None, {SMALL: next(iter(digests.values()))[:16]})
        return
    base = hub.require(BASE, settings)
    found = hub.require(_checkpoint(settings, preprocessor), settings)
    digests = yield from _hashed([(base, [_unet(base)]), (found, [found.files[IP], found.files[ENCODER]])], settings)
    folder = yield from _half(found, base, digests, settings)
    yield _published(base, found, folder, digests)


def small_folder(settings: Settings) -> Path:
    """Where the small model lies; `Problem` where it does not."""
    return next(iter(hub.require(SMALL, settings).files.values())).parent


def convert(found: hub.Found, base: hub.Found, settings: Settings, root: Path | None = None) -> Path:
    """`converting` to its end."""
    return finished(converting(found, base, settings, root))


def converting(
    found: hub.Found, base: hub.Found, settings: Settings, root: Path | None = None
) -> Generator[Step, None, Path]:
    """Converts a published checkpoint to half precision safetensors, once; returns the folder.

    Parts that are equal to those of another checkpoint take no room of their own on the disk.

    root  the folder for the converted one, where it is not to be among the program's own files
    """
    digests = yield from _hashed([(found, [found.files[IP], found.files[ENCODER]])], settings)
    return (yield from _half(found, base, digests, settings, root))


def export(settings: Settings, to: Path, preprocessor: str = "contour") -> None:
    """`exporting` to its end."""
    finished(exporting(settings, to, preprocessor))


def exporting(settings: Settings, to: Path, preprocessor: str = "contour") -> Generator[Step, None, None]:
    """Writes a folder that `StyleShotPipeline.from_pretrained` opens, with all parts; `to` must be new or empty."""
    from styleshot_demo.styleshot import checkpoints

    check_new(to)  # before minutes of work are spent on it
    choice = choose(settings, "image", preprocessor, "styleshot")
    if choice.model is None:
        raise choice.problem()
    base, found = hub.require(BASE, settings), hub.require(CHECKPOINT[preprocessor], settings)
    folder = yield from converting(found, base, settings)
    checkpoints.export(base.folder, folder, to)


def _checkpoint(settings: Settings, preprocessor: str) -> str:
    """The catalogue's name of the checkpoint for these lines, or of the other one where only that is here."""
    name = CHECKPOINT[preprocessor]
    if hub.find(name, settings).here:
        return name
    # The style half of both checkpoints serves.
    return next((other for other in CHECKPOINT.values() if hub.find(other, settings).here), name)


def _small(folder: Path) -> Weights:
    folders = {part: folder / part for part in (*BASE_PARTS, *OWN_PARTS, *SMALL_PARTS) if (folder / part).is_dir()}
    return Weights(folders, _marks(folders, None), None, {})


def _published(base: hub.Found, found: hub.Found, folder: Path, digests: dict[Path, str | None]) -> Weights:
    """The published model with StyleShot's own parts in the converted `folder`."""
    hashed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    folders = _base_folders(base)
    return Weights(
        folders | {part: folder / part for part in hashed},
        _marks(folders, base.variant) | hashed,
        base.variant,
        _short(base, found, digests),
        converted=all(digests.values()),
    )


def _base_folders(base: hub.Found) -> dict[str, Path]:
    return {part: base.folder / part for part in BASE_PARTS}


def _marks(folders: dict[str, Path], variant: str | None) -> dict[str, str]:
    return {part: f"{folder} {_state(_weights_file(folder, variant))}" for part, folder in folders.items()}


def _unet(base: hub.Found) -> Path:
    """The file that the base model is known by."""
    return _weights_file(base.folder / "unet", base.variant)


def _short(base: hub.Found, found: hub.Found, digests: dict[Path, str | None]) -> dict[str, str]:
    every = {base.model.name: digests[_unet(base)], found.model.name: digests[found.files[IP]]}
    return {name: digest[:16] for name, digest in every.items() if digest}


def _hashed(
    wanted: list[tuple[hub.Found, list[Path]]], settings: Settings
) -> Generator[Step, None, dict[Path, str]]:
    """SHA-256 of some files of some models, with `Step`s that name the model that is read."""
    record = own.record(settings)
    sizes = [sum(path.stat().st_size for path in paths if not known(path, record)) for _, paths in wanted]
    digests: dict[Path, str] = {}
    for place, (found, paths) in enumerate(wanted):
        begin, end = (READING * sum(sizes[:stop]) / max(1, sum(sizes)) for stop in (place, place + 1))
        try:
            digests |= yield from _told(hashing_all(paths, record), "reading_model", found, begin, end)
        except OSError as error:
            raise Problem("weights_broken", model=found.model.title) from error
    return digests


def _half(
    found: hub.Found, base: hub.Found, digests: dict[Path, str], settings: Settings, root: Path | None = None
) -> Generator[Step, None, Path]:
    """The folder with the converted checkpoint, which is made if there is none."""
    name = _name(found, digests)
    if (folder := _converted(name, settings, root)) is not None:
        return folder
    zerogpu.forbid_converting(found.model.title)
    yield Step(READING, remark("converting", model=found.model.title, percent=0))
    import styleshot_demo.styleshot.checkpoints  # noqa: F401  takes seconds, during which nothing could be stopped

    root = root or _root(settings)
    following = _conversions.follow(str(root / name), lambda: _convert(found, base, root, name, settings))
    return (yield from _told(following, "converting", found, READING, 1.0))


def _told(progress: Progress[Any], key: str, found: hub.Found, begin: float, end: float) -> Generator[Step, None, Any]:
    """The generator's numbers as `Step`s from `begin` to `end`."""
    try:
        while True:
            fraction = next(progress)
            message = remark(key, model=found.model.title, percent=int(100 * fraction))
            yield Step(begin + (end - begin) * fraction, message)
    except StopIteration as stop:
        return stop.value
    finally:
        progress.close()


def _convert(found: hub.Found, base: hub.Found, root: Path, name: str, settings: Settings) -> Progress[Path]:
    from styleshot_demo.styleshot import checkpoints

    folder, part = root / name, root / f".part-{name}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = yield from _locked(root / f".{name}.lock")
    except OSError as error:
        raise Problem("models_folder_locked") from error
    try:
        if (folder / MANIFEST).is_file():
            return folder
        # What an earlier run left that was killed.
        shutil.rmtree(part, ignore_errors=True)
        _need_space(found, root)
        part.mkdir()
        config = json.loads((base.folder / "unet" / "config.json").read_text(encoding="utf-8"))
        digests = yield from checkpoints.converting(found.files[IP], found.files[ENCODER], part, config)
        for own_part, digest in digests.items():
            _share(part / own_part / checkpoints.WEIGHTS, own_part, digest, _roots(settings, root))
        (part / MANIFEST).write_text(json.dumps(digests), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        put(part, folder)
    except OSError as error:
        raise Problem("cannot_write") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        lock.release()
    return folder


def _locked(path: Path) -> Progress[Any]:
    """A lock against other processes, once they have let go of it."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, thread_local=False)
    while True:
        try:
            lock.acquire(timeout=0)
            return lock
        except Timeout:
            time.sleep(0.1)
            yield 0.0


def load(part: str, weights: Weights, placement: Placement) -> "nn.Module":
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
    """The folder that converted checkpoints are written to."""
    for folder in own.folders(settings):
        root = folder / CONVERTED
        with contextlib.suppress(OSError):
            root.mkdir(parents=True, exist_ok=True)
            if os.access(root, os.W_OK):
                return root
    raise Problem("models_folder_locked")


def _roots(settings: Settings, *more: Path) -> list[Path]:
    """Folders that may hold converted checkpoints, those of earlier versions included."""
    every = [*more, *(folder / CONVERTED for folder in (*own.folders(settings), *own.older(settings)))]
    return list(dict.fromkeys(every))


def _converted(name: str, settings: Settings, root: Path | None = None) -> Path | None:
    """The converted checkpoint of that name, in any of the folders, or in `root` alone."""
    roots = _roots(settings) if root is None else [root]
    return next((place / name for place in roots if (place / name / MANIFEST).is_file()), None)


def _name(found: hub.Found, digests: dict[Path, str | None]) -> str | None:
    """What a converted checkpoint is called; None while its hashes are not known."""
    own = [digests[found.files[path]] for path in (IP, ENCODER)]
    return "-".join(digest[:16] for digest in own) if all(own) else None


def _share(file: Path, part: str, digest: str, roots: list[Path]) -> None:
    """Makes `file` a second name of the same weights in another converted folder, if there are such."""
    for manifest in (found for root in roots for found in root.glob(f"*/{MANIFEST}")):
        twin = manifest.parent / part / file.name
        if json.loads(manifest.read_text(encoding="utf-8")).get(part) == digest and twin.is_file():
            other = file.with_suffix(".twin")
            # Some disks know no hard links; then there are two files.
            with contextlib.suppress(OSError):
                os.link(twin, other)
                put(other, file)
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
    return sum(_numbers_of(file, _state(file)) for file in shards)


@lru_cache(maxsize=64)
def _numbers_of(file: Path, state: str) -> int:
    with file.open("rb") as opened:
        header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
    return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")


def _counts(ip: Path, encoder: Path) -> dict[str, int]:
    """Part -> how many numbers the conversion of a published checkpoint will write for it."""
    of_ip, of_encoder = _tensors(ip, _state(ip)), _tensors(encoder, _state(encoder))
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


def network_file(found: hub.Found) -> Path:
    """The file that holds the weights of a model that is one network."""
    return next(path for path in found.files.values() if path.suffix in WEIGHTS)


def short_hash(found: hub.Found, settings: Settings) -> dict[str, str]:
    """Name of such a model -> first 16 hex digits of the sha256 of its weights."""
    name, digests = network_file(found).name, hub.hashes(found, settings)
    return {found.model.name: next(digest[:16] for path, digest in digests.items() if path.endswith(name))}
