"""How long a run still takes, told by how long its own steps have taken; nothing while that is a guess."""

import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean

ENOUGH = 3  # steps of a kind that tell how long the next ones take
RECENT = 20  # of them, the last ones
FAR = 40.0  # times as much work as in a step that was measured: from there on it would be a guess
RISE, JUMP = 0.1, 0.5  # shares by which what is told may grow in a second, and from one time to the next
STARTED = 0.05  # share of the work after which it tells how long the rest takes, where steps have no kinds

Clock = Callable[[], float]  # seconds


@dataclass(frozen=True)
class Work:
    """So many steps of one kind; `cost` is how long one takes beside one of another kind, in any unit."""

    count: int
    cost: float


class SmoothedEstimate:
    """What a person is told: it falls as it may, and grows slowly, so that one late step frightens nobody."""

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        self._clock = clock
        self._last: tuple[float, float] | None = None  # when, and what

    def seconds(self, left: float) -> int:
        """`left`, the seconds that the run still takes by all that is known now, as they are to be told."""
        now = self._clock()
        if self._last is not None:
            then, told = self._last
            left = min(left, told * (1 + min(JUMP, RISE * (now - then))))
        self._last = (now, max(1.0, left))
        return round(left)


class RemainingTime:
    """Of steps of several kinds: each kind by its own last steps, one that is still to come by the work in it."""

    def __init__(self, work: Mapping[str, Work], clock: Clock = time.perf_counter) -> None:
        self._costs = {kind: each.cost for kind, each in work.items()}
        self._left = {kind: each.count for kind, each in work.items()}
        self._total = sum(each.count * each.cost for each in work.values())
        self._seconds: dict[str, list[float]] = {kind: [] for kind in work}
        self._clock = clock
        self._estimate = SmoothedEstimate(clock)
        self._last = clock()

    def begin(self) -> None:
        """A step begins now: what lies between the last one and this, such as waiting, is no part of it."""
        self._last = self._clock()

    def done(self, kind: str) -> None:
        """A step of that kind has ended."""
        now = self._clock()
        self._seconds[kind].append(now - self._last)
        self._last = now
        self._left[kind] = max(0, self._left[kind] - 1)

    def expect(self, kind: str, count: int) -> None:
        """So many steps of that kind are still to come."""
        self._left[kind] = count

    @property
    def fraction(self) -> float:
        """Share of all the work that is done, 0 to 1."""
        left = sum(count * self._costs[kind] for kind, count in self._left.items())
        return max(0.0, 1 - left / self._total)

    def seconds(self) -> int | None:
        """Until all steps have ended; None while nobody can know."""
        left = 0.0
        for kind, count in self._left.items():
            if count:
                each = self._each(kind)
                if each is None:
                    return None
                left += count * each
        return self._estimate.seconds(left)

    def _each(self, kind: str) -> float | None:
        own = self._seconds[kind]
        if len(own) >= ENOUGH or (own and self._left[kind] < ENOUGH):
            return _mean(own)
        known = [other for other, seconds in self._seconds.items() if len(seconds) >= ENOUGH]
        if not known:
            return None
        nearest = max(known, key=self._costs.__getitem__)
        ratio = self._costs[kind] / self._costs[nearest]
        return None if ratio > FAR else ratio * _mean(self._seconds[nearest])


class RemainingShare:
    """Of a run that tells nothing but which share of its work is done."""

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        self._clock = clock
        self._estimate = SmoothedEstimate(clock)
        self._first: tuple[float, float] | None = None

    def seconds(self, fraction: float) -> int | None:
        """Until all is done, at a share of 0 to 1; None while nobody can know."""
        now = self._clock()
        if self._first is None:  # what came before, such as loading, tells nothing of the rest
            self._first = (now, fraction)
        then, first = self._first
        if fraction - first < STARTED:
            return None
        return self._estimate.seconds((now - then) * (1 - fraction) / (fraction - first))


class OptimisationTime:
    """Of `classical.optimise.stylise`, which goes from few pixels to many."""

    # Beside its pixels an iteration draws as many samples at every scale; measured, in pixels. And the first one of a
    # scale reads content and styles there.
    SAMPLES, FIRST = 14_000, 2.5

    def __init__(self, size: tuple[int, int], steps: int, clock: Clock = time.perf_counter) -> None:
        """`size`: height and width of the content."""
        from styleshot_demo.classical.optimise import pyramid_sizes, steps_per_scale

        longest = max(size)
        scales = pyramid_sizes(longest)
        counts = steps_per_scale(steps, scales)
        self._ends = list(accumulate(counts))
        self._begins = [end - count for end, count in zip(self._ends, counts, strict=True)]
        work = {}
        for level, (scale, count) in enumerate(zip(scales, counts, strict=True)):
            cost = self.SAMPLES + size[0] * size[1] * (scale / longest) ** 2
            work[f"first of {level}"] = Work(1, self.FIRST * cost)
            work[f"scale {level}"] = Work(count - 1, cost)
        self._remaining = RemainingTime(work, clock)
        self._started = False

    @property
    def fraction(self) -> float:
        """Share of all the work that is done, 0 to 1."""
        return self._remaining.fraction

    def seconds(self, step: int) -> int | None:
        """Until all iterations have ended, after number `step` (from 1), of which each is to be told; as
        `RemainingTime.seconds`."""
        level = bisect_right(self._ends, step - 1)
        first = not self._started or step - 1 == self._begins[level]
        self._started = True
        self._remaining.done(f"first of {level}" if first else f"scale {level}")
        # Counted anew: a descent that was stopped goes on in the middle.
        for number, (begin, end) in enumerate(zip(self._begins, self._ends, strict=True)):
            self._remaining.expect(f"first of {number}", int(step <= begin))
            self._remaining.expect(f"scale {number}", max(0, end - max(step, begin + 1)))
        return self._remaining.seconds()


def _mean(seconds: Sequence[float]) -> float:
    """Of the last ones, without the tenth that took longest and the tenth that took least."""
    recent = sorted(seconds[-RECENT:])
    cut = -(-len(recent) // 10) if len(recent) > ENOUGH else 0
    return fmean(recent[cut : len(recent) - cut])
