"""Which things belong to others: a girl with an umbrella, a cat in a top hat, sunflowers in a vase.

Two things that stand next to one another in a prompt are joined by the words between them, if the one can be held or
worn by a person, or hold the other.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from styleshot_demo.compose.art import by_name
from styleshot_demo.compose.bodies import PEOPLE
from styleshot_demo.compose.heads import HEADS
from styleshot_demo.compose.scene import Thing
from styleshot_demo.compose.tokens import Span

EYES = {"glasses", "sunglasses"}
WORN = {"crown", "woman’s hat", "top hat", "graduation cap", "billed cap", "military helmet", "rescue worker’s helmet"}
ABOVE = {"umbrella", "umbrella with rain drops", "closed umbrella", "balloon"}
HELD = WORN | EYES | ABOVE | {
    "saxophone", "trumpet", "trombone", "accordion", "guitar", "violin", "banjo", "flute", "bouquet", "fishing pole",
    "magic wand", "bow and arrow", "shield", "dagger", "axe", "shovel", "broom", "wrapped gift", "teddy bear",
    "lollipop", "ice cream", "soft ice cream", "sunflower", "rose", "tulip", "open book", "camera",
    "movie camera", "microphone", "basket", "candle", "red paper lantern", "flashlight", "soccer ball",
    "basketball", "red heart",
}  # fmt: skip
# Of people that look as they are drawn and no other, what they have anyway.
SHOWN = {"old man": "white hair", "old woman": "white hair", "older person": "white hair", "man mage": "beard",
         "Santa Claus": "beard"}  # fmt: skip
HOLDERS = {"amphora", "basket", "bucket", "jar", "wine glass", "glass of milk", "potted plant", "shopping cart"}
FILLS = {"plant-flower", "plant-other", "food-fruit", "food-vegetable", "food-sweet", "animal-mammal", "cat-face"}
_WITH = re.compile(r"(with|holding|carrying|wearing|playing|under|in|and (his|her|their))( an?| the| his| her| their)?")
_IN = re.compile(r"(in|inside)( an?| the| his| her| their)?")
_AND = re.compile("(and|,)?( an?| the| his| her)?|[和与及、]")
_OF = re.compile("(full )?of|with|filled with")
_ZH_WITH = re.compile("([戴撑打拿抱弹拉吹举背提捧]着?了?|穿着|和他的|和她的)一?[个把顶支束朵只件]?")
_ZH_OF = re.compile("[戴撑打拿抱弹拉吹举背提捧]着?一?[个把顶支束朵只件]?$")
_ZH_IN = re.compile("(里|中|内)(面|边)?(插着|装着|放着|养着|的|有)?")


def joined(things: Sequence[Thing], spans: Sequence[Sequence[Span]], text: str) -> list[Thing]:
    """The things with the relations "with" (a person) and "in" (what holds them), where the prompt says so.

    spans  of each thing its words in `text`, the prompt as it was read
    """
    made = list(things)
    for first in range(len(made) - 1):
        one, other = made[first], made[first + 1]
        ends, begins = max(end for _, end in spans[first]), min(start for start, _ in spans[first + 1])
        between, before = text[ends:begins].strip(), text[: _start(spans[first])]
        after = text[max(end for _, end in spans[first + 1]) :]
        theirs = _free(other, first) or (other.relation, other.to) == (one.relation, one.to)
        more = re.search(r"\bwith\b|[有留]", text[min(start for start, _ in spans[first]) : ends])  # a beard, and a hat
        having = _joins(_WITH, _ZH_WITH, between) or (more and _AND.fullmatch(between))
        if _may_have(one, other) and theirs and having:
            made[first + 1] = _given(other, one, "with", first)
            made[first] = replace(one, relation=None, to=None) if one.to == first + 1 else one
        elif one.relation == "with" and other.name in HELD and _free(other, first) and _AND.fullmatch(between):
            made[first + 1] = replace(other, relation="with", to=one.to)
        elif _may_have(other, one) and one.relation is None and _is_of(before, between):
            made[first] = _given(one, other, "with", first + 1)
        elif other.name in HOLDERS and _fills(one) and one.relation is None and _is_in(between, after):
            made[first] = replace(one, relation="in", to=first + 1)
        elif one.name in HOLDERS and _fills(other) and other.relation is None and _joins(_OF, _ZH_IN, between):
            made[first + 1] = replace(other, relation="in", to=first)
    return made


def _start(spans: Sequence[Span]) -> int:
    """Where a thing's name begins, with what is said of it right before: 红帽子 in 一个戴红帽子的女孩."""
    start = spans[-1][0]
    while earlier := next((one for one in spans if one[1] == start), None):
        start = earlier[0]
    return start


def _may_have(one: Thing, other: Thing) -> bool:
    """Whether it is a person who can hold or wear the other, or an animal that can wear it."""
    if by_name()[one.name].subgroup in PEOPLE:
        return other.name in HELD
    return one.name in HEADS and other.name in WORN


def _free(one: Thing, first: int) -> bool:
    return one.relation is None or one.to == first


def _fills(one: Thing) -> bool:
    return by_name()[one.name].subgroup in FILLS


def _joins(english: re.Pattern, chinese: re.Pattern, between: str) -> bool:
    return bool(english.fullmatch(between) or chinese.fullmatch(between))


def _is_in(between: str, after: str) -> bool:
    inside = between in ("在", "插在", "放在", "装在") and after[:1] in ("里", "中", "内")
    return inside or bool(_IN.fullmatch(between))


def _is_of(before: str, between: str) -> bool:
    """Whether what a person has is said before the person: 戴帽子的女孩."""
    return between == "的" and bool(_ZH_OF.search(before))


def _given(one: Thing, person: Thing, relation: str, to: int) -> Thing:
    """Each of several people gets one."""
    return replace(one, relation=relation, to=to, count=person.count if one.count > 1 or one.name in EYES else 1)
