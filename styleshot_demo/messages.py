"""Every sentence the program says to a person, in English, each under a key: `messages.json`.

A door that speaks another language translates by key (`ui/texts/zh.json`), so the rooms below it never need to know
which language is spoken. A sentence may hold `{named}` values.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SENTENCES = json.loads((Path(__file__).resolve().parent / "messages.json").read_text(encoding="utf-8"))

# Problems: (what is wrong, what to do about it). Raised as `errors.Problem(key, **values)`.
PROBLEMS: dict[str, tuple[str, str]] = {key: (wrong, todo) for key, (wrong, todo) in _SENTENCES["problems"].items()}
# Remarks: one sentence each. Used in `Step.message` and `Result.notes`.
REMARKS: dict[str, str] = _SENTENCES["remarks"]


@dataclass(frozen=True)
class Remark:
    """One sentence by its key; `str()` gives it in English."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The key of its sentence: `seconds` that nobody knows yet (None) are left out of it."""
        return f"{self.key}_untimed" if self.values.get("seconds", 0) is None else self.key

    def __str__(self) -> str:
        return REMARKS[self.sentence].format(**self.values)


def remark(key: str, **values: Any) -> Remark:
    """A `Remark`; the key has to be in `REMARKS`."""
    if key not in REMARKS:
        raise KeyError(key)
    return Remark(key, values)
