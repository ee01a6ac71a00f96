"""Everything that is kept as one zip, piece by piece: no file of it lies anywhere."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from styleshot_demo.history.entry import HistoryEntry


class _Pieces(io.RawIOBase):
    """What is written can be taken out again, and is then forgotten."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]  takes what zipfile gives
        self._written.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._written)
        self._written.clear()
        return taken


def packed(entries: Sequence[HistoryEntry]) -> Iterator[bytes]:
    """The pieces of a zip of the entries, under the names that they were made with; what is gone by now is left out."""
    pieces, taken = _Pieces(), set[str]()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_STORED) as target:  # PNGs do not get smaller
        for entry in entries:
            name, number = entry.name, 1
            while name.casefold() in taken:
                number += 1
                name = f"{Path(entry.name).stem}-{number}.png"
            taken.add(name.casefold())
            try:
                data = entry.path.read_bytes()
            except OSError:
                continue
            target.writestr(name, data)
            yield pieces.take()
    yield pieces.take()
