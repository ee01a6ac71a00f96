"""The Text-driven tab: a style and a sentence."""

import gradio as gr

from styleshot_demo.jobs import TextJob
from styleshot_demo.studio import Studio
from styleshot_demo.ui import controls, diffusion, grid_panel, presets_drawer, sketch, widgets
from styleshot_demo.ui.diffusion_tab import DiffusionTab
from styleshot_demo.ui.weights import Weights


def build(studio: Studio) -> DiffusionTab:
    """Lays the tab out, where it is called; `wire` of what it returns makes it work."""
    widgets.prose("p", "line_text", "tab-line")
    with gr.Row(elem_classes="bench", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes="inputs"):
            inputs = controls.picture_inputs("text-", with_content=False)
            with gr.Column(elem_classes="settings"):
                prompt = diffusion.prompt("text")
                drawn = sketch.element("text-sketch")
                prompts = diffusion.examples("text")
                fields, seed, finer, most, colours = diffusion.settings("text", studio)
                fields["moved"] = diffusion.moved("text")
            presets_drawer.build("text")
        with gr.Column(scale=6, min_width=320, elem_classes="outcome"):
            composed = [fields["painted_by"], fields["tile"]]
            weights = Weights("text", studio, [finer, fields["follow_sketch"]], composed, small_told=[most])
            view = diffusion.view("text")
    panel = grid_panel.build("text", TextJob)
    fields = {"prompt": prompt, **fields}
    return DiffusionTab("text", studio, inputs, fields, seed, prompts, weights, view, panel, colours, sketch=drawn)
