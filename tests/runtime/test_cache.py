import errno
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from styleshot_demo.errors import Problem
from styleshot_demo.runtime import cache as cache_module
from styleshot_demo.runtime.cache import (
    Loaded,
    ModelCache,
    budget_of,
    bytes_of,
    is_out_of_memory,
    machine_memory,
)
from styleshot_demo.settings import Settings

WAIT = 5  # seconds; nothing here waits that long unless it is broken


@pytest.fixture(autouse=True)
def no_collection(monkeypatch):
    """Collecting garbage after each drop takes too long for hundreds of drops."""
    monkeypatch.setattr(cache_module, "gc", SimpleNamespace(collect=lambda: None))


class Weights:
    """Stands in for a model of a given size."""

    def __init__(self, size: int = 10) -> None:
        self.size = size


def size_of(weights: Weights) -> int:
    return weights.size


def use(cache: ModelCache, key: str, size: int = 10) -> Weights:
    with cache.acquire(key, lambda: Weights(size), size_of) as weights:
        return weights


def names(cache: ModelCache) -> list[str]:
    return [loaded.name for loaded in cache.loaded()]


def test_loads_lazily_and_once():
    cache, loads = ModelCache(100), []

    def load():
        loads.append(1)
        return Weights()

    assert not cache.loaded() and not loads
    with cache.acquire("a", load, size_of) as first, cache.acquire("a", load, size_of) as second:
        assert first is second
    with cache.acquire("a", load, size_of) as third:
        assert third is first
    assert len(loads) == 1


def test_loads_once_under_concurrent_calls():
    cache, loads, barrier = ModelCache(100), [], threading.Barrier(8)
    all_hold = threading.Barrier(8)

    def load():
        loads.append(1)
        return Weights()

    def work():
        barrier.wait(WAIT)
        with cache.acquire("a", load, size_of) as weights:
            all_hold.wait(WAIT)  # proves that the lends overlap
            return weights

    with ThreadPoolExecutor(8) as pool:
        lent = [job.result(WAIT) for job in [pool.submit(work) for _ in range(8)]]
    assert len(loads) == 1 and len(set(map(id, lent))) == 1
    assert not cache.loaded()[0].in_use


def until_waiting(cache: ModelCache, count: int) -> None:
    """Returns when `count` threads wait for a load to end."""
    for _ in range(int(WAIT / 0.01)):
        with cache._changed:
            if len(cache._changed._waiters) >= count:
                return
        threading.Event().wait(0.01)
    raise AssertionError("nobody waits")


def test_all_who_wait_see_the_failure_and_the_next_call_tries_again():
    cache, loads, started, go = ModelCache(100), [], threading.Event(), threading.Event()

    def fail():
        loads.append(1)
        started.set()
        go.wait(WAIT)
        raise ValueError("broken file")

    def work():
        with cache.acquire("a", fail, size_of):
            pass

    with ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(work)]
        assert started.wait(WAIT)
        jobs += [pool.submit(work) for _ in range(4)]
        until_waiting(cache, 4)
        go.set()
        errors = [job.exception(WAIT) for job in jobs]
    assert all(isinstance(error, ValueError) for error in errors)
    assert len(loads) == 1
    assert use(cache, "a").size == 10
    assert names(cache) == ["a"]


def test_loads_run_one_at_a_time():
    cache, running, most, barrier = ModelCache(1000), [], [], threading.Barrier(4)

    def load():
        running.append(1)
        most.append(len(running))
        threading.Event().wait(0.01)
        running.pop()
        return Weights()

    def work(key):
        barrier.wait(WAIT)
        with cache.acquire(key, load, size_of):
            pass

    with ThreadPoolExecutor(4) as pool:
        for job in [pool.submit(work, key) for key in "abcd"]:
            job.result(WAIT)
    assert most == [1, 1, 1, 1]
    assert sorted(names(cache)) == list("abcd")


def test_what_is_loaded_is_lent_while_another_loads():
    cache, started, go = ModelCache(100), threading.Event(), threading.Event()
    use(cache, "ready")

    def slow():
        started.set()
        assert go.wait(WAIT)
        return Weights()

    def work():
        with cache.acquire("slow", slow, size_of):
            pass

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(WAIT)
    with cache.acquire("ready", lambda: pytest.fail("loaded again"), size_of):
        assert [(loaded.name, loaded.in_use) for loaded in cache.loaded()] == [("ready", True)]
    go.set()
    thread.join(WAIT)
    assert sorted(names(cache)) == ["ready", "slow"]


