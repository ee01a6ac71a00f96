"""What can be done with the picture on show: look closely, use it in a tab, save it as another kind of file."""

from pathlib import Path
from typing import Any

import gradio as gr

from styleshot_demo import names, pictures, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.ui import problems, results, tab_state, widgets
from styleshot_demo.ui.controls import EACH
from styleshot_demo.ui.tools_line import KINDS


def wire(line: gr.HTML) -> None:
    """Makes the line work. To be called outside of the tabs."""

    def convert(event: gr.EventData) -> dict[str, Any]:
        try:
            path = converted(getattr(event, "source", None), str(getattr(event, "kind", "")), Path(line.GRADIO_CACHE))
        except Exception as error:
            return {"told": problems.as_html(error)}
        line.temp_files.add(str(path))  # so that Gradio deletes it when it is old
        return widgets.file(path)

    line.convert(convert, None, line, **EACH)


def converted(source: Any, kind: str, folder: Path) -> Path:
    """A finished picture, by its address, as a file of another of the `KINDS`; it says of itself what the first says.

    Raises `Problem`: result_gone, unknown_choice, cannot_write.
    """
    path = tab_state.known(tab_state.path_at(source), folder)
    if path is None:
        raise Problem("result_gone")
    if kind not in KINDS:
        raise Problem("unknown_choice", name="kind", value=kind[:40], choices=", ".join(KINDS))
    try:
        record = provenance.read(path)
    except Problem:  # its host wants none
        record = None
    name = names.made_of(names.stem_of(path), suffix=KINDS[kind])
    return results.save(pictures.open_picture(path), record, folder, name)
