"""styleshot_demo/README.md: what it names is there, and its floors are those that the tests hold."""

import ast
import re
from functools import cache
from pathlib import Path

import test_floors

PACKAGE = Path(__file__).resolve().parent.parent / "styleshot_demo"
TEXT = (PACKAGE / "README.md").read_text(encoding="utf-8")


def test_every_file_and_room_that_it_names_is_there() -> None:
    named = set(re.findall(r"`([\w./-]+(?:\.py|\.js|\.css|/))`", TEXT))
    assert len(named) > 40
    assert not [name for name in named if not ((PACKAGE / name).exists() or (PACKAGE.parent / name).exists())]


FILE = re.compile(r"[\w./-]+\.(?:py|js|css|json)|[\w./-]+/")
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
# What belongs to diffusers, Gradio or the browser, or is part of a key, and stands in no file beside it.
ELSEWHERE = {"model_outputs", "encoder_hidden_states", "method_", "about_", "scheduler_", "sessionStorage"}


def statements() -> list[str]:
    """The rows of the tables and the items of the lists."""
    rows = re.findall(r"^\| .+ \|$", TEXT, re.MULTILINE)
    return rows + re.findall(r"^\d\. .+(?:\n {3}.+)*", TEXT, re.MULTILINE)


@cache
def names_of(path: Path) -> frozenset[str]:
    """Every name that a file's code defines or uses, and every word that is a whole string or a key there."""
    if path.is_dir():
        files = [file for file in path.rglob("*") if file.suffix in (".py", ".toml")]
        return frozenset(file.stem for file in files).union(*map(names_of, files))
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return frozenset(re.findall(r"\w+", text))
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        for field in ("id", "attr", "name", "arg", "value", "module"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                found |= {value, *value.split(".")} if field in ("name", "module") else {value}
    return frozenset(found)


def test_what_it_says_of_files_is_in_those_files() -> None:
    checked, stale = 0, []
    rooms, settings = {path.stem for path in PACKAGE.iterdir()}, names_of(PACKAGE / "settings.py")
    for statement in statements():
        words = re.findall(r"`([^`]+)`", statement)
        files = [PACKAGE / word for word in words if FILE.fullmatch(word)]
        paths = [path if path.exists() else PACKAGE.parent / path.relative_to(PACKAGE) for path in files]
        if not paths:
            continue
        known = frozenset().union(*map(names_of, paths))
        for word in words:
            if NAME.fullmatch(word) and not FILE.fullmatch(word) and word not in ELSEWHERE:
                checked += 1
                known_elsewhere = word in rooms or word.removeprefix("STYLESHOT_").lower() in settings
                stale += [word] if not known_elsewhere and set(word.split(".")) - known else []
    assert not stale
    assert checked > 120


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
