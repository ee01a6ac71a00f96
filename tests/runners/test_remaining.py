"""How long the rest takes: told by the run's own steps, not before there are some, and never jumping up."""

from collections.abc import Iterable

import pytest

from styleshot_demo.classical.optimise import pyramid_sizes, steps_per_scale
from styleshot_demo.runners.progress import StepProgress
from styleshot_demo.runners.remaining import (
    ENOUGH,
    JUMP,
    OptimisationTime,
    RemainingShare,
    RemainingTime,
    SmoothedEstimate,
    Work,
)

# Seconds of `optimise` at 512 x 384 on one core: of an iteration and of the first one at each scale, as measured.
RECORDED = {128: (0.21, 2.46), 256: (0.5, 1.16), 512: (1.9, 2.88)}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def descent(steps: int, slower: float = 1.0) -> list[float]:
    """Seconds of each iteration at 512 x 384, as recorded, on a machine so many times slower."""
    each = []
    for scale, count in zip(pyramid_sizes(512), steps_per_scale(steps, pyramid_sizes(512)), strict=True):
        usual, first = RECORDED[scale]
        each += [first * slower, *[usual * slower] * (count - 1)]
    return each


def told(seconds: list[float], begun: int = 0) -> Iterable[tuple[int | None, float]]:
    """(what is told, what is true) after every iteration from number `begun` + 1 on."""
    clock = Clock()
    remaining = OptimisationTime((384, 512), len(seconds), clock)
    for number in range(begun, len(seconds)):
        clock.now += seconds[number]
        yield remaining.seconds(number + 1), sum(seconds[number + 1 :])


@pytest.mark.parametrize("slower", [1.0, 6.0])
@pytest.mark.parametrize("steps", [40, 100, 200])
def test_the_first_number_of_an_optimisation_is_near_what_it_takes(steps: int, slower: float) -> None:
    every = list(told(descent(steps, slower)))
    shown = [(left, truth) for left, truth in every if left is not None]
    assert len(every) - len(shown) == ENOUGH, "the first iteration tells nothing of the others, and three do"
    for left, truth in shown:
        assert truth / 1.5 - 1 <= left <= truth * 1.5 + 1
    assert shown[-1] == (0, 0)


def test_where_the_fine_scales_are_too_far_off_there_is_no_number_yet() -> None:
    scales = pyramid_sizes(2048)
    remaining = OptimisationTime((2048, 2048), 100, clock := Clock())
    coarse, second = steps_per_scale(100, scales)[:2]
    left = []
    for number in range(coarse + second):
        clock.now += 1.0 if number < coarse else 4.0
        left.append(remaining.seconds(number + 1))
    assert set(left[:coarse]) == {None} and left[coarse + ENOUGH + 1] is not None


def test_a_descent_that_was_stopped_counts_what_is_left_of_it() -> None:
    seconds = descent(100)
    every = list(told(seconds, begun=90))
    assert [left for left, _ in every[:ENOUGH]] == [None] * ENOUGH
    left, truth = every[ENOUGH]
    assert left == pytest.approx(truth, abs=1)


def test_the_share_that_is_done_is_one_of_the_time() -> None:
    seconds, clock = descent(100), Clock()
    remaining = OptimisationTime((384, 512), 100, clock)
    shares_done = []
    for number, each in enumerate(seconds, 1):
        clock.now += each
        remaining.seconds(number)
        shares_done.append(remaining.fraction)
        assert remaining.fraction == pytest.approx(sum(seconds[:number]) / sum(seconds), abs=0.08)
    assert shares_done == sorted(shares_done) and shares_done[-1] == 1


def test_what_is_told_grows_slowly_and_gets_there() -> None:
    clock = Clock()
    remaining = RemainingTime({"step": Work(200, 1)}, clock)
    last, shown = None, []
    for number in range(100):
        clock.now += 1.0 if number < 20 else 5.0  # somebody else begins to use the machine
        remaining.done("step")
        left = remaining.seconds()
        if last is not None and left is not None:
            assert left <= last * (1 + JUMP) + 1
        last = left
        shown.append(left)
    assert shown[19] == 180 and shown[-1] == pytest.approx(500, rel=0.05)


def test_a_late_step_alone_changes_little() -> None:
    clock = Clock()
    remaining = RemainingTime({"step": Work(100, 1)}, clock)
    for number in range(20):
        clock.now += 30.0 if number == 12 else 1.0
        remaining.done("step")
        left = remaining.seconds()
    assert left == 80


def test_waiting_before_a_step_is_no_part_of_it() -> None:
    clock = Clock()
    remaining = RemainingTime({"step": Work(10, 1)}, clock)
    clock.now += 300  # weights are loaded
    for _ in range(ENOUGH):
        remaining.begin()
        clock.now += 2
        remaining.done("step")
        clock.now += 100  # and something else happens
    assert remaining.seconds() == 2 * (10 - ENOUGH)


def test_it_falls_at_once() -> None:
    clock = Clock()
    shown = SmoothedEstimate(clock)
    assert shown.seconds(100) == 100 and shown.seconds(10) == 10 and shown.seconds(100) == 10
    clock.now += 1
    assert shown.seconds(100) == 11


def test_denoising_counts_decoding_too() -> None:
    clock = Clock()
    progress = StepProgress(2, 20, clock)
    clock.now += 50  # loading and reading come before, and say so
    shown: list[tuple[int | None, float]] = []
    ends = [picture * 23 + step for picture in range(2) for step in range(1, 21)]
    for picture in range(2):
        progress.begin()
        for index in range(1, 21):
            clock.now += 5 if (picture, index) == (0, 1) else 1
            shown.append((progress.step(index, 20).values["seconds"], 46 - ends[len(shown)]))
        clock.now += 3
        progress.end()
    assert [left for left, _ in shown[:ENOUGH]] == [None] * ENOUGH
    for left, truth in shown[ENOUGH:20]:
        assert truth / 1.5 <= left <= truth * 1.5, "decoding is thought to take as long as a step and a half"
    for left, truth in shown[21:]:
        assert left == pytest.approx(truth, abs=1), "now it is known"


def test_of_a_share_nothing_is_told_before_some_of_it_is_done() -> None:
    clock = Clock()
    remaining = RemainingShare(clock)
    clock.now += 20  # reading the styles
    assert remaining.seconds(0.02) is None
    for number in range(1, 99):
        clock.now += 1
        left = remaining.seconds(0.02 + number * 0.01)
        if number < 5:
            assert left is None
        else:
            assert left == pytest.approx(98 - number, abs=1)
