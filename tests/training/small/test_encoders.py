"""What the encoders learn before diffusion: it is learnt, it is laid out as the picture is, it carries on."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from training.small.made import SIZES, recipe

from styleshot_demo.errors import Problem
from styleshot_demo.training.core.checkpoint import latest
from styleshot_demo.training.small import encoders, export, phases
from styleshot_demo.training.small import networks as nets
from styleshot_demo.training.small.decoder import current


@pytest.fixture
def run(fitted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fitted, tmp_path / "run"))


@pytest.fixture
def encoding(packed, fitted) -> encoders.EncoderObjective:
    torch.manual_seed(0)
    words = nets.load_tokenizer(fitted / "tokenizer")
    autoencoder = current(fitted)
    pretraining = encoders.EncoderPretraining(nets.Networks(SIZES, words), SIZES, 40)
    named = encoders.Captions(packed, autoencoder)
    return encoders.EncoderObjective(pretraining, autoencoder, words, named, recipe().phase, torch.device("cpu"), None)


def test_a_short_training_knows_where_things_are(packed, run):
    given = recipe(steps=60, batch=2, rate=3e-3, validate_every=60)
    state = phases.encoders(packed, None, run, given, device="cpu", precision="fp32")
    log = (run / "encoders" / "log.jsonl").read_text()
    figures = json.loads(log.splitlines()[-1])["validation"]
    assert figures["layout_top5"] > 0.9, "three shapes in four colours"
    assert figures["style_top1"] > 0.3
    assert set(state["average"]) > {"heads", "text_encoder", "style_encoder", "adapter"}


def test_joint_begins_with_it(packed, run):
    encoded = phases.encoders(packed, None, run, recipe(steps=2), device="cpu", precision="fp32")
    given = recipe(steps=2, train_text=False, train_patches=False)
    state = phases.joint(packed, None, run, given, device="cpu", precision="fp32")
    frozen = {("text_encoder", key) for key in encoded["average"]["text_encoder"]}
    frozen |= {("style_encoder", key) for key in encoded["average"]["style_encoder"] if key.startswith("cnn.")}
    for name in ("text_encoder", "style_encoder"):
        for key, value in encoded["average"][name].items():
            same = torch.equal(state["model"][name][key], value)
            assert same or (name, key) not in frozen
    moved = encoded["average"]["style_encoder"]["position_embedding.weight"]
    assert not torch.equal(state["model"]["style_encoder"]["position_embedding.weight"], moved)
    assert "heads" not in latest(run / "joint")["model"]


def test_joint_without_it_says_what_is_missing(packed, run):
    with pytest.raises(Problem, match="encoders"):
        phases.joint(packed, None, run, recipe(train_text=False), device="cpu", precision="fp32")


def test_interrupted_it_goes_on_to_the_same_weights(packed, run, fitted, tmp_path):
    whole = Path(shutil.copytree(fitted, tmp_path / "whole"))
    given = {"device": "cpu", "precision": "fp32"}
    straight = phases.encoders(packed, None, whole, recipe(steps=2), **given)
    phases.encoders(packed, None, run, recipe(steps=2), **given, stop_at=1)
    resumed = phases.encoders(packed, None, run, recipe(steps=2), **given)
    for name in ("text_encoder", "heads"):
        for key, value in straight["model"][name].items():
            assert torch.equal(resumed["model"][name][key], value)


def test_every_token_foretells_its_own_field(encoding, monkeypatch):
    """Token n of the last 16 stands for field (n // 4, n % 4), each of 2 x 2 cells."""
    head = encoding.pretraining.heads["layout"]
    with torch.no_grad():
        head.weight.zero_()
        plain = encoding.layouts(["red circle"])
        assert plain.shape == (1, SIZES.channels, 8, 8)
        tokens = torch.zeros(1, 32, SIZES.width)
        tokens[0, -16 + 6] = 1.0  # second row, third column
        head.weight[0] = 1.0  # first channel, upper left cell
        encoder = encoding.pretraining.networks.text_encoder
        monkeypatch.setattr(encoder, "forward", lambda ids: (tokens,))
        found = encoding.layouts(["red circle"])
    places = found.nonzero().tolist()
    assert places == [[0, 0, 2, 4]]


def test_layouts_are_those_of_the_pictures(packed, encoding):
    named = encoding.named
    code = named.codes[0]
    same = [n for n in packed.emoji_places() if packed.codes[n] == code]
    wanted = encoders.coarse(encoders.latents(encoding.autoencoder, encoders.on_white(packed, same)).mean(0))
    assert torch.allclose(named.layouts[0] + named.mean, wanted, atol=1e-5)
    details = torch.zeros(3, *named.details.shape[1:])
    assert encoding.of_words(["x"] * 3, torch.zeros(3, *wanted.shape), details) > 0


def test_directions_of_layouts_details_and_of_what_is_usual_do_not_overlap(encoding):
    encoding.choose_directions()
    heads = encoding.pretraining.heads
    layout, detail, usual = (heads[name].weight for name in ("layout", "detail", "usual"))
    assert detail.shape == (SIZES.width - SIZES.channels * 4 - 16, SIZES.width)
    assert torch.allclose(detail @ detail.T, torch.eye(len(detail)), atol=1e-5)
    assert (detail @ layout.T).abs().max() < 1e-5
    assert (detail @ usual.T).abs().max() < 1e-4


def test_words_are_learnt_further_beneath_a_unet(packed, fitted, begun_weights, tmp_path):
    """From exported weights: the text encoder alone moves, and the next phase takes its words over."""
    start = begun_weights
    further = Path(shutil.copytree(fitted, tmp_path / "further"))
    given = {"device": "cpu", "precision": "fp32", "start": start}
    state = phases.encoders(packed, None, further, recipe(steps=2, train_style=False), **given)
    old, new = export.read(start), state["model"]
    for name in ("unet", "style_encoder", "adapter"):
        assert all(torch.equal(new[name][key], value) for key, value in old[name].items())
    assert any(not torch.equal(new["text_encoder"][key], value) for key, value in old["text_encoder"].items())
    joint = phases.joint(packed, None, further, recipe(steps=1, train_text=False), **given)
    for key, value in state["average"]["text_encoder"].items():
        assert torch.equal(joint["model"]["text_encoder"][key], value)


def test_captions_depend_on_the_step_alone(encoding):
    first, again, other = (encoding.named.batch(8, step) for step in (3, 3, 4))
    assert first[0] == again[0] != other[0]
    assert torch.equal(first[1], again[1])
