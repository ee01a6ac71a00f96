"""Generators that return something at their end: run to it, or with what they yield changed."""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")


def mapped(progress: Generator[S, None, T], change: Callable[[S], Any]) -> Generator[Any, None, T]:
    """The same generator with each value that it yields changed; closing this one closes that."""
    try:
        while True:
            yield change(next(progress))
    except StopIteration as end:
        return end.value
    finally:
        progress.close()


def finished(progress: Generator[Any, None, T]) -> T:
    """Runs a generator to its end, and returns what it returns."""
    try:
        while True:
            next(progress)
    except StopIteration as end:
        return end.value
    finally:
        progress.close()
