"""Every phrase that the composer knows and what it may mean: facts from the lexicon, things from drawings' names."""

import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from styleshot_demo.compose import lexicon
from styleshot_demo.compose.art import Art, by_name, catalogue

# Keywords that say what sort of thing it is, not which: they stand with more drawings than this.
COMMON = 9
# Faces, gestures and signs go by feelings and chatter ("cool", "love"): only their names name them.
NAMED_ONLY = {"smileys-emotion"}
# Of people, those that are somebody: the others go by what is done ("bench", "player").
WHO = {"person", "person-role", "person-fantasy"}
# Drawings that are square pictures of their own. The composer draws such places itself.
SCENERY = {"place-geographic", "place-other"}
SEVERAL_FACTS = {"bridge at night", "cityscape at dusk", "sunrise over mountains"}  # read word by word
STILL_THINGS = {"volcano", "mount fuji", "desert island", "fountain", "tent", "carousel horse", "playground slide",
                "ferris wheel", "roller coaster", "barber pole", "circus tent", "hot springs"}  # fmt: skip


@dataclass(frozen=True)
class Meaning:
    """One reading of a phrase.

    kind    thing, keyword (a thing, less surely), colour, skin, clothes (on a person), size, count, relation, place,
            time, weather, kind or stop
    value   name of the drawing, or of the fact
    plural  more than one of it
    more    names of further drawings that a thing is made of
    """

    kind: str
    value: str | int
    plural: bool = False
    more: tuple[str, ...] = ()


def normal(text: str) -> str:
    """As phrases are looked up: one form of each letter, lower case, hyphens as spaces, no articles' marks."""
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return re.sub(r"\s+", " ", re.sub(r"(?<=\w)-(?=\w)", " ", text)).strip()


# Whether an emoji is to look like a letter, and which skin it has: said before it in words, of several the first one.
_SELECTORS = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_TONED = re.compile("(\\S)([\U0001f3fb-\U0001f3ff])((?:\ufe0f?\u200d\\S[\U0001f3fb-\U0001f3ff]?)*)")
_TONES = ("light", "medium light", "medium", "medium dark", "dark")


def spelt(text: str) -> str:
    """The text with each emoji that is drawn here as its English name, and several alike in a row as their number."""

    def name(match: re.Match) -> str:
        count = len(match[0].replace(" ", "")) // len(match[1])
        drawing = _emoji()[match[1]]
        return f" {drawing} " if count == 1 else f" {count} {drawing} "

    def tone(match: re.Match) -> str:
        return f" {_TONES[ord(match[2]) - 0x1F3FB]} skin {match[1]}{match[3]}"

    return _emoji_pattern().sub(name, _SELECTORS.sub("", _TONED.sub(tone, text)))


@cache
def _emoji() -> dict[str, str]:
    """Emoji, without selectors -> the drawing's English name."""
    emoji = [art for art in catalogue().values() if art.is_emoji]
    signs = {"".join(chr(int(code, 16)) for code in art.id.split("-")): art.name for art in emoji}
    return {_SELECTORS.sub("", sign): name for sign, name in signs.items() if not re.match(r"[\w#*]", sign)}


@cache
def _emoji_pattern() -> re.Pattern:
    longest_first = sorted(_emoji(), key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first))})(?: *\\1)*")


@cache
def near() -> dict[str, str]:
    """Words for what is not drawn, as `normal` writes them -> the drawing that comes near."""
    return {normal(word): name for name, words in lexicon.NEAR.items() for word in words}


def is_scenery(name: str) -> bool:
    """Whether a drawing is a picture of a place, which the composer draws itself."""
    return by_name()[name].subgroup in SCENERY and name not in STILL_THINGS


