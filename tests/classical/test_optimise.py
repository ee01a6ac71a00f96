import pytest
import torch

from styleshot_demo.classical.losses import gram, gram_distance
from styleshot_demo.classical.optimise import STYLE_LAYERS, Pyramid, scales_for, shares, stylise
from styleshot_demo.classical.weights import load_encoder
from styleshot_demo.settings import ASSETS


@pytest.fixture(scope="module")
def features():
    return load_encoder(ASSETS / "weights/encoder.safetensors")


def picture(seed: int, height: int = 96, width: int = 128, cells: int = 12) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(1, 3, cells, cells, generator=generator)
    return torch.nn.functional.interpolate(small, size=(height, width), mode="bicubic").clamp(0, 1)


def run(features, content, styles, **settings):
    return list(stylise(content, styles, features, start=settings.pop("start", content), **settings))


def style_distance(features, pixels, style):
    with torch.no_grad():
        found, wanted = features(pixels, STYLE_LAYERS), features(style, STYLE_LAYERS)
    return float(sum(gram_distance(gram(found[name]), gram(wanted[name])) for name in STYLE_LAYERS))


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_the_style_arrives(features, optimiser):
    content, style = picture(0), picture(1, cells=40)
    last = run(features, content, [(style, 1.0)], steps=24, optimiser=optimiser)[-1]
    assert style_distance(features, last.pixels, style) < 0.6 * style_distance(features, content, style)
    assert last.pixels.shape == content.shape and last.pixels.min() >= 0 and last.pixels.max() <= 1


def test_iterations_are_counted_and_the_loss_falls(features):
    iterations = run(features, picture(2), [(picture(3), 1.0)], steps=20)
    assert [iteration.step for iteration in iterations] == list(range(1, 21))
    assert {iteration.total for iteration in iterations} == {20}
    assert iterations[-1].loss < iterations[0].loss


def test_same_seed_same_bytes_and_noise_differs_by_seed(features):
    content, style = picture(4), picture(5)

    def paint(seed):
        noise = torch.rand(content.shape, generator=torch.Generator().manual_seed(seed))
        return run(features, content, [(style, 1.0)], steps=6, seed=seed, start=noise)[-1].pixels

    assert torch.equal(paint(1), paint(1))
    assert not torch.equal(paint(1), paint(2))


def test_content_weight_holds_the_content(features):
    content, style = picture(6), picture(7, cells=40)
    loose, tight = (
        run(features, content, [(style, 1.0)], steps=20, content_weight=weight)[-1].pixels for weight in (0.1, 100.0)
    )
    assert float((tight - content).abs().mean()) < float((loose - content).abs().mean())


def test_style_weights_mix_gram_matrices(features):
    content, one, other = picture(8), picture(9, cells=6), picture(10, cells=48)
    towards_one, towards_other = (
        run(features, content, [(one, weight), (other, 1 - weight)], steps=20)[-1].pixels for weight in (0.9, 0.1)
    )
    assert style_distance(features, towards_one, one) < style_distance(features, towards_other, one)
    assert style_distance(features, towards_other, other) < style_distance(features, towards_one, other)


def test_closing_the_iterator_stops(features):
    content = picture(11)
    iterations = stylise(content, [(picture(12), 1.0)], features, start=content, steps=50)
    assert next(iterations).step == 1
    iterations.close()
    with pytest.raises(StopIteration):
        next(iterations)


def test_scales_and_shares():
    assert scales_for(256) == [128, 256]
    assert scales_for(128) == [128]
    assert scales_for(2048) == [256, 512, 1024, 2048]
    for steps in (1, 2, 5, 200):
        counts = shares(steps, [128, 256, 512])
        assert min(counts) >= 1 and (sum(counts) == steps or steps < 3)


def test_a_pyramid_is_the_picture_it_was_made_from():
    pixels = picture(13, 67, 91)
    assert torch.allclose(Pyramid(pixels, 4)(), pixels, atol=1e-6)
