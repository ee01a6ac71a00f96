"""Are a model's files on this machine, and if not, bring them. Nothing is downloaded but by `fetch` and `fetching`.

Files are looked for, in this order, in
1. the folder `Settings.models`, laid out as the Hugging Face cache (`models--org--name/snapshots/<commit>/...`), as
   `org/name/...`, as `name/...`, as the original demo leaves them, or being itself one repository's folder;
2. the Hugging Face cache of this user;
3. for built-in models, the program's own `assets/`.
Downloads go into the first of 1 and 2 that there is, in the Hugging Face cache's layout. What is noted of them lies
elsewhere (`app_cache.py`).
"""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from styleshot_demo.errors import Problem
from styleshot_demo.generators import finished
from styleshot_demo.models import app_cache
from styleshot_demo.models.catalogue import ALSO_KNOWN_AS, MODELS, ORIGINAL_DEMO, Model, ModelFile
from styleshot_demo.models.copying import copying, none_yet, numbered
from styleshot_demo.models.hashes import hashing, hashing_all, remember
from styleshot_demo.models.integrity import is_whole
from styleshot_demo.models.once import Progress as Fractions
from styleshot_demo.models.transfer import Timeouts, asking, disk_problem, fetch_file, part_of
from styleshot_demo.settings import ASSETS, Settings

_SPARE = 64 * 1024 * 1024  # bytes to leave free on the disk


@dataclass(frozen=True)
class FoundModel:
    """All needed files of a model are on this machine.

    folder   the folder they lie in; for `sd15` a diffusers folder that `from_pretrained` takes
    files    path in the catalogue -> where it lies (a file that serves instead may have another name)
    variant  "fp16" where the files have that in their names, to be handed to `from_pretrained(variant=...)`, else None
    """

    model: Model
    folder: Path
    files: dict[str, Path]
    variant: str | None

    here = True

    @property
    def bytes(self) -> int:
        """Size on disk."""
        return sum(path.stat().st_size for path in self.files.values())


@dataclass(frozen=True)
class Missing:
    """Some files of a model are not on this machine.

    files    those that a download would bring
    bytes    how much that is; nothing for a file whose equal another model already has
    damaged  paths of files that are there but cut off or not what their name says
    """

    model: Model
    files: tuple[ModelFile, ...]
    bytes: int
    damaged: tuple[str, ...] = ()

    here = False


@dataclass(frozen=True)
class DownloadProgress:
    """How far a download is.

    file   name of the file that is coming
    done   bytes there so far, of all files
    bytes  bytes of all files
    rate   bytes per second since the start; 0 while nothing has come
    """

    file: str
    done: int
    bytes: int
    rate: float

    @property
    def fraction(self) -> float:
        """0 to 1."""
        return min(1.0, self.done / self.bytes) if self.bytes else 1.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end at this rate; None while that cannot be said."""
        return (self.bytes - self.done) / self.rate if self.rate > 0 else None


def model_of(name: str) -> Model:
    """The model of that name; `Problem` where there is none."""
    if name not in MODELS:
        raise Problem("unknown_choice", value=str(name)[:40], name="model", choices=", ".join(MODELS))
    return MODELS[name]


def find(model: Model | str, settings: Settings) -> FoundModel | Missing:
    """Whether a model's files are on this machine. Looks at names, sizes and headers only; asks no network."""
    model = model_of(model) if isinstance(model, str) else model
    damaged: list[str] = []
    for folder in _folders(model, settings):
        found = _in_folder(model, folder, damaged)
        if found:
            return found
    if model.built_in:
        return Missing(model, (), 0, tuple(damaged))
    missing = tuple(file for file in model.files if not is_whole(_target(file, settings)))
    cost = sum(file.bytes for file in missing if not _twin(file, settings))
    return Missing(model, missing, cost, tuple(damaged))


def require(model: Model | str, settings: Settings) -> FoundModel:
    """`find`, or a `Problem` that says what is wrong with the files."""
    found = find(model, settings)
    if isinstance(found, FoundModel):
        return found
    raise Problem("weights_broken" if found.damaged else "weights_missing", model=found.model.title)


def overview(settings: Settings) -> list[FoundModel | Missing]:
    """`find` for every model of the catalogue, in its order."""
    return [find(model, settings) for model in MODELS.values()]


def plan(model: Model | str, settings: Settings) -> list[Missing]:
    """What a download of this model would bring: itself and the models it needs, as far as they are missing."""
    model = model_of(model) if isinstance(model, str) else model
    states = [find(part, settings) for part in (*model.needs, model)]
    return [state for state in states if isinstance(state, Missing) and state.files]


