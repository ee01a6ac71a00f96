"""Our numbers against those the published StyleShot code computes with the same synthetic weights.

Tolerances are about ten times the differences between library versions and thread counts; usual mistakes (a level not
shuffled, a strength a tenth off, negative tokens taken as zeros) are 20 to 50 000 times larger.
"""

import hashlib
import re

import numpy as np
import pytest
import torch
from parity.synthetic import draw, picture
from PIL import Image

from styleshot_demo.styleshot import content, patches


def close(ours, theirs, tolerance):
    """Within an absolute tolerance everywhere."""
    assert ours.shape == theirs.shape
    difference = (ours.double() - theirs.double()).abs().max().item()
    assert difference <= tolerance, f"differs by {difference:.2e}, allowed {tolerance:.0e}"


def close_picture(ours, theirs, levels, share):
    """No pixel further off than `levels`, and no more than `share` of the values off at all."""
    ours, theirs = (np.asarray(image.convert("RGB")).astype(int) for image in (ours, theirs))
    assert ours.shape == theirs.shape
    off = np.abs(ours - theirs)
    assert off.max() <= levels and (off > 0).mean() <= share, f"{off.max()} levels, {(off > 0).mean():.1e} of values"


def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def test_rules_of_the_synthetic_numbers():
    expected = torch.tensor([-1.6608009, -1.4619087, -1.4393816, -1.1965761])
    assert torch.equal(torch.from_numpy(draw("x", (4,))), expected)


def test_style_image_is_the_rule_picture(recorded):
    rule = recorded.info["picture"]
    assert np.array_equal(np.asarray(recorded.style_image), picture(*rule["size"], rule["variant"]))


# a: crop and patches, exact


def test_crop(recorded):
    assert np.array_equal(patches.crop(recorded.style_image), np.asarray(recorded.open("style_crop.png")))


def test_crops_of_odd_inputs(recorded):
    for name, case in recorded.json("patches.json")["crop_cases"].items():
        if match := re.fullmatch(r"picture_(\d+)x(\d+)_variant(\d+)", name):
            image = Image.fromarray(picture(*map(int, match.groups())))
        else:
            image = recorded.open(f"modes/{name}.png")
        assert sha256(patches.crop(image)) == case["sha256_rgb_512"], name


def test_patches(recorded):
    tensors = recorded.tensors("patches.safetensors")
    facts = recorded.json("patches.json")["levels"]
    split = patches.split(patches.normalised(recorded.open("style_crop.png")))
    for level, ours in split._asdict().items():
        ours = ours[0]
        expected = (tensors[f"{level}_u8"].float() / 255 - 0.5) / 0.5
        assert torch.equal(ours, expected)
        assert torch.equal(ours[0], tensors[f"{level}_first"]) and torch.equal(ours[-1], tensors[f"{level}_last"])
        assert sha256(ours.numpy()) == facts[level]["sha256_float32"]


# b, c: style encoder and tokens


def split_of(image):
    return patches.split(patches.normalised(patches.crop(image)))


@torch.no_grad()
def test_style_encoder(recorded):
    expected = recorded.tensors("style_encoder.safetensors")
    encoder, pictures, embedded = recorded.encoder, (recorded.style_image, recorded.second_image()), []
    both = patches.Patches(*map(torch.cat, zip(*map(split_of, pictures), strict=True)))
    # What `embed` makes is what the first norm gets; to ask for it alone would take as long again.
    norm = encoder.image_encoder.vision_model.pre_layrnorm
    hook = norm.register_forward_pre_hook(lambda module, given: embedded.append(given[0][:1]))
    out = encoder(*both)
    hook.remove()
    close(embedded[0], expected["embeddings_identity"], 2e-5)
    close(out, expected["out_batch2"], 2e-5)
    close(out[:1], expected["out_identity"], 2e-5)


def test_shuffle_of_a_seed_is_the_one_of_the_published_code(recorded):
    for ours, theirs in zip(patches.order(recorded.info["permutation_seed"]), recorded.order, strict=True):
        assert torch.equal(ours, theirs)


