"""The studio lets jobs run in turn, gives models back however a run ends, and tries again when memory runs out."""

import threading
from contextlib import closing

import pytest
from PIL import Image

from styleshot_demo import ClassicalJob, Settings, Studio
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Result, Step
from styleshot_demo.messages import remark
from styleshot_demo.plan import Plan
from styleshot_demo.runtime.lanes import Lanes

PICTURE = Image.linear_gradient("L").convert("RGB").resize((64, 48))
RESULT = Result([PICTURE], None, 0, 0.1, {})


class Runner:
    """Stands in for the runner of classical jobs: two steps with a lent model, then a result."""

    def __init__(self, studio: Studio, errors: list[BaseException | None] | None = None) -> None:
        self.cache = studio.cache
        self.errors = errors or []
        self.runs = 0
        self.inside = self.most_inside = 0
        self.pause = lambda: None

    def run(self, job):
        self.runs += 1
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            with self.cache.acquire("net", lambda: bytearray(8), size=len):
                yield Step(0.0, remark("encoding"))
                self.pause()
                error = self.errors.pop(0) if self.errors else None
                if error is not None:
                    raise error
                yield Step(0.5, remark("painting"))
            yield Finished(RESULT)
        finally:
            self.inside -= 1


@pytest.fixture
def job():
    return ClassicalJob(PICTURE, [PICTURE])


@pytest.fixture
def studio():
    studio = Studio(Settings(device="cpu", cache_gb=1))
    studio._classical = Runner(studio)
    return studio


def in_use(studio: Studio) -> list[str]:
    return [model.name for model in studio.cache.loaded() if model.in_use]


def test_a_run_yields_steps_and_one_result(studio, job) -> None:
    events = list(studio.run(job))
    assert [type(event) for event in events] == [Step, Step, Finished]
    assert events[-1].result is RESULT
    assert in_use(studio) == []


def test_finish_gives_the_result(studio, job) -> None:
    assert studio.finish(job) is RESULT


def test_making_and_running_are_two_things(studio, job) -> None:
    studio.run(job)  # nobody asks for its events
    assert studio.classical.runs == 0
    assert studio.finish(job) is RESULT  # and so it holds nothing


@pytest.mark.parametrize("after", [1, 2])
def test_closing_stops_the_run_and_gives_the_models_back(studio, job, after) -> None:
    events = studio.run(job)
    for _ in range(after):
        next(events)
    assert in_use(studio) == ["net"]
    events.close()
    assert in_use(studio) == []
    assert studio.classical.inside == 0
    assert studio.finish(job) is RESULT


def test_a_dropped_iterator_does_not_block_the_next_run(studio, job) -> None:
    events = studio.run(job)
    next(events)
    del events
    assert studio.finish(job) is RESULT


@pytest.mark.parametrize("error", [Problem("disk_full"), ValueError("a defect"), KeyboardInterrupt()])
def test_an_error_passes_and_leaves_the_studio_usable(studio, job, error) -> None:
    studio.classical.errors = [error]
    with pytest.raises(type(error)) as caught:
        studio.finish(job)
    assert caught.value is error
    assert studio.classical.runs == 1
    assert in_use(studio) == []
    assert studio.finish(job) is RESULT


def test_a_second_run_waits_and_says_its_place_in_the_line(studio, job) -> None:
    first = studio.run(job)
    next(first)
    second, third, seen = studio.run(job), studio.run(job), []
    for events, place in ((second, 1), (third, 2)):
        waiting = next(events)
        assert waiting.message == remark("waiting_place", place=place) and waiting.fraction == 0
    thread = threading.Thread(target=lambda: seen.extend(second))
    thread.start()
    assert studio.classical.runs == 1
    assert isinstance(list(first)[-1], Finished)
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(seen[-1], Finished)
    assert isinstance(list(third)[-1], Finished)


@pytest.fixture
def long_job():
    return ClassicalJob(PICTURE, [PICTURE], method="optimise")


def test_short_work_does_not_wait_for_long_work(studio, job, long_job) -> None:
    long = studio.run(long_job)
    next(long)
    events = list(studio.run(job))  # in the same thread, and to its end
    assert [type(event) for event in events] == [Step, Step, Finished] and "waiting_place" not in str(events)
    assert studio.classical.inside == 1  # the long one goes on
    assert isinstance(list(long)[-1], Finished)


def test_short_work_waits_where_memory_does_not_allow_both(studio, job, long_job, monkeypatch) -> None:
    needed = studio.plan(job).memory
    monkeypatch.setattr(studio.cache, "free_bytes", lambda device: 2 * needed - 1)
    monkeypatch.setattr(Plan, "check", lambda self: None)  # the long one is to run whatever it takes
    long = studio.run(long_job)
    next(long)
    short = studio.run(job)
    assert next(short).message == remark("waiting_place", place=1)
    assert isinstance(list(long)[-1], Finished)
    assert isinstance(list(short)[-1], Finished)
    monkeypatch.setattr(studio.cache, "free_bytes", lambda device: 2 * needed)
    long = studio.run(long_job)
    next(long)
    assert studio.finish(job) is RESULT
    long.close()


