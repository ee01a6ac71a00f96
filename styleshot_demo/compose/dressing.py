"""What is said of a person once it is named: a woman in red, a man with dark skin, a girl wearing a blue coat."""

import re
from collections.abc import Sequence
from dataclasses import replace

from styleshot_demo.compose import lexicon
from styleshot_demo.compose.art import by_name
from styleshot_demo.compose.bodies import PEOPLE
from styleshot_demo.compose.scene import Thing
from styleshot_demo.compose.tokens import Token

_WEARS = re.compile(
    r"(dressed in|in|wearing|wears|with)( an?| the| his| her| their)?( [a-z]+){0,2}|身?穿着?一?[件条身套]?"
)
_IN = re.compile(r"(dressed |clad )?in|wearing|wears|身?穿着?")
_AND = re.compile(r"(and|with)( an?| his| her| their)?|和")
_HAS = re.compile(r"(with|has|having)( an?| his| her| their)?|有|有着|长着")

TRAIT = re.compile("(?:man|woman|person): (.*)")
_SEXES = {"man": {"man", "boy"}, "woman": {"woman", "girl"}}
_HAVING = {"with", "a", "an", "long", "short", "has", "having", "and", "有", "留着", "长着", "着", "的"}
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


def described(person: Thing, between: str, token: Token, colour: str | None) -> Thing | None:
    """The person with what a token says of it: clothes, of a `colour` that stood before, a colour alone, or a skin.

    between  the words between it and what is said; None where they do not say that, or where it is no person
    """
    if not by_name()[person.name].is_person:
        return None
    if clothes := token.reading("clothes"):
        if _AND.fullmatch(between) and person.clothes is not None:  # in a white shirt and jeans
            return person
        worn = colour_of(str(clothes.value), colour) or person.clothes
        return replace(person, clothes=worn) if _WEARS.fullmatch(between) else None
    if skin := token.reading("skin"):
        return replace(person, skin=str(skin.value)) if _HAS.fullmatch(between) else None
    alone = token.reading("colour")
    return replace(person, clothes=str(alone.value)) if alone and _IN.fullmatch(between) else None


def one_person(last: Thing, before: str, thing: Thing) -> Thing | None:
    """The last thing and this one as one person, if one of them is a person and the other a beard or hair.

    before  the word before this one and what is said of it
    """
    before_it = TRAIT.fullmatch(last.name) and (before == "的" or last.said.endswith(before or " "))
    if before not in _HAVING and not before_it:
        return None
    person, has = (thing, last) if before_it else (last, thing)
    trait = TRAIT.fullmatch(has.name)
    if not trait or by_name()[person.name].subgroup not in PEOPLE:
        return None
    made = replace(last, skin=person.skin or has.skin, clothes=person.clothes or has.clothes)
    if person.name.startswith("old") or by_name()[person.name].subgroup != "person":  # who looks so and no other
        return replace(made, name=person.name, colour=person.colour)
    sex = next((sex for sex, words in _SEXES.items() if words & set(person.name.split())), "person")
    name = f"{sex}: {trait[1]}"
    return replace(made, name=name if name in by_name() else f"person: {trait[1]}")
