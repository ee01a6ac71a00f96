"""Grids on the page: what the panel of a tab (grid_panel.py, grid.js) asks for is done here."""

import json
import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from styleshot_demo import grid as grids
from styleshot_demo import names, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.grid import STYLE, Axis, CellDone, Grid, NamedStyle
from styleshot_demo.grid.styles import ALL, CHOSEN, named, read_styles
from styleshot_demo.jobs import open_named
from styleshot_demo.library import Library, beside
from styleshot_demo.studio import Studio
from styleshot_demo.ui import controls, painted_strength, problems, restore, results, widgets, words
from styleshot_demo.ui.controls import EACH, PAINTING, Inputs, text_in
from styleshot_demo.ui.grid_kept import GridKeeper
from styleshot_demo.ui.grid_painted import GridCellFile, PaintedGrid
from styleshot_demo.ui.grid_panel import label_of, title_of
from styleshot_demo.ui.history import histories
from styleshot_demo.ui.opening import Opening
from styleshot_demo.ui.stopping import halts
from styleshot_demo.ui.token_store import TokenStore
from styleshot_demo.ui.words import LocalizedText, tr

Values = tuple[Any, ...]
_SIDES = ("rows", "columns")
_LONGEST = 600  # characters of what names the values of an axis


@dataclass(frozen=True)
class GridSource:
    """A tab as its grid sees it.

    kind    its id
    job     class of its jobs
    inputs  where its pictures are put
    fields  controls by the name of the job's field
    make    (job, stem of file names) of what the handlers get from inputs and fields
    panel   from `grid_panel.build`
    """

    kind: str
    job: type
    inputs: Inputs
    fields: Mapping[str, Any]
    make: Callable[[Values], tuple[Any, str]]
    panel: gr.HTML


@dataclass
class GridState:
    """The last grid of one visitor's page. Never an output: its handlers change it as they go."""

    last: PaintedGrid | None = None


def wire(source: GridSource, studio: Studio, target: restore.Target, opening: Opening) -> None:
    """Makes the panel of a tab work. To be called outside of the tabs."""
    GridPanel(source, studio, target).wire(opening)


