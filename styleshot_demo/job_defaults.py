"""A `TextJob` or `ImageJob` with its defaults filled in, which depend on the model, and what it then asks for."""

from dataclasses import replace
from typing import Any

from styleshot_demo.jobs import IMAGE_SIZES, ImageJob, TextJob
from styleshot_demo.runners import scenes, small

DiffusionJob = TextJob | ImageJob
NEGATIVE_PROMPT = "monochrome, lowres, bad anatomy, worst quality, low quality"  # the published code's


def defaults(kind: str, model: str | None) -> dict[str, Any]:
    """What the None of a job's field stands for, and what the page shows for it.

    `kind` is "text" or "image", `model` "styleshot", "composer", "painter" or "small".
    """
    if model == "small":
        return {"size": small.SIZE, "guidance_scale": small.GUIDANCE[kind], "negative_prompt": ""}
    return {"size": 512, "guidance_scale": 7.5, "negative_prompt": NEGATIVE_PROMPT}


def smallest(model: str | None) -> int:
    """The smallest side, pixels, that the page offers for a model; None is one whose files are not here."""
    return scenes.SMALLEST if model == "composer" else IMAGE_SIZES[0]


def filled_in(job: DiffusionJob, model: str) -> Any:
    """The job with the model's own value in place of each None, and without a negative prompt that is not read."""
    own = defaults("image" if isinstance(job, ImageJob) else "text", model)
    job = replace(job, **{name: value for name, value in own.items() if getattr(job, name) is None})
    return job if guidance_of(job) > 1 else replace(job, negative_prompt="")


def preprocessors_of(job: DiffusionJob) -> tuple[str, ...]:
    """What of a content picture is looked at; "contour" for the checkpoint that a text job uses, and for its sketch."""
    return job.preprocessors if isinstance(job, ImageJob) else ("contour",)


def follows_sketch(job: DiffusionJob) -> bool:
    """Whether the sketch of the prompt is the job's content picture."""
    return isinstance(job, TextJob) and job.follow_sketch


def content_strength(job: DiffusionJob) -> float:
    """How closely the lines of a content picture are followed, 0 to 2."""
    if isinstance(job, ImageJob):
        return job.content_strength
    return ImageJob.content_strength if job.follow_sketch else 0.0


def uses_content(job: DiffusionJob) -> bool:
    """Whether the job needs a ControlNet and a detector."""
    return content_strength(job) > 0


def optimised(job: DiffusionJob) -> bool:
    """Whether a job asks the composer for what only `optimise` does; at style strength 0 its sketch stays as it is."""
    return isinstance(job, TextJob) and job.painted_by == "optimise" and job.style_strength > 0


def side_of(job: DiffusionJob) -> int:
    """The size of a job whose defaults are filled in."""
    assert job.size is not None
    return job.size


def guidance_of(job: DiffusionJob) -> float:
    """The guidance scale of a job whose defaults are filled in."""
    assert job.guidance_scale is not None
    return job.guidance_scale


def pixels_of(job: DiffusionJob, size: int) -> int:
    """How many pixels each picture would have at that `size` of the job."""
    if isinstance(job, TextJob):
        return size**2
    return int(size**2 * max(job.content.size) / min(job.content.size))


def size_of(job: DiffusionJob, multiple: int) -> tuple[int, int]:
    """Width and height of each picture: as `content.resize_to` makes them of a content picture."""
    if isinstance(job, TextJob):
        return side_of(job), side_of(job)
    scale = side_of(job) / min(job.content.size)
    width, height = (max(round(side * scale / multiple), 1) * multiple for side in job.content.size)
    return width, height
