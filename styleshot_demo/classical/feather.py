"""A soft edge of a mask, inside of it: where the mask is black, nothing is ever painted, however wide the edge is."""

import numpy as np
from PIL import Image

STRIP = 512  # rows that are worked on at once


def feathered(mask: Image.Image, pixels: int) -> Image.Image:
    """The mask, mode "L", less near its edge: it grows from nothing to what it is over so many pixels inwards.

    0 leaves it as it is. More never makes any pixel of it lighter. The edge of the picture is none of the mask. Where
    the mask is narrower than twice the feather, it does not reach what it was.
    """
    import cv2

    shares = np.asarray(mask)
    if pixels <= 0 or shares.min() > 0:
        return mask
    # Exact distances: by the quick ones a round brush gets corners.
    away = cv2.distanceTransform((shares > 0).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    made = np.empty_like(shares)
    for top in range(0, len(shares), STRIP):
        rows = slice(top, top + STRIP)
        way = np.minimum(away[rows] / (pixels + 1), 1)
        made[rows] = np.rint(shares[rows] * (way * way * (3 - 2 * way)))
    return Image.fromarray(made)
