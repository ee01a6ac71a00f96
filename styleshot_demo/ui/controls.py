"""Groups of controls that the tabs share. Each function lays its controls out where it is called and returns them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gradio as gr

from styleshot_demo import containers, jobs, pictures
from styleshot_demo.errors import Problem
from styleshot_demo.ui import enlarge_line, examples, library_drawer, many_panel, problems, tools_line
from styleshot_demo.ui.widgets import SHOWN, Example, Number, PictureInput, Slider, progress, shelf
from styleshot_demo.ui.words import i18n, tr

# Handlers are private: the page's own events are no interface; the command line and `Studio` are.
# They show no progress on any control: hidden or not, Gradio would tell every control that any event has reached of
# each change in the state of each event, and draw it again, which took half of the time until the page could be used.
QUIET: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
INSTANT: dict[str, Any] = {**QUIET, "queue": False}
# For events that carry data of their own: "once" would lose a second press while the first is answered, and
# "always_last" would answer with the data of the first again.
EACH: dict[str, Any] = {**INSTANT, "trigger_mode": "multiple"}
# One after the other, where the later press has to win: at once, the earlier one may be answered last.
IN_ORDER: dict[str, Any] = {**EACH, "queue": True, "concurrency_limit": 1}
# Several pages may wait at once: the studio lets them run in turn, and says to each its place in the line.
PAINTING: dict[str, Any] = {**QUIET, "concurrency_id": "painting", "concurrency_limit": 8}

WEIGHT_STEP = 0.05

Handler = Callable[..., Any]
Visible = bool | Literal["hidden"]  # on the page all the same, and keeps what is set there


@dataclass
class BoxCheck:
    """Which file of a box is looked at, of one visitor's page. Never an output: the handlers change it as they go."""

    path: str | None = None  # the last one that came
    replaced: bool = False  # whether the last answer has put something else into the box


@dataclass(frozen=True)
class Inputs:
    """What goes in: the content picture (None where a tab has none), the style slots, and their weights."""

    content: PictureInput | None
    styles: tuple[PictureInput, ...]
    weights: tuple[Slider, ...]
    cells: tuple[gr.Column, ...]  # one slot and its weight each
    add_style: gr.Button
    open_slots: gr.State  # how many style slots are to be seen
    message: gr.HTML  # what is wrong with a picture
    shelves: tuple[gr.HTML, ...]
    checks: tuple[gr.State, ...]  # of the content, where there is one, and of each slot: its `BoxCheck`

    def components(self) -> list[Any]:
        """As inputs of a handler; `read` makes sense of what it gets."""
        return [*([self.content] if self.content else []), *self.styles, *self.weights]

    def slot_outputs(self) -> list[Any]:
        """What `show_slots` changes."""
        return [self.open_slots, *self.cells, *self.weights, self.add_style]

    def weigh(self, weights: Sequence[float]) -> dict[Any, Any]:
        """Updates that show a slot with its weight for each of several style pictures; none for a single one."""
        if len(weights) < 2:
            return {}
        slots = dict(zip(self.slot_outputs(), show_slots(len(weights)), strict=True))
        return slots | {
            slider: gr.update(value=weight, visible=True)
            for slider, weight in zip(self.weights, as_set(weights), strict=False)
        }

    def read(self, values: Sequence[Any]) -> tuple[str | None, list[tuple[str, float]]]:
        """(path of the content, (path, weight) of each style that is there)."""
        values = list(values)
        content = values.pop(0) if self.content else None
        paths, weights = values[: len(self.styles)], values[len(self.styles) :]
        given = [(path, weight) for path, weight in zip(paths, weights, strict=True) if path]
        # A weight says something only beside others; a lone style with its slider at 0 still is the style.
        return content, [(path, 1.0) for path, _ in given] if len(given) == 1 else given


