import pytest
import torch

from styleshot_demo.classical.decoder import Decoder
from styleshot_demo.classical.fast import FastTransfer
from styleshot_demo.classical.features import WIDTHS, Encoder
from styleshot_demo.classical.weights import load_fast
from styleshot_demo.settings import ASSETS


@pytest.fixture(scope="module")
def painter() -> FastTransfer:
    return load_fast(ASSETS / "weights/encoder.safetensors", ASSETS / "weights/fast.safetensors")


def picture(seed: int, height: int = 96, width: int = 112) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(1, 3, 12, 12, generator=generator)
    return torch.nn.functional.interpolate(small, size=(height, width), mode="bicubic").clamp(0, 1)


def test_strength_zero_is_the_content_and_the_path_from_it_is_continuous(painter):
    content = picture(0)
    encoded = painter.encode(content, [(picture(1), 1.0)])
    assert torch.equal(painter.decode(encoded, 0.0), content)
    assert float((painter.decode(encoded, 0.01) - content).abs().mean()) < 0.01
    path = [painter.decode(encoded, step / 10) for step in range(11)]
    distances = [float((pixels - content).abs().mean()) for pixels in path]
    assert distances == sorted(distances)
    jumps = [float((one - other).abs().mean()) for one, other in zip(path, path[1:], strict=False)]
    assert max(jumps) < 0.3 * sum(jumps)


@pytest.mark.parametrize("size", [(97, 131), (64, 255), (33, 48), (160, 16)])
def test_sides_of_any_parity_keep_their_size(painter, size):
    content = picture(2, *size)
    result = painter.decode(painter.encode(content, [(picture(3, 77, 61), 1.0)]))
    assert result.shape == content.shape
    assert torch.isfinite(result).all() and result.min() >= 0 and result.max() <= 1


def test_painting_is_the_decoder_done_faster(painter):
    content = picture(7, 96, 64)
    encoded = painter.encode(content, [(picture(8), 1.0)])
    with torch.inference_mode():
        given = {name: encoded.affines[name](maps) for name, maps in encoded.maps.items()}
        style = encoded.style_vectors[1]
        made, wanted = painter.decoder.infer(given, style), painter.decoder(given, style)
    torch.testing.assert_close(made, wanted, atol=1e-4, rtol=0)


def test_both_transforms_work_and_differ(painter):
    content, style = picture(4), picture(5)
    results = [painter.decode(painter.encode(content, [(style, 1.0)], name)) for name in ("wct", "adain")]
    assert float((results[0] - results[1]).abs().mean()) > 0.005


def test_colours_move_towards_the_style(painter):
    content = picture(6) * torch.tensor([0.2, 0.4, 1.0]).view(1, 3, 1, 1)
    style = picture(7) * torch.tensor([1.0, 0.5, 0.1]).view(1, 3, 1, 1)
    result = painter.decode(painter.encode(content, [(style, 1.0)]))
    before = float((content.mean((2, 3)) - style.mean((2, 3))).norm())
    after = float((result.mean((2, 3)) - style.mean((2, 3))).norm())
    assert after < 0.35 * before


def test_a_grey_style_leaves_no_colour(painter):
    style = picture(1).mean(1, keepdim=True).expand(-1, 3, -1, -1)
    result = painter.decode(painter.encode(picture(6), [(style, 1.0)]))
    assert float((result - result.mean(1, keepdim=True)).abs().max()) < 0.01
    assert float(result.std() / style.std()) == pytest.approx(1, abs=0.15)


def test_tints_of_several_styles_are_mixed_by_weight(painter):
    content = picture(6)
    red, blue = (picture(7) * torch.tensor(tint).view(1, 3, 1, 1) for tint in ([1.0, 0.4, 0.1], [0.1, 0.4, 1.0]))
    result = painter.decode(painter.encode(content, [(red, 0.75), (blue, 0.25)]))
    found, wanted = (
        mean - mean.mean() for mean in (result.mean((2, 3)), 0.75 * red.mean((2, 3)) + 0.25 * blue.mean((2, 3)))
    )
    torch.testing.assert_close(found, wanted, atol=0.06, rtol=0)  # regions take colours of the styles, not their mean


def test_a_style_of_weight_one_among_others_of_weight_zero_is_that_style(painter):
    content, one, other = picture(8), picture(9), picture(10)
    alone = painter.decode(painter.encode(content, [(one, 1.0)]))
    among = painter.decode(painter.encode(content, [(one, 1.0), (other, 0.0)]))
    assert torch.allclose(alone, among, atol=1e-4)


def test_weights_lead_from_one_style_to_the_other(painter):
    content, one, other = picture(11), picture(12), picture(13)
    path = [painter.decode(painter.encode(content, [(one, 1 - w), (other, w)])) for w in (0.0, 0.25, 0.5, 0.75, 1.0)]
    distances = [float((pixels - path[0]).abs().mean()) for pixels in path]
    assert distances == sorted(distances)


def test_flat_and_tiny_pictures_do_not_break_the_statistics(painter):
    flat = torch.full((1, 3, 40, 40), 0.5)
    for content, style in ((flat, picture(14)), (picture(15), flat), (flat, flat)):
        assert torch.isfinite(painter.decode(painter.encode(content, [(style, 1.0)]))).all()


def test_a_second_strength_does_not_encode_again(painter):
    calls = []
    handle = painter.encoder.register_forward_hook(lambda *_: calls.append(1))
    encoded = painter.encode(picture(16), [(picture(17), 1.0)])
    read = len(calls)
    for strength in (0.2, 0.5, 1.0):
        painter.decode(encoded, strength)
    handle.remove()
    assert read == 2 and len(calls) == read


def test_only_the_depths_in_use_are_read_from_the_styles():
    torch.manual_seed(0)
    painter = FastTransfer(Encoder().eval(), Decoder(WIDTHS, fused=("relu2_1",)).eval())
    encoded = painter.encode(picture(18), [(picture(19), 1.0)])
    assert set(encoded.maps) == set(encoded.affines) == {"relu4_1", "relu2_1"}
    assert set(encoded.maps) == {"relu4_1", *painter.decoder.fused}
    assert painter.decode(encoded).shape == (1, 3, 96, 112)
