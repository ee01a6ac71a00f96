import pytest
import torch
from torch.nn.functional import conv2d, interpolate, pad

from styleshot_demo.classical.row_streams import bordered
from styleshot_demo.classical.upsample_conv import add_upsample_conv, conv_of_upsample_conv, upsample_conv


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 6)])
def test_it_is_the_convolution_of_the_enlarged_map(size):
    generator = torch.Generator().manual_seed(0)
    maps, weight = torch.randn(1, 4, *size, generator=generator), torch.randn(5, 4, 3, 3, generator=generator)
    onto = torch.randn(1, 5, 2 * size[0], 2 * size[1], generator=generator)
    enlarged = pad(interpolate(maps, scale_factor=2, mode="nearest"), (1, 1, 1, 1), mode="reflect")
    wanted = onto + conv2d(enlarged, weight)
    add_upsample_conv(onto, bordered([maps], inset=0), weight)
    torch.testing.assert_close(onto, wanted, atol=1e-5, rtol=1e-5)
    bias = torch.randn(5, generator=generator)
    made = upsample_conv(bordered([maps], inset=0), weight, bias)
    torch.testing.assert_close(made, conv2d(enlarged, weight, bias), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 6)])
def test_two_convolutions_without_the_enlarged_map(size):
    generator = torch.Generator().manual_seed(1)
    maps = torch.randn(1, 4, *size, generator=generator)
    weight, bias, last, last_bias = (
        torch.randn(*shape, generator=generator) for shape in ((5, 4, 3, 3), (5,), (2, 5, 3, 3), (2,))
    )
    wanted = conv2d(
        pad(upsample_conv(bordered([maps], inset=0), weight, bias).relu(), (1,) * 4, mode="reflect"), last, last_bias
    )
    made = conv_of_upsample_conv(bordered([maps], inset=0), weight, bias, last, last_bias)
    torch.testing.assert_close(made, wanted, atol=1e-4, rtol=1e-4)
