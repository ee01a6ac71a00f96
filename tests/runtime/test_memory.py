"""A container's limit is the machine's size, everywhere."""

import pytest

from styleshot_demo.runtime import memory

GB = 10**9


@pytest.fixture
def group(tmp_path, monkeypatch):
    """`group(version, {folder: (limit, used, droppable)})` lays out control groups; this process is in "a/b"."""

    def lay(version, folders):
        own = tmp_path / "own"
        own.write_text("0::/a/b\n" if version == 2 else "5:cpu:/\n4:memory:/a/b\n0::/\n")
        root = tmp_path / "cgroup" / ("" if version == 2 else "memory")
        names = (
            ("memory.max", "memory.current", "inactive_file")
            if version == 2
            else ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        )
        for folder, (limit, used, droppable) in folders.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            (root / folder / names[0]).write_text(f"{limit}\n")
            (root / folder / names[1]).write_text(f"{used}\n")
            (root / folder / "memory.stat").write_text(f"anon 5\n{names[2]} {droppable}\n")
        monkeypatch.setattr(memory, "_OWN_GROUP", own)
        monkeypatch.setattr(memory, "CGROUP", tmp_path / "cgroup")

    return lay


@pytest.mark.parametrize("version", [1, 2])
def test_the_smallest_limit_of_all_groups_holds(group, version):
    group(version, {"a/b": (3 * GB, GB, GB // 2), "a": (2 * GB, GB, 0)})
    assert memory.machine_memory() == 2 * GB
    assert memory.free_main_memory() == GB == memory.free_memory("cpu")


def test_what_the_kernel_would_drop_is_free(group):
    group(2, {"a/b": (GB, GB, GB // 4)})
    assert memory.free_main_memory() == GB // 4


@pytest.mark.parametrize("limit", ["max", 2**63 - 4096, "nonsense", 0])
def test_no_limit_is_none(group, limit):
    group(2, {"a/b": (limit, GB, 0)})
    assert memory.machine_memory() > 100_000_000 and memory.free_main_memory() > 0


def test_without_groups_the_machine_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_OWN_GROUP", tmp_path / "none")
    assert memory.machine_memory() >= memory.free_main_memory() > 0


def test_a_device_has_one_memory():
    assert [memory.memory_of(one) for one in ("cpu", "mps", "cuda:3")] == ["cpu", "cpu", "cuda:3"]


def test_what_torch_holds_in_reserve_on_a_gpu_is_free(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3 * GB, 8 * GB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 4 * GB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: GB)
    assert memory.free_memory("cuda") == memory.free_memory("cuda:1") == 6 * GB


def test_what_apples_gpu_takes_is_main_memory(monkeypatch, group):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 5 * GB)
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: 2 * GB)
    group(2, {"a/b": (4 * GB, 2 * GB, 0)})
    assert memory.free_memory("mps") == min(2 * GB, memory.free_main_memory())
