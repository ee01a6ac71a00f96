import numpy as np
import pytest
import torch
from PIL import Image

from styleshot_demo.classical.grain import FlatMasks
from styleshot_demo.classical.losses import gram, gram_distance
from styleshot_demo.classical.optimise import STYLE_LAYERS, FlatAreaConstraint, pyramid_sizes, steps_per_scale, stylise
from styleshot_demo.classical.weights import load_fast
from styleshot_demo.settings import ASSETS


@pytest.fixture(scope="module")
def painter():
    return load_fast(ASSETS / "weights/encoder.safetensors", ASSETS / "weights/fast.safetensors")


def picture(seed: int, height: int = 48, width: int = 64, cells: int = 12) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(1, 3, cells, cells, generator=generator)
    return torch.nn.functional.interpolate(small, size=(height, width), mode="bicubic").clamp(0, 1)


def run(painter, content, styles, **settings):
    return list(stylise(content, styles, painter.encoder, painter, **settings))


def style_distance(painter, pixels, style):
    features = painter.encoder
    with torch.no_grad():
        found, wanted = features(pixels, STYLE_LAYERS), features(style, STYLE_LAYERS)
    return float(sum(gram_distance(gram(found[name]), gram(wanted[name])) for name in STYLE_LAYERS))


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_the_style_arrives(painter, optimiser):
    content, style = picture(0), picture(1, cells=40)
    last = run(painter, content, [(style, 1.0)], steps=10, optimiser=optimiser)[-1]
    assert style_distance(painter, last.pixels, style) < 0.6 * style_distance(painter, content, style)
    assert last.pixels.shape == content.shape and last.pixels.min() >= 0 and last.pixels.max() <= 1


def test_iterations_are_counted_and_the_loss_falls(painter):
    iterations = run(painter, picture(2), [(picture(3), 1.0)], steps=5)
    assert [iteration.step for iteration in iterations] == [1, 2, 3, 4, 5]
    assert {iteration.total for iteration in iterations} == {5}
    assert iterations[-1].loss < iterations[0].loss


def test_same_seed_same_bytes_and_noise_differs_by_seed(painter):
    content, style = picture(4), picture(5)

    def paint(seed):
        noise = torch.rand(content.shape, generator=torch.Generator().manual_seed(seed))
        return run(painter, content, [(style, 1.0)], steps=2, seed=seed, start=noise)[-1].pixels

    assert torch.equal(paint(1), paint(1))
    assert not torch.equal(paint(1), paint(2))


def test_content_weight_holds_the_content(painter):
    content, style = picture(6), picture(7, cells=40)
    loose, tight = (
        run(painter, content, [(style, 1.0)], steps=4, content_weight=weight)[-1].pixels for weight in (0.1, 100.0)
    )
    assert float((tight - content).abs().mean()) < float((loose - content).abs().mean())


def test_style_weights_mix_gram_matrices(painter):
    content, one, other = picture(8), picture(9, cells=6), picture(10, cells=48)
    towards_one, towards_other = (
        run(painter, content, [(one, weight), (other, 1 - weight)], steps=5)[-1].pixels for weight in (0.9, 0.1)
    )
    assert style_distance(painter, towards_one, one) < style_distance(painter, towards_other, one)
    assert style_distance(painter, towards_other, other) < style_distance(painter, towards_one, other)


def test_closing_the_iterator_stops(painter):
    content = picture(11)
    iterations = stylise(content, [(picture(12), 1.0)], painter.encoder, painter, steps=50)
    assert next(iterations).step == 1
    iterations.close()
    with pytest.raises(StopIteration):
        next(iterations)


def test_scales_and_shares():
    assert pyramid_sizes(256) == [128, 256]
    assert pyramid_sizes(128) == [128]
    assert pyramid_sizes(2048) == [256, 512, 1024, 2048]
    for steps in (1, 2, 5, 200):
        counts = steps_per_scale(steps, [128, 256, 512])
        assert min(counts) >= 1 and (sum(counts) == steps or steps < 3)


def test_it_begins_with_what_it_is_given(painter):
    content, style = picture(13, 67, 91), picture(14, cells=40)
    with torch.inference_mode():
        fast = painter.decode(painter.encode(content, [(style, 1.0)]))
        rebuilt = painter.decode(painter.encode(content, [(content, 1.0)]))
    for start, wanted in ((None, fast), (content, rebuilt)):
        first = run(painter, content, [(style, 1.0)], steps=1, start=start)[0].pixels
        assert first.shape == content.shape
        distances = [float((first - other).abs().mean()) for other in (fast, rebuilt)]
        assert float((first - wanted).abs().mean()) == min(distances)


