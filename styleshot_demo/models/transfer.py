"""Brings one file over HTTP: resumable, verified, cancellable, and never in use before it is whole.

Why not `hf_hub_download` (huggingface_hub 2.4) in a process that is killed to stop it: it begins each file anew after a
stop, and a kill leaves `blobs/*.incomplete` for good; nothing compares the SHA-256; no network is said after 26 s (here
3 s at most), a hub that never answers not within 130 s (here 32 s); it counts in pieces of 10 MiB, and gives up on a
connection that is cut every 4 MiB. Its private `http_get` resumes, but with the same pieces and retries. It takes
hf_xet where the hub offers that, which does not resume either, held 430 MB of memory, and said nothing in 90 s of a
storage that could not be reached; over HTTP, as here, the same file came.
"""

import contextlib
import errno
import hashlib
import math
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from styleshot_demo.atomic import put
from styleshot_demo.errors import Problem

T = TypeVar("T")
_BEAT = 0.25  # seconds: how often a waiting download lets its caller look up, and be cancelled
_BLOCK = 4 * 1024 * 1024
_FROM_THE_START: Any = object()  # in place of a piece: those that follow are the file's from its first byte on
_PASSING = ("server_error", "server_silent", "download_cut")  # keys of problems that may be gone at the next try


@dataclass(frozen=True)
class Timeouts:
    """How long to wait, in seconds, before saying that something is wrong.

    connect  until the server is found and takes the connection; without a network, this is what one waits
    reach    for its answer to a question, once connected: a hub that is busy may take ten seconds
    stall    without a single byte of a file
    tries    how often to ask again, or to go on where it stopped when no byte came since the last try
    pause    between two tries
    """

    connect: float = 3.0
    reach: float = 10.0
    stall: float = 10.0
    tries: int = 3
    pause: float = 1.0

    @classmethod
    def of_the_hub(cls) -> "Timeouts":
        """What HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT ask for, by which people know the hub's library."""
        from huggingface_hub import constants

        return cls(reach=constants.HF_HUB_ETAG_TIMEOUT, stall=constants.HF_HUB_DOWNLOAD_TIMEOUT)


@dataclass(frozen=True)
class FileHeader:
    """What the server says of a file before it is fetched: size in bytes and SHA-256, None where it does not say."""

    bytes: int | None
    sha256: str | None


def part_of(target: Path) -> Path:
    """The temporary name of a file while it arrives."""
    return target.with_name(f".{target.name}.part")


def asking(url: str, name: str, done: int, patience: Timeouts) -> Generator[int, None, FileHeader]:
    """Asks the server for size and hash of a file; yields `done` while it waits, and returns what is offered.

    Gives up after `patience.connect` where nobody is there, whatever hangs (DNS included); asks a server again that is
    there but does not answer. Every failure is a `Problem`.
    """
    metadata = None
    for left in reversed(range(patience.tries)):
        try:
            yield from _answer(_look_up(url), url, name, done, patience.connect)
            metadata = yield from _answer(_metadata(url, patience), url, name, done)
            break
        except Problem as problem:
            if not left or problem.key not in _PASSING:
                raise
        yield from _wait(patience.pause, done)
    assert metadata is not None  # else the last try has raised
    etag = (metadata.etag or "").strip('"').lower()
    # The hub's etag of a large file is its SHA-256; that of a small one is a git hash of 40 digits.
    known = len(etag) == 64 and not set(etag) - set("0123456789abcdef")
    return FileHeader(metadata.size, etag if known else None)


def fetch_file(
    url: str,
    target: Path,
    *,
    name: str,
    bytes: int | None,
    sha256: str | None,
    patience: Timeouts,
) -> Generator[int, None, str]:
    """Downloads `url` to `target`; yields the bytes there so far (also while nothing comes) and returns the SHA-256.

    A part that an earlier, broken-off download left is continued. Only when size and hash are right does the file get
    its name. Closing the generator stops the download and keeps the part. Every failure is a `Problem`.
    """
    part = part_of(target)
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        hashing, done = hashlib.sha256(), 0
        if bytes is not None and part.exists() and part.stat().st_size > bytes:
            part.unlink()
        with part.open("ab+") as file:
            file.seek(0)
            while block := file.read(_BLOCK):
                hashing.update(block)
                done += len(block)
                yield done
            tries, furthest = 0, done
            while done != bytes:
                stalled = Problem("server_stalled", host=_host(url))
                try:
                    coming = _watched(_pieces(url, done, patience), url, name, patience.stall, stalled)
                    with contextlib.closing(coming):
                        for piece in coming:
                            if piece is _FROM_THE_START:
                                file.truncate(0)
                                hashing, done = hashlib.sha256(), 0
                            elif piece:
                                file.write(piece)
                                hashing.update(piece)
                                done += len(piece)
                                if bytes is not None and done > bytes:
                                    raise _Unlike
                            yield done
                    if bytes is None:
                        bytes = done
                    failure = Problem("download_cut", host=_host(url))
                except Problem as problem:
                    if problem.key not in (*_PASSING, "server_stalled", "no_network"):
                        raise
                    failure = problem
                if done != bytes:
                    # Further than ever, not further than last time: a server may send the same beginning for ever.
                    tries, furthest = (1, done) if done > furthest else (tries + 1, furthest)
                    if tries >= patience.tries:
                        raise failure
                    yield from _wait(patience.pause, done)
            file.flush()
            os.fsync(file.fileno())
        digest = hashing.hexdigest()
        if sha256 is not None and digest != sha256:
            raise _Unlike
        put(part, target)
        return digest
    except _Unlike:
        # Nothing of it can be trusted, so the next try has to begin anew.
        part.unlink(missing_ok=True)
        raise Problem("wrong_hash", file=name) from None
    except OSError as error:
        raise disk_problem(error) from error


