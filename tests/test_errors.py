import copy
import pickle

import pytest

from styleshot_demo.errors import Problem
from styleshot_demo.messages import PROBLEMS


class Anything(dict):
    def __missing__(self, key: str) -> str:
        return f"<{key}>"


def test_every_problem_can_be_raised() -> None:
    names = Anything()
    assert len(PROBLEMS) > 100
    for key, sentences in PROBLEMS.items():
        wanted = [sentence.format_map(names) for sentence in sentences]
        values = {name: f"<{name}>" for sentence in sentences for name in _names(sentence)}
        found = Problem(key, **values)
        assert [found.what, found.todo] == wanted
        assert str(found) == " ".join(wanted)
        assert found.key == key


def _names(sentence: str) -> list[str]:
    return [part.split("}")[0] for part in sentence.split("{")[1:]]


def test_values_are_not_taken_for_patterns() -> None:
    found = Problem("unknown_choice", name="{method}", value="{0.__class__}", choices="a, b")
    assert found.what == "{0.__class__} is not a choice for {method}."


def test_an_unknown_key_or_missing_value_is_a_defect() -> None:
    with pytest.raises(KeyError):
        Problem("no such problem")
    with pytest.raises(KeyError):
        Problem("unknown_choice", name="method")


def test_a_problem_crosses_to_other_processes() -> None:
    found = Problem("too_small", width=1, height=2, limit=16)
    for twin in (pickle.loads(pickle.dumps(found)), copy.copy(found)):
        assert (twin.key, twin.values, str(twin)) == (found.key, found.values, str(found))
