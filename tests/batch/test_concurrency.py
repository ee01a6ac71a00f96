"""How many processes share a batch."""

import pytest
from PIL import Image

from styleshot_demo.batch import concurrency
from styleshot_demo.batch.concurrency import Concurrency, choose_concurrency
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.settings import Settings

CPU = Settings(device="cpu")
PICTURE = Image.new("RGB", (64, 64))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """`machine(cores, gigabytes)`: what there seems to be."""

    def put(cores: int, gigabytes: float) -> None:
        monkeypatch.setattr(concurrency, "cores", lambda: cores)
        monkeypatch.setattr("styleshot_demo.runtime.cache.free_memory", lambda device: int(gigabytes * 1e9))
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    return put


def test_a_process_for_each_core_with_a_thread_each(machine) -> None:
    machine(8, 64)
    job = ClassicalJob(PICTURE, [PICTURE])
    assert choose_concurrency(job, 100, CPU) == Concurrency(8, 1, ["cpu"])
    assert choose_concurrency(job, 3, CPU) == Concurrency(3, 2, ["cpu"])  # no more than there are pictures
    assert choose_concurrency(job, 100, CPU, workers=2) == Concurrency(2, 4, ["cpu"])
    assert choose_concurrency(job, 100, CPU, workers=2, threads=3) == Concurrency(2, 3, ["cpu"])


def test_a_setting_of_fewer_threads_is_kept_to(machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(8, 64)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert choose_concurrency(ClassicalJob(PICTURE, [PICTURE]), 100, CPU, workers=2) == Concurrency(2, 1, ["cpu"])


@pytest.mark.parametrize(
    ("settings", "gigabytes", "workers"),
    [
        ({"size": 2048}, 10, 3),  # 2.9 GB each
        ({"size": 2048}, 1, 1),
        ({"whole": True}, 10, 6),  # 1.5 GB each, of the largest photos
        ({"size": 512}, 10, 8),
    ],
)
def test_no_more_processes_than_there_is_memory_for(machine, settings, gigabytes: float, workers: int) -> None:
    machine(8, gigabytes)
    assert choose_concurrency(ClassicalJob(PICTURE, [PICTURE], **settings), 100, CPU).workers == workers


def test_a_process_for_each_gpu(machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(8, 64)
    monkeypatch.setattr(concurrency, "gpus", lambda settings: ["cuda:0", "cuda:1"])
    hands = choose_concurrency(ClassicalJob(PICTURE, [PICTURE]), 100, Settings())
    assert hands == Concurrency(2, 4, ["cuda:0", "cuda:1"]) and hands.on_gpus
