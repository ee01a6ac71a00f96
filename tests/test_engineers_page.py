"""styleshot_demo/README.md: what it names is there, and its floors are those that the tests hold."""

import re
from pathlib import Path

import test_floors

PACKAGE = Path(__file__).resolve().parent.parent / "styleshot_demo"
TEXT = (PACKAGE / "README.md").read_text(encoding="utf-8")


def test_every_file_and_room_that_it_names_is_there() -> None:
    named = set(re.findall(r"`([\w./-]+(?:\.py|\.js|\.css|/))`", TEXT))
    assert len(named) > 40
    assert not [name for name in named if not ((PACKAGE / name).exists() or (PACKAGE.parent / name).exists())]


def test_what_it_says_of_a_module_is_in_that_module() -> None:
    pairs = re.findall(r"`([\w/]+\.py)`[,:]? `(\w+)(?:\.(?!py`)(\w+))?`(?!\w)", TEXT)
    pairs += [(file, name) for name, file in re.findall(r"`(\w+)` in\s`([\w/]+\.py)`", TEXT)]
    assert len(pairs) >= 10
    for file, *names in pairs:
        source = (PACKAGE / file).read_text(encoding="utf-8")
        for name in filter(None, names):
            assert re.search(rf"(?:class|def) {name}\b|^{name}\b", source, re.MULTILINE), (file, name)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert target.startswith("http") or (PACKAGE / target).exists(), target


def test_its_floors_are_those_of_the_house() -> None:
    told = {}
    for number, rooms in re.findall(r"^\| (\d) \| (.+) \|$", TEXT, re.MULTILINE):
        told |= {room.strip(): int(number) for room in rooms.split(",")}
    left = {"__main__", ""}
    assert {name: floor for name, floor in test_floors.FLOORS.items() if name not in left} == {
        name: floor for name, floor in told.items() if name in test_floors.FLOORS
    }
