"""The words that are no things, in English and Chinese, and which drawing is meant by words that fit several.

`lexicon.json` beside this file holds them: English phrases in lower case and in the singular, Chinese ones as they
stand in a text. Each table leads from what is meant to the words for it; `STOP` are words that are never things and
never worth reporting: what holds sentences together, praise, postures.
"""

import json
from pathlib import Path
from typing import Any

_TABLES: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

COLOURS: dict[str, list[str]] = _TABLES["colours"]
# Tones of `skin_tones.TONES` -> what says them; of peoples a tone that many of them have.
SKINS: dict[str, list[str]] = _TABLES["skins"]
# What a person may wear, by its colour where none is named: "any" for that of the drawing, "none" for what lies below
# and has no colour of its own.
CLOTHES: dict[str, list[str]] = _TABLES["clothes"]
SIZES: dict[str, list[str]] = _TABLES["sizes"]
COUNTS: dict[int, list[str]] = {int(count): words for count, words in _TABLES["counts"].items()}
RELATIONS: dict[str, list[str]] = _TABLES["relations"]
PLACES: dict[str, list[str]] = _TABLES["places"]
# Famous places, by what kind of place they are.
NAMED_PLACES: dict[str, list[str]] = _TABLES["named_places"]
TIMES: dict[str, list[str]] = _TABLES["times"]
WEATHERS: dict[str, list[str]] = _TABLES["weathers"]
KINDS: dict[str, list[str]] = _TABLES["kinds"]
MEANT: dict[str, list[str]] = _TABLES["meant"]
# Words -> the drawings that stand for one of what they name; those after the first are in it where it can hold them.
SEVERAL: list[tuple[list[str], list[str]]] = [(words, drawings) for words, drawings in _TABLES["several"]]
# Words -> somebody, and what is held or worn by each of them.
EQUIPPED: list[tuple[list[str], list[str]]] = [(words, drawings) for words, drawings in _TABLES["equipped"]]
# What somebody does, as the names of drawings end in -> the words for it.
DOING: dict[str, list[str]] = _TABLES["doing"]
# How those names begin -> the words for who does it.
DOERS: dict[str, list[str]] = _TABLES["doers"]
# Things that are not drawn, by the drawing that comes near.
NEAR: dict[str, list[str]] = _TABLES["near"]
# Chinese words for what is not drawn, of which a part alone would name something else: no 象 is in 抽象.
UNDRAWN: tuple[str, ...] = tuple(_TABLES["undrawn"])
# Words that count or colour what follows, and are drawn where nothing does.
ALONE: dict[str, list[str]] = _TABLES["alone"]
# Words for drawings that say nothing before another noun: a stone bridge.
KEYWORDS: dict[str, list[str]] = _TABLES["keywords"]
IRREGULAR: dict[str, str] = _TABLES["irregular"]
STOP: frozenset[str] = frozenset(_TABLES["stop"])
# Keywords that lead astray: a parrot is no pirate.
NEVER: frozenset[str] = frozenset(_TABLES["never"])
# A 围绕 B, where the other Chinese relations follow what they relate to.
CHINESE_VERBS: frozenset[str] = frozenset(_TABLES["chinese_verbs"])
