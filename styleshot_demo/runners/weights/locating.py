"""Where the parts of a StyleShot lie: at once, by names and headers; or ready to be loaded, read and converted."""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from styleshot_demo.events import Step
from styleshot_demo.generators import finished
from styleshot_demo.models import app_cache, hub
from styleshot_demo.models.hashes import hashing_all, known
from styleshot_demo.runners.weights.catalogue import (
    BASE,
    BASE_PARTS,
    CHECKPOINT,
    ENCODER,
    IP,
    MANIFEST,
    OWN_PARTS,
    SMALL,
    SMALL_PARTS,
)
from styleshot_demo.runners.weights.converting import converted_folder, converted_name, half_precision, hashed
from styleshot_demo.runners.weights.headers import counts_of, numbers_in, state_of, weights_file
from styleshot_demo.settings import Settings


@dataclass(frozen=True)
class ModelParts:
    """Where the parts of one StyleShot lie.

    folders       part -> folder that `from_pretrained` opens; "controlnet" is absent where there is no content fusion
    fingerprints  part -> what its weights are known by: equal ones mean equal weights
    variant       of the base model's files: "fp16" or None
    digests       model -> first 16 hex digits of the sha256 of its weights; of `parts`, as far as they are known
    converted     False where `locate` has reading or converting to do first. The folders of StyleShot's own parts may
                  then hold the published file instead, and their fingerprints be those of that file
    counts        part -> how many numbers its weights are, where that is not in its folder's headers
    """

    folders: dict[str, Path]
    fingerprints: dict[str, str]
    variant: str | None
    digests: dict[str, str]
    converted: bool = True
    counts: dict[str, int] = field(default_factory=dict)

    def numbers(self) -> dict[str, int]:
        """Part -> how many numbers its weights are."""
        return {
            part: self.counts[part] if part in self.counts else numbers_in(folder, self.variant)
            for part, folder in self.folders.items()
        }


def parts(settings: Settings, model: str, preprocessor: str = "contour") -> ModelParts | None:
    """Where the parts of a chosen model ("styleshot" or "small") lie and how large they are, at once.

    Reads headers and remembered hashes alone: nothing is hashed, converted, written or loaded. What it says of sizes is
    what `locate` will say; to load from the folders is for `locate`. None where files are missing or damaged.
    """
    if model == "small":
        found = hub.find(SMALL, settings)
        return _small(next(iter(found.files.values())).parent) if isinstance(found, hub.FoundModel) else None
    base, checkpoint = hub.find(BASE, settings), hub.find(_checkpoint(settings, preprocessor), settings)
    if not isinstance(base, hub.FoundModel) or not isinstance(checkpoint, hub.FoundModel):
        return None
    record = app_cache.record(settings)
    digests = {path: known(path, record) for path in (base_file(base), checkpoint.files[IP], checkpoint.files[ENCODER])}
    name = converted_name(checkpoint, digests)
    folder = converted_folder(name, settings) if name else None
    if folder is not None:
        return _published(base, checkpoint, folder, digests)
    counts = counts_of(checkpoint.files[IP], checkpoint.files[ENCODER])
    places = {part: checkpoint.files[ENCODER if part == "style_encoder" else IP] for part in counts}
    folders = _base_folders(base)
    return ModelParts(
        folders | {part: place.parent for part, place in places.items()},
        _fingerprints(folders, base.variant) | {part: f"{place} {state_of(place)}" for part, place in places.items()},
        base.variant,
        _short(base, checkpoint, digests),
        converted=False,
        counts=counts,
    )


def locate(settings: Settings, model: str, preprocessor: str = "contour") -> Generator[Step | ModelParts, None, None]:
    """The parts of a chosen model, ready to be loaded: any number of `Step`s, and at last the `ModelParts`.

    The first time the files are read for their hashes, and StyleShot's own are converted; later neither. `fraction` is
    of locating alone, 0 to 1. Closing the iterator stops the work within about a second and leaves nothing half-made.
    Who asks for the same files at the same time follows the same work; who asks for others is not held up. Raises
    `Problem` weights_missing, weights_broken, disk_too_small, models_folder_locked, cannot_write, checkpoint_*.
    """
    if model == "small":
        folder = small_folder(settings)
        located = _small(folder)
        digests = finished(hashing_all([_own_file(located.folders["unet"], None)]))
        yield ModelParts(located.folders, located.fingerprints, None, {SMALL: next(iter(digests.values()))[:16]})
        return
    base = hub.require(BASE, settings)
    found = hub.require(_checkpoint(settings, preprocessor), settings)
    digests = yield from hashed([(base, [base_file(base)]), (found, [found.files[IP], found.files[ENCODER]])], settings)
    folder = yield from half_precision(found, base, digests, settings)
    yield _published(base, found, folder, digests)


def small_folder(settings: Settings) -> Path:
    """Where the small model lies; `Problem` where it does not."""
    return next(iter(hub.require(SMALL, settings).files.values())).parent


def _checkpoint(settings: Settings, preprocessor: str) -> str:
    """The catalogue's name of the checkpoint for these lines, or of the other one where only that is here."""
    name = CHECKPOINT[preprocessor]
    if hub.find(name, settings).here:
        return name
    # The style half of both checkpoints serves.
    return next((other for other in CHECKPOINT.values() if hub.find(other, settings).here), name)


def _small(folder: Path) -> ModelParts:
    folders = {part: folder / part for part in (*BASE_PARTS, *OWN_PARTS, *SMALL_PARTS) if (folder / part).is_dir()}
    return ModelParts(folders, _fingerprints(folders, None), None, {})


def _published(
    base: hub.FoundModel, found: hub.FoundModel, folder: Path, digests: Mapping[Path, str | None]
) -> ModelParts:
    """The published model with StyleShot's own parts in the converted `folder`."""
    hashed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    folders = _base_folders(base)
    return ModelParts(
        folders | {part: folder / part for part in hashed},
        _fingerprints(folders, base.variant) | hashed,
        base.variant,
        _short(base, found, digests),
        converted=all(digests.values()),
    )


def _base_folders(base: hub.FoundModel) -> dict[str, Path]:
    return {part: base.folder / part for part in BASE_PARTS}


def _fingerprints(folders: dict[str, Path], variant: str | None) -> dict[str, str]:
    return {part: f"{folder} {state_of(weights_file(folder, variant))}" for part, folder in folders.items()}


def base_file(base: hub.FoundModel) -> Path:
    """The file that the base model is known by."""
    return _own_file(base.folder / "unet", base.variant)


def _own_file(folder: Path, variant: str | None) -> Path:
    file = weights_file(folder, variant)
    assert file is not None  # the model would not be found without it
    return file


def _short(base: hub.FoundModel, found: hub.FoundModel, digests: Mapping[Path, str | None]) -> dict[str, str]:
    every = {base.model.name: digests[base_file(base)], found.model.name: digests[found.files[IP]]}
    return {name: digest[:16] for name, digest in every.items() if digest}
