"""Image-driven without StyleShot's weights: the fast network paints the photo itself, at a tab's two strengths."""

import math
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from PIL import Image

from styleshot_demo import pictures
from styleshot_demo.events import Event, Finished, Step
from styleshot_demo.jobs import CLASSICAL_SIZES, SIZE_MULTIPLE, ClassicalJob, ImageJob
from styleshot_demo.messages import Remark, remark
from styleshot_demo.runners.compositing import split_opacity
from styleshot_demo.runners.inpainting import Inpainting, inpainting_for
from styleshot_demo.runners.maps import prepare
from styleshot_demo.runners.palettes import apply_palette
from styleshot_demo.runners.regions import RegionFinder

if TYPE_CHECKING:
    from styleshot_demo.plan import Plan, PlannedPicture
    from styleshot_demo.runners.classical import ClassicalRunner

SIZE = 512  # pixels of the short side
# What is left of a photo's details as the content strength falls from 1 to 0: a domain transform (Gastal & Oliveira,
# SIGGRAPH 2011) that sees so far, as a share of the longest side, and takes so much of a change for a detail, 0 to 1.
REACH, DETAIL = 0.08, 0.4
# What of a photo's lightness comes back at content strength 2, and the scale up to which it is a detail, as above.
BACK, SCALE = 0.6, 1 / 60


def adapt_job(job: ImageJob) -> tuple[ImageJob, list[Remark]]:
    """The job as the painter can do it, and what a person should know of that; adapted again, it stays as it is."""
    notes = []
    low, high = CLASSICAL_SIZES
    short, long = sorted(job.content.size)
    size = SIZE if job.size is None else job.size
    # It is the longest side that those are of.
    lowest, highest = (math.ceil(low * short / long / SIZE_MULTIPLE), high * short // long // SIZE_MULTIPLE)
    size = min(max(size, lowest * SIZE_MULTIPLE), highest * SIZE_MULTIPLE)
    if job.size not in (None, size):
        notes.append(remark("painter_size", size=size))
    if job.prompt:
        notes.append(remark("painter_no_words"))
    if job.total > 1:
        notes.append(remark("painter_alone"))
    return replace(job, model="painter", size=size, preprocessor="contour", count=1), notes


def paint(plan: "Plan[ImageJob]", classical: "ClassicalRunner") -> Generator[Event, None, None]:
    """Yields `Step`s and at last one `Finished`; what is transparent in the photo stays so."""
    started = time.perf_counter()
    job, total = plan.job, len(plan.shots)
    assert job.size is not None  # its defaults are filled in
    colours, opacity = split_opacity(job.content)
    content = prepare(colours, job.size)
    if opacity is not None:
        opacity = opacity.resize(content.size, Image.Resampling.BICUBIC)
    simple = simplified(content, job.content_strength)
    images: list[Image.Image] = []
    models: dict[str, str] = {}
    notes: list[Remark] = []
    part = None
    if job.region != "everywhere":
        regions = RegionFinder(classical.settings, classical.cache)
        part = yield from inpainting_for(job, content, regions, models, notes)
    for place, shot in enumerate(plan.shots):
        yield Step(place / total, remark("painting"))
        as_classical = painted_as(job, simple, shot, part)
        changed: Any = replace(cast(Any, plan), job=as_classical, model="fast", remarks=())
        own: Plan[ClassicalJob] = changed
        with closing(classical.run(own)) as events:
            for event in events:
                if isinstance(event, Finished):
                    image = with_details(event.result.images[0], content, job.content_strength)
                    image = apply_palette(job.palette, image)
                    images.append(pictures.join_alpha(image if part is None else part.composite(image), opacity))
                    models |= event.result.models
                else:
                    yield Step((place + event.fraction) / total, event.message)
        made = remark("made", picture=place + 1, pictures=total)
        yield Step((place + 1) / total, made, images[-1], plan.record(place, models))
    yield Finished(plan.result(images, time.perf_counter() - started, models, notes))


def painted_as(
    job: ImageJob, content: Image.Image, shot: "PlannedPicture", part: Inpainting | None = None
) -> ClassicalJob:
    """What of a `shot` the classical methods do: beyond a style strength of 1 the brush grows.

    What is around a `part` is painted too, by its style or else by that of the part, as details come back after that.
    """
    styles = job.styles
    two: dict[str, Any] = {}
    if part is not None and part.rest is not None:
        if part.mask.getbbox() is None:  # a soft edge can leave nothing of a small part
            styles = tuple(part.rest)
        else:
            two = {"region": "mask", "mask": part.mask, "feather": 0, "rest": "last"}
    longest = max(content.size)
    brush = min(CLASSICAL_SIZES[1], round(longest * shot.style_strength)) if shot.style_strength > 1 else None
    return ClassicalJob(
        content,
        styles,
        strength=min(1.0, shot.style_strength),
        size=longest,
        seed=shot.seed,
        brush_size=brush,
        **two,
    )


def simplified(content: Image.Image, content_strength: float) -> Image.Image:
    """An RGB photo with fewer details, the lower the content strength is below 1; its large edges stay."""
    import cv2
    import numpy as np

    less = 1 - content_strength
    if less <= 0:
        return content
    # The filter takes 200 pixels at most.
    reach = min(200.0, max(1.0, REACH * less * max(content.size)))
    smooth = cv2.edgePreservingFilter(
        np.asarray(content), flags=cv2.RECURS_FILTER, sigma_s=reach, sigma_r=DETAIL * less
    )
    return Image.fromarray(smooth)


def with_details(painted: Image.Image, content: Image.Image, content_strength: float) -> Image.Image:
    """A painted picture with details of the photo's lightness, the more the content strength is beyond 1."""
    import cv2
    import numpy as np

    more = content_strength - 1
    if more <= 0:
        return painted
    made, given = (
        cv2.cvtColor(np.asarray(one).astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for one in (painted, content)
    )
    scale = SCALE * max(content.size)
    details, strokes = (one[..., 0] - cv2.GaussianBlur(one[..., 0], (0, 0), scale) for one in (given, made))
    made[..., 0] += BACK * more * (details - strokes)
    pixels = cv2.cvtColor(made, cv2.COLOR_LAB2RGB)
    return Image.fromarray((pixels * 255).round().clip(0, 255).astype(np.uint8))
