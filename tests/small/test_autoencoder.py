"""The linear encoder and its inverse; the decoder begins where they end."""

import pytest
import torch

from styleshot_demo.small.autoencoder import PatchAutoencoder


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(12, 3, 6, 6, generator=generator) * 2 - 1
    return torch.nn.functional.interpolate(coarse, (64, 64), mode="bicubic").clamp(-1, 1)


@pytest.fixture(scope="module")
def fitted(pictures) -> PatchAutoencoder:
    model = PatchAutoencoder(latent_channels=24, block_out_channels=[16, 16, 8, 8, 8])
    figures = model.fit(pictures)
    assert 0.9 < figures["kept"] <= 1
    return model.eval()


def test_latents_have_unit_variance_and_keep_the_order_of_their_spread(fitted, pictures):
    latents = fitted.latents(pictures)
    assert latents.shape == (12, 24, 8, 8)
    assert float((latents**2).mean()) == pytest.approx(1, abs=0.02)
    spread = latents.std((0, 2, 3))
    assert spread[0] > 2 * spread[-1]


def test_the_linear_inverse_gives_the_picture_back(fitted, pictures):
    rebuilt = fitted.decode_linear(fitted.latents(pictures))
    assert ((rebuilt - pictures) ** 2).mean() < 0.1 * pictures.var()
    all_channels = PatchAutoencoder(latent_channels=192, block_out_channels=[16, 16, 8, 8, 8])
    all_channels.fit(pictures)
    assert torch.allclose(all_channels.decode_linear(all_channels.latents(pictures)), pictures, atol=1e-3)


def test_an_untrained_decoder_is_the_linear_inverse(fitted, pictures):
    large = torch.nn.functional.interpolate(pictures, scale_factor=2, mode="bilinear")
    latents = fitted.encode(large).latent_dist.mode()
    assert latents.shape == (12, 24, 8, 8)
    decoded = fitted.decode(latents).sample
    assert decoded.shape == large.shape
    assert torch.equal(decoded, fitted.decode(latents, return_dict=False)[0])
    assert ((decoded - large) ** 2).mean() < 0.15 * large.var()


def test_it_has_what_pipelines_use(fitted, tmp_path, pictures):
    assert 2 ** (len(fitted.config.block_out_channels) - 1) == 16
    fitted.half().save_pretrained(tmp_path)
    again = PatchAutoencoder.from_pretrained(tmp_path).float()
    fitted.float()
    assert torch.equal(again.latents(pictures), fitted.latents(pictures))
    assert again.config.scaling_factor == 1.0
