"""A gallery as WebDataset shards: tar files that are read from end to end, for sets beyond one disk.

A sample is the picture (`<key>.jpg`, or another of the formats), its caption (`<key>.txt`), its lines
(`<key>.contour.png`, `<key>.lineart.png`) and `<key>.json` with its `style`. Shards from elsewhere may have the caption
in the JSON, and no lines.
"""

import json
import os
import secrets
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from styleshot_demo.atomic import put
from styleshot_demo.destinations import not_written
from styleshot_demo.errors import Problem
from styleshot_demo.images.ops import on_white
from styleshot_demo.pictures import open_picture
from styleshot_demo.training.gallery.examples import TrainingExample
from styleshot_demo.training.gallery.manifest import Report, log_skipped

Sample = dict[str, Any]  # "__key__" and, by suffix, the bytes of each file

_PICTURES = ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif")
_CAPTIONS = ("content_prompt", "prompt", "caption", "text", "title", "name")
_MIXED = 128  # samples, undecoded, that wait to be drawn in random order


def library() -> ModuleType:
    """The webdataset package. Raises `Problem` package_missing."""
    try:
        import webdataset
    except ImportError:
        raise Problem("package_missing", package="webdataset") from None
    return webdataset


def shards_in(folder: Path) -> list[Path]:
    """The tar files in a folder, in the order of names."""
    return sorted(path for path in folder.glob("*.tar") if not path.name.startswith("."))


def write(samples: Iterable[Sample], path: Path) -> int:
    """Writes a shard that appears whole or not at all, byte for byte the same for the same samples; their number."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    number = 0
    try:
        with open(part, "xb") as stream, library().TarWriter(stream, encoder=False, mtime=0) as writer:
            for sample in samples:
                writer.write(sample)
                number += 1
        put(part, path)
    except OSError as error:
        raise not_written(error) from None
    finally:
        part.unlink(missing_ok=True)
    return number


def count(path: Path) -> int:
    """How many samples a shard of ours holds; 0 if it cannot be read."""
    try:
        with tarfile.open(path) as archive:
            return sum(member.name.endswith(".json") for member in archive)
    except (OSError, tarfile.TarError):
        return 0


def read(path: Path, report: Report = log_skipped) -> Iterator[Sample]:
    """The samples of a shard, undecoded. What comes after a break in the file is reported and left out."""
    from webdataset.tariterators import group_by_keys, tar_file_expander

    broken = False

    def told(error: Exception) -> bool:
        nonlocal broken
        del error
        broken = True
        return False

    try:
        with open(path, "rb") as stream:
            # Where it is cut between two files, or within padding, the reader takes that for the end.
            broken = not _has_end(stream)
            files = tar_file_expander([{"url": path.name, "stream": stream}], handler=told)
            yield from group_by_keys(files, handler=told)
    except OSError as error:
        told(error)
    if broken:
        report(path.name, Problem("gallery_shard"))


def _has_end(stream: BinaryIO) -> bool:
    """Whether a tar file ends as such files do, in two blocks of zeros; leaves the stream at its start."""
    length = stream.seek(0, os.SEEK_END)
    stream.seek(max(length - 1024, 0))
    end = stream.read()
    stream.seek(0)
    return length % 512 == 0 and end == bytes(1024)


class ShardGallery:
    """Examples in the order of shards, which is new for every epoch; within a shard they are mixed as they come.

    Styles are as balanced as the shards are: `train gallery` balances them when it writes them.
    """

    def __init__(
        self,
        shards: list[Path],
        seed: int = 0,
        control: str = "contour",
        contents: bool = False,
        report: Report = log_skipped,
    ) -> None:
        """`control`: which lines are the content pictures, "contour" or "lineart"; `contents`: they are needed."""
        library()
        if not shards:
            raise Problem("no_training_pictures")
        self._shards = shards
        self._seed = seed
        self._control = f"{control}.png"
        self._contents = contents
        self._report = report
        self._told: set[str] = set()

    def _tell(self, name: str, problem: Problem) -> None:
        """Every epoch meets the same breaks; the first time is enough."""
        if name not in self._told:
            self._told.add(name)
            self._report(name, problem)

    def stream(
        self, rank: int = 0, world: int = 1, start: int = 0, batch: int = 1, worker: int = 0, workers: int = 1
    ) -> Iterator[TrainingExample]:
        """One process's examples without end, from its `start`-th on; parameters as in `FileGallery.stream`.

        Each worker of each process reads shards of its own where there are enough, else its share of every shard, so
        the order depends on the number of both. Going on at `start` reads, but does not decode, what comes before.
        """
        # The loader asks worker 0 first again, so what worker 0 now makes is what another would have made next.
        worker = (worker + start // batch) % workers
        cycles, rest = divmod(start, batch * workers)
        skipped = cycles * batch + min(max(rest - worker * batch, 0), batch)
        consumer, consumers = rank * workers + worker, world * workers
        epoch = idle = 0
        # A set with fewer samples than readers gives each reader some only now and then.
        while idle <= consumers:
            idle += 1
            for sample in self._epoch(epoch, consumer, consumers):
                if skipped:
                    skipped -= 1
                    idle = 0
                    continue
                try:
                    example = self._example(sample)
                except Problem as problem:
                    self._tell(str(sample["__key__"]), problem)
                else:
                    idle = 0
                    yield example
            epoch += 1
        raise Problem("no_training_pictures")

    def _epoch(self, epoch: int, consumer: int, consumers: int) -> Iterator[Sample]:
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._shards))
        if len(order) >= consumers:
            samples = (sample for place in order[consumer::consumers] for sample in self._read(place))
        else:
            every = (sample for place in order for sample in self._read(place))
            samples = (sample for number, sample in enumerate(every) if (number + epoch) % consumers == consumer)
        return _mixed(samples, np.random.default_rng((self._seed, epoch, consumer)))

    def _read(self, place: int) -> Iterator[Sample]:
        return read(self._shards[place], self._tell)

    def _example(self, sample: Sample) -> TrainingExample:
        suffix = next((suffix for suffix in _PICTURES if suffix in sample), None)
        if suffix is None:
            raise Problem("not_a_picture")
        if self._contents and self._control not in sample:
            raise Problem("content_needed")
        picture = on_white(open_picture(sample[suffix]))
        content = on_white(open_picture(sample[self._control])) if self._contents else None
        if content is not None and content.size != picture.size:
            content = content.resize(picture.size, Image.Resampling.BILINEAR)
        fields = _fields(sample.get("json", b""))
        prompt = sample["txt"].decode("utf-8", "replace").strip() if "txt" in sample else _first(fields, _CAPTIONS)
        return TrainingExample(picture, prompt, content, _first(fields, ("style",)))


def _mixed(samples: Iterator[Sample], rng: np.random.Generator) -> Iterator[Sample]:
    """The samples in random order, as far as those that fit into memory allow."""
    waiting: list[Sample] = []
    for sample in samples:
        if len(waiting) < _MIXED:
            waiting.append(sample)
            continue
        place = rng.integers(_MIXED)
        waiting[place], sample = sample, waiting[place]
        yield sample
    for place in rng.permutation(len(waiting)):
        yield waiting[place]


def _fields(data: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((fields[name] for name in names if isinstance(fields.get(name), str)), "")
