"""The phases themselves, with tiny networks: they learn, and an interruption changes nothing."""

import dataclasses
import json
import shutil
from functools import partial
from pathlib import Path

import pytest
import torch
from training.small.made import SIZES, recipe

from styleshot_demo.errors import Problem
from styleshot_demo.training.core.checkpoint import latest
from styleshot_demo.training.core.schedules import trapezoid
from styleshot_demo.training.small import networks as nets
from styleshot_demo.training.small import phases, validation
from styleshot_demo.training.small.decoder import current
from styleshot_demo.training.small.recipe import FOLDER, PhaseRecipe, load
from styleshot_demo.training.small.tokenizer import WORDS


@pytest.fixture
def run(fitted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fitted, tmp_path / "run"))


@pytest.fixture
def further(joined: Path, tmp_path: Path) -> Path:
    """A run with a joint phase behind it."""
    return Path(shutil.copytree(joined, tmp_path / "further"))


def weights(state: dict) -> torch.Tensor:
    return torch.cat([value.float().flatten() for part in state["model"].values() for value in part.values()])


def joint(packed, run, **phase) -> dict:
    limits = {name: phase.pop(name) for name in ("stop_at", "until") if name in phase}
    return phases.joint(packed, None, run, recipe(**phase), device="cpu", precision="fp32", **limits)


def test_a_short_training_lowers_the_loss(packed, run, monkeypatch):
    # That there are a sheet and figures counts, not what they are.
    monkeypatch.setattr(validation, "STEPS", 2)
    monkeypatch.setattr(validation, "held_batches", partial(validation.held_batches, count=8))

    def loss() -> float:
        objective, samples = phases._begin(packed, None, run, recipe(), "cpu", "fp32", content=False)
        state = latest(run / "joint")
        if state is not None:
            objective.networks.load_states(state["model"])
        return validation.losses(objective, {"one": samples.batch(16, 10_000)})["one"]

    before = loss()
    joint(packed, run, steps=16, batch=8, rate=3e-3, validate_every=16, sheet_every=16)
    assert loss() < 0.9 * before
    lines = (run / "joint" / "log.jsonl").read_text()
    assert "validation" in lines and "held_set" in lines
    assert list((run / "joint" / "sheets").glob("*.png"))


def test_resuming_equals_not_stopping(packed, run, fitted, tmp_path):
    whole = Path(shutil.copytree(fitted, tmp_path / "whole"))
    straight = joint(packed, whole, steps=4)
    joint(packed, run, steps=4, stop_at=2)
    assert latest(run / "joint")["step"] == 2
    resumed = joint(packed, run, steps=4)
    assert resumed["step"] == straight["step"] == 4
    assert resumed["about"]["pictures"] == straight["about"]["pictures"] == 16
    assert torch.equal(weights(resumed), weights(straight))
    averages = [state["average"]["unet"]["conv_in.weight"] for state in (resumed, straight)]
    assert torch.equal(*averages)


def test_it_stops_when_the_time_is_over_with_a_checkpoint(packed, run):
    state = joint(packed, run, until=0.0)
    assert state["step"] == 1 == latest(run / "joint")["step"]


def test_content_starts_where_the_joint_phase_ended(packed, further):
    begun = latest(further / "joint")["average"]
    objective, _ = phases._begin(packed, None, further, recipe(), "cpu", "fp32", content=True)
    objective.networks.load_states(begun)
    objective.networks.begin_controlnet()
    control = objective.networks.controlnet
    assert torch.equal(control.conv_in.weight, objective.networks.unet.conv_in.weight)

    state = phases.content(packed, None, further, recipe(steps=2), device="cpu", precision="fp32")
    moved = {
        name: any(not torch.equal(begun[name][key], value) for key, value in part.items())
        for name, part in state["model"].items()
        if name in begun
    }
    assert not any(moved.values()), "only the ControlNet learns, as published"
    zero = state["model"]["controlnet"]["controlnet_mid_block.weight"]
    assert zero.abs().sum() > 0

    with pytest.raises(Problem, match="other settings"):
        phases.content(packed, None, further, recipe(steps=2, train_unet=True), device="cpu", precision="fp32")


def test_content_may_train_the_rest_beside_it(packed, further):
    begun = latest(further / "joint")["average"]["unet"]["conv_in.weight"]
    given = recipe(steps=2, train_unet=True, content_every=2)
    state = phases.content(packed, None, further, given, device="cpu", precision="fp32")
    assert not torch.equal(state["model"]["unet"]["conv_in.weight"], begun)


def test_content_needs_a_joint_phase(packed, run):
    with pytest.raises(Problem, match="the phase joint"):
        phases.content(packed, None, run, recipe(), device="cpu", precision="fp32")


def test_another_size_is_another_run(packed, further):
    other = PhaseRecipe(dataclasses.replace(SIZES, widths=(32, 64)), recipe(steps=3).phase)
    with pytest.raises(Problem, match="other settings"):
        phases.joint(packed, None, further, other, device="cpu", precision="fp32")


def test_the_rate_rises_stays_and_falls():
    rates = [trapezoid(step, 100, 10, 0.5, 0.02) for step in range(101)]
    assert rates[0] == pytest.approx(0.1) and rates[30] == 1.0
    assert rates[75] == pytest.approx(0.5) and rates[100] == 0.02


@pytest.mark.parametrize("name", ["encoders", "joint", "content", "words"])
def test_the_recipes_that_come_with_the_program_can_be_read(name):
    found = load(FOLDER / f"{name}.toml", batch=3)
    assert found.phase.batch == 3
    assert found.phase.mix.things > 0
    # The committed weights have to fit into what a repository takes.
    words = type("Words", (), {"model_max_length": 32, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1})
    words.__len__ = lambda self: found.sizes.vocabulary
    with torch.device("meta"):
        networks = nets.Networks(found.sizes, words(), content=True)
        numbers = nets.count(networks) + nets.count(nets.autoencoder(found.sizes))
    assert numbers < 22_500_000


def test_a_recipe_with_a_wrong_name_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[phase]\nstepps = 3\n")
    with pytest.raises(Problem, match="mine.toml is not a recipe"):
        load(path)


def test_a_start_brings_its_own_words_and_latents(packed, fitted, begun_weights, tmp_path):
    """A tokenizer made anew numbers its words otherwise; weights that know the old numbers would talk nonsense."""
    other = Path(shutil.copytree(fitted, tmp_path / "other"))
    vocabulary = json.loads((other / "tokenizer" / "vocab.json").read_text())
    turned = dict(zip(vocabulary, reversed(vocabulary.values()), strict=True))
    (other / "tokenizer" / "vocab.json").write_text(json.dumps(turned))
    model = current(other)
    with torch.no_grad():
        model.analysis.neg_()
        model.synthesis.neg_()
    model.save_pretrained(other / "autoencoder")

    given = {"device": "cpu", "precision": "fp32", "start": begun_weights}
    phases.joint(packed, None, other, recipe(steps=1), **given)
    assert json.loads((other / "tokenizer" / "vocab.json").read_text()) == vocabulary
    assert torch.allclose(current(other).analysis, current(fitted).analysis, atol=1e-2)
    assert (other / "tokenizer" / WORDS).is_file() and (other / "joint" / "started.json").is_file()

    # A run that is under way keeps what it has.
    (other / "tokenizer" / "vocab.json").write_text(json.dumps(turned))
    phases.joint(packed, None, other, recipe(steps=1), **given)
    assert json.loads((other / "tokenizer" / "vocab.json").read_text()) == turned
