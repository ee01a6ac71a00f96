"""How a picture of the pack becomes one to train with: cut out, placed on a ground, turned in its colours, drawn."""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

SIDE = 128  # pixels of targets and references
FINE = 256  # pixels of contours: those of the finished pictures
FILL = 0.9  # side of an emoji's square within the picture, at most


def placed(art: Tensor, rng: np.random.Generator) -> Tensor:
    """RGBA with straight alpha [N, 4, S, S] -> premultiplied, a little smaller and moved, [N, 4, 128, 128]."""
    count = len(art)
    art = torch.cat([art[:, :3] * art[:, 3:], art[:, 3:]], 1)
    scale = torch.from_numpy(1 / (FILL * rng.uniform(0.92, 1.0, count))).float()
    shift = torch.from_numpy(rng.uniform(-0.05, 0.05, (count, 2))).float()
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0] = matrix[:, 1, 1] = scale
    matrix[:, :, 2] = shift
    grid = F.affine_grid(matrix, [count, 4, SIDE, SIDE], align_corners=False)
    return F.grid_sample(art, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def background(rng: np.random.Generator) -> np.ndarray:
    """White, a colour, or a soft gradient of two: [3, 128, 128] in [0, 1]."""
    kind = rng.random()
    if kind < 0.5:
        return np.ones((3, SIDE, SIDE))
    first = rng.random(3) ** 0.6  # bright rather than dark: black outlines must stay visible
    if kind < 0.75:
        return np.tile(first[:, None, None], (1, SIDE, SIDE))
    second = np.clip(first + rng.normal(0, 0.25, 3), 0, 1)
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    place = np.clip((np.cos(angle) * x + np.sin(angle) * y) / 2.83 + 0.5, 0, 1)
    return first[:, None, None] * (1 - place) + second[:, None, None] * place


def hue_turn(part: float) -> np.ndarray:
    """The 3x3 matrix that turns colours about the grey axis by `part` of a full turn."""
    angle = 2 * np.pi * part
    cosine, sine = np.cos(angle), np.sin(angle)
    third, root = (1 - cosine) / 3, np.sqrt(1 / 3) * sine
    return np.array(
        [
            [cosine + third, third - root, third + root],
            [third + root, cosine + third, third - root],
            [third - root, third + root, cosine + third],
        ]
    )


def crop(image: np.ndarray, rng: np.random.Generator, smallest: float = 0.5, side: int = SIDE) -> Tensor:
    """A random square of uint8 [H, W, 3], `smallest` to 1 of its short side, turned round half the time."""
    return cut(image, box_of(image, rng, smallest), side)


def box_of(image: np.ndarray, rng: np.random.Generator, smallest: float = 0.5) -> tuple[int, int, int, bool]:
    """A random square: top, left, size, and whether it is turned round."""
    height, width = image.shape[:2]
    size = int(min(height, width) * rng.uniform(smallest, 1.0))
    top, left = rng.integers(height - size + 1), rng.integers(width - size + 1)
    return int(top), int(left), size, bool(rng.random() < 0.5)


def cut(image: np.ndarray, box: tuple[int, int, int, bool], side: int = SIDE) -> Tensor:
    """That square of uint8 [H, W, 3] as float [3, side, side] in [0, 1]."""
    top, left, size, turned = box
    part = torch.from_numpy(np.ascontiguousarray(image[top : top + size, left : left + size])).permute(2, 0, 1)
    scaled = F.interpolate(part[None].float() / 255, (side, side), mode="bilinear", antialias=True)[0].clamp(0, 1)
    return scaled.flip(-1) if turned else scaled


def contour(picture: Tensor) -> Tensor:
    """[3, H, W] in [0, 1] -> its contour [3, 256, 256], 0 or 1, by the detector that needs no weights."""
    from styleshot_demo.small.edges import edges

    if picture.shape[-1] != FINE:
        picture = F.interpolate(picture[None], (FINE, FINE), mode="bicubic", antialias=True)[0].clamp(0, 1)
    pixels = (picture * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    lines = np.array(edges(Image.fromarray(pixels)))
    return (torch.from_numpy(lines) > 127).float().expand(3, -1, -1)
