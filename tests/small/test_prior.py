"""The prior of words: fitted, laid out as latents are, and what denoising begins with."""

import pytest
import torch
from diffusers import DDIMScheduler
from styleshot import tiny
from styleshot.test_pipeline import RED, differs, latents, make

from styleshot_demo.runners.schedulers import KINDS
from styleshot_demo.small.pipeline import SmallStyleShotPipeline
from styleshot_demo.small.prior import LatentPrior
from styleshot_demo.small.statistics import of_latents


def small(parts, **other):
    return make(parts, SmallStyleShotPipeline, **other)


def test_every_token_tells_its_own_field():
    prior = LatentPrior(width=6, channels=3, fields=4, cells=2, rank=2)
    torch.nn.init.ones_(prior.told)
    torch.nn.init.ones_(prior.components)
    tokens = torch.zeros(1, 20, 6)
    tokens[0, 4 + 6] = 1.0  # the seventh of the last 16: second row, third column
    places = prior(tokens)[0].detach().abs().sum(0).nonzero()
    assert prior(tokens).shape == (1, 3, 8, 8)
    assert {tuple(place) for place in places.tolist()} == {(2, 4), (2, 5), (3, 4), (3, 5)}


def test_it_is_fitted_to_what_tokens_tell():
    torch.manual_seed(0)
    true = LatentPrior(width=10, channels=3, fields=2, cells=2, rank=5)
    for value in true.parameters():
        torch.nn.init.normal_(value)
    tokens = torch.randn(200, 7, 10)
    wanted = true(tokens).detach()
    found = LatentPrior(width=10, channels=3, fields=2, cells=2, rank=5)
    shares = found.fit(tokens, wanted, ridge=1e-8)
    # With so few components `usual` may not fit: it is a part of what they hold, and is found too.
    assert shares["told"] > 0.99 and shares["kept"] > 0.99
    other = torch.randn(5, 7, 10)
    assert torch.allclose(found(other), true(other), atol=0.05 * float(wanted.std()))


def test_what_tokens_do_not_tell_is_the_mean():
    torch.manual_seed(0)
    prior = LatentPrior(width=4, channels=3, fields=2, cells=2, rank=12)
    wanted = torch.randn(4000, 3, 4, 4) + torch.arange(4.0)
    shares = prior.fit(torch.randn(4000, 5, 4), wanted)
    assert shares["told"] < 0.01
    assert torch.allclose(prior(torch.randn(1, 5, 4)).detach()[0], wanted.mean(0), atol=0.3)


@pytest.fixture
def prior(parts):
    torch.manual_seed(1)
    made = LatentPrior(width=tiny.WIDTH, channels=4, fields=4, cells=2, rank=3).requires_grad_(False)
    for value in made.parameters():
        torch.nn.init.normal_(value, std=4.0)  # so that latents see more of it than of what a random UNet does
    return made


@pytest.fixture
def parts(parts):
    return parts | {"scheduler": DDIMScheduler.from_config(parts["scheduler"].config, clip_sample=False)}


def test_denoising_begins_with_it(parts, prior):
    pipeline = small(parts, prior=prior)
    given = {"num_inference_steps": 10, "height": 64, "width": 64}
    plain = latents(small(parts), "a house", RED, **given)
    assert torch.equal(latents(pipeline, "a house", RED, **given), plain), "none is asked for"
    told = prior(pipeline.text_encoder(_ids(pipeline, "a house"))[0]) * parts["vae"].config.scaling_factor

    found = latents(pipeline, "a house", RED, prior_share=0.9, **given)
    assert torch.cosine_similarity((found - plain).flatten(), told.flatten(), 0) > 0.9


def test_fewer_steps_are_made_and_none_is_skipped_without_words(parts, prior):
    pipeline = small(parts, prior=prior)
    for prompt, count in (("a house", 8), ("", 10), (" ", 10), (["a house", ""], 10)):
        states = list(pipeline.iterate(prompt, RED, num_inference_steps=10, prior_share=0.2, output_type="latent"))
        assert [state.index for state in states] == list(range(count))
        assert states[-1].total == count


def test_it_takes_over_a_style(parts, prior):
    pipeline = small(parts, prior=prior)
    style = of_latents(torch.randn(1, 4, 8, 8) * 3 + 5)
    given = {"num_inference_steps": 10, "prior_share": 0.9, "style_statistics": style, "height": 64, "width": 64}
    plain, pulled = (latents(pipeline, "a house", RED, prior_pull=pull, **given) for pull in (0.0, 1.0))
    assert (pulled.mean() - 5).abs() < (plain.mean() - 5).abs() / 2


@pytest.mark.parametrize("name", KINDS)
def test_every_scheduler_begins_with_it(parts, prior, name, tmp_path):
    from styleshot_demo.runners.schedulers import scheduler

    parts["scheduler"].save_pretrained(tmp_path)
    pipeline = small(parts, prior=prior, scheduler=scheduler(name, tmp_path))
    given = {"num_inference_steps": 10, "height": 64, "width": 64}
    told = prior(pipeline.text_encoder(_ids(pipeline, "a house"))[0]) * parts["vae"].config.scaling_factor
    found = latents(pipeline, "a house", RED, prior_share=0.8, **given)
    assert torch.isfinite(found).all()
    assert torch.cosine_similarity(found.flatten(), told.flatten(), 0) > 0.5
    assert torch.equal(found, latents(pipeline, "a house", RED, prior_share=0.8, **given)), "same seed, same picture"


def test_other_sizes_stretch_it(parts, prior):
    pipeline = small(parts, prior=prior)
    found = latents(pipeline, "a house", RED, prior_share=0.5, height=64, width=96)
    assert found.shape == (1, 4, 8, 12) and torch.isfinite(found).all()


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_wrong_shares_are_refused(parts, prior, share):
    with pytest.raises(ValueError, match="prior_share"):
        small(parts, prior=prior)("a house", RED, prior_share=share)


def test_it_needs_a_prior(parts):
    with pytest.raises(ValueError, match="prior"):
        small(parts)("a house", RED, prior_share=0.5)


def test_it_is_written_and_read_with_the_pipeline(parts, prior, tmp_path):
    small(parts, prior=prior).save_pretrained(tmp_path)
    again = SmallStyleShotPipeline.from_pretrained(tmp_path)
    assert again.prior is not None and differs(again.prior.told, torch.zeros(()))
    assert torch.equal(again.prior.told, prior.told)


def _ids(pipeline, text):
    tokenizer = pipeline.tokenizer
    return tokenizer(text, padding="max_length", max_length=tokenizer.model_max_length, return_tensors="pt").input_ids
