import hashlib
import json
import os
import pickle
import shutil

import pytest
import torch
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from styleshot import tiny
from transformers import CLIPConfig, CLIPImageProcessor

from styleshot_demo.errors import Problem
from styleshot_demo.styleshot import checkpoints
from styleshot_demo.styleshot.adapter import StyleAdapter
from styleshot_demo.styleshot.encoder import StyleAwareEncoder
from styleshot_demo.styleshot.pipeline import StyleShotPipeline


@pytest.fixture
def published(parts, tmp_path):
    return tiny.write_published(parts, tmp_path / "published")


@pytest.fixture
def converted(tmp_path):
    return tmp_path / "converted"


def convert(parts, ip, encoder, to):
    checkpoints.convert(ip, encoder, to, parts["unet"].config)
    return {path.parent.name: load_file(path) for path in to.glob(f"*/{checkpoints.WEIGHTS}")}


def change(path, **changes):
    """Rewrite a checkpoint with some keys changed; None takes one away."""
    state = torch.load(path, weights_only=True) | {key.replace("__", "."): value for key, value in changes.items()}
    torch.save({key: value for key, value in state.items() if value is not None}, path)


def halves(state):
    return {key: value.half() for key, value in state.items()}


def equal(ours, theirs):
    return ours.keys() == theirs.keys() and all(
        torch.equal(ours[key], theirs[key]) and ours[key].dtype == theirs[key].dtype for key in ours
    )


def test_every_weight_arrives_in_half_precision(parts, published, converted):
    written = convert(parts, *published, converted)
    assert set(written) == {"style_encoder", "adapter", "controlnet"}
    for name, state in written.items():
        assert equal(state, halves(parts[name].state_dict())), name
    assert not list(converted.rglob("*.part"))


