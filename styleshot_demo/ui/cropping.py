"""Crop and rotate: a button on every picture of a tab opens a window with a frame; what is cut takes its place.

The script (crop.js) moves the frame and tells where it lies; the server cuts the file that came (images/cutting.py).
Not Gradio's editor: it hands on what a canvas holds, without profile, opacity's colours or 16 bits, needs WebGL, and
its buttons are named in English alone.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from styleshot_demo import names
from styleshot_demo.errors import Problem
from styleshot_demo.images.cutting import Cut, cut, save
from styleshot_demo.ui import controls, drop, problems, tab_state, widgets, words
from styleshot_demo.ui.controls import EACH, Inputs, PictureInput
from styleshot_demo.ui.picture_cache import PictureCache
from styleshot_demo.ui.restore import Target
from styleshot_demo.ui.words import tr

SEEN = 1280  # pixels of the longest side of the picture in the window
_CUT_FROM = ".cut.json"  # behind the name of a file that was cut: of which it is what part
# Which edges a handle moves.
_HANDLES = ("left_top", "top", "right_top", "right", "right_bottom", "bottom", "left_bottom", "left")
_SHAPES = {"free": "crop_free", "square": "crop_square", "photo": "crop_photo_shape"}
_NUMBERS = ("left", "top", "width", "height")


class CutFrom(NamedTuple):
    """Where a picture in a box comes from: the file as it came, and which part of it is there; None: all of it."""

    path: str
    part: Cut | None


class _Slot(NamedTuple):
    """A box for a picture, and the tab that it belongs to."""

    picture: PictureInput
    inputs: Inputs


def build(targets: Sequence[Target], drops: gr.HTML) -> None:
    """Makes the window, and a button on every picture. To be called outside of the tabs.

    drops  the element that can say something at the foot of the window
    """
    Cropping(targets, drops).wire()


class Cropping:
    """What the window asks for."""

    def __init__(self, targets: Sequence[Target], drops: gr.HTML) -> None:
        self.slots: dict[str, _Slot] = {}
        for target in targets:
            inputs = target.inputs
            for picture in (*([inputs.content] if inputs.content else []), *inputs.styles):
                self.slots[str(picture.elem_id)] = _Slot(picture, inputs)
        self.drops, self.opened = drops, PictureCache()
        self.page = gr.HTML(
            elem_id="crop",
            html_template=_window(),
            js_on_load=f"""window.styleshot.crop({json.dumps(list(self.slots))}, element, () => props.value, watch,
              (what) => trigger("look", what), (what) => trigger("cut", what))""",
            apply_default_css=False,
        )
        self.folder = Path(self.page.GRADIO_CACHE)

    def wire(self) -> None:
        """Connects the events."""
        pictures = [slot.picture for slot in self.slots.values()]
        messages = list(dict.fromkeys(slot.inputs.message for slot in self.slots.values()))
        self.page.look(self.look, pictures, [self.page, self.drops], **EACH)
        self.page.cut(self.cut, pictures, [self.page, *pictures, *messages], **EACH)

    def look(self, event: gr.EventData, *paths: str | None) -> dict[Any, Any]:
        """The whole picture, with the frame around what is left of it. Anybody may send anything here."""
        name, path = self._asked(event, paths)
        try:
            source = self.source_of(path)
            size = self.opened.shape(source.path)
            if size is None:
                raise Problem("picture_gone")
            shown = self.opened.shown(source.path, min(SEEN, max(size)), self.folder)
        except Exception as error:
            return {self.drops: drop.tell(words.join(problems.explain(error), " "), problem=True)}
        self.page.temp_files.add(str(shown))  # so that Gradio deletes it when it is old
        part = source.part or Cut(0, (0, 0, *size))
        look = {"slot": name, "file": _mark(path), "src": widgets.address(shown), "size": size, **part._asdict()}
        return {self.page: drop.new(look=look | {"photo": self._photo(name, paths)})}

    def cut(self, event: gr.EventData, *paths: str | None) -> dict[Any, Any]:
        """Puts the part in the frame in place of the picture, or all of it; else the window says what is wrong."""
        name, path = self._asked(event, paths)
        try:
            part = Cut.read({name: getattr(event, name, None) for name in Cut._fields})
            source = self.source_of(path)
            if getattr(event, "file", None) != _mark(path):
                raise Problem("picture_changed")
            made = self.made(source, part)
        except Exception as error:
            return {self.page: drop.new(told=problems.as_html(error))}
        slot = self.slots[name]
        return {self.page: drop.new(done=True), slot.picture: controls.shown(made), slot.inputs.message: ""}

    def made(self, source: CutFrom, part: Cut) -> str:
        """The path of a part of the file as it came: of the file itself, where that is all of it."""
        if part.is_whole(self.opened.shape(source.path) or (0, 0)):
            return source.path
        image, pixels = cut(source.path, part)
        folder = self.folder / secrets.token_hex(16)  # nobody can guess the address of another person's picture
        folder.mkdir(parents=True)
        stem = names.stem_of(names.kept(f"{names.stem_of(source.path)}.png"))
        path = save(image, pixels, folder, stem)
        beside = Path(f"{path}{_CUT_FROM}")
        beside.write_text(json.dumps({"of": source.path, **part._asdict()}), encoding="utf-8")
        self.page.temp_files.update((str(path), str(beside)))
        return str(path)

    def source_of(self, path: str | None) -> CutFrom:
        """Where the picture in a box comes from, so that what was cut off can be had back.

        Raises `Problem` picture_gone.
        """
        if path is None or not Path(path).is_file():
            raise Problem("picture_gone")
        try:
            told = json.loads(Path(path + _CUT_FROM).read_text(encoding="utf-8"))
            whole = tab_state.known(told["of"], self.folder)
            return CutFrom(whole, Cut.read(told)) if whole else CutFrom(path, None)  # Gradio deletes what is old
        except (OSError, ValueError, TypeError, KeyError, Problem):
            return CutFrom(path, None)

    def _asked(self, event: gr.EventData, paths: Sequence[str | None]) -> tuple[str, str | None]:
        """(the box that is meant, the path of its picture)."""
        name = getattr(event, "slot", None)
        name = name if isinstance(name, str) and name in self.slots else next(iter(self.slots))
        return name, dict(zip(self.slots, paths, strict=True))[name]

    def _photo(self, name: str, paths: Sequence[str | None]) -> tuple[int, int] | None:
        """Width and height of the photo that a style is for; None where there is none, or it is the photo itself."""
        slot = self.slots[name]
        content = slot.inputs.content
        if content is None or content is slot.picture:
            return None
        return self.opened.shape(dict(zip(self.slots, paths, strict=True))[str(content.elem_id)])


def _mark(path: str | None) -> str:
    """Tells the picture that the window shows from another that lies in its box by now."""
    return hashlib.sha256(str(path).encode()).hexdigest()[:32]


def _window() -> str:
    handles = "".join(
        f'<button type="button" data-edges="{edges.replace("_", " ")}" {tr(f"crop_{edges}").attributes()}></button>'
        for edges in _HANDLES
    )
    shapes = "".join(
        f'<label><input type="radio" name="crop-shape" value="{shape}"><span>{tr(text).html()}</span></label>'
        for shape, text in _SHAPES.items()
    )
    numbers = "".join(
        f"<label><span>{tr(f'crop_at_{name}').html()}</span>"
        f'<input type="number" step="1" min="0" inputmode="numeric" data-name="{name}"></label>'
        for name in _NUMBERS
    )
    return f"""
