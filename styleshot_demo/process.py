"""How a program of ours begins, and ends when it is told to; the package does nothing of this to other programs."""

import contextlib
import getpass
import io
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

_interrupted = threading.Event()
TOLD = 128  # added to a signal's number, as shells do


def stop_silently() -> None:
    """From now on until `begin` Ctrl-C ends the process at once: while it imports there is nothing to put away."""
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)


def _stop(number: int, _: FrameType | None) -> NoReturn:
    os._exit(TOLD + number)


def begin() -> None:
    """Called first of all by the command line and by app.py."""
    _have_streams()
    _end_in_order()
    _be_somebody()
    # The hub's library would ask the hub something of its own first, inside of our time limits.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # OpenCV's own threads go on waiting busily for a while after each of its calls, and slow down torch's by a tenth.
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file name may hold what the terminal cannot show
            stream.reconfigure(errors="backslashreplace")


def _have_streams() -> None:
    """Where stdout or stderr was closed, what is said goes nowhere; where stderr takes no more, nothing else does."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the program
            os.set_inheritable(stream.fileno(), True)  # it may have the number that was free
            setattr(sys, name, stream)
    if type(sys.stderr) is io.TextIOWrapper:
        sys.stderr = sys.__stderr__ = _Stderr(sys.stderr.detach(), sys.stderr.encoding, line_buffering=True)


class _Stderr(io.TextIOWrapper):
    """What cannot be said, on a full disk say, is no reason to stop the work."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError:
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def _end_in_order() -> None:
    """From now on the signals that ask a program to end raise `SystemExit` in the main thread; a second one kills.

    Without that, SIGTERM ends Python at once, and temporary folders of gigabytes stay. Ctrl-C already raises.
    """
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):  # each system knows some of them
        number = getattr(signal, name, None)
        # One that is ignored stays so: that is what nohup does.
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _end)
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _stop):
        signal.signal(signal.SIGINT, _interrupt)


def interrupted() -> bool:
    """Whether Ctrl-C was pressed: a library that is just being imported may have swallowed the exception."""
    return _interrupted.is_set()


def _interrupt(number: int, frame: FrameType | None) -> None:
    _interrupted.set()
    signal.signal(number, signal.default_int_handler)  # the second time in any case
    raise KeyboardInterrupt


def _be_somebody() -> None:
    """Many containers run as a user without name and home. Then "~" stays as it is, and libraries make a folder of that
    name in the current one; others ask for the user's name while they are imported, and fail. A home that is not there
    only means that nothing is kept."""
    if os.path.expanduser("~").startswith("~"):
        os.environ["USERPROFILE" if os.name == "nt" else "HOME"] = os.path.join(os.path.abspath(os.sep), "nonexistent")
    try:
        getpass.getuser()
    except Exception:  # KeyError, OSError or ImportError, by the version of Python and the system
        os.environ["USER"] = "user"


def _end(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise SystemExit(TOLD + number)


def end_within(seconds: float) -> None:
    """Lets the process end after `seconds` whatever happens until then; a second Ctrl-C kills it."""

    def wait() -> None:
        time.sleep(seconds)
        leave()

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=wait, name="deadline", daemon=True).start()


def leave() -> NoReturn:
    """Ends the process as done, without taking Python apart: PyTorch aborts if a thread still computes meanwhile."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)