def as_set(weights: Sequence[float]) -> list[float]:
    """Weights as sliders, which go up to 1 in steps of 0.05, can show them: as they were given where that is so.

    Records of earlier versions hold weights that sum to 1, and a command line may give any: these are scaled so that
    the largest is 1. The pictures they make are the same.
    """
    largest = max(weights)
    if largest <= 0 or (largest <= 1 and all(weight == _on_a_step(weight) for weight in weights)):
        return list(weights)
    return [_on_a_step(weight / largest) for weight in weights]


def _on_a_step(weight: float) -> float:
    near = round(round(weight / WEIGHT_STEP) * WEIGHT_STEP, 2)
    return near if abs(near - weight) < 1e-4 else round(weight, 4)


def picture_inputs(prefix: str = "", with_content: bool = True) -> Inputs:
    """Content and style side by side, examples below each, up to four styles with weights.

    `prefix` goes before every element's id, so that ids are unique on the page.
    """
    contents, styles = examples.contents() if with_content else [], examples.styles()
    open_slots = gr.State(1)
    shelves = []
    with gr.Row(equal_height=True, elem_classes="pictures"):
        content = None
        if with_content:
            with gr.Column(min_width=140, elem_classes="side"):
                content = _picture(f"{prefix}content", "content", "drop_content")
                shelves.append(shelf(contents, f"{prefix}example-contents", "example_contents"))
                many_panel.opener(prefix.removesuffix("-") or "classical")
        with gr.Column(min_width=140, elem_classes="side"):
            with gr.Row(elem_classes="slots"):
                slots, weights, cells = [], [], []
                for number in range(1, jobs.MAX_STYLES + 1):
                    with gr.Column(min_width=60, visible=number == 1, elem_classes="slot") as cell:
                        key = "style" if number == 1 else f"style_{number}"
                        slots.append(_picture(f"{prefix}style-{number}", key, "drop_style"))
                        weights.append(
                            Slider(
                                0, 1, 1.0, step=WEIGHT_STEP, label=i18n("weight"), visible=False, buttons=[],
                                elem_id=f"{prefix}weight-{number}", elem_classes="slim",
                            )
                        )  # fmt: skip
                    cells.append(cell)
            shelves.append(shelf(styles, f"{prefix}example-styles", "example_styles", "many"))
            add_style = gr.Button(i18n("add_style"), size="sm", elem_id=f"{prefix}add-style", elem_classes="quiet")
            library_drawer.build(prefix)
    message = gr.HTML(elem_id=f"{prefix}picture-message", apply_default_css=False)
    checks = tuple(gr.State(BoxCheck()) for _ in [*([content] if content else []), *slots])  # each visitor has these
    inputs = Inputs(
        content, tuple(slots), tuple(weights), tuple(cells), add_style, open_slots, message, tuple(shelves), checks
    )  # fmt: skip
    _wire(inputs, contents, styles)
    return inputs


def _picture(elem_id: str, label: str, hint: str) -> PictureInput:
    return PictureInput(
        type="filepath",
        format="png",
        image_mode=None,
        sources=["upload"],
        buttons=[],
        label=i18n(label),
        placeholder=i18n(hint),
        elem_id=elem_id,
        elem_classes="picture",
    )


def _wire(inputs: Inputs, contents: Sequence[Example], styles: Sequence[Example]) -> None:
    slots: list[PictureInput] = [*([inputs.content] if inputs.content else []), *inputs.styles]
    for slot, check in zip(slots, inputs.checks, strict=True):
        slot.upload(_checked_last, [slot, check], [slot, inputs.message], **EACH)
        slot.clear(_cleared, check, inputs.message, **INSTANT)

    def add(count: int) -> list[Any]:
        return show_slots(min(count + 1, jobs.MAX_STYLES))

    inputs.add_style.click(add, inputs.open_slots, inputs.slot_outputs(), **INSTANT)
    *content_shelf, style_shelf = inputs.shelves
    by_name: dict[Any, Path] = {example.name: example.path for example in (*contents, *styles)}

    def picked(event: gr.EventData) -> Any:
        path = by_name.get(getattr(event, "name", None))
        # A copy in the folder of uploads: only from there may the page show files.
        return inputs.styles[0].move_resource_to_block_cache(path) if path else gr.skip()

    def pick_content(event: gr.EventData) -> tuple[Any, str]:
        return picked(event), ""

    def pick_style(count: int, one: Any, two: Any, three: Any, four: Any, event: gr.EventData) -> list[Any]:
        # Into the first empty slot; when all are full, into the last one.
        slots = (one, two, three, four)
        free = next((number for number in range(count) if not slots[number]), count - 1)
        chosen = picked(event)
        return [chosen if number == free else gr.skip() for number in range(len(slots))] + [""]

    if content_shelf:
        content_shelf[0].pick(pick_content, None, [inputs.content, inputs.message], **IN_ORDER)
    style_shelf.pick(pick_style, [inputs.open_slots, *inputs.styles], [*inputs.styles, inputs.message], **IN_ORDER)


