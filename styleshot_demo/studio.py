"""The one place that runs jobs: whichever door they came in by, they share its models and wait for one another."""

import threading
from collections.abc import Iterator

from styleshot_demo.errors import Problem
from styleshot_demo.events import Event, Finished, Result, Step
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.messages import remark
from styleshot_demo.models.cache import ModelCache
from styleshot_demo.settings import Settings

Job = ClassicalJob


class Studio:
    """Runs jobs one at a time with models from a shared cache. Making one is cheap: it loads nothing."""

    def __init__(self, settings: Settings | None = None, cache: ModelCache | None = None) -> None:
        """`settings` default to those of the environment, `cache` to one with the budget that they name."""
        self.settings = settings or Settings.from_environment()
        self.cache = cache or ModelCache.from_settings(self.settings)
        self._busy = threading.Lock()
        self._classical = None

    def run(self, job: Job) -> Iterator[Event]:
        """Yield `Step`s and at last one `Finished`.

        Closing the iterator stops the computation at its next step and gives the models back. Raises `Problem` for what
        a person can mend; out of memory is tried once more with all idle models dropped.
        """
        while not self._busy.acquire(timeout=0.2):
            yield Step(0.0, remark("waiting"))
        try:
            yield from self.cache.stream_with_memory(
                lambda: self.classical.run(job), size=lambda: self.classical.fits(job.method, tight=True)
            )
        finally:
            self._busy.release()

    def finish(self, job: Job) -> Result:
        """Run a job to its end and return its result."""
        for event in self.run(job):
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
