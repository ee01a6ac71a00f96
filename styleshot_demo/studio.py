"""The one place that runs jobs: whichever door they came in by, they share its models and wait for one another."""

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from PIL import Image

from styleshot_demo import jobs, pictures
from styleshot_demo.errors import Problem
from styleshot_demo.events import Event, Finished, Result, Step
from styleshot_demo.jobs import ClassicalJob, ImageJob, Picture, TextJob
from styleshot_demo.messages import remark
from styleshot_demo.runners.weights import Choice
from styleshot_demo.runtime import zerogpu
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runtime.device import device_of
from styleshot_demo.runtime.placement import Placement
from styleshot_demo.runtime.precision import precision_of
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    from styleshot_demo.plan import Plan

Job = ClassicalJob | TextJob | ImageJob
SWEEP = (0.0, 0.5, 1.0, 1.5, 2.0)


class Studio:
    """Runs jobs one at a time with models from a shared cache. Making one is cheap: it loads nothing."""

    def __init__(self, settings: Settings | None = None, cache: ModelCache | None = None) -> None:
        """`settings` default to those of the environment, `cache` to one with the budget that they name."""
        self.settings = settings or Settings.from_environment()
        self.cache = cache or ModelCache.from_settings(self.settings)
        self._busy = threading.Lock()
        self._classical = None
        self._styleshot = None
        self._run_styleshot = None
        self._planner = None

    def run(self, job: Job) -> Iterator[Event]:
        """Yield `Step`s and at last one `Finished`.

        Closing the iterator stops the computation at its next step and gives the models back. Raises `Problem` for what
        a person can mend; out of memory is tried once more with all idle models dropped.
        """
        yield from self._alone(job, ())

    def sweep(self, job: TextJob | ImageJob, strengths: Sequence[float] = SWEEP) -> Iterator[Event]:
        """`run` for one picture with each of several style strengths, 0 to 2, at the job's seed.

        `Result.images` is the strip of them all with captions, then the pictures alone; of "both" preprocessors only
        the contour is used.
        """
        checked = [jobs.TEXT_CHECKS["style_strength"]("style_strength", strength) for strength in strengths]
        yield from self._alone(job, tuple(checked))

    def _alone(self, job: Job, strengths: tuple[float, ...]) -> Iterator[Event]:
        while not self._busy.acquire(timeout=0.2):
            yield Step(0.0, remark("waiting"))
        try:
            plan = self.planner.plan(job, strengths)
            plan.check()
            run = self.classical.run if isinstance(job, ClassicalJob) else self._lent()

            def lower() -> "Plan":
                return self.planner.plan(job, strengths, lower=True)

            yield from self.cache.stream_with_memory(
                lambda: run(plan), lambda: run(lower()), size=lambda: lower().fitting
            )
        finally:
            self._busy.release()

    def plan(self, job: Job, strengths: Sequence[float] = ()) -> "Plan":
        """What would run, on what, at what cost, and what it would say; loads nothing. See `plan.Planner.plan`."""
        return self.planner.plan(job, strengths)

    def choose(self, job: TextJob | ImageJob) -> Choice:
        """Which model a job gets now, or why none; asks the disk only."""
        return self.planner.choose(job)

    def ready(self, kind: str, preprocessor: str = "contour", model: str = "auto") -> Choice:
        """`choose` before there is a job: `kind` is "text" or "image", the others are as in the jobs."""
        return self.planner.ready(kind, preprocessor, model)

    def control_map(
        self,
        content: Picture,
        preprocessor: str = "contour",
        threshold: int = 200,
        size: int = 512,
        model: str = "auto",
    ) -> Image.Image:
        """The lines that an `ImageJob` with these settings would follow, RGB, white on black.

        It needs the detector alone, waits for no run, and is quick for another threshold of the same picture. For
        "both" the contour map and the lineart map stand side by side.
        """
        values = {"preprocessor": preprocessor, "threshold": threshold, "size": size, "model": model}
        checked = {name: jobs.IMAGE_CHECKS[name](name, value) for name, value in values.items()}
        if content is None:
            raise Problem("content_needed")
        picture = pictures.open_picture(content)
        chosen = self.planner.ready("image", preprocessor, model)
        checked |= {"model": chosen.model or "styleshot", "device": device_of(self.settings)}
        return self.cache.with_memory(lambda: self.styleshot.control_map(picture, **checked), size=256)

    def prepare(self) -> None:
        """To be called at the start of a program that serves others: loads the models on ZeroGPU, else does nothing."""
        if zerogpu.lends():
            self._hold()
            self._lent()

    def finish(self, job: Job) -> Result:
        """Run a job to its end and return its result."""
        for event in self.run(job):
            if isinstance(event, Finished):
                return event.result
        raise Problem("unexpected", reference="no result")

    @property
    def planner(self):
        """The one who decides what a job will be."""
        if self._planner is None:
            from styleshot_demo.plan import Planner

            self._planner = Planner(self.settings, self.cache)
        return self._planner

    @property
    def classical(self):
        """The runner of `ClassicalJob`s; importing it does not load torch yet."""
        if self._classical is None:
            from styleshot_demo.runners.classical import ClassicalRunner

            self._classical = ClassicalRunner(self.settings, self.cache)
        return self._classical

    @property
    def styleshot(self):
        """The runner of `TextJob`s and `ImageJob`s; importing it does not load torch yet."""
        if self._styleshot is None:
            from styleshot_demo.runners.styleshot import StyleShotRunner

            self._styleshot = StyleShotRunner(self.settings, self.cache)
        return self._styleshot

    def _hold(self) -> None:
        """Loads all that is on this machine, to stay, onto the GPU that will be lent."""
        from styleshot_demo.runners import weights

        for preprocessor in ("contour", "lineart"):
            choice = self.ready("image", preprocessor)
            if choice.model is None:
                continue
            *_, found = weights.locate(self.settings, choice.model, preprocessor)
            precision = precision_of(self.settings, "cuda")
            self.styleshot.hold(found, Placement("resident", "cuda", precision, parking=False))

    def _lent(self):
        """The StyleShot runner's `run`, with a GPU around it where one is lent by the call."""
        if self._run_styleshot is None:
            self._run_styleshot = zerogpu.decorated(self.styleshot.run)
        return self._run_styleshot
