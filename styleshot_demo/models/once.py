"""Long work that several ask for at the same time is done once, and all of them see how far it is."""

import os
import threading
from collections.abc import Callable, Generator, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
Progress = Generator[float, None, T]  # yields how far it is, 0 to 1, and returns what it made
BEAT = 0.1  # seconds between two looks at how far the work is
_TIDYING = 10.0  # seconds that whoever stops the work waits for it to take away what it had begun


class SingleFlight:
    """Keeps what is under way, by key."""

    def __init__(self) -> None:
        # Reentrant: an iterator that is thrown away closes wherever the collector finds it.
        self._lock = threading.RLock()
        self._running: dict[Hashable, _Work] = {}

    def join(self, key: Hashable, work: Callable[[], Progress[T]]) -> Progress[T]:
        """The work known by `key`: begun, or followed where somebody has begun it.

        It runs in a thread of its own, so that nobody waits for another who has stopped asking. When the last of those
        who follow has closed, the work is closed at its next yield, and that is waited for. What it raises is raised
        here.
        """
        key = (os.getpid(), key)  # a forked process has the dictionary, but not the threads
        with self._lock:
            running = self._running.get(key)
            if running is None:
                running = begun = _Work(work, lambda: self._end(key, begun))
                running.start()
                self._running[key] = running
            running.followers += 1
        try:
            while not running.ended.wait(BEAT):
                yield running.fraction
        finally:
            with self._lock:
                running.followers -= 1
                last = not running.followers
                if last:  # whoever asks from now on begins anew
                    running.stopped = True
                    self._forget(key, running)
            if last:
                running.ended.wait(_TIDYING)
        if running.error is not None:
            raise running.error
        return running.result

    def _end(self, key: Hashable, running: "_Work") -> None:
        with self._lock:
            self._forget(key, running)

    def _forget(self, key: Hashable, running: "_Work") -> None:
        if self._running.get(key) is running:
            del self._running[key]


class _Work(threading.Thread):
    """A generator that is run to its end, or until `stopped` is set."""

    def __init__(self, work: Callable[[], Progress[Any]], at_end: Callable[[], None]) -> None:
        super().__init__(name="once", daemon=True)
        self._work, self._at_end = work, at_end
        self.followers, self.fraction, self.stopped = 0, 0.0, False
        self.ended = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            progress = self._work()
            try:
                while not self.stopped:
                    self.fraction = next(progress)
            except StopIteration as end:
                self.result = end.value
            finally:
                progress.close()
        except BaseException as error:
            self.error = error
        finally:
            self._at_end()
            self.ended.set()
