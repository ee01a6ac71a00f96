import pytest
import torch
from styleshot import tiny

from styleshot_demo.styleshot import patches
from styleshot_demo.styleshot.encoder import PatchNetwork, StyleAwareEncoder


def split(batch=1):
    return patches.split(torch.rand(batch, 3, 512, 512, generator=torch.Generator().manual_seed(0)) * 2 - 1)


def test_three_embeddings_per_picture(parts):
    encoder = parts["style_encoder"]
    assert encoder(*split(2)).shape == (2, 3, tiny.ENCODER["projection_dim"])
    assert encoder.embed(*split()).shape == (1, 59, tiny.ENCODER["hidden_size"])


def test_pictures_of_a_batch_do_not_mix(parts):
    encoder, both = parts["style_encoder"], split(2)
    second = encoder(*(level[1:] for level in both))
    assert torch.allclose(encoder(*both)[1:], second, atol=1e-5)


def test_order_of_patches_matters(parts):
    encoder = parts["style_encoder"]
    one, other = (encoder(*patches.shuffle(split(), patches.order(seed))) for seed in (0, 1))
    assert (one - other).abs().max() > 1e-4


def test_levels_meet_their_class_vectors(parts):
    """Swapping two class vectors swaps nothing else: each level's own vector stands before its patches."""
    encoder = parts["style_encoder"]
    sequence = encoder.embed(*split())[0] - encoder.position_embedding.weight
    for place, vector in zip((0, 9, 26), encoder.style_embeddings, strict=True):
        assert torch.allclose(sequence[place], vector, atol=1e-6)


def test_saved_and_loaded(parts, tmp_path):
    encoder = parts["style_encoder"]
    encoder.save_pretrained(tmp_path)
    loaded = StyleAwareEncoder.from_pretrained(tmp_path)
    assert torch.allclose(loaded(*split()), encoder(*split()), atol=1e-5)
    half = StyleAwareEncoder.from_pretrained(tmp_path, dtype=torch.float16)
    assert half.dtype == torch.float16
    # Patches come in float32 whatever the encoder is in.
    assert torch.allclose(half(*split()).float(), encoder(*split()), atol=2e-2)


def test_every_part_learns():
    encoder = StyleAwareEncoder(**tiny.ENCODER)
    for parameter in encoder.style_embeddings:
        torch.nn.init.normal_(parameter)
    encoder(*split()).square().sum().backward()
    silent = [name for name, parameter in encoder.named_parameters() if parameter.grad is None]
    assert silent and all(name.startswith("image_encoder.vision_model.embeddings.") for name in silent)


def test_too_few_blocks_for_a_patch():
    with pytest.raises(ValueError, match="at least 5 blocks"):
        PatchNetwork([8, 8, 8, 8], 128, 16)
