"""The one place that runs jobs: whichever door they came in by, they share its models and wait for one another."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from PIL import Image

from styleshot_demo import jobs, pictures
from styleshot_demo.errors import Problem
from styleshot_demo.events import Event, Finished, Result, Step
from styleshot_demo.jobs import ClassicalJob, ImageJob, Picture, TextJob
from styleshot_demo.messages import remark
from styleshot_demo.runners import classical as classical_runs
from styleshot_demo.runners import weights as files
from styleshot_demo.runners.weights import Choice
from styleshot_demo.runtime import zerogpu
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runtime.lanes import LONG, SHORT, Lanes
from styleshot_demo.settings import Settings

Job = ClassicalJob | TextJob | ImageJob
Work = Callable[[Job, bool, tuple[float, ...]], Iterator[Event]]  # job, one tier lower, style strengths
SWEEP = (0.0, 0.5, 1.0, 1.5, 2.0)
QUICK = ("fast", "colour")  # the methods that take a moment
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
        self._classical = None
        self._styleshot = None
        self._lease: Work | None = None

    def run(self, job: Job) -> Iterator[Event]:
        """Yield `Step`s and at last one `Finished`.

        Closing the iterator stops the computation at its next step and gives the models back. Raises `Problem` for what
        a person can mend; out of memory is tried once more with all idle models dropped. While others run, the `Step`s
        say which place in the line this run has.
        """
        yield from self._in_turn(job, ())

    def sweep(self, job: TextJob | ImageJob, strengths: Sequence[float] = SWEEP) -> Iterator[Event]:
        """`run` for one picture with each of several style strengths, 0 to 2, at the job's seed.

        `Result.images` is the strip of them all with captions, then the pictures alone; of "both" preprocessors only
        the contour is used.
        """
        checked = [jobs.TEXT_CHECKS["style_strength"]("style_strength", strength) for strength in strengths]
        yield from self._in_turn(job, tuple(checked))

    def _in_turn(self, job: Job, strengths: tuple[float, ...], to_end: bool = False) -> Iterator[Event]:
        """The events of a job, when its turn has come; `to_end` as in `Lanes.through`."""
        quick = isinstance(job, ClassicalJob) and (job.method in QUICK or job.strength == 0)
        if not quick and zerogpu.withholds():
            # Whoever lends the GPU has a line of its own, for all programs that it lends to: none of ours around it.
            yield from self._on_loan(job, strengths, to_end)
            return
        beside = (lambda: self._room_beside(job)) if quick else None
        yield from self.lanes.through(
            SHORT if quick else LONG, lambda: self._with_memory(job, strengths, self._work), beside, to_end
        )

    def _with_memory(self, job: Job, strengths: tuple[float, ...], work: Work) -> Iterator[Event]:
        return self.cache.stream_with_memory(
            lambda: work(job, False, strengths), lambda: work(job, True, strengths), size=lambda: self._fitting(job)
        )

    def _fitting(self, job: Job) -> int:
        if isinstance(job, ClassicalJob):
            return self.classical.fits(job.method, tight=True)
        return self.styleshot.fits(job, tight=True)

    def _work(self, job: Job, lower: bool, strengths: tuple[float, ...]) -> Iterator[Event]:
        if isinstance(job, ClassicalJob):
            return self.classical.run(job)
        return self.styleshot.run(job, lower, strengths)

    def _room_beside(self, job: ClassicalJob) -> bool:
        """Whether memory allows a short job beside what is running."""
        needed = classical_runs.largest_area(job) * classical_runs.BYTES_PER_PIXEL[job.method]
        return job.strength == 0 or needed <= BESIDE * classical_runs.free_bytes(self.settings)

    def _on_loan(self, job: Job, strengths: tuple[float, ...], to_end: bool) -> Iterator[Event]:
        """A job in a process that gets a GPU for it. What can be done without one is done before."""
        if not isinstance(job, ClassicalJob):
            yield from self._files_first(job)
        try:
            yield from self._with_memory(job, strengths, self._leased())
        except Problem as problem:
            if not isinstance(job, ClassicalJob) or not problem.key.startswith("gpu_"):
                raise
        else:
            return
        # Seconds become half a minute, but the picture comes.
        note = remark("without_gpu")
        yield Step(0.0, note)
        work = self.lanes.through(LONG, lambda: self._with_memory(job, strengths, self._work), None, to_end)
        with closing(work) as events:
            for event in events:
                if isinstance(event, Finished):
                    event = Finished(replace(event.result, notes=[*event.result.notes, note]))
                yield event

    def _files_first(self, job: TextJob | ImageJob) -> Iterator[Event]:
        """Finds, hashes and converts the files of a job, or says why it cannot run."""
        choice = self.choose(job)
        if choice.model is None:
            raise choice.problem()
        for preprocessor in getattr(job, "preprocessors", ("contour",)):
            for found in files.locate(self.settings, choice.model, preprocessor):
                if not isinstance(found, files.Weights):
                    yield Step(0.0, found)

    def choose(self, job: TextJob | ImageJob) -> Choice:
        """Which model a job gets now, or why none; asks the disk only."""
        return self.styleshot.choose(job)

    def ready(self, kind: str, preprocessor: str = "contour", model: str = "auto") -> Choice:
        """`choose` before there is a job: `kind` is "text" or "image", the others are as in the jobs."""
        return self.styleshot.ready(kind, preprocessor, model)

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
        checked = {name: jobs.IMAGE_CHECKS[name](name, value) for name, value in values.items()}
        if content is None:
            raise Problem("content_needed")
        picture = pictures.open_picture(content)

        def draw() -> Iterator[Image.Image]:
            yield self.cache.with_memory(lambda: self.styleshot.control_map(picture, **checked), size=256)

        *_, drawn = self.lanes.through(SHORT, draw, to_end=True)
        return drawn

    def prepare(self) -> None:
        """To be called at the start of a program that serves others, in its main thread.

        On ZeroGPU it converts, hashes and loads all that is on this machine, so that none of it is done while a GPU is
        lent; elsewhere it does nothing.
        """
        if zerogpu.withholds():
            zerogpu.complete()
            self.styleshot.prepare()
            self.classical.prepare()
            self._leased()

    def finish(self, job: Job) -> Result:
        """Run a job to its end and return its result.

        A `Problem` (run_unfinished) where this thread itself keeps the lane with a run that it has begun and left.
        """
        with closing(self._in_turn(job, (), to_end=True)) as events:
            for event in events:
                if isinstance(event, Finished):
                    return event.result
        raise Problem("unexpected", reference="no result")

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
        self.cache.forked()
