import contextlib
import hashlib
import json
import os
import threading
import time
from pathlib import Path

import pytest

from styleshot_demo.generators import finished
from styleshot_demo.models import hashes, once
from styleshot_demo.models.hashes import HashRecord, hashing, hashing_all, known, remember, sha256_of


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(hashes, "_remembered", {})


@pytest.fixture
def reads(monkeypatch):
    """Counts how often a file is really read."""
    calls = []
    real = hashes._read
    monkeypatch.setattr(hashes, "_read", lambda path: calls.append(path.name) or real(path))
    return calls


def test_is_sha256(tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(b"abc" * 3_000_000)
    assert sha256_of(path) == hashlib.sha256(b"abc" * 3_000_000).hexdigest()


def test_reads_once(tmp_path, reads):
    path = tmp_path / "weights"
    path.write_bytes(b"abc")
    assert sha256_of(path) == sha256_of(path)
    assert len(reads) == 1


def test_reads_again_after_a_change(tmp_path, reads):
    path = tmp_path / "weights"
    path.write_bytes(b"abc")
    before = sha256_of(path)
    path.write_bytes(b"abd")
    os.utime(path, ns=(1, 1))
    assert sha256_of(path) != before
    assert len(reads) == 2


def test_record_outlives_the_process(tmp_path, reads, monkeypatch):
    path, record = tmp_path / "weights", HashRecord(tmp_path)
    path.write_bytes(b"abc")
    digest = sha256_of(path, record)
    monkeypatch.setattr(hashes, "_remembered", {})
    assert sha256_of(path, record) == digest
    assert len(reads) == 1
    monkeypatch.setattr(hashes, "_remembered", {})
    os.utime(path, ns=(1, 1))
    assert sha256_of(path, record) == digest
    assert len(reads) == 2


def test_remembered_hash_is_believed(tmp_path, reads):
    path = tmp_path / "weights"
    path.write_bytes(b"abc")
    remember(path, "0" * 64)
    assert sha256_of(path) == "0" * 64
    assert not reads


@pytest.mark.parametrize("content", ["", "{", "[]", '{"hashed": 3}', '{"hashed": {"x": 1}}'])
def test_damaged_record_counts_as_empty(tmp_path, content):
    record = HashRecord(tmp_path)
    (tmp_path / HashRecord.NAME).write_text(content)
    assert record.read("hashed") == {}
    record.write("hashed", "key", {"sha256": "0"})
    assert record.read("hashed") == {"key": {"sha256": "0"}}


def test_kinds_do_not_mix_and_nothing_temporary_stays(tmp_path):
    record = HashRecord(tmp_path)
    record.write("fetched", "a", {"bytes": 1})
    record.write("hashed", "b", {"bytes": 2})
    assert record.read("fetched") == {"a": {"bytes": 1}}
    assert [path.name for path in tmp_path.iterdir()] == [HashRecord.NAME]
    assert json.loads((tmp_path / HashRecord.NAME).read_text())["hashed"] == {"b": {"bytes": 2}}


def test_a_folder_that_cannot_be_written_to_costs_only_time(tmp_path, reads):
    path = tmp_path / "weights"
    path.write_bytes(b"abc")
    for record in (HashRecord(path / "below a file"), HashRecord(Path("/proc/1/nowhere")), HashRecord()):
        assert sha256_of(path, record) == hashlib.sha256(b"abc").hexdigest()
    assert len(reads) == 1, "this run of the program knows it"


def test_the_next_folder_serves_where_the_first_cannot_be_written_to(tmp_path, reads, monkeypatch):
    path = tmp_path / "weights"
    path.write_bytes(b"abc")
    record = HashRecord(path / "below a file", tmp_path / "second")
    digest = sha256_of(path, record)
    monkeypatch.setattr(hashes, "_remembered", {})
    assert sha256_of(path, record) == digest and len(reads) == 1


def test_an_older_record_is_read_and_left_alone(tmp_path, reads):
    path = tmp_path / "weights"
    path.write_bytes(b"abc")
    old = HashRecord(tmp_path / "old")
    state = path.stat()
    old.write("hashed", str(path), {"bytes": 3, "mtime_ns": state.st_mtime_ns, "sha256": "0" * 64})
    before = (tmp_path / "old" / HashRecord.NAME).read_bytes()
    record = HashRecord(tmp_path / "new", older=[tmp_path / "old"])
    assert sha256_of(path, record) == "0" * 64 and not reads
    record.write("fetched", "a", {"bytes": 1})
    assert (tmp_path / "old" / HashRecord.NAME).read_bytes() == before
    assert record.read("hashed").keys() == {str(path)} and record.read("fetched") == {"a": {"bytes": 1}}


def test_known_reads_nothing(tmp_path, reads):
    path = tmp_path / "weights"
    path.write_bytes(b"abc")
    assert known(path) is None and not reads
    digest = sha256_of(path)
    assert known(path) == digest
    os.utime(path, ns=(1, 1))
    assert known(path) is None
    with pytest.raises(FileNotFoundError):
        known(tmp_path / "nowhere")


@pytest.fixture
def slow(monkeypatch):
    """Reads two bytes at a time, and of "weights" as slowly as the test lets it: one block for each release."""
    turn = threading.Semaphore(0)
    monkeypatch.setattr(hashes, "_BLOCK", 2)
    real = hashes._read

    def read(path):
        reading = real(path)
        try:
            while True:
                fraction = next(reading)
                if path.name == "weights":
                    turn.acquire()
                yield fraction
        except StopIteration as end:
            return end.value

    monkeypatch.setattr(hashes, "_read", read)
    return turn


def test_progress_and_stopping(tmp_path, slow):
    path = tmp_path / "weights"
    path.write_bytes(b"abcdefgh")
    reading = hashing(path)
    assert next(reading) == 0
    slow.release(2)
    seen = [next(reading) for _ in range(4)]
    assert seen == sorted(seen) and seen[-1] == 0.5
    slow.release(10)  # the thread is at its next block
    began = time.monotonic()
    reading.close()
    assert time.monotonic() - began < 1
    assert known(path) is None or known(path) == hashlib.sha256(b"abcdefgh").hexdigest()
    assert not [thread for thread in threading.enumerate() if thread.name == "once"]


def test_two_who_ask_read_once_and_the_second_goes_on_when_the_first_stops(tmp_path, slow, reads):
    path = tmp_path / "weights"
    path.write_bytes(b"abcdefgh")
    first, second = hashing(path), hashing(path)
    next(first), next(second)
    slow.release(2)
    while next(second) < 0.5:
        pass
    first.close()
    slow.release(10)
    assert finished(second) == hashlib.sha256(b"abcdefgh").hexdigest()
    assert len(reads) == 1


def test_who_has_stopped_asking_holds_nobody_up(tmp_path, slow):
    """A closed tab may leave an iterator behind that nobody closes."""
    path = tmp_path / "weights"
    path.write_bytes(b"abcdefgh")
    abandoned = hashing(path)
    next(abandoned)
    slow.release(10)
    assert sha256_of(path) == hashlib.sha256(b"abcdefgh").hexdigest()
    other = tmp_path / "other"
    other.write_bytes(b"12")
    assert sha256_of(other) == hashlib.sha256(b"12").hexdigest()
    abandoned.close()


def test_other_files_do_not_wait(tmp_path, slow):
    path, other = tmp_path / "weights", tmp_path / "other"
    path.write_bytes(b"abcdefgh")
    other.write_bytes(b"12")
    with contextlib.closing(hashing(path)) as reading:
        next(reading)
        assert sha256_of(other) == hashlib.sha256(b"12").hexdigest()
        slow.release(10)


def test_several_files_are_one_progress(tmp_path, monkeypatch):
    monkeypatch.setattr(once, "BEAT", 0.0)
    monkeypatch.setattr(hashes, "_BLOCK", 1000)
    paths = [tmp_path / str(n) for n in range(3)]
    for n, path in enumerate(paths):
        path.write_bytes(bytes([n]) * 200_000)
    sha256_of(paths[1])
    reading, seen = hashing_all(paths), []
    with pytest.raises(StopIteration) as end:
        while True:
            seen.append(next(reading))
    assert seen == sorted(seen) and seen[0] >= 0 and seen[-1] <= 1
    assert end.value.value == {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    assert list(hashing_all(paths)) == [], "what is known takes no time"


def test_a_file_that_is_gone_is_said_to_all(tmp_path):
    with pytest.raises(FileNotFoundError):
        sha256_of(tmp_path / "nowhere")
