"""The page's own widgets: what Gradio has no component for, or none that a keyboard and a screen reader can use."""

import base64
import html
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr
from PIL import Image

from styleshot_demo.ui import environment
from styleshot_demo.ui.controls_snapshot import ControlsSnapshot
from styleshot_demo.ui.words import LocalizedText, tr

# Behind the name of a file that browsers cannot show: a picture of it, which is seen in its place.
SHOWN = ".shown.png"

with environment.without_stubs():

    class PictureInput(gr.Image):
        """A place to drop a picture. Its value is the path of the file just as it came: only the gate may open it."""

        is_template = True  # for Gradio: drawn like the class it is made from

        def preprocess(self, payload: Any) -> str | None:
            if not payload:
                return None
            original = payload.path.removesuffix(SHOWN)
            return original if Path(original).is_file() else payload.path

    class Number(gr.Number):
        """A number, handed on as it was typed. What it may be the job says, in a sentence: Gradio's own check answers
        with HTTP 500, and that for every "4" on the way to 400."""

        is_template = True

        def preprocess(self, payload: Any) -> Any:
            return payload

    class Slider(gr.Slider):
        """A slider, handed on as it was typed; see `Number`."""

        is_template = True

        def preprocess(self, payload: Any) -> Any:
            return payload


# Says so where the picture no longer is what the page asks for; the script fills and empties it.
_STALE = f"""<p class="stale" role="status"></p><template>{tr("stale").html()}</template>"""


# Two pictures in one frame; how far the divider goes is a native range input's.
_DIVIDED = f"""<div class="box">
    <img class="before" {tr("before_alt").attributes()}>
    <img class="after" {tr("after_alt").attributes()}>
    <span class="tag first" aria-hidden="true">{tr("before").html()}</span>
    <span class="tag last" aria-hidden="true">{tr("after").html()}</span>
    <span class="line" aria-hidden="true"></span>
    <input type="range" min="0" max="100" step="1" value="22" {tr("compare").attributes()}>
    <span class="carry" draggable="true" role="img" {tr("carry").attributes()}></span>
  </div>"""


def compare(elem_id: str) -> gr.HTML:
    """Before and after in one frame, with a divider that is a native range input. Its value comes from `pair`.

    `.follow(...)` listens for changes after which a method that takes but a moment should paint anew.
    """
    return gr.HTML(
        elem_id=elem_id,
        html_template=f"""
<figure class="compare" data-state="empty" role="group" tabindex="-1" {tr("result").attributes()}>
  {_DIVIDED}
  {_STALE}
  <figcaption class="empty"><svg viewBox="0 0 48 48" aria-hidden="true"><path d="M6 38c8-3 9-12 16-18S38 8 42 6c-2 4-8
   14-14 20S18 40 6 38Z"/><path d="M22 20c2 1 5 4 6 6"/></svg><span>{tr("result_empty").html()}</span></figcaption>
</figure>""",
        js_on_load=f"""window.styleshot.compare({json.dumps(kind_of(elem_id))}, element, () => props.value, watch,
          () => trigger("follow", {{}}))""",
        apply_default_css=False,
    )


def kind_of(elem_id: str) -> str:
    """The tab whose result has this id."""
    return elem_id.removesuffix("-result")


def pair(
    before: Path,
    after: Path | Image.Image,
    made: ControlsSnapshot | None = None,
    rough: bool = False,
    blends_up_to: float | None = None,
) -> dict[str, Any]:
    """The value of `compare`: files in Gradio's folder, or for `after` a picture that is still being painted.

    made   what a finished picture was made from
    rough  smaller than what is painted, so that it cannot be saved in its place
    blends_up_to  the greatest strength that takes but a moment, of a method that else takes longer
    """
    value = {"before": address(before), "after": address(after), **({"rough": True} if rough else {})}
    value |= {} if blends_up_to is None else {"blends": blends_up_to}
    return value | ({"made": made.plain(), "name": after.name} if made and isinstance(after, Path) else {})


def back() -> dict[str, Any]:
    """The value of `compare` and `gallery` that shows again what was shown before the run."""
    return {"back": secrets.token_hex(4)}  # Gradio hands on only what differs from the last


def saver(elem_id: str) -> gr.HTML:
    """The button that saves the picture on show in `compare`.

    What is finished is a file already. Of a picture that is still being painted `.keep(...)` makes one: its outcome is
    this element's value, from `file`.
    """
    kind = json.dumps(elem_id.removesuffix("-download"))
    return gr.HTML(
        elem_id=elem_id,
        html_template=f'<button type="button" class="save" disabled>{tr("download").html()}</button>',
        js_on_load=f"""window.styleshot.saver({kind}, element, () => props.value, watch,
          () => trigger("keep", {{}}))""",
        apply_default_css=False,
    )


def file(path: Path) -> dict[str, str]:
    """The value of `saver`: a file in Gradio's folder."""
    return {"src": address(path), "name": path.name}


@dataclass(frozen=True)
class Made:
    """A finished picture: its file in Gradio's folder, what tells it from the others, whether it is a seamless tile."""

    path: Path
    caption: LocalizedText
    repeats: bool = False