@pytest.mark.parametrize("kind", ["short", "long"])
def test_finish_beside_a_run_that_this_thread_has_left_says_so(studio, job, long_job, kind) -> None:
    studio.lanes = Lanes(grace=0.05)
    wanted = {"short": job, "long": long_job}[kind]
    left = studio.run(wanted)
    next(left)
    with pytest.raises(Problem) as caught:
        studio.finish(wanted)
    assert caught.value.key == "run_unfinished"
    left.close()
    assert studio.finish(wanted) is RESULT


def test_finish_waits_for_a_slow_run_of_another_thread(studio, long_job) -> None:
    studio.lanes = Lanes(grace=0.05)
    begun, may_end, results = threading.Event(), threading.Event(), []
    studio.classical.pause = lambda: (begun.set(), may_end.wait(10))
    slow = threading.Thread(target=lambda: results.append(studio.finish(long_job)))
    slow.start()
    assert begun.wait(10)
    studio.classical.pause = lambda: None
    second = threading.Thread(target=lambda: results.append(studio.finish(long_job)))
    second.start()
    second.join(0.3)  # far longer than the grace
    assert second.is_alive() and not results
    may_end.set()
    for thread in (slow, second):
        thread.join(10)
    assert results == [RESULT] * 2
    assert studio.classical.most_inside == 1


def test_two_iterators_of_one_lane_never_interleave(studio, long_job) -> None:
    studio.lanes = Lanes(grace=0.05)
    one, other = studio.run(long_job), studio.run(long_job)
    seen = [next(one)]
    for events in (other, one, other):
        seen.append(next(events))
    assert [event.message.key for event in seen] == ["encoding", "waiting_place", "painting", "waiting_place"]
    assert isinstance(list(one)[-1], Finished) and isinstance(list(other)[-1], Finished)
    assert studio.classical.most_inside == 1


def test_the_lines_of_a_photo_do_not_wait_for_long_work(studio, long_job, monkeypatch) -> None:
    monkeypatch.setattr(studio.styleshot, "control_map", lambda picture, **settings: picture)
    long = studio.run(long_job)
    next(long)
    assert studio.control_map(PICTURE).size == PICTURE.size
    long.close()


def test_a_real_picture_is_painted_beside_a_long_run(long_job) -> None:
    studio = Studio(Settings(device="cpu"))
    long = studio.run(long_job)
    next(long)
    result = studio.finish(ClassicalJob(PICTURE, [PICTURE.rotate(180)], method="colour", size=256))
    assert result.images[0].width == 256
    long.close()
    assert studio.lanes.length("long") == studio.lanes.length("short") == 0 and in_use(studio) == []


def test_one_who_waits_may_leave(studio, job) -> None:
    first = studio.run(job)
    next(first)
    second = studio.run(job)
    next(second)
    second.close()
    assert in_use(studio) == ["net"]  # the first goes on
    assert isinstance(list(first)[-1], Finished)
    assert studio.finish(job) is RESULT


def test_many_runs_at_once_never_overlap(studio, job) -> None:
    results = []
    threads = [threading.Thread(target=lambda: results.append(studio.finish(job))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert results == [RESULT] * 8
    assert studio.classical.most_inside == 1


def test_out_of_memory_drops_idle_models_and_tries_once_more(studio, job) -> None:
    with studio.cache.acquire("idle", lambda: bytearray(8), size=len):
        pass
    studio.classical.errors = [MemoryError()]
    events = list(studio.run(job))
    assert studio.classical.runs == 2
    assert isinstance(events[-1], Finished)
    assert [model.name for model in studio.cache.loaded()] == ["net"]


def test_out_of_memory_twice_tells_which_size_would_fit(studio, job) -> None:
    studio.classical.errors = [MemoryError(), MemoryError()]
    with pytest.raises(Problem) as caught:
        studio.finish(job)
    assert caught.value.key == "out_of_memory"
    size = caught.value.values["size"]
    assert size == studio.planner.plan(job, lower=True).fitting and str(size) in caught.value.todo
    assert studio.classical.runs == 2
    assert in_use(studio) == []
    assert studio.finish(job) is RESULT


def test_a_run_may_be_closed_while_it_tries_again(studio, job) -> None:
    studio.classical.errors = [MemoryError()]
    with closing(studio.run(job)) as events:
        for _ in range(3):
            next(events)
    assert studio.classical.runs == 2
    assert in_use(studio) == []


def test_a_run_may_move_between_threads(studio, job) -> None:
    events, seen = studio.run(job), []
    next(events)
    thread = threading.Thread(target=lambda: seen.extend(events))
    thread.start()
    thread.join(10)
    assert isinstance(seen[-1], Finished)
    assert studio.finish(job) is RESULT


def test_settings_come_from_the_environment_unless_given(monkeypatch) -> None:
    monkeypatch.setenv("STYLESHOT_CACHE_GB", "3")
    assert Studio().cache.budget_bytes() == 3e9
    assert Studio(Settings(cache_gb=2)).cache.budget_bytes() == 2e9
