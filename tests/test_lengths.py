"""Files of up to 400 lines and functions of up to 80, or a comment that says why one is longer: "# One piece: ..."."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "styleshot_demo").rglob("*.py"))
FILE_LINES, FUNCTION_LINES = 400, 80
MARK = "# One piece: "
Function = ast.FunctionDef | ast.AsyncFunctionDef


def too_long(source: str) -> Iterator[str]:
    """What is longer than it should be, and says no reason: "file", or the names of functions.

    A file's reason stands before its first statement after the docstring; a function's right above it and its
    decorators. A file's does not excuse its functions.
    """
    lines, tree = source.splitlines(), ast.parse(source)
    if len(lines) > FILE_LINES and not any(line.startswith(MARK) for line in lines[: _first_statement(tree)]):
        yield "file"
    for node in ast.walk(tree):
        if isinstance(node, Function):
            assert node.end_lineno is not None
            if node.end_lineno - node.lineno + 1 > FUNCTION_LINES and not _has_reason(node, lines):
                yield node.name


def _first_statement(tree: ast.Module) -> int:
    """Number of lines above it."""
    after = tree.body[ast.get_docstring(tree) is not None :]
    return after[0].lineno - 1 if after else 0


def _has_reason(node: Function, lines: list[str]) -> bool:
    place = min(part.lineno for part in (node, *node.decorator_list)) - 2
    while place >= 0 and lines[place].strip().startswith("#"):
        if lines[place].strip().startswith(MARK):
            return True
        place -= 1
    return False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT / "styleshot_demo").as_posix())
def test_what_is_long_says_why(path: Path) -> None:
    assert not list(too_long(path.read_text(encoding="utf-8")))


LONG = "def long():\n" + "    pass\n" * FUNCTION_LINES
JUST = "def just():\n" + "    pass\n" * (FUNCTION_LINES - 1)
FILE = "import ast\n" + "ast.parse\n" * FILE_LINES


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (JUST, []),
        (LONG, ["long"]),
        ("async " + LONG, ["long"]),
        (f"class A:\n    {LONG.replace('    pass', '        pass')}", ["long"]),
        (f"@decorated\n{LONG}", ["long"]),
        (f"{MARK}its length is its options.\n@decorated(\n    1\n)\n{LONG}", []),
        (f"{MARK}a loop that is\n# read beside the paper.\n{LONG}", []),
        (f"# Some other comment.\n{LONG}", ["long"]),
        (f"{MARK}of another thing.\n\n{LONG}", ["long"]),
        (f"# One piece:\n{LONG}", ["long"]),
        ("ast.parse\n" * FILE_LINES, []),
        (FILE, ["file"]),
        (f'"""A table."""\n\n{MARK}one table.\n{FILE}', []),
        (f"{MARK}one table.\n{FILE}", []),
        (f"import re\n{MARK}too late.\n{FILE}", ["file"]),
        (f"{MARK}one table.\n\n{FILE}{LONG}", ["long"]),
    ],
)
def test_what_counts_as_long_and_as_a_reason(source: str, found: list[str]) -> None:
    assert list(too_long(source)) == found
