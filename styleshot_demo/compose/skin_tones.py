"""The skin of people that are drawn.

Noto draws all people in one yellow, which is nobody's. Here each gets one of the five tones of Unicode's emoji
modifiers (UTS #51, section 2.4, Diversity): the one that a prompt names, else one by the seed.
"""

import re
from collections.abc import Mapping

import numpy as np

from styleshot_demo.compose import colours

# Tone -> (lightness, chroma, hue in degrees) of a face in OKLCH.
TONES: Mapping[str, tuple[float, float, float]] = {
    "light": (0.88, 0.058, 62),
    "medium light": (0.80, 0.080, 62),
    "medium": (0.70, 0.090, 58),
    "medium dark": (0.57, 0.088, 52),
    "dark": (0.45, 0.066, 46),
}
# What a colour means that is said of a person: nobody's face is painted in it.
BY_COLOUR = {"black": "dark", "brown": "medium dark", "white": "light"}
_FACE = 0.86  # lightness of Noto's yellow, #ffca28
# Faces, and their shades: chroma, lightness and hue (degrees) from and to; gold and brass lie beside them.
_CHROMA, _LIGHT, _FACES, _SHADES = (0.145, 0.178), (0.72, 0.88), (86.2, 90.35), (70.5, 79)
# Whose crown has the colours of a face: it is drawn from above this row on.
CROWNED, _CROWN = ("prince", "princess", "person with crown"), 60
_ELEMENT, _START = re.compile("<[^>]*>"), re.compile(r' d="[Mm]\s*-?[\d.]+[\s,]*(-?[\d.]+)')
_DEEP = 0.62  # lightness of skin under which brown hair and dark eyes have to be darker to be seen


def toned(svg: str, tone: str, name: str = "") -> str:
    """An SVG of people whose skin has a tone of `TONES`, with eyes, brows and hair that show on it.

    name  of the drawing, where it may wear gold
    """
    light, chroma, hue = TONES[tone]

    def turned(lch: np.ndarray) -> np.ndarray:
        if is_skin(lch):
            share = lch[0] / _FACE
            if lch[2] > _SHADES[1]:
                return np.array([light * share, chroma, hue])
            return np.array([light * share**1.2, chroma * 1.15, hue - 5])
        features = lch[0] < 0.5 and (lch[1] < 0.012 or (lch[1] < 0.075 and 20 < lch[2] < 80))
        return lch * [0.62, 0.8, 1] if features and light < _DEEP else lch

    def element(match: re.Match) -> str:
        start = _START.search(match[0])
        gold = name in CROWNED and start is not None and float(start[1]) < _CROWN
        return match[0] if gold else colours.mapped(match[0], turned)

    return _ELEMENT.sub(element, svg)


def is_skin(lch: np.ndarray) -> bool:
    """Whether a colour of Noto's people, in OKLCH, is that of their faces or a shade of it."""
    light, chroma, hue = lch
    hues = (_FACES, _SHADES)
    return _within(chroma, _CHROMA) and _within(light, _LIGHT) and any(_within(hue, one) for one in hues)


def _within(value: float, ends: tuple[float, float]) -> bool:
    return ends[0] <= value <= ends[1]