@torch.no_grad()
def test_style_tokens(recorded):
    expected = recorded.tensors("style_tokens.safetensors")
    outputs = recorded.tensors("style_encoder.safetensors")
    adapter = recorded.adapter(half_rounded=False)
    close(adapter(outputs["out_identity"]), expected["tokens_identity"], 2e-5)
    close(adapter(outputs["out_permuted"]), expected["tokens_permuted"], 2e-5)
    close(adapter.negative()[None], expected["uncond_tokens"], 2e-5)


def test_style_tokens_from_the_picture(recorded):
    """Its patches are shuffled, and pass through the encoder alone."""
    expected = recorded.tensors("style_tokens.safetensors")
    tokens = recorded.pipeline.encode_style([recorded.style_image], [recorded.info["permutation_seed"]])
    close(tokens[0], expected["tokens_permuted"], 2e-5)


# d: UNet and ControlNet


@torch.no_grad()
def test_unet_and_controlnet(recorded):
    expected = recorded.tensors("unet.safetensors")
    latents, text, tokens, timestep = (expected[name] for name in ("latents", "text", "tokens", "timestep"))
    seed = recorded.input_seed("in.latents", latents)
    batch, _, height, width = latents.shape
    control = torch.from_numpy(np.abs(draw("in.control", (batch, 3, 8 * height, 8 * width), seed)) / 2)

    down, mid = recorded.controlnet(latents, timestep, tokens, control, conditioning_scale=1.0, return_dict=False)
    for n, residual in enumerate(down):
        close(residual, expected[f"control_down_{n}"], 3e-5)
    assert f"control_down_{len(down)}" not in expected
    close(mid, expected["control_mid"], 3e-5)

    adapters = {half: recorded.adapter(half_rounded=bool(half)) for half in ("", "half_")}
    cases = [re.fullmatch(r"out_(half_)?scale_([\d.]+?)(_with_control)?", name) for name in expected]
    cases = [case for case in cases if case]
    assert len(cases) >= 3
    for case in cases:
        half, scale, with_control = case.groups(default="")
        residuals = {"down_block_additional_residuals": down, "mid_block_additional_residual": mid}
        with adapters[half].attached(recorded.unet, [float(scale)]):
            out = recorded.unet(latents, timestep, (text, [tokens]), **(residuals if with_control else {})).sample
        close(out, expected[case.string], 3e-5)


# e: whole runs


def runs(recorded):
    entries = recorded.json("generate.json").items()
    return {name: run for name, run in entries if isinstance(run, dict) and "pipeline" in run}


def run_arguments(recorded, name, run, latents):
    resolved = run["resolved"]
    generator = torch.Generator().manual_seed(run["seed"]) if "seed" in run else None
    tokens = recorded.tensors("style_tokens.safetensors")["tokens_permuted"][None]
    arguments = {
        "prompt": [text for row in run["prompt"] for text in row],
        "negative_prompt": resolved["negative_prompt"],
        "style_tokens": tokens,
        "style_strength": resolved["scale"],
        "guidance_scale": resolved["guidance_scale"],
        "num_images_per_prompt": resolved["num_samples"],
        "num_inference_steps": run["num_inference_steps"],
        "latents": None if generator else latents,
        "generator": generator,
        "height": 8 * latents.shape[2],
        "width": 8 * latents.shape[3],
    }
    if "controlnet_conditioning_scale" in resolved:
        path = recorded.folder / run.get("content_image", "")
        # Where the recording names no file, a picture squeezed to the size stood in, at strength 0.
        arguments["control_image"] = Image.open(path) if path.is_file() else recorded.style_image
        arguments["content_strength"] = resolved["controlnet_conditioning_scale"]
    return arguments


def use_scheduler(recorded, run):
    import diffusers

    config = recorded.json("tiny/scheduler/scheduler_config.json")
    scheduler = getattr(diffusers, run["scheduler"])
    # The DDIM runs were recorded with the base configuration, sample clipping off.
    extra = {"clip_sample": False} if run["scheduler"] == "DDIMScheduler" else {}
    recorded.pipeline.scheduler = scheduler.from_config({**config, **extra})