def check(found: FoundModel, settings: Settings) -> list[str]:
    """Reads all files of a model and names those that are not the published ones, by hash.

    A changed file is not an error (somebody may have trained it further); a person may want to know.
    """
    recorded = app_cache.record(settings).read("fetched")
    digests, different = hashes(found, settings), []
    for file in found.model.files:
        expected = file.sha256 or recorded.get(_key(file), {}).get("sha256")
        if file.path in digests and expected and digests[file.path] != expected:
            different.append(file.path)
    return different


def hashes(found: FoundModel, settings: Settings) -> dict[str, str]:
    """SHA-256 of each file, by its path in the catalogue; quick when they have been read before."""
    return finished(hashing_files(found, settings))


def hashing_files(found: FoundModel, settings: Settings) -> Fractions[dict[str, str]]:
    """`hashes` as a generator: yields the share that is read; closing it stops the reading."""
    # The program's own files are small: they are not worth a line in the record.
    record = None if found.model.built_in else app_cache.record(settings)
    digests = yield from hashing_all(found.files.values(), record)
    return {path: digests[place] for path, place in found.files.items()}


def fetch(
    model: Model | str,
    settings: Settings,
    on_progress: Callable[[DownloadProgress], None] | None = None,
    *,
    endpoint: str | None = None,
    patience: Timeouts | None = None,
) -> FoundModel:
    """Downloads what is missing of a model and of those it needs, and returns where it lies.

    An exception that `on_progress` raises stops the download; what has come is kept and continued next time.
    Failures are `Problem`s; nothing that is not whole and verified is ever found by `find`.
    """
    for progress in fetching(model, settings, endpoint=endpoint, patience=patience):
        if on_progress:
            on_progress(progress)
    return require(model, settings)


def fetching(
    model: Model | str,
    settings: Settings,
    *,
    endpoint: str | None = None,
    patience: Timeouts | None = None,
) -> Generator[DownloadProgress, None, None]:
    """`fetch` as an iterator: about four `DownloadProgress`es a second; closing it stops the download."""
    from huggingface_hub import constants

    model, patience = model_of(model) if isinstance(model, str) else model, patience or Timeouts.of_the_hub()
    if model.built_in:
        require(model, settings)
        return
    missing = plan(model, settings)
    if not missing:
        return
    if settings.offline or constants.HF_HUB_OFFLINE:
        raise Problem("downloads_off")
    files = [file for state in missing for file in state.files]
    _need_space(files, settings)
    sizes = {_key(file): file.bytes for file in files}
    before, started, already = 0, time.monotonic(), None
    for file in files:
        for done, size in _bring(file, settings, endpoint or constants.ENDPOINT, patience):
            sizes[_key(file)] = size
            already = done if already is None else already
            seconds = time.monotonic() - started
            rate = (before + done - already) / seconds if seconds > 0 else 0.0
            yield DownloadProgress(file.path.rsplit("/", 1)[-1], before + done, sum(sizes.values()), max(0.0, rate))
        before += sizes[_key(file)]


def _bring(file: ModelFile, settings: Settings, endpoint: str, patience: Timeouts) -> Iterator[tuple[int, int]]:
    """Brings one file to its place; yields (bytes there, bytes in all)."""
    from filelock import FileLock, Timeout
    from huggingface_hub import hf_hub_url

    name, target, record = file.path.rsplit("/", 1)[-1], _target(file, settings), app_cache.record(settings)
    lock = _home(settings) / ".locks" / f"{_repo_folder(file.repo)}--{file.path.replace('/', '--')}.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        # A generator may be resumed in another thread than it was started in, so the lock must not be bound to one.
        with FileLock(lock, timeout=0, thread_local=False):
            size = file.bytes
            twin = _twin(file, settings)
            if twin and (yield from none_yet(hashing(twin, record), size)) == file.sha256:
                size = yield from copying(twin, target, size)
                digest = str(file.sha256)
            else:
                url = hf_hub_url(file.repo, file.path, revision=file.revision, endpoint=endpoint)
                offer = yield from numbered(asking(url, name, _there(target), patience), size)
                expected = file.sha256 or record.read("fetched").get(_key(file), {}).get("sha256")
                exact = file.bytes if file.exact else None
                if (exact and offer.bytes and exact != offer.bytes) or (
                    expected and offer.sha256 and expected != offer.sha256
                ):
                    raise Problem("wrong_hash", file=name)
                bringing = fetch_file(
                    url,
                    target,
                    name=name,
                    bytes=exact or offer.bytes,
                    sha256=expected or offer.sha256,
                    patience=patience,
                )
                size = exact or offer.bytes or size
                digest = yield from numbered(bringing, size)
                size = target.stat().st_size
            remember(target, digest, record)
            # Without a record the file is here all the same.
            with contextlib.suppress(OSError):
                record.write("fetched", _key(file), {"bytes": size, "sha256": digest})
    except Timeout:
        raise Problem("already_fetching", file=name) from None
    except OSError as error:
        raise disk_problem(error) from error
    yield size, size


