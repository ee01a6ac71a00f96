"""What surrounds Gradio: a folder that is ours alone, an address to listen on, and nobody between the page and itself.

Gradio reads some of this while it is imported, so `prepare` comes first of all (`ui/__init__.py`).
"""

import atexit
import contextlib
import errno
import getpass
import inspect
import os
import re
import shutil
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from styleshot_demo.errors import Problem

FOLDER = "GRADIO_TEMP_DIR"  # the environment variable by which Gradio is told where uploads and results go
_ABANDONED = 12 * 3600  # seconds without a change, after which a folder whose process is gone is removed

# What is in force while Gradio is imported and launched. It then asks nothing but its own page; yet a proxy, or a file
# of certificates that is gone, would keep even that from being asked, and GRADIO_DEBUG would never let `launch` return.
_DIRECT = {"no_proxy": "*", "NO_PROXY": "*", "SSL_CERT_FILE": None, "SSL_CERT_DIR": None, "GRADIO_DEBUG": None}
_made: dict[int, Path] = {}  # process -> the folder that it has made


@contextlib.contextmanager
def without_proxy() -> Iterator[None]:
    """Inside, HTTP clients use no proxy and no certificates of the environment."""
    before = {name: os.environ.get(name) for name in _DIRECT}
    _set(_DIRECT)
    try:
        yield
    finally:
        _set(before)


@contextlib.contextmanager
def without_stubs() -> Iterator[None]:
    """Inside, Gradio writes no stub file (`.pyi`) for the class of a component.

    It reads, parses and compares one for each of its components whenever it is imported, which is much of what that
    takes, and writes one beside every module that subclasses a component; editors alone have a use for them. For a
    class of which no file can be told it writes none.
    """
    getfile = inspect.getfile

    def told(thing: Any) -> str:
        if sys._getframe(1).f_globals.get("__name__") == "gradio.component_meta":
            raise OSError
        return getfile(thing)

    with patch("inspect.getfile", told):
        yield


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


# The folder ---------------------------------------------------------------------------------------------------------


def prepare() -> None:
    """Gives Gradio a folder of our own, unless the host has named one. `Problem` where there is no place for any."""
    if not os.environ.get(FOLDER):
        folder = new_folder()
        os.environ[FOLDER] = str(folder)
        _made[os.getpid()] = folder
        atexit.register(clear)


def new_folder() -> Path:
    """A new folder that only this user can enter, below one that this user's processes share.

    By itself Gradio takes one folder for all users of a machine, which belongs to whoever came first.
    """
    try:
        home = Path(tempfile.gettempdir()).resolve()
        shared = home / f"styleshot_demo-{_user()}"
        for _ in range(3):  # another process of ours may remove the empty folder at any time
            if not _ours(shared):
                return Path(tempfile.mkdtemp(prefix="styleshot_demo-", dir=home))
            _remove_abandoned(shared)
            with contextlib.suppress(FileNotFoundError):
                return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=shared))
        return Path(tempfile.mkdtemp(prefix="styleshot_demo-", dir=home))
    except OSError:
        raise Problem("no_temporary_folder") from None


def clear() -> None:
    """Removes all uploads and results, if their folder is one that `prepare` has made in this very process."""
    folder = _made.get(os.getpid())  # a forked child must not take the folder away from its parent
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()  # that of this user, when nothing else is in it


def check_folder() -> None:
    """`Problem` where uploads cannot be written into the folder that the host has named."""
    folder = Path(os.environ[FOLDER])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        os.unlink(name)
    except OSError:
        raise Problem("no_temporary_folder") from None


def _user() -> str:
    if hasattr(os, "getuid"):
        return str(os.getuid())
    try:
        return re.sub(r"[^\w-]+", "-", getpass.getuser())
    except Exception:  # what it raises for a user without a name differs between versions of Python
        return "user"


def _ours(folder: Path) -> bool:
    """Makes the folder where there is none; whether it belongs to this user alone, and is no link to elsewhere."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True  # Windows has a temporary folder for each user
    if state.st_uid != os.getuid():
        return False
    if state.st_mode & 0o077:
        folder.chmod(0o700)
    return True


def _remove_abandoned(shared: Path) -> None:
    """Removes what processes have left that were ended by force."""
    import psutil

    for folder in shared.iterdir():
        number = folder.name.partition("-")[0]
        with contextlib.suppress(OSError):
            quiet = time.time() - folder.stat().st_mtime > _ABANDONED
            if number.isdecimal() and quiet and not psutil.pid_exists(int(number)):
                shutil.rmtree(folder, ignore_errors=True)


# The address --------------------------------------------------------------------------------------------------------


def written(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def url(host: str, port: int) -> str:
    """Where a browser on this machine finds a page that listens on that host."""
    return f"http://{written({'0.0.0.0': '127.0.0.1', '::': '::1'}.get(host, host))}:{port}"


def check_address(host: str, port: int) -> None:
    """`Problem` where nothing can listen there, with the reason; Gradio itself only says that it does not work."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise Problem("address_foreign", host=host) from None
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as trial:
                if os.name != "nt":  # there it would mean to take the address away from another program
                    trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                trial.bind(address)
        except PermissionError:
            raise Problem("port_forbidden", port=port) from None
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise Problem("address_foreign", host=host) from None
            raise Problem("address_taken", host=written(host), port=port) from None
