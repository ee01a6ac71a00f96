"""Downloads from a server on this machine that misbehaves in every way a server can."""

import errno
import hashlib
import json
import os
import random
import socket
import threading
import time
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from styleshot_demo.errors import Problem
from styleshot_demo.models import app_cache, hub, transfer
from styleshot_demo.models.catalogue import MODELS, Model, ModelFile
from styleshot_demo.models.hub import fetch, fetching, find, plan
from styleshot_demo.models.transfer import Timeouts, part_of
from styleshot_demo.settings import Settings

COMMIT = "c" * 40
QUICK = Timeouts(reach=5.0, stall=1.0, tries=3, pause=0.01)


def weights(size: int, seed: int) -> bytes:
    """A whole safetensors file of about `size` bytes."""
    header = json.dumps({"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return len(header).to_bytes(8, "little") + header + random.Random(seed).randbytes(size)


BIG, SMALL, CONFIG = weights(600_000, 1), weights(30_000, 2), b'{"a": 1}'
FILES = {"me/thing/big.safetensors": BIG, "me/thing/sub/small.safetensors": SMALL, "me/thing/config.json": CONFIG}


def file(path: str, content: bytes, **other) -> ModelFile:
    known = {"sha256": hashlib.sha256(content).hexdigest()} | other
    return ModelFile("me/thing", COMMIT, path, len(content), **known)


THING = Model(
    "thing",
    "The thing",
    "For tests.",
    "None",
    (
        file("config.json", CONFIG, sha256=None),
        file("big.safetensors", BIG),
        file("sub/small.safetensors", SMALL),
    ),
)
ONE = replace(THING, files=(THING.files[1],))


@pytest.fixture
def server(serve):
    return serve(dict(FILES))


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """An empty Hugging Face cache, and no setting of the surroundings that keeps the hub's library from working."""
    from huggingface_hub import constants, get_hf_file_metadata, get_session

    assert get_hf_file_metadata and get_session()  # imported now, so that no test measures that
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(MODELS, "thing", THING)


@pytest.fixture
def settings(tmp_path):
    return Settings(models=tmp_path / "models")


def target(settings: Settings, path: str = "big.safetensors") -> Path:
    return settings.models / "models--me--thing" / "snapshots" / COMMIT / path


def problem(model: Model, settings: Settings, server, patience: Timeouts = QUICK) -> str:
    """The key of the problem that a download ends with; checks that nothing half-done is in use."""
    with pytest.raises(Problem) as caught:
        fetch(model, settings, endpoint=server.url, patience=patience)
    assert not find(model, settings).here
    assert not target(settings).exists() or target(settings).read_bytes() == BIG
    text = str(caught.value)
    assert str(settings.models) not in text and "{" not in text
    return caught.value.key


def test_fetches_all_files(server, settings):
    seen = []
    found = fetch("thing", settings, seen.append, endpoint=server.url, patience=QUICK)
    assert found.here and found.folder == target(settings).parent
    assert {path: place.read_bytes() for path, place in found.files.items()} == {
        "config.json": CONFIG,
        "big.safetensors": BIG,
        "sub/small.safetensors": SMALL,
    }
    assert not list(settings.models.rglob("*.part"))
    total = len(BIG) + len(SMALL) + len(CONFIG)
    assert all(progress.bytes == total for progress in seen)
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert seen[-1].done == total and seen[-1].fraction == 1.0
    assert {progress.file for progress in seen} == {"config.json", "big.safetensors", "small.safetensors"}


def test_a_second_time_asks_nobody(server, settings):
    fetch("thing", settings, endpoint=server.url, patience=QUICK)
    server.requests.clear()
    assert plan("thing", settings) == []
    assert fetch("thing", settings, endpoint=server.url, patience=QUICK).here
    assert not server.requests


def test_files_are_found_by_the_hub_library_too(server, settings):
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    fetch("thing", settings, endpoint=server.url, patience=QUICK)
    arguments = {"revision": COMMIT, "cache_dir": settings.models}
    assert try_to_load_from_cache("me/thing", "big.safetensors", **arguments) == str(target(settings))
    assert hf_hub_download("me/thing", "big.safetensors", local_files_only=True, **arguments) == str(target(settings))


def test_without_a_models_folder_downloads_go_into_the_hub_cache(server, tmp_path):
    found = fetch("thing", Settings(), endpoint=server.url, patience=QUICK)
    assert tmp_path / "hub-cache" in found.folder.parents


def test_resumes_after_cancelling(server, settings):
    with pytest.raises(KeyboardInterrupt):

        def stop(progress):
            if progress.done >= 100_000:
                raise KeyboardInterrupt

        fetch(ONE, settings, stop, endpoint=server.url, patience=QUICK)
    assert not find(ONE, settings).here
    there = part_of(target(settings)).stat().st_size
    assert 100_000 <= there < len(BIG)
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).files["big.safetensors"].read_bytes() == BIG
    assert server.ranges == [f"bytes={there}-"]


def test_closing_the_iterator_stops_and_frees_the_lock(server, settings):
    iterator = fetching(ONE, settings, endpoint=server.url, patience=QUICK)
    next(iterator)
    iterator.close()
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).here


