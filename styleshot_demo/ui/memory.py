"""What fits into memory, said while the size slider moves."""

from collections.abc import Sequence

from styleshot_demo import pictures
from styleshot_demo.models.hub import readable
from styleshot_demo.runtime.memory import SPARE
from styleshot_demo.studio import Studio
from styleshot_demo.ui.words import join, say


def line(
    method: str, size: int, shapes: Sequence[tuple[int, int] | None], studio: Studio, whole: bool = False
) -> str:
    """One sentence or two, as HTML: how big the result will be, and whether that fits.

    shapes  width and height of the content picture, then of each style; None for one that is not there
    whole   at the content picture's own size, by a method that can
    """
    if whole and shapes and shapes[0]:
        text = say("will_be", width=shapes[0][0], height=shapes[0][1])
        return f'<p class="hint">{text.html()}</p>'
    needed, free, limit = studio.planner.room(method, size, [shape for shape in shapes if shape])
    if needed > SPARE * free:
        text = say("too_big", size=size, needed=readable(needed), free=readable(free), limit=limit)
        return f'<p class="hint warn" role="status">{text.html()}</p>'
    sentences = [say("fits", limit=limit)]
    if shapes and shapes[0]:
        width, height = pictures.longest_at(shapes[0], size)
        sentences.insert(0, say("will_be", width=width, height=height))
    return f'<p class="hint">{join(sentences, " ").html()}</p>'
