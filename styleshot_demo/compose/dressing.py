"""What is said of a person once it is named: a woman in red, a man with dark skin, a girl wearing a blue coat."""

import re
from collections.abc import Sequence
from dataclasses import replace

from styleshot_demo.compose import lexicon
from styleshot_demo.compose.art import by_name
from styleshot_demo.compose.scene import Thing
from styleshot_demo.compose.tokens import Token

_WEARS = re.compile(
    r"(dressed in|in|wearing|wears|with)( an?| the| his| her| their)?( [a-z]+){0,2}|身?穿着?一?[件条身套]?"
)
_IN = re.compile(r"(dressed |clad )?in|wearing|wears|身?穿着?")
_AND = re.compile(r"(and|with)( an?| his| her| their)?|和")
_HAS = re.compile(r"(with|has|having)( an?| his| her| their)?|有|有着|长着")

PEOPLES = {word for words in lexicon.SKINS.values() for word in words if word.endswith("人")}


def colour_of(clothes: str, named: str | None) -> str | None:
    """The colour of clothes that are of one in `lexicon.CLOTHES`; None: that of the drawing."""
    if clothes == "none":
        return None
    return named or (None if clothes == "any" else clothes)


def person_ahead(tokens: Sequence[Token]) -> bool:
    """Whether a person is named there, perhaps after adjectives and 的."""
    for token in tokens:
        thing = token.reading("thing", "keyword")
        if token.text in PEOPLES or (thing and not token.reading("stop")):
            return thing is None or by_name()[str(thing.value)].is_person
        if token.text != "的" and not token.reading("colour", "skin", "size", "count", "stop"):
            return False
    return False


def with_clothes(person: Thing, between: str, colour: str | None) -> Thing | None:
    """The person in clothes of that colour (None: whichever); None where the words between do not say that they are
    worn, or where it is no person."""
    if not by_name()[person.name].is_person:
        return None
    if _AND.fullmatch(between) and person.clothes is not None:  # in a white shirt and jeans
        return person
    return replace(person, clothes=colour or person.clothes) if _WEARS.fullmatch(between) else None


def in_colour(person: Thing, between: str, colour: str) -> Thing | None:
    """The same for a colour alone: a woman in red."""
    return with_clothes(person, "in", colour) if _IN.fullmatch(between) else None


def with_skin(person: Thing, between: str, tone: str) -> Thing | None:
    """The same for the tone of its skin."""
    return replace(person, skin=tone) if by_name()[person.name].is_person and _HAS.fullmatch(between) else None