def test_an_iterator_may_be_continued_in_another_thread(server, settings):
    """A web server resumes a generator in whatever thread is free."""
    iterator, alive = fetching(ONE, settings, endpoint=server.url, patience=QUICK), True

    def step():
        nonlocal alive
        alive = next(iterator, None) is not None

    while alive:
        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
    assert find(ONE, settings).here
    target(settings).unlink()
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).here


def test_cut_connection_is_resumed(server, settings):
    server.cut_after, server.cuts = 250_000, 2
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).files["big.safetensors"].read_bytes() == BIG
    assert server.ranges == ["bytes=250000-", "bytes=500000-"]


def test_connection_that_is_always_cut(server, settings):
    server.cut_after = 0
    assert problem(ONE, settings, server) == "download_cut"
    assert server.requests["GET"] == 2 * QUICK.tries  # each is redirected


def test_cut_download_leaves_a_part_that_is_continued(server, settings):
    server.cut_after, server.cuts = 250_000, 1
    assert problem(ONE, settings, server, replace(QUICK, tries=1)) == "download_cut"
    assert part_of(target(settings)).stat().st_size == 250_000
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).here


def test_server_without_ranges_starts_over(server, settings):
    server.cut_after, server.cuts, server.no_ranges = 250_000, 1, True
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).files["big.safetensors"].read_bytes() == BIG


def test_server_that_sends_another_range_starts_over(server, settings):
    server.cut_after, server.cuts, server.other_ranges = 250_000, 1, True
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).files["big.safetensors"].read_bytes() == BIG
    assert server.ranges == ["bytes=250000-"]


def test_stalled_server(server, settings):
    server.stall_after = 0
    started = time.monotonic()
    assert problem(ONE, settings, server, replace(QUICK, stall=0.3)) == "server_stalled"
    assert time.monotonic() - started < 4


def test_stall_is_overcome(server, settings):
    server.stall_after, server.stalls = 250_000, 1
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).files["big.safetensors"].read_bytes() == BIG
    assert server.ranges == ["bytes=250000-"]


def test_a_stalled_download_can_be_cancelled_at_once(server, settings):
    server.stall_after = 250_000
    iterator = fetching(ONE, settings, endpoint=server.url, patience=replace(QUICK, stall=30))
    while not server.sent.is_set() or next(iterator).done < 250_000:
        next(iterator)
    started = time.monotonic()
    next(iterator)
    iterator.close()
    assert time.monotonic() - started < 1


def test_server_that_never_answers(server, settings):
    server.hang = True
    started = time.monotonic()
    assert problem(ONE, settings, server, replace(QUICK, reach=0.3)) == "server_silent"
    assert time.monotonic() - started < 2 and server.requests["HEAD"] == 3


