"""Checks of single values. Each returns the value as a job keeps it, or raises a `Problem` that says what it may be."""

import math
import unicodedata
from collections.abc import Sequence
from typing import Any

from styleshot_demo.errors import Problem

MAX_PROMPT = 1000  # characters; the text encoder reads them in chunks of 77 tokens, about 350 characters of English


def number(name: str, value: Any, low: float, high: float, whole: bool = False) -> Any:
    """`value` as a number between `low` and `high`, both included."""
    low_text, high_text = _shown(low), _shown(high)
    try:
        result = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        raise Problem("out_of_range", name=name, value="too large", low=low_text, high=high_text) from None
    except (TypeError, ValueError):
        raise Problem("not_a_number", name=name, low=low_text, high=high_text) from None
    if isinstance(value, bool) or math.isnan(result):
        raise Problem("not_a_number", name=name, low=low_text, high=high_text)
    if not low <= result <= high:
        raise Problem("out_of_range", name=name, value=_shown(result), low=low_text, high=high_text)
    if whole and result != int(result):
        raise Problem("not_whole", name=name, value=_shown(result))
    return int(result) if whole else result


def _shown(value: float) -> str:
    """A number as it is quoted: a whole one in full, unless it is very long."""
    return str(int(value)) if value == value // 1 and abs(value) < 1e15 else f"{value:.10g}"


def choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """`value` if it is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise Problem("unknown_choice", name=name, value=str(value)[:40], choices=", ".join(choices))
    return value


def switch(name: str, value: Any) -> bool:
    """`value` if it is True or False, so that the text "false" never counts as true."""
    if not isinstance(value, bool):
        raise Problem("unknown_choice", name=name, value=str(value)[:40], choices="true, false")
    return value


def text(name: str, value: Any) -> str:
    """`value` as one line of text without control characters; None is empty."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Problem("not_text", name=name)
    if len(value) > MAX_PROMPT:
        raise Problem("text_too_long", name=name, count=len(value), limit=MAX_PROMPT)
    # Lone surrogates too: neither a tokenizer nor a file can take them.
    signs = (" " if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") else sign for sign in value)
    return "".join(signs).strip()
