"""Paints the scenes of `TextJob`s as they were planned: drawn from vector art, then painted by `fast` or `optimise`."""

import time
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from PIL import Image

from styleshot_demo.events import Event, Finished, Step
from styleshot_demo.images.ops import grid
from styleshot_demo.job_defaults import side_of
from styleshot_demo.jobs import ClassicalJob, TextJob
from styleshot_demo.messages import remark
from styleshot_demo.plan import Plan, PlannedPicture
from styleshot_demo.runners.borrowing import borrow_fast
from styleshot_demo.runners.palettes import apply_palette
from styleshot_demo.runners.styles import read_groups, styles_of
from styleshot_demo.runners.weights import TITLES

if TYPE_CHECKING:
    from styleshot_demo.classical.fast import Encoded
    from styleshot_demo.compose.sketch import Sketch
    from styleshot_demo.runners.classical import ClassicalRunner

KEPT = 2
DRAWING = 0.3  # share of a picture's time that its sketch takes, where `fast` paints
STEPS = ClassicalJob.steps  # iterations of `optimise`


def compose(plan: Plan[TextJob], classical: "ClassicalRunner") -> Generator[Event, None, None]:
    """Yields `Step`s and at last one `Finished`; the result's control picture is the sketch, of several all of them.

    Of what `optimise` paints, each step with a preview has the record of what that shows.
    """
    from styleshot_demo.compose.painting import Painting
    from styleshot_demo.compose.sketch import draw

    started = time.perf_counter()
    settings, cache = classical.settings, classical.cache
    job, total, scene = plan.job, len(plan.shots), plan.scene
    assert scene is not None  # the composer always has one
    models: dict[str, str] = {}
    images: list[Image.Image] = []
    sketches: list[Image.Image] = []
    if plan.free is not None:
        cache.make_free(plan.device, plan.memory)
    with ExitStack() as borrowed:
        yield Step(0.0, remark("composing"))
        painter = borrow_fast(settings, cache, plan.device, borrowed, models)
        styles = styles_of(cache, job.styles, side_of(job), plan.device, models)
        seen = [(style.digest, share) for style, share in styles]
        for place, shot in enumerate(plan.shots):
            yield Step(place / total, remark("composing"))
            # Remembered, so that another strength only decodes.
            key = ("composed", plan.device, repr(scene), plan.size, shot.seed, *seen)
            sketch, encoded = cache.recall(key) or (draw(scene, plan.size, shot.seed), None)
            sketches.append(sketch.picture)
            if plan.optimises:
                yield Step(place / total, remark("painting"), sketch.picture)
                with closing(_optimised(plan, place, shot, sketch, classical)) as events:
                    for event in events:
                        if isinstance(event, Finished):
                            images.append(event.result.images[0])
                            models |= event.result.models
                        else:
                            yield event
            else:
                if encoded is None:
                    yield from read_groups(styles, painter, begin=place / total, end=(place + DRAWING) / total)
                yield Step((place + DRAWING) / total, remark("painting"), sketch.picture)
                painting = Painting(sketch, painter, styles, seed=shot.seed, encoded=encoded)
                cache.remember(key, (sketch, painting.encoded), TITLES["composed"], KEPT, _bytes)
                strength, things = shares(shot.style_strength)
                images.append(apply_palette(job.palette, painting.at(strength, things=things)))
            made = remark("made", picture=place + 1, pictures=total)
            yield Step((place + 1) / total, made, images[-1], plan.record(place, models))
    yield Finished(plan.result(images, time.perf_counter() - started, models, (), grid([sketches])))


def _optimised(
    plan: Plan[TextJob], place: int, shot: PlannedPicture, sketch: "Sketch", classical: "ClassicalRunner"
) -> Generator[Event, None, None]:
    """The classical runner's events as it paints the sketch of picture `place`, as those of the text job."""
    from styleshot_demo.compose.painting import set_off

    total, strength = len(plan.shots), min(1.0, shot.style_strength)

    def finished(image: Image.Image) -> Image.Image:
        return apply_palette(plan.job.palette, set_off(image, sketch, strength))

    as_classical = painted_as(plan.job, sketch.picture, shot)
    own: Any = replace(cast(Any, plan), job=as_classical, model="optimise", scene=None, remarks=())
    with closing(classical.run(own)) as events:
        for event in events:
            if isinstance(event, Finished):
                images = [finished(image) for image in event.result.images]
                yield Finished(replace(event.result, images=images))
                continue
            message = event.message
            if total > 1 and message.key == "iterating":
                message = remark("iterating_several", picture=place + 1, pictures=total, **message.values)
            event = replace(event, fraction=(place + event.fraction) / total, message=message)
            if event.preview is not None:
                made_by = plan.record(place, event.made_by.models)
                event = replace(event, preview=finished(event.preview), made_by=made_by)
            yield event


def painted_as(job: TextJob, sketch: Image.Image, shot: PlannedPicture) -> ClassicalJob:
    """What of a `shot` the classical methods do: beyond a style strength of 1 the style pulls harder."""
    return ClassicalJob(
        sketch,
        job.styles,
        method="optimise",
        strength=min(1.0, shot.style_strength),
        size=side_of(job),
        steps=STEPS,
        style_weight=max(1.0, shot.style_strength) ** 2,
        keep_faces=False,  # that looks for faces of people
        seed=shot.seed,
    )


def _bytes(kept: "tuple[Sketch, Encoded]") -> int:
    """What the pictures of a sketch take; the rest are tensors, which are counted anyway."""
    sketch, _ = kept
    return sketch.picture.width * sketch.picture.height * (6 + len(sketch.layers))


def shares(style_strength: float) -> tuple[float, float]:
    """(strength, share of it for the things in front) as the painter takes them, of a style strength of 0 to 2.

    Up to 1 everything is painted more and more; beyond, the things catch up with the ground.
    """
    from styleshot_demo.compose.painting import THINGS

    return min(1.0, style_strength), THINGS + (1 - THINGS) * max(0.0, style_strength - 1)
