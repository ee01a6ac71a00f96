"""What a run of a job yields: any number of `Step`s and at last one `Finished`."""

from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from styleshot_demo.messages import Remark


@dataclass(frozen=True)
class Step:
    """How far a job is: `fraction` 0 to 1, a sentence, and what the picture looks like by now (or None).

    made_by  the `provenance.Record` of how `preview` was made, where that is one of several pictures that is finished,
             or a picture so far of a classical job or of what `optimise` paints for a text job; else None
    """

    fraction: float
    message: Remark
    preview: Image.Image | None = None
    made_by: Any = None


@dataclass(frozen=True)
class Result:
    """What a job made.

    images    the pictures, RGB or RGBA PIL images
    control   the contour or lineart map that was used, or None
    seed      the seed of images[0]; image n has seed + n, but in a sweep all have this one, and of two
              preprocessors each begins with it
    seconds   wall-clock seconds from start to end
    settings  what shaped the result, of the job as it ran, JSON-ready
    models    name -> first 16 hex digits of the sha256 of the weights used; empty when none were
    notes     remarks a person should see (which features were used, and the like)
    plan      the `plan.Plan` that was run
    deep      images[0] in 16 bits a channel, [H, W, 3 or 4] uint16, where it was computed so; else None
    """

    images: list[Image.Image]
    control: Image.Image | None
    seed: int
    seconds: float
    settings: dict[str, Any]
    models: dict[str, str] = field(default_factory=dict)
    notes: list[Remark] = field(default_factory=list)
    plan: Any = None
    deep: Any = None


@dataclass(frozen=True)
class Finished:
    """The last event of a run."""

    result: Result


Event = Step | Finished