def disk_problem(error: OSError) -> Problem:
    """The `Problem` behind an error while writing."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Problem("disk_full")
    return Problem("models_folder_locked")


class _Unlike(Exception):
    """The file is not the one that was promised."""


def _watched(
    work: Generator[T, None, None], url: str, name: str, seconds: float, late: Problem
) -> Generator[T | None, None, None]:
    """Whatever `work` yields in a thread of its own, and None whenever nothing came for a beat.

    So whoever iterates is never blocked for longer. What fails in `work` is raised as a `Problem`, and `late` when
    nothing came for `seconds`. Closing it lets the thread end, which it does at its next item or time-out.
    """
    items: queue.Queue[Any] = queue.Queue(maxsize=64)
    stopped = threading.Event()

    def hand(item: Any) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                return items.put(item, timeout=_BEAT)

    def run() -> None:
        try:
            with contextlib.closing(work):
                for item in work:
                    hand(item)
                    if stopped.is_set():
                        return
            hand(None)
        except BaseException as error:
            hand(error)

    threading.Thread(target=run, name="download", daemon=True).start()
    last = time.monotonic()
    try:
        while True:
            try:
                item = items.get(timeout=min(_BEAT, seconds))
            except queue.Empty:
                if time.monotonic() - last >= seconds:
                    raise late from None
                yield None
                continue
            if item is None:
                return
            if isinstance(item, Problem):
                raise item
            if isinstance(item, BaseException):
                raise _problem(item, url, name) from item
            yield item
            last = time.monotonic()
    finally:
        stopped.set()


def _answer(
    question: Generator[T, None, None], url: str, name: str, done: int, seconds: float = math.inf
) -> Generator[int, None, T]:
    """The one thing that `question` yields; yields `done` at every beat until then."""
    coming = _watched(question, url, name, seconds, _problem(TimeoutError(), url, name))
    with contextlib.closing(coming):
        while (answer := next(coming)) is None:
            yield done
    return answer


def _pieces(url: str, start: int, patience: Timeouts) -> Generator[Any, None, None]:
    """The body of a GET request from byte `start` on; `_FROM_THE_START` comes first where the server begins anew."""
    from huggingface_hub import get_session
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    # No compression: only then are the bytes on their way those of the file, and ranges mean what they say.
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    # The thread must outlive the watch a little, or a stall would look like a cut.
    with get_session().stream("GET", url, headers=headers, timeout=patience.stall * 2) as response:
        begins = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        if start and (response.status_code == 416 or (response.status_code == 206 and not begins)):
            # The part is longer than the file, or the server has no ranges that can be relied on.
            yield _FROM_THE_START
            raise Problem("download_cut", host=_host(url))
        hf_raise_for_status(response)
        if start and response.status_code != 206:
            yield _FROM_THE_START
        yield from response.iter_raw()


def _wait(seconds: float, done: int) -> Generator[int, None, None]:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _BEAT))
        yield done


def _look_up(url: str) -> Generator[list[Any], None, None]:
    """Asks the name service for whoever has to be connected to; no time limit of an HTTP client holds for that."""
    parts = urlsplit(_proxy(url) or url)
    yield socket.getaddrinfo(parts.hostname, parts.port)


def _metadata(url: str, patience: Timeouts) -> Generator[Any, None, None]:
    """What the hub says of a file."""
    import httpx2
    from huggingface_hub import get_hf_file_metadata

    limits = httpx2.Timeout(patience.reach, connect=patience.connect)
    yield get_hf_file_metadata(url, timeout=cast(Any, limits))


def _problem(error: BaseException, url: str, name: str) -> Problem:
    """The `Problem` behind a failed request."""
    host, proxy = _host(url), _proxy(url)
    status = getattr(getattr(error, "response", None), "status_code", None)
    kind = type(error).__name__
    if status in (401, 403):
        return Problem("access_refused", host=host, file=name)
    if status in (404, 410):
        return Problem("file_gone", host=host, file=name)
    if status == 407 and proxy:
        return Problem("proxy_unusable", proxy=_host(proxy))
    if status is not None:
        return Problem("server_error", host=host, status=status)
    if kind in ("RemoteProtocolError", "ReadError"):
        return Problem("download_cut", host=host)
    if kind in ("ReadTimeout", "WriteTimeout", "PoolTimeout"):
        return Problem("server_silent", host=host)
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in _causes(error)):
        return Problem("certificate_unknown", host=host)
    named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
    if named and isinstance(error, FileNotFoundError | ssl.SSLError):
        return Problem("certificates_unusable")
    if proxy and (isinstance(error, ValueError | ImportError) or kind == "ProxyError"):
        return Problem("proxy_unusable", proxy=_host(proxy))
    return Problem("proxy_unreachable", proxy=_host(proxy)) if proxy else Problem("no_network", host=host)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _proxy(url: str) -> str | None:
    """The proxy that requests to `url` go through."""
    parts = urlsplit(url)
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or proxy_bypass(parts.hostname or ""):
        return None
    return found if "://" in found else f"http://{found}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
