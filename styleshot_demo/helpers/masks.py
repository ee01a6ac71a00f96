"""Masks as people take them."""

import numpy as np
from PIL import Image


def as_mask(shares: np.ndarray) -> Image.Image:
    """[H, W] in [0, 1] as a picture of mode "L".

    What is nearly 0 or 1 becomes so: off its edge a mask is exact, and the edge is a little firmer than the filter's.
    """
    return Image.fromarray(np.round(255 * np.clip((shares - 0.08) / 0.84, 0, 1)).astype(np.uint8))
