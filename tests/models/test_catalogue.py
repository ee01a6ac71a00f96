import re
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path
from subprocess import run

import pytest

from styleshot_demo.models import catalogue
from styleshot_demo.models.catalogue import ALSO_KNOWN_AS, MODELS, ORIGINAL_DEMO
from styleshot_demo.runners import weights

DATA = ("models/catalogue.py", "ui/words.py")  # name every model without using it


def test_names_are_those_of_the_entries():
    assert {"encoder", "fast", "vgg19", "sd15", "styleshot", "styleshot-lineart", "hed", "lineart"} <= set(MODELS)
    assert all(name == model.name for name, model in MODELS.items())


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_every_entry_is_complete(model):
    assert model.title and model.about and model.licence
    assert model.files
    assert set(model.needs) <= set(MODELS) - {model.name}
    # One folder has to hold them all.
    assert len({(file.repo, file.revision) for file in model.files}) == 1
    assert len({file.path for file in model.files}) == len(model.files)
    for file in model.files:
        assert not file.path.startswith("/") and ".." not in file.path.split("/")
        if model.built_in:
            assert not file.repo
            continue
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", file.repo)
        assert re.fullmatch(r"[0-9a-f]{40}", file.revision)
        assert file.bytes > 0
        assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)


def test_weights_that_are_fetched_have_known_hashes():
    for model in MODELS.values():
        for file in model.files:
            if not model.built_in and not file.path.endswith(".json"):
                assert file.sha256, file.path


def test_sizes_of_the_large_ones():
    def gigabytes(name):
        return sum(file.bytes for file in MODELS[name].files) / 1e9

    assert gigabytes("sd15") == pytest.approx(2.13, abs=0.01)
    assert gigabytes("styleshot") == pytest.approx(6.79, abs=0.01)
    assert gigabytes("styleshot-lineart") == pytest.approx(6.79, abs=0.01)
    assert gigabytes("vgg19") == pytest.approx(0.575, abs=0.01)
    assert gigabytes("x4plus") == pytest.approx(0.067, abs=0.001)


def test_what_only_makes_something_finer_is_never_brought_along():
    optional = {"vgg19", "x4plus", "taesd"}
    assert not any(optional & set(model.needs) for model in MODELS.values())
    assert not optional & {*weights.needs("text"), *weights.needs("image", "both")}


def test_no_files_that_are_not_used():
    paths = {file.path for file in MODELS["sd15"].files}
    assert not any("safety_checker" in path or path.endswith((".bin", ".ckpt")) for path in paths)
    assert all(".fp16." in path for path in paths if path.endswith(".safetensors"))


def test_what_is_offered_is_what_some_code_loads():
    package = Path(catalogue.__file__).parent.parent
    texts = [path.read_text(encoding="utf-8") for path in package.rglob("*.py") if not path.as_posix().endswith(DATA)]
    for model in MODELS.values():
        if not model.built_in:
            assert any(f'"{model.name}"' in text for text in texts), model.name
    # A detector is one network.
    assert [len(MODELS[name].files) for name in ("hed", "lineart")] == [1, 1]


def test_other_names_belong_to_known_repositories():
    repos = {file.repo for model in MODELS.values() for file in model.files}
    assert set(ALSO_KNOWN_AS) | set(ORIGINAL_DEMO) <= repos


def test_entries_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        MODELS["vgg19"].name = "other"


def test_nothing_heavy_is_imported():
    code = (
        "import sys\n"
        "from styleshot_demo.models import catalogue, hashes, hub, transfer\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'controlnet_aux', 'numpy', 'huggingface_hub', 'httpx2'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    answer = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""
