"""Enlarging: what can be asked for."""

import math
from typing import Annotated, Any

from pydantic.dataclasses import dataclass

from styleshot_demo.errors import Problem
from styleshot_demo.jobs.inputs import Content, open_named
from styleshot_demo.jobs.schema import CONFIG, Choice, Factor, documented

FACTORS = (2, 4)
ENLARGERS = ("auto", "animevideov3", "x4plus")
MAX_ENLARGED = 100_000_000  # pixels of an enlarged picture


@documented
@dataclass(frozen=True, config=CONFIG)
class EnlargeJob:
    """A picture with more pixels and crisp edges; made for what is painted or drawn.

    content  the picture to enlarge: PIL image or path; the result has 100 megapixels at most
    made_by  the `provenance.Record` of how the content was made, or None: the result's record says that too

    Real-ESRGAN's animevideov3 is small and quick and comes along, its x4plus is finer, far slower, and has to be
    fetched. Nothing is fetched by itself, and nothing becomes slow unless that is asked for.
    """

    content: Content
    factor: Annotated[int, Factor("How many times as many pixels along each side", FACTORS)] = 4
    made_by: Any = None
    model: Annotated[
        str,
        Choice("The network; auto: x4plus where it was fetched and has a GPU, else animevideov3", ENLARGERS),
    ] = "animevideov3"

    # As of other jobs: nothing here is left to chance, and there is no style.
    seed = 0
    styles = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", open_named(self.content))
        width, height = self.content.size
        if width * height * self.factor**2 > MAX_ENLARGED:
            megapixels = math.ceil(width * height * self.factor**2 / 1e6)
            raise Problem("enlarged_too_large", megapixels=megapixels, limit=MAX_ENLARGED // 1_000_000)

    def settings(self) -> dict[str, Any]:
        """The settings that shaped the result (no pictures), JSON-ready."""
        return {"job": "enlarge", "factor": self.factor, "model": self.model, "seed": self.seed}
