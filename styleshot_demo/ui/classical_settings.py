"""The settings of the Classical tab: what they start with, which of them each method reads, and their controls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from styleshot_demo import jobs
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.ui import controls, painted_strength, palette, settings
from styleshot_demo.ui.controls import Seed
from styleshot_demo.ui.words import i18n, tr

# What a page starts with; the job's own defaults but for the size, which a laptop should paint in a moment.
DEFAULTS = jobs.defaults(ClassicalJob)
CHECKS = jobs.check_each(ClassicalJob)
# The controls that not all methods read, with those that do.
PARTS = {
    name: field.setting.methods
    for name, field in jobs.fields(ClassicalJob).items()
    if field.setting.methods and name != painted_strength.NAME  # which nobody sees
}
SEEDED = ("fast", "patches", "optimise")  # methods whose result depends on the seed
_METHODS = {**PARTS, "seed": SEEDED}


def counting(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Of settings those that make a difference to the picture, by the method among them."""
    method = asked["method"]
    return {name: value for name, value in asked.items() if method in _METHODS.get(name, (method,))}


@dataclass(frozen=True)
class SettingsPart:
    """The controls, as `build` lays them out.

    fields   by the name of the job's field
    fit      which sizes there are, or what this one means
    about    a line on each method
    """

    fields: dict[str, Any]
    seed: Seed
    fit: gr.HTML
    about: gr.HTML
    colours: palette.PalettePart


def build() -> SettingsPart:
    """Lays the controls out, where it is called."""
    known = jobs.fields(ClassicalJob)

    def seen(name: str) -> dict[str, Any]:
        return {"visible": DEFAULTS["method"] in PARTS[name]} if name in PARTS else {}

    with gr.Column(elem_classes="settings"):
        fields = {"method": settings.control(known["method"], DEFAULTS["method"], elem_classes="segments")}
        about = gr.HTML(_about(), elem_id="about-method", apply_default_css=False)
        fields["size"] = settings.control(known["size"], DEFAULTS["size"])
        fit = gr.HTML(elem_id="fits", apply_default_css=False)
        fields |= settings.lay(ClassicalJob, "switches", DEFAULTS, more=seen)
        with gr.Accordion(i18n("finer"), open=False, elem_id="finer", elem_classes="drawer"):
            fields |= settings.lay(ClassicalJob, "finer", DEFAULTS, more=seen)
            colours = palette.build("classical")
            fields["palette"] = colours.box
            fields |= settings.lay(ClassicalJob, "numbers", DEFAULTS, more=seen)
            seed = controls.seed("seed", visible=DEFAULTS["method"] in SEEDED)
            fields["seed"] = seed.number
        fields[painted_strength.NAME] = gr.Textbox(visible=False)
    return SettingsPart(fields, seed, fit, about, colours)


def _about() -> str:
    """One line for each method; the style sheet shows that of the method chosen."""
    return "".join(f'<p class="about {name}">{tr(f"about_{name}").html()}</p>' for name in jobs.METHODS)