def _need_space(files: list[ModelFile], settings: Settings) -> None:
    needed = 0
    for file in files:
        needed += max(0, file.bytes - _there(_target(file, settings)))
    home = _home(settings)
    while not home.exists():
        home = home.parent
    free = shutil.disk_usage(home).free
    if needed + _SPARE > free:
        raise Problem("disk_too_small", needed=readable(needed + _SPARE), free=readable(free))


def _there(target: Path) -> int:
    """Bytes that an earlier, broken-off download has left."""
    part = part_of(target)
    return part.stat().st_size if part.exists() else 0


def readable(size: float) -> str:
    """A number of bytes as people write it: "17 MB", "4.98 GB"."""
    for unit, digits in (("GB", 2), ("MB", 0), ("kB", 0)):
        scale = {"GB": 1e9, "MB": 1e6, "kB": 1e3}[unit]
        if size >= scale:
            return f"{size / scale:.{digits}f} {unit}"
    return f"{size:.0f} B"


def _home(settings: Settings) -> Path:
    """The folder that downloads go into."""
    if settings.models:
        return settings.models
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def _key(file: ModelFile) -> str:
    return f"{file.repo}@{file.revision}/{file.path}"


def _repo_folder(repo: str) -> str:
    return "models--" + repo.replace("/", "--")


def _target(file: ModelFile, settings: Settings) -> Path:
    return _home(settings) / _repo_folder(file.repo) / "snapshots" / file.revision / file.path


def _folders(model: Model, settings: Settings) -> Iterator[Path]:
    """The folders in which a model's files may lie, best first."""
    if model.built_in:
        yield ASSETS
        return
    from huggingface_hub import constants

    file = model.files[0]
    names = (file.repo, *ALSO_KNOWN_AS.get(file.repo, ()))
    roots = [settings.models] if settings.models else []
    for root in (*roots, Path(constants.HF_HUB_CACHE)):
        for name in names:
            yield from _snapshots(root / _repo_folder(name), file.revision)
    for root in roots:
        for name in names:
            yield root / name
            yield root / name.split("/")[1]
        for folder in ORIGINAL_DEMO.get(file.repo, ()):
            yield root / folder
        # The folder may be a copy of one repository. StyleShot's two hold files of the same names, so the folder's
        # own name decides which of them it is.
        if ("lineart" in root.name.lower()) == ("lineart" in model.name) or "StyleShot" not in file.repo:
            yield root


def _snapshots(folder: Path, revision: str) -> Iterator[Path]:
    """Snapshots in one repository's folder of a Hugging Face cache: the pinned one, the current one, the others."""
    yield folder / "snapshots" / revision
    with contextlib.suppress(OSError):
        yield folder / "snapshots" / (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    with contextlib.suppress(OSError):
        yield from sorted((folder / "snapshots").iterdir(), key=os.path.getmtime, reverse=True)


def _in_folder(model: Model, folder: Path, damaged: list[str]) -> FoundModel | None:
    """The model's files in one folder, in half precision by name or, failing that, in full precision."""
    for variant in ("fp16", None):
        files: dict[str, Path] = {}
        halved = False
        for file in model.files:
            for path in (file.path, *file.instead):
                place = folder / (path if variant else path.replace(".fp16.", "."))
                if is_whole(place):
                    files[file.path] = place
                    halved = halved or ".fp16." in place.name
                    break
                if place.is_file() and file.path not in damaged:
                    damaged.append(file.path)
        if all(file.path in files for file in model.files if file.needed):
            return FoundModel(model, folder, files, "fp16" if halved else None)
    return None


def _twin(file: ModelFile, settings: Settings) -> Path | None:
    """What looks like the same file of another model, so that it need not be fetched twice. Its hash is not read."""
    if not file.sha256 or not file.exact:
        return None
    for model in MODELS.values():
        for other in model.files:
            if other != file and other.sha256 == file.sha256:
                for folder in _folders(model, settings):
                    place = folder / other.path
                    if place.is_file() and place.stat().st_size == file.bytes:
                        return place
    return None
