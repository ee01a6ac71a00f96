import hashlib
import json
import os

import pytest

from styleshot_demo.models import hashes
from styleshot_demo.models.hashes import Record, remember, sha256_of


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(hashes, "_remembered", {})


@pytest.fixture
def reads(monkeypatch):
    """Counts how often a file is really read."""
    calls = []
    real = hashes._digest
    monkeypatch.setattr(hashes, "_digest", lambda file: calls.append(file.name) or real(file))
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
    path, record = tmp_path / "weights", Record(tmp_path)
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
    record = Record(tmp_path)
    (tmp_path / Record.NAME).write_text(content)
    assert record.read("hashed") == {}
    record.write("hashed", "key", {"sha256": "0"})
    assert record.read("hashed") == {"key": {"sha256": "0"}}


def test_kinds_do_not_mix_and_nothing_temporary_stays(tmp_path):
    record = Record(tmp_path)
    record.write("fetched", "a", {"bytes": 1})
    record.write("hashed", "b", {"bytes": 2})
    assert record.read("fetched") == {"a": {"bytes": 1}}
    assert [path.name for path in tmp_path.iterdir()] == [Record.NAME]
    assert json.loads((tmp_path / Record.NAME).read_text())["hashed"] == {"b": {"bytes": 2}}


def test_a_folder_that_cannot_be_written_to_costs_only_time(tmp_path, monkeypatch):
    path = tmp_path / "weights"
    path.write_bytes(b"abc")
    monkeypatch.setattr(Record, "write", lambda *_: (_ for _ in ()).throw(PermissionError()))
    assert sha256_of(path, Record(tmp_path)) == hashlib.sha256(b"abc").hexdigest()
