"""Captions without their style: StyleShot's text says what a picture shows, its style comes from the style image alone.

A caption that names style, medium or artist would let the text carry what the style tokens are to learn (StyleShot,
arXiv:2407.01414, section 3.4: such words are taken out of StyleGallery's captions). The words are data, in
`style_words.json`; here stand the few places in a caption where they are style and not a thing that is shown.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).with_name("style_words.json")
_ARTICLE = r"(?:an?|the|this|my|his|her|their|our|some)"
_ABOUT = r"(?:of|depicting|showing|featuring|portraying|representing|(?:that|which)\s+(?:depicts|shows))"
_MADE = r"(?:painted|drawn|sketched|rendered|done|made|executed|created|illustrated|depicted|printed|engraved)"
_MANNER = r"(?:styles?|manner|aesthetics?|fashion|technique)"
# Commas, dashes and ends of sentences, but not the points of initials and titles.
_CLAUSES = re.compile(r"(\s*[,;|]\s*|\s+[-–—]\s+|(?<!\b[A-Za-z])(?<!\b[SDMsdm][trx])(?<!\b[Mm]rs)[.](?:\s+|$))")
_NAME = r"[A-ZÀ-Þ][\w'’.\-]*"
_FULL_NAME = rf"(?-i:{_NAME}(?:\s+(?:{_NAME}|van|de|von|da|di|del|della|la|le|der|den|ter|af|the)){{0,5}})"
_NAMELESS = re.compile(r"(?i:img|dscn?|dscf|pxl|mvi|image|picture|photo|pic|scan|screenshot|untitled|file|p)?[\d\s]*")
_HASH = re.compile(r"(?=[a-zA-Z]*\d)[0-9a-fA-F]{8,}")


class _Patterns(NamedTuple):
    lead: re.Pattern[str]
    manner: re.Pattern[str]
    unknown_manner: re.Pattern[str]
    styled: re.Pattern[str]
    made: re.Pattern[str]
    material: re.Pattern[str]
    by: re.Pattern[str]
    by_anyone: re.Pattern[str]
    whole: re.Pattern[str]
    tail: re.Pattern[str]
    style: re.Pattern[str]
    single: re.Pattern[str]


def destyle(caption: str) -> str:
    """The caption without the words of style, medium and artist; "" if there are no others.

    "an oil painting of a red fox by Vincent van Gogh, impressionism" -> "a red fox"; "a painter at an easel" and
    "an oil lamp" stay as they are.
    """
    patterns = _patterns()
    text, painted = "", False
    pieces = _CLAUSES.split(" ".join(caption.split()))
    for clause, separator in zip(pieces[::2], ["", *pieces[1::2]], strict=True):
        clause, leads = patterns.lead.subn("", clause)
        painted = painted or leads > 0
        before = None
        while clause and clause != before:
            before = clause
            clause = _without(clause, patterns, painted)
        if clause:
            text += (separator if text else "") + clause
    return text or (caption.strip() if patterns.single.fullmatch(caption.strip()) else "")


def _without(clause: str, patterns: _Patterns, painted: bool) -> str:
    """One round on one clause; `painted`: the caption said that it is a painting, so a name after "by" is a painter."""
    if patterns.whole.fullmatch(clause):
        return ""
    for pattern in (patterns.made, patterns.manner, patterns.unknown_manner, patterns.styled, patterns.by):
        clause = pattern.sub(" ", clause)
    clause = patterns.material.sub(" ", clause)
    if painted:
        clause = patterns.by_anyone.sub(" ", clause)
    clause = patterns.style.sub(_article, clause)
    tail = patterns.tail.search(clause)
    if tail:
        clause = clause[: tail.end(1)]
    return re.sub(r"^(?:and|with|in|by)$", "", " ".join(clause.split())).strip(" '’\"-:_")


def _article(match: re.Match[str]) -> str:
    """What stays of "an impressionist garden" before the noun: the article that fits it."""
    article = match["article"] or ""
    if article.strip().casefold() not in ("a", "an"):
        return article
    fitting = "an" if match["next"].casefold() in tuple("aeiou") else "a"
    return (fitting.capitalize() if article[0].isupper() else fitting) + " "


def from_name(stem: str) -> str:
    """A caption from a file's name without its suffix: "012_red-fox (2)" -> "red fox"; "" for names of cameras.

    Where a name has both underscores and hyphens, the underscores part what the hyphens hold together.
    """
    parts = re.split(r"_+", stem) if "-" in stem and "_" in stem else [stem]
    found = []
    for part in parts:
        part = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-+.]+", " ", part)
        part = re.sub(r"\(\d*\)|\[[^]]*\]", " ", part)
        words = [word for word in part.split() if not _HASH.fullmatch(word)]
        while words and words[0].isdigit():
            words.pop(0)
        while words and words[-1].isdigit():
            words.pop()
        part = " ".join(words)
        if part and not _NAMELESS.fullmatch(part):
            found.append(part)
    return ", ".join(found)


def _either(*lists: list[str]) -> str:
    """A pattern for any of the words, longest first, with spaces and hyphens alike."""
    words = sorted({word for each in lists for word in each}, key=lambda word: (-len(word), word))
    return "(?:" + "|".join(r"[\s\-]+".join(map(re.escape, re.split(r"[\s\-]+", word))) for word in words) + ")"


@cache
def _patterns() -> _Patterns:
    words = json.loads(_DATA.read_text(encoding="utf-8"))
    medium, strong = _either(words["media"], words["strong_media"]), _either(words["strong_media"])
    material, support = _either(words["materials"]), _either(words["supports"])
    style, movement = _either(words["styles"]), _either(words["styles"], words["movements"])
    artist, quality = _either(words["artists"]), _either(words["qualities"])
    thing, leaning = _either(words["things"]), _either(words["leaning"])
    described = rf"(?:{quality}|{movement}|{material}|{medium}|{artist}(?:['’]s)?)"
    also = rf"(?:\s*(?:and|&)\s*(?:{artist}|{_FULL_NAME}))*"
    on = rf"(?:\s+(?:and\s+{material}|on\s+{support}))*"

    def pattern(text: str, flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
        return re.compile(text, flags)

    return _Patterns(
        # "a beautiful impressionist oil painting on canvas of ..."
        lead=pattern(
            rf"^(?:this\s+is\s+)?(?:{_ARTICLE}\s+)?(?:{described}[\s\-]+)*{medium}{on}"
            rf"(?:\s+(?:by\s+{artist}|in\s+{material}))?\s+{_ABOUT}\s+"
        ),
        # "in the style of Monet and Renoir", "in an impressionist style", "after van Gogh"
        manner=pattern(
            rf"\s*(?:\b(?:done|made|painted|drawn|rendered)\s+)?\b(?:in|with)\s+(?:an?\s+|the\s+)?"
            rf"(?:{_MANNER}\s+of\s+(?:the\s+)?(?:{described}\b\s*)+{also}"
            rf"|(?:{described}['’]?s?[\s\-]+)+{_MANNER})\b"
        ),
        # An unknown one: up to the end of the clause, but for where it is.
        unknown_manner=pattern(rf"\s*\bin\s+the\s+{_MANNER}\s+of\s+(?:(?!\b(?:on|at|near|under|with)\s).)+"),
        styled=pattern(rf"\b(?:{movement}|{artist}|{medium})[\s\-]*(?:styled|style|inspired|esque)\b\s*"),
        made=pattern(
            rf"\s*\b{_MADE}\s+(?:in|with|using|on)\s+(?:an?\s+)?(?:{quality}\s+)*(?:{material}|{medium}|{movement})"
            rf"(?:\s+{medium})?{on}(?=\s*$)"
        ),
        # Bare materials are things as well ("sardines in oil"), so only with their ground, or media that are none.
        material=pattern(
            rf"\s*\b(?:(?:in|with)\s+(?:{strong}|pen\s+and\s+ink)|(?:in\s+)?(?:{material}|{strong})\s+on\s+{support})(?=\s*$)"
        ),
        by=pattern(rf"\s*\bby\s+(?:the\s+)?(?:artist\s+|painter\s+)?{artist}{also}\b(?!\s*['’]s)"),
        by_anyone=re.compile(rf"\s*\bby\s+(?:the\s+)?(?:artist\s+|painter\s+)?{_FULL_NAME}(?=\s*$)"),
        whole=pattern(
            rf"(?:(?:{_ARTICLE}|and|in|by|on|with|of|style|drawn|painted|c(?=[.])|circa|ca(?=[.])|unknown|artist|anonymous"
            rf"|1[0-9]{{3}}s?|20[0-9]{{2}}s?)\b[\s\-.]*|{described}(?!\w)[\s\-]*)+"
        ),
        # Not "with a watercolor" or "holding a watercolor", where it is a thing in the picture.
        tail=pattern(rf"(\b(?!{leaning}\b)(?!\w+ing\b)\S+)\s+(?:{quality}\s+)*{strong}$"),
        # "pencil" or "a picture": where there is nothing else, it is the thing shown.
        single=pattern(rf"(?:{_ARTICLE}\s+)?(?!{strong})(?:{material}|{medium}|artist|style)"),
        style=pattern(
            rf"(?P<article>\b(?:an?|the)\s+)?\b{style}[\s\-]+(?=(?P<next>(?!{thing}\b)(?!(?:and|or|is|are|on|in|of|by)\b)\w))"
        ),
    )
