"""A gallery whose pictures are files on this machine: any picture at any time, in an endless balanced order."""

from collections.abc import Iterator

from PIL import Image

from styleshot_demo.errors import Problem
from styleshot_demo.images.ops import on_white
from styleshot_demo.pictures import open_picture
from styleshot_demo.training.gallery.examples import TrainingExample
from styleshot_demo.training.gallery.manifest import Entries, Report, log_skipped
from styleshot_demo.training.gallery.sampling import EpochOrder


class FileGallery:
    """Examples by position, 0 and up without end. The same position always gives the same example.

    A picture that cannot be read is reported once and its place taken by the next in the order, so that positions,
    and with them every process's share of an epoch, stay as they are.
    """

    def __init__(
        self,
        entries: Entries,
        seed: int = 0,
        balance: float = 0.5,
        contents: bool = False,
        report: Report = log_skipped,
    ) -> None:
        """`balance`: of styles, as in `sampling.shares`; `contents`: every example is to have a content picture.

        Raises `Problem` no_training_pictures where there is nothing, also later where nothing can be read.
        """
        if not len(entries):
            raise Problem("no_training_pictures")
        self._entries = entries
        self._order = EpochOrder(entries.codes, seed, balance)
        self._contents = contents
        self._report = report
        self._broken: dict[int, Problem] = {}

    def __len__(self) -> int:
        """Examples of an epoch."""
        return len(self._order)

    def __getitem__(self, position: int) -> TrainingExample:
        problem = None
        for ahead in range(len(self)):
            index = self._order[position + ahead]
            if index not in self._broken:
                try:
                    return self._read(index)
                except Problem as found:
                    self._broken[index] = found
                    self._report(self._entries[index].picture.name, found)
            problem = self._broken[index]
        if problem is not None and problem.key == "content_needed":
            raise Problem("no_content_pictures")
        raise Problem("no_training_pictures")

    def _read(self, index: int) -> TrainingExample:
        entry = self._entries[index]
        if self._contents and entry.content is None:
            raise Problem("content_needed")
        picture = on_white(open_picture(entry.picture))
        content = on_white(open_picture(entry.content)) if self._contents and entry.content is not None else None
        if content is not None and content.size != picture.size:
            content = content.resize(picture.size, Image.Resampling.BILINEAR)
        return TrainingExample(picture, entry.prompt, content, entry.style)

    def stream(
        self, rank: int = 0, world: int = 1, start: int = 0, batch: int = 1, worker: int = 0, workers: int = 1
    ) -> Iterator[TrainingExample]:
        """One process's examples without end, from its `start`-th on.

        rank, world      of `world` processes, this one gets every `world`-th position from `rank` on
        batch            examples of a batch
        worker, workers  a loader with several workers hands on one batch of each in turn: worker w makes the batches
                         w, w + workers, ..., so what the process gets does not depend on their number
        """
        number = 0
        while True:
            if number // batch % workers == worker:
                yield self[(start + number) * world + rank]
            number += 1
