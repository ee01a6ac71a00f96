import torch

from styleshot_demo.evaluation.metrics import (
    colour_histogram_distance,
    content_distance,
    edge_f1,
    structural_similarity,
    style_gram_distance,
    style_sliced_distance,
)


def picture(seed: int, size: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(1, 3, 8, 8, generator=generator)
    return torch.nn.functional.interpolate(small, size=(size, size), mode="nearest")


def pixels_as_features(pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"pixels": pixels, "half": torch.nn.functional.avg_pool2d(pixels, 2)}


def test_a_picture_is_at_no_distance_from_itself():
    own = picture(0)
    assert content_distance(pixels_as_features, own, own) == 0
    assert style_gram_distance(pixels_as_features, own, own) == 0
    assert style_sliced_distance(pixels_as_features, own, own) == 0
    assert colour_histogram_distance(own, own) == 0
    assert edge_f1(own, own) == 1
    assert abs(structural_similarity(own, own) - 1) < 1e-9


def test_style_distances_ignore_place_and_content_distance_does_not():
    own = picture(1)
    turned = own.flip(-1)
    assert style_gram_distance(pixels_as_features, turned, own) < 1e-5
    assert style_sliced_distance(pixels_as_features, turned, own) < 1e-5
    assert content_distance(pixels_as_features, turned, own) > 0.01
    assert structural_similarity(turned, own) < 0.5


def test_edges_may_be_off_by_the_tolerance_and_no_more():
    content = torch.zeros(1, 3, 64, 64)
    content[..., 32:] = 1
    near, far = torch.roll(content, 2, -1), torch.roll(content, 12, -1)
    near[..., :8], far[..., :20] = 0, 0
    near[..., 56:], far[..., 56:] = 1, 1
    assert edge_f1(near, content, tolerance=3) == 1
    assert edge_f1(far, content, tolerance=3) == 0


def test_edges_of_flat_pictures():
    flat, lined = torch.full((1, 3, 32, 32), 0.5), picture(2, 32)
    assert edge_f1(flat, flat) == 1
    assert edge_f1(flat, lined) == 0


def test_colour_histograms_tell_colours_apart_and_not_places():
    red, blue = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    red[:, 0], blue[:, 2] = 0.8, 0.8
    assert colour_histogram_distance(red, blue) > 0.9
    own = picture(3)
    assert colour_histogram_distance(own.flip(-1), own) < 1e-3
