"""A prompt cut into the phrases that are known, the longest first."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from styleshot_demo.compose.phrases import (
    Meaning,
    is_chinese,
    phrases,
)

LONGEST = 8  # words of a phrase
LONGEST_ZH = 16  # Chinese signs of a phrase

Span = tuple[int, int]  # where something begins and ends in a text that is `normal`


@dataclass(frozen=True)
class Token:
    """A phrase of the prompt and its readings; none where it is not known. An empty text is a pause.

    at  where it begins in a text that is `normal`
    """

    text: str
    meanings: tuple[Meaning, ...] = ()
    at: int = 0

    @property
    def span(self) -> Span:
        return self.at, self.at + len(self.text)

    def reading(self, *kinds: str) -> Meaning | None:
        return next((one for one in self.meanings if one.kind in kinds), None)


def tokens(text: str) -> Iterator[Token]:
    """The phrases of a text that is `normal`."""
    known = phrases()
    place = 0
    while place < len(text):
        sign = text[place]
        mixed = _mixed_at(text, place)
        if mixed:
            yield Token(mixed, known[mixed], place)
            place += len(mixed)
        elif is_chinese(sign):
            length = _chinese_at(text, place)
            if sign in "和的" and 1 < length < 1 + _chinese_at(text, place + 1):
                length = 1  # "and" before a name, such as 和 + 服务犬, where 和服 would be one too; 的 + 士兵
            piece = text[place : place + max(length, 1)]
            yield Token(piece, known.get(piece, ()), place)
            place += len(piece)
        elif sign.isdigit():
            digits = re.match(r"\d+", text[place:])[0]
            yield Token(digits, (Meaning("count", int(digits[:4])),), place)
            place += len(digits)
        elif sign.isalpha():
            ends = [match.end() for match in re.finditer(r"[^\W\d_\u4e00-\u9fff]+(?:'\w+)?", text[place:])][:LONGEST]
            pieces = [text[place : place + end] for end in ends]
            whole = [piece for piece in pieces if re.fullmatch(r"[\w' :,.-]*", piece)]
            fits = (
                one for one in reversed(whole) if re.sub(r"'s$", "", one) in known and not _goes_on(text, place, one)
            )
            piece = next(fits, pieces[0])
            yield Token(piece, known.get(re.sub(r"'s$", "", piece), ()), place)
            place += len(piece)
        elif unicodedata.category(sign) == "So":  # an emoji that is not drawn here; flags are two signs each
            piece = re.match("[\U0001f1e6-\U0001f1ff]{1,2}|.", text[place:])[0]
            yield Token(piece, at=place)
            place += len(piece)
        else:
            if not sign.isspace():
                yield Token("", at=place)
            place += 1
    yield Token("", at=place)


def _goes_on(text: str, place: int, phrase: str) -> bool:
    """Whether something follows that is white: "on white" is a place, "on white sand" none."""
    if not re.search(r"\b(?:on|against)\b.* white$", phrase):
        return False
    after = re.match(r" ([a-z]+)", text[place + len(phrase) :])
    return bool(after) and any(
        one.kind in ("thing", "keyword", "place", "weather") for one in phrases().get(after[1], ())
    )


def _chinese_at(text: str, place: int) -> int:
    """How many signs the longest phrase has that begins there; 0 where there is none."""
    return next((n for n in range(LONGEST_ZH, 0, -1) if text[place : place + n] in phrases()), 0)


def _mixed_at(text: str, place: int) -> str | None:
    """The longest phrase that begins there and is written in more than one kind of signs, such as 1st or T恤."""
    if text[place - 1 : place].isalnum() and not is_chinese(text[place - 1]):
        return None
    for phrase in _mixed().get(text[place], ()):
        end = place + len(phrase)
        if text.startswith(phrase, place) and (is_chinese(phrase[-1]) or not text[end : end + 1].isalnum()):
            return phrase
    return None


@cache
def _mixed() -> dict[str, list[str]]:
    """First sign -> the phrases that `tokens` would take apart, the longest first."""
    found: dict[str, list[str]] = {}
    for phrase in sorted(phrases(), key=len, reverse=True):
        kinds = {_kind(sign) for sign in phrase if sign.isalnum()}
        if len(kinds) > 1 or phrase[0].isdigit() and not phrase.isdigit():
            found.setdefault(phrase[0], []).append(phrase)
    return found


def _kind(sign: str) -> str:
    return "Chinese" if is_chinese(sign) else "digit" if sign.isdigit() else "letter"
