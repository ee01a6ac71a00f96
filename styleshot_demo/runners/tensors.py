"""Between Pillow's pictures and torch's tensors."""

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np
    import torch

    from styleshot_demo.classical.tiles import Box


def crop(image: Image.Image, box: "Box") -> Image.Image:
    """A part of a picture."""
    return image.crop((box.left, box.top, box.right, box.bottom))


def to_tensor(image: Image.Image, device: str) -> "torch.Tensor":
    """[1, 3, H, W] float32 in [0, 1]; what is transparent becomes white paper."""
    import numpy as np
    import torch

    if image.mode == "RGBA":
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image).convert("RGB")
    array = np.asarray(image, dtype=np.float32) / 255
    return torch.from_numpy(array).permute(2, 0, 1)[None].to(device)


def to_image(pixels: "torch.Tensor") -> Image.Image:
    """[1, 3, H, W] in [0, 1] -> RGB picture."""
    import numpy as np

    return Image.fromarray(np.ascontiguousarray(to_array(pixels)), "RGB")


def to_array(pixels: "torch.Tensor", white: int = 255) -> "np.ndarray":
    """[1, 3, H, W] in [0, 1] -> [H, W, 3], uint8, or uint16 where `white` is 65535."""
    import numpy as np

    values = pixels[0].clamp(0, 1).mul(white).round().permute(1, 2, 0)
    return values.byte().cpu().numpy() if white == 255 else values.cpu().numpy().astype(np.uint16)
