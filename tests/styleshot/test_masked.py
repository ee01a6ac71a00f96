"""Styles that have a part of the picture each, and a photo that stays around what is painted."""

import pytest
import torch
from styleshot import tiny
from styleshot.test_pipeline import LINES, differs, latents, make, seeded

from styleshot_demo.styleshot.decoding import encode
from styleshot_demo.styleshot.latent_blending import LatentBlending
from styleshot_demo.styleshot.masked import levels_of
from styleshot_demo.styleshot.schedule import prepare_timesteps

RED, BLUE = tiny.picture((220, 40, 30)), tiny.picture((20, 60, 200))
LEFT = (torch.arange(64) < 32).float().expand(72, 64)


@pytest.fixture
def pipeline(parts):
    return make(parts)


def test_a_level_has_the_size_that_the_unet_gives_it() -> None:
    levels = levels_of(torch.stack([LEFT, 1 - LEFT]), (7, 18))
    assert [number for number in levels] == [126, 36, 10, 3, 2, 1]
    first, second = levels[36]
    assert first.shape == (1, 1, 1, 36) and torch.allclose(first + second, torch.ones(1, 1, 1, 36))
    assert (first.view(4, 9)[:, :4] == 1).all() and (first.view(4, 9)[:, 5:] == 0).all()


def test_each_style_is_where_its_mask_is(pipeline) -> None:
    tokens = pipeline.encode_style([RED, BLUE], [5])
    asked = {"height": 72, "width": 64, "style_tokens": tokens, "style_strength": [1, 1], "num_inference_steps": 1}

    def masked(first, second):
        return latents(pipeline, "a house", style_masks=torch.stack([first, second]), **asked)

    ones, none = torch.ones(72, 64), torch.zeros(72, 64)
    red, blue = (
        latents(pipeline, "a house", **asked | {"style_tokens": tokens[:, place : place + 1], "style_strength": 1})
        for place in (0, 1)
    )
    assert not differs(masked(ones, none), red) and not differs(masked(none, ones), blue)
    both = masked(LEFT, 1 - LEFT)
    # What a UNet of few layers sees of the other side fades with the distance.
    nearer = [(both - one).abs().mean((0, 1, 2)) for one in (red, blue)]
    assert nearer[0][0] < nearer[1][0] and nearer[0][-1] > nearer[1][-1]
    with pytest.raises(ValueError, match="style_masks"):
        latents(pipeline, "a house", style_masks=LEFT[None], **asked)


@pytest.mark.parametrize("guidance_scale", [1, 7.5])
def test_the_unet_is_as_it_was_after_a_masked_run(parts, pipeline, guidance_scale) -> None:
    before = list(parts["unet"].attn_processors.values())
    tokens = pipeline.encode_style([RED, BLUE], [5])
    masks = torch.stack([LEFT, 1 - LEFT])
    latents(
        pipeline, "a house", style_tokens=tokens, style_strength=[1, 0.5], style_masks=masks, control_image=LINES,
        guidance_scale=guidance_scale,
    )  # fmt: skip
    after = list(parts["unet"].attn_processors.values())
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_latents_are_the_photos_with_the_noise_of_the_step_outside_of_the_mask(pipeline) -> None:
    photo = encode(pipeline.vae, torch.linspace(-1, 1, 3 * 72 * 64).view(1, 3, 72, 64)) * 0.18215
    noise = torch.randn(photo.shape, generator=seeded())
    keep = LatentBlending(photo, LEFT, noise)
    plain, _ = prepare_timesteps(pipeline.scheduler, 4, "cpu")
    run = pipeline.iterate(
        "a house", RED, latents=noise, height=72, width=64, num_inference_steps=4, output_type="latent",
        generator=seeded(),
    )  # fmt: skip
    seen = []
    while True:
        try:
            state = next(run)
        except StopIteration as end:
            result = end.value.images
            break
        own = state.latents.clone()
        keep(state)
        assert torch.equal(state.latents[..., :4], own[..., :4])
        if state.index + 1 < state.total:
            following = plain.timesteps[state.index + 1 : state.index + 2]
            wanted = plain.add_noise(photo, noise, following)
            assert torch.allclose(state.latents[..., 4:], wanted[..., 4:])
        seen.append(state.index)
    assert len(seen) == 5  # PNDM's
    assert torch.equal(result[..., 4:], photo[..., 4:]) and differs(result[..., :4], photo[..., :4])
