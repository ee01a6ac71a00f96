"""Which device is taken, and in which precision it computes."""

import ast
from pathlib import Path

import pytest

from styleshot_demo.errors import Problem
from styleshot_demo.runtime import device, precision
from styleshot_demo.settings import Settings

PACKAGE = Path(device.__file__).resolve().parent.parent
BUILT = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120")  # torch 2.11.0 as PyPI has it


@pytest.mark.parametrize("capability", [(5, 0), (6, 1), (7, 0), (7, 5), (8, 0), (8, 9), (9, 0), (12, 0), (12, 1)])
def test_cards_that_this_build_has_kernels_for(capability):
    assert device.runs_on(capability, BUILT) is (capability >= (7, 5))
    assert device.runs_on(capability, ()), "a build that does not say is given the benefit of doubt"


def test_intermediate_code_runs_on_all_that_is_newer():
    assert device.runs_on((13, 0), ("sm_90", "compute_120")) and not device.runs_on((8, 0), ("sm_90", "compute_90"))


@pytest.fixture
def gpus(monkeypatch):
    """`gpus((name, capability), ...)`: CUDA GPUs that torch seems to see."""
    import torch

    def put(*cards):
        monkeypatch.setattr(device, "_may_have_gpu", lambda: True)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(cards))
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(cards))
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda number=0: cards[number][1])
        monkeypatch.setattr(
            torch.cuda, "get_device_name", lambda one="cuda": cards[int(str(one).partition(":")[2] or 0)][0]
        )
        monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: list(BUILT))

    return put


def test_an_old_card_is_told_and_the_processor_is_used(gpus):
    gpus(("GeForce GTX 1080", (6, 1)))
    assert device.device_of(Settings()) == "cpu"
    told = device.why_not_gpu(Settings())
    assert told.key == "gpu_too_old" and "GTX 1080" in str(told) and "6.1" in str(told) and "7.5" in str(told)
    with pytest.raises(Problem) as caught:
        device.device_of(Settings(device="cuda"))
    assert caught.value.key == "device_missing"


def test_the_first_card_that_runs_is_taken(gpus):
    gpus(("Tesla P40", (6, 1)), ("RTX 3090", (8, 6)))
    assert device.device_of(Settings()) == device.device_of(Settings(device="cuda:1")) == "cuda:1"
    assert device.why_not_gpu(Settings()) is None
    gpus(("RTX 3090", (8, 6)))
    assert device.device_of(Settings()) == device.device_of(Settings(device="cuda")) == "cuda"


def test_several_processes_get_all_the_cards_that_run(gpus):
    gpus(("RTX 3090", (8, 6)), ("Tesla P40", (6, 1)), ("RTX 3090", (8, 6)))
    assert device.gpus(Settings()) == ["cuda:0", "cuda:2"]
    assert device.gpus(Settings(device="cuda:2")) == ["cuda:2"]
    assert device.gpus(Settings(device="cpu")) == ["cpu"]
    gpus(("Tesla P40", (6, 1)))
    assert device.gpus(Settings()) == ["cpu"]


def test_an_old_driver_is_told(monkeypatch, gpus):
    import warnings

    import torch

    gpus()

    def old():
        text = "CUDA initialization: The NVIDIA driver on your system is too old (found version 11040)."
        warnings.warn(text, stacklevel=2)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", old)
    assert device.device_of(Settings()) == "cpu"
    assert device.why_not_gpu(Settings()).key == "gpu_driver_too_old"


def test_nothing_is_told_where_there_is_no_gpu(monkeypatch):
    monkeypatch.setattr(device, "_may_have_gpu", lambda: False)
    assert device.why_not_gpu(Settings()) is None and device.device_of(Settings(device="cpu")) == "cpu"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NVIDIA GeForce GTX 1650", "float32"),
        ("NVIDIA GeForce GTX 1660 SUPER", "float32"),
        ("NVIDIA GeForce RTX 2060", "float16"),
        ("NVIDIA T4", "float16"),
        ("NVIDIA A10G", "float16"),
    ],
)
def test_cards_that_paint_black_in_half_precision_compute_in_single(gpus, name, expected):
    gpus((name, (7, 5)))
    assert precision.precision_of(Settings(), "cuda") == expected


def test_precision_is_the_devices_unless_a_person_says_otherwise():
    assert precision.precision_of(Settings(), "cpu") == "float32"
    assert precision.precision_of(Settings(), "mps") == "float16"
    for chosen in ("float32", "float16", "bfloat16"):
        settings = Settings.from_environment({"STYLESHOT_PRECISION": chosen.upper()})
        assert precision.precision_of(settings, "cpu") == precision.precision_of(settings, "mps") == chosen
    with pytest.raises(Problem) as caught:
        Settings.from_environment({"STYLESHOT_PRECISION": "half"})
    assert caught.value.key == "bad_setting" and "bfloat16" in caught.value.todo


ASKED = {"is_available", "device_count"}


def _asks(tree: ast.AST) -> set[str]:
    """Questions to torch about which device there is, by whatever name a part of it was imported."""
    found = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in ASKED}
    taken = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and "torch" in str(node.module)]
    return found | {name.name for node in taken for name in node.names if name.name in ASKED}


def test_only_one_room_asks_which_device_there_is():
    texts = {file: file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py")}
    asking = {
        file.relative_to(PACKAGE).as_posix()
        for file, text in texts.items()
        if any(name in text for name in ASKED) and _asks(ast.parse(text))
    }
    assert "runtime/device.py" in asking and {Path(name).name for name in asking} == {"device.py"}


def test_the_reader_of_questions_sees_them():
    for code, asked in (
        ("import torch\nif torch.cuda.is_available():\n    pass", "torch.cuda.is_available"),
        ("from torch import cuda\ncuda.device_count()", "cuda.device_count"),
        ("from torch.backends.mps import is_available as there", "is_available"),
        ("torch.accelerator.is_available()", "torch.accelerator.is_available"),
    ):
        assert _asks(ast.parse(code)) == {asked}
