"""A prompt with one part of its meaning taken out, or with a word that was not understood replaced by a known one.

Words are taken out of the prompt as it was written, with the small words that held them; of the ways to do that, the
one is taken after which the rest still means what it meant.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from styleshot_demo.compose.art import by_name
from styleshot_demo.compose.phrases import is_chinese, normal, spelt
from styleshot_demo.compose.scene import Scene
from styleshot_demo.compose.tokens import Span, Token, tokens
from styleshot_demo.compose.words import Reading, read, understood
from styleshot_demo.errors import Problem

FACTS = ("place", "far", "time", "weather", "kind")
SMALL = 4  # at most so many small words beside a part go with it
ENDS = " \t\n,.;:!?，。；：！？、"
JOINING = {"and", "or", "of", "with", "和", "与", "及", "以及", "同", "跟"}
SOUNDED = re.compile(r"(?i)[aeiou]")


def without(prompt: str, part: str, number: int = 0) -> str:
    """The prompt without what says one part of it.

    part    "thing", "unknown", or of `FACTS`
    number  which of `scene.things` or `scene.unknown`

    A part that the prompt does not say, such as an inferred place, leaves it as it is; else emoji become words.
    """
    typed, prompt = prompt, spelt(prompt)
    text, places = _aligned(prompt)
    reading = _read(text)
    spans = _spans(reading, part, number) if reading else ()
    if not reading or not spans:
        return typed
    wanted = _without(reading.scene, part, number)
    ways = [_cut(text, ranges) for ranges in _ways(text, spans)]
    best = min(ways, key=lambda kept: (_differences(_meaning(_text_of(text, kept)), wanted), ways.index(kept)))
    return _tidy("".join(prompt[slice(*places[at])] for at in best))


def with_name(prompt: str, number: int, name: str) -> str:
    """The prompt with a name in place of the words of `scene.unknown[number]`; as it is where there is no such one."""
    typed, prompt = prompt, spelt(prompt)
    text, places = _aligned(prompt)
    reading = _read(text)
    spans = _spans(reading, "unknown", number) if reading else ()
    if not spans:
        return typed
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    before, after = prompt[: places[first][0]], prompt[places[last - 1][1] :]
    if not is_chinese(name[0]):
        right = "an" if SOUNDED.match(name) else "a"
        before = re.sub(r"(?i)\b(a)n?(\s+)$", lambda found: found[1] + right[1:] + found[2], before)
    return before + name + after


def offered(prompt: str, number: int) -> dict[str, str]:
    """Drawings that may be meant by `scene.unknown[number]`, and the name of each in the language of those words.

    Only such as are understood in their place: of two places in one picture, neither is.
    """
    reading = _read(normal(prompt))
    if not reading or not 0 <= number < len(reading.unknown):
        return {}
    one = reading.scene.unknown[number]
    names = {name: by_name()[name].zh if is_chinese(one.said[-1]) else name for name in one.nearest}
    strange = len(reading.unknown)
    return {
        name: said for name, said in names.items() if len(understood(with_name(prompt, number, said)).unknown) < strange
    }


def _spans(reading: Reading, part: str, number: int) -> Sequence[Span]:
    if part in ("thing", "unknown"):
        every = reading.things if part == "thing" else reading.unknown
        return every[number] if 0 <= number < len(every) else ()
    return reading.facts.get(part, ())


def _read(text: str) -> Reading | None:
    try:
        return read(text)
    except Problem:  # there is not a word in it
        return None


# Which words go --------------------------------------------------------------------------------------------------


def _ways(text: str, spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Ranges of the text to take out, the likeliest way first."""
    found = [token for token in tokens(text)]
    groups = _groups(found, spans)
    usual = [_usual(found, first, last) for first, last in groups]
    yield [(found[first].at, found[last].span[1]) for first, last in usual]
    for left in range(SMALL + 1):
        for right in range(SMALL + 1):
            wider = [
                (first - min(left, _small(found, first, -1)), last + min(right, _small(found, last, 1)))
                for first, last in groups
            ]
            yield [(found[first].at, found[last].span[1]) for first, last in wider]


def _groups(found: Sequence[Token], spans: Sequence[Span]) -> list[tuple[int, int]]:
    """(first, last) token of each run of the part's words; small words between two of them belong to it."""
    own = [
        at
        for at, token in enumerate(found)
        if token.text and any(start < token.span[1] and token.at < end for start, end in spans)
    ]
    groups: list[tuple[int, int]] = []
    for at in own:
        if groups and all(_is_small(found[one]) and found[one].text for one in range(groups[-1][1] + 1, at)):
            groups[-1] = (groups[-1][0], at)
        else:
            groups.append((at, at))
    return groups


