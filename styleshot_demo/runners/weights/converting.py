"""The published checkpoint in half precision, made once: minutes of work that tells of itself and may be stopped."""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from styleshot_demo.atomic import put
from styleshot_demo.destinations import check_new, not_written
from styleshot_demo.errors import Problem
from styleshot_demo.events import Step
from styleshot_demo.generators import finished, mapped
from styleshot_demo.messages import remark
from styleshot_demo.models import app_cache, hub
from styleshot_demo.models.hashes import hashing_all, known
from styleshot_demo.models.once import Progress, SingleFlight
from styleshot_demo.runners.weights.catalogue import BASE, CHECKPOINT, CONVERTED, ENCODER, IP, MANIFEST
from styleshot_demo.runners.weights.choosing import choose
from styleshot_demo.runtime import zerogpu
from styleshot_demo.settings import Settings

READING = 0.6  # share of locating that is reading; the rest is converting
_conversions = SingleFlight()


def convert(found: hub.FoundModel, base: hub.FoundModel, settings: Settings, root: Path | None = None) -> Path:
    """`converting` to its end."""
    return finished(converting(found, base, settings, root))


def converting(
    found: hub.FoundModel, base: hub.FoundModel, settings: Settings, root: Path | None = None
) -> Generator[Step, None, Path]:
    """Converts a published checkpoint to half precision safetensors, once; returns the folder.

    Parts that are equal to those of another checkpoint take no room of their own on the disk.

    root  the folder for the converted one, where it is not to be among the program's own files
    """
    digests = yield from hashed([(found, [found.files[IP], found.files[ENCODER]])], settings)
    return (yield from half_precision(found, base, digests, settings, root))


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


def hashed(
    wanted: list[tuple[hub.FoundModel, list[Path]]], settings: Settings
) -> Generator[Step, None, dict[Path, str]]:
    """SHA-256 of some files of some models, with `Step`s that name the model that is read."""
    record = app_cache.record(settings)
    sizes = [sum(path.stat().st_size for path in paths if not known(path, record)) for _, paths in wanted]
    digests: dict[Path, str] = {}
    for place, (found, paths) in enumerate(wanted):
        begin, end = (READING * sum(sizes[:stop]) / max(1, sum(sizes)) for stop in (place, place + 1))
        try:
            digests |= yield from _as_steps(hashing_all(paths, record), "reading_model", found, begin, end)
        except OSError as error:
            raise Problem("weights_broken", model=found.model.title) from error
    return digests


def half_precision(
    found: hub.FoundModel,
    base: hub.FoundModel,
    digests: Mapping[Path, str],
    settings: Settings,
    root: Path | None = None,
) -> Generator[Step, None, Path]:
    """The folder with the converted checkpoint, which is made if there is none."""
    name = converted_name(found, digests)
    assert name is not None  # its files were just hashed
    if (folder := converted_folder(name, settings, root)) is not None:
        return folder
    zerogpu.forbid_converting(found.model.title)
    yield Step(READING, remark("converting", model=found.model.title, percent=0))
    import styleshot_demo.styleshot.checkpoints  # noqa: F401  takes seconds, during which nothing could be stopped

    root = root or root_for(settings)
    following = _conversions.join(str(root / name), lambda: _convert(found, base, root, name, settings))
    return (yield from _as_steps(following, "converting", found, READING, 1.0))


def _as_steps(
    progress: Progress[Any], key: str, found: hub.FoundModel, begin: float, end: float
) -> Generator[Step, None, Any]:
    """The generator's numbers as `Step`s from `begin` to `end`."""

    def step(fraction: float) -> Step:
        message = remark(key, model=found.model.title, percent=int(100 * fraction))
        return Step(begin + (end - begin) * fraction, message)

    return mapped(progress, step)


def _convert(found: hub.FoundModel, base: hub.FoundModel, root: Path, name: str, settings: Settings) -> Progress[Path]:
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
        raise not_written(error) from error
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


def root_for(settings: Settings) -> Path:
    """The folder that converted checkpoints are written to."""
    for folder in app_cache.folders(settings):
        root = folder / CONVERTED
        with contextlib.suppress(OSError):
            root.mkdir(parents=True, exist_ok=True)
            if os.access(root, os.W_OK):
                return root
    raise Problem("models_folder_locked")


def _roots(settings: Settings, *more: Path) -> list[Path]:
    """Folders that may hold converted checkpoints, those of earlier versions included."""
    every = [*more, *(folder / CONVERTED for folder in (*app_cache.folders(settings), *app_cache.older(settings)))]
    return list(dict.fromkeys(every))


def converted_folder(name: str, settings: Settings, root: Path | None = None) -> Path | None:
    """The converted checkpoint of that name, in any of the folders, or in `root` alone."""
    roots = _roots(settings) if root is None else [root]
    return next((place / name for place in roots if (place / name / MANIFEST).is_file()), None)


def converted_name(found: hub.FoundModel, digests: Mapping[Path, str | None]) -> str | None:
    """What a converted checkpoint is called; None while its hashes are not known."""
    own = [digest for path in (IP, ENCODER) if (digest := digests[found.files[path]])]
    return "-".join(digest[:16] for digest in own) if len(own) == 2 else None


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


def _need_space(found: hub.FoundModel, root: Path) -> None:
    # At most: the files are in single precision, and the larger one holds a UNet that is not converted.
    needed = sum(path.stat().st_size for path in found.files.values()) // 2
    free = shutil.disk_usage(root).free
    if needed > free:
        raise Problem("disk_too_small", needed=hub.readable(needed), free=hub.readable(free))
