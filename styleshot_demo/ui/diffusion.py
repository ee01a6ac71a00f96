"""The controls of StyleShot that both of its tabs have, and what they start with."""

from typing import Any

import gradio as gr

from styleshot_demo import jobs, plan
from styleshot_demo.jobs import ImageJob, TextJob
from styleshot_demo.studio import Studio
from styleshot_demo.ui import controls, weights, widgets
from styleshot_demo.ui.controls import Seed, View
from styleshot_demo.ui.widgets import Slider
from styleshot_demo.ui.words import Said, mark, say

JOBS = {"text": TextJob, "image": ImageJob}
CHECKS = {"text": jobs.TEXT_CHECKS, "image": jobs.IMAGE_CHECKS}
PROMPTS = {
    "text": (
        "a castle by the sea at sunset",
        "a red apple on a table",
        "three sailing boats at sunset",
        "a fox in a snowy forest",
        "a bicycle on a rainy street",
        "pattern of lemons",
    ),
    "image": ("red apple", "rocket", "cat face", "sailboat", "castle", "sunflower"),  # what the small model knows
}


def defaults(kind: str, studio: Studio) -> dict[str, Any]:
    """What a tab starts with: the job's own defaults, and those of the model that "auto" means now."""
    values = {name: JOBS[kind].__dataclass_fields__[name].default for name in CHECKS[kind]}
    values["prompt"] = ""
    return values | plan.defaults(kind, studio.ready(kind).model)


def prompt(kind: str) -> gr.Textbox:
    """The prompt."""
    return gr.Textbox(
        label=mark("prompt"), placeholder=mark(f"{kind}_prompt_hint"), lines=2, max_lines=6,
        max_length=jobs.MAX_PROMPT, elem_id=f"{kind}-prompt", elem_classes="wish",
    )  # fmt: skip


def examples(kind: str) -> gr.HTML:
    """Example prompts, each a button, named by its English text."""
    return widgets.chips({text: example(text) for text in PROMPTS[kind]}, f"{kind}-prompts", "example_prompts")


def example(text: str) -> Said:
    """An example prompt in both languages."""
    return say(f"prompt_{text.replace(' ', '_')}")


def settings(kind: str, studio: Studio) -> tuple[dict[str, Any], Seed, gr.Accordion]:
    """(controls by the name of the job's field, the seed, the part with those that only StyleShot has)."""
    start = defaults(kind, studio)
    fields: dict[str, Any] = {}
    choices = weights.models(kind, studio)
    fields["model"] = gr.Radio(
        controls.choices("model", choices), value="auto", label=mark("model"),
        elem_id=f"{kind}-model-choice", elem_classes="segments",
    )  # fmt: skip
    with gr.Row(elem_classes="numbers"):
        fields["count"] = _slider(kind, "count", 1, jobs.MAX_IMAGES, 1, start)
        least = plan.smallest(studio.ready(kind).model)
        fields["size"] = _slider(kind, "size", least, 1024, jobs.SIZE_MULTIPLE, start, f"{kind}_size")
    if "tile" in CHECKS[kind]:
        with gr.Row(elem_classes="switches"):
            fields["tile"] = gr.Checkbox(
                start["tile"], label=mark("tile"), elem_id=f"{kind}-tile", min_width=120,
                visible=weights.composer_seen(studio.ready(kind)),
            )  # fmt: skip
    seed = controls.seed(f"{kind}-seed")
    fields["seed"] = seed.number
    if kind == "text":
        with gr.Row(elem_classes="switches"):
            fields["follow_sketch"] = gr.Checkbox(
                start["follow_sketch"], label=mark("follow_sketch"), elem_id="text-follow-sketch", min_width=120,
                visible=weights.finer_seen(studio.ready(kind)),
            )  # fmt: skip
    with gr.Accordion(
        mark("finer"), open=False, visible=weights.finer_seen(studio.ready(kind)), elem_id=f"{kind}-finer",
        elem_classes="drawer",
    ) as finer:  # fmt: skip
        with gr.Row(elem_classes="numbers"):
            fields["steps"] = _slider(kind, "steps", 1, 150, 1, start)
            fields["guidance_scale"] = _slider(kind, "guidance_scale", 0, 30, 0.5, start)
        fields["scheduler"] = gr.Radio(
            controls.choices("scheduler", jobs.SCHEDULERS), value=start["scheduler"], label=mark("scheduler"),
            elem_id=f"{kind}-scheduler",
        )  # fmt: skip
        fields["negative_prompt"] = gr.Textbox(
            start["negative_prompt"], label=mark("negative_prompt"), lines=2, max_lines=6,
            max_length=jobs.MAX_PROMPT, elem_id=f"{kind}-negative-prompt", elem_classes="wish",
        )  # fmt: skip
    return fields, seed, finer


def moved(kind: str) -> gr.Textbox:
    """Where things were moved on the composer's sketch: the sketch sets it, nobody sees it."""
    return gr.Textbox("", label=mark("moved"), visible="hidden", elem_id=f"{kind}-moved")


def view(kind: str) -> View:
    """The result with the style strength under it, and the strength sweep beside the run."""

    def sweep() -> gr.Button:
        return gr.Button(mark("sweep"), interactive=False, elem_id=f"{kind}-sweep", min_width=140, scale=1, size="lg")

    return controls.view(
        kind, lambda elem_id: widgets.gallery(elem_id, f"{kind}_empty"), sweep, "style_strength", 2, "paint"
    )


def strength(kind: str, name: str) -> Slider:
    """A strength, 0 to 2, 1 as published."""
    return Slider(
        0, 2, 1.0, step=0.05, label=mark(name), buttons=[], elem_id=f"{kind}-{name.replace('_', '-')}",
        elem_classes="slim",
    )  # fmt: skip


def _slider(
    kind: str, name: str, low: float, high: float, step: float, start: dict[str, Any], label: str | None = None
) -> Slider:
    return Slider(
        low, high, start[name], step=step, label=mark(label or name), buttons=[], min_width=120,
        elem_id=f"{kind}-{name.replace('_', '-')}", elem_classes="slim",
    )  # fmt: skip


MODEL_FIELDS = ("size", "guidance_scale", "negative_prompt")  # whose defaults depend on the model


def suited(kind: str, model: str | None, values: dict[str, Any]) -> dict[str, Any]:
    """`MODEL_FIELDS` after a model was chosen: that model's own defaults, but for what a person has set otherwise."""
    own = plan.defaults(kind, model)
    usual = [plan.defaults(kind, other) for other in ("styleshot", "small")]  # of the composer those of the first
    new = {name: own[name] if any(value == each[name] for each in usual) else value for name, value in values.items()}
    return new | {"size": at_least(new["size"], plan.smallest(model))}


def at_least(size: Any, least: int) -> Any:
    """A size as the slider can show it; what is no number, which anybody may type, is left to the job's check."""
    return max(size, least) if isinstance(size, int | float) else size
