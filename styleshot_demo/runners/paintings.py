"""Two paintings of one picture: all of it in each style, then the second one laid over the first where it belongs."""

from collections.abc import Generator, Hashable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from styleshot_demo.events import Step
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.jobs.regions import REGION_FIELDS
from styleshot_demo.messages import Remark
from styleshot_demo.plan import Plan
from styleshot_demo.runners.compositing import composite, composite_16bit
from styleshot_demo.runners.remaining import RemainingShare
from styleshot_demo.runners.styles import pictures_key
from styleshot_demo.runners.weights import TITLES
from styleshot_demo.runtime.cache import ModelCache

if TYPE_CHECKING:
    import numpy as np

    from styleshot_demo.runners.styles import CachedStyles


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


def cached_painting(painting: Painting, cache: ModelCache, key: tuple[Hashable, ...]) -> Painting:
    """A painting that is remembered when it has ended: the last one that was."""
    painted: Step | Painted | None = cache.recall(key)
    if painted is None:
        with closing(painting):
            for painted in painting:
                if isinstance(painted, Step):
                    yield painted
        cache.remember(key, painted, TITLES["first"], 1, lambda ended: ended.bytes)
    assert isinstance(painted, Painted)
    yield painted


def optimisation_key(plan: Plan[ClassicalJob], content: Image.Image, styles: "CachedStyles") -> tuple[Hashable, ...]:
    """What tells a descent of `optimise` from others."""
    job = plan.job
    read = {name: value for name, value in job.settings().items() if name not in _AFTERWARDS}
    settings = tuple(value for _, value in sorted(read.items()))
    # Of other features it would go on as what it is not.
    return (plan.device, "vgg19" in plan.files, *pictures_key(content, styles), *settings)


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
