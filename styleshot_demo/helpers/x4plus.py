"""The large network of Real-ESRGAN (Wang et al., 2021), called x4plus there, from its file `RealESRGAN_x4plus.pth`.

It was made for photographs, and keeps more of fine textures than the small one, whose numbers it has 27 times.
"""

import pickle
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from styleshot_demo.errors import Problem

WIDTH, GROWTH, BLOCKS = 64, 32, 23  # channels, those that each convolution of a dense block adds, residual blocks
RESIDUAL = 0.2  # share of what a block finds that is added to what came in
SLOPE = 0.2  # of the leaky ReLUs below 0
# What torch's reader raises for files that are cut off, of another kind, or hold more than tensors.
_UNREADABLE = (OSError, RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError)


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees all that those before it have made: [N, 64, H, W] -> the same shape."""

    conv1: nn.Conv2d
    conv2: nn.Conv2d
    conv3: nn.Conv2d
    conv4: nn.Conv2d
    conv5: nn.Conv2d

    def __init__(self) -> None:
        super().__init__()
        for number in range(1, 6):
            self.add_module(f"conv{number}", _conv(WIDTH + (number - 1) * GROWTH, GROWTH if number < 5 else WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        made = x
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            made = torch.cat((made, leaky_relu(conv(made), SLOPE, inplace=True)), 1)
        return x + RESIDUAL * self.conv5(made)


class ResidualInResidual(nn.Module):
    """Three dense blocks in a row, and around them once more the way past."""

    def __init__(self) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = DenseBlock(), DenseBlock(), DenseBlock()

    def forward(self, x: Tensor) -> Tensor:
        return x + RESIDUAL * self.rdb3(self.rdb2(self.rdb1(x)))


class X4Plus(nn.Module):
    """RRDBNet (Wang et al., ESRGAN, 2018): [N, 3, H, W] in [0, 1] -> [N, 3, 4 H, 4 W], not clipped."""

    # Pixels of a tile's side, and around it. What a pixel depends on reaches 350 pixels far, but hardly any of it: with
    # random weights that keep a picture's contrast through all layers (He et al., 2015) a tile with 16 pixels around it
    # is what the whole picture has there. With blocks half as strong again, 16 leave a third of a grey level, 24 a
    # hundredth. A larger tile would waste less, but without a GPU a stop waits for one.
    TILE, MARGIN = 96, 24

    def __init__(self) -> None:
        super().__init__()
        self.conv_first = _conv(3, WIDTH)
        self.body = nn.Sequential(*(ResidualInResidual() for _ in range(BLOCKS)))
        self.conv_body, self.conv_up1, self.conv_up2, self.conv_hr = (_conv(WIDTH, WIDTH) for _ in range(4))
        self.conv_last = _conv(WIDTH, 3)

    def forward(self, pixels: Tensor) -> Tensor:
        first = self.conv_first(pixels)
        x = first + self.conv_body(self.body(first))
        for conv in (self.conv_up1, self.conv_up2):
            x = leaky_relu(conv(interpolate(x, scale_factor=2, mode="nearest")), SLOPE, inplace=True)
        return self.conv_last(leaky_relu(self.conv_hr(x), SLOPE, inplace=True))


def load_x4plus(path: Path, device: str = "cpu") -> X4Plus:
    """The network with the weights of its file, in float32; `Problem` weights_broken where they are not its own."""
    # Made without numbers first: random ones would be drawn for each of the 17 million, only to be thrown away.
    with torch.device("meta"):
        model = X4Plus()
    try:
        # Tensors only: no code that a file may hold is run.
        state = torch.load(path, map_location="cpu", weights_only=True)["params_ema"]
        model.load_state_dict({name: value.float() for name, value in state.items()}, assign=True)
    except (*_UNREADABLE, pickle.UnpicklingError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise Problem("weights_broken", model="Real-ESRGAN x4plus") from error
    return model.requires_grad_(False).eval().to(  # pyright: ignore[reportCallIssue]  its stubs leave out the memory format
        device, memory_format=torch.channels_last
    )
