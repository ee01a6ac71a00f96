"""What is kept of a content picture: contour or lineart, the threshold, and the lines as they will be used."""

import base64
import io
from typing import Any

import gradio as gr
from PIL import Image

from styleshot_demo import jobs, pictures
from styleshot_demo.jobs.schema import Field
from styleshot_demo.runners.maps import prepare
from styleshot_demo.studio import Studio
from styleshot_demo.ui import problems
from styleshot_demo.ui.controls import INSTANT, QUIET, Visible
from styleshot_demo.ui.settings import control
from styleshot_demo.ui.widgets import Slider, prose
from styleshot_demo.ui.words import LocalizedText, tr

KEPT_SECONDS = 1800  # how long the server keeps a content picture, so that its lines can follow the slider
Kept = tuple[str, int, Image.Image]  # path of the upload, size, the picture brought to that size


def _control(field: Field, kind: str, **more: Any) -> Any:
    return control(field, field.default, kind, **more)


class Lines:
    """The controls, laid out where this is made, and the map, which follows them before any run."""

    def __init__(self, kind: str, seen: Visible) -> None:
        """`seen`: how visible what only StyleShot looks at is, `parts`, at first."""
        known = jobs.fields(jobs.ImageJob)
        with gr.Row(elem_classes="lines-row", equal_height=False):
            self.map = gr.HTML(
                _told(tr("lines_empty")), elem_id=f"{kind}-lines", elem_classes="lines", apply_default_css=False,
                visible=seen,
            )
            with gr.Column(min_width=180, elem_classes="lines-settings"):
                with gr.Column(visible=seen) as kept:
                    preprocessor = _control(known["preprocessor"], kind, elem_classes="segments")
                    self.contour_alone = prose("p", "small_lines", "hint", visible=False)
                    threshold = _control(known["threshold"], kind)
                strength = _control(known["content_strength"], kind)
        self.parts = (self.map, kept)
        self.fields = {"preprocessor": preprocessor, "threshold": threshold, "content_strength": strength}

    def wire(self, studio: Studio, content: Any, size: Slider, model: gr.Radio) -> None:
        """Draws the lines anew whenever what they depend on changes. To be called outside of the tabs."""
        preprocessor, threshold = self.fields["preprocessor"], self.fields["threshold"]
        kept = gr.State(None, time_to_live=KEPT_SECONDS)

        def draw(
            path: str | None, side: Any, name: str, level: Any, chosen: str, last: Kept | None
        ) -> tuple[str, Kept | None]:
            picture = None
            try:
                picture = brought(path, side, last)
                if picture is None:
                    return _told(tr("lines_empty")), None
                if studio.ready("image", name, chosen or "auto").model == "painter":  # nobody sees them
                    return _told(tr("lines_empty")), picture
                return _shown(studio.control_map(picture[2], name, level, picture[1], chosen or "auto")), picture
            except Exception as error:
                what, _ = problems.explain(error)
                return _told(what), picture

        gr.on(
            [part.change for part in (content, preprocessor, threshold, size, model)],
            draw, [content, size, preprocessor, threshold, model, kept], [self.map, kept],
            trigger_mode="always_last", concurrency_id="lines", concurrency_limit=2, **QUIET,
        )  # fmt: skip
        preprocessor.change(lambda name: gr.update(visible=name != "lineart"), preprocessor, threshold, **INSTANT)


def brought(path: str | None, side: Any, last: Kept | None) -> Kept | None:
    """The content picture with its short side at `side` pixels, opened only where it is not the last one; None where
    there is none. Raises the picture gate's `Problem`s, and those of a side that is none."""
    if not path:
        return None
    side = jobs.fields(jobs.ImageJob)["size"].setting.checked("size", side)
    if last is not None and last[:2] == (path, side):
        return last
    return path, side, prepare(pictures.open_picture(path), side)


def _shown(drawn: Image.Image) -> str:
    encoded = io.BytesIO()
    drawn.convert("L").save(encoded, format="PNG", compress_level=1)
    source = base64.b64encode(encoded.getvalue()).decode("ascii")
    return f'<img {tr("lines_alt").attributes()} src="data:image/png;base64,{source}">'


def _told(text: LocalizedText) -> str:
    return f'<p class="hint">{text.html()}</p>'
