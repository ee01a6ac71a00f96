"""A step of each training stage against the published training program, with the same synthetic weights.

The published program's random sources are fixed in the recording: no patch shuffle, latents without sampling, drop
numbers, time steps and noise by rule. What is measured here goes through the program's own crops, drop rules, choice of
weights that learn, and objective.
"""

import hashlib
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor2_0
from parity.synthetic import draw, fill, picture
from PIL import Image

from styleshot_demo.styleshot import patches
from styleshot_demo.training.stages.content import content_stage
from styleshot_demo.training.stages.inputs import latents_of, text_embeddings
from styleshot_demo.training.stages.parts import Base, StyleShot
from styleshot_demo.training.stages.recipe import StageRecipe
from styleshot_demo.training.stages.runner import optimiser_of
from styleshot_demo.training.stages.samples import control_tensor, picture_tensor
from styleshot_demo.training.stages.style import style_stage

pytestmark = pytest.mark.timeout(1200)  # steps at full picture size on a busy machine

LOSS, NORM, TENSOR = 5e-6, 3e-4, 5e-5


def sha256(tensor):
    return hashlib.sha256(np.ascontiguousarray(tensor.numpy()).tobytes()).hexdigest()


def close(ours, theirs, tolerance):
    assert ours.shape == theirs.shape
    difference = (ours.double() - theirs.double()).abs().max().item()
    assert difference <= tolerance, f"differs by {difference:.2e}, allowed {tolerance:.0e}"


def black_and_white(image, rule):
    threshold = int(re.search(r"pixels > (\d+)", rule)[1])
    return image.convert("L").point(lambda level: 255 if level > threshold else 0)


def spared(encoder, kept, known):
    """Lets the encoder read no picture whose style is dropped: whatever it made of one must reach nothing, so it is no
    number. What it makes of the same pictures again while nothing in it learns is `known`."""
    read = encoder.forward

    def forward(*levels):
        if known and not any(parameter.requires_grad for parameter in encoder.parameters()):
            return known[0]
        found = read(*(level[kept] for level in levels))
        made = torch.full((len(kept), *found.shape[1:]), torch.nan).index_put((kept,), found)
        known[:] = [made.detach()]
        return made

    encoder.forward = forward


def trained(recorded, number, known):
    """Everything the recording has, computed by this program. What both stages make of the same pictures and weights,
    `known` keeps: latents and embeddings."""
    facts, expected = recorded.json(f"train_stage{number}.json"), recorded.tensors(f"train_stage{number}.safetensors")
    side = facts["batch_shapes"]["images"][-1]
    images = [Image.fromarray(picture(*size, variant)) for variant, size in enumerate(facts["sizes"])]
    pictures = torch.stack([picture_tensor(image, side) for image in images])

    base = Base(recorded.unet, recorded.vae, recorded.text_encoder, recorded.tokenizer, recorded.scheduler)
    styleshot = StyleShot(recorded.encoder, recorded.adapter(half_rounded=False), None)
    stage = style_stage(base, styleshot) if number == 1 else content_stage(base, styleshot)
    if number == 2:
        fill(styleshot.controlnet, recorded.seed, "controlnet.").requires_grad_(True)
    drop = stage.bounds(torch.tensor(facts["drop_numbers"], dtype=torch.float64))
    texts = ["" if dropped else text for text, dropped in zip(facts["prompts"], drop.text, strict=True)]
    controls = None
    if stage.uses_content:
        rule = facts["recipe"]["content_i"]
        drawn = [black_and_white(Image.fromarray(picture(*size, n + 1)), rule) for n, size in enumerate(facts["sizes"])]
        controls = torch.stack([control_tensor(image, side) for image in drawn])
        controls = torch.where(drop.content[:, None, None, None], 0.0, controls)

    own = {name.replace("_ip.0.weight", "_ip.weight"): value for name, value in stage.objective.named_parameters()}
    learning = {name: parameter for name, parameter in own.items() if parameter.requires_grad}
    latents = known["latents"] = known["latents"] if "latents" in known else latents_of(base.vae, pictures)
    spared(styleshot.style_encoder, ~drop.style, known.setdefault("embeddings", []))
    text = text_embeddings(base.text_encoder, base.tokenizer, texts)
    seen = {}
    stage.objective.unet.register_forward_hook(
        lambda module, given, result: seen.update(noisy_latents=given[0].detach(), noise_pred=result[0].detach())
    )
    for level, projection in enumerate(styleshot.adapter.style_image_proj_modules):
        # What the projections get: embeddings, zeros where the style is dropped.
        projection.register_forward_pre_hook(lambda module, given, level=level: seen.update({level: given[0].detach()}))
    noise = torch.from_numpy(draw("train.noise.0", tuple(latents.shape), recorded.seed))
    times = torch.tensor(facts["timesteps"][0])
    loss = stage.objective(latents, noise, times, text, patches.split(pictures), drop.style, controls)
    loss.backward()
    norms = {name: parameter.grad.double().norm().item() for name, parameter in learning.items()}
    tensors = {name: seen[name] for name in ("noisy_latents", "noise_pred")}
    tensors["style_embeds"] = torch.stack([seen[level] for level in range(3)], dim=1)
    recorded.unet.set_attn_processor(AttnProcessor2_0())  # as it was; the default one takes three times as long
    return SimpleNamespace(
        facts=facts, expected=expected, pictures=pictures, controls=controls, drop=drop, texts=texts,
        tokenizer=base.tokenizer, latents=latents, learning=list(learning),
        loss=loss.item(), norms=norms, tensors=tensors,
    )  # fmt: skip


