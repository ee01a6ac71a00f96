"""From a name to a gallery: a JSON lines file, a folder of shards, one that `train gallery` made, a plain folder."""

from dataclasses import replace
from pathlib import Path

from styleshot_demo.errors import Problem
from styleshot_demo.training.gallery.captions import destyle
from styleshot_demo.training.gallery.controls import KINDS
from styleshot_demo.training.gallery.files import FileGallery
from styleshot_demo.training.gallery.folders import entries_in
from styleshot_demo.training.gallery.manifest import EntryList, Manifest, Report, log_skipped
from styleshot_demo.training.gallery.shards import ShardGallery, shards_in

PLAIN_LIST = "gallery.jsonl"  # of a gallery without content pictures


def open_gallery(
    source: Path,
    *,
    seed: int = 0,
    balance: float = 0.5,
    control: str = "contour",
    contents: bool = False,
    root: Path | None = None,
    report: Report = log_skipped,
) -> FileGallery | ShardGallery:
    """The gallery at `source`; both kinds have `stream(rank, world, start, batch, worker, workers)`.

    source    a .jsonl file in StyleGallery's format; a folder with .tar shards; a folder made by `train gallery`; or a
              folder of pictures with a sub-folder for each style, whose captions lose their words of style here
    seed      same seed, same order
    balance   of styles, 0 to 1, as in `sampling.shares`; shards have the balance that they were written with
    control   which lines are the content pictures where there are several: "contour" or "lineart"
    contents  every example is to have a content picture (stage 2)
    root      what relative paths in a .jsonl file start from; by default its folder

    Raises `Problem` gallery_unreadable, no_training_pictures, no_content_pictures, package_missing.
    """
    if source.is_file():
        return FileGallery(Manifest(source, root, report), seed, balance, contents, report)
    if not source.is_dir():
        raise Problem("gallery_unreadable", file=source.name)
    shards = shards_in(source)
    if shards:
        return ShardGallery(shards, seed, control, contents, report)
    # Without content pictures any of the lists will do.
    lists = [control] if contents else [control, *KINDS]
    for name in [f"{kind}.jsonl" for kind in lists] + [PLAIN_LIST]:
        if (source / name).is_file():
            return FileGallery(Manifest(source / name, root, report), seed, balance, contents, report)
    if contents:
        raise Problem("no_content_pictures")
    entries = EntryList(replace(entry, prompt=destyle(entry.prompt)) for entry in entries_in(source))
    return FileGallery(entries, seed, balance, contents, report)
