"""Models in memory: loaded when first lent, shared while in use, given up for others by a budget in bytes.

Main memory and each GPU have a budget of their own: what lies in one takes nothing of the other.
"""

import contextlib
import gc
import threading
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from styleshot_demo.errors import Problem
from styleshot_demo.runtime.device import cuda_has_started, empty_device_cache
from styleshot_demo.runtime.memory import free_memory, is_out_of_memory, machine_memory, memory_of
from styleshot_demo.runtime.storages import (
    bytes_of,  # noqa: F401
    storages_of,
)
from styleshot_demo.settings import Settings

T = TypeVar("T")
GPU_SHARE = 0.75  # of what a GPU has free, for models: the rest is what they compute in


@dataclass(frozen=True)
class Loaded:
    """What is in memory under one name, for the models panel.

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
    blocks: dict[Hashable, tuple[str, int]] = field(default_factory=dict)  # block -> (memory it lies in, its bytes)
    device: str = ""

    def weigh(self) -> None:
        storages, self.device = storages_of(self.value)
        if self.size:
            storages = {id(self): int(self.size(self.value))}
        first = self.device.split(", ")[0] or "cpu"
        self.blocks = {
            block: (memory_of(block[0] if isinstance(block, tuple) else first), size)
            for block, size in storages.items()
        }

    def lies_in(self, memory: str) -> bool:
        return any(place == memory for place, _ in self.blocks.values())


class _Attempt:
    """One try to load a model; everybody who waits for it shares its end."""

    error: BaseException | None = None
    done = False


class ModelCache:
    """Loads models lazily and at most once, lends them, and drops the least recently used that nobody holds.

    Thread-safe. Loads run one at a time, because `from_pretrained` patches globals while it works; lending what is
    already loaded never waits for a load. What runs keep for a next one (`remember`) lies here too, under the same
    budgets.
    """

    def __init__(self, budget_bytes: int | Callable[[str], int]) -> None:
        """`budget_bytes`: for each memory, or a function from a memory ("cpu", "cuda:0") to its budget, which is asked
        when it matters."""
        self._budget = budget_bytes
        self._entries: dict[Hashable, _Entry] = {}  # the most recently used last
        self._attempts: dict[Hashable, _Attempt] = {}
        self._loader: int | None = None  # the thread that loads, and how deep its loads are nested
        self._depth = 0
        self._changed = threading.Condition(threading.RLock())

    @classmethod
    def from_settings(cls, settings: Settings) -> "ModelCache":
        """A cache with the budgets that the settings name."""
        return cls(lambda memory: budget_of(settings, memory))

    def budget_bytes(self, memory: str = "cpu") -> int:
        """How many bytes may be taken in one memory."""
        return int(self._budget(memory) if callable(self._budget) else self._budget)

    def used_bytes(self, memory: str = "cpu") -> int:
        """How many bytes are taken in one memory; tensors that several models share count once."""
        with self._changed:
            return self._used().get(memory, 0)

    def idle_bytes(self, memory: str = "cpu") -> int:
        """How many bytes in one memory would come free if all went that nobody holds."""
        with self._changed:
            held = self._used(lambda entry: entry.holders > 0)
            return self._used().get(memory, 0) - held.get(memory, 0)

    def free_bytes(self, device: str) -> int:
        """Bytes that a job could take now on a torch device: what is free, and what idle models would give up."""
        return free_memory(device) + self.idle_bytes(memory_of(device))

    def make_free(self, device: str, needed: int) -> None:
        """Drops what nobody holds, the least recently used first, until `needed` bytes are free on a torch device."""
        memory = memory_of(device)
        while free_memory(device) < needed:
            with self._changed:
                key = self._oldest_in(memory)
                dropped = [self._entries.pop(key)] if key is not None else []
            if not dropped:
                return
            _forget(dropped)

    @contextlib.contextmanager
    def acquire(
        self,
        key: Hashable,
        load: Callable[[], T],
        size: Callable[[T], int] | None = None,
        *,
        name: str | None = None,
        expect_bytes: int = 0,
        device: str = "cpu",
    ) -> Iterator[T]:
        """Gives the model under `key` for the length of a `with` block, and loads it by `load()` when it is not there.

        Concurrent calls wait for one load; when it fails, all of them see its error, and the next call tries anew.
        `load` may itself acquire other models. A model in use is never dropped. `size` overrides how its memory is
        counted; `expect_bytes` makes room on `device` before the load. Out of memory while loading: everything that
        nobody holds is dropped and `load` is called once more, then `Problem("out_of_memory_loading")`.
        """
        entry = self._take(key, load, size, name or str(key), expect_bytes, memory_of(device))
        try:
            yield entry.value
        finally:
            self._give_back(key, entry)

    def remember(
        self, key: Hashable, value: Any, name: str, most: int, size: Callable[[Any], int] | None = None
    ) -> None:
        """Keeps what a run has computed, for a next one: as any idle model it goes when others need the room.

        Of one `name` the `most` recently used are kept. `size` counts what is no tensor.
        """
        entry = _Entry(name, value, size)
        entry.weigh()
        with self._changed:
            self._entries.pop(key, None)
            self._entries[key] = entry
            same = [other for other, kept in self._entries.items() if kept.name == name]
            dropped = [self._entries.pop(other) for other in same[: max(0, len(same) - most)]]
            dropped += self._make_room(0)
        # Not `_forget`: whoever has just recalled one of these still works with it.
        del dropped

    def recall(self, key: Hashable, keep: bool = True) -> Any:
        """What `remember` has kept under a key; None where it is gone. Without `keep` it is handed over for good."""
        with self._changed:
            entry = self._entries.pop(key, None)
            if entry is None:
                return None
            if keep:
                self._entries[key] = entry
            return entry.value

    def loaded(self) -> list[Loaded]:
        """What is in memory, a row for each name, the most recently used first."""
        rows: dict[str, Loaded] = {}
        with self._changed:
            for entry in reversed(self._entries.values()):
                size = sum(size for _, size in entry.blocks.values())
                in_use, devices = entry.holders > 0, {entry.device}
                if entry.name in rows:
                    row = rows[entry.name]
                    size, in_use, devices = size + row.bytes, in_use or row.in_use, {*devices, *row.device.split(", ")}
                rows[entry.name] = Loaded(entry.name, size, in_use, ", ".join(sorted(filter(None, devices))))
        return list(rows.values())

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
    ) -> Generator[T, None, None]:
        """`with_memory` for something that yields: on the second try it yields from its beginning again."""
        for attempt in (work, again or work):
            try:
                iterator = iter(attempt())
                try:
                    yield from iterator
                finally:
                    close = getattr(iterator, "close", None)
                    if close is not None:
                        close()
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

    def reset_after_fork(self) -> None:
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
        memory: str,
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
            dropped = self._make_room(expect_bytes, memory)
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

    def _make_room(self, expect_bytes: int, memory: str = "cpu") -> list[_Entry]:
        """Takes out the least recently used that nobody holds until each memory keeps to its budget, with
        `expect_bytes` more in one of them.

        Returned, not freed: a model may take long to fall apart, and nobody should wait for that at the lock.
        """
        dropped: list[_Entry] = []
        used = self._used()
        for place in {memory, *used} if self._entries else ():
            budget, expected = self.budget_bytes(place), expect_bytes if place == memory else 0
            while used.get(place, 0) + expected > budget:
                key = self._oldest_in(place)
                if key is None:
                    break
                dropped.append(self._entries.pop(key))
                used = self._used()
        return dropped

    def _oldest_in(self, memory: str) -> Hashable | None:
        """The key of the least recently used that nobody holds and that has something in a memory."""
        return next((key for key, entry in self._entries.items() if not entry.holders and entry.lies_in(memory)), None)

    def _used(self, which: Callable[[_Entry], bool] = lambda entry: True) -> Mapping[str, int]:
        """Memory -> bytes taken there."""
        together: dict[Hashable, tuple[str, int]] = {}
        for entry in self._entries.values():
            if which(entry):
                together |= entry.blocks
        used: dict[str, int] = {}
        for memory, size in together.values():
            used[memory] = used.get(memory, 0) + size
        return used


def _forget(dropped: list[_Entry]) -> None:
    """Lets go of what was taken out; the entries themselves may still be held by an `acquire` that is just ending."""
    for entry in dropped:
        entry.value = None
    gc.collect()
    empty_device_cache()


def budget_of(settings: Settings, memory: str = "cpu") -> int:
    """Bytes that loaded models may take in one memory.

    `Settings.cache_gb` where that is set; else half of main memory, and of a GPU `GPU_SHARE` of what other programs
    leave of it.
    """
    if settings.cache_gb > 0:
        return int(settings.cache_gb * 1e9)
    if memory == "cpu":
        return machine_memory() // 2
    # Asking an idle GPU would start it, which costs memory and on ZeroGPU is not allowed outside of a lease.
    if not cuda_has_started():
        return 2**62
    import torch

    return int(GPU_SHARE * (torch.cuda.mem_get_info(memory)[0] + torch.cuda.memory_reserved(memory)))
