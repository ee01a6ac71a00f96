"""Two lanes, each first come, first served, with real threads; nothing here waits for luck."""

import gc
import threading
import time
from contextlib import closing

import pytest

from styleshot_demo.errors import Problem
from styleshot_demo.runtime import lanes as waiting
from styleshot_demo.runtime.lanes import LONG, SHORT, Lanes


def until(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "this never came true"
        time.sleep(0.002)


def count(*numbers, log=None, name=None):
    """Work that yields these numbers and notes its end."""

    def work():
        try:
            yield from numbers
        finally:
            if log is not None:
                log.append(name)

    return work


def places(step):
    return step.message.values["place"]


class Runner(threading.Thread):
    """Goes through a lane to its end; may be held up inside of its work."""

    def __init__(self, lanes, order, name, lane=LONG, **options):
        super().__init__(daemon=True)
        self.lanes, self.order, self.label, self.lane, self.options = lanes, order, name, lane, options
        self.go, self.seen, self.error = threading.Event(), [], None

    def work(self):
        self.order.append(self.label)
        assert self.go.wait(10)
        yield "done"

    def run(self):
        try:
            for event in self.lanes.run_in_turn(self.lane, self.work, **self.options):
                self.seen.append(event)
        except Exception as error:
            self.error = error


def test_first_come_first_served_and_everybody_hears_the_place():
    lanes, order = Lanes(), []
    runners = [Runner(lanes, order, number) for number in range(5)]
    for number, runner in enumerate(runners):
        runner.start()
        # Each has come before the next sets out, and has said its place.
        until(lambda number=number, runner=runner: order if number == 0 else runner.seen)
    assert [places(runner.seen[0]) for runner in runners[1:]] == [1, 2, 3, 4]
    for number, runner in enumerate(runners):
        until(lambda number=number: order == list(range(number + 1)))
        for later in runners[number + 1 :]:
            until(lambda later=later, place=later.label - number: places(later.seen[-1]) == place)
        runner.go.set()
        runner.join(10)
    assert order == [0, 1, 2, 3, 4]
    for number, runner in enumerate(runners):
        told = [places(step) for step in runner.seen[:-1]]
        assert sorted(set(told), reverse=True) == list(range(number, 0, -1))  # from its place down to 1
        assert told == sorted(told, reverse=True)


def test_a_change_of_place_is_told_at_once(monkeypatch):
    monkeypatch.setattr(waiting, "BEAT", 60)
    lanes, order = Lanes(), []
    runners = [Runner(lanes, order, number) for number in range(3)]
    for number, runner in enumerate(runners):
        runner.start()
        until(lambda number=number, runner=runner: order if number == 0 else runner.seen)
    runners[0].go.set()
    until(lambda: len(runners[2].seen) == 2)
    assert [places(step) for step in runners[2].seen] == [2, 1]
    for runner in runners[1:]:
        runner.go.set()
        runner.join(10)
    assert order == [0, 1, 2]


def test_the_lanes_are_two():
    lanes = Lanes()
    with closing(lanes.run_in_turn(LONG, count(1, 2))) as long, closing(lanes.run_in_turn(SHORT, count(3, 4))) as short:
        assert [next(long), next(short), next(long), next(short)] == [1, 3, 2, 4]


def test_without_memory_short_work_waits_with_the_long_before_all_who_came_later():
    lanes, order = Lanes(), []
    first = Runner(lanes, order, "long")
    first.start()
    until(lambda: order)
    asked = []
    short = Runner(lanes, order, "short", SHORT, beside=lambda: bool(asked.append(1)))
    short.start()
    until(lambda: short.seen)
    later = Runner(lanes, order, "later")
    later.start()
    until(lambda: later.seen)
    assert (places(short.seen[0]), places(later.seen[0])) == (1, 2)
    # Its own lane is free for others meanwhile.
    assert list(lanes.run_in_turn(SHORT, count(5), beside=lambda: True)) == [5]
    for runner in (first, short, later):
        runner.go.set()
        runner.join(10)
    assert order == ["long", "short", "later"] and asked == [1]


def test_memory_is_not_asked_for_where_nothing_long_runs():
    def refuse():
        raise AssertionError("asked")

    assert list(Lanes().run_in_turn(SHORT, count(1), beside=refuse)) == [1]


def test_who_waits_may_leave_and_the_others_move_up():
    lanes, ended = Lanes(), []
    holder = lanes.run_in_turn(LONG, count(1, 2, log=ended, name="holder"))
    one, two = (lanes.run_in_turn(LONG, count(3, log=ended, name=name)) for name in ("one", "two"))
    assert [next(holder), places(next(one)), places(next(two))] == [1, 1, 2]
    one.close()
    assert lanes.length(LONG) == 2 and ended == []  # what never began needs no end
    assert places(next(two)) == 1
    holder.close()
    assert ended == ["holder"] and list(two) == [3]
    assert lanes.length(LONG) == 0


@pytest.mark.parametrize("error", [ValueError("a defect"), Problem("disk_full"), KeyboardInterrupt()])
def test_a_crash_frees_the_lane(error):
    lanes = Lanes()

    def fails():
        yield 1
        raise error

    with pytest.raises(type(error)):
        list(lanes.run_in_turn(LONG, fails))
    with pytest.raises(ZeroDivisionError):
        list(lanes.run_in_turn(LONG, lambda: 1 / 0))
    assert lanes.length(LONG) == 0 and list(lanes.run_in_turn(LONG, count(2))) == [2]


def test_a_dropped_iterator_frees_the_lane():
    lanes, ended = Lanes(), []
    holder = lanes.run_in_turn(LONG, count(1, 2, log=ended, name="holder"))
    waiter = lanes.run_in_turn(LONG, count(3))
    next(holder), next(waiter)
    circle = [holder, waiter]
    circle.append(circle)  # only the collector finds these
    del holder, waiter, circle
    gc.collect()
    assert ended == ["holder"] and lanes.length(LONG) == 0
    assert list(lanes.run_in_turn(LONG, count(4), to_end=True)) == [4]


def test_a_run_to_the_end_says_that_this_thread_keeps_the_lane():
    lanes = Lanes(grace=0)
    left = lanes.run_in_turn(LONG, count(1, 2))
    next(left)
    with pytest.raises(Problem) as caught:
        list(lanes.run_in_turn(LONG, count(3), to_end=True))
    assert caught.value.key == "run_unfinished" and lanes.length(LONG) == 1
    assert list(left) == [2]  # it goes on as if nothing had been
    assert list(lanes.run_in_turn(LONG, count(3), to_end=True)) == [3]


def test_a_run_of_another_thread_is_waited_for_however_slow():
    lanes, order = Lanes(grace=0), []
    slow = Runner(lanes, order, "slow")
    slow.start()
    until(lambda: order)
    second = Runner(lanes, order, "second", to_end=True)
    second.go.set()
    second.start()
    until(lambda: second.seen)
    steps = len(second.seen)
    until(lambda: len(second.seen) > steps)  # another beat has passed
    assert second.error is None
    slow.go.set()
    second.join(10)
    assert second.error is None and order == ["slow", "second"]


def test_a_run_between_two_steps_in_another_thread_is_waited_for():
    lanes, order = Lanes(grace=0), []
    left = lanes.run_in_turn(LONG, count(1, 2))
    thread = threading.Thread(target=lambda: next(left))
    thread.start()
    thread.join(10)
    second = Runner(lanes, order, "second", to_end=True)
    second.go.set()
    second.start()
    until(lambda: len(second.seen) > 1)
    assert second.error is None and order == []
    assert list(left) == [2]
    second.join(10)
    assert order == ["second"]


def test_who_does_not_come_when_called_is_passed_over_and_keeps_its_place():
    lanes = Lanes(grace=0.02)
    holder, idle = lanes.run_in_turn(LONG, count(1)), lanes.run_in_turn(LONG, count(2))
    next(holder), next(idle)
    holder.close()
    assert list(lanes.run_in_turn(LONG, count(3), to_end=True))[-1] == 3
    assert list(idle) == [2]


def test_a_run_that_nobody_asks_any_more_is_ended_for_those_who_wait():
    lanes, ended = Lanes(grace=0, patience=0.02), []
    left = lanes.run_in_turn(LONG, count(1, 2, log=ended, name="left"))
    next(left)
    begun = []

    def work():
        begun.append(list(ended))  # what had ended when this began
        yield 3

    seen = []
    thread = threading.Thread(target=lambda: seen.extend(lanes.run_in_turn(LONG, work)))
    thread.start()
    thread.join(10)
    assert seen[-1] == 3 and begun == [["left"]]
    with pytest.raises(Problem) as caught:
        next(left)
    assert caught.value.key == "run_taken_over"
    assert lanes.length(LONG) == 0


def test_a_run_that_is_computing_is_never_taken_over():
    lanes, order = Lanes(grace=0, patience=0), []
    slow = Runner(lanes, order, "slow")
    slow.start()
    until(lambda: order)
    second = Runner(lanes, order, "second")
    second.start()
    until(lambda: len(second.seen) > 1)
    assert order == ["slow"]
    for runner in (slow, second):
        runner.go.set()
        runner.join(10)
    assert slow.error is second.error is None and order == ["slow", "second"]


def test_a_run_may_go_on_in_another_thread():
    lanes, seen = Lanes(), []
    events = lanes.run_in_turn(LONG, count(1, 2, 3))
    next(events)
    thread = threading.Thread(target=lambda: seen.extend(events))
    thread.start()
    thread.join(10)
    assert seen == [2, 3] and lanes.length(LONG) == 0


def test_a_crowd_never_overlaps():
    lanes, inside, most = Lanes(), [], []

    def work():
        for _ in range(3):
            inside.append(1)
            most.append(len(inside))
            yield 1
            inside.pop()

    threads = [threading.Thread(target=lambda: list(lanes.run_in_turn(LONG, work, to_end=True))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(most) == 48 and max(most) == 1
