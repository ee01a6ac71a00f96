"""Pictures as the networks take them, and masks as people do."""

import numpy as np
from PIL import Image


def on_white(picture: Image.Image) -> Image.Image:
    """The picture as RGB; what is transparent becomes white paper."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def as_mask(shares: np.ndarray) -> Image.Image:
    """[H, W] in [0, 1] as a picture of mode "L".

    What is nearly 0 or 1 becomes so: off its edge a mask is exact, and the edge is a little firmer than the filter's.
    """
    return Image.fromarray(np.round(255 * np.clip((shares - 0.08) / 0.84, 0, 1)).astype(np.uint8))