@pytest.fixture(scope="module")
def known():
    return {}


@pytest.fixture(scope="module", params=[1, 2], ids=["stage1", "stage2"])
def run(request, recorded, known):
    yield trained(recorded, request.param, known)
    del recorded.encoder.forward  # the instance's own
    recorded.encoder.zero_grad()
    recorded.encoder.eval().requires_grad_(False)
    recorded.__dict__.pop("pipeline", None)  # its adapter is attached no longer


def test_pictures_and_content_pictures(run):
    assert [sha256(picture) for picture in run.pictures] == run.facts["image_sha256"]
    if run.controls is None:
        return
    for control, expected in zip(run.controls, run.facts["content_inputs"], strict=True):
        assert sha256(control) == expected["sha256_float32"]
        assert control.mean().item() == pytest.approx(expected["mean"], abs=1e-6)


def test_what_is_dropped(run):
    assert run.drop.style.int().tolist() == run.facts["drop_style_embeds"]
    assert run.texts == run.facts["texts_after_drop"]
    length = run.tokenizer.model_max_length
    ids = run.tokenizer(run.texts, padding="max_length", max_length=length, truncation=True).input_ids
    assert ids == run.facts["token_ids"]


def test_the_same_weights_learn(run):
    assert set(run.learning) == set(run.facts["optimised_parameters"])


@pytest.mark.parametrize("number", [1, 2])
def test_the_published_optimiser(recorded, number):
    asked = recorded.json(f"train_stage{number}.json")["optimiser"]
    recipe = StageRecipe()
    learning = list(torch.nn.Linear(1, 1).parameters())
    ours = optimiser_of(learning, recipe)
    assert type(ours) is torch.optim.AdamW
    (group,) = ours.param_groups  # what it makes of gradients is torch's
    assert all(one is other for one, other in zip(group["params"], learning, strict=True))
    for name in ("lr", "betas", "eps", "weight_decay", "amsgrad", "maximize"):
        assert group[name] == (tuple(asked[name]) if name == "betas" else asked[name]), name
    assert (recipe.schedule, recipe.clip) == ("constant", 0)


def test_tensors(run):
    close(run.latents, run.expected["latents_scaled"], TENSOR)
    for name in ("noisy_latents", "noise_pred", "style_embeds"):
        close(run.tensors[name], run.expected[f"step0.{name}"], TENSOR)


def test_loss(run):
    assert run.loss == pytest.approx(run.facts["losses"][0], abs=LOSS)


def test_gradient_norms(run):
    expected = run.facts["grad_norms"][0]
    assert set(run.norms) == set(expected)
    for name, norm in expected.items():
        assert run.norms[name] == pytest.approx(norm, rel=NORM, abs=1e-9), name
