"""One style of the library, as lists show it and jobs use it."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from styleshot_demo import pictures
from styleshot_demo.library.computed import KeptPicture
from styleshot_demo.library.style import Style
from styleshot_demo.library.stylefile import StyleFile, thumbnail_of


@dataclass(frozen=True)
class StyleEntry:
    """A style that is there.

    key        by which it is found whatever it is called
    path       the style file; of a style that comes with the program, its picture
    style      all but the pixels
    title_zh   its name in Chinese, where it has one of its own
    read_only  it comes with the program
    limit      bytes that its library may take; 0: as many as there are
    """

    key: str
    path: Path
    style: Style
    title_zh: str = ""
    read_only: bool = False
    limit: int = 0

    @property
    def name(self) -> str:
        return self.style.name

    def used(self) -> list[tuple[Image.Image, float]]:
        """The pictures that a job gets, each with its weight, as jobs take them.

        Their `info["file_name"]` says where they came from, `info["kept"]` where what is computed of them is kept.
        Raises the `Problem`s of `StyleFile`.
        """
        used = self.style.used
        if self.read_only:
            found, kept = [pictures.open_picture(self.path)], [None]
        else:
            with StyleFile(self.path) as file:
                found = [file.picture(picture.file) for picture in used]
                kept = [KeptPicture(self.path, self.limit, self._members(file, picture.file)) for picture in used]
        for image, place, picture in zip(found, kept, used, strict=True):
            image.info["file_name"] = picture.name or Path(picture.file).name
            if place is not None:
                image.info["kept"] = place
        return list(zip(found, self._weights(), strict=True))

    def _members(self, file: StyleFile, name: str) -> tuple[tuple[str, str, float], ...]:
        group = self.style.group(name)
        whole = sum(picture.weight for picture in group)
        return tuple((one.file, file.checksum(one.file), one.weight / whole) for one in group)

    def _weights(self) -> list[float]:
        """Of those that are used: their own, but where some stand for others, together with these, 1 at most."""
        groups = {picture.file: self.style.group(picture.file) for picture in self.style.used}
        if not any(groups.values()):
            return [picture.weight for picture in self.style.used]
        sums = [
            sum(one.weight for one in groups[picture.file] or [picture]) for picture in self.style.used
        ]  # fmt: skip
        return [each / max(sums) for each in sums]

    def thumbnail(self) -> bytes:
        """A small square JPEG. Raises as `used` does."""
        if self.read_only:
            return thumbnail_of(pictures.open_picture(self.path))
        with StyleFile(self.path) as file:
            return file.thumbnail()

    def texts(self) -> str:
        """All that a search looks at."""
        return folded(" ".join([self.name, self.title_zh, self.key, *self.style.tags, self.style.note]))


def folded(text: str) -> str:
    """As texts are compared: small and large letters, full and half width are the same."""
    return unicodedata.normalize("NFKC", text).casefold()


def search(entries: Iterable[StyleEntry], words: str) -> list[StyleEntry]:
    """Those whose name (in English or Chinese), tags or note hold every one of the words."""
    wanted = folded(words).split()
    return [entry for entry in entries if all(word in entry.texts() for word in wanted)]
