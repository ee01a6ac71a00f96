"""Decoding with a real autoencoder whose numbers leave half precision, resident and offloaded."""

import copy

import pytest
import torch
from styleshot import tiny

from styleshot_demo.errors import Problem
from styleshot_demo.runtime import placement
from styleshot_demo.styleshot.decoding import check_finite, decode, in_float32

CPU = torch.device("cpu")


@pytest.fixture
def latents():
    return torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def large():
    """An autoencoder in float32 whose activations are beyond 65,504 and whose weights are not."""
    vae = copy.deepcopy(tiny.components()["vae"])
    with torch.no_grad():
        vae.decoder.conv_in.weight.mul_(2e5)
        vae.decoder.conv_in.bias.mul_(2e5)
    assert max(float(value.abs().max()) for value in vae.decoder.parameters()) < 65504
    return vae


def state(vae):
    """What must be the same afterwards: the very memory of every weight, its type, and the hooks."""
    weights = [(value.data_ptr(), value.dtype, value.device) for value in (*vae.parameters(), *vae.buffers())]
    hooks = [(len(each._forward_pre_hooks), len(each._forward_hooks)) for each in vae.modules()]
    return weights, hooks


def made(vae, form):
    vae = vae.half()
    if form == "resident":
        return vae
    return placement.offload_layers(vae, CPU, torch.float16, eight_bits=form == "sequential_offload_8bit")


def test_it_is_the_autoencoders_own_where_nothing_overflows(latents):
    vae = tiny.components()["vae"]
    with torch.no_grad():
        expected = torch.cat([vae.decode(one).sample for one in latents.split(1)])
        assert torch.equal(decode(vae, latents), expected)


@pytest.mark.parametrize("form", ["resident", "sequential_offload", "sequential_offload_8bit"])
def test_a_picture_that_overflows_is_decoded_again_in_float32(large, latents, form):
    with torch.no_grad():
        expected = large.decode(latents[:1]).sample
        vae = made(large, form)
        before = state(vae)
        assert not torch.isfinite(vae.decode(latents[:1].half()).sample).all(), "float16 overflows"
        found = decode(vae, latents)
    assert torch.isfinite(found).all() and state(vae) == before
    if form != "sequential_offload_8bit":  # eight bits are another network
        assert torch.allclose(found[:1].float(), expected, atol=0.02)


def test_in_tiles_too(large):
    vae = large.half()
    vae.enable_tiling()
    vae.tile_latent_min_size, vae.tile_sample_min_size = 8, 64
    latents = torch.randn(1, 4, 12, 12, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.isfinite(decode(vae, latents)).all()


def test_within_autocast_too(large, latents):
    with torch.no_grad(), torch.autocast("cpu", torch.float16):
        assert torch.isfinite(decode(large, latents)).all()


@pytest.mark.parametrize("form", ["resident", "sequential_offload"])
@pytest.mark.parametrize("error", [torch.OutOfMemoryError, KeyboardInterrupt])
def test_an_error_leaves_every_weight_as_it_was(large, latents, form, error):
    vae = made(large, form)
    before = state(vae)

    def fail(module, inputs):
        if inputs[0].dtype == torch.float32:  # the second time
            raise error

    handle = vae.decoder.up_blocks[2].register_forward_pre_hook(fail)
    with torch.no_grad(), pytest.raises(error):
        decode(vae, latents)
    handle.remove()
    assert state(vae) == before


def test_where_float32_does_not_help_there_is_no_picture(large, latents):
    with torch.no_grad():
        large.decoder.conv_out.bias.fill_(float("nan"))
        for vae in (large, large.half()):
            before = state(vae)
            with pytest.raises(Problem) as caught:
                decode(vae, latents)
            assert caught.value.key == "not_finite" and state(vae) == before


def test_an_error_while_weights_are_widened_leaves_them_too(large, monkeypatch):
    vae = large.half()
    before, left = state(vae), [5]
    widen = torch.Tensor.float

    def scarce(tensor, *arguments, **named):
        left[0] -= 1
        if left[0] < 0:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return widen(tensor, *arguments, **named)

    monkeypatch.setattr(torch.Tensor, "float", scarce)
    with pytest.raises(torch.OutOfMemoryError), in_float32(vae):
        pass
    monkeypatch.undo()
    assert state(vae) == before


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_a_problem(value):
    assert check_finite(torch.zeros(3)).shape == (3,)
    with pytest.raises(Problem) as caught:
        check_finite(torch.tensor([0.0, value]).half())
    assert "float16" in caught.value.what
