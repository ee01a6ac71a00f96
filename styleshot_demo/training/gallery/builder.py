"""A gallery made from folders: balanced by style, captions without style, contours and line drawings drawn ahead."""

import io
import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from PIL import Image

from styleshot_demo.atomic import put
from styleshot_demo.destinations import make_folder, not_written
from styleshot_demo.errors import Problem
from styleshot_demo.images.ops import on_white
from styleshot_demo.pictures import open_picture, write_bytes
from styleshot_demo.training.gallery import manifest, shards
from styleshot_demo.training.gallery.captions import destyle
from styleshot_demo.training.gallery.controls import ConditionRenderer, DetectorChoice
from styleshot_demo.training.gallery.folders import entries_in
from styleshot_demo.training.gallery.manifest import Entry, Manifest, Report
from styleshot_demo.training.gallery.opening import PLAIN_LIST
from styleshot_demo.training.gallery.sampling import chosen

ABOUT, FOUND = "gallery.json", ".found.jsonl"


@dataclass(frozen=True)
class GalleryRecipe:
    """How a gallery is made.

    per_style  at most so many pictures of each style, chosen at random; None: all
    size       pixels of short side that larger pictures are brought to; None: as they are
    shard      pictures of a WebDataset shard; None: single files
    words      captions keep their words of style
    """

    per_style: int | None = None
    size: int | None = 512
    seed: int = 0
    shard: int | None = None
    words: bool = False


@dataclass(frozen=True)
class Built:
    """What a gallery holds now: pictures, styles, pictures left out because they could not be read, shards."""

    pictures: int
    styles: int
    left_out: int
    shards: int


def build(
    source: Path,
    out: Path,
    recipe: GalleryRecipe,
    plan: DetectorChoice,
    drawer: ConditionRenderer,
    progress: Callable[[int, int], None],
    report: Report,
) -> Built:
    """Makes the gallery `out` from `source`, a folder with a sub-folder for each style or a JSON lines file.

    An interrupted run is continued by the same call: what is finished stays, and the end is the same byte for byte.
    What was found at first is what is used: pictures that come later need another folder. `progress` is told (done,
    total) after every picture or shard; pictures that cannot be read are told to `report` and left out.
    Raises `Problem` no_training_pictures, other_run, folder_not_empty, gallery_unreadable, package_missing.
    """
    if recipe.shard is not None:
        shards.library()
    _claim(out, {"recipe": asdict(recipe), "detectors": plan.detectors})
    found = Manifest(_found(source, out, report), report=report)
    picked = chosen(found.codes, recipe.per_style, recipe.seed)
    if not len(picked):
        raise Problem("no_training_pictures")
    maker = _Maker(found, recipe, plan, drawer, report)
    make = _files if recipe.shard is None else _shards
    pictures, written = make(maker, picked, out, progress)
    if not pictures:
        raise Problem("no_training_pictures")
    return Built(pictures, len(np.unique(found.codes[picked])), len(picked) - pictures, written)


def _claim(out: Path, about: dict) -> None:
    """Makes the folder ours, or finds that it is: with the same settings it is continued."""
    path = out / ABOUT
    try:
        if path.is_file():
            if json.loads(path.read_bytes()) != about:
                raise Problem("other_run")
            return
        make_folder(out)
        if any(out.iterdir()):
            raise Problem("folder_not_empty", name=out.name)
    except ValueError:
        raise Problem("other_run") from None
    except OSError as error:
        raise not_written(error) from None
    write_bytes(json.dumps(about, indent=2).encode(), path)


def _found(source: Path, out: Path, report: Report) -> Path:
    """The list of all that `source` has, written once: it may be too long for memory, and it must not change."""
    path = out / FOUND
    if not path.is_file():
        with _appearing(path) as stream:
            if source.is_dir():
                for entry in entries_in(source):
                    stream.write(manifest.line(entry, out))
            else:
                listed = Manifest(source.absolute(), report=report)
                for index in range(len(listed)):
                    stream.write(manifest.line(listed[index], out))
    return path


