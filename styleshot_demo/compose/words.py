"""A prompt, in English or Chinese, to a `Scene`; what is not understood is said, with what comes near.

A prompt is cut into known phrases, the longest first. Counts, colours and sizes wait for the thing that follows them;
relations join two things; places, times, weather and kinds of picture are facts of the whole.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from styleshot_demo.compose import lexicon
from styleshot_demo.compose.art import by_name
from styleshot_demo.compose.belonging import HELD, HOLDERS, SHOWN, joined
from styleshot_demo.compose.completing import completed
from styleshot_demo.compose.dressing import PEOPLES, TRAIT, colour_of, described, one_person, person_ahead
from styleshot_demo.compose.left_out import left_out
from styleshot_demo.compose.phrases import (
    Meaning,
    by_itself,
    colour_in,
    is_chinese,
    is_scenery,
    normal,
    spelt,
    whole_names,
)
from styleshot_demo.compose.places import metres
from styleshot_demo.compose.scene import MOST, MOST_THINGS, OPEN, Scene, Thing
from styleshot_demo.compose.skin_tones import BY_COLOUR
from styleshot_demo.compose.tokens import Span, Token, tokens
from styleshot_demo.errors import Problem

PLURAL = 3  # what "horses" are, without a number; of small things there are two more
AGENT = re.compile(r"\w{2,}(er|or|ist|man|woman|maker|keeper)s?$")
AGENT_ZH = "者家手员师"
BUILDING_ZH = "塔楼站店馆场"  # after a thing of one sign they make another: no 灯 stands in 灯塔
INDOORS, ANIMALS = ("room", "table"), "animals-nature"
UNDER_STARS = ("meadow", "mountains", "forest", "desert", "beach", "sea", "street", "snow")
FACTS = ("place", "time", "weather", "kind")
# "Over a city" also means: with it in view. What is above it is said so, or flies.
FLYING = {"flying", "flies", "fly", "floating", "floats", "hovering", "hovers", "soaring", "soars", "gliding", "glides"}
# Where several readings are possible: this one first. Names of things come after facts ("desert" is a place), keywords
# after everything.
ORDER = ("kind", "time", "weather", "place", "colour", "skin", "size", "count", "relation", "thing", "stop", "keyword",
         "clothes")  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """A scene, and which words of the prompt, as `normal` writes it with its emoji `spelt`, say each part.

    things   of each of `scene.things` its words, in the order in which they were read
    facts    the same by the name of a fact that was asked for: kind, place, time, weather or far
    unknown  the same of each of `scene.unknown`
    aside    which of `scene.unknown`, by their indices, only say how a fact is: a melancholic sunset
    """

    scene: Scene
    things: tuple[tuple[Span, ...], ...] = ()
    facts: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    unknown: tuple[tuple[Span, ...], ...] = ()
    aside: frozenset[int] = frozenset()

    @property
    def has_subject(self) -> bool:
        """Whether anything is known of what the picture shows: a thing, or where or when it is. A kind of picture, or
        an empty sheet, will do where nothing else was asked for."""
        scene = self.scene
        others = len(scene.unknown) > len(self.aside)
        sheet = {"place"} if scene.place in ("plain", "white") else set()
        return bool(scene.things or set(scene.asked) - {"kind"} - sheet or (scene.asked and not others))


def understood(prompt: str) -> Scene:
    """What a prompt asks for. Raises `Problem` nothing_to_draw if there is not a word in it."""
    return read(prompt).scene


def read(prompt: str) -> Reading:
    """The same, with the words that say it."""
    text = normal(spelt(prompt))
    found = list(tokens(text))
    if not any(token.text for token in found):
        raise Problem("nothing_to_draw")
    alone = whole_names().get(re.sub(r"^(an?|the|一[个只]) ?", "", text)) or whole_names().get(text)
    if alone is not None and not is_scenery(alone):
        return Reading(completed([Thing(alone, said=prompt.strip())], {}, []), (((0, len(text)),),))
    return _Reader(found, text).reading()


class _Reader:
    """Goes through the tokens once."""

    def __init__(self, found: list[Token], text: str) -> None:
        self.tokens, self.text = found, text
        self.things: list[Thing] = []
        self.facts: dict[str, str] = {}
        self.unknown: list[str] = []
        self.waiting: dict[str, Any] = {}
        self.words: list[Token] = []  # said of what is waiting
        # (name, indices of subjects, or of the target in Chinese)
        self.relation: tuple[str, list[int], bool] | None = None
        self.group: list[int] = []  # things joined by "and" since the last pause or relation
        self.aloft = False  # the relation that waits says that something is up in the air
        self.chinese_subject: int | None = None
        self.strange: list[str] = []  # unknown words in a row
        # The words of each thing, of each fact, of each unknown, and of `strange`.
        self.thing_spans: list[list[Span]] = []
        self.fact_spans: dict[str, list[Span]] = {}
        self.unknown_spans: list[list[Span]] = []
        self.strange_spans: list[Span] = []
        self.aside: set[int] = set()

    def reading(self) -> Reading:
        unwanted = left_out(self.tokens)
        for index, token in enumerate(self.tokens):
            if index in unwanted:
                continue
            if token.text and not token.meanings:
                self._unknown(index, token)
                continue
            self._end_of_unknown(token, self._said_of_fact(index))
            meaning = self._chosen(index, token)
            if self._said_of_person(index, token):
                continue
            if meaning is None:
                self._pause()
            elif meaning.kind in ("thing", "keyword"):
                self._thing(index, token, meaning)
            elif meaning.kind in FACTS:
                self._fact(token, meaning)
            elif meaning.kind == "relation":
                self._relation(index, token, meaning)
            elif meaning.kind in ("colour", "skin", "size", "count"):
                self._attribute(index, token, meaning)
            elif meaning.kind == "clothes":
                self._unknown(index, token)
            elif token.text.endswith("在") and self.things:
                self.chinese_subject = len(self.things) - 1
        self._end_of_unknown(None)
        return Reading(
            completed(joined(self.things, self.thing_spans, self.text), self.facts, self.unknown),
            tuple(map(tuple, self.thing_spans)),
            {name: tuple(spans) for name, spans in self.fact_spans.items()},
            tuple(map(tuple, self.unknown_spans)),
            frozenset(self.aside),
        )

    def _chosen(self, index: int, token: Token) -> Meaning | None:
        if not token.text:
            return None
        ahead = self._noun_ahead(index)
        after = self.tokens[index + 1]
        if token.text in lexicon.ALONE and not ahead and after.text != "of":
            return by_itself(token.text)
        if token.text == "baby" and (one := after.reading("thing")) and by_name()[str(one.value)].group == ANIMALS:
            return Meaning("size", "small")
        if token.text == "snow" and self.tokens[index - 1].text in ("the", "in", "on") and "place" not in self.facts:
            return Meaning("place", "snow")
        readings = sorted(token.meanings, key=lambda one: ORDER.index(one.kind))
        readings = [one for one in readings if one.kind != "thing" or not is_scenery(str(one.value))] or readings
        if readings[0].kind == "keyword" and ahead and not is_chinese(token.text[0]):
            return Meaning("stop", "")  # "birthday" before a cake
        return readings[0]

    def _noun_ahead(self, index: int) -> bool:
        """Whether a thing follows at once, perhaps after adjectives."""
        for token in self.tokens[index + 1 :]:
            if token.reading("thing") and not token.reading("stop"):
                return True
            if not token.reading("colour", "skin", "size"):
                return bool(token.text) and not token.meanings
        return False

    def _unknown(self, index: int, token: Token) -> None:
        before = self.tokens[index - 1] if index else Token("")
        agent = AGENT.fullmatch(token.text) or (is_chinese(token.text[0]) and self._chinese_compound(index))
        if agent and not self.strange and before.reading("thing", "keyword") and self.things:
            self.strange, self.strange_spans = [self.things.pop().said], self.thing_spans.pop()
            gone = len(self.things)
            self.things = [replace(one, relation=None, to=None) if one.to == gone else one for one in self.things]
            self.group = [one for one in self.group if one < gone]
        self.strange.append(token.text)
        self.strange_spans.append(token.span)

    def _chinese_compound(self, index: int) -> bool:
        """Whether an unknown sign makes another word of the thing before it."""
        if len(self.tokens[index - 1].text) == 1 and self.tokens[index].text in BUILDING_ZH:
            return True
        rest = "".join(token.text for token in self.tokens[index : index + 4])
        return any(sign in AGENT_ZH for sign in rest)

    def _said_of_fact(self, index: int) -> bool:
        """Whether unknown words that end before that token say how a fact is; in Chinese with 的 between."""
        if self.tokens[index].text == "的":
            return self.tokens[index + 1].reading(*FACTS) is not None
        token = self.tokens[index]
        return bool(token.text) and not is_chinese(token.text[0]) and token.reading(*FACTS) is not None

    def _end_of_unknown(self, token: Token | None, of_fact: bool = False) -> None:
        if self.strange:
            if of_fact:
                self.aside.add(len(self.unknown))
            glue = "" if is_chinese(self.strange[-1][0]) else " "
            self.unknown.append(glue.join(self.strange))
            self.unknown_spans.append(self.strange_spans)
            self.strange, self.strange_spans = [], []
            if token is None or not token.reading("thing", "keyword"):  # else it was an adjective
                self.waiting, self.words = {}, []
                self.relation = None

    def _pause(self) -> None:
        if "colour" in self.waiting and self.things and self.things[-1].colour is None:
            self.things[-1] = replace(self.things[-1], colour=self.waiting["colour"])  # "the car is red"
            self.thing_spans[-1] += [word.span for word in self.words]
        self.waiting, self.words, self.group = {}, [], []
        self.relation = self.chinese_subject = None

    def _said_of_person(self, index: int, token: Token) -> bool:
        """Takes in what a person has or wears: in red, with dark skin; 红裙子 before 的女孩."""
        clothes, skin, colour = (token.reading(kind) for kind in ("clothes", "skin", "colour"))
        if clothes and is_chinese(token.text[0]) and person_ahead(self.tokens[index + 1 :]):
            self.waiting["clothes"] = colour_of(str(clothes.value), self.waiting.pop("colour", None))
            self.words.append(token)
            return True
        if not self.things or not (clothes or skin or colour):
            return False
        if not clothes and (self._noun_ahead(index) or self.tokens[index + 1].reading(*FACTS)):  # in white snow
            return False
        start = self.words[0].at if self.words else token.at
        between = self.text[max(end for _, end in self.thing_spans[-1]) : start].strip()
        new = described(self.things[-1], between, token, self.waiting.get("colour"))
        if new is None:
            return False
        self.things[-1] = new
        self.thing_spans[-1] += [word.span for word in (*self.words, token)]
        self.waiting, self.words = {}, []
        return True

    def _attribute(self, index: int, token: Token, meaning: Meaning) -> None:
        if token.text in PEOPLES and not self._noun_ahead(index):  # 黑人, who is somebody
            self.waiting.setdefault("skin", meaning.value)
            return self._thing(index, token, Meaning("thing", "person"))
        if meaning.kind == "count" and "count" in self.waiting and int(meaning.value) > 1:
            # "a couple of", "two dozen", 二十
            before = int(self.waiting["count"])
            self.waiting["count"] = max(before, int(meaning.value))
        else:
            self.waiting.setdefault(meaning.kind, meaning.value)
        self.words.append(token)

    def _fact(self, token: Token, meaning: Meaning) -> None:
        value = str(meaning.value)
        spans = [word.span for word in (*self.words, token)]
        into = meaning.kind
        if self.relation is not None and meaning.kind == "place":
            if self.relation[0] == "under" and value in INDOORS:  # there is no such view
                self.unknown.append(f"under {token.text}")
                self.unknown_spans.append([token.span])
                value = "room"
            for subject in self.relation[1] if self.aloft and value not in INDOORS else ():
                self._lift(subject)
            self.relation = None  # "on the table": where it is, not beside what
        if meaning.kind == "place" and self.facts.get("place", value) != value:
            # Of two places the one that says more: a table stands in a room, a beach by the sea, a city by a river.
            if "mountains" in (value, self.facts["place"]) and {value, self.facts["place"]} & set(OPEN):
                self.facts["far"] = "mountains"
                if value == "mountains":
                    into, value = "far", self.facts["place"]
                else:
                    self.fact_spans["far"] = self.fact_spans.pop("place")
            elif {value, self.facts["place"]} == {"room", "table"}:
                value = "table"
            elif "space" in (value, self.facts["place"]) and {value, self.facts["place"]} & set(UNDER_STARS):
                value = next(one for one in (value, self.facts["place"]) if one != "space")
                self.facts["time"] = "night"  # stars above a desert
            elif {value, self.facts["place"]} not in ({"sea", "beach"}, {"sky", "space"}):
                self.unknown.append(token.text)
                self.unknown_spans.append([token.span])
                return
            else:
                value = self.facts["place"]
        elif meaning.kind != "place" and meaning.kind in self.facts and value == "day":
            self.fact_spans[meaning.kind] += spans
            return
        self.facts[meaning.kind] = value
        self.fact_spans.setdefault(into, []).extend(spans)
        self.waiting, self.words = {}, []

    def _relation(self, index: int, token: Token, meaning: Meaning) -> None:
        name = str(meaning.value)
        self.aloft = name == "above" and (token.text != "over" or self.tokens[index - 1].text in FLYING)
        if not is_chinese(token.text[0]) or token.text in lexicon.CHINESE_VERBS:
            self.relation = (name, list(self.group), False) if self.group else None
            return
        if not self.things or not self.tokens[index - 1].reading("thing", "keyword"):
            return self._above_place()  # or on it: 沙滩上
        target = len(self.things) - 1
        if self.chinese_subject is not None and self.chinese_subject != target:
            self._relate(self.chinese_subject, name, target)
            self.chinese_subject = None
        else:
            self.relation = (name, [target], True)

    def _above_place(self) -> None:
        """After a Chinese place: what was said to be there (鲸鱼在城市上空), or what follows (城市上空的鲸鱼)."""
        if self.aloft and self.facts.get("place") not in (None, *INDOORS):
            if self.chinese_subject is not None:
                self._lift(self.chinese_subject)
            else:
                self.relation = ("above", [], True)

    def _lift(self, subject: int) -> None:
        """Puts a thing above the place; buildings stay where they stand."""
        thing = self.things[subject]
        if thing.relation is None and not by_name()[thing.name].subgroup.startswith("place-"):
            self.things[subject] = replace(thing, relation="above")

    def _relate(self, subject: int, name: str, target: int) -> None:
        sky = by_name()[self.things[target].name].subgroup == "sky-weather"
        if sky and name == "beside" and by_name()[self.things[subject].name].subgroup != "sky-weather":
            return  # who howls at the moon stays on the ground
        if subject != target and self.things[subject].relation is None and self.things[target].to != subject:
            self.things[subject] = replace(self.things[subject], relation=name, to=target)

    def _thing(self, index: int, token: Token, meaning: Meaning) -> None:
        count = self.waiting.get("count")
        if count is None or (count == 1 and meaning.plural):
            small = metres(by_name()[str(meaning.value)]) < 0.5
            count = (PLURAL + 2 if small else PLURAL) if meaning.plural else 1
        colour = self.waiting.get("colour") or colour_in(token.text, meaning.value)
        thing = Thing(
            str(meaning.value),
            count=max(1, min(MOST, int(count))),
            colour=colour,
            size=str(self.waiting.get("size", "normal")),
            said=" ".join(word.text for word in (*self.words, token)) if not is_chinese(token.text[0]) else token.text,
        )
        if by_name()[thing.name].is_person:
            skin = self.waiting.get("skin") or BY_COLOUR.get(colour or "")
            colour = None if skin else colour
            thing = replace(thing, colour=colour, skin=skin, clothes=self.waiting.get("clothes"))
        spans = [word.span for word in (*self.words, token)]
        before = self.tokens[index - 1 - len(self.words)].text
        self.waiting, self.words = {}, []
        merged = one_person(self.things[-1], before, thing) if self.things else None
        if merged:
            has, at = (thing, spans) if TRAIT.fullmatch(thing.name) else (self.things[-1], self.thing_spans[-1])
            if not TRAIT.fullmatch(merged.name) and not has.name.endswith(SHOWN.get(merged.name, "-")):
                self.unknown.append(has.said)
                self.unknown_spans.append(list(at))
            self.things[-1] = merged
            self.thing_spans[-1] += spans
            return
        same = [at for at, one in enumerate(self.things) if one.name == thing.name]
        if meaning.kind == "keyword" and same:
            self.thing_spans[same[0]] += spans
            return  # said of what is there already
        if len(self.things) == MOST_THINGS:
            self.unknown.append(thing.said)
            self.unknown_spans.append(spans)
            return
        self.things.append(thing)
        self.thing_spans.append(spans)
        new = len(self.things) - 1
        ridden = meaning.kind == "keyword" and token.text.startswith("骑")  # 宇航员骑马, 骑马的宇航员
        if ridden and self.group:
            self.relation = ("on", list(self.group), False)
        if self.relation is not None:
            name, others, chinese = self.relation
            for other in others:
                self._relate(*((new, name, other) if chinese else (other, name, new)))
            if chinese and not others:
                self._lift(new)
            self.relation = None
            self.group = []
        elif ridden and self.tokens[index + 1].text == "的":
            self.relation = ("on", [new], True)
        self.group.append(new)
        self._add_more(meaning, new, spans)

    def _add_more(self, meaning: Meaning, first: int, spans: list[Span]) -> None:
        """What else the words of the thing `first` mean: in what holds it, with who has it, else beside it."""
        held = meaning.value in HOLDERS
        worn = set(meaning.more) <= HELD
        counts = Counter(meaning.more)
        if not held:
            counts[str(meaning.value)] += self.things[first].count
            self.things[first] = replace(self.things[first], count=counts.pop(str(meaning.value)))
        for name, count in counts.items():
            if len(self.things) < MOST_THINGS:
                one = self.things[first]
                self.things.append(Thing(name, count=one.count if worn else count, said=one.said))
                if held or worn:
                    self.things[-1] = replace(self.things[-1], relation="in" if held else "with", to=first)
                self.thing_spans.append(list(spans))