def test_whole_runs(recorded):
    tensors, every = recorded.tensors("generate.safetensors"), runs(recorded)
    assert any(run.get("decoded") for run in every.values())
    for name, run in every.items():
        if run.get("decoded"):
            continue
        use_scheduler(recorded, run)
        seen = []

        def note(pipeline, step, timestep, state, seen=seen):
            seen.append((int(timestep), state["latents"].clone()))

        arguments = run_arguments(recorded, name, run, tensors[f"{name}.latents_in"])
        # A run that is there twice was once kept as latents and once decoded.
        kind = "pil" if f"{name}_decoded" in every else "latent"
        result = recorded.pipeline(**arguments, output_type=kind, callback_on_step_end=note)
        assert [step for step, _ in seen] == run["steps_seen_by_callback"], name
        close(seen[0][1], tensors[f"{name}.after_first_step"], 3e-4)
        close(seen[-1][1], tensors[f"{name}.latents_out"], 3e-4)
        if kind == "latent":
            assert torch.equal(result.images, seen[-1][1])
        else:
            for n, image in enumerate(result.images):
                close_picture(image, recorded.open(f"{name}_decoded_{n}.png"), levels=2, share=1e-3)


def test_noise_of_a_seed_is_the_one_of_the_published_code(recorded):
    tensors = recorded.tensors("generate.safetensors")
    seeded = {name: run["seed"] for name, run in runs(recorded).items() if "seed" in run}
    assert seeded
    for name, seed in seeded.items():
        expected = tensors[f"{name}.latents_in"]
        assert torch.equal(torch.randn(expected.shape, generator=torch.Generator().manual_seed(seed)), expected)


def test_texts(recorded):
    tensors = recorded.tensors("generate.safetensors")
    for name, run in runs(recorded).items():
        if f"{name}.prompt_text" not in tensors:
            continue
        prompt, negative = recorded.pipeline.encode_prompt(
            run["prompt"][0][0], "cpu", 1, True, run["resolved"]["negative_prompt"]
        )
        close(prompt, tensors[f"{name}.prompt_text"], 3e-5)
        close(negative, tensors[f"{name}.negative_text"], 3e-5)


def test_token_ids(recorded):
    facts = recorded.json("generate.json")
    tokenizer = recorded.pipeline.tokenizer
    every = runs(recorded).values()
    texts = {
        "prompt": next(run["prompt"][0][0] for run in every),
        "gradio_negative": next(run["negative_prompt"] for run in every if "negative_prompt" in run),
    }
    for name, ids in facts["token_ids"].items():
        ours = tokenizer(texts[name], padding="max_length", max_length=len(ids), truncation=True).input_ids
        assert ours == ids, name


# f: contour and line drawing


