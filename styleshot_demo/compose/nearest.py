"""What comes near of words that no drawing is called by."""

import difflib
from functools import cache, lru_cache

from styleshot_demo.compose.art import by_name
from styleshot_demo.compose.meanings import alike
from styleshot_demo.compose.phrases import (
    is_chinese,
    near,
    normal,
    phrases,
)


@lru_cache(maxsize=512)  # a prompt is read again for every word of it that is taken out
def nearest(said: str, most: int = 3) -> tuple[str, ...]:
    """Names of drawings that are written nearly like it, or that its last or first word names; else those that mean
    nearly the same, as far as that can be told here."""
    known = phrases()
    found = dict.fromkeys(name for name in [near().get(said) or near().get(said.removesuffix("s"))] if name)
    words = [said, *reversed(said.split(" "))] if not is_chinese(said[0]) else [said, said[-2:], said[:3], said[:2]]
    for word in words:
        for close in [word] if word in known else difflib.get_close_matches(word, _spoken(), most, 0.79):
            for meaning in known[close]:
                if meaning.kind in ("thing", "keyword"):
                    found.setdefault(str(meaning.value))
    if not found:
        found |= dict.fromkeys(name for name in by_name() if said in normal(name).split(" "))
    if not found and not is_chinese(said[0]):
        tails = [said[start:] for start in range(2, len(said) - 3)]
        tail = next((one for one in tails if any(m.kind == "thing" for m in known.get(one, ()))), None)
        if tail:
            found.setdefault(str(next(m.value for m in known[tail] if m.kind == "thing")))
    return tuple(found)[:most] or alike(said, most)


@cache
def _spoken() -> list[str]:
    return [phrase for phrase, meanings in phrases().items() if any(one.kind == "thing" for one in meanings)]
