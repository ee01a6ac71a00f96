import hashlib
import json
import pickle
import zipfile
from pathlib import Path

import pytest

from styleshot_demo.errors import Problem
from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.models.hub import FoundModel, Missing, check, find, hashes, overview, plan, readable, require
from styleshot_demo.settings import Settings


@pytest.fixture(autouse=True)
def empty_machine(tmp_path, monkeypatch):
    """A machine with an empty Hugging Face cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr(hub, "ASSETS", tmp_path / "assets")


@pytest.fixture
def settings(tmp_path):
    return Settings(models=tmp_path / "models")


def put(path: Path, content: bytes | None = None) -> Path:
    """A file that looks whole to a glance at its head and tail."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is not None:
        path.write_bytes(content)
    elif path.suffix == ".safetensors":
        header = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
        path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    elif path.suffix in (".bin", ".pth"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("data.pkl", str(path))
    elif path.suffix == ".json":
        path.write_text("{}")
    else:
        path.write_text("#version: 0.2\n")
    return path


def put_model(name: str, folder: Path, rename=lambda path: path) -> None:
    for file in MODELS[name].files:
        put(folder / rename(file.path))


def snapshot(root: Path, repo: str, revision: str) -> Path:
    return root / ("models--" + repo.replace("/", "--")) / "snapshots" / revision


def test_nothing_is_there_at_first(settings):
    for state in overview(settings):
        assert isinstance(state, Missing) and not state.here and not state.damaged
        assert bool(state.files) != state.model.built_in


def test_cost_of_a_missing_model(settings):
    state = find("styleshot", settings)
    assert state.bytes == 4_979_094_428 + 1_807_217_753
    assert [missing.model.name for missing in plan("styleshot", settings)] == ["sd15", "hed", "styleshot"]


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if not model.built_in])
@pytest.mark.parametrize("layout", ["models, hub", "models, plain", "models, name only", "the user's hub cache"])
def test_layouts(name, layout, settings, tmp_path):
    file = MODELS[name].files[0]
    folder = {
        "models, hub": snapshot(settings.models, file.repo, file.revision),
        "models, plain": settings.models / file.repo,
        "models, name only": settings.models / file.repo.split("/")[1],
        "the user's hub cache": snapshot(tmp_path / "hub-cache", file.repo, file.revision),
    }[layout]
    put_model(name, folder)
    state = find(name, settings)
    assert isinstance(state, FoundModel) and state.here
    assert state.folder == folder
    assert set(state.files) == {file.path for file in MODELS[name].files}
    assert all(path.is_file() for path in state.files.values())
    assert state.bytes == sum(path.stat().st_size for path in state.files.values()) > 0


def test_without_a_models_folder_the_hub_cache_is_used(tmp_path):
    file = MODELS["vgg19"].files[0]
    put_model("vgg19", snapshot(tmp_path / "hub-cache", file.repo, file.revision))
    assert find("vgg19", Settings()).here


def test_models_folder_comes_before_the_hub_cache(settings, tmp_path):
    file = MODELS["vgg19"].files[0]
    for root in (settings.models, tmp_path / "hub-cache"):
        put_model("vgg19", snapshot(root, file.repo, file.revision))
    assert settings.models in find("vgg19", settings).folder.parents


def test_current_snapshot_when_the_pinned_one_is_not_there(settings):
    repo = settings.models / "models--timm--vgg19.tv_in1k"
    for commit in ("a" * 40, "b" * 40, "c" * 40):
        put_model("vgg19", repo / "snapshots" / commit)
    put(repo / "refs" / "main", b"b" * 40)
    assert find("vgg19", settings).folder.name == "b" * 40
    (repo / "refs" / "main").unlink()
    assert find("vgg19", settings).here


def test_snapshot_of_links_to_blobs(settings):
    file = MODELS["vgg19"].files[0]
    folder = snapshot(settings.models, file.repo, file.revision)
    blob = put(folder.parents[1] / "blobs" / "x.safetensors")
    folder.mkdir(parents=True)
    (folder / file.path).symlink_to(blob)
    assert find("vgg19", settings).here
    blob.unlink()
    assert not find("vgg19", settings).here


def test_folder_of_the_original_demo(settings):
    put_model("styleshot", settings.models / "Gaojunyao/StyleShot")
    put_model("styleshot-lineart", settings.models / "Gaojunyao/StyleShot_lineart")
    put_model("hed", settings.models / "annotator/ckpts")
    put_model("lineart", settings.models / "annotator/ckpts")
    put_model("sd15", settings.models / "runwayml/stable-diffusion-v1-5", lambda path: path.replace(".fp16.", "."))
    for name in ("styleshot", "styleshot-lineart", "hed", "lineart", "sd15"):
        assert find(name, settings).here, name
    assert find("styleshot", settings).folder != find("styleshot-lineart", settings).folder
    assert plan("styleshot", settings) == plan("styleshot-lineart", settings) == []


@pytest.mark.parametrize(
    ("folder", "there", "not_there"),
    [
        ("StyleShot", "styleshot", "styleshot-lineart"),
        ("StyleShot_lineart", "styleshot-lineart", "styleshot"),
        ("somewhere", "styleshot", "styleshot-lineart"),
    ],
)
def test_models_folder_that_is_itself_a_repository(tmp_path, folder, there, not_there):
    put_model(there, tmp_path / folder)
    settings = Settings(models=tmp_path / folder)
    assert find(there, settings).here
    assert not find(not_there, settings).here


