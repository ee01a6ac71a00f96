"""Who runs now and who waits: a lane for short work beside one for long work, each first come, first served.

Runs are generators, which complicates waiting: between two steps nobody is inside of one, and it may never be asked for
another step. So a place in the line remembers who asked last, and when.
"""

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from styleshot_demo.errors import Problem
from styleshot_demo.events import Step
from styleshot_demo.messages import remark

T = TypeVar("T")
log = logging.getLogger(__name__)

SHORT, LONG = "short", "long"
BEAT = 0.5  # seconds between two steps of one who waits: only at a step can a waiting run be closed
GRACE = 5.0  # seconds without a question after which one counts as away: others go before it, `finish` says so
PATIENCE = 600.0  # seconds without a question after which a run that has begun is ended for those who wait


@dataclass(eq=False)
class _Place:
    ticket: int
    lane: str
    holds: bool = False  # it runs; else it waits
    inside: bool = True  # somebody is inside of `next()` of this run
    # Who asked last; not its number, which another thread gets after its end.
    thread: threading.Thread = field(default_factory=threading.current_thread)
    since: float = field(default_factory=time.monotonic)  # when it was last left
    told: int | None = None  # the place in the line that it has said last
    checked: bool = False  # it may run beside long work, or need not ask any more
    work: Any = None  # what runs, once it has begun
    lost: bool = False  # it was ended for others, because nobody asked for its next step

    def away(self, seconds: float) -> bool:
        return not self.inside and time.monotonic() - self.since >= seconds


class Lanes:
    """Two lines of runs, "short" and "long"; the first of each runs, and the two run beside each other."""

    def __init__(self, grace: float = GRACE, patience: float = PATIENCE) -> None:
        """`grace` and `patience` in seconds, as `GRACE` and `PATIENCE`."""
        self._grace, self._patience = grace, patience
        self._changed = threading.Condition()  # reentrant: a run may be collected, and so closed, anywhere
        self._lines: dict[str, list[_Place]] = {SHORT: [], LONG: []}  # replaced, never changed: see above
        self._tickets = itertools.count()

    def run_in_turn(
        self,
        lane: str,
        work: Callable[[], Iterator[T]],
        beside: Callable[[], bool] | None = None,
        to_end: bool = False,
    ) -> Generator[T | Step, None, None]:
        """What `work()` yields, once it is this run's turn; until then `Step`s that say the place in the line.

        lane    "short" or "long"
        work    makes an iterator with a `close`; only one of each lane is between its begin and its end at any time
        beside  asked before short work begins while long work runs: whether memory allows both. If not, it waits in
                the line for long work, before all who came later
        to_end  the caller cannot do anything else until the end. Then it is a `Problem` (run_unfinished), not endless
                waiting, if this same thread has begun a run and asks it for nothing

        Closing the iterator gives up its place at any time, as does its being dropped. A run that nobody has asked for
        a step for `patience` seconds is closed when others wait, and raises `Problem` (run_taken_over) if it is asked
        again.
        """
        place = self._arrive(lane)
        try:
            while waiting := self._wait(place, beside, to_end):
                yield from self._offer(place, Step(0.0, remark("waiting_place", place=waiting)))
            place.work = iter(work())
            for event in place.work:
                yield from self._offer(place, event)
        finally:
            self._leave(place)

    def length(self, lane: str) -> int:
        """How many run or wait in that lane."""
        with self._changed:
            return len(self._lines[lane])

    def _arrive(self, lane: str) -> _Place:
        with self._changed:
            place = _Place(next(self._tickets), lane, checked=lane == LONG)
            self._put(place)
        return place

    def _put(self, place: _Place) -> None:
        # By ticket: short work that has to wait with the long does not lose its turn to those who came later.
        line = [*self._lines[place.lane], place]
        self._lines[place.lane] = sorted(line, key=lambda one: (not one.holds, one.ticket))
        self._changed.notify_all()

    def _take_out(self, place: _Place) -> None:
        self._lines[place.lane] = [one for one in self._lines[place.lane] if one is not place]
        self._changed.notify_all()

    def _offer(self, place: _Place, event: T) -> Iterator[T]:
        with self._changed:
            place.inside, place.since, place.thread = False, time.monotonic(), threading.current_thread()
            self._changed.notify_all()
        try:
            yield event
        finally:
            with self._changed:
                place.inside, place.thread = True, threading.current_thread()
        if place.lost:
            raise Problem("run_taken_over")

    def _leave(self, place: _Place) -> None:
        if place.lost:  # whoever has taken its place closes it
            return
        try:
            if hasattr(place.work, "close"):
                place.work.close()
        finally:
            with self._changed:
                self._take_out(place)

    def _wait(self, place: _Place, beside: Callable[[], bool] | None, to_end: bool) -> int:
        """0 when the place may run now; else which place in the line it has, 1 for the next, after a while at most."""
        until = time.monotonic() + BEAT
        while True:
            abandoned = None
            with self._changed:
                holder, before = self._before(place)
                if holder is None and not before:
                    if place.checked or beside is None or not self._lines[LONG]:
                        place.holds = True
                        self._changed.notify_all()  # the others move up
                        return 0
                elif to_end and holder and holder.thread is threading.current_thread() and holder.away(self._grace):
                    raise Problem("run_unfinished")
                elif holder and holder.away(self._patience) and not holder.lost:
                    abandoned, holder.lost = holder, True
                else:
                    number, left = len(before) + 1, until - time.monotonic()
                    if number != place.told or left <= 0:
                        place.told = number
                        return number
                    self._changed.wait(min(left, self._next_look(holder, before)))
                    continue
            # Without holding the lock: both may take a while.
            if abandoned:
                self._end(abandoned)
            elif beside and not beside():
                with self._changed:
                    self._take_out(place)
                    place.lane = LONG
                    self._put(place)
            place.checked = place.checked or abandoned is None

    def _before(self, place: _Place) -> tuple[_Place | None, list[_Place]]:
        """(who runs in the place's lane, who waits before it); not those who would not notice that it is their turn."""
        line = self._lines[place.lane]
        holder = next((one for one in line if one.holds), None)
        waiting = [one for one in line if not one.holds and one.ticket < place.ticket]
        return holder, [one for one in waiting if not one.away(self._grace)]

    def _next_look(self, holder: _Place | None, before: list[_Place]) -> float:
        """Seconds until somebody may count as away."""
        now = time.monotonic()
        outside = [one.since + self._grace - now for one in [*before, *([holder] if holder else [])] if not one.inside]
        return max(0.01, min((wait for wait in outside if wait > 0), default=BEAT))

    def _end(self, place: _Place) -> None:
        """Closes a run that nobody asks any more and frees its lane."""
        try:
            with contextlib.suppress(AttributeError):
                place.work.close()
        except Exception:
            log.exception("a run that was given up did not end well")
        finally:
            with self._changed:
                self._take_out(place)
