"""Which events of a tab may leave a new result on show, so that the history can keep it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.ui import tab_state


@dataclass(frozen=True)
class ResultEvent:
    """An event, the element whose value then names the files of the result, and whether it only follows a change."""

    event: Any
    shown: gr.HTML
    draft: bool = False


def finished(value: Any, folder: Path) -> Sequence[str]:
    """The files of the result that an element shows, in their order; none while there is none. Anybody may send
    anything here."""
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("enlarged"), str):
        sources = [tab_state.path_at(value["enlarged"])]
    elif not value.get("made"):
        sources = []
    elif isinstance(value.get("pictures"), list):
        sources = tab_state.addressed(value)
    else:
        sources = [tab_state.path_at(value.get("after"))]
    return [known for source in sources[: 2 * jobs.MAX_IMAGES] if (known := tab_state.known(source, folder))]