class GridPanel:
    """What can be done in the panel. Handlers are generators or return the panel's value."""

    def __init__(self, source: GridSource, studio: Studio, target: restore.Target) -> None:
        self.source, self.studio, self.target, self.panel = source, studio, target, source.panel
        self.folder = Path(self.panel.GRADIO_CACHE)
        self.tab_state = gr.State(GridState())  # each visitor gets one
        self.painted = TokenStore[PaintedGrid]()
        self.keeper = GridKeeper(histories(studio.settings), f"{source.kind}-grid", self.panel)

    def wire(self, opening: Opening) -> None:
        """Connects the events."""
        panel, source = self.panel, self.source
        everything = [self.tab_state, *source.inputs.components(), *source.fields.values()]
        run = panel.paint(self.paint, everything, panel, trigger_mode="multiple", **PAINTING)
        halts(panel, run)
        panel.usual(self.usual, everything, panel, **EACH)
        panel.sheet(self.sheet, self.tab_state, panel, **EACH)
        pictures = [*([source.inputs.content] if source.inputs.content else []), *source.inputs.styles]
        outputs = list(dict.fromkeys([panel, *pictures, *self.target.outputs]))
        panel.use(self.use, self.tab_state, outputs, **EACH).then(**self.target.save)
        carrier = gr.Textbox(visible=False)
        lay = f"() => [window.styleshot.gridLay({json.dumps(source.kind)}), null]"
        opening.add(self.back, [carrier, self.tab_state], [panel], js=lay)

    def back(self, request: gr.Request, token: str, tab_state: GridState) -> dict[Any, Any]:
        """After a reload: what the page showed before, where that is still known or kept."""
        painted = self.painted.find(token)
        if painted is None and (painted := self.keeper.find(token, request)):
            self.painted.add(painted.token, painted)
        shown = painted.shown() if painted is not None else {}
        if not shown.get("cells"):  # of files that are old none is left
            return {}
        tab_state.last = painted
        return {self.panel: {**shown, "back": True}}

    # Painting ---------------------------------------------------------------------------------------------------

    def paint(
        self, event: gr.EventData, request: gr.Request, tab_state: GridState, *values: Any
    ) -> Generator[dict[str, Any], None, None]:
        """Paints a grid: values of the panel. Closing it (stop, closed page) stops the computation."""
        turn = text_in(event, "turn")[:40]
        yield {"turn": turn, "told": widgets.progress(0, tr("starting")), "working": True}
        try:
            made, painted = self.begin(event, tab_state, values)
            shown = {"turn": turn, **painted.shape, "token": painted.token}
            cells: list[dict[str, Any]] = []
            with closing(grids.paint(self.studio, made)) as events:
                for one in events:
                    if isinstance(one, CellDone):
                        cells.append(self.keep(made, painted, one))
                        self.keeper.keep(painted, request)
                        yield {**shown, "cells": list(cells), "working": True}
                        continue
                    number = tr("grid_number", number=one.number, total=one.total)
                    told = words.join([number, words.remark(one.message)])
                    told = widgets.progress(one.fraction, told)
                    yield {**shown, "cells": list(cells), "told": told, "working": True}
            told = problems.note(tr("grid_done", count=len(cells)))
            yield {**shown, "cells": cells, "told": told}
        except Exception as error:
            yield {"turn": turn, "told": problems.as_html(error)}

    def begin(self, event: Any, tab_state: GridState, values: Values) -> tuple[Grid, PaintedGrid]:
        """The grid that is asked for; it takes the place of the last one."""
        content, styles = self.source.inputs.read(values[: len(self.source.inputs.components())])
        sides = [_asked(event, side) for side in _SIDES]
        over = any(name == STYLE for name, _ in sides)
        chosen = [named(path, ((open_named(path), 1.0),)) for path, _ in styles] if over else []
        axes = [self.axis(name, text, chosen, values) if name else None for name, text in sides]
        if any(name == "strength" for name, _ in sides):  # each is painted as such, not blended with the photo
            values = self.with_field(values, painted_strength.NAME, "")
        if not styles and (first := next((axis for axis in axes if axis and axis.name == STYLE), None)):
            # Nothing lies in the boxes: the tab's job takes the first of those that the grid goes through.
            job, stem = self.source.make(self.with_style(values, first.values[0]))
        else:
            job, stem = self.source.make(values)
        made = Grid(job, *axes)
        differing = tuple(axis.name for axis in made.axes)
        painted = PaintedGrid(_shape(made), made.words(), differing, stem, content)
        tab_state.last = self.painted.add(painted.token, painted)
        return made, painted

    def axis(self, name: str, text: str, chosen: Sequence[NamedStyle], values: Values) -> Axis:
        """An axis from what was typed; nothing: the usual values."""
        if name == STYLE:
            return Axis(name, read_styles(text, chosen, Library(self.studio.settings.library)))
        if not text.strip():
            return Axis(name, grids.usual(self.source.job, name, self.set_now(values)))
        return Axis(name, grids.read(self.source.job, name, text))

    def set_now(self, values: Values) -> dict[str, Any]:
        """What the fields hold, by name."""
        return dict(zip(self.source.fields, values[len(self.source.inputs.components()) :], strict=True))

    def with_style(self, values: Values, style: NamedStyle) -> Values:
        """What the handlers get, with a style's first picture in the first box."""
        changed = list(values)
        first = 1 if self.source.inputs.content else 0
        changed[first] = self.file_of(style.styles[0][0])
        return tuple(changed)

    def with_field(self, values: Values, name: str, value: Any) -> Values:
        """What the handlers get, with another value in the field of that name, where there is one."""
        first = len(self.source.inputs.components())
        fields = dict(zip(self.source.fields, values[first:], strict=True))
        return (*values[:first], *(fields | ({name: value} if name in fields else {})).values())

    def keep(self, made: Grid, painted: PaintedGrid, cell: CellDone) -> dict[str, Any]:
        """Saves a finished cell; returns what the script shows of it."""
        place = cell.row, cell.column
        plan = cell.result.plan
        record = plan.record(0, cell.result.models)
        labels = [axis.labels[number] for axis, number in zip((made.rows, made.columns), place, strict=True) if axis]
        name = names.made_of(painted.stem, plan.model, *labels, suffix=".png")
        path = results.keep(self.panel, cell.result.images[0], record, self.studio.settings, name)
        width, height = cell.result.images[0].size
        shown = {
            "row": cell.row, "column": cell.column, "src": widgets.address(path), "name": path.name,
            "width": width, "height": height,
        }  # fmt: skip
        painted.cells[place] = GridCellFile(path, record, self.styles_of(made, place), shown)
        return shown

    def styles_of(self, made: Grid, place: tuple[int, int]) -> list[tuple[str, float]]:
        """The style pictures of a cell as files that a page may show, with their weights."""
        pairs: Sequence[tuple[Any, float]] = made.job.styles
        for axis, number in zip((made.rows, made.columns), place, strict=True):
            if axis is not None:
                pairs = axis.changes(number, made.job.styles).get("styles", pairs)
        return [(self.file_of(picture), weight) for picture, weight in pairs]

    def file_of(self, picture: Any) -> str:
        """A picture as a file in Gradio's folder, once."""
        path = picture.info.get("grid_file")
        if path is None or not Path(path).is_file():
            stem = names.stem_of(picture.info.get("file_name")) or "style"
            path = str(results.save_plain(picture, stem, self.folder))
            self.panel.temp_files.add(path)
            if "kept" in picture.info:  # whoever uses the cell paints by the style as it was, not by these alone
                self.panel.temp_files.add(str(beside.write(Path(path), picture.info["kept"])))
            picture.info["grid_file"] = path
        return path

    # The rest ---------------------------------------------------------------------------------------------------

    def usual(self, event: gr.EventData, tab_state: GridState, *values: Any) -> dict[str, Any]:
        """The values that an axis would have, as text to be changed."""
        side, name = text_in(event, "side"), text_in(event, "name")
        zh = text_in(event, "language").startswith("zh")
        _, styles = self.source.inputs.read(values[: len(self.source.inputs.components())])
        try:
            if name == STYLE:
                text = (CHOSEN if len(styles) > 1 else ALL)[zh]
            elif name == grids.MIX:
                text = ", ".join(f"{value:g}" for value in grids.usual(self.source.job, name, {}))
            else:
                given = grids.usual(self.source.job, name, self.set_now(values))
                text = ", ".join(grids.label(name, value) for value in given)
        except Problem:
            text = ""
        return {"usual": {"side": side, "name": name, "text": text}, "once": secrets.token_hex(4)}

    def sheet(self, event: gr.EventData, tab_state: GridState) -> dict[str, Any]:
        """What there is of the grid as one picture with labels in the page's language, to be saved."""
        once = secrets.token_hex(4)
        try:
            if tab_state.last is None or not tab_state.last.cells:
                raise Problem("result_gone")
            path = self.drawn(tab_state.last, zh=text_in(event, "language").startswith("zh"))
            return {"sheet": widgets.file(path), "once": once}
        except Exception as error:
            return {"told": problems.as_html(error), "once": once}

    def drawn(self, painted: PaintedGrid, zh: bool) -> Path:
        """Draws the sheet and saves it; its record is that of its first cell, and says what differs."""
        files, cells, shape = dict(painted.cells), {}, painted.shape  # more may come meanwhile
        for place, cell in files.items():
            with Image.open(cell.path) as picture:
                cells[place] = grids.fitted(picture, grids.LARGEST, grids.LARGEST)
        side = "zh" if zh else "en"
        labels = [[one[side] for one in shape[name]] for name in _SIDES]
        titles = tuple(shape["titles"][name][side] for name in _SIDES)
        sheet = grids.draw_sheet(cells, labels[0], labels[1], (titles[0], titles[1]))
        records = [cell.record for cell in files.values()]
        models = {name: mark for record in records for name, mark in record.models.items()}
        record = provenance.with_grid(records[0], painted.words, models)
        name = names.made_of(painted.stem, "grid", *painted.axes, suffix=".png")
        return results.keep(self.panel, sheet, record, self.studio.settings, name)

    def use(self, event: gr.EventData, tab_state: GridState) -> dict[Any, Any]:
        """Puts the pictures and settings of a cell into the controls."""
        place = getattr(event, "row", None), getattr(event, "column", None)
        painted = tab_state.last
        known = painted is not None and all(type(one) is int for one in place)
        cell = painted.cells.get(place) if known else None  # type: ignore[union-attr, arg-type]
        if painted is None or cell is None:
            told = problems.as_html(Problem("result_gone"))
            return {self.panel: {"told": told, "once": secrets.token_hex(4)}}
        inputs = self.source.inputs
        updates = dict(self.target.fill(provenance.restore(cell.record)))
        updates |= controls.laid(inputs, [path for path, _ in cell.styles], [weight for _, weight in cell.styles])
        if inputs.content and painted.content:
            updates[inputs.content] = controls.shown(painted.content)
        told = problems.note(tr("grid_used"))
        return {**updates, self.panel: {"told": told, "used": True, "once": secrets.token_hex(4)}}


def _asked(event: Any, side: str) -> tuple[str, str]:
    """(name of the axis, or "", what names its values). Anybody may send anything here."""
    given = getattr(event, side, None)
    given = given if isinstance(given, Mapping) else {}
    name, values = (given.get(key) for key in ("name", "values"))
    return tuple(text[:_LONGEST] if isinstance(text, str) else "" for text in (name, values))  # type: ignore[return-value]


def _shape(made: Grid) -> dict[str, Any]:
    """Labels and titles as the script shows them."""
    none = LocalizedText("", "")
    sides = dict(zip(_SIDES, (made.rows, made.columns), strict=True))
    labels = {
        side: [label_of(axis.name, value)._asdict() for value in axis.values] if axis else [none._asdict()]
        for side, axis in sides.items()
    }
    titles = {side: (title_of(axis.name) if axis else none)._asdict() for side, axis in sides.items()}
    return {**labels, "titles": titles}
