"""Keeps faces faces: their features where they were, their skin in hues that skin has.

A style's moments know nothing of faces: eyes drift into brushwork, and the one map that leads all colours of a photo
to a style's makes skin green where the style is green. Around each face the painted picture gets back what tells a
person: of lightness the band of scales between strokes and the head as a whole, in which eyes, nose and mouth lie
(Peli, 1990, calls such bands cycles a face: about 4 to 30 carry identity), and of colour the hue of the photo's skin,
no more colourful than the style is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

FEATURES = 0.6  # share of the photo's own band of lightness in a face
HUE = 0.92  # share of the photo's own hues in its skin
STROKES = 0.6  # share of what single strokes differ in colour from their surroundings that stays
FINEST, BROADEST = 1 / 60, 1 / 5  # scales of that band, in sizes of a face
AROUND = 1 / 10  # scale of the surroundings of a stroke, in sizes of a face
HEAD = (0.68, 0.88)  # half axes of a head, in sizes of a face, around a centre this much above the box's:
ABOVE = 0.08
HAIR = 0.92  # of that, what a head and its hair get where they are not skin: brown hair does not turn green
HAIR_REACH = (1.0, 1.35)  # sizes of a face from its middle, between which hair of the same colour ends
CHEEKS = 0.4  # half axis of what is surely skin, likewise
REACH = 2.0  # sizes of a face from its middle, as far as skin of the same colour is the same person's
TONE = (16.0, 5.0)  # least deviation of lightness and of both colours of skin, CIELAB
SEEN = 320.0  # pixels of a face that tell all of that
STRIP = 256  # rows that are changed at once
COLOURFUL = (0.35, 1.25)  # least and most that skin's chroma follows the style's
PALER = 8.0  # CIELAB: by no more does skin get lighter or darker than it is, or a style's paper would bleach it


@dataclass(frozen=True)
class FaceLocation:
    """Where a face is: its middle and its size (longest side from the brows to the chin), in pixels."""

    x: float
    y: float
    size: float


def preserve_faces(painted: Image.Image, content: Image.Image, places: Sequence[FaceLocation]) -> Image.Image:
    """`painted` with the likeness of the faces at `places` of `content`, both RGB and of one size."""
    if not places:
        return painted
    made, given = np.array(painted), np.asarray(content)
    for place in places:
        reach = round(REACH * place.size)
        rows, columns = (
            slice(max(0, round(middle) - reach), min(length, round(middle) + reach + 1))
            for middle, length in ((place.y, made.shape[0]), (place.x, made.shape[1]))
        )
        if rows.start < rows.stop and columns.start < columns.stop:
            inside = FaceLocation(place.x - columns.start, place.y - rows.start, place.size)
            _restore(made[rows, columns], given[rows, columns], inside)
    return Image.fromarray(made)


def head_mask(places: Sequence[FaceLocation], height: int, width: int) -> np.ndarray:
    """float32 [height, width]: 1 in the heads at `places`, falling to 0 around them."""
    made = np.zeros((height, width), np.float32)
    for place in places:
        made = np.maximum(made, _head(place, height, width))
    return made


def _restore(painted: np.ndarray, content: np.ndarray, place: FaceLocation) -> None:
    """Changes `painted`, one face with what is around it; both uint8 [h, w, 3].

    What is given back is smooth: of a large face it is found in a smaller picture, and put on by strips, for a face may
    fill a photo of 40 megapixels.
    """
    height, width = painted.shape[:2]
    scale = min(1.0, SEEN / place.size)
    rows, columns = (max(1, round(side * scale)) for side in (height, width))
    small = (painted, content)
    if scale < 1:
        small = [cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA) for part in small]
    given = _correction(small[0], small[1], FaceLocation(place.x * scale, place.y * scale, place.size * scale))
    right = (np.arange(width, dtype=np.float32) + 0.5) * (columns / width) - 0.5
    for top in range(0, height, STRIP):
        strip = painted[top : top + STRIP]
        down = (np.arange(top, top + len(strip), dtype=np.float32) + 0.5) * (rows / height) - 0.5
        places = np.meshgrid(right, down)
        here = cv2.remap(given, *places, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        lab = cv2.cvtColor(strip.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        weight = here[..., 3:]
        lab[..., 1:] *= 1 - (1 - STROKES) * HUE * weight
        lab += here[..., :3]
        changed = weight[..., 0] > 0.002  # all else stays to the bit
        back = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1)
        strip[changed] = np.round(255 * back[changed])


def _correction(painted: np.ndarray, content: np.ndarray, place: FaceLocation) -> np.ndarray:
    """float32 [h, w, 4]: what is added to lightness and to both colours of CIELAB, and how much a place counts."""
    made, own = (cv2.cvtColor(part.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for part in (painted, content))
    down, right = np.mgrid[: made.shape[0], : made.shape[1]].astype(np.float32)
    down = (down - (place.y - ABOVE * place.size)) / place.size
    right = (right - place.x) / place.size
    away = np.hypot(right, down)
    head = _head(place, *made.shape[:2])
    skin = _alike(own, away < CHEEKS) * _smoothstep(away, 0.6 * REACH, REACH)
    skin = cv2.GaussianBlur(skin, (0, 0), max(0.8, place.size / 80))
    skin = np.maximum(skin, _smoothstep(away, CHEEKS, 1.4 * CHEEKS))
    hair = _hair(own, head, skin, down) * _smoothstep(away, *HAIR_REACH)
    hair = cv2.GaussianBlur(hair, (0, 0), max(0.8, place.size / 80))
    weight = np.maximum(skin, HAIR * np.maximum(head, hair))

    amount = cv2.GaussianBlur(weight, (0, 0), AROUND * place.size)[..., None] + 1e-3
    low_made, low_own = (
        cv2.GaussianBlur(part[..., 1:] * weight[..., None], (0, 0), AROUND * place.size) / amount
        for part in (made, own)
    )
    chroma_made, chroma_own = (
        float((np.hypot(*np.moveaxis(low, 2, 0)) * weight).sum() / (weight.sum() + 1e-6)) for low in (low_made, low_own)
    )
    gain = float(np.clip(chroma_made / max(chroma_own, 1.0), *COLOURFUL))
    light = FEATURES * head * (_band(own[..., 0], place.size) - _band(made[..., 0], place.size))
    paler = float(((made[..., 0] - own[..., 0]) * skin).sum() / (skin.sum() + 1e-6))
    light -= skin * (paler - np.clip(paler, -PALER, PALER))
    colours = HUE * weight[..., None] * (gain * low_own - STROKES * low_made)
    return np.dstack([light, colours, weight]).astype(np.float32)


def _head(place: FaceLocation, height: int, width: int) -> np.ndarray:
    down, right = np.mgrid[:height, :width].astype(np.float32)
    down = (down - (place.y - ABOVE * place.size)) / (HEAD[1] * place.size)
    right = (right - place.x) / (HEAD[0] * place.size)
    return _smoothstep(np.hypot(right, down), 0.8, 1.15)


def _band(lightness: np.ndarray, size: float) -> np.ndarray:
    fine, broad = (cv2.GaussianBlur(lightness, (0, 0), max(0.5, scale * size)) for scale in (FINEST, BROADEST))
    return fine - broad


def _smoothstep(distance: np.ndarray, inner: float, outer: float) -> np.ndarray:
    """1 up to `inner`, 0 from `outer` on."""
    part = np.clip((outer - distance) / (outer - inner), 0, 1)
    return part * part * (3 - 2 * part)


def _hair(lab: np.ndarray, head: np.ndarray, skin: np.ndarray, down: np.ndarray) -> np.ndarray:
    """How far each place has the colours of the head's upper half where that is no skin: hair, or a hat."""
    return _alike(lab, (head > 0.6) & (skin < 0.2) & (down < 0))


def _alike(lab: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """How far each place has the colours of what is surely skin, or hair, 0 to 1, in any light that falls on it."""
    known = lab[sure]
    if len(known) == 0:
        return np.zeros(lab.shape[:2], np.float32)
    middle = np.median(known, axis=0)
    spread = 1.48 * np.median(np.abs(known - middle), axis=0)
    spread = np.maximum(spread, (TONE[0], TONE[1], TONE[1])) * (2.0, 1.5, 1.5)
    away = np.sqrt((((lab - middle) / spread) ** 2).sum(2))
    return _smoothstep(away, 0.8, 1.8).astype(np.float32)
