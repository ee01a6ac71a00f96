"""Which pictures a batch paints, and what each result is called."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from styleshot_demo.errors import Problem

# Endings of what the picture gate opens; whether a file is what its name says, its content decides.
ENDINGS = frozenset(
    f".{name}"
    for name in ("avif", "bmp", "gif", "heic", "heif", "hif", "j2k", "jfif", "jp2", "jpe", "jpeg", "jpg", "png")
    + ("tga", "tif", "tiff", "webp")
)


@dataclass(frozen=True)
class Item:
    """One picture to paint.

    path    where it lies
    name    how the report calls it: its path below the folder that was named, with "/"; a single file as it was named
    target  its result's path below the folder for results, with "/"; no two of a batch have the same
    """

    path: Path
    name: str
    target: str


@dataclass(frozen=True)
class Shard:
    """One of several parts of a batch, for machines that share a disk: `number` 1 to `count`."""

    number: int = 1
    count: int = 1

    @classmethod
    def from_text(cls, text: str) -> "Shard":
        """From such as "2/8"; `Problem` shard_unusable."""
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count) <= 100_000):
            raise Problem("shard_unusable", value=text[:40])
        return cls(int(number), int(count))

    @property
    def label(self) -> str:
        """For names of files: empty where there is one part only."""
        return f"-{self.number}-of-{self.count}" if self.count > 1 else ""


def listed(
    inputs: Sequence[Path], out: Path, ending: str, shard: Shard = Shard(), others: Sequence[Path] = ()
) -> list[Item]:
    """The pictures of `shard`, in the order of their names; all shards together have each picture once.

    inputs  folders, of which all that looks like a picture is taken, with its sub-folders, and single files, taken as
            they are. What is hidden, and what lies in `out`, is not looked at
    out     the folder for results. One input folder is mirrored there; of several, each in a folder of its own name
    ending  of the results, with its dot
    others  further files that are read, such as styles: no result may take their place

    Results are named after their pictures: photo.jpg becomes photo.png. Pictures whose results would have the same name
    keep their ending too (photo.jpg.png, photo.webp.png); what is still the same, from other folders, gets a number.
    Raises `Problem`: picture_missing, no_pictures, overwrites_input, results_among_pictures.
    """
    found = sorted(set(_found(inputs, out)))
    if not found:
        raise Problem("no_pictures")
    targets = targets_of([place for place, _, _ in found], ending)
    items = [Item(path, name, target) for (_, name, path), target in zip(found, targets, strict=True)]
    sources = {os.path.realpath(path) for path in (*others, *(item.path for item in items))}
    for item in items:
        if os.path.realpath(out / item.target) in sources:
            raise Problem("overwrites_input", name=item.target)
    return list(islice(items, shard.number - 1, None, shard.count))


def _found(inputs: Sequence[Path], out: Path) -> Iterator[tuple[str, str, Path]]:
    """(what its result is named after, name, path) of each picture."""
    folders = [path for path in inputs if path.is_dir()]
    results = os.path.realpath(out)
    for one in inputs:
        if not one.is_dir():
            if not one.is_file():
                raise Problem("picture_missing")
            yield one.name, one.as_posix(), one
            continue
        if os.path.realpath(one) == results:
            raise Problem("results_among_pictures", name=one.name)
        below = f"{one.resolve().name}/" if len(folders) > 1 else ""
        for folder, inner, files in os.walk(one):
            shown = [name for name in inner if not name.startswith(".")]
            inner[:] = [name for name in shown if os.path.realpath(os.path.join(folder, name)) != results]
            for file in files:
                path = Path(folder, file)
                if not file.startswith(".") and path.suffix.lower() in ENDINGS and path.is_file():
                    name = below + path.relative_to(one).as_posix()
                    yield name, name, path


def targets_of(names: Sequence[str], ending: str) -> list[str]:
    """A result's name for each path of a picture, as in `listed`, no two the same; disks that do not tell capital
    letters are thought of."""
    targets = [str(PurePosixPath(name).with_suffix(ending)) for name in names]
    full = [name + ending for name in names]
    while clashes := _clashes(targets):
        again = [full[n] if target.casefold() in clashes else target for n, target in enumerate(targets)]
        if again == targets:
            break
        targets = again
    taken: set[str] = set()
    for n, target in enumerate(targets):
        number, place = 2, PurePosixPath(target)
        while target.casefold() in taken:
            target = str(place.with_name(f"{place.stem}-{number}{ending}"))
            number += 1
        taken.add(target.casefold())
        targets[n] = target
    return targets


def _clashes(targets: Sequence[str]) -> set[str]:
    return {target for target, count in Counter(map(str.casefold, targets)).items() if count > 1}