def test_a_low_strength_stays_near_the_content(painter):
    content, style = picture(15), picture(16, cells=40)
    weak, strong = (
        run(painter, content, [(style, 1.0)], steps=3, strength=strength)[-1].pixels for strength in (0.05, 1.0)
    )
    assert float((weak - content).abs().mean()) < 0.3 * float((strong - content).abs().mean())


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_what_was_stopped_goes_on_to_the_same_picture(painter, optimiser):
    content, styles = picture(13, 24, 260), [(picture(14), 1.0)]
    options = {"steps": 6, "optimiser": optimiser, "seed": 5}
    assert steps_per_scale(6, pyramid_sizes(260)) == [4, 2]
    begun = {}
    # What is given out on the way does not change with what follows, so one run stands for all that are stopped.
    for iteration in stylise(content, styles, painter.encoder, painter, **options):
        if iteration.step in (2, 4, 5):  # within the first scale, at its end, within the second
            begun[iteration.step] = iteration.state()
    for stop, state in begun.items():
        rest = run(painter, content, styles, resume_from=state, **options)
        assert [one.step for one in rest] == list(range(stop + 1, 7))
        assert torch.equal(rest[-1].pixels, iteration.pixels)
    assert len(begun) == 3


def far_from_the_disc(side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(a dark disc on white, [1, 1, H, W]: 1 on the white, but for some pixels around the disc)."""
    places = torch.arange(side) - side / 2
    away = torch.hypot(places[:, None], places[None])[None, None]
    return (away > side / 6).float().expand(1, 3, -1, -1) * 0.9 + 0.1, (away > side / 6 + 5).float()


def shaded_painting(side: int) -> torch.Tensor:
    """A painting whose left is in deep shadow: a style that asks for darks and lights."""
    image = Image.open(ASSETS / "styles/oil-impasto.jpg").convert("RGB").resize((side, side))
    painting = torch.from_numpy(np.asarray(image, np.float32) / 255).permute(2, 0, 1)[None]
    return painting * torch.where(torch.arange(side) < side / 2, 0.15, 1.0)


def test_flat_ground_gets_no_clouds_and_keeps_its_strokes(painter):
    (content, bare), style = far_from_the_disc(96), shaded_painting(96)
    # The white is given some grain, as the runner gives it, for strokes to begin with.
    grain = 0.06 * torch.randn(content.shape, generator=torch.Generator().manual_seed(0))
    content = (content * 0.9 + bare * grain).clamp(0, 1)
    first = run(painter, content, [(style, 1.0)], steps=1)[-1].pixels
    free, held = (
        run(painter, content, [(style, 1.0)], steps=10, flat=flat)[-1].pixels
        for flat in (None, FlatMasks(bare, bare, 1.0))
    )
    ground = torch.nn.functional.avg_pool2d(bare, 16)[0, 0] == 1

    def broad(pixels: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(pixels, 16)[..., ground]

    clouds = [float((broad(pixels) - broad(first)).abs().mean()) for pixels in (free, held)]
    assert clouds[1] < 0.7 * clouds[0]
    strokes = [float((pixels - pixels.roll(4, 3))[..., bare[0, 0] == 1].std()) for pixels in (first, held)]
    assert strokes[1] > 0.8 * strokes[0]


def test_ground_takes_off_seams_and_strengthens_what_fades():
    _, bare = far_from_the_disc(128)
    first = 0.5 + 0.1 * picture(17, 128, 128, cells=24) - 0.05
    seam = 0.4 * torch.nn.functional.avg_pool2d(1 - bare, 25, 1, 12, count_include_pad=False)
    painted = 0.5 + 0.5 * (first - 0.5) - seam
    kept = FlatAreaConstraint(FlatMasks(bare, bare, 1.0), first).apply(painted)
    area = (bare[0, 0] == 1) & (seam[0, 0] > 0.05)
    before, after = (float((pixels - first)[..., area].mean()) for pixels in (painted, kept))
    assert before < -0.05 and abs(after) < 0.5 * abs(before)
    plain = (bare[0, 0] == 1) & (seam[0, 0] == 0)
    faded, strong, wanted = (float(pixels[..., plain].std()) for pixels in (painted, kept, first))
    assert faded < 0.6 * wanted and strong > 0.85 * wanted
    assert torch.equal(kept[..., bare[0, 0] == 0], painted[..., bare[0, 0] == 0])


@pytest.mark.parametrize("size", [(33, 61), (32, 200)])
def test_ground_of_any_shape(size):
    first, everywhere = picture(18, *size), torch.ones(1, 1, *size)
    kept = FlatAreaConstraint(FlatMasks(everywhere, everywhere, 1.0), first).apply(first)
    assert kept.shape == first.shape and float((kept - first).mean().abs()) < 0.01
