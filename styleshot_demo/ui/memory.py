"""What fits into memory, said while the size slider moves."""

from collections.abc import Sequence

from styleshot_demo import pictures
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import WHOLE_METHODS
from styleshot_demo.models.hub import readable
from styleshot_demo.studio import Studio
from styleshot_demo.ui import words
from styleshot_demo.ui.words import join, say


def line(
    method: str,
    size: int,
    shapes: Sequence[tuple[int, int] | None],
    studio: Studio,
    *,
    whole: bool = False,
    brush_size: int | None = None,
    keep_background: bool = False,
) -> str:
    """One sentence or two, as HTML: how big the result will be, and whether that fits; by the plan's own sum.

    shapes  width and height of the content picture, then of each style; None for one that is not there
    The others are fields of the job.
    """
    room = studio.planner.room(
        method, size, shapes, whole=whole, brush_size=brush_size, keep_background=keep_background
    )
    if not room.fits and room.too_large == "out_of_memory":
        needed, free = readable(room.needed), readable(room.free or 0)
        text = say("too_big", size=size, needed=needed, free=free, limit=room.fitting)
        return f'<p class="hint warn" role="status">{text.html()}</p>'
    if not room.fits:
        text = join(words.problem(Problem(room.too_large, size=room.fitting)), " ")
        return f'<p class="hint warn" role="status">{text.html()}</p>'
    content = shapes[0] if shapes else None
    own = whole and method in WHOLE_METHODS and content is not None
    sentences = [] if own else [say("fits", limit=room.fitting)]
    if content:
        width, height = content if own else pictures.longest_at(content, size)
        sentences.insert(0, say("will_be", width=width, height=height))
    return f'<p class="hint">{join(sentences, " ").html()}</p>'
