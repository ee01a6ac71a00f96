"""A coarse mask brought to a picture's full resolution, along the picture's own edges."""

import cv2
import numpy as np

SIDE = 768  # longest side, pixels, at which the edges are looked for
STRIP = 512  # rows of the picture that are worked on at once
RADIUS = 8  # pixels at that size, over which the mask follows the picture's colours
EPSILON = 1e-4  # variance of colours in [0, 1] that counts as none: the smaller, the finer the edges


def refined(mask: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """[h, w] in [0, 1], of any size -> [H, W] float32 in [0, 1], for a picture [H, W, 3] of 8 bits.

    The guided filter (He, Sun, Tang, 2010): near each pixel the mask is the best linear function of the three colours,
    so it turns where they turn, as along hair. That function is found on a small picture and used on the large one (He
    and Sun, 2015), a strip at a time, so that memory does not grow with the square of it.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    guide = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    coarse = cv2.resize(mask.astype(np.float32), small, interpolation=cv2.INTER_LINEAR)
    slopes = _slopes(guide, coarse)
    found = np.empty((height, width), np.float32)
    for top in range(0, height, STRIP):
        bottom = min(top + STRIP, height)
        part = _rows(slopes, top, bottom, height, width)
        colours = pixels[top:bottom].astype(np.float32) / 255
        found[top:bottom] = (part[..., :3] * colours).sum(2) + part[..., 3]
    return found.clip(0, 1)


def _slopes(guide: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """[h, w, 4]: of each pixel's linear function the three factors and the constant."""

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (2 * RADIUS + 1, 2 * RADIUS + 1))

    colour, level = mean(guide), mean(mask)
    together = mean(guide * mask[..., None]) - colour * level[..., None]
    # The 3 x 3 matrix of the colours' covariances, by rows; solved by Cramer's rule, for all pixels at once.
    rows = [mean(guide * guide[..., one, None]) - colour * colour[..., one, None] for one in range(3)]
    for one, row in enumerate(rows):
        row[..., one] += EPSILON
    minors = [_cross(rows[1], rows[2]), _cross(rows[2], rows[0]), _cross(rows[0], rows[1])]
    determinant = (rows[0] * minors[0]).sum(2)
    factors = np.dstack([(together * minor).sum(2) / determinant for minor in minors])
    constant = level - (factors * colour).sum(2)
    return mean(np.dstack([factors, constant]))


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Vector products of [h, w, 3]."""
    first, second, third = cv2.split(one)
    fourth, fifth, sixth = cv2.split(other)
    return np.dstack([second * sixth - third * fifth, third * fourth - first * sixth, first * fifth - second * fourth])


def _rows(slopes: np.ndarray, top: int, bottom: int, height: int, width: int) -> np.ndarray:
    """Rows `top` to `bottom` of the slopes enlarged to the picture's size, [bottom - top, width, 4]."""
    down, right = slopes.shape[0] / height, slopes.shape[1] / width
    # Middles of pixels lie on middles: half a pixel is not half a pixel after enlarging.
    to_small = np.array([[right, 0, right / 2 - 0.5], [0, down, (top + 0.5) * down - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(slopes, to_small, (width, bottom - top), flags=flags, borderMode=cv2.BORDER_REPLICATE)
