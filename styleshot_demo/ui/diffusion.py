"""The controls of StyleShot that both of its tabs have, and what they start with."""

from typing import Any

import gradio as gr

from styleshot_demo import job_defaults, jobs, names
from styleshot_demo.jobs import ImageJob, TextJob
from styleshot_demo.runners.small import SIZE as SMALL_SIZE
from styleshot_demo.studio import Studio
from styleshot_demo.ui import controls, palette, weights, widgets
from styleshot_demo.ui.controls import Seed, View
from styleshot_demo.ui.settings import choices, control, lay
from styleshot_demo.ui.words import LocalizedText, i18n, tr

JOBS = {"text": TextJob, "image": ImageJob}
CHECKS = {kind: jobs.check_each(job) for kind, job in JOBS.items()}
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
    return jobs.defaults(JOBS[kind]) | {"prompt": ""} | job_defaults.defaults(kind, studio.ready(kind).model)


def prompt(kind: str) -> gr.Textbox:
    """The prompt."""
    return gr.Textbox(
        label=i18n("prompt"), placeholder=i18n(f"{kind}_prompt_hint"), lines=2, max_lines=6,
        max_length=jobs.MAX_PROMPT, elem_id=f"{kind}-prompt", elem_classes="wish",
    )  # fmt: skip


def examples(kind: str) -> gr.HTML:
    """Example prompts, each a button, named by its English text."""
    return widgets.chips({text: example(text) for text in PROMPTS[kind]}, f"{kind}-prompts", "example_prompts")


def example(text: str) -> LocalizedText:
    """An example prompt in both languages."""
    return tr(f"prompt_{text.replace(' ', '_')}")


def picked(kind: str, event: gr.EventData, in_chinese: bool) -> Any:
    """An example prompt that was clicked, in English; where it may be Chinese, as the page shows it."""
    name = getattr(event, "name", None)
    if name not in PROMPTS[kind]:
        return gr.skip()
    english, chinese = example(name)
    return chinese if in_chinese and str(getattr(event, "language", "")).startswith("zh") else english


def settings(kind: str, studio: Studio) -> tuple[dict[str, Any], Seed, gr.Accordion, gr.HTML, palette.PalettePart]:
    """(controls by the name of the job's field, the seed, the part with those that only StyleShot has, the line that
    says how large the small model can paint, the palette)."""
    start, known = defaults(kind, studio), jobs.fields(JOBS[kind])
    ready = studio.ready(kind)
    models = choices("model", weights.models(kind, studio))
    fields = {
        "model": control(
            known["model"], "auto", choices=models, elem_id=f"{kind}-model-choice", elem_classes="segments"
        )
    }
    with gr.Row(elem_classes="numbers"):
        fields["count"] = control(known["count"], start["count"], kind, min_width=120)
        fields["size"] = control(
            known["size"],
            start["size"],
            kind,
            label=f"{kind}_size",
            minimum=job_defaults.smallest(ready.model),
            min_width=120,
        )
    most = widgets.prose("p", "small_pixels", "hint", visible=False, size=SMALL_SIZE)
    # Those that one of the models alone can do anything with are seen where that one paints.
    if "painted_by" in known:
        fields["painted_by"] = control(
            known["painted_by"],
            start["painted_by"],
            kind,
            visible=weights.composer_seen(ready),
            elem_classes="segments",
        )
    if "tile" in known:
        with gr.Row(elem_classes="switches"):
            fields["tile"] = control(known["tile"], start["tile"], kind, visible=weights.composer_seen(ready))
    seed = controls.seed(f"{kind}-seed")
    fields["seed"] = seed.number
    finer_seen = weights.finer_seen(ready)
    if "follow_sketch" in known:
        with gr.Row(elem_classes="switches"):
            fields["follow_sketch"] = control(known["follow_sketch"], start["follow_sketch"], kind, visible=finer_seen)
    with gr.Accordion(
        i18n("finer"), open=False, visible=finer_seen, elem_id=f"{kind}-finer", elem_classes="drawer"
    ) as finer:
        fields |= lay(JOBS[kind], "numbers", start, kind, lambda name: {"min_width": 120})
        fields |= lay(JOBS[kind], "finer", start, kind)
    # Every model's pictures can be held to one.
    with gr.Accordion(i18n("palette"), open=False, elem_id=f"{kind}-palette-part", elem_classes="drawer"):
        colours = palette.build(kind, with_content=kind == "image")
        fields["palette"] = colours.box
    return fields, seed, finer, most, colours


def moved(kind: str) -> gr.Textbox:
    """Where things were moved on the composer's sketch: the sketch sets it, nobody sees it."""
    return gr.Textbox("", label=i18n("moved"), visible="hidden", elem_id=f"{kind}-moved")


def view(kind: str) -> View:
    """The result with the style strength under it."""
    return controls.view(
        kind, lambda elem_id: widgets.gallery(elem_id, f"{kind}_empty"), None, "style_strength", 2, "paint"
    )


def job_of(kind: str, content: Any, styles: Any, settings: dict[str, Any]) -> tuple[TextJob | ImageJob, str]:
    """(a job of pictures that it opens, stem of the files to save: the content's name, or else the prompt)."""
    if kind == "text":
        job = TextJob(styles, **settings)
        return job, job.prompt or "styleshot"
    return ImageJob(content, styles, **settings), names.stem_of(content)


MODEL_FIELDS = ("size", "guidance_scale", "negative_prompt")  # whose defaults depend on the model


def adapt_fields(kind: str, model: str | None, values: dict[str, Any]) -> dict[str, Any]:
    """`MODEL_FIELDS` after a model was chosen: that model's own defaults, but for what a person has set otherwise."""
    own = job_defaults.defaults(kind, model)
    # The composer's are those of the first.
    usual = [job_defaults.defaults(kind, other) for other in ("styleshot", "small")]
    new = {name: own[name] if any(value == each[name] for each in usual) else value for name, value in values.items()}
    return new | {"size": at_least(new["size"], job_defaults.smallest(model))}


def at_least(size: Any, least: int) -> Any:
    """A size as the slider can show it; what is no number, which anybody may type, is left to the job's check."""
    return max(size, least) if isinstance(size, int | float) else size
