import pickle
import re
import string
from pathlib import Path

import pytest

from styleshot_demo.messages import PROBLEMS, REMARKS, remark


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("key", PROBLEMS)
def test_problems_are_two_whole_sentences(key: str) -> None:
    what, todo = PROBLEMS[key]
    for sentence in (what, todo):
        assert sentence[0].isupper() or sentence[0] == "{"
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert all(name.isidentifier() for name in fields(sentence))


@pytest.mark.parametrize("key", REMARKS)
def test_remarks_are_one_sentence(key: str) -> None:
    assert REMARKS[key][0].isupper() or REMARKS[key][0] == "{"
    assert not REMARKS[key].endswith(".")
    values = dict.fromkeys(fields(REMARKS[key]), 7)
    text = str(remark(key, **values))
    assert "{" not in text
    assert ("7" in text) == bool(values)


PACKAGE = Path(__file__).parents[1] / "styleshot_demo"
MADE_OF_PARTS = ("placement_", "model_")  # remark(f"placement_{...}")


def test_each_is_said_somewhere() -> None:
    code = "".join(path.read_text() for path in PACKAGE.rglob("*.py") if path.name not in ("messages.py", "words.py"))
    unsaid = [key for key in (*PROBLEMS, *REMARKS) if not re.search(rf"[\"']{re.escape(key)}[\"']", code)]
    assert [key for key in unsaid if not key.startswith(MADE_OF_PARTS)] == []


def test_remark_with_an_unknown_key_is_a_defect() -> None:
    with pytest.raises(KeyError):
        remark("no such remark")


def test_remarks_compare_and_cross_to_other_processes() -> None:
    first = remark("iterating", step=1, total=2, seconds=3)
    assert str(first) == "Step 1 of 2, about 3 s left"
    assert pickle.loads(pickle.dumps(first)) == first
    assert first != remark("iterating", step=2, total=2, seconds=3)