def show_slots(count: int) -> list[Any]:
    """Updates for `Inputs.slot_outputs` so that `count` style slots are seen."""
    slots = range(1, jobs.MAX_STYLES + 1)
    return [
        count,
        *(gr.update(visible=number <= count) for number in slots),
        *(gr.update(visible=number <= count and count > 1) for number in slots),
        gr.update(visible=count < jobs.MAX_STYLES),
    ]


def laid(inputs: Inputs, paths: Sequence[str], weights: Sequence[float]) -> dict[Any, Any]:
    """Updates that put these style pictures, one to four, into the boxes in place of what lies there."""
    empty = [None] * (len(inputs.styles) - len(paths))
    updates: dict[Any, Any] = dict(zip(inputs.styles, [*paths, *empty], strict=True))
    updates |= zip(inputs.slot_outputs(), show_slots(len(paths)), strict=True)
    return updates | inputs.weigh(weights)


def shown(path: str) -> str:
    """What a box with this picture shows: the picture itself, or what was made of one that browsers cannot show."""
    return path + SHOWN if Path(path + SHOWN).is_file() else path


# What browsers show as it is, if its name says so too. Others are shown as the gate has read them.
_SHOWN = {
    "PNG": {".png"},
    "JPEG": {".jpg", ".jpeg"},
    "WEBP": {".webp"},
    "GIF": {".gif"},
    "BMP": {".bmp"},
    "AVIF": {".avif"},
}
_SHOWN_SIDE = 2048  # pixels


def _browsers_show(path: str) -> bool:
    """Whether browsers show a file that the gate has opened, and the same way."""
    data = pictures.read_bytes(path)
    kind = containers.kind_of(data)
    if Path(path).suffix.lower() not in _SHOWN.get(kind, ()):
        return False
    clean = containers.clean(kind, data)
    return not clean.mended and not (kind == "WEBP" and clean.orientation != 1)  # those lie as they were stored


@problems.guarded(lambda message: (None, message))
def _checked(path: str | None) -> Any:
    """Opens a picture as soon as it comes, so that a bad one is refused where it was dropped."""
    if path is None:
        yield gr.skip(), ""
        return
    image = pictures.open_picture(path)
    if _browsers_show(path):
        yield gr.skip(), ""
        return
    # The file itself is still what gets painted: this one would be too large as a PNG, or lose something.
    shown = pictures.fit_longest(image, min(_SHOWN_SIDE, max(image.size)))
    shown.save(path + SHOWN, format="PNG", compress_level=1)
    yield path + SHOWN, ""


def _checked_last(path: str | None, check: BoxCheck) -> Any:
    """`_checked` of a box's own upload: of two that come in quick succession the later one stays, whichever takes
    longer to open."""
    check.path = path
    for shown, message in _checked(path):
        if check.path != path:
            yield gr.skip(), gr.skip()
            return
        as_it_is = shown is not None and not isinstance(shown, str)
        # The answer before may arrive after this file was chosen, and take its place.
        yield path if as_it_is and check.replaced else shown, message
        check.replaced = not as_it_is


def _cleared(check: BoxCheck) -> str:
    check.path = None
    return ""


