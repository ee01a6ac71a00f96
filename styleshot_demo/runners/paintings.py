"""What becomes of what a method has painted: remembered, blended with its photo, laid over another painting."""

from collections.abc import Generator, Hashable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from styleshot_demo import jobs, pictures
from styleshot_demo.events import Step
from styleshot_demo.images.ops import to_image
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.jobs.regions import REGION_FIELDS
from styleshot_demo.messages import Remark
from styleshot_demo.plan import Plan
from styleshot_demo.runners.compositing import blended, composite, composite_16bit, split_opacity
from styleshot_demo.runners.remaining import RemainingShare
from styleshot_demo.runners.styles import identity
from styleshot_demo.runners.weights import TITLES
from styleshot_demo.runtime.cache import ModelCache

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass(frozen=True)
class Painted:
    """What a method has painted; `fine` is the same in 16 bits a channel, [H, W, 3] uint16, or None."""

    image: Image.Image
    fine: "np.ndarray | None" = None

    @property
    def bytes(self) -> int:
        """In memory."""
        return 3 * self.image.width * self.image.height + (0 if self.fine is None else self.fine.nbytes)


# Settings that say what is done with the picture when it is painted; weights come with the styles.
_AFTERWARDS = (*REGION_FIELDS, "style_weights", "palette", "keep_faces", "keep_background")
Painting = Generator[Step | Painted, None, None]
RememberedPainting = tuple[Painted, dict[str, str]]  # with the hashes of the weights that it was made with
KEPT = 4  # paintings that are remembered: two pictures, each in two styles


def blend_two_styles(content: Image.Image, rest: Image.Image, first: Painting, second: Painting) -> Painting:
    """The events of two paintings, one after the other, and at last the two of them as one.

    content  the photo, RGB, seen in the rest as long as that is not painted
    rest     mode "L": how far the second one is laid over the first
    """
    inside, remaining = ImageOps.invert(rest), RemainingShare()
    painted: Painted | None = None
    with closing(first), closing(second):
        for number, events in enumerate((first, second)):
            for event in events:
                if isinstance(event, Step):
                    preview = event.preview
                    if preview is not None:
                        below, mask = (content, inside) if painted is None else (painted.image, rest)
                        preview = composite(below, mask, preview)
                    fraction = (number + event.fraction) / 2
                    yield replace(
                        event, fraction=fraction, message=_of_two(event.message, number, fraction, remaining),
                        preview=preview,
                    )  # fmt: skip
                else:
                    painted = event if painted is None else _laid_over(painted, event, rest)
    assert painted is not None  # each ends with one
    yield painted


def as_painting(events: "Generator[Step | Painted | torch.Tensor, None, None]") -> Painting:
    """The events of a method, which may end with its pixels, [1, 3, H, W]."""
    with closing(events):
        for event in events:
            yield event if isinstance(event, Step | Painted) else Painted(to_image(event))


def cached_painting(
    painting: Painting, cache: ModelCache, key: tuple[Hashable, ...], models: dict[str, str]
) -> Painting:
    """A painting that is remembered when it has ended, with the hashes of the weights that `models` gets from it."""
    kept = cache.recall(key)
    if kept is None:
        painted: Step | Painted | None = None
        with closing(painting):
            for painted in painting:
                if isinstance(painted, Step):
                    yield painted
        kept = painted, dict(models)
        cache.remember(key, kept, TITLES["painted"], KEPT, lambda kept: kept[0].bytes)
    painted, known = kept
    models.update(known)
    assert isinstance(painted, Painted)  # a painting ends with one
    yield painted


def held_painting(remembered: RememberedPainting, models: dict[str, str]) -> Painting:
    """The end of a painting that its plan holds, with the hashes of its weights for `models`."""
    painted, known = remembered
    models.update(known)
    yield painted


def blend_with_content(content: Image.Image, painting: Painting, opacity: float) -> Painting:
    """A painting whose previews and end are `blended` with the content, RGB."""
    with closing(painting):
        for event in painting:
            if isinstance(event, Painted):
                yield replace(event, image=blended(content, event.image, opacity))
            elif event.preview is not None:
                yield replace(event, preview=blended(content, event.preview, opacity))
            else:
                yield event


def optimisation_key(plan: Plan[ClassicalJob], content: Image.Image) -> tuple[Hashable, ...]:
    """What tells a descent of `optimise` from others. content: as it is painted, RGB"""
    job = plan.job
    read = {name: value for name, value in job.settings().items() if name not in _AFTERWARDS}
    settings: tuple[Hashable, ...] = tuple(value for _, value in sorted(read.items()))
    styles = zip(job.styles, jobs.normalised_weights(job.styles), strict=True)
    seen = tuple((identity(picture), share) for (picture, _), share in styles)
    # Of other features it would go on as what it is not.
    return (plan.device, "vgg19" in plan.files, pictures.digest(content), seen, *settings)


def painting_key(plan: Plan[ClassicalJob], content: Image.Image) -> tuple[Hashable, ...]:
    """Under which the end of a descent is remembered."""
    return ("painted", *optimisation_key(plan, content))


def remembered_paintings(plan: Plan[ClassicalJob], cache: ModelCache) -> tuple[RememberedPainting, ...]:
    """All that `optimise` has to paint, in the order of `ClassicalJob.paintings`; empty where any of it is not in the
    cache. Looked for where a job says at which strength it was painted, as for a blend of what is there."""
    job = plan.job
    if not plan.optimises or not job.painted_strength:
        return ()
    content, _ = split_opacity(pictures.fit_longest(job.content, job.size))
    found = [cache.recall(painting_key(replace(plan, job=painting), content)) for painting in job.paintings]
    return () if None in found else tuple(found)


def _laid_over(first: Painted, second: Painted, rest: Image.Image) -> Painted:
    fine = None
    if first.fine is not None and second.fine is not None:
        fine = composite_16bit(first.fine, rest, second.fine)
    return Painted(composite(first.image, rest, second.image), fine)


def _of_two(message: Remark, number: int, fraction: float, remaining: RemainingShare) -> Remark:
    """The message of a step with the steps and the seconds of both paintings, of which this is `number`, 0 or 1."""
    values = dict(message.values)
    if "total" in values:
        values |= {"step": values["step"] + number * values["total"], "total": 2 * values["total"]}
    if "seconds" in values:
        values["seconds"] = remaining.seconds(fraction)
    return Remark(message.key, values)
