"""What fits into memory, said while the size slider moves."""

from collections.abc import Sequence
from typing import Any

from styleshot_demo import pictures
from styleshot_demo.jobs import WHOLE_METHODS
from styleshot_demo.models.hub import readable
from styleshot_demo.studio import Studio
from styleshot_demo.ui import words
from styleshot_demo.ui.words import join, tr


def line(
    method: str, size: int, shapes: Sequence[tuple[int, int] | None], studio: Studio, **settings: Any
) -> str:
    """One sentence or two, as HTML: how big the result will be, and whether that fits; by the plan's own sum.

    shapes    width and height of the content picture, then of each style; None for one that is not there
    settings  `whole`, `brush_size`, `keep_background` and `region`, as in the job
    """
    content = shapes[0] if shapes else None
    room = studio.planner.room(method, size, content, [shape for shape in shapes[1:] if shape], **settings)
    if not room.fits():
        if room.most == "size":
            needed, free = readable(room.needed), readable(room.free or 0)
            text = tr("too_big", size=size, needed=needed, free=free, limit=room.fitting)
        else:
            text = join(words.problem(room.problem()), " ")
        return f'<p class="hint warn" role="status">{text.html()}</p>'
    own = bool(settings.get("whole")) and method in WHOLE_METHODS
    sentences = [] if own and content else [tr("fits", limit=room.fitting)]
    if content:
        width, height = content if own else pictures.longest_at(content, size)
        sentences.insert(0, tr("will_be", width=width, height=height))
    return f'<p class="hint">{join(sentences, " ").html()}</p>'