<template><button type="button" class="crop-open" {tr("crop").attributes()}>
  <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 2v15h15M2 7h15v15"/></svg></button></template>
<dialog aria-labelledby="crop-title">
  <h2 id="crop-title">{tr("crop").html()}</h2>
  <p class="hint">{tr("crop_about").html()}</p>
  <div class="pane"><canvas role="img" {tr("crop_photo").attributes()}></canvas><div class="shade"></div>
    <div class="frame">
      <button type="button" class="all" data-edges="" {tr("crop_frame").attributes()}></button>{handles}
    </div></div>
  <p class="size" role="status"></p>
  <div class="row">
    <button type="button" class="turn" value="3">↺ {tr("crop_turn_left").html()}</button>
    <button type="button" class="turn" value="1">↻ {tr("crop_turn_right").html()}</button>
    <fieldset><legend>{tr("crop_shape").html()}</legend>{shapes}</fieldset>
  </div>
  <details><summary>{tr("crop_pixels").html()}</summary><div class="numbers">{numbers}</div></details>
  <div class="news"></div>
  <div class="choices">
    <button type="button" class="whole">{tr("crop_whole").html()}</button>
    <button type="button" class="end">{tr("ask_cancel").html()}</button>
    <button type="button" class="apply">{tr("crop_apply").html()}</button>
  </div>
</dialog>"""
