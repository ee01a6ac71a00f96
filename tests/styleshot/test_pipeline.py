import diffusers
import numpy as np
import pytest
import torch
from PIL import Image
from styleshot import tiny

from styleshot_demo.errors import Problem
from styleshot_demo.styleshot.pipeline import NEGATIVE_PROMPT, PROMPT, StyleShotPipeline
from styleshot_demo.styleshot.tokens import encode_style

RED, BLUE = tiny.picture((220, 40, 30)), tiny.picture((20, 60, 200))
LINES = Image.linear_gradient("L").resize((64, 72)).point(lambda value: 255 * (value // 16 % 2)).convert("RGB")


@pytest.fixture
def pipeline(parts):
    return make(parts)


def make(parts, kind=StyleShotPipeline, **other):
    pipeline = kind(**{**parts, **other})
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def seeded(seed=5):
    return torch.Generator().manual_seed(seed)


def latents(pipeline, *arguments, seed=5, **named):
    named = {"num_inference_steps": 2, "output_type": "latent", "generator": seeded(seed), **named}
    return pipeline(*arguments, **named).images


def differs(one, other):
    return (one - other).abs().max() > 1e-3


def test_strength_zero_is_plain_stable_diffusion_bit_for_bit(parts, pipeline):
    settings = {"num_inference_steps": 3, "negative_prompt": "grey", "height": 64, "width": 72}
    expected = tiny.plain(parts)("a house", **settings, generator=seeded(), output_type="np").images
    ours = pipeline("a house", RED, style_strength=0, **settings, generator=seeded(), output_type="np").images
    assert np.array_equal(ours, expected)
    # The same with style processors in place that add nothing.
    tokens = pipeline.encode_style([RED, BLUE], [5])
    ours = pipeline(
        "a house", style_tokens=tokens, style_strength=[0, 0], **settings, generator=seeded(), output_type="np"
    ).images
    assert np.array_equal(ours, expected)


def test_text_driven_is_image_driven_at_content_strength_zero(pipeline):
    text = latents(pipeline, "a house", RED, height=72, width=64)
    assert torch.equal(latents(pipeline, "a house", RED, control_image=LINES, content_strength=0), text)
    assert differs(latents(pipeline, "a house", RED, control_image=LINES, content_strength=1), text)


def test_controlnet_is_not_run_at_strength_zero(parts, pipeline):
    calls = []
    handle = parts["controlnet"].register_forward_hook(lambda *_: calls.append(1))
    try:
        latents(pipeline, "a house", RED, control_image=LINES, content_strength=0)
        assert not calls
        latents(pipeline, "a house", RED, control_image=LINES)
        assert calls
    finally:
        handle.remove()


def test_controlnet_sees_the_six_tokens_alone(parts, pipeline):
    seen = []
    hook = lambda module, positional, named: seen.append(named["encoder_hidden_states"])  # noqa: E731
    handle = parts["controlnet"].register_forward_pre_hook(hook, with_kwargs=True)
    try:
        latents(pipeline, "a house", RED, control_image=LINES)
    finally:
        handle.remove()
    tokens = pipeline.encode_style([RED], [5])[0, 0]
    assert torch.equal(seen[0], torch.stack([parts["adapter"].negative(), tokens]))


def test_every_input_matters(pipeline):
    base = latents(pipeline, "a house", RED)
    assert differs(latents(pipeline, "a tree", RED), base)
    assert differs(latents(pipeline, "a house", BLUE), base)
    assert differs(latents(pipeline, "a house", RED, style_strength=0.5), base)
    assert differs(latents(pipeline, "a house", RED, guidance_scale=3), base)
    assert differs(latents(pipeline, "a house", RED, negative_prompt="a tree"), base)
    assert differs(latents(pipeline, "a house", RED, seed=6), base)


def test_same_seed_same_bytes(pipeline):
    torch.manual_seed(1)
    one = pipeline("a house", RED, num_inference_steps=2, generator=seeded()).images[0]
    torch.manual_seed(2)
    other = pipeline("a house", RED, num_inference_steps=2, generator=seeded()).images[0]
    assert one.tobytes() == other.tobytes()


def test_picture_of_a_batch_is_the_one_made_alone(pipeline):
    together = latents(
        pipeline, "a house", RED, num_images_per_prompt=3, generator=[seeded(5 + n) for n in range(3)],
        control_image=LINES,
    )  # fmt: skip
    for n in range(3):
        alone = latents(pipeline, "a house", RED, seed=5 + n, control_image=LINES)
        # Equal but for the order of sums in matrix products of another size.
        assert torch.allclose(together[n : n + 1], alone, atol=1e-4)
        assert n == 0 or differs(together[n], together[0])


def test_seed_sets_the_order_of_patches_and_noise_stays_plain(pipeline):
    tokens = pipeline.encode_style([RED], [5])
    assert differs(tokens, pipeline.encode_style([RED], [6]))
    assert torch.equal(latents(pipeline, "", style_tokens=tokens), latents(pipeline, "", RED))


@pytest.mark.parametrize("prompt", ["a house", "", None, ["a house"], ("a house",)])
def test_any_prompt_type(pipeline, prompt):
    assert latents(pipeline, prompt, RED, num_inference_steps=1).shape == (1, 4, 8, 8)


def test_several_prompts(pipeline):
    many = latents(
        pipeline, ["a house", "a tree"], RED, num_images_per_prompt=2, generator=[seeded(n) for n in (5, 6, 5, 6)]
    )
    assert many.shape[0] == 4
    assert torch.allclose(many[3:], latents(pipeline, "a tree", RED, seed=6), atol=1e-4)


def test_default_texts(pipeline):
    named = latents(pipeline, PROMPT, RED, negative_prompt=NEGATIVE_PROMPT)
    assert torch.equal(latents(pipeline, style_image=RED), named)
    assert torch.equal(
        latents(pipeline, None, RED, negative_prompt=None), latents(pipeline, "", RED, negative_prompt="")
    )


@pytest.mark.parametrize("guidance_scale", [0.0, 0.1, 1.0])
def test_no_guidance(pipeline, guidance_scale):
    one = latents(pipeline, "a house", RED, guidance_scale=guidance_scale, control_image=LINES)
    other = latents(
        pipeline, "a house", RED, guidance_scale=guidance_scale, control_image=LINES, negative_prompt="a tree"
    )
    assert one.isfinite().all() and torch.equal(one, other)


def test_guidance_of_one_is_the_limit_of_guidance(pipeline):
    just_above = latents(pipeline, "a house", RED, guidance_scale=1.0001)
    assert torch.allclose(latents(pipeline, "a house", RED, guidance_scale=1), just_above, atol=1e-2)


def test_styles_are_mixed_by_weight(pipeline):
    red, both = latents(pipeline, "", RED), latents(pipeline, "", [RED, BLUE])
    assert torch.allclose(latents(pipeline, "", [RED, RED], style_weights=[1, 3]), red, atol=1e-4)
    assert torch.allclose(latents(pipeline, "", [RED, BLUE], style_weights=[1, 0]), red, atol=1e-4)
    assert torch.equal(latents(pipeline, "", [RED, BLUE], style_weights=[7, 7]), both)
    assert differs(both, red) and differs(both, latents(pipeline, "", BLUE))


def test_each_style_with_its_own_strength(pipeline):
    red = latents(pipeline, "", RED, style_strength=0.7)
    assert torch.allclose(latents(pipeline, "", [RED, BLUE], style_strength=[0.7, 0]), red, atol=1e-4)
    each = latents(pipeline, "", [RED, BLUE], style_strength=[0.7, 0.4])
    assert torch.allclose(latents(pipeline, "", [BLUE, RED], style_strength=[0.4, 0.7]), each, atol=1e-4)
    assert differs(each, red)


@pytest.mark.parametrize("strengths", [(0, 2), (2, 0), (2, 2), (1, 0.5)])
def test_strengths(pipeline, strengths):
    style, content = strengths
    out = latents(pipeline, "", RED, style_strength=style, content_strength=content, control_image=LINES)
    assert out.isfinite().all()


def test_size_is_the_control_pictures_cut_to_multiples_of_8(pipeline):
    image = pipeline("", RED, control_image=LINES.resize((71, 93)), num_inference_steps=1).images[0]
    assert image.size == (64, 88)
    image = pipeline("", RED, control_image=LINES, height=40, width=104, num_inference_steps=1).images[0]
    assert image.size == (104, 40)
    assert pipeline("", RED, num_inference_steps=1).images[0].size == (64, 64)


def test_control_as_tensor(pipeline):
    tensor = torch.from_numpy(np.array(LINES)).permute(2, 0, 1)[None] / 255
    from_tensor = latents(pipeline, "", RED, control_image=tensor)
    assert torch.allclose(from_tensor, latents(pipeline, "", RED, control_image=LINES), atol=1e-5)


def test_output_types(pipeline):
    settings = {"num_inference_steps": 1, "num_images_per_prompt": 2}
    outputs = {
        kind: pipeline("", RED, output_type=kind, generator=seeded(), **settings).images for kind in ("pil", "np", "pt")
    }
    assert outputs["np"].shape == (2, 64, 64, 3) and 0 <= outputs["np"].min() <= outputs["np"].max() <= 1
    assert np.allclose(outputs["pt"].permute(0, 2, 3, 1), outputs["np"])
    assert np.array_equal(np.asarray(outputs["pil"][1]), (outputs["np"][1] * 255).round().astype(np.uint8))
    images, flagged = pipeline("", RED, return_dict=False, **settings)
    assert len(images) == 2 and flagged is None


SCHEDULERS = [
    "DDIMScheduler",
    "DPMSolverMultistepScheduler",
    "UniPCMultistepScheduler",
    "EulerAncestralDiscreteScheduler",
    "HeunDiscreteScheduler",
]


@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedulers(parts, name):
    scheduler = getattr(diffusers, name).from_config(parts["scheduler"].config)
    pipeline = make(parts, scheduler=scheduler)
    one = latents(pipeline, "a house", RED, num_inference_steps=3)
    assert one.isfinite().all()
    plain = tiny.plain({**parts, "scheduler": scheduler})
    settings = {"num_inference_steps": 3, "negative_prompt": "", "output_type": "latent", "generator": seeded()}
    expected = plain("a house", height=64, width=64, **settings).images
    settings["generator"] = seeded()
    assert torch.equal(pipeline("a house", style_strength=0, **settings).images, expected)


def test_callback_follows_and_steers(pipeline):
    seen = []

    def note(called, step, timestep, tensors):
        assert called is pipeline and set(tensors) == {"latents", "prompt_embeds"}
        seen.append((step, int(timestep)))
        return {"latents": torch.zeros_like(tensors["latents"])} if step == 2 else {}

    out = latents(
        pipeline, "", RED, num_inference_steps=2, callback_on_step_end=note,
        callback_on_step_end_tensor_inputs=["latents", "prompt_embeds"],
    )  # fmt: skip
    # PNDM evaluates its second step twice.
    assert [step for step, _ in seen] == [0, 1, 2] and not out.any()
    with pytest.raises(ValueError, match="callback"):
        latents(pipeline, "", RED, callback_on_step_end_tensor_inputs=["noise"])


def test_callback_of_the_library_turns_guidance_off(pipeline):
    from diffusers.callbacks import SDCFGCutoffCallback

    cut = SDCFGCutoffCallback(cutoff_step_ratio=None, cutoff_step_index=0)
    out = latents(pipeline, "", RED, control_image=LINES, num_inference_steps=3, callback_on_step_end=cut)
    assert out.isfinite().all()
    assert differs(out, latents(pipeline, "", RED, control_image=LINES, num_inference_steps=3))


def test_interrupt_stops_at_that_step(parts, pipeline):
    calls = []
    handle = parts["unet"].register_forward_hook(lambda *_: calls.append(1))

    def stop(called, step, timestep, tensors):
        called._interrupt = step == 1

    try:
        latents(pipeline, "", RED, num_inference_steps=10, callback_on_step_end=stop)
        assert len(calls) == 2
        latents(pipeline, "", RED, num_inference_steps=2)
        assert len(calls) == 2 + 3, "the next run is not interrupted"
    finally:
        handle.remove()


@pytest.fixture
def unchanged(parts):
    """What a run changes for a while in parts that it shares is as it was when the test is over."""
    unet, adapter, vae = parts["unet"], parts["adapter"], parts["vae"]

    def state():
        modules = [module for part in (unet, adapter, vae) for module in part.modules()]
        return (
            unet.attn_processors,
            list(adapter.state_dict()),
            [processor.scale for processor in adapter.adapter_modules.values()],
            [(len(module._forward_pre_hooks), len(module._forward_hooks), module.training) for module in modules],
            [(value.data_ptr(), value.dtype) for part in (unet, adapter, vae) for value in part.parameters()],
            {name: str(value) for name, value in vars(parts["scheduler"]).items()},
        )

    before = state()
    yield
    assert state() == before


def test_style_is_in_the_unet_only_while_that_computes(parts, pipeline, unchanged):
    kinds = lambda: {type(processor).__name__ for processor in parts["unet"].attn_processors.values()}  # noqa: E731
    seen = []
    handle = parts["unet"].register_forward_hook(lambda *_: seen.append(kinds()))
    try:
        run = pipeline.iterate("", RED, num_inference_steps=10)
        state = next(run)
        assert (state.index, state.total) == (0, 11) and state.latents.shape == (1, 4, 8, 8)
        assert torch.is_grad_enabled(), "gradients are off only inside"
        assert "IPAdapterAttnProcessor2_0" in seen[0]
        assert "IPAdapterAttnProcessor2_0" not in kinds()
        run.close()
        assert len(seen) == 1
    finally:
        handle.remove()


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("where", ["callback", "consumer", "unet", "inside the unet", "vae"])
def test_an_error_anywhere_leaves_all_as_it_was(parts, pipeline, unchanged, error, where):
    def fail(*_):
        raise error

    place = {
        "unet": parts["unet"],
        "inside the unet": parts["unet"].mid_block,
        "vae": parts["vae"].decoder,
    }.get(where)
    handle = place.register_forward_pre_hook(fail) if place else None
    freed = []
    pipeline.maybe_free_model_hooks = lambda: freed.append(1)
    try:
        with pytest.raises(error):
            if where == "consumer":
                for _ in pipeline.iterate("", RED, num_inference_steps=2):
                    raise error
            callback = {"callback_on_step_end": fail} if where == "callback" else {}
            pipeline("", RED, num_inference_steps=1, **callback)
    finally:
        if handle:
            handle.remove()
    assert freed, "the run was closed, not only left"


TURNS = [
    {"prompt": "a house", "style_image": RED, "style_strength": 1.0, "guidance_scale": 5.0},
    {"prompt": "a tree", "style_image": [BLUE, RED], "style_strength": [0.3, 1.4], "guidance_scale": 2.0},
    {"prompt": "", "style_image": BLUE, "style_strength": 0.4, "control_image": LINES, "height": 64, "width": 64},
    {"prompt": "a house", "style_image": RED, "style_strength": 0.0, "guidance_scale": 1.0},
]


def turn(pipeline, arguments, seed, steps=2):
    return pipeline.iterate(**arguments, num_inference_steps=steps, output_type="latent", generator=seeded(seed))


def to_end(run):
    while True:
        try:
            next(run)
        except StopIteration as end:
            return end.value.images


@pytest.mark.parametrize("name", ["PNDMScheduler", "DPMSolverMultistepScheduler", "EulerAncestralDiscreteScheduler"])
def test_runs_that_take_turns_give_what_they_give_alone(parts, unchanged, name):
    pipeline = make(parts, scheduler=getattr(diffusers, name).from_config(parts["scheduler"].config))
    alone = [to_end(turn(pipeline, arguments, seed)) for seed, arguments in enumerate(TURNS)]
    runs = {seed: turn(pipeline, arguments, seed) for seed, arguments in enumerate(TURNS)}
    found = {}
    while runs:
        for seed, run in list(runs.items()):
            try:
                next(run)
            except StopIteration as end:
                found[seed] = end.value.images
                del runs[seed]
    for seed, expected in enumerate(alone):
        assert torch.equal(found[seed], expected)


def test_runs_in_threads_give_what_they_give_alone(parts, pipeline, unchanged):
    """Two pipelines over the same parts, each used by two threads at once."""
    from concurrent.futures import ThreadPoolExecutor

    other = make(parts, scheduler=diffusers.DDIMScheduler.from_config(parts["scheduler"].config, clip_sample=False))
    jobs = [(one, arguments, seed) for seed, arguments in enumerate(TURNS) for one in (pipeline, other)]
    alone = [to_end(turn(*job)) for job in jobs]
    with ThreadPoolExecutor(len(jobs)) as pool:
        together = list(pool.map(lambda job: to_end(turn(*job)), jobs))
    assert all(torch.equal(one, found) for one, found in zip(alone, together, strict=True))


def test_a_callback_steers_its_own_run_only(pipeline):
    """It sets attributes of the pipeline; another run that takes its turn in between does not see them."""
    alone = to_end(turn(pipeline, TURNS[0], 0, steps=4))
    other, found = turn(pipeline, TURNS[0], 0, steps=4), []

    def steer(called, step, timestep, tensors):
        called._guidance_scale = 0.0
        called._interrupt = step == 1
        if step < 4:
            next(other)

    latents(pipeline, "", RED, num_inference_steps=4, callback_on_step_end=steer)
    found.append(to_end(other))
    assert torch.equal(found[0], alone)


def test_going_on_from_latents_is_the_rest_of_the_run(parts):
    """`denoising_start`: the steps that are left out may have been made elsewhere."""
    pipeline = make(parts, scheduler=diffusers.DDIMScheduler.from_config(parts["scheduler"].config, clip_sample=False))
    states = []
    for state in pipeline.iterate("a house", RED, num_inference_steps=10, output_type="latent", generator=seeded()):
        states.append(state.latents)
    rest = latents(pipeline, "a house", RED, num_inference_steps=10, latents=states[3], denoising_start=0.4)
    assert torch.equal(rest, states[-1])
    for arguments in ({"denoising_start": 0.4}, {"denoising_start": 1.0, "latents": states[3]}):
        with pytest.raises(ValueError, match="denoising_start"):
            latents(pipeline, "a house", RED, **arguments)


# Numbers that are none


def test_no_picture_of_numbers_that_are_none(parts, pipeline, unchanged):
    def spoil(called, step, timestep, tensors):
        return {"latents": torch.full_like(tensors["latents"], float("nan"))}

    for kind in ("pil", "latent"):
        with pytest.raises(Problem) as caught:
            pipeline("", RED, num_inference_steps=1, callback_on_step_end=spoil, output_type=kind)
        assert caught.value.key == "not_finite" and "float32" in caught.value.what


def test_numbers_that_are_none_are_found_after_the_first_step(parts, pipeline):
    calls = []
    handle = parts["controlnet"].controlnet_mid_block.register_forward_hook(
        lambda module, inputs, output: (calls.append(1), output * float("inf"))[1]
    )
    try:
        with pytest.raises(Problem) as caught:
            pipeline("", RED, control_image=LINES, num_inference_steps=20)
    finally:
        handle.remove()
    assert caught.value.key == "not_finite" and len(calls) == 1


def test_style_tokens_that_are_none_are_found_before_the_first_step(parts, pipeline):
    seen = []
    handle = parts["unet"].register_forward_pre_hook(lambda *_: seen.append(1))
    overflown = parts["style_encoder"].register_forward_hook(lambda module, inputs, output: output.half() * 1e6)
    try:
        for arguments in ({"style_image": RED}, {"style_tokens": torch.full((1, 1, 6, tiny.WIDTH), float("inf"))}):
            with pytest.raises(Problem) as caught:
                pipeline("", num_inference_steps=1, **arguments)
            assert caught.value.key == "not_finite"
        with pytest.raises(Problem, match="range of numbers"):  # alone too: what it makes may be kept for other runs
            pipeline.encode_style([RED], [0])
    finally:
        handle.remove()
        overflown.remove()
    assert not seen


# Prompts


def test_a_prompt_of_one_chunk_without_emphasis_is_stable_diffusions_own(parts, pipeline):
    for prompt in ("a house", "", "a cat :)", "🍎" * 9, "a b c " * 25):
        own = tiny.plain(parts).encode_prompt(prompt, "cpu", 2, True, "grey, [brackets")
        ours = pipeline.encode_prompt(prompt, "cpu", 2, True, "grey, [brackets")
        assert all(torch.equal(one, other) for one, other in zip(ours, own, strict=True))


def test_the_end_of_a_long_prompt_matters_and_the_other_is_filled_up(pipeline):
    long = "castle " * 60
    pipeline.max_chunks = 8
    for prompt, negative in ((long, ""), ("a house", long)):
        both = pipeline.encode_prompt(prompt, "cpu", 1, True, negative)
        assert both[0].shape == both[1].shape and both[0].shape[1] > 77
    base = latents(pipeline, long, RED, num_inference_steps=1)
    # One word of 61 moves little, but it moves something.
    assert not torch.equal(latents(pipeline, long + " tree", RED, num_inference_steps=1), base)
    other = latents(pipeline, "", RED, num_inference_steps=1, negative_prompt=long)
    again = latents(pipeline, "", RED, num_inference_steps=1, negative_prompt=long + " tree")
    assert not torch.equal(again, other)


def test_as_published_one_chunk_is_read(parts, pipeline):
    for prompt, negative in (("castle " * 60, "grey"), ("a house", "castle " * 60)):
        own = tiny.plain(parts).encode_prompt(prompt, "cpu", 1, True, negative)
        ours = pipeline.encode_prompt(prompt, "cpu", 1, True, negative)
        assert all(torch.equal(one, other) for one, other in zip(ours, own, strict=True))


def test_emphasis_matters_in_both_prompts(pipeline):
    base = latents(pipeline, "a red house", RED, negative_prompt="a tree")
    assert differs(latents(pipeline, "a (red:1.6) house", RED, negative_prompt="a tree"), base)
    assert differs(latents(pipeline, "a red house", RED, negative_prompt="a (tree:1.6)"), base)
    assert torch.equal(latents(pipeline, "a (red house:1)", RED, negative_prompt="a tree"), base)


def test_two_pipelines_share_components(parts, pipeline):
    other = make(parts, adapter=tiny.components(seed=1)["adapter"])
    before = latents(pipeline, "", RED)
    assert differs(latents(other, "", RED), before)
    assert torch.equal(latents(pipeline, "", RED), before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_saved_and_loaded(parts, pipeline, tmp_path, dtype):
    pipeline.save_pretrained(tmp_path)
    loaded = StyleShotPipeline.from_pretrained(tmp_path, dtype=dtype)
    loaded.set_progress_bar_config(disable=True)
    assert {module.dtype for module in (loaded.unet, loaded.style_encoder, loaded.adapter, loaded.controlnet)} == {
        dtype
    }
    ours = latents(loaded, "a house", RED, control_image=LINES)
    expected = latents(pipeline, "a house", RED, control_image=LINES)
    assert ours.dtype == dtype
    assert torch.allclose(ours.float(), expected, atol=1e-4 if dtype == torch.float32 else 0.1)


def test_saved_without_controlnet(parts, tmp_path):
    pipeline = make(parts, controlnet=None)
    pipeline.save_pretrained(tmp_path)
    loaded = StyleShotPipeline.from_pretrained(tmp_path)
    assert loaded.controlnet is None
    assert torch.allclose(latents(loaded, "", RED), latents(pipeline, "", RED), atol=1e-4)
    with pytest.raises(ValueError, match="controlnet"):
        latents(loaded, "", RED, control_image=LINES)


def test_without_style_encoder(parts, pipeline):
    """Encoding first and letting the encoder go gives the same picture."""
    lean = make(parts, style_encoder=None)
    tokens = encode_style([RED], [5], parts["style_encoder"], parts["adapter"])
    assert torch.equal(latents(lean, "", style_tokens=tokens), latents(pipeline, "", RED))
    with pytest.raises(ValueError, match="style_tokens"):
        latents(lean, "", RED)


BAD = [
    ({"style_strength": 2.5}, "style_strength"),
    ({"style_strength": -1}, "style_strength"),
    ({"style_strength": float("nan")}, "style_strength"),
    ({"style_strength": [1, 1]}, "2 style strengths for 1"),
    ({"content_strength": 4.5}, "content_strength"),
    ({"height": 60}, "multiples of 8"),
    ({"style_weights": [1, 2]}, "style_weights"),
    ({"style_weights": [0]}, "style_weights"),
    ({"style_image": None}, "style_image"),
    ({"style_image": []}, "style_image"),
    ({"style_image": None, "style_strength": 0, "control_image": LINES}, "style_image"),
    ({"prompt": [["nested"]]}, "text"),
    ({"prompt": []}, "text"),
    ({"prompt": ["a", "b"], "negative_prompt": ["a", "b", "c"]}, "3 negative prompts"),
    ({"generator": [torch.Generator()] * 2}, "2 generators for 1"),
    ({"control_image": [LINES, LINES]}, "2 control pictures for 1"),
    ({"style_tokens": torch.zeros(3, 1, 6, tiny.WIDTH)}, "style_tokens for 3 pictures"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_arguments_that_do_not_fit(pipeline, arguments, message):
    with pytest.raises(ValueError, match=message):
        pipeline(**{"prompt": "", "style_image": RED, "num_inference_steps": 1, **arguments})