def test_no_network_is_noticed_within_three_seconds(settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(Problem) as caught:
        fetch(ONE, settings, endpoint=f"http://127.0.0.1:{port}")
    assert caught.value.key == "no_network"
    assert time.monotonic() - started < 3


def test_name_service_that_hangs_is_noticed_within_three_seconds(settings, monkeypatch):
    released = threading.Event()

    def hang(*_, **__):
        released.wait(20)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    with pytest.raises(Problem) as caught:
        fetch(ONE, settings, endpoint="http://hub.invalid")
    released.set()
    assert caught.value.key == "no_network"
    assert time.monotonic() - started < 3.5


@pytest.mark.parametrize(
    ("status", "key"),
    [
        (404, "file_gone"),
        (410, "file_gone"),
        (401, "access_refused"),
        (403, "access_refused"),
        (500, "server_error"),
        (503, "server_error"),
        (429, "server_error"),
    ],
)
@pytest.mark.parametrize("method", ["head_status", "get_status"])
def test_refusals(server, settings, status, key, method):
    setattr(server, method, status)
    assert problem(ONE, settings, server) == key


def test_file_that_is_not_there(server, settings):
    del server.files["me/thing/sub/small.safetensors"]
    assert problem(THING, settings, server) == "file_gone"
    # What is whole stays, and need not come again.
    assert target(settings).read_bytes() == BIG
    assert [missing.path for missing in find(THING, settings).files] == ["sub/small.safetensors"]


def test_passing_error_is_overcome(server, settings, monkeypatch):
    server.get_status = 503
    waits = transfer._wait

    def recover(seconds, done):
        server.get_status = 200
        return waits(seconds, done)

    monkeypatch.setattr(transfer, "_wait", recover)
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).here


def test_other_content_than_promised(server, settings):
    server.served["me/thing/big.safetensors"] = weights(600_000, 3)
    assert problem(ONE, settings, server) == "wrong_hash"
    assert not list(settings.models.rglob("*.part"))
    server.served.clear()
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).here


def test_longer_content_than_promised(server, settings):
    server.served["me/thing/big.safetensors"] = BIG + b"x"
    assert problem(ONE, settings, server) == "wrong_hash"


def test_truncated_file_on_the_server(server, settings):
    server.served["me/thing/big.safetensors"] = BIG[:-1000]
    assert problem(ONE, settings, server) == "download_cut"


def test_server_that_offers_another_file_is_refused_before_the_download(server, settings):
    server.files["me/thing/big.safetensors"] = weights(600_000, 3)
    assert problem(ONE, settings, server) == "wrong_hash"
    assert not server.requests["GET"]


def test_spoiled_part_is_thrown_away(server, settings):
    part = part_of(target(settings))
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(200_000))
    assert problem(ONE, settings, server) == "wrong_hash"
    assert not part.exists()
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).here


def test_part_that_is_too_long_is_thrown_away(server, settings):
    part = part_of(target(settings))
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(len(BIG) + 1))
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).files["big.safetensors"].read_bytes() == BIG


def test_complete_part_is_only_verified(server, settings):
    part = part_of(target(settings))
    part.parent.mkdir(parents=True)
    part.write_bytes(BIG)
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).here
    assert not server.requests["GET"]


def test_size_that_is_only_about_right(server, settings):
    about = replace(ONE, files=(replace(ONE.files[0], bytes=500_000, exact=False),))
    seen = []
    assert fetch(about, settings, seen.append, endpoint=server.url, patience=QUICK).here
    assert seen[-1].done == seen[-1].bytes == len(BIG)


def test_unknown_hash_is_recorded_and_demanded_from_then_on(server, settings):
    unknown = replace(ONE, files=(replace(ONE.files[0], sha256=None),))
    fetch(unknown, settings, endpoint=server.url, patience=QUICK)
    (entry,) = app_cache.record(settings).read("fetched").values()
    assert entry == {"bytes": len(BIG), "sha256": hashlib.sha256(BIG).hexdigest()}
    target(settings).unlink()
    server.files["me/thing/big.safetensors"] = weights(600_000, 3)
    assert problem(unknown, settings, server) == "wrong_hash"