def _usual(found: Sequence[Token], first: int, last: int) -> tuple[int, int]:
    """With the small words before it; of an adjective none, in Chinese those after it, at the beginning both."""
    before, after = _small(found, first, -1), _small(found, last, 1)
    follows = last + after + 1 < len(found)  # other words
    if is_chinese(found[last].text[0]):
        return (first if follows else first - before), last + after
    if follows and not after:
        return first, last  # a "snowy" forest
    if first == before:
        joined = 0
        while joined < after and (not found[last + joined + 1].text or found[last + joined + 1].text in JOINING):
            joined += 1
        return first - before, last + joined
    return first - before, last


def _small(found: Sequence[Token], at: int, step: int) -> int:
    """How many small words in a row there are on one side of a token."""
    count = 0
    while 0 <= at + step * (count + 1) < len(found) and _is_small(found[at + step * (count + 1)]):
        count += 1
    return count


def _is_small(token: Token) -> bool:
    """Whether it holds other words together: a pause, an article, a preposition."""
    return not token.text or (bool(token.meanings) and {one.kind for one in token.meanings} <= {"stop", "relation"})


def _cut(text: str, ranges: Sequence[Span]) -> list[int]:
    """The places of the signs that stay."""
    return [at for at in range(len(text)) if not any(start <= at < end for start, end in ranges)]


def _text_of(text: str, kept: Sequence[int]) -> str:
    return "".join(text[at] for at in kept)


def _tidy(prompt: str) -> str:
    prompt = re.sub(r"\s+(?=[,.;:!?，。；：！？、])", "", re.sub(r"[ \t]+", " ", prompt))
    return re.sub(r"([,，、])(?:\s*[,，、])+", r"\1", prompt).strip(ENDS)


# What is meant ---------------------------------------------------------------------------------------------------


def _meaning(text: str) -> tuple[list, dict, list]:
    reading = _read(_tidy(text))
    return _said(reading.scene) if reading else ([], {}, [])


def _said(scene: Scene) -> tuple[list, dict, list]:
    """(things, facts that were asked for, what is not understood), without relations and what was inferred.

    Whether a red apple is drawn red is no difference: by itself it is a name, in a sentence a colour as well.
    """
    things = [
        (
            one.name,
            one.count,
            None if one.name.startswith(one.colour or "-") else one.colour,
            one.size,
            one.skin,
            one.clothes,
        )
        for one in scene.things
    ]
    return things, {name: getattr(scene, name) for name in scene.asked}, [one.said for one in scene.unknown]


def _without(scene: Scene, part: str, number: int) -> tuple[list, dict, list]:
    things, facts, unknown = _said(scene)
    if part == "thing":
        things = [one for at, one in enumerate(things) if at != number]
    elif part == "unknown":
        unknown = [one for at, one in enumerate(unknown) if at != number]
    else:
        facts = {name: value for name, value in facts.items() if name != part}
    return things, facts, unknown


def _differences(found: tuple[list, dict, list], wanted: tuple[list, dict, list]) -> int:
    """How many parts of the two meanings differ."""
    (things, facts, unknown), (others, other_facts, other_unknown) = found, wanted
    much = sum(one not in others for one in things) + sum(one not in things for one in others)
    much += abs(len(things) - len(others)) + len(facts.items() ^ other_facts.items())
    return much + len(set(unknown) ^ set(other_unknown))


# Where the words stand -------------------------------------------------------------------------------------------


def _aligned(prompt: str) -> tuple[str, list[Span]]:
    """(the prompt as `normal` writes it, where in the prompt each of its signs stands)."""
    signs: list[tuple[str, Span]] = []
    start = 0
    while start < len(prompt):
        end = start + 1
        while end < len(prompt) and unicodedata.combining(prompt[end]):
            end += 1
        piece = unicodedata.normalize("NFKC", prompt[start:end]).lower().replace("’", "'")
        signs += [(sign, (start, end)) for sign in piece]
        start = end
    text = re.sub(r"(?<=\w)-(?=\w)", " ", "".join(sign for sign, _ in signs))
    kept = [at for at, sign in enumerate(text) if not (sign.isspace() and text[at - 1 : at].isspace())]
    while kept and text[kept[0]].isspace():
        kept.pop(0)
    while kept and text[kept[-1]].isspace():
        kept.pop()
    text, places = "".join(" " if text[at].isspace() else text[at] for at in kept), [signs[at][1] for at in kept]
    whole = normal(prompt)
    # Few scripts are written otherwise as a whole than sign by sign; of those the prompt as it is read is changed.
    return (text, places) if text == whole else (whole, [(at, at + 1) for at in range(len(whole))])
