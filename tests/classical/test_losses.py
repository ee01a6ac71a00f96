import torch

from styleshot_demo.classical.losses import (
    gram,
    gram_distance,
    moment_distance,
    perceptual_distance,
    random_projections,
    sliced_wasserstein,
    total_variation,
)


def maps(seed: int, places: int = 30) -> torch.Tensor:
    return torch.rand(2, 5, places, places, generator=torch.Generator().manual_seed(seed))


def test_gram_is_the_mean_outer_product_over_places():
    values = maps(0)
    expected = torch.einsum("nchw,ndhw->ncd", values, values) / 900
    assert torch.allclose(gram(values), expected, atol=1e-5)


def test_every_distance_of_a_thing_to_itself_is_zero():
    values, slices = maps(1), random_projections(5, 8, seed=0)
    assert float(gram_distance(gram(values), gram(values))) == 0
    assert float(moment_distance(values, values)) == 0
    assert float(sliced_wasserstein(values, values, slices)) == 0
    assert float(perceptual_distance(values, values)) == 0


def test_gram_distance_is_relative():
    one, other = gram(maps(2)), gram(maps(3))
    assert torch.allclose(gram_distance(one, other), gram_distance(7 * one, 7 * other), atol=1e-6)


def test_style_distances_do_not_care_where_things_are():
    values = maps(4)
    order = torch.randperm(900, generator=torch.Generator().manual_seed(0))
    shuffled = values.flatten(2)[:, :, order].view_as(values)
    slices = random_projections(5, 8, seed=0)
    assert float(gram_distance(gram(shuffled), gram(values))) < 1e-5
    assert float(sliced_wasserstein(shuffled, values, slices)) < 1e-5
    assert float(perceptual_distance(shuffled, values)) > 0.05


def test_sliced_wasserstein_of_a_shift_is_the_shift_in_deviations():
    values = maps(5)
    slices = torch.eye(5)
    spread = values.flatten(2).std(dim=2).mean(dim=1)
    expected = (0.3 / spread).mean()
    assert torch.allclose(sliced_wasserstein(values + 0.3, values, slices), expected, rtol=1e-3)


def test_sliced_wasserstein_compares_maps_of_different_sizes():
    one, other = torch.zeros(1, 5, 10, 10), torch.ones(1, 5, 31, 17)
    other[..., ::2] = 0
    assert torch.isfinite(sliced_wasserstein(one, other, random_projections(5, 8, seed=0)))


def test_total_variation_counts_both_axes():
    pixels = torch.zeros(1, 3, 4, 4)
    pixels[..., 2:] = 1
    assert torch.isclose(total_variation(pixels), torch.tensor(1 / 3))
    assert torch.isclose(total_variation(pixels.mT), torch.tensor(1 / 3))