def test_a_load_may_lend_other_models():
    cache = ModelCache(100)

    def load_pipeline():
        with cache.acquire("unet", Weights, size_of):
            return Weights(20)

    with cache.acquire("pipeline", load_pipeline, size_of):
        assert sorted(names(cache)) == ["pipeline", "unet"]


def test_two_loads_that_lend_each_other_s_parts_do_not_lock_up():
    cache, barrier = ModelCache(100), threading.Barrier(2)

    def work(outer, inner):
        def load():
            with cache.acquire(inner, Weights, size_of):
                return Weights()

        barrier.wait(WAIT)
        with cache.acquire(outer, load, size_of):
            return True

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(work, "a", "b"), pool.submit(work, "b", "a")]
        assert all(job.result(WAIT) for job in jobs)
    assert sorted(names(cache)) == ["a", "b"]


def test_failed_inner_load_frees_the_way():
    cache = ModelCache(100)

    def load():
        with cache.acquire("inner", lambda: 1 / 0):
            pass

    with pytest.raises(ZeroDivisionError), cache.acquire("outer", load):
        pass
    assert use(cache, "inner") and use(cache, "outer")


def test_evicts_the_least_recently_used():
    cache = ModelCache(30)
    for key in ("a", "b", "c"):
        use(cache, key)
    use(cache, "a")
    assert names(cache) == ["a", "c", "b"]
    use(cache, "d")
    assert names(cache) == ["d", "a", "c"]
    use(cache, "e", 20)
    assert names(cache) == ["e", "d"]


def test_held_models_are_never_evicted():
    cache = ModelCache(20)
    with cache.acquire("held", lambda: Weights(15), size_of) as held:
        use(cache, "x", 15)
        assert names(cache) == ["held"]  # x went as soon as nobody held it
        use(cache, "y", 500)
        assert "held" in names(cache)
        with cache.acquire("held", lambda: pytest.fail("loaded again"), size_of) as again:
            assert again is held
    assert names(cache) == ["held"]


def test_a_model_larger_than_the_budget_can_be_used_but_does_not_stay():
    cache = ModelCache(20)
    use(cache, "small", 5)
    with cache.acquire("huge", lambda: Weights(100), size_of) as huge:
        assert huge.size == 100 and names(cache) == ["huge"]
    assert names(cache) == []


def test_room_is_made_before_a_load_of_known_size():
    cache, seen = ModelCache(30), []
    use(cache, "a", 10)
    use(cache, "b", 10)

    def load():
        seen.append(names(cache))
        return Weights(20)

    with cache.acquire("c", load, size_of, expect_bytes=20):
        pass
    assert seen == [["b"]]


def test_evicted_models_are_freed():
    cache = ModelCache(10)
    gone = weakref.ref(use(cache, "a"))
    use(cache, "b")
    assert gone() is None


def test_freeing_memory_breaks_cycles(monkeypatch):
    monkeypatch.undo()
    weights = Weights()
    weights.itself, gone = weights, weakref.ref(weights)
    del weights
    assert gone() is not None
    ModelCache(100).free()
    assert gone() is None


def test_lent_model_comes_back_after_an_error():
    cache = ModelCache(100)
    with pytest.raises(ZeroDivisionError), cache.acquire("a", Weights, size_of):
        raise ZeroDivisionError
    assert cache.loaded() == [Loaded("a", 10, False, "")]


def test_unload():
    cache = ModelCache(100)
    use(cache, "a")
    use(cache, "b")
    assert cache.unload("a")
    assert names(cache) == ["b"]
    assert cache.unload("never loaded")
    assert cache.unload_all()
    assert names(cache) == [] and cache.used_bytes() == 0


def test_unload_of_a_model_in_use_waits_until_it_is_given_back():
    cache = ModelCache(100)
    with cache.acquire("a", Weights, size_of) as first:
        assert not cache.unload("a")
        assert names(cache) == ["a"]
        with cache.acquire("a", lambda: pytest.fail("loaded again"), size_of) as second:
            assert first is second
        assert names(cache) == ["a"]
    assert names(cache) == []
    assert use(cache, "a") is not first


def test_name_for_the_panel_differs_from_the_key():
    cache = ModelCache(100)
    with cache.acquire("sha:0123", Weights, size_of, name="Style encoder"):
        assert cache.loaded() == [Loaded("Style encoder", 10, True, "")]
        assert not cache.unload("Style encoder")
    assert not cache.loaded()


