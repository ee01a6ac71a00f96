"""Pictures of the page, opened and brought to size, so that a slider that moves does not read them again."""

import os
import threading
from collections import OrderedDict
from pathlib import Path

from PIL import Image

from styleshot_demo import jobs, pictures
from styleshot_demo.errors import Problem
from styleshot_demo.ui import results

SHAPES = 500
PIXELS = 16_000_000  # of all that is kept; the one used last stays whatever it has


class PictureCache:
    """Shared by all visitors; who does not know the path of an upload, which cannot be guessed, gets nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple, Image.Image] = OrderedDict()
        self._plain: dict[tuple, Path] = {}
        self._shapes: dict[tuple, tuple[int, int]] = {}

    def bring(self, path: str, size: int) -> Image.Image:
        """The picture with its longest side at `size` pixels at most. Raises the picture gate's `Problem`s."""
        key = *_key(path, size), jobs.kept_of(path)  # a style may get more pictures, or be deleted
        with self._lock:
            image = self._kept.pop(key, None)
        if image is None:
            whole = jobs.open_named(path)
            image = pictures.fit_longest(whole, size)
            # What is painted is smaller; the record is to know the file by its own pixels.
            kept = {"kept": whole.info["kept"]} if "kept" in whole.info else {}
            image.info = {"file_name": whole.info.get("file_name"), "pixels_sha256": pictures.digest(whole), **kept}
        with self._lock:
            self._kept[key] = image
            while len(self._kept) > 1 and sum(each.width * each.height for each in self._kept.values()) > PIXELS:
                gone, _ = self._kept.popitem(last=False)
                self._plain.pop(gone, None)
        return image

    def shape(self, path: str | None) -> tuple[int, int] | None:
        """Width and height of a picture as it is opened; None where there is none that can be read."""
        if not path:
            return None
        key = _key(path, 0)
        if key not in self._shapes:
            try:
                self._shapes[key] = pictures.open_picture(path).size
            except Problem:
                return None
            while len(self._shapes) > SHAPES:
                self._shapes.pop(next(iter(self._shapes)), None)
        return self._shapes.get(key)

    def shown(self, path: str, size: int, folder: Path) -> Path:
        """The same as a file that a page may show."""
        key = *_key(path, size), jobs.kept_of(path)
        place = self._plain.get(key)
        if place is None or not place.is_file():
            place = self._plain[key] = results.save_plain(self.bring(path, size), "before", folder)
        return place


def _key(path: str, size: int) -> tuple:
    try:
        return path, os.stat(path).st_mtime_ns, size
    except OSError:
        return path, None, size  # the gate will say it
