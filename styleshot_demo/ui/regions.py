"""Where to paint: everywhere, a region that is found, or what a person brushes on the photo itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.ui import settings, tab_state, widgets
from styleshot_demo.ui.controls import EACH, INSTANT, PictureInput
from styleshot_demo.ui.picture_cache import PictureCache
from styleshot_demo.ui.words import i18n, tr

USED = tuple(name for name in jobs.REGION_FIELDS if name != "region")  # where there is one
LONGEST = 1024  # pixels of the longest side of the photo that is brushed on, and of the mask


def _button(name: str, more: str = "") -> str:
    return f'<button type="button" class="{name}" {more}>{tr(f"mark_{name}").html()}</button>'


# Not Gradio's own editor: it needs WebGL, its buttons are named in English alone, and what is drawn stays in the
# server's memory, not in a file that goes through the gate for pictures.
_PAD = f"""
<div class="marking" hidden>
  <p class="hint none">{tr("mark_no_photo").html()}</p>
  <div class="on-photo">
    <p class="hint">{tr("mark_about").html()}</p>
    <div class="pad"><img {tr("mark_photo").attributes()}><canvas aria-hidden="true"></canvas></div>
    <div class="row">
      {_button("paint", 'aria-pressed="true"')}{_button("erase", 'aria-pressed="false"')}
      <label><span>{tr("mark_width").html()}</span><input type="range" min="1" max="30" value="9"></label>
      {_button("undo", "disabled")}{_button("clear", "disabled")}
    </div>
    <p class="hint told" role="status"></p>
  </div>
</div>"""


@dataclass(frozen=True)
class RegionPart:
    """The controls, as `build` lays them out.

    fields  by the name of the job's field; "mask" holds the path of the picture that was brushed, or nothing
    pad     where one brushes
    drawer  that holds all of it
    """

    fields: dict[str, Any]
    pad: gr.HTML
    drawer: gr.Accordion

    def wire(self, content: PictureInput, opened: PictureCache) -> None:
        """Connects its own events; to be called outside of the tabs. `content` is the photo's place."""
        region, folder = self.fields["region"], Path(self.pad.GRADIO_CACHE)
        outputs = [*(self.fields[name] for name in USED), self.pad]

        def seen(chosen: str, photo: str | None) -> list[Any]:
            used = gr.update(visible=chosen != "everywhere")
            return [*(used for _ in USED), self.pad_value(chosen, photo, opened, folder)]

        gr.on([region.change, content.change], seen, [region, content], outputs, trigger_mode="always_last", **INSTANT)

        def marked(event: gr.EventData) -> str:
            return tab_state.known(getattr(event, "path", None), folder) or ""

        self.pad.marked(marked, None, self.fields["mask"], **EACH)

    def pad_value(self, region: str, photo: str | None, opened: PictureCache, folder: Path) -> dict[str, Any]:
        """The value of the pad: the photo's address, and what tells it from others, where that is asked for."""
        if region != "mask":
            return {"on": False}
        shape = opened.shape(photo)
        if not photo or shape is None:
            return {"on": True, "photo": None}
        shown = opened.shown(photo, min(LONGEST, max(shape)), folder)
        self.pad.temp_files.add(str(shown))  # so that Gradio deletes it when it is old
        return {"on": True, "photo": widgets.address(shown), "of": photo}

    def brushed(self, asked: dict[str, Any]) -> str | None:
        """The picture that was brushed, where that is asked for: what comes back from the browser may name any file."""
        return tab_state.known(asked["mask"], Path(self.pad.GRADIO_CACHE)) if asked["region"] == "mask" else None

    def updates(self, asked: dict[str, Any]) -> dict[Any, Any]:
        """Updates that show the settings given; what is brushed on the page stays."""
        used = asked["region"] != "everywhere"
        shown = {name: gr.update(value=asked[name], visible=used) for name in USED}
        values = {"region": gr.update(value=asked["region"]), "mask": gr.update(), **shown}
        found = {control: values[name] for name, control in self.fields.items()}
        return found | ({self.drawer: gr.update(open=True)} if used else {})


def build(job: type = jobs.ClassicalJob, tab: str = "") -> RegionPart:
    """Lays the controls out, where it is called. `tab` stands before their ids, as in `settings.control`."""

    def named(name: str) -> str:
        return f"{tab}-{name}".lstrip("-")

    known, start = jobs.fields(job), jobs.defaults(job)
    with (
        gr.Column(elem_classes="settings"),
        gr.Accordion(i18n("region"), open=False, elem_id=named("where"), elem_classes="drawer") as drawer,
    ):
        fields = {"region": settings.control(known["region"], start["region"], tab, show_label=False, container=False)}
        pad = gr.HTML(
            elem_id=named("marking"),
            html_template=_PAD,
            js_on_load='window.styleshot.marking(element, () => props.value, watch, (what) => trigger("marked", what))',
            apply_default_css=False,
        )
        for name in USED:
            fields[name] = settings.control(known[name], start[name], tab, visible=False)
        fields["mask"] = gr.Textbox(visible=False)
    return RegionPart(fields, pad, drawer)
