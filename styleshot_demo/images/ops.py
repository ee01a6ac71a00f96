"""The few things that every room does with pictures: to tensors and back, onto white paper, side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np
    import torch


def on_white(picture: Image.Image) -> Image.Image:
    """The picture as RGB; what is transparent becomes white paper."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def to_tensor(picture: Image.Image, device: "torch.device | str" = "cpu") -> "torch.Tensor":
    """[1, 3, H, W] float32 in [0, 1]; what is transparent becomes white paper."""
    import numpy as np
    import torch

    if picture.mode != "RGB":  # which may be large: no copy
        picture = on_white(picture)
    values = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
    return values.to(torch.float32).div_(255).to(device)


def to_image(pixels: "torch.Tensor") -> Image.Image:
    """[1, 3, H, W] in [0, 1] -> RGB picture."""
    import numpy as np

    return Image.fromarray(np.ascontiguousarray(to_array(pixels)), "RGB")


def to_array(pixels: "torch.Tensor", white: int = 255) -> "np.ndarray":
    """[1, 3, H, W] in [0, 1] -> [H, W, 3], uint8, or uint16 where `white` is 65535."""
    import numpy as np

    values = pixels[0].clamp(0, 1).mul(white).round().permute(1, 2, 0)
    return values.byte().cpu().numpy() if white == 255 else values.cpu().numpy().astype(np.uint16)


def grid(rows: Sequence[Sequence[Image.Image]], gap: int = 0) -> Image.Image:
    """Rows of pictures on white, `gap` pixels apart; the pictures of a row stand at the same height."""
    widths = [sum(picture.width for picture in row) + gap * (len(row) - 1) for row in rows]
    heights = [max(picture.height for picture in row) for row in rows]
    sheet = Image.new("RGB", (max(widths), sum(heights) + gap * (len(rows) - 1)), "white")
    top = 0
    for row, height in zip(rows, heights, strict=True):
        left = 0
        for picture in row:
            sheet.paste(picture, (left, top))
            left += picture.width + gap
        top += height + gap
    return sheet
