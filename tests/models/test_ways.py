"""Downloads over slow hubs and through proxies."""

import re
import select
import socket
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import pytest
from models.conftest import FakeHub

from styleshot_demo.errors import Problem
from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS, Model, ModelFile
from styleshot_demo.models.transfer import Timeouts
from styleshot_demo.settings import Settings

CONTENT = b"\x80" + bytes(5000)
FILE = ModelFile("me/thing", "c" * 40, "thing.bin", len(CONTENT), sha256=None)
THING = Model("thing", "The thing", "For tests.", "None", (FILE,))
QUICK = Timeouts(connect=20, reach=20, stall=20, tries=2, pause=0.01)  # a busy machine must not decide a test


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """No proxy but those that a test sets, and a new HTTP client for each test, since a client keeps its proxies."""
    from huggingface_hub import close_session, constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setitem(MODELS, "thing", THING)
    close_session()
    yield
    close_session()


@pytest.fixture
def server(serve):
    return serve({"me/thing/thing.bin": CONTENT})


@pytest.fixture
def settings(tmp_path):
    return Settings(models=tmp_path / "models")


def by_way_of(monkeypatch, name, proxy):
    """Sets the variable; a client that a thread of another test may have made since would not know."""
    from huggingface_hub import close_session

    monkeypatch.setenv(name, proxy)
    close_session()


def problem(settings, endpoint, patience=QUICK) -> Problem:
    with pytest.raises(Problem) as caught:
        hub.fetch(THING, settings, endpoint=endpoint, patience=patience)
    return caught.value


# Slow hubs ----------------------------------------------------------------------------------------------------------


def test_a_hub_that_takes_more_than_three_seconds_to_answer_is_waited_for(server, settings):
    server.slow = [3.3]
    assert hub.fetch(THING, settings, endpoint=server.url).here


def test_the_limits_are_those_that_the_hub_s_library_is_told(server, settings, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.2)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 7)
    patience = Timeouts.of_the_hub()
    assert (patience.reach, patience.stall) == (0.2, 7)
    server.hang = True
    began = time.monotonic()
    told = problem(settings, server.url, Timeouts(reach=0.2, pause=0.01))
    assert told.key == "server_silent" and "HF_HUB_ETAG_TIMEOUT" in told.todo and time.monotonic() - began < 3


def test_a_hub_that_did_not_answer_in_time_is_asked_again(server, settings):
    server.slow = [0.6]
    patience = Timeouts(reach=0.3, pause=0.01)
    assert hub.fetch(THING, settings, endpoint=server.url, patience=patience).here
    assert server.requests["HEAD"] == 2


def test_while_a_hub_thinks_a_download_can_be_stopped(server, settings):
    server.hang = True
    with closing(hub.fetching(THING, settings, endpoint=server.url)) as steps:
        began = time.monotonic()
        assert next(steps).done == 0
        steps.close()
    assert time.monotonic() - began < 2


# Proxies ------------------------------------------------------------------------------------------------------------


class Proxy:
    """An HTTP proxy on this machine; whatever is asked for, it asks `target` instead."""

    def __init__(self, target: FakeHub, status: int | None = None) -> None:
        self.asked = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                proxy.asked.append(self.path)
                if status:
                    self.send_error(status)
                    return
                address = re.sub(r"^http://[^/]+", target.url, self.path)
                open_it = build_opener(ProxyHandler({}), NoRedirect)
                with open_it.open(Request(address, method=self.command)) as answer:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(answer.read())

            do_HEAD = do_GET

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


class NoRedirect(HTTPRedirectHandler):
    def http_error_302(self, request, answer, *_):
        return answer


def test_a_download_goes_through_the_proxy(server, settings, monkeypatch):
    proxy = Proxy(server)
    by_way_of(monkeypatch, "http_proxy", f"http://127.0.0.1:{proxy.server.server_port}")
    # A name that only the proxy knows.
    assert hub.fetch(THING, settings, endpoint="http://hub.example", patience=QUICK).here
    proxy.server.shutdown()
    assert [path.startswith("http://hub.example/me/thing/resolve/") for path in proxy.asked[:2]] == [True, True]


def test_a_download_goes_through_a_proxy_of_the_kind_socks(server, settings, monkeypatch):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=socks, args=(listening, server, asked), daemon=True).start()
        by_way_of(monkeypatch, "ALL_PROXY", f"socks5://127.0.0.1:{listening.getsockname()[1]}")
        assert hub.fetch(THING, settings, endpoint="http://hub.example", patience=QUICK).here
    assert asked[0] == b"hub.example"


def socks(listening: socket.socket, target: FakeHub, asked: list[bytes]) -> None:
    """A SOCKS5 proxy without passwords; whatever is asked for, it connects to `target` instead."""

    def carry(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", int(target.url.rsplit(":", 1)[1]))) as there:
            client.recv(2 + client.recv(2, socket.MSG_PEEK)[1])
            client.sendall(b"\x05\x00")
            request = client.recv(262)
            asked.append(request[5:-2])
            client.sendall(b"\x05\x00\x00\x01" + bytes(6))
            while True:
                for end in select.select([client, there], [], [])[0]:
                    if not (data := end.recv(65536)):
                        return
                    (there if end is client else client).sendall(data)

    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=carry, args=(client,), daemon=True).start()


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("http_proxy", "http://name:secret@127.0.0.1:{closed}", "proxy_unreachable"),
        ("ALL_PROXY", "socks4://name:secret@127.0.0.1:9", "proxy_unusable"),
        ("SSL_CERT_FILE", "/nonexistent/ca.pem", "certificates_unusable"),
    ],
)
def test_what_is_wrong_with_the_surroundings_is_said(server, settings, monkeypatch, name, value, key):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    by_way_of(monkeypatch, name, value.format(closed=closed))
    told = problem(settings, server.url)
    assert told.key == key and "secret" not in str(told)
    assert ("SSL_CERT_FILE" if name == "SSL_CERT_FILE" else "http_proxy") in told.todo
    assert not server.requests


def test_a_proxy_that_refuses(server, settings, monkeypatch):
    proxy = Proxy(server, status=407)
    by_way_of(monkeypatch, "http_proxy", f"http://127.0.0.1:{proxy.server.server_port}")
    assert problem(settings, server.url).key == "proxy_unusable"
    proxy.server.shutdown()