def test_half_and_full_precision(settings):
    folder = settings.models / MODELS["sd15"].files[0].repo
    put_model("sd15", folder, lambda path: path.replace(".fp16.", "."))
    assert find("sd15", settings).variant is None
    # A single half-precision file among full ones is no reason to ask for a variant that is not complete.
    put(folder / "vae/diffusion_pytorch_model.fp16.safetensors")
    state = find("sd15", settings)
    assert state.variant is None
    assert state.files["vae/diffusion_pytorch_model.fp16.safetensors"].name == "diffusion_pytorch_model.safetensors"
    put_model("sd15", folder)
    assert find("sd15", settings).variant == "fp16"


def test_tokenizer_in_one_file_serves_too(settings):
    folder = settings.models / MODELS["sd15"].files[0].repo
    put_model("sd15", folder)
    for name in ("vocab.json", "merges.txt", "special_tokens_map.json"):
        (folder / "tokenizer" / name).unlink()
    assert not find("sd15", settings).here
    put(folder / "tokenizer/tokenizer.json")
    state = find("sd15", settings)
    assert state.files["tokenizer/vocab.json"].name == "tokenizer.json"
    assert "tokenizer/special_tokens_map.json" not in state.files


def test_files_of_two_folders_are_not_mixed(settings, tmp_path):
    files = MODELS["styleshot"].files
    put(settings.models / files[0].repo / files[0].path)
    put(snapshot(tmp_path / "hub-cache", files[1].repo, files[1].revision) / files[1].path)
    assert not find("styleshot", settings).here


def test_half_a_model_in_the_download_folder_lowers_the_cost(settings):
    file, other = MODELS["styleshot"].files
    put(snapshot(settings.models, file.repo, file.revision) / file.path)
    state = find("styleshot", settings)
    assert state.files == (other,) and state.bytes == other.bytes


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1807217753\n",
        b"PK\x03\x04 and then the download broke off",
        b"<html>not found</html>",
    ],
)
def test_damaged_checkpoint(settings, content):
    put_model("styleshot", settings.models / "Gaojunyao/StyleShot")
    put(settings.models / "Gaojunyao/StyleShot/pretrained_weight/ip.bin", content)
    state = find("styleshot", settings)
    assert not state.here and state.damaged == ("pretrained_weight/ip.bin",)
    with pytest.raises(Problem) as caught:
        require("styleshot", settings)
    assert caught.value.key == "weights_broken"


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: content[:4],
        lambda content: b"\xff" * 8 + content[8:],
        lambda content: content[:8] + b"not json" + content[16:],
        lambda content: (2).to_bytes(8, "little") + b"[]",
    ],
)
def test_damaged_safetensors(settings, damage):
    path = put(settings.models / "timm/vgg19.tv_in1k/model.safetensors")
    assert find("vgg19", settings).here
    path.write_bytes(damage(path.read_bytes()))
    state = find("vgg19", settings)
    assert not state.here and state.damaged == ("model.safetensors",)


def test_bare_pickles_of_old_torch_are_taken(settings):
    put(settings.models / "annotator/ckpts/ControlNetHED.pth", pickle.dumps({"a": 1}, protocol=2))
    assert find("hed", settings).here


def test_unreadable_json(settings):
    folder = settings.models / MODELS["sd15"].files[0].repo
    put_model("sd15", folder)
    put(folder / "unet/config.json", b"{")
    assert find("sd15", settings).damaged == ("unet/config.json",)


def test_missing_model_is_a_problem_that_names_it(settings):
    with pytest.raises(Problem) as caught:
        require("vgg19", settings)
    assert caught.value.key == "weights_missing"
    assert "VGG-19" in caught.value.what and str(settings.models) not in str(caught.value)


def test_unknown_model(settings):
    with pytest.raises(Problem) as caught:
        find("vgg91", settings)
    assert caught.value.key == "unknown_choice"


def test_built_in_models_lie_in_assets(settings, tmp_path):
    put_model("encoder", tmp_path / "assets")
    state = find("encoder", settings)
    assert state.here and state.folder == tmp_path / "assets"
    (tmp_path / "assets/weights/encoder.json").unlink()
    state = find("encoder", settings)
    assert isinstance(state, Missing) and state.bytes == 0 and state.files == ()
    assert plan("encoder", settings) == []


def test_an_equal_file_of_another_model_costs_nothing(settings, monkeypatch):
    """The style encoder of both StyleShot models is one and the same file."""
    contour, lineart = MODELS["styleshot"].files[1], MODELS["styleshot-lineart"].files[1]
    assert contour.sha256 == lineart.sha256
    place = snapshot(settings.models, contour.repo, contour.revision) / contour.path
    place.parent.mkdir(parents=True)
    with place.open("wb") as file:
        file.truncate(contour.bytes)  # sparse: takes no room
    assert find("styleshot-lineart", settings).bytes == MODELS["styleshot-lineart"].files[0].bytes


def test_hashes_and_check(settings):
    path = put(settings.models / "timm/vgg19.tv_in1k/model.safetensors")
    found = require("vgg19", settings)
    assert hashes(found, settings) == {"model.safetensors": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert check(found, settings) == ["model.safetensors"]


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (17_173_511, "17 MB"),
        (4_979_094_428, "4.98 GB"),
        (4_723, "5 kB"),
    ],
)
def test_sizes_as_people_write_them(size, text):
    assert readable(size) == text
