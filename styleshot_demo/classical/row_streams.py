"""Maps whose rows are computed in turn, from top to bottom, each once: networks over pictures of any height.

A 3x3 convolution needs one row above and one below of what it reads. Computed in tiles, each reads a margin that its
neighbours compute as well; here every stage keeps the last rows that it was given, so that strips as wide as the
picture follow one another and nothing is computed twice. What is asked for is pulled through all stages.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

COPY_THRESHOLD = 2**14  # places of maps from which on copying them row by row takes less time than `pad`
Edges = tuple[bool, bool]  # whether rows begin, and end, with the picture


class RowSource(ABC):
    """Maps [1, C, height, W], of which `take` gives the rows in turn."""

    def __init__(self, height: int, multiple: int = 1) -> None:
        """`multiple`: only so many rows at a time can be taken."""
        self.height, self.multiple = height, multiple
        self.position = 0  # rows that have been taken

    def take(self, bottom: int) -> Tensor:
        """[1, C, n, W]: the rows from where the last call ended up to `bottom`; n is above 0."""
        top, self.position = self.position, bottom
        assert top < bottom <= self.height and (bottom % self.multiple == 0 or bottom == self.height)
        return self._rows(top, bottom)

    def take_pieces(self, bottom: int) -> list[Tensor]:
        """What `take` gives, in as many pieces as it lies in: they need not be copied into one."""
        return [self.take(bottom)]

    @abstractmethod
    def _rows(self, top: int, bottom: int) -> Tensor:
        """Rows `top` to `bottom`; every call begins where the last one ended."""


class ReadRows(RowSource):
    """What `read` gives for (top, bottom), [1, C, bottom - top, W], read at least `step` rows at a time."""

    def __init__(self, height: int, read: Callable[[int, int], Tensor], step: int = 1) -> None:
        super().__init__(height)
        self._read, self._step = read, step
        self._block: Tensor | None = None
        self._end = 0  # of what has been read

    def take_pieces(self, bottom: int) -> list[Tensor]:
        top, self.position = self.position, bottom
        pieces = []
        if self._block is not None and top < self._end:
            first = self._end - self._block.shape[2]
            pieces.append(self._block[:, :, top - first : bottom - first])
        if bottom > self._end:
            start, self._end = self._end, min(self.height, max(bottom, self._end + self._step))
            self._block = self._read(start, self._end)
            pieces.append(self._block[:, :, : bottom - start])
        return pieces

    def _rows(self, top: int, bottom: int) -> Tensor:
        self.position = top
        return _joined(self.take_pieces(bottom))


class WholeRows(RowSource):
    """Those of maps [1, C, H, W] that are there."""

    def __init__(self, maps: Tensor) -> None:
        super().__init__(maps.shape[2])
        self._maps = maps

    def _rows(self, top: int, bottom: int) -> Tensor:
        return self._maps[:, :, top:bottom]


class MappedRows(RowSource):
    """What `function` makes of (rows, number of the first one): as many rows, or a `shrink`th of them."""

    def __init__(self, source: RowSource, function: Callable[[Tensor, int], Tensor], shrink: int = 1) -> None:
        super().__init__(source.height // shrink, source.multiple)
        self._source, self._function, self._shrink = source, function, shrink

    def take_pieces(self, bottom: int) -> list[Tensor]:
        if self._shrink > 1:
            return super().take_pieces(bottom)
        top, self.position = self.position, bottom
        made = []
        for piece in self._source.take_pieces(bottom):
            made.append(self._function(piece, top))
            top += piece.shape[2]
        return made

    def _rows(self, top: int, bottom: int) -> Tensor:
        return self._function(self._source.take(bottom * self._shrink), top * self._shrink)


class RowBuffer:
    """Rows that are kept until each of its readers has taken them."""

    def __init__(self, height: int, fill: Callable[[int], object] | None = None, multiple: int = 1) -> None:
        """`fill(bottom)` appends all rows up to there at least, where the readers want more than was appended; so many
        at a time as `multiple` says."""
        self.height, self.multiple, self.end = height, multiple, 0
        self.fill = fill
        self._pieces: list[tuple[int, Tensor]] = []
        self._positions: list[int] = []  # of the readers

    def append(self, rows: Tensor, top: int) -> None:
        """The rows [1, C, n, W] that begin with number `top`; those that were there before are left out."""
        rows = rows[:, :, self.end - top :]
        if rows.shape[2]:
            self._pieces.append((self.end, rows))
            self.end += rows.shape[2]

    def reader(self) -> RowSource:
        """Another source of all rows; made before the first is taken."""
        self._positions.append(0)
        return _BufferedRows(self, len(self._positions) - 1)

    def pieces(self, reader: int, bottom: int) -> list[Tensor]:
        """The rows that this reader has not had, up to `bottom`."""
        if bottom > self.end:
            assert self.fill is not None  # who reads more than there is says where it comes from
            self.fill(bottom)
        top, self._positions[reader] = self._positions[reader], bottom
        seen = [
            piece[:, :, max(0, top - first) : bottom - first]
            for first, piece in self._pieces
            if first < bottom and first + piece.shape[2] > top
        ]
        done = min(self._positions)
        self._pieces = [(first, piece) for first, piece in self._pieces if first + piece.shape[2] > done]
        return seen


class SharedRows(RowBuffer):
    """A source that several stages read."""

    def __init__(self, source: RowSource) -> None:
        super().__init__(source.height, multiple=source.multiple)
        self._source = source

    def pieces(self, reader: int, bottom: int) -> list[Tensor]:
        if bottom > self.end:
            self.append(self._source.take(bottom), self.end)
        return super().pieces(reader, bottom)


class _BufferedRows(RowSource):
    def __init__(self, buffer: RowBuffer, number: int) -> None:
        super().__init__(buffer.height, buffer.multiple)
        self._buffer, self._number = buffer, number

    def take_pieces(self, bottom: int) -> list[Tensor]:
        self.position = bottom
        return self._buffer.pieces(self._number, bottom)

    def _rows(self, top: int, bottom: int) -> Tensor:
        return _joined(self._buffer.pieces(self._number, bottom))


class ConvRows(RowSource):
    """What `convolve` makes of one or more `RowWindow`s.

    It is called with `Edges` and what each window gives, of which 3x3 convolutions make exactly the rows wanted.
    """

    def __init__(self, convolve: Callable[..., Tensor], *windows: "RowWindow") -> None:
        super().__init__(windows[0].height, max(window.scale for window in windows))
        self._convolve, self._windows = convolve, windows

    def _rows(self, top: int, bottom: int) -> Tensor:
        return self._convolve((top == 0, bottom == self.height), *(window.take(bottom) for window in self._windows))


class RowWindow:
    """Rows of a source with one more place on each side, for a stage whose maps are `scale` times as large."""

    def __init__(self, source: RowSource, scale: int = 1) -> None:
        self.height, self.scale = source.height * scale, scale
        self._source, self._top = source, 0
        self._held: list[Tensor] = []

    def take(self, bottom: int) -> Tensor:
        """`bordered` rows for what that stage makes up to its row `bottom`."""
        bottom //= self.scale
        multiple = self._source.multiple
        end = min(-(-(bottom + 1) // multiple) * multiple, self._source.height)
        pieces = self._held + (self._source.take_pieces(end) if end > self._source.position else [])
        start = max(0, self._top - 1)  # where the pieces begin
        spare = end - min(bottom + 1, self._source.height)
        seen = [*pieces[:-1], pieces[-1][:, :, : pieces[-1].shape[2] - spare]]
        # What lies opposite the border of a map enlarged by repetition is the border itself.
        made = bordered(seen, (self._top == 0, bottom == self._source.height), inset=int(self.scale == 1))
        self._held = [_last_rows(pieces, end - max(bottom - 1, start))] if bottom < self._source.height else []
        self._top = bottom
        return made


def bordered(pieces: Sequence[Tensor], edges: Edges = (True, True), inset: int = 1) -> Tensor:
    """Maps [N, C, h, W] that lie below each other, with one place more on each side: [N, C, sum of h + 2, W + 2].

    edges  where they neither begin nor end with the picture, their first and last row are that place
    inset  what is put there: 1 what lies opposite (reflection), 0 the border itself
    """
    above, below = edges
    first = pieces[0]
    height, width = sum(piece.shape[2] for piece in pieces), first.shape[3]
    if torch.is_grad_enabled() or first.device.type != "cpu" or height * width < COPY_THRESHOLD:
        return pad(_joined(pieces), (1, 1, int(above), int(below)), mode="reflect" if inset else "replicate")
    made = first.new_empty(len(first), height + above + below, width + 2, first.shape[1]).permute(0, 3, 1, 2)
    row = int(above)
    for piece in pieces:
        made[:, :, row : row + piece.shape[2], 1:-1] = piece
        row += piece.shape[2]
    made[..., 0], made[..., -1] = made[..., 1 + inset], made[..., -2 - inset]
    if above:
        made[:, :, 0] = made[:, :, 1 + inset]
    if below:
        made[:, :, -1] = made[:, :, -2 - inset]
    return made


def _joined(pieces: Sequence[Tensor]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(list(pieces), 2)


def _last_rows(pieces: Sequence[Tensor], count: int) -> Tensor:
    """A copy of the last `count` rows of maps that lie below each other: a view would keep all of them."""
    last = pieces[-1] if pieces[-1].shape[2] >= count else _joined(pieces)
    return last[:, :, last.shape[2] - count :].clone(memory_format=torch.channels_last)
