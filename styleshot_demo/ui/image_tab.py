"""The Image-driven tab: a style, a photo whose lines are kept, and a sentence."""

import gradio as gr

from styleshot_demo.jobs import ImageJob
from styleshot_demo.studio import Studio
from styleshot_demo.ui import controls, diffusion, grid_panel, many_panel, presets_drawer, regions, widgets
from styleshot_demo.ui.diffusion_tab import DiffusionTab
from styleshot_demo.ui.lines import Lines
from styleshot_demo.ui.weights import Weights, finer_seen


def build(studio: Studio) -> DiffusionTab:
    """Lays the tab out, where it is called; `wire` of what it returns makes it work."""
    widgets.prose("p", "line_image", "tab-line")
    with gr.Row(elem_classes="bench", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes="inputs"):
            inputs = controls.picture_inputs("image-")
            where = regions.build(ImageJob, "image")
            with gr.Column(elem_classes="settings"):
                seen = finer_seen(studio.ready("image"))
                lines = Lines("image", seen)
                with gr.Column(visible=seen, elem_classes="words") as said:
                    prompt = diffusion.prompt("image")
                    prompts = diffusion.examples("image")
                fields, seed, finer, most, colours = diffusion.settings("image", studio)
            presets_drawer.build("image")
        with gr.Column(scale=6, min_width=320, elem_classes="outcome"):
            seen_parts = [*lines.parts, said, fields["count"], finer]
            weights = Weights("image", studio, seen_parts, small_told=[lines.contour_alone, most])
            view = diffusion.view("image")
    panel = grid_panel.build("image", ImageJob)
    many = many_panel.build("image", studio.settings.max_pictures)
    fields = {"prompt": prompt, **fields}
    return DiffusionTab(
        "image", studio, inputs, fields, seed, prompts, weights, view, panel, colours, lines, many=many, where=where
    )
