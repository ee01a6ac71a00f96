"""Whole runs in this process: what learns, what stays, what is written."""

import json

import pytest
import torch
from styleshot import tiny
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from styleshot_demo.errors import Problem
from styleshot_demo.training.core import checkpoint, logbook
from styleshot_demo.training.core.ema import ExponentialMovingAverage
from styleshot_demo.training.stages import parts
from styleshot_demo.training.stages.content import content_stage
from styleshot_demo.training.stages.export import merged
from styleshot_demo.training.stages.style import style_stage
from styleshot_demo.training.stages.teach import teach_stage


def lines(out):
    return [json.loads(line) for line in (out / logbook.NAME).read_text().splitlines()]


def changed(result, named):
    after = named(result.styleshot)
    return {name for name, value in result.before.items() if name in after and not torch.equal(value, after[name])}


def same(one, other, tolerance=0.0):
    assert one.keys() == other.keys()
    for name in one:
        assert (one[name] - other[name]).abs().max() <= tolerance, name


@pytest.fixture(scope="module")
def plain(workshop_in, tmp_path_factory):
    """Three steps of stage 1, a sheet after the last; nobody trains it further."""
    return workshop_in(tmp_path_factory.mktemp("plain"), steps=3, validate_every=3)


def test_stage_1_trains_what_it_should_and_leaves_out_what_is_broken(plain, named):
    result = plain
    moved = changed(result, named)
    starts = ("style_aware_encoder.cnn.", "style_aware_encoder.style_embeddings.", "adapter.")
    starts += ("style_aware_encoder.position_embedding.",)
    expected = {name for name in result.before if name.startswith(starts)}
    assert moved == expected
    assert result.told == [("broken.png", "not_a_picture")]
    told = lines(result.out)
    assert [line["step"] for line in told] == [1, 2, 3]
    assert all(0 < line["loss"] < 10 and line["rate"] == 1e-4 for line in told)
    assert (result.out / "validation" / "0000003.png").is_file()
    assert list((result.out / "tensorboard").glob("events.*"))


def test_the_loss_falls(workshop):
    result = workshop(steps=12, rate=3e-3, schedule="cosine", clip=1.0)
    told = lines(result.out)
    assert told[-1]["rate"] < 1e-4
    # The same examples and noise, before and after.
    again = workshop("again", steps=1, styleshot=result.styleshot)
    assert lines(again.out)[0]["loss"] < told[0]["loss"]


def test_accumulating_is_a_larger_batch(workshop):
    whole = workshop("whole", batch=4)
    parts_of_it = workshop("parts", batch=1, accumulate=4)
    assert lines(parts_of_it.out)[1]["loss"] == pytest.approx(lines(whole.out)[1]["loss"], abs=1e-5)


def test_recomputing_activations_changes_nothing(workshop, drawn):
    plain = workshop("plain", content_stage, drawn)
    again = workshop("again", content_stage, drawn, checkpointing=True)
    assert lines(again.out)[1]["loss"] == pytest.approx(lines(plain.out)[1]["loss"], abs=1e-6)


def test_stage_2_trains_content_fusion_alone(workshop, drawn, named):
    result = workshop(make=content_stage, data=drawn, validate_every=2)
    assert not [name for name in changed(result, named) if not name.startswith("controlnet.")]
    fresh = result.base.unet.conv_in.weight
    trained = result.state["controlnet.conv_in.weight"]
    assert 0 < (trained - fresh).abs().max() < 1e-3  # begun as the UNet's, two small updates away
    assert (result.out / "validation" / "0000002.png").is_file()


def test_stage_2_needs_content_pictures(workshop):
    with pytest.raises(Problem) as problem:
        workshop(make=content_stage)
    assert problem.value.key == "no_content_pictures"


def test_teaching_changes_adapters_and_projections_alone(workshop, named):
    result = workshop(make=teach_stage)
    moved = changed(result, named)
    assert moved == {name for name in result.before if name.startswith("adapter.")}


def test_low_rank_changes_merge_into_ordinary_weights(workshop):
    result = workshop(make=lambda base, own: teach_stage(base, own, "lora", rank=2), rate=1e-2)
    whole = merged(result.state)
    assert not [name for name in whole if "lora" in name or "base_layer" in name]
    for name, before in result.before.items():
        if name.startswith("adapter.style_image_proj_modules."):
            difference = whole[name.removeprefix("adapter.")] - before
            assert difference.any() == name.endswith("proj.weight"), name
            if name.endswith("proj.weight"):
                assert torch.linalg.matrix_rank(difference, atol=1e-6) <= 2