def test_written_folders_open(parts, published, converted):
    convert(parts, *published, converted)
    encoder = StyleAwareEncoder.from_pretrained(converted / "style_encoder")
    adapter = StyleAdapter.from_pretrained(converted / "adapter", dtype=torch.float32)
    assert encoder.config.num_hidden_layers == tiny.ENCODER["num_hidden_layers"] and adapter.dtype == torch.float32
    assert equal(halves(encoder.state_dict()), halves(parts["style_encoder"].state_dict()))
    assert equal(halves(adapter.state_dict()), halves(parts["adapter"].state_dict()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_any_floating_type(parts, published, converted, dtype):
    ip, encoder = published
    for path in published:
        torch.save({key: value.to(dtype) for key, value in torch.load(path, weights_only=True).items()}, path)
    expected = halves({key: value.to(dtype) for key, value in parts["controlnet"].state_dict().items()})
    assert equal(convert(parts, ip, encoder, converted)["controlnet"], expected)


def test_unused_keys_are_passed_over(parts, published, converted):
    ip, encoder = published
    change(ip, **{f"unet.{key}": value for key, value in parts["unet"].state_dict().items()})
    change(encoder, image_encoder__vision_model__embeddings__position_ids=torch.arange(5)[None])
    written = convert(parts, ip, encoder, converted)
    assert equal(written["adapter"], halves(parts["adapter"].state_dict()))
    assert equal(written["style_encoder"], halves(parts["style_encoder"].state_dict()))


def test_without_content_fusion(parts, published, converted):
    ip, encoder = published
    change(ip, **{key: None for key in tiny.ip_state(parts) if key.startswith("controlnet.")})
    assert set(convert(parts, ip, encoder, converted)) == {"style_encoder", "adapter"}


def trained_state(parts):
    """What a training saves today: attention weights under the UNet's names, the shared second names dropped."""
    names = list(parts["unet"].attn_processors)
    state = {f"unet.{key}": value for key, value in parts["unet"].state_dict().items()}
    for key, value in tiny.ip_state(parts).items():
        if key.startswith("adapter_modules."):
            _, place, part, _ = key.split(".")
            key = f"unet.{names[int(place)]}.{part}.weight"
        state[key] = value
    return state


@pytest.mark.parametrize("kind", ["bin", "safetensors"])
@pytest.mark.parametrize("together", [True, False])
def test_what_a_training_saves(parts, published, converted, kind, together, tmp_path):
    encoder_state = {f"style_aware_encoder.{key}": value for key, value in tiny.encoder_state(parts).items()}
    state = trained_state(parts) | (encoder_state if together else {})
    save = save_file if kind == "safetensors" else torch.save
    ip = encoder = tmp_path / f"model.{kind}"
    save({key: value.contiguous() for key, value in state.items()}, ip)
    if not together:
        encoder = tmp_path / f"model_1.{kind}"
        save({key: value.contiguous() for key, value in tiny.encoder_state(parts).items()}, encoder)
    encoder.with_suffix(".json").write_text(json.dumps(tiny.ENCODER))
    for name, written in convert(parts, ip, encoder, converted).items():
        assert equal(written, halves(parts[name].state_dict())), name


def refused(parts, published, converted, key, *mentioned):
    with pytest.raises(Problem) as caught:
        convert(parts, *published, converted)
    assert caught.value.key == key
    for text in mentioned:
        assert text in str(caught.value)
    assert str(converted.parent) not in str(caught.value), "no folder may leak"
    assert not list(converted.rglob("*.safetensors")) and not list(converted.rglob("*.part"))


MISSING = [
    (0, "adapter_modules.3.to_v_ip.weight", "adapter_modules.3.to_v_ip"),
    (0, "style_image_proj_modules.1.norm.bias", "style_image_proj_modules.1.norm.bias"),
    (0, "controlnet.conv_in.weight", "conv_in.weight"),
    (1, "cnn.2.body.1.block1.weight", "cnn.2.body.1.block1.weight"),
    (1, "image_encoder.vision_model.encoder.layers.1.mlp.fc2.bias", "layers.1.mlp.fc2.bias"),
    (1, "style_embeddings.1", "style_embeddings.1"),
]


@pytest.mark.parametrize(("file", "key", "name"), MISSING)
def test_missing_key_names_itself(parts, published, converted, file, key, name):
    change(published[file], **{key: None})
    refused(parts, published, converted, "checkpoint_key_missing", name, published[file].name)


@pytest.mark.parametrize(("file", "key", "name"), MISSING)
def test_misshapen_key_names_itself(parts, published, converted, file, key, name):
    change(published[file], **{key: torch.zeros(3, 7)})
    refused(parts, published, converted, "checkpoint_key_shape", name, "[3, 7]")


@pytest.mark.parametrize("file", [0, 1])
def test_unknown_key_names_itself(parts, published, converted, file):
    change(published[file], some__other__weight=torch.zeros(1))
    refused(parts, published, converted, "checkpoint_key_unknown", "some.other.weight")


def test_files_the_wrong_way_round(parts, published, converted):
    ip, encoder = published
    os.replace(encoder.with_suffix(".json"), ip.with_suffix(".json"))
    refused(parts, (encoder, ip), converted, "checkpoint_key_missing")


def test_published_size_is_expected_without_a_configuration(parts, published, converted):
    published[1].with_suffix(".json").unlink()
    refused(parts, published, converted, "checkpoint_key_shape", "[1280]")


@pytest.mark.parametrize("value", [1e6, float("nan"), float("inf")])
def test_numbers_beyond_half_precision(parts, published, converted, value):
    change(published[1], position_embedding__weight=torch.full((59, tiny.ENCODER["hidden_size"]), value))
    refused(parts, published, converted, "checkpoint_not_finite", "position_embedding.weight")


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.999])
def test_cut_off_file(parts, published, converted, keep):
    data = published[0].read_bytes()
    published[0].write_bytes(data[: keep if isinstance(keep, int) else int(keep * len(data))])
    refused(parts, published, converted, "checkpoint_unreadable", "ip.bin")


