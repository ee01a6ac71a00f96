"""Finds the plain background of a picture, such as the white a product was photographed on, without any network."""

from typing import cast

from PIL import Image

SAME = 6  # grey levels from the background's colour: still the background
OTHER = 40  # grey levels: the least that a thing differs from it
BORDER = 0.7  # share of the picture's border that has to be background
STRIP = 256  # rows that are worked on at once
SOFT = 3  # pixels, over which a thing may fade into the background


def subject(picture: Image.Image) -> Image.Image | None:
    """How far each pixel belongs to what stands on the background, mode "L": 0 is background, 255 is not.

    None where there is no plain background. It has one colour, that of most of the border, and reaches the border:
    white inside of a thing is part of the thing. At its edge the mask is soft, as the picture is.
    """
    import cv2
    import numpy as np

    # In strips, and in small numbers: a picture may have 40 megapixels.
    levels = np.asarray(picture.convert("RGB"))
    rim = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]]).astype(np.float32)
    colour = np.median(rim, axis=0)
    if (np.abs(rim - colour).max(1) <= SAME).mean() < BORDER:
        return None
    strips = [slice(top, top + STRIP) for top in range(0, len(levels), STRIP)]
    apart = np.empty(levels.shape[:2], np.uint16)  # in halves of a level, as medians are
    for strip in strips:
        apart[strip] = 2 * np.abs(levels[strip] - colour).max(2)
    del levels
    # What fades is followed outwards from the background for a few pixels only, and never into a thing's own colours.
    count, labels = cv2.connectedComponents((apart <= 2 * SAME).astype(np.uint8), connectivity=4)
    labels = cast(np.ndarray, labels)  # of whole numbers, which its stubs do not say
    reached = np.zeros(count, bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        reached[edge] = True
    reached[0] = False  # what is not of the colour
    background = reached[labels].astype(np.uint8)
    del labels
    if not background.any() or background.all():
        return None
    around = np.ones((2 * SOFT + 1, 2 * SOFT + 1), np.uint8)
    near = cv2.dilate(background, around)
    # A pixel of the edge is a mixture of the background and of what differs most from it nearby.
    most = cv2.dilate(apart, around)
    mask = np.empty(apart.shape, np.uint8)
    for strip in strips:
        share = (apart[strip] / 2 - SAME) / (np.maximum(most[strip] / 2, OTHER) - SAME)
        share = np.clip(share, 0, 1, dtype=np.float32)
        share[near[strip] == 0] = 1
        share[background[strip] == 1] = 0
        mask[strip] = np.round(255 * share)
    return Image.fromarray(mask)
