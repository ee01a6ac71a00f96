"""The one place that runs jobs: whichever door they came in by, they share its models and wait for one another."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from styleshot_demo import jobs, pictures
from styleshot_demo.errors import Problem
from styleshot_demo.events import Event, Finished, Result, Step
from styleshot_demo.jobs import ClassicalJob, EnlargeJob, ImageJob, Picture, TextJob
from styleshot_demo.library.computed import WRITER
from styleshot_demo.messages import remark
from styleshot_demo.runners.weights import BUILT_IN, ModelChoice
from styleshot_demo.runtime import zerogpu
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runtime.device import device_of
from styleshot_demo.runtime.lanes import LONG, SHORT, Lanes
from styleshot_demo.runtime.placement import Placement
from styleshot_demo.runtime.precision import precision_of
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    from styleshot_demo.plan import Plan
    from styleshot_demo.planner import Planner
    from styleshot_demo.runners.classical import ClassicalRunner
    from styleshot_demo.runners.paintings import RememberedPainting
    from styleshot_demo.runners.styleshot import StyleShotRunner

Job = ClassicalJob | EnlargeJob | TextJob | ImageJob
Events = Generator[Event, None, None]
Work = Callable[["Plan"], Events]
QUICK = ("fast", "colour")  # the methods that take a moment
MANY_STYLE_PICTURES = 12  # whose moments take seconds, the first time
QUICK_PIXELS = {"animevideov3": 400_000, "x4plus": 10_000}  # of a picture that is enlarged in about ten seconds
BESIDE = 0.5  # of the free memory that a short run may take beside a long one, which may still be claiming its own


class Studio:
    """Runs jobs with models from a shared cache: short ones beside long ones, of each kind one at a time.

    Making one is cheap: it loads nothing.
    """

    def __init__(self, settings: Settings | None = None, cache: ModelCache | None = None) -> None:
        """`settings` default to those of the environment, `cache` to one with the budget that they name."""
        self.settings = settings or Settings.from_environment()
        self.cache = cache or ModelCache.from_settings(self.settings)
        self.lanes = Lanes()
        self._classical: ClassicalRunner | None = None
        self._styleshot: StyleShotRunner | None = None
        self._planner: Planner | None = None
        self._lease: Work | None = None

    def run(self, job: Job) -> Events:
        """Yield `Step`s and at last one `Finished`.

        Closing the iterator stops the computation at its next step and gives the models back. Raises `Problem` for what
        a person can mend; out of memory is tried once more with all idle models dropped. While others run, the `Step`s
        say which place in the line this run has.
        """
        yield from self._in_turn(job)

    def _in_turn(self, job: Job, to_end: bool = False) -> Events:
        """The events of a job, when its turn has come; `to_end` as in `Lanes.through`."""
        plan = self.plan(job)  # what cannot run at all need not wait to hear it
        quick = is_quick(plan)
        if plan.free is None:
            # Whoever lends the GPU has a line of its own, for all programs that it lends to: none of ours around it.
            yield from self._on_loan(job, plan, to_end)
            return
        yield from self._files_first(plan)  # minutes of disk the first time, which hold up nobody

        def fits_beside() -> bool:
            free = self.plan(job).free
            return free is None or plan.memory <= BESIDE * free

        beside = fits_beside if quick else None
        lane = SHORT if quick else LONG
        # What makes it quick is held while it waits: a whole descent in the short lane would hold up all that is short.
        yield from self.lanes.run_in_turn(lane, lambda: self._planned(job, held=plan.remembered), beside, to_end)

    def _planned(self, job: Job, acquire: bool = True, held: "tuple[RememberedPainting, ...]" = ()) -> Events:
        """The events of a job, planned with the memory that is free now; `held` as in `Planner.plan`."""
        plan = self.planner.plan(job, acquire=acquire, held=held)
        plan.check()
        return self._with_memory(job, plan, self._work)

    def _with_memory(self, job: Job, plan: "Plan", work: Work) -> Events:
        def lower() -> "Plan":
            return self.planner.plan(job, lower=True, acquire=plan.free is None, held=plan.remembered)

        return self.cache.stream_with_memory(
            lambda: work(plan), lambda: work(lower()), size=lambda: lower().fitting
        )

    def _work(self, plan: "Plan") -> Events:
        try:
            yield from self._run(plan)
        finally:
            WRITER.flush()  # what was computed of kept styles

    def _run(self, plan: "Plan") -> Events:
        if isinstance(plan.job, EnlargeJob):
            from styleshot_demo.runners.enlarging import enlarge

            return enlarge(plan, self.settings, self.cache)
        if plan.model == "composer":
            from styleshot_demo.runners.composer import compose

            return compose(plan, self.classical)
        if plan.model == "painter":
            from styleshot_demo.runners.painter import paint

            return paint(plan, self.classical)
        return (self.classical if isinstance(plan.job, ClassicalJob) else self.styleshot).run(plan)

    def _on_loan(self, job: Job, plan: "Plan", to_end: bool) -> Events:
        """A job in a process that gets a GPU for it. What can be done without one is done before."""
        yield from self._files_first(plan)
        try:
            yield from self._with_memory(job, plan, self._leased())
        except Problem as problem:
            if not plan.optimises or not problem.key.startswith("gpu_"):
                raise
        else:
            return
        # Seconds become half a minute, but the picture comes.
        note = remark("without_gpu")
        yield Step(0.0, note)
        work = self.lanes.run_in_turn(LONG, lambda: self._planned(plan.job, acquire=False), None, to_end)
        with closing(work) as events:
            for event in events:
                if isinstance(event, Finished):
                    event = Finished(replace(event.result, notes=[*event.result.notes, note]))
                yield event

    def _files_first(self, plan: "Plan") -> Events:
        """Reads and converts the files of a StyleShot job, which takes minutes the first time."""
        if not isinstance(plan.job, TextJob | ImageJob) or plan.model in BUILT_IN.values():
            return
        from styleshot_demo.runners import weights

        for preprocessor in dict.fromkeys(shot.preprocessor for shot in plan.shots):
            for found in weights.locate(self.settings, plan.model, preprocessor):
                if isinstance(found, Step):
                    yield Step(0.0, found.message)

    def plan(self, job: Job) -> "Plan":
        """What would run, on what, at what cost, and what it would say; loads nothing. See `planner.Planner.plan`."""
        return self.planner.plan(job)

    def choose(self, job: TextJob | ImageJob) -> ModelChoice:
        """Which model a job gets now, or why none; asks the disk only."""
        return self.planner.choose(job)

    def ready(
        self, kind: str, preprocessor: str = "contour", model: str = "auto", follow_sketch: bool = False
    ) -> ModelChoice:
        """`choose` before there is a job: `kind` is "text" or "image", the others are as in the jobs."""
        return self.planner.ready(kind, preprocessor, model, follow_sketch)

    def control_map(
        self,
        content: Picture,
        preprocessor: str = "contour",
        threshold: int = 200,
        size: int = 512,
        model: str = "auto",
    ) -> Image.Image:
        """The lines that an `ImageJob` with these settings would follow, RGB, white on black.

        It needs the detector alone, waits for short runs only, and is quick for another threshold of the same picture.
        For "both" the contour map and the lineart map stand side by side.
        """
        values = {"preprocessor": preprocessor, "threshold": threshold, "size": size, "model": model}
        checks = jobs.check_each(ImageJob)
        checked = {name: checks[name](name, value) for name, value in values.items()}
        if content is None:
            raise Problem("content_needed")
        picture = pictures.open_picture(content)
        chosen = self.planner.ready("image", preprocessor, model)
        # The painter follows no lines; those of the small model, which needs no detector, show what there would be.
        drawn_for = "small" if chosen.model == "painter" else chosen.model or "styleshot"
        checked |= {"model": drawn_for, "device": device_of(self.settings)}

        def draw() -> Iterator[Image.Image]:
            yield self.cache.with_memory(lambda: self.styleshot.control_map(picture, **checked), size=256)

        *_, drawn = self.lanes.run_in_turn(SHORT, draw, to_end=True)
        assert isinstance(drawn, Image.Image)  # the last thing that `draw` yields
        return drawn

    def prepare(self) -> None:
        """To be called at the start of a program that serves others, in its main thread.

        On ZeroGPU it converts, hashes and loads all that is on this machine, so that none of it is done while a GPU is
        lent; elsewhere it does nothing.
        """
        if zerogpu.gpu_is_emulated() and self.settings.device != "cpu":
            zerogpu.complete()
            self._hold()
            self.classical.hold("cuda")
            self._leased()

    def _hold(self) -> None:
        """Loads all of StyleShot that is on this machine, to stay, onto the GPU that will be lent."""
        from styleshot_demo.runners import weights

        placement = Placement("resident", "cuda", precision_of(self.settings, "cuda"), offloading=False)
        for preprocessor in ("contour", "lineart"):
            choice = self.ready("image", preprocessor)
            if choice.model is not None:
                *_, found = weights.locate(self.settings, choice.model, preprocessor)
                assert isinstance(found, weights.ModelParts)  # the last thing it yields
                self.styleshot.hold(found, placement, preprocessor if choice.model == "styleshot" else None)

    def finish(self, job: Job) -> Result:
        """Run a job to its end and return its result.

        A `Problem` (run_unfinished) where this thread itself keeps the lane with a run that it has begun and left.
        """
        with closing(self._in_turn(job, to_end=True)) as events:
            for event in events:
                if isinstance(event, Finished):
                    return event.result
        raise Problem("unexpected", reference="no result")

    @property
    def planner(self) -> "Planner":
        """The one who decides what a job will be."""
        if self._planner is None:
            from styleshot_demo.planner import Planner

            self._planner = Planner(self.settings, self.cache)
        return self._planner

    @property
    def classical(self) -> "ClassicalRunner":
        """The runner of `ClassicalJob`s; importing it does not load torch yet."""
        if self._classical is None:
            from styleshot_demo.runners.classical import ClassicalRunner

            self._classical = ClassicalRunner(self.settings, self.cache)
        return self._classical

    @property
    def styleshot(self) -> "StyleShotRunner":
        """The runner of `TextJob`s and `ImageJob`s; importing it does not load torch yet."""
        if self._styleshot is None:
            from styleshot_demo.runners.styleshot import StyleShotRunner

            self._styleshot = StyleShotRunner(self.settings, self.cache)
        return self._styleshot

    def _leased(self) -> Work:
        """`_work` in a process that has a GPU."""
        if self._lease is None:
            self._lease = zerogpu.decorated(self._work, self._forked)
        return self._lease

    def _forked(self) -> None:
        """In a process that was just forked: no lock may stay as another thread held it at that moment."""
        # The models that the runners hold from the start would go with them.
        self._kept = (self._classical, self._styleshot)
        self._classical = self._styleshot = None
        self.cache.reset_after_fork()
        WRITER.reset_after_fork()


def is_quick(plan: "Plan") -> bool:
    """Whether a job takes seconds, not minutes."""
    job = plan.job
    if plan.remembered:
        return True
    if plan.style_pictures > MANY_STYLE_PICTURES:
        return False
    if plan.model in BUILT_IN.values():
        return not plan.optimises
    if isinstance(job, EnlargeJob):
        return job.content.width * job.content.height <= QUICK_PIXELS[plan.model]
    return isinstance(job, ClassicalJob) and (job.method in QUICK and not job.at_own_size or job.strength == 0)