@contextmanager
def _appearing(path: Path) -> Iterator[TextIO]:
    """A text file to write to that appears whole or not at all."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with open(part, "x", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
            yield stream
        put(part, path)
    finally:
        part.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Maker:
    """Makes the parts of an example: the picture's bytes, those of its lines, its caption."""

    found: Manifest
    recipe: GalleryRecipe
    plan: DetectorChoice
    drawer: ConditionRenderer
    report: Report

    def caption(self, entry: Entry) -> str:
        return entry.prompt if self.recipe.words else destyle(entry.prompt)

    def parts(self, entry: Entry) -> dict[str, bytes] | None:
        """ "jpg" and each kind of lines as "png"; None, and told, if the picture cannot be read."""
        try:
            picture = _shrunk(on_white(open_picture(entry.picture)), self.recipe.size)
            # The lines are those of what is stored, not of what it was before.
            stored = _encoded(picture, format="JPEG", quality=95, subsampling=0)
            picture = on_white(open_picture(stored))
            lines = {kind: self.drawer.draw(picture, kind) for kind in self.plan.detectors}
        except Problem as problem:
            if problem.key in ("weights_missing", "weights_broken", "out_of_memory_loading"):
                raise
            self.report(entry.picture.name, problem)
            return None
        return {"jpg": stored} | {f"{kind}.png": _encoded(image, format="PNG") for kind, image in lines.items()}


def _shrunk(picture: Image.Image, size: int | None) -> Image.Image:
    shortest = min(picture.size)
    if size is None or shortest <= size:
        return picture
    width, height = (max(size, round(side * size / shortest)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _encoded(image: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, **options)
    return stream.getvalue()


def _files(maker: _Maker, picked: np.ndarray, out: Path, progress: Callable[[int, int], None]) -> tuple[int, int]:
    """(pictures, 0): single files, and a list for each kind of lines."""
    kinds = list(maker.plan.detectors)
    pictures = 0
    lists = [out / f"{kind}.jsonl" for kind in kinds] or [out / PLAIN_LIST]
    with ExitStack() as stack:
        streams = [stack.enter_context(_appearing(path)) for path in lists]
        for done, index in enumerate(picked, 1):
            entry = maker.found[index]
            name = Path(_safe(entry.style) or "style") / f"{index:08d}_{_safe(entry.picture.stem)}"
            places = {"jpg": out / "pictures" / name.with_name(name.name + ".jpg")}
            places |= {f"{kind}.png": out / kind / name.with_name(name.name + ".png") for kind in kinds}
            if _put(maker, entry, places):
                pictures += 1
                picture, *contents = places.values()
                for stream, content in zip(streams, contents or [None], strict=True):
                    stream.write(manifest.line(Entry(picture, maker.caption(entry), content, entry.style), out))
            progress(done, len(picked))
    return pictures, 0


def _put(maker: _Maker, entry: Entry, places: dict[str, Path]) -> bool:
    """Writes the files of an example unless all are there; whether they are there now."""
    if all(place.is_file() for place in places.values()):
        return True
    parts = maker.parts(entry)
    if parts is None:
        return False
    for part, place in places.items():
        make_folder(place.parent)
        write_bytes(parts[part], place)
    return True


def _safe(name: str) -> str:
    """A name that every file system takes, and that `webdataset` does not read a suffix into."""
    return re.sub(r"[^\w\-]+", "_", name)[:60].strip("_")


def _shards(maker: _Maker, picked: np.ndarray, out: Path, progress: Callable[[int, int], None]) -> tuple[int, int]:
    """(pictures, shards): every shard is a fixed part of what was picked, so those that are there stay."""
    pictures = done = 0
    size = maker.recipe.shard
    assert size is not None  # else `_files` is called
    groups = [picked[start : start + size] for start in range(0, len(picked), size)]

    def samples(group: np.ndarray) -> Iterator[shards.Sample]:
        nonlocal done
        for index in group:
            entry = maker.found[index]
            parts = maker.parts(entry)
            if parts is not None:
                about = json.dumps({"style": entry.style}).encode()
                yield {"__key__": f"{index:08d}", "txt": maker.caption(entry).encode(), "json": about, **parts}
            done += 1
            progress(done, len(picked))

    for number, group in enumerate(groups):
        path = out / f"{number:06d}.tar"
        if path.is_file():
            pictures += shards.count(path)
            done += len(group)
            progress(done, len(picked))
        else:
            pictures += shards.write(samples(group), path)
    return pictures, len(groups)
