"""Long work that several ask for: done once, stopped when nobody asks any more."""

import os
import threading
import time

import pytest

from styleshot_demo.errors import Problem
from styleshot_demo.generators import finished
from styleshot_demo.models.once import SingleFlight


class Counting:
    """Work that counts its steps, one for each `turn`, and notes how often it was begun and how it ended."""

    def __init__(self, steps: int = 4) -> None:
        self.turn = threading.Semaphore(0)
        self.steps, self.begun, self.ended = steps, 0, []

    def __call__(self):
        self.begun += 1
        try:
            for step in range(self.steps):
                self.turn.acquire()
                yield (step + 1) / self.steps
            self.ended.append("done")
            return "result"
        except GeneratorExit:
            self.ended.append("stopped")
            raise


def test_work_is_done_and_its_result_returned():
    work = Counting()
    work.turn.release(10)
    assert finished(SingleFlight().join("a", work)) == "result"
    assert (work.begun, work.ended) == (1, ["done"])


def test_all_who_ask_at_the_same_time_get_one_result():
    work, once, results = Counting(), SingleFlight(), []
    threads = [threading.Thread(target=lambda: results.append(finished(once.join("a", work)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    while once._running and next(iter(once._running.values())).followers < 8:
        time.sleep(0.01)
    work.turn.release(10)
    for thread in threads:
        thread.join(5)
    assert results == ["result"] * 8 and work.begun == 1


def test_the_last_one_to_close_stops_it_and_the_next_begins_anew():
    work, once = Counting(), SingleFlight()
    one, other = once.join("a", work), once.join("a", work)
    next(one), next(other)
    one.close()
    assert work.ended == []
    work.turn.release(1)
    other.close()
    assert work.ended == ["stopped"], "and closing has waited for it"
    work.turn.release(10)
    assert finished(once.join("a", work)) == "result" and work.begun == 2


def test_what_goes_wrong_is_said_to_all_and_can_be_tried_again():
    once, tries = SingleFlight(), []

    def work():
        tries.append(1)
        yield 0.5
        if len(tries) == 1:
            raise Problem("disk_full")
        return "result"

    with pytest.raises(Problem) as caught:
        finished(once.join("a", work))
    assert caught.value.key == "disk_full"
    assert finished(once.join("a", work)) == "result"


def test_other_work_does_not_wait():
    stuck, free, once = Counting(), Counting(), SingleFlight()
    following = once.join("stuck", stuck)
    next(following)
    free.turn.release(10)
    assert finished(once.join("free", free)) == "result"
    stuck.turn.release(10)
    following.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_a_thread_that_it_does_not_have():
    work, once = Counting(), SingleFlight()
    following = once.join("a", work)
    next(following)
    child = os.fork()
    if not child:
        work.turn = threading.Semaphore(10)
        os._exit(0 if finished(once.join("a", work)) == "result" else 1)
    for _ in range(100):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.05)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
    work.turn.release(10)
    following.close()
    assert ended and status == 0
