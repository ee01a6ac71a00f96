"""What stands out in a picture: U2-Netp (Qin et al., U2-Net, Pattern Recognition 2020)."""

import cv2
import numpy as np
from PIL import Image

from styleshot_demo.helpers import networks
from styleshot_demo.helpers.masks import as_mask
from styleshot_demo.helpers.refining import refined
from styleshot_demo.images.ops import on_white

SIDE = 320  # pixels that the network sees, whatever the picture's shape
# Means and deviations of ImageNet's colours, which it was trained with.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
OUTPUT = "1959"  # the finest of its seven maps, which sums up the others
LEAST, MOST = 0.005, 0.98  # share of the picture that a subject takes


def subject_mask(picture: Image.Image) -> Image.Image | None:
    """How far each pixel belongs to the subject, mode "L": 0 is background, 255 is not. None where nothing stands out.

    Of any mode; what is transparent counts as white.
    """
    pixels = np.asarray(on_white(picture))
    seen = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    seen = (seen / max(seen.max(), 1) - MEAN) / DEVIATION
    network = networks.load(networks.SUBJECT)
    network.setInput(seen.transpose(2, 0, 1)[None].astype(np.float32))
    with networks.many_threads():
        coarse = network.forward(OUTPUT)[0, 0]
    if not LEAST <= (coarse > 0.5).mean() <= MOST:
        return None
    return as_mask(refined(coarse, pixels))
