import types

import pytest
import torch
from diffusers import AutoencoderTiny

from styleshot_demo.runners import previews
from styleshot_demo.runners.previews import Previews, clean
from styleshot_demo.small.autoencoder import PatchAutoencoder


def test_a_linear_map_of_the_latents():
    latents = torch.zeros(1, 4, 4, 6)
    latents[0, 0, :, 3:] = 2.0
    image = Previews().of(latents, None, (48, 32))
    assert (image.mode, image.size) == ("RGB", (48, 32))
    assert image.getpixel((2, 2)) == (127, 127, 127)
    assert image.getpixel((45, 2)) == tuple(int((1 + 2 * factor) * 127.5) for factor in previews.COLOURS[0])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_latents_that_run_away_are_still_a_picture(value):
    assert Previews().of(torch.full((2, 4, 4, 4), value).half(), None, (8, 8)).size == (8, 8)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_whatever_makes_previews_takes_numbers_that_are_none(value):
    widths = (8, 8, 8, 8)
    decoder = AutoencoderTiny(encoder_block_out_channels=widths, decoder_block_out_channels=widths).eval()
    own = PatchAutoencoder(latent_channels=4, block_out_channels=[8, 8, 8, 8, 8]).eval()
    euler = types.SimpleNamespace(step_index=1, sigmas=torch.tensor([9.0, value, 0.0]))
    latents = torch.full((1, 4, 4, 4), value)
    for shown in (Previews(decoder), Previews(None, own.decode_linear), Previews()):
        assert shown.of(latents, euler, (16, 16)).size == (16, 16)


def test_a_tiny_decoder():
    widths = (8, 8, 8, 8)
    decoder = AutoencoderTiny(encoder_block_out_channels=widths, decoder_block_out_channels=widths).eval()
    latents = torch.randn(2, 4, 4, 6, generator=torch.Generator().manual_seed(0))
    image = Previews(decoder).of(latents, None, (48, 32))
    assert (image.mode, image.size) == ("RGB", (48, 32))
    assert image.tobytes() != Previews().of(latents, None, (48, 32)).tobytes()


def test_previews_take_a_tenth_of_the_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(previews.time, "perf_counter", lambda: now[0])
    shown, image = Previews(), Previews()._image

    def one_second(latents):
        now[0] += 1.0
        return image(latents)

    monkeypatch.setattr(shown, "_image", one_second)
    latents = torch.zeros(1, 4, 2, 2)
    assert shown.of(latents, None, (8, 8)) is not None
    for later, made in ((5.0, False), (10.5, False), (11.5, True)):
        now[0] = later
        assert (shown.of(latents, None, (8, 8)) is not None) == made


def test_what_the_scheduler_takes_the_picture_for():
    latents, guess = torch.ones(1, 4, 2, 2), torch.full((1, 4, 2, 2), 0.5)
    assert clean(latents, types.SimpleNamespace(model_outputs=[None, guess])) is guess
    assert clean(latents, types.SimpleNamespace(model_outputs=[None, None])) is latents
    noisy = types.SimpleNamespace(step_index=1, sigmas=torch.tensor([9.0, 3.0**0.5, 0.0]))
    assert torch.allclose(clean(latents, noisy), torch.full_like(latents, 0.5))
    assert clean(latents, None) is latents