def is_chinese(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff"


@cache
def phrases() -> dict[str, tuple[Meaning, ...]]:
    """Phrase, as `normal` writes it -> its readings, the likeliest first."""
    found: dict[str, dict[Meaning, None]] = defaultdict(dict)

    def add(phrase: str, meaning: Meaning) -> None:
        found[normal(phrase)].setdefault(meaning)

    tables = {
        "place": lexicon.PLACES,
        "time": lexicon.TIMES,
        "weather": lexicon.WEATHERS,
        "kind": lexicon.KINDS,
        "relation": lexicon.RELATIONS,
        "colour": lexicon.COLOURS,
        "skin": lexicon.SKINS,
        "size": lexicon.SIZES,
        "count": lexicon.COUNTS,
    }
    for kind, table in (*tables.items(), ("place", lexicon.NAMED_PLACES)):
        for value, words in table.items():
            for word in words:
                add(word, Meaning(kind, value))
    for word in lexicon.STOP:
        add(word, Meaning("stop", ""))
    for colour, words in lexicon.CLOTHES.items():
        for word in words:
            _add_forms(add, word, "clothes", colour)
    for words, (first, *more) in lexicon.SEVERAL:
        for word in words:
            add(word, Meaning("thing", first, more=tuple(more)))
    for words, (first, *more) in lexicon.EQUIPPED:
        for word in words:
            _add_forms(add, word, "thing", first, tuple(more))
    for name, words in lexicon.MEANT.items():
        for word in words:
            _add_forms(add, word, "thing", name)
    for phrase, name, plural in _doing():
        add(phrase, Meaning("thing", name, plural))
    for word in (*near(), *lexicon.UNDRAWN):  # one phrase each, which nothing is meant by
        found.setdefault(word, {})
    for art in catalogue().values():
        for name in names(art) if art.name not in SEVERAL_FACTS else ():
            _add_forms(add, name, "thing", art.name)
    for name, words in lexicon.KEYWORDS.items():
        for word in words:
            _add_forms(add, word, "keyword", name)
    for word, art in _keywords().items():
        known = found.get(normal(word))
        if known is None or (known and all(one.kind == "clothes" for one in known)):
            _add_forms(add, word, "keyword", art.name)
    return {phrase: tuple(meanings) for phrase, meanings in found.items() if phrase}


def _doing() -> Iterator[tuple[str, str, bool]]:
    """Somebody and what they do -> the drawing of it, and whether they are several."""
    for activity, words in lexicon.DOING.items():
        for doer, people in lexicon.DOERS.items():
            drawn = (f"{doer} {activity}", f"person {activity}", activity)
            name = next((one for one in drawn if one in by_name()), None)
            if name is None:
                continue
            for who, word in itertools.product(people, words):
                if is_chinese(who[0]) != is_chinese(word[0]):
                    continue
                if is_chinese(who[0]):
                    after, before = ("", "在", "正在"), ("", "在")
                    yield from ((f"{who}{between}{word}", name, False) for between in after)
                    yield from ((f"{is_at}{word}的{who}", name, False) for is_at in before)
                    continue
                for form in (who, *plurals(who)):
                    yield f"{form} {word}", name, form != who
                    yield f"{form} {'is' if form == who else 'are'} {word}", name, form != who
                    if " " not in word:
                        yield f"{word} {form}", name, form != who


def names(art: Art) -> list[str]:
    """The names of a drawing: its own, that without punctuation, and "cat" for "cat face" where nothing else is."""
    plain = re.sub(r"[^\w\s'-]+", " ", art.name)
    return list(dict.fromkeys([art.name, plain, art.zh, re.sub(r"[^\w]+", "", art.zh)]))


@cache
def whole_names() -> dict[str, str]:
    """A drawing's name, in either language and as `normal` writes it -> the English name of what it means: 梅花 is the
    blossom before it is the club of a card."""
    found: dict[str, str] = {}
    meant = {normal(word): name for name, words in lexicon.MEANT.items() for word in words}
    for art in catalogue().values():
        for name in names(art):
            other = meant.get(normal(name)) if art.subgroup == "game" else None
            found.setdefault(normal(name), other or art.name)
    return found


def _keywords() -> dict[str, Art]:
    """Keyword -> the drawing that it means best."""
    holders: dict[str, list[Art]] = defaultdict(list)
    for art in catalogue().values():
        if art.group not in NAMED_ONLY and (art.group != "people-body" or art.subgroup in WHO):
            if art.subgroup in SCENERY and art.name not in STILL_THINGS:
                continue
            for word in (*art.words, *(word for word in art.words_zh if len(word) > 1)):
                holders[word].append(art)
    best = {}
    for word, arts in holders.items():
        named = [art for art in arts if word in normal(art.name).split() or word in art.zh]
        if word not in lexicon.NEVER and (len(arts) <= COMMON or named):
            best[word] = min(named or arts, key=lambda art: _distance(word, art))
    return best


def _distance(word: str, art: Art) -> tuple:
    name = normal(art.name)
    return (not (name.endswith(word) or art.zh.endswith(word)), name.endswith(" face"), len(name.split()), len(name))


def _add_forms(add, phrase: str, kind: str, name: str, more: tuple[str, ...] = ()) -> None:
    add(phrase, Meaning(kind, name, more=more))
    phrase = normal(phrase)
    if phrase and is_chinese(phrase[-1]) and name in by_name() and by_name()[name].is_person:
        add(f"{phrase}们", Meaning(kind, name, True, more))
    if not phrase or is_chinese(phrase[-1]) or not phrase[-1].isalpha():
        return
    *first, last = phrase.split(" ")
    for form in plurals(last):
        add(" ".join([*first, form]), Meaning(kind, name, form != last, more))


def plurals(word: str) -> list[str]:
    """How an English noun may be written for several."""
    if word in lexicon.IRREGULAR:
        regular = [word + "es"] if word in ("fish", "octopus") else []
        return [lexicon.IRREGULAR[word], *regular, *([word + "es"] if word == "cactus" else [])]
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return [word + "es"]
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return [word[:-1] + "ies"]
    if word.endswith("man"):
        return [word[:-3] + "men"]
    if word.endswith("o"):
        return [word + "s", word + "es"]
    return [word + "s"]


def colour_in(phrase: str, drawing: str | int) -> str | None:
    """The colour that a phrase begins with, if the rest means the same drawing: golden retriever, but not 红绿灯."""
    first = phrase[0] if is_chinese(phrase[0]) else phrase.split(" ")[0]
    colour = next((str(one.value) for one in phrases().get(first, ()) if one.kind == "colour"), None)
    rest = phrases().get(phrase[len(first) :].strip(), ())
    return colour if any(one.value == drawing for one in rest) else None


def by_itself(phrase: str) -> Meaning:
    """What a phrase of `lexicon.ALONE` means where nothing follows that it is said of."""
    name, *more = lexicon.ALONE[phrase]
    return Meaning("thing", name, phrase.endswith("s"), tuple(more))
