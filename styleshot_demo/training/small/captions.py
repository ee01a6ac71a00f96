"""What the small model's training pictures are called: names without a word of style, medium or artist."""

import re
from collections.abc import Sequence

import numpy as np

# Words that name how a picture was made, not what it shows.
# fmt: off
STYLE_WORDS = frozenset([
    "after", "album", "anonymous", "artist", "attributed", "canvas", "charcoal", "circle", "copy", "detail",
    "drawing", "dynasty", "engraved", "engraving", "etching", "file", "folio", "gouache", "image", "jpg",
    "landscape", "lithograph", "manner", "ming", "oil", "original", "page", "paint", "painted", "painting",
    "panel", "photo", "photograph", "picture", "plate", "png", "portfolio", "print", "printed", "pastel",
    "series", "sheet", "sketch", "song", "study", "style", "tempera", "title", "triptych", "unknown", "untitled",
    "version", "vol", "watercolor", "watercolour", "woodblock", "woodcut",
])
# fmt: on
PREFIXES = ("a {}", "the {}", "a picture of {}", "one {}")
PREFIX_WORDS = {word for prefix in PREFIXES for word in prefix.split()} - {"{}"}
NAME_SHARE, PREFIX_SHARE = 0.7, 0.85  # bounds of a uniform number: the bare name, with a prefix, else keywords


def plain(text: str) -> str:
    """Lower case letters, digits and single spaces only."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower().replace("’", "").replace("'", "")))


def title(text: str, artist: str = "") -> str:
    """A title of a painting or photo without remarks in brackets, words of style, numbers and the artist's name."""
    text = re.sub(r"\([^)]*\)|\[[^]]*\]", " ", text)
    unwanted = STYLE_WORDS | set(plain(artist).split())
    words = [word for word in plain(text).split() if word not in unwanted and not any(c.isdigit() for c in word)]
    return " ".join(words[:8]) if any(len(word) > 2 for word in words) else ""


def thing(name: str, keywords: Sequence[str], rng: np.random.Generator) -> str:
    """One of the ways to ask for a thing: its name, its name in a phrase, or one or two of its keywords."""
    place = rng.random()
    if place < NAME_SHARE or (place >= PREFIX_SHARE and not keywords):
        return name
    if place < PREFIX_SHARE:
        return PREFIXES[rng.integers(len(PREFIXES))].format(name)
    count = min(len(keywords), 1 + int(rng.integers(2)))
    return " ".join(keywords[int(place)] for place in rng.permutation(len(keywords))[:count])
