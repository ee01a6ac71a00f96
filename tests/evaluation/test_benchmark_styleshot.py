import shutil

import pytest
import tiny_models
import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from transformers import CLIPTokenizer

from styleshot_demo import Settings
from styleshot_demo.errors import Problem
from styleshot_demo.evaluation import benchmark_styleshot, synthetic

UNET = {
    "sample_size": 8,
    "block_out_channels": (32, 64),
    "layers_per_block": 1,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "cross_attention_dim": 16,
    "attention_head_dim": 4,
    "norm_num_groups": 8,
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(models=tiny_models.build(tmp_path_factory.mktemp("models")), device="cpu")


STAGES = {"files", "load", "style_encoder", "step", "vae"}


def check(figures, stages):
    assert figures.keys() == stages | {"placement", "peak_gb"}
    assert all(figures[stage] > 0 for stage in stages) and figures["peak_gb"] > 0.1
    assert figures["placement"] == "resident"


@pytest.mark.parametrize("scenario", ["image", "both"])
def test_every_stage_is_timed(settings, scenario):
    """That of words alone, `test_a_process_of_its_own` has."""
    check(benchmark_styleshot._ours(settings, scenario, 128, 1), STAGES | {"detector"})


def test_the_original_arrangement(settings, monkeypatch):
    both = benchmark_styleshot._original(settings, 128, 1)
    assert both.keys() == {"variants", "load", "style_encoder", "step", "vae", "peak_gb"}
    monkeypatch.setattr(benchmark_styleshot, "ORIGINAL_BYTES", 10**18)
    assert benchmark_styleshot._original(settings, 128, 1)["variants"] == 1


@pytest.mark.parametrize("variants", [1, 2])
def test_ratios_and_what_is_measured(settings, monkeypatch, variants):
    asked = []

    def apart(scenario, settings, size, steps, model="styleshot"):
        asked.append(scenario)
        return {"step": 4.0, "peak_gb": 10.0, "variants": variants} if scenario == "original" else OURS

    monkeypatch.setattr(benchmark_styleshot, "_apart", apart)
    figures = benchmark_styleshot.styleshot(
        synthetic=False, as_original=True, scenarios=("text", "both"), settings=settings
    )
    assert asked == ["text", "both", "original"]
    peaks = {"text_peak": 0.5, "both_peak": 0.5} if variants == 2 else {}
    assert figures["ratios"] == {"text_step": 0.25, "both_step": 0.25} | peaks
    assert "original" not in benchmark_styleshot.styleshot(synthetic=False, scenarios=("text",), settings=settings)


OURS = {"step": 1.0, "peak_gb": 5.0}


def test_a_process_of_its_own(settings):
    figures = benchmark_styleshot.styleshot(synthetic=False, size=128, steps=1, scenarios=("text",), settings=settings)
    check(figures["text"], STAGES)
    assert "image" not in figures


def test_a_full_disk_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(Problem) as caught:
        benchmark_styleshot.styleshot(folder=tmp_path, settings=Settings())
    assert caught.value.key == "disk_too_small"


def test_random_weights_open(tmp_path):
    with torch.device("meta"):
        unet = UNet2DConditionModel(**UNET)
    for module, variant in ((unet, "fp16"), (ControlNetModel.from_unet(unet, load_weights_from_unet=False), None)):
        folder = tmp_path / type(module).__name__
        module.save_config(folder)
        synthetic._write(folder / f"diffusion_pytorch_model{'.fp16' if variant else ''}.safetensors", module)
        read, report = type(module).from_pretrained(
            folder, variant=variant, dtype=torch.float32, output_loading_info=True
        )
        assert not report["missing_keys"] and not report["unexpected_keys"]
        weight = read.mid_block.attentions[0].proj_in.weight
        assert 0.5 < float(weight.std() * weight[0].numel() ** 0.5) < 1.5
        assert float(read.mid_block.resnets[0].norm1.weight.min()) == 1.0


def test_the_tokenizer_reads_every_letter(tmp_path):
    synthetic._write_tokenizer(tmp_path)
    ids = CLIPTokenizer.from_pretrained(tmp_path)("a house by the sea").input_ids
    assert 10 < len(ids) <= 77 and len(set(ids)) > 8


def test_the_published_size(monkeypatch, tmp_path):
    """The shapes alone: writing them takes minutes and gigabytes."""
    sizes = {}
    monkeypatch.setattr(
        synthetic,
        "_write",
        lambda path, module: (
            path.parent.mkdir(parents=True, exist_ok=True),
            path.touch(),
            sizes.__setitem__(type(module).__name__, sum(value.numel() for value in module.state_dict().values())),
        ),
    )
    monkeypatch.setattr(synthetic, "_write_detectors", lambda folder: None)
    synthetic.write(tmp_path)
    millions = {name: round(count / 1e6, 1) for name, count in sizes.items()}
    assert millions == {
        "UNet2DConditionModel": 859.5,
        "AutoencoderKL": 83.7,
        "CLIPTextModel": 123.1,
        "StyleAwareEncoder": 767.8,
        "StyleAdapter": 23.9,
        "ControlNetModel": 361.3,
    }
    assert len(list(tmp_path.rglob("parts.json"))) == 2
