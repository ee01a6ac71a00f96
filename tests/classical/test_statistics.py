import pytest
import torch

from styleshot_demo.classical.statistics import (
    Affine,
    RunningMoments,
    adain,
    blended_transform,
    moments,
    optimal_transport,
    subsampled_moments,
)
from styleshot_demo.classical.tiles import tiles


def maps_of(seed: int, channels: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.eye(channels) + 0.3 * torch.randn(channels, channels, generator=generator)
    values = torch.randn(1, channels, 40, 50, generator=generator)
    return torch.einsum("ij,njhw->nihw", mixing, values) + torch.randn(channels, generator=generator)[:, None, None]


def test_optimal_transport_gives_the_styles_mean_and_covariance():
    content, style = maps_of(0), maps_of(1)
    wanted = moments(style)
    found = moments(optimal_transport(moments(content), wanted, ridge=0)(content))
    assert torch.allclose(found.mean, wanted.mean, atol=1e-4)
    assert torch.allclose(found.covariance, wanted.covariance, rtol=1e-3, atol=1e-3)


def test_optimal_transport_is_symmetric_and_positive_so_it_never_turns_colours_around():
    matrix = optimal_transport(moments(maps_of(2)), moments(maps_of(3))).matrix
    assert torch.allclose(matrix, matrix.T, atol=1e-6)
    assert torch.linalg.eigvalsh(matrix).min() > 0


def test_optimal_transport_onto_itself_is_the_identity():
    own = moments(maps_of(4))
    assert torch.allclose(optimal_transport(own, own, ridge=0).matrix, torch.eye(6, dtype=torch.float64), atol=1e-5)


def test_adain_gives_each_channel_the_styles_mean_and_deviation():
    content, style = maps_of(5), maps_of(6)
    result = adain(moments(content), moments(style))(content)
    assert torch.allclose(result.mean((2, 3)), style.mean((2, 3)), atol=1e-4)
    assert torch.allclose(result.std((2, 3)), style.std((2, 3)), rtol=1e-4)


def test_adain_of_a_flat_channel_is_finite():
    content = maps_of(7)
    content[:, 0] = 3.0
    result = adain(moments(content), moments(maps_of(8)))(content)
    assert torch.isfinite(result).all()


@pytest.mark.parametrize("transform", ["wct", "adain"])
def test_strength_blends_from_the_content_to_the_style(transform):
    content, style = maps_of(9), maps_of(10)
    affine = blended_transform(moments(content), [(moments(style), 1.0)], transform)
    assert affine(content, 0.0) is content
    half = (content + affine(content, 1.0)) / 2
    assert torch.allclose(affine(content, 0.5), half, atol=1e-3)


def test_weights_mix_the_maps_of_several_styles():
    content, one, other = moments(maps_of(11)), moments(maps_of(12)), moments(maps_of(13))
    mixed = blended_transform(content, [(one, 0.25), (other, 0.75)], "wct")
    alone = blended_transform(content, [(one, 1.0)], "wct"), blended_transform(content, [(other, 1.0)], "wct")
    assert torch.allclose(mixed.matrix, 0.25 * alone[0].matrix + 0.75 * alone[1].matrix)
    assert torch.allclose(mixed.target, 0.25 * one.mean + 0.75 * other.mean)


def test_moments_of_a_single_place_are_finite():
    own = moments(torch.ones(1, 3, 1, 1))
    affine = optimal_transport(own, own)
    assert isinstance(affine, Affine) and torch.isfinite(affine(torch.ones(1, 3, 1, 1))).all()


@pytest.mark.parametrize("width", [320, 322, 308])
def test_a_glance_at_a_large_map_tells_its_moments_a_fine_pattern_too(width):
    maps = maps_of(14)
    for found, wanted in zip(vars(subsampled_moments(maps)).values(), vars(moments(maps)).values(), strict=True):
        assert torch.equal(found, wanted)  # small ones are read whole
    large = torch.nn.functional.interpolate(maps, size=(300, width), mode="bilinear")
    large[:, 0] += torch.arange(width) % 2
    large[:, 1] += (torch.arange(300) % 2)[:, None]
    large[:, 2] += torch.arange(width) % 7 == 0
    found, wanted = subsampled_moments(large), moments(large)
    torch.testing.assert_close(found.mean, wanted.mean, atol=0.01, rtol=0)
    torch.testing.assert_close(found.covariance, wanted.covariance, atol=0.02, rtol=0)


def test_moments_of_parts_are_those_of_the_whole():
    maps = torch.rand(1, 5, 60, 90) * torch.linspace(0.1, 3, 90) + 2
    for step in (1, 7):
        gathering = RunningMoments(step)
        for box in tiles(60, 90, 32):
            gathering.update(box.crop(maps), box, 90)
        wanted = moments(maps) if step == 1 else moments(maps.flatten(2)[:, :, None, ::7])
        for found, value in zip(vars(gathering.moments()).values(), vars(wanted).values(), strict=True):
            torch.testing.assert_close(found, value, atol=1e-4, rtol=1e-4)
