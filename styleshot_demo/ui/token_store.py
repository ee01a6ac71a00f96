"""What pages that are loaded anew may have back, by a token that the browser's window holds."""

import threading
from typing import Any, Generic, TypeVar

MOST = 256  # that are known of, of all visitors

T = TypeVar("T")


class TokenStore(Generic[T]):
    """The last ones of all visitors, the most recently used last. Nobody can guess a token."""

    def __init__(self) -> None:
        self._known: dict[str, T] = {}
        self._lock = threading.Lock()

    def add(self, token: str, kept: T) -> T:
        """Keeps one, and forgets the one that nobody has asked for longest if there are too many."""
        with self._lock:
            self._known.pop(token, None)
            self._known[token] = kept
            while len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return kept

    def find(self, token: Any) -> T | None:
        """The one with that token, which anybody may have sent."""
        with self._lock:
            kept = self._known.pop(token, None) if isinstance(token, str) else None
            if kept is not None:
                self._known[token] = kept
        return kept
