"""Finds the plain background of a picture, such as the white a product was photographed on, without any network."""

from PIL import Image

SAME = 6  # grey levels from the background's colour: still the background
OTHER = 40  # grey levels: the least that a thing differs from it
BORDER = 0.7  # share of the picture's border that has to be background
SOFT = 3  # pixels, over which a thing may fade into the background


def subject(picture: Image.Image) -> Image.Image | None:
    """How far each pixel belongs to what stands on the background, mode "L": 0 is background, 255 is not.

    None where there is no plain background. It has one colour, that of most of the border, and reaches the border:
    white inside of a thing is part of the thing. At its edge the mask is soft, as the picture is.
    """
    import cv2
    import numpy as np

    levels = np.asarray(picture.convert("RGB"), dtype=np.float32)
    rim = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
    colour = np.median(rim, axis=0)
    if (np.abs(rim - colour).max(1) <= SAME).mean() < BORDER:
        return None
    apart = np.abs(levels - colour).max(2)
    # What fades is followed outwards from the background for a few pixels only, and never into a thing's own colours.
    count, labels = cv2.connectedComponents((apart <= SAME).astype(np.uint8), connectivity=4)
    reached = np.zeros(count, bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        reached[edge] = True
    reached[0] = False  # what is not of the colour
    background = reached[labels].astype(np.uint8)
    if not background.any() or background.all():
        return None
    around = np.ones((2 * SOFT + 1, 2 * SOFT + 1), np.uint8)
    near = cv2.dilate(background, around)
    # A pixel of the edge is a mixture of the background and of what differs most from it nearby.
    share = np.clip((apart - SAME) / (np.maximum(cv2.dilate(apart, around), OTHER) - SAME), 0, 1)
    share[near == 0] = 1
    share[background == 1] = 0
    return Image.fromarray(np.round(255 * share).astype(np.uint8))
