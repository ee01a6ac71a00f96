"""More pixels for a picture, in tiles, by Real-ESRGAN's small network for drawn films (Wang et al., 2021).

It was made for what is drawn: edges of paint and of ink come out crisp. What it makes of a photograph looks painted.
The tiles are for the large network too, which lies in `x4plus.py`.
"""

from collections.abc import Generator, Iterator
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from PIL import Image
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pixel_shuffle

from styleshot_demo.errors import Problem
from styleshot_demo.generators import finished
from styleshot_demo.helpers import networks

WIDTH, DEPTH = 64, 16  # channels, and convolutions between the first and the last


class Tiled(Protocol):
    """A network that enlarges four times, tile by tile: pixels of a tile's side, and around it what it depends on."""

    @property
    def TILE(self) -> int: ...

    @property
    def MARGIN(self) -> int: ...

    def __call__(self, *inputs: Any) -> Tensor: ...


class Enlarger(nn.Sequential):
    """[N, 3, H, W] in [0, 1] -> [N, 3, 4 H, 4 W], not clipped: each pixel repeated, and what the network adds to it."""

    # Pixels of a tile's side, and around it what its edge pixels depend on: one for each convolution, one for what is
    # put back at the end. So a tile is what the whole picture would have there, and a stop waits for one tile at most.
    TILE, MARGIN = 192, DEPTH + 3

    def __init__(self) -> None:
        layers: list[nn.Module] = [nn.Conv2d(3, WIDTH, 3, padding=1), nn.PReLU(WIDTH)]
        for _ in range(DEPTH):
            layers += [nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.PReLU(WIDTH)]
        super().__init__(*layers, nn.Conv2d(WIDTH, 3 * 4**2, 3, padding=1))

    def forward(self, input: Tensor) -> Tensor:
        return pixel_shuffle(super().forward(input), 4) + interpolate(input, scale_factor=4, mode="nearest")


def load_enlarger(device: str = "cpu") -> Enlarger:
    """The network with its weights, in float32; `Problem` weights_broken where they are lost or damaged."""
    path = networks.FOLDER / networks.ENLARGE
    model = Enlarger()
    try:
        model.load_state_dict({name: value.float() for name, value in load(path.read_bytes()).items()})
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise Problem("weights_broken", model=path.stem) from error
    except Exception as error:  # SafetensorError is no child of any of them
        raise Problem("weights_broken", model=path.stem) from error
    return model.requires_grad_(False).eval().to(  # pyright: ignore[reportCallIssue]  its stubs leave out the memory format
        device, memory_format=torch.channels_last
    )


def enlarged(picture: Image.Image, factor: int = 4, device: str = "cpu") -> Image.Image:
    """The picture with `factor` times as many pixels along each side: RGB, or RGBA where it has transparency."""
    return finished(enlarging(picture, factor, load_enlarger(device), device))


def enlarging(
    picture: Image.Image, factor: int, model: Tiled, device: str = "cpu", tile: int | None = None
) -> Generator[float, None, Image.Image]:
    """`enlarged`, tile by tile: yields how much is done, 0 to 1, after each, and returns the picture.

    factor  2 or 4: twice is four times, averaged
    model   what `load_enlarger` or `load_x4plus` gives, on `device`
    tile    pixels of a tile's side, None: the model's own; memory beside the two pictures grows with its square alone
    """
    margin = model.MARGIN
    alpha = None
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        alpha = picture.getchannel("A")
        pixels = _filled(np.asarray(picture), margin / 3)
    else:
        pixels = np.asarray(picture.convert("RGB"))
    height, width = pixels.shape[:2]
    result = np.empty((height * factor, width * factor, 3), np.uint8)
    tiles = list(_tiles(width, height, tile or model.TILE))
    for number, (left, top, right, bottom) in enumerate(tiles, 1):
        x, y = max(0, left - margin), max(0, top - margin)
        part = pixels[y : bottom + margin, x : right + margin]
        made = _through(model, part, factor, device)
        down, across = (top - y) * factor, (left - x) * factor
        made = made[down : down + (bottom - top) * factor, across : across + (right - left) * factor]
        result[top * factor : bottom * factor, left * factor : right * factor] = made
        yield number / len(tiles)
    enlarged = Image.fromarray(result)
    if alpha is not None:
        enlarged.putalpha(alpha.resize(enlarged.size, Image.Resampling.BICUBIC))
    return enlarged


@torch.inference_mode()
def _through(model: Tiled, part: np.ndarray, factor: int, device: str) -> np.ndarray:
    """A part [H, W, 3] of 8 bits, enlarged, of 8 bits."""
    pixels = torch.from_numpy(part.copy()).to(device).permute(2, 0, 1)[None].float() / 255
    made = model(pixels.contiguous(memory_format=torch.channels_last)).clamp(0, 1)
    # The network leaves out what it takes for noise, such as paper and canvas: what is missing of the picture's own
    # colours is put back softly (back-projection, Irani and Peleg, 1991).
    missing = pixels - avg_pool2d(made, 4)
    made = (made + interpolate(missing, scale_factor=4, mode="bilinear")).clamp(0, 1)
    if factor == 2:
        made = avg_pool2d(made, 2)
    return made[0].mul(255).round().byte().permute(1, 2, 0).cpu().numpy()


def _tiles(width: int, height: int, side: int) -> Iterator[tuple[int, int, int, int]]:
    """left, top, right, bottom of tiles that cover a picture once, row by row."""
    for top in range(0, height, side):
        for left in range(0, width, side):
            yield left, top, min(left + side, width), min(top + side, height)


def _filled(pixels: np.ndarray, far: float) -> np.ndarray:
    """[H, W, 4] -> [H, W, 3]: where nothing is seen, the colours of what is nearby, or its own would shine through.

    far  standard deviation, pixels, of what counts as nearby
    """
    alpha = pixels[..., 3:].astype(np.float32) / 255
    colours = pixels[..., :3].astype(np.float32)
    reach = (0, 0), far
    weight = cv2.GaussianBlur(alpha, *reach)[..., None]
    nearby = cv2.GaussianBlur(colours * alpha, *reach) / np.maximum(weight, 1e-6)
    nearby = np.where(weight > 1e-6, nearby, 255)
    return np.round(np.where(alpha > 0, colours, nearby)).clip(0, 255).astype(np.uint8)