class Attack:
    def __reduce__(self):
        return os.mkdir, ("attacked",)


@pytest.mark.parametrize("write", [torch.save, lambda state, path: path.write_bytes(pickle.dumps(state))])
def test_code_in_a_pickle_is_not_run(parts, published, converted, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write({"weight": Attack()}, published[0])
    refused(parts, published, converted, "checkpoint_unreadable")
    assert not (tmp_path / "attacked").exists()


def test_file_that_is_not_there(parts, published, converted):
    published[0].unlink()
    refused(parts, published, converted, "weights_missing", "ip.bin")


def test_files_from_before_torch_1_6(parts, published, converted):
    torch.save(tiny.ip_state(parts), published[0], _use_new_zipfile_serialization=False)
    assert equal(convert(parts, *published, converted)["adapter"], halves(parts["adapter"].state_dict()))


def test_failure_keeps_what_was_there(parts, published, converted):
    before = convert(parts, *published, converted)
    change(published[0], controlnet__conv_in__bias=torch.full((32,), float("nan")))
    with pytest.raises(Problem):
        convert(parts, *published, converted)
    after = {path.parent.name: load_file(path) for path in converted.glob(f"*/{checkpoints.WEIGHTS}")}
    assert all(equal(after[name], before[name]) for name in before)
    assert not list(converted.rglob("*.part"))


def test_small_portions(parts, published, converted, monkeypatch):
    monkeypatch.setattr(checkpoints, "PORTION", 50_000)
    written = convert(parts, *published, converted)
    assert equal(written["style_encoder"], halves(parts["style_encoder"].state_dict()))


@pytest.fixture
def asked(monkeypatch):
    """Bytes of the tensors that are asked of safetensors files, by name."""
    taken = []

    class Counting:
        def __init__(self, *given, **named):
            self.file = safe_open(*given, **named)

        def __enter__(self):
            self.file.__enter__()
            return self

        def __exit__(self, *error):
            return self.file.__exit__(*error)

        def __getattr__(self, name):
            return getattr(self.file, name)

        def get_tensor(self, name):
            tensor = self.file.get_tensor(name)
            taken.append((name, tensor.nbytes))
            return tensor

    monkeypatch.setattr(checkpoints, "safe_open", Counting)
    return taken


def test_of_safetensors_every_tensor_is_read_once_and_unused_ones_never(parts, published, tmp_path, monkeypatch, asked):
    states = [torch.load(path, weights_only=True) for path in published]
    unet = {f"unet.{key}": value for key, value in parts["unet"].state_dict().items()}
    files = [tmp_path / "ip.safetensors", tmp_path / "encoder.safetensors"]
    for path, state in zip(files, (states[0] | unet, states[1]), strict=True):
        save_file({key: value.contiguous() for key, value in state.items()}, path)
    files[1].with_suffix(".json").write_text(json.dumps(tiny.ENCODER))
    monkeypatch.setattr(checkpoints, "PORTION", 50_000)  # so that there are many
    convert(parts, *files, tmp_path / "converted")
    wanted = [(key, value.nbytes) for state in states for key, value in state.items() if ".position_ids" not in key]
    assert sorted(asked) == sorted(wanted)


def test_the_shapes_of_safetensors_take_no_reading(tmp_path, asked):
    """A file of 20 GB of zeros that takes no room."""
    header = {"huge": {"dtype": "F32", "shape": [5, 2**30], "data_offsets": [0, 20 * 2**30]}}
    text = json.dumps(header).encode()
    with open(tmp_path / "huge.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + 20 * 2**30)
    assert checkpoints.CheckpointReader(tmp_path / "huge.safetensors").shapes == {"huge": (5, 2**30)}
    assert not asked


def test_a_file_from_before_torch_1_6_is_read_once(parts, published, converted, monkeypatch):
    torch.save(tiny.ip_state(parts), published[0], _use_new_zipfile_serialization=False)
    read, load = [], torch.load
    monkeypatch.setattr(torch, "load", lambda path, **options: (read.append(path.name), load(path, **options))[1])
    monkeypatch.setattr(checkpoints, "PORTION", 50_000)
    convert(parts, *published, converted)
    assert read.count("ip.bin") == 1


def test_progress_digests_and_stopping(parts, published, converted):
    def converting():
        return checkpoints.converting(*published, converted, parts["unet"].config)

    progress, seen = converting(), []
    with pytest.raises(StopIteration) as end:
        while True:
            seen.append(next(progress))
    assert seen == sorted(seen) and seen[-1] == 1 and len(seen) > 100
    written = {path.parent.name: path for path in converted.glob(f"*/{checkpoints.WEIGHTS}")}
    assert end.value.value == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in written.items()}
    shutil.rmtree(converted)
    progress = converting()
    while next(progress) < 0.4:
        pass
    assert list(converted.rglob("*.part"))
    progress.close()
    assert not list(converted.rglob("*.part"))


@pytest.fixture
def base(parts, tmp_path):
    """Stable Diffusion as the hub has it: half precision beside full."""
    pipeline = tiny.plain(parts)
    pipeline.save_pretrained(tmp_path / "base")
    pipeline.save_pretrained(tmp_path / "base", variant="fp16")
    return tmp_path / "base"


@pytest.mark.parametrize("content", [True, False])
def test_exported_folder_opens_and_draws_the_same(parts, published, converted, base, tmp_path, content):
    if not content:
        change(published[0], **{key: None for key in tiny.ip_state(parts) if key.startswith("controlnet.")})
    convert(parts, *published, converted)
    out = tmp_path / "whole"
    checkpoints.export(base, converted, out)
    assert not [path for path in out.rglob("*") if "fp16" in path.name or path.suffix == ".part"]
    pipeline = StyleShotPipeline.from_pretrained(out, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    assert (pipeline.controlnet is not None) == content

    rounded = tiny.components()
    for name in ("style_encoder", "adapter", "controlnet"):
        rounded[name].half().float()
    expected = StyleShotPipeline(**rounded)
    control = tiny.picture((0, 0, 0), (64, 64)) if content else None
    settings = {"control_image": control, "num_inference_steps": 2, "output_type": "latent"}
    one, other = (
        each("a house", tiny.picture((200, 30, 30)), generator=torch.Generator().manual_seed(1), **settings).images
        for each in (pipeline, expected)
    )
    assert torch.allclose(one, other, atol=1e-3)


@pytest.mark.parametrize("whole", [True, False])
def test_a_safety_checker_that_somebody_has_breaks_nothing(published, converted, base, tmp_path, parts, whole):
    convert(parts, *published, converted)
    index = json.loads((base / "model_index.json").read_text())
    index |= {"safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"]}
    index |= {"feature_extractor": ["transformers", "CLIPImageProcessor"]}
    (base / "model_index.json").write_text(json.dumps(index))
    if whole:
        vision = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1}
        config = CLIPConfig(vision_config=vision, text_config=vision, projection_dim=8)
        StableDiffusionSafetyChecker(config).save_pretrained(base / "safety_checker")
    else:  # a download that was stopped after its first file
        (base / "safety_checker").mkdir()
        (base / "safety_checker" / "config.json").write_text("{}")
    CLIPImageProcessor().save_pretrained(base / "feature_extractor")
    checkpoints.export(base, converted, tmp_path / "out")
    pipeline = StyleShotPipeline.from_pretrained(tmp_path / "out", dtype=torch.float32)
    assert (pipeline.safety_checker is not None) == (pipeline.feature_extractor is not None) == whole


def test_export_into_a_folder_with_files(published, converted, base, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(Problem) as caught:
        checkpoints.export(base, converted, tmp_path / "full")
    assert caught.value.key == "folder_not_empty"
