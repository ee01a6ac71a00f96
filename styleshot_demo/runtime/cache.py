"""Models in memory: loaded when first lent, shared while in use, given up for others by a budget in bytes."""

import contextlib
import errno
import gc
import os
import sys
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from styleshot_demo.errors import Problem
from styleshot_demo.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Loaded:
    """One model in memory, for the models panel.

    bytes   memory of its parameters and buffers; tensors that two models share count in both
    in_use  whether a job holds it right now
    device  where it lies: "cpu", "cuda:0", or several joined by commas; empty where that is unknown
    """

    name: str
    bytes: int
    in_use: bool
    device: str


@dataclass
class _Entry:
    name: str
    value: Any
    size: Callable[[Any], int] | None
    holders: int = 0
    doomed: bool = False  # to be dropped when the last holder gives it back
    storages: dict[Hashable, int] = field(default_factory=dict)
    device: str = ""

    def weigh(self) -> None:
        self.storages, self.device = _storages(self.value)
        if self.size:
            self.storages = {id(self): int(self.size(self.value))}


class _Attempt:
    """One try to load a model; everybody who waits for it shares its end."""

    error: BaseException | None = None
    done = False


class ModelCache:
    """Loads models lazily and at most once, lends them, and drops the least recently used that nobody holds.

    Thread-safe. Loads run one at a time, because `from_pretrained` patches globals while it works; lending what is
    already loaded never waits for a load. The budget is a number of bytes, or a function that is asked when it matters.
    """

    def __init__(self, budget_bytes: int | Callable[[], int]) -> None:
        self._budget = budget_bytes
        self._entries: dict[Hashable, _Entry] = {}  # the most recently used last
        self._attempts: dict[Hashable, _Attempt] = {}
        self._loader: int | None = None  # the thread that loads, and how deep its loads are nested
        self._depth = 0
        self._changed = threading.Condition(threading.RLock())

    @classmethod
    def from_settings(cls, settings: Settings) -> "ModelCache":
        """A cache with the budget that the settings name."""
        return cls(lambda: budget_of(settings))

    @property
    def budget_bytes(self) -> int:
        """How many bytes the models may take together."""
        return int(self._budget() if callable(self._budget) else self._budget)

    @property
    def used_bytes(self) -> int:
        """How many bytes the loaded models take together; tensors that several share count once."""
        with self._changed:
            return sum(self._union().values())

    @contextlib.contextmanager
    def lend(
        self,
        key: Hashable,
        load: Callable[[], T],
        size: Callable[[T], int] | None = None,
        *,
        name: str | None = None,
        expect_bytes: int = 0,
    ) -> Iterator[T]:
        """Lends the model under `key` for the length of a `with` block, and loads it by `load()` when it is not there.

        Concurrent calls wait for one load; when it fails, all of them see its error, and the next call tries anew.
        `load` may itself lend other models. A model that is lent is never dropped. `size` overrides how its memory is
        counted; `expect_bytes` makes room before the load. Out of memory while loading: everything that nobody holds
        is dropped and `load` is called once more, then `Problem("out_of_memory_loading")`.
        """
        entry = self._take(key, load, size, name or str(key), expect_bytes)
        try:
            yield entry.value
        finally:
            self._give_back(key, entry)

    def loaded(self) -> list[Loaded]:
        """What is in memory, the most recently used first."""
        with self._changed:
            entries = list(self._entries.values())
            return [
                Loaded(entry.name, sum(entry.storages.values()), entry.holders > 0, entry.device)
                for entry in reversed(entries)
            ]

    def unload(self, name: str) -> bool:
        """Drops the models of that name; those in use as soon as they are given back. True if all are gone now."""
        return self._unload(lambda entry: entry.name == name)

    def unload_all(self) -> bool:
        """Drops every model; those in use as soon as they are given back. True if all are gone now."""
        return self._unload(lambda entry: True)

    def with_memory(
        self,
        work: Callable[[], T],
        again: Callable[[], T] | None = None,
        size: int | Callable[[], int] | None = None,
    ) -> T:
        """`work()`; when memory runs out, drops every model that nobody holds and calls `again` (or `work`) once.

        Should that run out too: `Problem("out_of_memory", size=...)` with the longest side in pixels that would fit.
        """
        (answer,) = self.stream_with_memory(lambda: (work(),), again and (lambda: (again(),)), size)
        return answer

    def stream_with_memory(
        self,
        work: Callable[[], Iterable[T]],
        again: Callable[[], Iterable[T]] | None = None,
        size: int | Callable[[], int] | None = None,
    ) -> Iterator[T]:
        """`with_memory` for something that yields: on the second try it yields from its beginning again."""
        for attempt in (work, again or work):
            try:
                iterator = iter(attempt())
                try:
                    yield from iterator
                finally:
                    if hasattr(iterator, "close"):
                        iterator.close()
                return
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            # Only here, where the error is gone: its traceback holds the very tensors that have to go.
            self.free()
        raise Problem("out_of_memory", size=(size() if callable(size) else size) or 256)

    def free(self) -> None:
        """Drops every model that nobody holds and hands unused memory back."""
        with self._changed:
            dropped = self._drop(lambda entry: True)
        _forget(dropped)

    def forked(self) -> None:
        """To be called first in a process that was forked: threads that held the lock or were loading are not there."""
        self._changed = threading.Condition(threading.RLock())
        self._attempts, self._loader, self._depth = {}, None, 0

    def _take(
        self,
        key: Hashable,
        load: Callable[[], Any],
        size: Callable[[Any], int] | None,
        name: str,
        expect_bytes: int,
    ) -> _Entry:
        me = threading.get_ident()
        with self._changed:
            if key in self._entries:
                return self._hold(key)
            attempt = self._attempts.setdefault(key, _Attempt())
            while self._loader not in (None, me):
                self._changed.wait()
                if key in self._entries:
                    return self._hold(key)
                if attempt.error is not None:
                    raise attempt.error
                # Loaded and dropped again before this thread came to its turn: begin anew.
                if attempt.done:
                    attempt = self._attempts.setdefault(key, _Attempt())
            self._loader, self._depth = me, self._depth + 1
            dropped = self._make_room(expect_bytes)
        try:
            if dropped:
                _forget(dropped)
            entry = _Entry(name, self._load(load, name), size)
            entry.weigh()
        except BaseException as error:
            with self._changed:
                attempt.error = error
                self._leave(key, attempt)
            raise
        with self._changed:
            # Held before anything is dropped, or a model that is larger than the budget would drop itself.
            entry.holders = 1
            self._entries[key] = entry
            dropped = self._make_room(0)
            self._leave(key, attempt)
        if dropped:
            _forget(dropped)
        return entry

    def _leave(self, key: Hashable, attempt: _Attempt) -> None:
        attempt.done = True
        if self._attempts.get(key) is attempt:
            del self._attempts[key]
        self._depth -= 1
        if not self._depth:
            self._loader = None
        self._changed.notify_all()

    def _load(self, load: Callable[[], Any], name: str) -> Any:
        for last in (False, True):
            try:
                return load()
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if last:
                    raise Problem("out_of_memory_loading", model=name) from None
            self.free()

    def _hold(self, key: Hashable) -> _Entry:
        entry = self._entries[key] = self._entries.pop(key)
        entry.holders += 1
        return entry

    def _give_back(self, key: Hashable, entry: _Entry) -> None:
        dropped: list[_Entry] = []
        with self._changed:
            entry.holders -= 1
            if not entry.holders:
                entry.weigh()  # it may have moved to another device meanwhile
                if entry.doomed and self._entries.get(key) is entry:
                    dropped.append(self._entries.pop(key))
                dropped += self._make_room(0)
        if dropped:
            _forget(dropped)

    def _unload(self, which: Callable[[_Entry], bool]) -> bool:
        with self._changed:
            dropped = self._drop(which)
            left = [entry for entry in self._entries.values() if which(entry)]
            for entry in left:
                entry.doomed = True
        if dropped:
            _forget(dropped)
        return not left

    def _drop(self, which: Callable[[_Entry], bool]) -> list[_Entry]:
        keys = [key for key, entry in self._entries.items() if not entry.holders and which(entry)]
        return [self._entries.pop(key) for key in keys]

    def _make_room(self, expect_bytes: int) -> list[_Entry]:
        """Takes out the least recently used that nobody holds until the rest and `expect_bytes` fit the budget.

        Returned, not freed: a model may take long to fall apart, and nobody should wait for that at the lock.
        """
        dropped: list[_Entry] = []
        if not self._entries:
            return dropped
        budget = self.budget_bytes
        while sum(self._union().values()) + expect_bytes > budget:
            key = next((key for key, entry in self._entries.items() if not entry.holders), None)
            if key is None:
                break
            dropped.append(self._entries.pop(key))
        return dropped

    def _union(self) -> dict[Hashable, int]:
        together: dict[Hashable, int] = {}
        for entry in self._entries.values():
            together |= entry.storages
        return together


