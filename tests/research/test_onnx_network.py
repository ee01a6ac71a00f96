import pytest
import torch
from classifiers import WIDTHS, save_onnx

from styleshot_demo.errors import Problem
from styleshot_demo.research.onnx_network import OnnxNetwork


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.rand(2, 3, 96, 64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("colours_last", [False, True])
def test_the_widest_layers_of_each_stride_are_given(tmp_path, pixels, colours_last):
    found = OnnxNetwork(save_onnx(tmp_path / "net.onnx", colours_last), "torch")(pixels)
    first, second, third, fourth = WIDTHS
    assert [tuple(maps.shape) for maps in found.values()] == [
        (2, first, 48, 32),
        (2, first, 48, 32),
        (2, second, 24, 16),
        (2, second, 24, 16),
        (2, third, 12, 8),
        (2, third, 12, 8),
        (2, fourth, 6, 4),
    ]


def test_layers_without_padding_have_strides_too(tmp_path, pixels):
    found = OnnxNetwork(save_onnx(tmp_path / "net.onnx", padded=False), "torch")(pixels)
    first, second, third, fourth = WIDTHS
    assert [maps.shape[1] for maps in found.values()] == [first, first, second, second, third, third, fourth]


def test_relus_that_clip_at_6_are_relus_too(tmp_path, pixels):
    bright = 50 * pixels
    plain = OnnxNetwork(save_onnx(tmp_path / "net.onnx"), "torch")(bright)
    clipped = OnnxNetwork(save_onnx(tmp_path / "six.onnx", six=True), "torch")(bright)
    assert [maps.shape for maps in clipped.values()] == [maps.shape for maps in plain.values()]
    torch.testing.assert_close(next(iter(clipped.values())), next(iter(plain.values())).clamp(max=6))
    assert all(maps.max() <= 6 for maps in clipped.values())


def test_what_it_is_fed_counts_and_gradients_arrive(tmp_path, pixels):
    path = save_onnx(tmp_path / "net.onnx")
    maps = {feed: next(iter(OnnxNetwork(path, feed)(pixels).values())) for feed in ("caffe", "torch", "tf")}
    assert not torch.allclose(maps["torch"], maps["tf"], rtol=0.1)
    # Caffe's kind sees blue first: a picture with red and blue swapped is another to it as to the others.
    assert not torch.allclose(maps["caffe"], next(iter(OnnxNetwork(path, "caffe")(pixels.flip(1)).values())), rtol=0.1)
    pixels.requires_grad_()
    sum(value.mean() for value in OnnxNetwork(path, "torch")(pixels).values()).backward()
    assert pixels.grad.abs().sum() > 0


def test_both_layouts_see_the_same(tmp_path, pixels):
    one = OnnxNetwork(save_onnx(tmp_path / "one.onnx"), "torch")(pixels)
    other = OnnxNetwork(save_onnx(tmp_path / "other.onnx", colours_last=True), "torch")(pixels)
    for maps, same in zip(one.values(), other.values(), strict=True):
        torch.testing.assert_close(maps, same)


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x07" * 20])
def test_another_file_is_a_problem(tmp_path, content):
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(Problem, match="net.onnx"):
        OnnxNetwork(tmp_path / "net.onnx", "torch")