def test_hash_of_a_small_file_is_its_content_s(server, settings):
    """The hub's etag of a small file is a git hash and says nothing about the SHA-256."""
    fetch("thing", settings, endpoint=server.url, patience=QUICK)
    entry = app_cache.record(settings).read("fetched")[f"me/thing@{COMMIT}/config.json"]
    assert entry["sha256"] == hashlib.sha256(CONFIG).hexdigest()


def test_equal_file_is_not_fetched_twice(server, settings, monkeypatch):
    twin = replace(ONE, name="twin", files=(replace(ONE.files[0], repo="me/other", path="copy.safetensors"),))
    monkeypatch.setitem(MODELS, "twin", twin)
    fetch(ONE, settings, endpoint=server.url, patience=QUICK)
    assert find("twin", settings).bytes == 0
    server.requests.clear()
    found = fetch("twin", settings, endpoint=server.url, patience=QUICK)
    assert found.files["copy.safetensors"].read_bytes() == BIG
    assert not server.requests


def test_what_only_looks_equal_is_fetched(server, settings, monkeypatch):
    server.files["me/other/copy.safetensors"] = BIG
    twin = replace(ONE, name="twin", files=(replace(ONE.files[0], repo="me/other", path="copy.safetensors"),))
    monkeypatch.setitem(MODELS, "twin", twin)
    target(settings).parent.mkdir(parents=True)
    target(settings).write_bytes(bytes(len(BIG)))
    found = fetch("twin", settings, endpoint=server.url, patience=QUICK)
    assert found.files["copy.safetensors"].read_bytes() == BIG


def test_needed_models_come_along(server, settings, monkeypatch):
    server.files["you/more/more.safetensors"] = SMALL
    more = Model(
        "more",
        "More",
        "For tests.",
        "None",
        (ModelFile("you/more", COMMIT, "more.safetensors", len(SMALL), hashlib.sha256(SMALL).hexdigest()),),
        needs=("thing",),
    )
    monkeypatch.setitem(MODELS, "more", more)
    assert fetch("more", settings, endpoint=server.url, patience=QUICK).here
    assert find("thing", settings).here


def test_disk_is_asked_first(server, settings, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda _: usage(10**12, 0, 10**6))
    assert problem(ONE, settings, server) == "disk_too_small"
    assert not server.requests


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EROFS, "models_folder_locked"),
    ],
)
def test_disk_that_takes_no_more(server, settings, monkeypatch, number, key):
    monkeypatch.setattr(transfer.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(number, os.strerror(number))))
    assert problem(ONE, settings, server) == key


def test_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "models").write_text("a file in the way")
    settings = Settings(models=tmp_path / "models")
    assert problem(ONE, settings, server) == "models_folder_locked"


def test_two_at_once(server, settings):
    server.stall_after = 250_000
    first = fetching(ONE, settings, endpoint=server.url, patience=replace(QUICK, stall=30))
    next(first)
    assert problem(ONE, settings, server) == "already_fetching"
    first.close()
    server.stalls = 0
    assert fetch(ONE, settings, endpoint=server.url, patience=QUICK).here


def test_offline_by_choice(server, settings, monkeypatch):
    from huggingface_hub import constants

    assert problem(ONE, replace(settings, offline=True), server) == "downloads_off"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert problem(ONE, settings, server) == "downloads_off"
    assert not server.requests


def test_built_in_models_are_never_fetched(server, settings, monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "ASSETS", tmp_path)
    with pytest.raises(Problem) as caught:
        fetch("fast", settings, endpoint=server.url)
    assert caught.value.key == "weights_missing"
    assert not server.requests


def test_rate_and_time_left():
    progress = hub.DownloadProgress("x", 250, 1000, 50.0)
    assert (progress.fraction, progress.seconds_left) == (0.25, 15.0)
    assert hub.DownloadProgress("x", 0, 1000, 0.0).seconds_left is None
    assert hub.DownloadProgress("x", 0, 0, 0.0).fraction == 1.0
