import pytest
import torch

from styleshot_demo.classical.colour import (
    MAX_GAIN,
    from_oklab,
    into_gamut,
    to_oklab,
    transfer_colours,
    with_colours_of,
)


def picture(seed: int, size: int = 48) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(1, 3, 6, 6, generator=generator)
    return torch.nn.functional.interpolate(small, size=(size, size + 7), mode="bilinear")


def test_oklab_there_and_back():
    pixels = picture(0)
    assert torch.allclose(from_oklab(to_oklab(pixels)), pixels, atol=2e-4)


def test_oklab_knows_published_colours():
    # Values from the page that introduced Oklab: white is L 1 without colour; sRGB red is L 0.628, a 0.225, b 0.126.
    colours = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]).T[None, :, :, None]
    lab = to_oklab(colours)[0, :, :, 0].T
    assert torch.allclose(lab[0], torch.tensor([1.0, 0.0, 0.0]), atol=1e-3)
    assert torch.allclose(lab[1], torch.tensor([0.628, 0.225, 0.126]), atol=1e-3)


@pytest.mark.parametrize("method", ["reinhard", "monge-kantorovich"])
def test_result_has_the_styles_mean_colour(method):
    # Calm pictures, so that neither the gamut nor the limit of the gain gets in the way.
    content, style = 0.4 + 0.2 * picture(1), 0.35 + 0.2 * picture(2)
    result = transfer_colours(content, [(style, 1.0)], method)
    assert torch.allclose(to_oklab(result).mean((2, 3)), to_oklab(style).mean((2, 3)), atol=0.01)


@pytest.mark.parametrize("method", ["reinhard", "monge-kantorovich"])
def test_strength_zero_gives_the_content_back_and_the_path_is_smooth(method):
    content, style = picture(3), picture(4)
    assert torch.equal(transfer_colours(content, [(style, 1.0)], method, 0.0), content)
    path = [transfer_colours(content, [(style, 1.0)], method, strength / 20) for strength in range(21)]
    steps = [float((one - other).abs().max()) for one, other in zip(path, path[1:], strict=False)]
    assert max(steps) < 0.2 and float((path[1] - content).abs().max()) < 0.2


def test_only_correlated_colours_tell_the_two_methods_apart():
    content, style = picture(5), picture(6)
    one = transfer_colours(content, [(style, 1.0)], "reinhard")
    other = transfer_colours(content, [(style, 1.0)], "monge-kantorovich")
    assert float((one - other).abs().mean()) > 0.005


def test_noise_of_a_flat_photograph_is_not_blown_up():
    generator = torch.Generator().manual_seed(0)
    flat = 0.5 + 0.002 * torch.randn(1, 3, 64, 64, generator=generator)
    result = transfer_colours(flat, [(picture(7), 1.0)])
    spread = to_oklab(result).std((2, 3)) / to_oklab(flat).std((2, 3))
    assert float(spread.max()) <= MAX_GAIN * 1.5


def test_gamut_mapping_keeps_lightness_and_hue():
    lab = torch.tensor([0.7, 0.35, -0.2]).view(1, 3, 1, 1)
    pixels = into_gamut(lab)
    assert pixels.min() >= 0 and pixels.max() <= 1
    found = to_oklab(pixels).flatten()
    assert abs(float(found[0]) - 0.7) < 0.02
    assert torch.allclose(torch.atan2(found[2], found[1]), torch.atan2(lab.flatten()[2], lab.flatten()[1]), atol=0.05)


def test_keeping_colours_takes_lightness_from_one_and_colour_from_the_other():
    content, painted = 0.4 + 0.2 * picture(8), 0.4 + 0.2 * picture(9)
    lab = to_oklab(with_colours_of(content, painted))
    assert torch.allclose(lab[:, :1], to_oklab(painted)[:, :1], atol=5e-3)
    assert torch.allclose(lab[:, 1:], to_oklab(content)[:, 1:], atol=5e-3)


def test_several_styles_land_between_them():
    content, one, other = (0.3 + 0.3 * picture(seed) for seed in (10, 11, 12))
    means = [
        to_oklab(transfer_colours(content, styles)).mean((2, 3))
        for styles in ([(one, 1.0)], [(one, 0.5), (other, 0.5)], [(other, 1.0)])
    ]
    assert torch.allclose(means[1], (means[0] + means[2]) / 2, atol=0.01)