def _forget(dropped: list[_Entry]) -> None:
    """Lets go of what was taken out; the entries themselves may still be held by a `lend` that is just ending."""
    for entry in dropped:
        entry.value = None
    free_memory()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, in any of the many forms it takes, says that memory ran out."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    # By name, since torch need not be loaded: torch.cuda.OutOfMemoryError and torch.OutOfMemoryError are one class.
    if any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        words in text
        for words in ("not enough memory", "defaultcpuallocator", "out of memory", "can't allocate", "alloc_failed")
    )


def free_memory() -> None:
    """Collects garbage and hands cached GPU memory back; never imports torch."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def bytes_of(value: Any) -> int:
    """Memory in bytes of all tensors of a module, a pipeline, or a dict, list or tuple of those; shared ones once."""
    return sum(_storages(value)[0].values())


def budget_of(settings: Settings) -> int:
    """Bytes that loaded models may take: `Settings.cache_gb`, or half of what the machine (or its free GPU) has."""
    if settings.cache_gb > 0:
        return int(settings.cache_gb * 1e9)
    torch = sys.modules.get("torch")
    # Asking an idle GPU would start it, which costs memory and on ZeroGPU is not allowed outside of a run.
    if torch and settings.device not in ("cpu", "mps") and torch.cuda.is_initialized():
        device = settings.device if settings.device.startswith("cuda") else "cuda"
        return (torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device)) // 2
    return machine_memory() // 2


def machine_memory() -> int:
    """Bytes of main memory that this process may use: the machine's, or less where a container limits it."""
    limits = []
    with contextlib.suppress(AttributeError, ValueError, OSError):
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for place in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            limits.append(int(Path(place).read_text()))
    # Where neither can be asked (Windows), assume a small machine.
    return min((limit for limit in limits if limit > 0), default=8 * 1024**3)


def _storages(value: Any) -> tuple[dict[Hashable, int], str]:
    """Memory blocks under the tensors of `value`: (device, address) -> bytes; and the devices they lie on."""
    storages: dict[Hashable, int] = {}
    devices: set[str] = set()
    for tensor in _tensors(value, set()):
        device = str(tensor.device)
        if device == "meta":
            continue
        devices.add(device)
        try:
            storage = tensor.untyped_storage()
            storages[device, storage.data_ptr()] = storage.nbytes()
        except (RuntimeError, NotImplementedError):  # some tensor subclasses have no storage of their own
            storages[device, id(tensor)] = tensor.element_size() * tensor.numel()
    return storages, ", ".join(sorted(devices))


def _tensors(value: Any, seen: set[int]) -> Iterator[Any]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if hasattr(value, "untyped_storage"):
        yield value
    elif callable(getattr(value, "parameters", None)) and callable(getattr(value, "buffers", None)):
        yield from value.parameters()
        yield from value.buffers()
    elif isinstance(value, dict):
        for part in value.values():
            yield from _tensors(part, seen)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part, seen)
    elif isinstance(getattr(value, "components", None), dict):  # a diffusers pipeline
        yield from _tensors(value.components, seen)