@pytest.fixture(scope="module")
def detectors(recorded, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("detectors")
    return {name: Remembering(recorded.detector(name, scratch)) for name in ("hed", "lineart")}


class Remembering(torch.nn.Module):
    """A network that reads a picture once, however many tests ask for what it makes of it."""

    def __init__(self, network):
        super().__init__()
        self.network, self.known = network, {}

    def forward(self, pixels):
        key = sha256(pixels.numpy())
        if key not in self.known:
            self.known[key] = self.network(pixels)
        return self.known[key]


def annotators(recorded):
    return {path.stem: Image.open(path) for path in (recorded.folder / "annotators").glob("*.png")}


def grey(values):
    return Image.fromarray((values * 255).clip(0, 255).astype(np.uint8))


def test_edges(recorded, detectors):
    expected = annotators(recorded)
    edges = content.edges(recorded.style_image, detectors["hed"])
    close_picture(grey(edges), expected["hed_soft"], 1, 1e-3)


def test_contours(recorded, detectors):
    expected = {name: image for name, image in annotators(recorded).items() if re.fullmatch(r"contour_\d+", name)}
    assert expected
    for name, image in expected.items():
        threshold = int(name.removeprefix("contour_"))
        close_picture(content.contour(recorded.style_image, detectors["hed"], threshold), image, 255, 1e-3)


def test_odd_sizes(recorded, detectors):
    odd = {name: image for name, image in annotators(recorded).items() if "_odd_" in name}
    assert odd
    for name, expected in odd.items():
        size = tuple(map(int, name.rsplit("_", 1)[1].split("x")))
        image = recorded.second_image(size)
        ours = (
            content.lineart(image, detectors["lineart"])
            if name.startswith("lineart")
            else grey(content.edges(image, detectors["hed"]))
        )
        # The published line drawing grows to a multiple of 4; ours keeps the size.
        assert ours.size == size
        close_picture(ours, expected.crop((0, 0, *size)), 1, 1e-3)


def test_resize_sizes(recorded):
    for case, expected in recorded.json("annotators.json")["resize_image_sizes_w_h"].items():
        width, height, short = map(int, re.fullmatch(r"(\d+)x(\d+)->(\d+)", case).groups())
        assert list(content.resize_to(Image.new("RGB", (width, height)), short, multiple=64).size) == expected, case


def test_resized_pictures(recorded):
    expected = annotators(recorded)
    odd = next(name for name in expected if "_odd_" in name).rsplit("_", 1)[1]
    odd = recorded.second_image(tuple(map(int, odd.split("x"))))
    for name, image in (("resized_down_area", recorded.style_image), ("resized_up_lanczos", odd)):
        resized = content.resize_to(image, min(expected[name].size), multiple=64)
        close_picture(resized, expected[name], 1, 1e-3)


def test_content_pictures(recorded, detectors):
    """The control pictures of the runs: the style picture, resized; thresholds are among those at full size."""
    expected = annotators(recorded)
    contour, lines = expected["content_contour"], expected["content_lineart"]
    resized = content.resize_to(recorded.style_image, min(contour.size), multiple=64)
    thresholds = [int(name.removeprefix("contour_")) for name in expected if re.fullmatch(r"contour_\d+", name)]
    ours = [content.contour(resized, detectors["hed"], threshold) for threshold in thresholds]
    best = min(ours, key=lambda image: np.abs(np.asarray(image)[..., 0] - np.asarray(contour.convert("L"))).mean())
    close_picture(best, contour, 255, 1e-3)
    close_picture(content.lineart(resized, detectors["lineart"]), lines, 1, 1e-3)


def test_key_names_of_the_published_files(recorded):
    """Every name and shape of the published files fits our modules, at full size (nothing is allocated)."""
    from diffusers import ControlNetModel, UNet2DConditionModel
    from parity.recorded import old_adapter_key

    from styleshot_demo.styleshot.adapter import StyleAdapter
    from styleshot_demo.styleshot.encoder import StyleAwareEncoder

    with torch.device("meta"):
        encoder = StyleAwareEncoder()
        unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768)
        adapter = StyleAdapter.from_unet(unet)
        controlnet = ControlNetModel.from_unet(unet, load_weights_from_unet=False)
    shapes = {key: list(value.shape) for key, value in encoder.state_dict().items()}
    published = {key: shape for key, (shape, _) in recorded.json("keys/style_aware_encoder_bin.json").items()}
    assert shapes == published
    shapes = {f"controlnet.{key}": list(value.shape) for key, value in controlnet.state_dict().items()}
    shapes |= {old_adapter_key(key): list(value.shape) for key, value in adapter.state_dict().items()}
    assert shapes == {key: shape for key, (shape, _) in recorded.json("keys/ip_bin.json").items()}
    places = recorded.json("keys/adapter_index_to_processor.json")
    assert {str(n): name for n, name in enumerate(unet.attn_processors)} == places


def test_key_names_of_the_small_set(recorded):
    from parity.recorded import old_adapter_key

    shapes = {key: list(value.shape) for key, value in recorded.encoder.state_dict().items()}
    small = recorded.json("tiny/keys_style_aware_encoder.json")
    assert shapes == {key: shape for key, (shape, _) in small.items()}
    shapes = {old_adapter_key(key): list(value.shape) for key, value in recorded.adapter(False).state_dict().items()}
    shapes |= {f"controlnet.{key}": list(value.shape) for key, value in recorded.controlnet.state_dict().items()}
    assert shapes == {key: shape for key, (shape, _) in recorded.json("tiny/keys_ip_bin.json").items()}