@dataclass(frozen=True)
class Seed:
    """The seed and what makes a new one."""

    number: Number
    randomise: gr.Button
    row: gr.Row


def seed(elem_id: str, visible: bool = True) -> Seed:
    """The seed, to be seen and chosen, with a button for another one."""
    with gr.Row(elem_classes="seed", equal_height=True, visible=visible) as row:
        number = Number(0, precision=0, label=i18n("seed"), elem_id=elem_id, min_width=110)
        randomise = gr.Button(i18n("randomise"), size="sm", elem_id=f"{elem_id}-randomise", min_width=90, scale=0)
    return Seed(number, randomise, row)


@dataclass(frozen=True)
class View:
    """Where the result is seen: the picture, its strength, what was done, and the buttons."""

    shown: gr.HTML
    strength: Slider
    status: gr.HTML
    run: gr.Button
    stop: gr.Button
    grid: gr.Button  # opens the panel of the grid
    beside: gr.HTML | None  # a `widgets.saver`, whose event is made at run time
    enlarge: gr.HTML  # the line that enlarges what is on show
    tools: gr.HTML  # the line of what else can be done with it
    again: gr.Button | None = None  # goes on with a run that was stopped

    def started(self) -> dict[Any, Any]:
        """Updates at the start of a run."""
        hidden = {part: gr.update(visible=False) for part in (self.run, self.again) if part}
        return {**hidden, self.stop: gr.update(visible=True), self.status: progress(0, tr("starting"))}

    def ended(self, text: str) -> dict[Any, Any]:
        """Updates at the end of a run, however it ended."""
        return {self.run: gr.update(visible=True), self.stop: gr.update(visible=False), self.status: text}

    def outputs(self) -> list[Any]:
        """What a run changes here."""
        return [self.shown, self.status, self.run, self.stop, *([self.again] if self.again else [])]


def view(
    name: str,
    shown: Callable[[str], gr.HTML],
    beside: Callable[[], gr.HTML] | None = None,
    strength: str = "strength",
    most: float = 1,
    run: str = "run",
    again: bool = False,
) -> View:
    """The result, large, with the strength, 0 to `most`, directly under it.

    `shown` makes the result's element from its id and `beside` the last button; `strength` and `run` are texts;
    `again` whether what was stopped can go on.
    """
    result = shown(f"{name}-result")
    with gr.Row(elem_classes="around"):
        around, enlarge = tools_line.build(name), enlarge_line.build(name)
    slider = Slider(
        0, most, 1.0, step=0.01 if most == 1 else 0.05, label=i18n(strength), buttons=[],
        elem_id=f"{name}-strength", elem_classes="lead",
    )  # fmt: skip
    status = gr.HTML(elem_id=f"{name}-status", elem_classes="status", apply_default_css=False)
    with gr.Row(elem_classes="actions"):
        press = gr.Button(i18n(run), variant="primary", elem_id=f"{name}-run", min_width=140, scale=2)
        stop = gr.Button(i18n("stop"), variant="stop", elem_id=f"{name}-stop", min_width=140, scale=2, visible=False)
        go_on = gr.Button(i18n("go_on"), visible=False, elem_id=f"{name}-again", min_width=110) if again else None
        grid = gr.Button(i18n("grid_open"), elem_id=f"{name}-grid-open", min_width=90, scale=1, size="lg")
        last = beside() if beside else None
    return View(result, slider, status, press, stop, grid, last, enlarge, around, go_on)


def text_in(event: Any, name: str) -> str:
    """What an event says under that name, where it is text: anybody may send anything."""
    value = getattr(event, name, "")
    return value if isinstance(value, str) else ""


def valid(checks: dict[str, Any] | Any, stored: Any) -> dict[str, Any]:
    """Of a stored mapping, which may hold anything, the entries that are settings with a value they may have."""
    kept = {}
    for name, check in checks.items():
        if isinstance(stored, dict) and name in stored:
            try:
                kept[name] = check(name, stored[name])
            except Problem:
                continue
    return kept
