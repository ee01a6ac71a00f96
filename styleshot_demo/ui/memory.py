"""What fits into memory, said while the size slider moves."""

import sys

from styleshot_demo.models.hub import readable
from styleshot_demo.runners.classical import BYTES_PER_PIXEL, SIZES, free_bytes
from styleshot_demo.settings import Settings
from styleshot_demo.ui.words import join, say

_ROOM = 0.85  # of what is free: the estimate is one, and other programs live too


def free(settings: Settings) -> int:
    """Bytes free for a run. Which device that is only torch knows; before the first run, main memory stands in."""
    if "torch" in sys.modules:
        return free_bytes(settings)
    import psutil

    return psutil.virtual_memory().available


def line(method: str, size: int, shape: tuple[int, int] | None, settings: Settings) -> str:
    """One sentence or two, as HTML: how big the result will be, and whether that fits.

    shape  width and height of the content picture, None while there is none
    """
    width, height = shape or (1, 1)
    ratio = min(width, height) / max(width, height)
    there = free(settings) * _ROOM
    cost = BYTES_PER_PIXEL[method] * ratio
    limit = next((side for side in SIZES if side * side * cost <= there), SIZES[-1])
    needed = size * size * cost
    if needed > there:
        text = say("too_big", size=size, needed=readable(needed), free=readable(there / _ROOM), limit=limit)
        return f'<p class="hint warn" role="status">{text.html()}</p>'
    sentences = [say("fits", limit=limit)]
    if shape:
        sides = [max(1, round(side * size / max(shape))) for side in shape]
        sentences.insert(0, say("will_be", width=sides[0], height=sides[1]))
    return f'<p class="hint">{join(sentences, " ").html()}</p>'