def test_the_average_is_the_result(workshop, plain):
    average = workshop("average", steps=3, average=0.999)
    key = "style_image_proj_modules.0.proj.weight"
    start = average.before[f"adapter.{key}"]
    assert 0 < (average.state[key] - start).norm() < (plain.state[key] - start).norm()
    # The network that learns is not what is averaged over it.
    same({key: average.styleshot.adapter.state_dict()[key]}, {key: plain.state[key]})


def test_averages():
    parameter = torch.nn.Parameter(torch.zeros(1))
    average = ExponentialMovingAverage([parameter], 0.9)
    parameter.data += 1
    average.update(10**6)
    assert average.values[0].item() == pytest.approx(0.1)
    with average.in_place():
        assert parameter.item() == pytest.approx(0.1)
    assert parameter.item() == 1.0 and average.values[0].item() == pytest.approx(0.1)


def test_a_folder_with_another_run_is_refused(workshop, plain):
    for other in ({"rate": 2e-4}, {"make": teach_stage}):
        with pytest.raises(Problem) as problem:
            workshop(plain.out, steps=4, **other)
        assert problem.value.key == "other_run"


def test_another_rank_is_another_run(workshop):
    workshop(steps=1, make=lambda base, own: teach_stage(base, own, "lora", rank=2))
    with pytest.raises(Problem) as problem:
        workshop(steps=2, make=lambda base, own: teach_stage(base, own, "lora", rank=4))
    assert problem.value.key == "other_run"


def test_a_finished_run_is_not_begun_again(workshop, plain):
    again = workshop(plain.out, steps=3)
    same(plain.state, again.state)
    assert len(lines(again.out)) == 3


def test_a_loss_that_is_no_number_ends_the_run_before_it_is_saved(workshop):
    with pytest.raises(Problem) as problem:
        workshop(steps=30, rate=1.0, decay=0.0, make=explosive)
    assert problem.value.key == "training_diverged"


def explosive(base, own):
    stage = style_stage(base, own)
    own.adapter.style_image_proj_modules[0].proj.weight.data.fill_(float("inf"))
    return stage


def test_half_precision(workshop, plain, monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")  # as `accelerate launch --mixed_precision bf16`
    half = workshop("half", steps=1)
    losses = [lines(result.out)[0]["loss"] for result in (plain, half)]
    assert losses[0] != losses[1] and losses[0] == pytest.approx(losses[1], rel=0.02)
    assert all(value.dtype == torch.float32 for value in half.state.values())


def test_a_new_styleshot_begins_with_clip_and_the_unet(tmp_path):
    own = {name: tiny.ENCODER[name] for name in ("hidden_size", "intermediate_size", "projection_dim")}
    config = CLIPVisionConfig(**own, num_hidden_layers=2, num_attention_heads=4, image_size=28, patch_size=14)
    CLIPVisionModelWithProjection(config).save_pretrained(tmp_path)
    unet = tiny.components()["unet"]
    begun = parts.begin(unet, tmp_path, seed=0, patch_widths=tiny.ENCODER["patch_widths"])
    clip = CLIPVisionModelWithProjection.from_pretrained(tmp_path)
    same(begun.style_encoder.image_encoder.state_dict(), clip.state_dict())
    attention = unet.get_submodule("mid_block.attentions.0.transformer_blocks.0.attn2")
    keys = list(begun.adapter.adapter_modules.values())[-1]
    assert torch.equal(keys.to_k_ip[0].weight, attention.to_k.weight)
    assert begun.controlnet is None and begun.style_encoder.style_embeddings[0].std() > 0.5
    again = parts.begin(unet, tmp_path, seed=0, patch_widths=tiny.ENCODER["patch_widths"])
    same(begun.style_encoder.state_dict(), again.style_encoder.state_dict())


def test_a_checkpoint_holds_only_what_learns(plain):
    saved = torch.load(plain.out / checkpoint.NAME, weights_only=True)
    assert saved["step"] == 3
    assert not [name for name in saved["model"] if name.startswith("unet.conv_in") or "image_encoder" in name]
