"""What is to be done with every picture of a batch: small, and the same in each process that takes part."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from styleshot_demo import __version__, pictures
from styleshot_demo.batch.listing import Shard
from styleshot_demo.destinations import make_folder
from styleshot_demo.jobs import ClassicalJob, ImageJob
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio

STATE = ".styleshot-batch"  # the folder in that of the results where it is kept what is finished


@dataclass(frozen=True)
class BatchOrder:
    """How each picture is painted.

    out          folder for results
    styles       (place, weight, name for the record or None: that of the file) of each style picture
    settings     keyword arguments of `ClassicalJob`, without pictures
    ending       of the results, with its dot
    keep         whether a result says how it was made
    program      the program's own settings
    fingerprint  of all that shapes a result but its content: another one makes finished results stale
    shard        which part of a batch this is
    """

    out: Path
    styles: tuple[tuple[Path, float, str | None], ...]
    settings: Mapping[str, Any]
    ending: str
    keep: bool
    program: Settings
    fingerprint: str
    shard: Shard = Shard()

    @property
    def state(self) -> Path:
        """The folder where it is kept what is finished."""
        return self.out / STATE

    @property
    def parts(self) -> Path:
        """The folder for files that are being written."""
        return self.state / f"parts{self.shard.label}"

    def key(self, data: bytes) -> str:
        """What the result of a file with this content is known by, 64 hex digits."""
        return hashlib.sha256(f"{self.fingerprint} {hashlib.sha256(data).hexdigest()}".encode()).hexdigest()


def put_styles(styles: Sequence[tuple[Image.Image, float]], folder: Path) -> tuple[tuple[Path, float, str | None], ...]:
    """Styles as files in `folder`, as `BatchOrder.styles` wants them: what was opened is painted with, whatever becomes
    of the files it came from. `Problem` cannot_write."""
    make_folder(folder)
    placed = []
    for image, weight in styles:
        path = folder / f"{pictures.digest(image)}.png"
        if not path.exists():  # another part of this batch may have put it there
            pictures.save_png(image, path)
        placed.append((path, weight, image.info.get("file_name")))
    return tuple(placed)


def fingerprint(sample: ClassicalJob | ImageJob, ending: str, keep: bool, studio: Studio) -> str:
    """64 hex digits of what shapes a result but its content; `sample` is a job of the batch with any content."""
    shaping = {
        "settings": sample.settings(),
        "styles": [pictures.digest(picture) for picture, _ in sample.styles],
        "files": studio.plan(sample).files,  # VGG-19, once it is there, paints otherwise
        "ending": ending,
        "keep": keep,
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()