def gallery(elem_id: str, empty: str) -> gr.HTML:
    """One picture large, the others small below it, each with its caption; a square tile also four times, 2 x 2.

    Its value comes from `gallery_value` or `painting`; the text `empty` stands there before. `.follow(...)` listens for
    another strength after which a model that takes but a moment should paint anew.
    """
    return gr.HTML(
        elem_id=elem_id,
        html_template=f"""
<figure class="gallery" data-state="empty" role="group" tabindex="-1" {tr("result").attributes()}>
  <div class="stage">
    <img {tr("made_alt").attributes()}>
    <div class="repeats" role="img" {tr("repeated_alt").attributes()} hidden></div>
    <div class="compare beside" hidden>{_DIVIDED}</div>
    {_STALE}
    <p class="empty"><svg viewBox="0 0 48 48" aria-hidden="true"><path d="M6 38c8-3 9-12 16-18S38 8 42 6c-2 4-8
   14-14 20S18 40 6 38Z"/><path d="M22 20c2 1 5 4 6 6"/></svg><span>{tr(empty).html()}</span></p>
  </div>
  <figcaption>
    <span class="which"></span>
    <button type="button" class="repeat" aria-pressed="false" hidden>{tr("repeated").html()}</button>
    <button type="button" class="besides" aria-pressed="false" hidden>{tr("compare_photo").html()}</button>
    <a class="save">{tr("download").html()}</a>
  </figcaption>
  <div class="thumbs" role="group" {tr("pictures").attributes()}></div>
</figure>""",
        js_on_load=f"""window.styleshot.gallery({json.dumps(kind_of(elem_id))}, element, () => props.value, watch,
          () => trigger("follow", {{}}))""",
        apply_default_css=False,
    )


def gallery_value(
    pictures: Sequence[Made], made: ControlsSnapshot, sketches: Sequence[Path] = (), quick: bool = False
) -> dict[str, Any]:
    """The value of `gallery` with finished pictures; the first is shown large.

    made      what they were made from: its photo may be compared with them
    sketches  what was drawn before they were painted: not shown here, but kept with them
    quick     whether another strength takes but a moment
    """
    value = {"pictures": _listed(pictures), "made": made.plain()}
    value |= {"quick": True} if quick else {}
    if made.content:
        seen = Path(f"{made.content}.shown.png")  # of a file that browsers cannot show
        value["before"] = address(seen if seen.exists() else Path(made.content))
    return value | ({"sketches": [address(path) for path in sketches]} if sketches else {})


def painting(preview: Image.Image, finished: Sequence[Made] = ()) -> dict[str, Any]:
    """The value of `gallery` while a picture is being made, and others are finished."""
    return {"preview": address(preview), "pictures": _listed(finished)}


def _listed(pictures: Sequence[Made]) -> list[dict[str, Any]]:
    return [
        {"src": address(made.path), "name": made.path.name, "en": made.caption.en, "zh": made.caption.zh}
        | ({"repeats": True} if made.repeats else {})
        for made in pictures
    ]


def address(picture: Path | Image.Image) -> str:
    """Where the browser finds a picture: a file in Gradio's folder, or the picture itself as JPEG."""
    if isinstance(picture, Path):
        return f"gradio_api/file={quote(str(picture))}"
    encoded = io.BytesIO()
    picture.convert("RGB").save(encoded, format="JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(encoded.getvalue()).decode("ascii")


@dataclass(frozen=True)
class Example:
    """A picture to start with: its file, its name in the list, and its title in English and Chinese."""

    path: Path
    name: str
    title: LocalizedText


def shelf(examples: Sequence[Example], elem_id: str, title: str, css: str = "") -> gr.HTML:
    """A row of example pictures, each one a button. `.pick(...)` listens; the event's `name` says which."""
    buttons = "".join(_thumbnail(example) for example in examples)
    return _buttons(f"shelf {css}".strip(), buttons, elem_id, title)


def chips(texts: Mapping[str, LocalizedText], elem_id: str, title: str) -> gr.HTML:
    """A row of short texts, each one a button; `.pick(...)` listens; the event's `name` is the key of the text, its
    `language` the page's."""
    buttons = "".join(
        f'<button type="button" data-name="{html.escape(name, quote=True)}">{text.html()}</button>'
        for name, text in texts.items()
    )
    return _buttons("chips", buttons, elem_id, title)


def _buttons(css: str, buttons: str, elem_id: str, title: str) -> gr.HTML:
    return gr.HTML(
        f'<div class="{css}" role="toolbar" {tr(title).attributes()}>{buttons}</div>' if buttons else "",
        visible=bool(buttons),
        elem_id=elem_id,
        js_on_load="""
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-name]");
  if (button) trigger("pick", { name: button.dataset.name, language: document.documentElement.lang });
});""",
        apply_default_css=False,
    )


@cache  # each tab shows the same ones
def _thumbnail(example: Example) -> str:
    with Image.open(example.path) as picture:
        picture.draft("RGB", (192, 192))
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        small = picture.convert("RGB").resize((96, 96), box=(left, top, left + side, top + side), reducing_gap=2)
    encoded = io.BytesIO()
    small.save(encoded, format="JPEG", quality=82)
    source = base64.b64encode(encoded.getvalue()).decode("ascii")
    return (
        f'<button type="button" data-name="{html.escape(example.name, quote=True)}" {example.title.attributes()}>'
        f'<img alt="" src="data:image/jpeg;base64,{source}"></button>'
    )


def progress(fraction: float, text: LocalizedText) -> str:
    """A progress bar with a sentence. Not announced: it changes too often to be listened to."""
    percent = round(100 * min(1.0, max(0.0, fraction)))
    bar = f'<progress max="100" value="{percent}" {tr("progress").attributes()}></progress>'
    return f'<div class="progress">{bar}<p>{text.html()}</p></div>'


def prose(tag: str, key: str, css: str = "", visible: bool = True, **values: Any) -> gr.HTML:
    """A text of the page, with its values filled in, in an element of its own."""
    text = tr(key, **values).html()
    return gr.HTML(f'<{tag} class="{css}">{text}</{tag}>', visible=visible, apply_default_css=False)
