"""The one place where an exception becomes something a person reads."""

import html
import logging
import secrets
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from styleshot_demo.errors import Problem
from styleshot_demo.ui import words

log = logging.getLogger(__name__)


def explain(error: BaseException, language: str) -> tuple[str, str]:
    """(what is wrong, what to do). What is not a `Problem` is logged in full and shown by a reference id alone."""
    if not isinstance(error, Problem):
        reference = secrets.token_hex(4)
        log.error("unexpected error, reference %s", reference, exc_info=error)
        error = Problem("unexpected", reference=reference)
    return words.problem(language, error)


def as_html(error: BaseException, language: str) -> str:
    """`explain` as a message that screen readers announce at once."""
    what, todo = (html.escape(sentence) for sentence in explain(error, language))
    return f'<div class="message problem" role="alert"><strong>{what}</strong> {todo}</div>'


def note(text: str, kind: str = "note") -> str:
    """A quiet message; screen readers announce it when they have a moment."""
    return f'<div class="message {kind}" role="status">{html.escape(text)}</div>'


def guarded(on_problem: Callable[[str], Any]) -> Callable[[Callable[..., Iterator[Any]]], Callable[..., Iterator[Any]]]:
    """Makes an event handler safe: a generator whose first argument is the language.

    Whatever it raises ends as one last yield of `on_problem(message in HTML)`. Closing it (cancel button, closed tab)
    closes the handler too.
    """

    def decorate(handler: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        @wraps(handler)
        def safe(language: str, *arguments: Any) -> Iterator[Any]:
            try:
                yield from handler(words.known(language), *arguments)
            except Exception as error:
                yield on_problem(as_html(error, language))

        return safe

    return decorate
