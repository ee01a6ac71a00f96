import pytest
import torch
from styleshot import tiny

from styleshot_demo.styleshot.adapter import StyleAdapter


@pytest.fixture
def inputs():
    generator = torch.Generator().manual_seed(0)
    latents, text, one, two = (
        torch.randn(shape, generator=generator)
        for shape in ((1, 4, 8, 8), (1, 77, tiny.WIDTH), (1, 6, tiny.WIDTH), (1, 6, tiny.WIDTH))
    )
    return latents, text, one, two


def run(parts, latents, text, styles, strengths):
    with parts["adapter"].attached(parts["unet"], strengths):
        return parts["unet"](latents, 500, (text, styles)).sample


def test_six_tokens_of_any_batch(parts):
    adapter = parts["adapter"]
    embeddings = torch.randn(2, 5, 3, adapter.config.embed_dim)
    tokens = adapter(embeddings)
    assert tokens.shape == (2, 5, 6, tiny.WIDTH)
    assert torch.allclose(tokens[1, 2], adapter(embeddings[1, 2]), atol=1e-5)


def test_no_style_is_not_zero(parts):
    negative = parts["adapter"].negative()
    assert negative.shape == (6, tiny.WIDTH) and negative.abs().max() > 0.01


def test_strength_zero_is_the_unet_alone(parts, inputs):
    latents, text, one, _ = inputs
    assert torch.equal(run(parts, latents, text, [one], [0.0]), parts["unet"](latents, 500, text).sample)
    assert not torch.allclose(run(parts, latents, text, [one], [1.0]), parts["unet"](latents, 500, text).sample)


def test_unet_is_left_as_it_was(parts, inputs):
    latents, text, one, two = inputs
    unet, adapter = parts["unet"], parts["adapter"]
    processors, keys, own = unet.attn_processors, set(unet.state_dict()), set(adapter.state_dict())
    with pytest.raises(ZeroDivisionError), adapter.attached(unet, [1.0, 0.5]):
        unet(latents, 500, (text, [one, two]))
        raise ZeroDivisionError
    assert unet.attn_processors == processors and set(unet.state_dict()) == keys
    assert set(adapter.state_dict()) == own


def test_one_style_in_two_halves_is_one_style(parts, inputs):
    latents, text, one, two = inputs
    whole = run(parts, latents, text, [one], [1.0])
    assert torch.allclose(run(parts, latents, text, [one, one], [0.5, 0.5]), whole, atol=1e-5)
    assert torch.allclose(run(parts, latents, text, [one, two], [1.0, 0.0]), whole, atol=1e-5)
    assert not torch.allclose(run(parts, latents, text, [one, two], [0.5, 0.5]), whole, atol=1e-3)


def test_new_adapter_copies_the_unet(parts):
    adapter = StyleAdapter.from_unet(parts["unet"], 16)
    first = parts["unet"].down_blocks[0].attentions[0].transformer_blocks[0].attn2
    assert torch.equal(adapter.adapter_modules["1"].to_k_ip[0].weight, first.to_k.weight)
    assert torch.equal(adapter.adapter_modules["1"].to_v_ip[0].weight, first.to_v.weight)
    assert "0" not in adapter.adapter_modules


def test_attached_weights_are_the_adapters(parts):
    """Training reaches the adapter through the UNet: nothing is copied."""
    unet, adapter = parts["unet"], parts["adapter"]
    with adapter.attached(unet, [1.0]):
        name = list(unet.attn_processors)[1]
        assert unet.attn_processors[name].to_k_ip[0].weight is adapter.adapter_modules["1"].to_k_ip[0].weight


def test_saved_and_loaded(parts, tmp_path):
    parts["adapter"].save_pretrained(tmp_path)
    loaded = StyleAdapter.from_pretrained(tmp_path)
    embeddings = torch.randn(1, 3, 16)
    assert torch.allclose(loaded(embeddings), parts["adapter"](embeddings), atol=1e-5)


def test_adapter_of_another_unet(parts):
    with pytest.raises(ValueError, match="attentions"):
        StyleAdapter([0, 32]).attach(parts["unet"])
