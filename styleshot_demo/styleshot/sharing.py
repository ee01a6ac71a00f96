"""Networks are lent to several runs: what one changes in them for a moment, it changes alone."""

import threading
import weakref
from typing import Any

_locks: "weakref.WeakKeyDictionary[Any, threading.RLock]" = weakref.WeakKeyDictionary()
_guard = threading.Lock()


def exclusive(shared: Any) -> "threading.RLock":
    """The lock of a shared object, to be held while that is changed and used: `with exclusive(unet): ...`.

    Never to be held over a `yield`: who asked for the next step may not come back for a long time.
    """
    with _guard:
        return _locks.setdefault(shared, threading.RLock())
