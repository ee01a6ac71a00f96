import json
import pickle
import re
import string
from pathlib import Path

import pytest

from styleshot_demo.errors import Problem
from styleshot_demo.messages import PROBLEMS, REMARKS, remark


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_every_problem_can_be_said_with_its_values() -> None:
    for key, sentences in PROBLEMS.items():
        values = dict.fromkeys(set().union(*map(fields, sentences)), "7")
        assert "{" not in str(Problem(key, **values)), key


def test_every_remark_can_be_said_with_its_values() -> None:
    for key, sentence in REMARKS.items():
        values = dict.fromkeys(fields(sentence), 7)
        text = str(remark(key, **values))
        assert "{" not in text and ("7" in text) == bool(values), key


PACKAGE = Path(__file__).parents[1] / "styleshot_demo"
MADE_OF_PARTS = ("placement_", "model_")  # remark(f"placement_{...}")


def test_each_is_said_somewhere() -> None:
    code = "".join(path.read_text() for path in PACKAGE.rglob("*.py") if path.name not in ("messages.py", "words.py"))
    every = [key.removesuffix("_untimed") for key in (*PROBLEMS, *REMARKS)]
    said = set(re.findall(r"[\"'](?=(\w+)[\"'])", code))
    unsaid = [key for key in every if key not in said]
    assert [key for key in unsaid if not key.startswith(MADE_OF_PARTS)] == []


def test_advice_that_names_a_panel_names_a_command_too() -> None:
    """The command line says it as well, where there are no panels."""
    panels = [key for key, (_, todo) in PROBLEMS.items() if "panel" in todo]
    assert panels and [key for key in panels if "command `" not in PROBLEMS[key][1]] == []
    chinese = json.loads((PACKAGE / "ui" / "texts" / "zh.json").read_text(encoding="utf-8"))["problems"]
    assert [key for key, (_, todo) in chinese.items() if "面板" in todo and "命令 `" not in todo] == []


def test_remark_with_an_unknown_key_is_a_defect() -> None:
    with pytest.raises(KeyError):
        remark("no such remark")


def test_seconds_that_nobody_knows_are_not_said() -> None:
    assert str(remark("iterating", step=1, total=2, seconds=None)) == "Step 1 of 2"
    assert str(remark("iterating", step=2, total=2, seconds=0)) == "Step 2 of 2, about 0 s left"
    assert str(remark("painting_whole", seconds=None)) == "Painting at the photo's own size"


def test_remarks_compare_and_cross_to_other_processes() -> None:
    first = remark("iterating", step=1, total=2, seconds=3)
    assert str(first) == "Step 1 of 2, about 3 s left"
    assert pickle.loads(pickle.dumps(first)) == first
    assert first != remark("iterating", step=2, total=2, seconds=3)


def test_what_tells_seconds_can_be_told_before_they_are_known():
    timed = {key for key, text in REMARKS.items() if "{seconds}" in text and "left" in text}
    assert timed and {f"{key}_untimed" for key in timed} <= REMARKS.keys()
