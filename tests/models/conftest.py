"""A server on this machine that answers like the Hugging Face Hub's `resolve` addresses, with faults on request."""

import hashlib
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest


class FakeHub:
    """Serves `files` ("org/name/path" -> content); large ones redirect to a second address, as the real one does.

    What may be set between requests:
    head_status, get_status  answer with this instead of 200
    served                   "org/name/path" -> other content than the headers promise
    cut_after                close the connection after so many bytes of a body, as often as `cuts` says
    stall_after              stop sending after so many bytes of a body until the server is closed, `stalls` times
    hang                     accept a request and never answer
    slow                     seconds before each answer, one after another; then answer at once
    no_ranges                ignore ranges
    other_ranges             answer a range with one that begins at the first byte
    large                    bytes from which on the etag is a SHA-256
    """

    def __init__(self, files):
        self.files = files
        self.head_status = self.get_status = 200
        self.served = {}
        self.cut_after = self.stall_after = None
        self.cuts = self.stalls = 10**9
        self.hang = self.no_ranges = self.other_ranges = False
        self.slow = []
        self.large = 1000
        self.requests = Counter()
        self.ranges = []
        self.closing = threading.Event()
        self.sent = threading.Event()  # set as soon as a stall has begun
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_HEAD(self):
                hub._answer(self, body=False)

            def do_GET(self):
                hub._answer(self, body=True)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler, body):
        self.requests["GET" if body else "HEAD"] += 1
        if self.hang:
            self.closing.wait(20)
            handler.close_connection = True
            return
        if self.slow:
            self.closing.wait(self.slow.pop(0))
        status = self.get_status if body else self.head_status
        path = unquote(handler.path.partition("?")[0]).lstrip("/")
        cdn = path.startswith("cdn/")
        if cdn:
            name, revision = path.removeprefix("cdn/"), ""
        else:
            repo, _, rest = path.partition("/resolve/")
            revision, _, file = rest.partition("/")
            name = f"{repo}/{file}"
        if status == 200 and name not in self.files:
            status = 404
        if status != 200:
            handler.send_response(status)
            if status == 404:
                handler.send_header("X-Error-Code", "EntryNotFound")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        promised = self.files[name]
        digest = hashlib.sha256(promised).hexdigest() if len(promised) >= self.large else "1" * 40
        if not cdn and len(promised) >= self.large:
            handler.send_response(302)
            # By another name of this machine, since the hub's library follows a HEAD only within one host.
            handler.send_header("Location", f"{self.url.replace('127.0.0.1', 'localhost')}/cdn/{name}")
            handler.send_header("X-Linked-Size", str(len(promised)))
            handler.send_header("X-Linked-Etag", f'"{digest}"')
            handler.send_header("X-Repo-Commit", revision)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        content, start = self.served.get(name, promised), 0
        wanted = handler.headers.get("Range")
        if wanted:
            self.ranges.append(wanted)
        if wanted and not self.no_ranges:
            start = 0 if self.other_ranges else int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                handler.send_response(416)
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                return
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            handler.send_response(200)
        handler.send_header("ETag", f'"{digest}"')
        handler.send_header("X-Repo-Commit", revision)
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        if body:
            self._send(handler, content[start:])

    def _send(self, handler, content):
        if self.cut_after is not None and self.cuts > 0:
            self.cuts -= 1
            handler.wfile.write(content[: self.cut_after])
            handler.close_connection = True
        elif self.stall_after is not None and self.stalls > 0:
            self.stalls -= 1
            handler.wfile.write(content[: self.stall_after])
            handler.wfile.flush()
            self.sent.set()
            self.closing.wait(20)
            handler.close_connection = True
        else:
            handler.wfile.write(content)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A user who has not run the program yet; returns the folder for what is the program's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "styleshot_demo"


@pytest.fixture
def serve():
    """`serve(files)` starts a `FakeHub`; it is closed after the test."""
    servers = []

    def start(files):
        servers.append(FakeHub(files))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
