"""Which pictures of a style speak for all of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np

_SIDE = 64  # pixels at which pictures are compared


def features(image: Image.Image) -> "np.ndarray":
    """[12] float64: mean and spread of brightness and both colours, and how rough each is, coarse and fine."""
    import numpy as np

    small = np.asarray(image.convert("RGB").convert("YCbCr").resize((_SIDE, _SIDE)), dtype=np.float64)
    rough = [
        np.abs(np.diff(small[::step, ::step], axis=axis)).mean((0, 1)) for step in (1, 4) for axis in (0, 1)
    ]  # fmt: skip
    return np.concatenate([small.mean((0, 1)), small.std((0, 1)), rough[0] + rough[1], rough[2] + rough[3]])


def nearest(found: "Sequence[np.ndarray]", chosen: Sequence[int]) -> list[int]:
    """Of each picture the one of the `chosen` places that it is most like; by their `features`."""
    import numpy as np

    table = np.stack(found)
    table = (table - table.mean(0)) / (table.std(0) + 1e-6)
    apart = ((table[:, None] - table[None, list(chosen)]) ** 2).sum(-1)
    apart[list(chosen), range(len(chosen))] = -1  # of two that are the same, each stands for itself
    return [chosen[place] for place in apart.argmin(1)]


def typical(found: "Sequence[np.ndarray]", count: int) -> list[int]:
    """The places of `count` pictures that together lie nearest to all, in their order; by their `features`.

    Each is the one that, beside those chosen before it, leaves the others least far from the nearest chosen one: so
    two of the same picture are not both chosen while another kind has none.
    """
    import numpy as np

    table = np.stack(found)
    table = (table - table.mean(0)) / (table.std(0) + 1e-6)
    apart = np.sqrt(((table[:, None] - table[None]) ** 2).sum(-1))
    nearest = np.full(len(table), np.inf)
    chosen: list[int] = []
    for _ in range(min(count, len(table))):
        left = np.minimum(nearest[None], apart).sum(1)
        left[chosen] = np.inf
        chosen.append(int(left.argmin()))
        nearest = np.minimum(nearest, apart[chosen[-1]])
    return sorted(chosen)