class Cuda(RuntimeError):
    pass


Cuda.__name__ = "OutOfMemoryError"


@pytest.mark.parametrize(
    ("error", "yes"),
    [
        (MemoryError(), True),
        (Cuda("CUDA out of memory. Tried to allocate 20.00 MiB"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 40 bytes."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (OSError(errno.ENOENT, "No such file"), False),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
        (Problem("weights_missing", model="x"), False),
    ],
)
def test_what_counts_as_out_of_memory(error, yes):
    assert is_out_of_memory(error) is yes


def test_real_torch_errors_count():
    torch = pytest.importorskip("torch")
    assert is_out_of_memory(torch.cuda.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    assert is_out_of_memory(caught.value)


def test_out_of_memory_drops_the_others_and_tries_again():
    cache, tries = ModelCache(100), []
    use(cache, "idle")

    def work():
        tries.append(names(cache))
        with cache.acquire("a", Weights, size_of):
            if len(tries) == 1:
                raise MemoryError
            return "done"

    assert cache.with_memory(work) == "done"
    assert tries == [["idle"], []]


def test_second_try_may_be_another_one():
    cache = ModelCache(100)

    def work():
        raise MemoryError

    assert cache.with_memory(work, lambda: "one tier lower") == "one tier lower"


def test_out_of_memory_twice_says_what_to_lower():
    cache, tries = ModelCache(100), []

    def work():
        tries.append(1)
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    with pytest.raises(Problem) as caught:
        cache.with_memory(work, size=lambda: 512)
    assert caught.value.key == "out_of_memory" and "512" in caught.value.todo
    assert len(tries) == 2


def test_other_errors_are_not_tried_again():
    cache, tries = ModelCache(100), []

    def work():
        tries.append(1)
        raise ValueError

    with pytest.raises(ValueError):
        cache.with_memory(work)
    assert len(tries) == 1


def test_tensors_of_the_failed_try_are_gone_at_the_second():
    cache, kept, gone = ModelCache(100), [], []

    def work():
        activations = Weights()
        if not kept:
            kept.append(weakref.ref(activations))
            raise MemoryError
        gone.append(kept[0]() is None)

    cache.with_memory(work)
    assert gone == [True]


def test_models_that_others_hold_survive_out_of_memory():
    cache = ModelCache(100)
    with cache.acquire("held", Weights, size_of):
        with pytest.raises(Problem):
            cache.with_memory(lambda: (_ for _ in ()).throw(MemoryError()))
        assert names(cache) == ["held"]


def test_stream_starts_over_after_out_of_memory():
    cache, tries, closed = ModelCache(100), [], []

    def work():
        tries.append(1)
        try:
            yield "start"
            if len(tries) == 1:
                raise MemoryError
            yield "end"
        finally:
            closed.append(1)

    assert list(cache.stream_with_memory(work)) == ["start", "start", "end"]
    assert len(closed) == 2


def test_closing_a_stream_gives_the_model_back():
    cache = ModelCache(100)

    def work():
        with cache.acquire("a", Weights, size_of):
            while True:
                yield 1

    stream = cache.stream_with_memory(work)
    next(stream)
    assert cache.loaded()[0].in_use
    stream.close()
    assert not cache.loaded()[0].in_use


def test_out_of_memory_while_loading():
    cache, tries = ModelCache(100), []
    use(cache, "idle")

    def load():
        tries.append(names(cache))
        raise MemoryError

    with pytest.raises(Problem) as caught, cache.acquire("a", load, name="Big one"):
        pass
    assert caught.value.key == "out_of_memory_loading" and "Big one" in caught.value.what
    assert tries == [["idle"], []]
    assert use(cache, "a")


def test_out_of_memory_while_loading_is_overcome():
    cache, tries = ModelCache(100), []
    use(cache, "idle")

    def load():
        tries.append(1)
        if len(tries) == 1:
            raise MemoryError
        return Weights()

    with cache.acquire("a", load, size_of):
        assert names(cache) == ["a"]


def test_bytes_of_modules():
    torch = pytest.importorskip("torch")
    layer = torch.nn.BatchNorm1d(4)  # 4 tensors of 4 floats and one counter
    assert bytes_of(layer) == 4 * 4 * 4 + 8
    assert bytes_of(layer.half()) == 4 * 4 * 2 + 8
    tensor = torch.zeros(10)
    assert bytes_of({"a": [tensor, tensor[2:]], "b": (layer,), "c": "text"}) == 40 + 40
    assert bytes_of(torch.nn.Linear(1000, 1000, device="meta")) == 0

    class Pipeline:
        components = {"unet": torch.nn.Linear(10, 10), "tokenizer": object()}

    assert bytes_of(Pipeline()) == 440
    assert bytes_of(object()) == 0


def test_shared_tensors_count_once_in_the_whole():
    torch = pytest.importorskip("torch")
    cache, shared = ModelCache(10**6), torch.nn.Linear(10, 10)
    for key in ("text", "image"):
        own = torch.nn.Linear(5, 5)
        with cache.acquire(key, lambda own=own: {"shared": shared, "own": own}):
            pass
    assert [loaded.bytes for loaded in cache.loaded()] == [560, 560]
    assert cache.used_bytes() == 440 + 120 + 120
    assert {loaded.device for loaded in cache.loaded()} == {"cpu"}


def test_a_model_is_weighed_again_when_it_comes_back():
    torch = pytest.importorskip("torch")
    cache = ModelCache(10**6)
    with cache.acquire("a", lambda: torch.nn.Linear(10, 10)) as layer:
        layer.half()
    assert cache.used_bytes() == 220


def test_budget_of_settings(monkeypatch):
    assert budget_of(Settings(cache_gb=3)) == 3_000_000_000
    assert budget_of(Settings(device="cpu")) == machine_memory() // 2
    assert ModelCache.from_settings(Settings(cache_gb=1)).budget_bytes() == 10**9


def test_budget_of_a_gpu(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (6_000, 9_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 2_000)
    assert budget_of(Settings(), "cuda:0") == 6_000
    assert budget_of(Settings(), "cpu") == machine_memory() // 2
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    assert budget_of(Settings(), "cuda:0") > 10**15, "an idle GPU is not asked"


class Tensor:
    """As much of a tensor as the cache looks at; CI has no GPU to put a real one on."""

    def __init__(self, device: str, size: int) -> None:
        self.device, self.size = device, size

    def untyped_storage(self):
        return self

    def nbytes(self):
        return self.size

    def data_ptr(self):
        return id(self)


def test_main_memory_and_each_gpu_have_a_budget_of_their_own():
    """What lies offloaded in main memory takes nothing of a GPU: else 4.4 GB were read anew for every picture."""
    cache, loads = ModelCache(lambda memory: {"cpu": 5_000, "cuda:0": 3_000}[memory]), []
    parts = {"encoder": ("cpu", 1_800), "unet": ("cpu", 1_700), "controlnet": ("cpu", 700), "vae": ("cuda:0", 2_900)}
    for _ in range(2):
        for name, (device, size) in parts.items():

            def load(name=name, device=device, size=size):
                loads.append(name)
                return [Tensor(device, size)]

            with cache.acquire(name, load, expect_bytes=size, device=device):
                pass
    assert loads == list(parts)
    assert (cache.used_bytes(), cache.used_bytes("cuda:0")) == (4_200, 2_900)
    with cache.acquire("another", lambda: [Tensor("cuda:0", 500)], expect_bytes=500, device="cuda"):
        pass
    assert "vae" not in names(cache) and "encoder" in names(cache), "only what lies there makes room"


def test_what_is_idle_counts_as_free_and_goes_when_it_is_needed(monkeypatch):
    """With 6 GB idle in the cache, a job of 0.73 GB was refused."""
    cache, free = ModelCache(10_000), [700]
    monkeypatch.setattr(cache_module, "free_memory", lambda device: free[0])
    monkeypatch.setattr(cache_module, "empty_device_cache", lambda: free.__setitem__(0, free[0] + 1_000))
    for name in "abc":
        with cache.acquire(name, lambda: [Tensor("cpu", 1_000)]):
            pass
    with cache.acquire("held", lambda: [Tensor("cpu", 2_000)]):
        assert cache.idle_bytes() == 3_000 and cache.free_bytes("cpu") == 3_700
        cache.make_free("cpu", 2_000)
        assert names(cache) == ["held", "c"], "the least recently used go, and no more than needed"
        cache.make_free("cpu", 100_000)
        assert names(cache) == ["held"]


def test_what_runs_keep_is_in_the_budget_and_can_be_unloaded():
    cache = ModelCache(100)
    cache.remember("x", b"kept", "Edges", 2, size=lambda value: 40)
    cache.remember("y", b"kept too", "Edges", 2, size=lambda value: 40)
    assert cache.recall("x") == b"kept" and cache.recall("z") is None
    assert cache.loaded() == [Loaded("Edges", 80, False, "")]
    cache.remember("z", b"third", "Edges", 2, size=lambda value: 40)
    assert cache.recall("y") is None and cache.recall("x") == b"kept", "the least recently used went"
    use(cache, "a", 40)
    assert cache.recall("z") is None, "a model needs the room"
    assert cache.unload("Edges") and cache.recall("x") is None


def test_machine_memory_is_plausible():
    assert 100_000_000 < machine_memory() < 10**14


class CacheMachine(RuleBasedStateMachine):
    """Any sequence of lends, returns, failures and unloads; compared with a list of what must be there."""

    BUDGET = 100
    KEYS = st.sampled_from("abcdef")
    SIZES = {"a": 10, "b": 20, "c": 30, "d": 40, "e": 60, "f": 150}

    def __init__(self):
        super().__init__()
        self.cache = ModelCache(self.BUDGET)
        self.held = []  # (key, lend, weights), oldest first
        self.order = []  # keys in the order of their last lend
        self.loads = dict.fromkeys(self.SIZES, 0)
        self.doomed = set()

    def holders(self, key):
        return sum(one == key for one, _, _ in self.held)

    def shrink(self):
        while sum(self.SIZES[key] for key in self.order) > self.BUDGET:
            idle = [key for key in self.order if not self.holders(key)]
            if not idle:
                return
            self.order.remove(idle[0])

    def load(self, key):
        self.loads[key] += 1
        return Weights(self.SIZES[key])

    @rule(key=KEYS)
    def acquire(self, key):
        before, there = self.loads[key], key in self.order
        acquire = self.cache.acquire(key, lambda: self.load(key), size_of)
        weights = acquire.__enter__()
        assert self.loads[key] == before + (not there)
        assert all(weights is other for one, _, other in self.held if one == key)
        self.held.append((key, acquire, weights))
        if there:
            self.order.remove(key)
        self.order.append(key)
        self.shrink()

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_back(self, data):
        key, acquire, _ = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        acquire.__exit__(None, None, None)
        if not self.holders(key):
            if key in self.doomed:
                self.doomed.remove(key)
                self.order.remove(key)
            self.shrink()

    @rule(key=KEYS)
    def fail_to_load(self, key):
        if key in self.order:
            return
        with pytest.raises(ValueError), self.cache.acquire(key, lambda: int("x"), size_of):
            pass

    @rule(key=KEYS)
    def unload(self, key):
        held = bool(self.holders(key))
        assert self.cache.unload(key) is not held
        if held:
            self.doomed.add(key)
        elif key in self.order:
            self.order.remove(key)

    @rule()
    def free(self):
        self.cache.free()
        self.order = [key for key in self.order if self.holders(key)]

    @invariant()
    def what_is_there_is_what_must_be_there(self):
        assert names(self.cache) == self.order[::-1]

    @invariant()
    def held_models_are_there(self):
        in_use = {loaded.name for loaded in self.cache.loaded() if loaded.in_use}
        assert in_use == {key for key, _, _ in self.held}

    @invariant()
    def over_budget_only_for_what_is_held(self):
        assert self.cache.used_bytes() == sum(self.SIZES[key] for key in self.order)
        if self.cache.used_bytes() > self.BUDGET:
            assert all(self.holders(key) for key in self.order)

    def teardown(self):
        for _, acquire, _ in self.held:
            acquire.__exit__(None, None, None)


def test_any_sequence_keeps_the_promises():
    from hypothesis.stateful import run_state_machine_as_test

    settings = hypothesis_settings(
        max_examples=60, stateful_step_count=25, deadline=None, derandomize=True, database=None
    )
    run_state_machine_as_test(CacheMachine, settings=settings)


def test_many_threads_at_once():
    """Eight threads use six models under a budget for three; each model that is lent is whole and its own."""
    cache, barrier = ModelCache(30), threading.Barrier(8)

    def work(number):
        barrier.wait(WAIT)
        for step in range(40):
            key = "abcdef"[(number * 7 + step * (number % 3 + 1)) % 6]

            def load(key=key):
                weights = Weights()
                weights.key = key
                return weights

            with cache.acquire(key, load, size_of) as weights:
                assert weights.key == key
                assert key in names(cache)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(job.result(60) for job in [pool.submit(work, number) for number in range(8)])
    assert cache.used_bytes() <= 30
    assert not any(loaded.in_use for loaded in cache.loaded())
