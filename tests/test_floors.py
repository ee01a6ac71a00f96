"""The house has floors: a module may import from its own floor and those below, and heavy libraries come late."""

import ast
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "styleshot_demo"
FLOORS = {
    "errors": 0,
    "destinations": 0,
    "messages": 0,
    "atomic": 0,
    "names": 0,
    "process": 0,
    "settings": 0,
    "weighting": 0,
    "generators": 0,
    "containers": 1,
    "formats": 1,
    "images": 1,
    "pictures": 1,
    "provenance": 1,
    "jobs": 1,
    "library": 2,
    "history": 2,
    "events": 1,
    "models": 2,
    "runtime": 2,
    "styleshot": 3,
    "small": 3,
    "classical": 3,
    "compose": 3,
    "helpers": 3,
    "research": 3,
    "needs": 4,
    "job_defaults": 4,
    "plan": 4,
    "planner": 4,
    "runners": 4,
    "studio": 4,
    "batch": 4,
    "grid": 4,
    "evaluation": 4,
    "training": 4,
    "ui": 5,
    "cli": 5,
    "__main__": 5,
    "": 6,  # the package itself, which hands out the public names
}
HEAVY = {"torch", "torchvision", "diffusers", "transformers", "controlnet_aux", "cv2", "numpy", "gradio"}
# Rooms that only a running job, a training or an evaluation enters; they may import what they compute with.
LATE = ("styleshot", "small", "classical", "compose", "helpers", "research", "evaluation", "training")


def modules() -> dict[str, Path]:
    """Dotted name below the package ("" for itself) -> file."""
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(name: str, at_start_only: bool = False) -> frozenset[str]:
    """Full dotted names of modules that a module imports; `at_start_only`: not those in functions or for types."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if at_start_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if at_start_only and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for part in node.orelse:
                visit(part)
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                # A name in the package may be a module of its own or a thing inside one.
                own = inner.removeprefix(PACKAGE + ".") in MODULES if inner.startswith(PACKAGE + ".") else False
                found.add(inner if own else str(node.module))
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree(MODULES[name]))
    return frozenset(found)


def inside(names: Iterable[str]) -> set[str]:
    """Those that are modules of ours, named below the package; not the package itself, which is always there."""
    return {name.removeprefix(PACKAGE + ".") for name in names if name.startswith(PACKAGE + ".")}


def floor(name: str) -> int:
    return FLOORS[name.split(".")[0]]


# Each question goes to all modules in one test, and its answer names every module that breaks the rule.


def test_every_module_has_a_floor() -> None:
    assert not [name for name in MODULES if name.split(".")[0] not in FLOORS]


def test_no_module_imports_from_above() -> None:
    above = {
        name: found
        for name in MODULES
        if (found := {other for other in inside(imports(name)) if floor(other) > floor(name)})
    }
    assert not above


def test_nothing_imports_in_circles() -> None:
    graph = {name: inside(imports(name, at_start_only=True)) for name in MODULES if name}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


# Where the networks are made and measured; only commands of their own lead there.
WORKSHOP = ("research", "evaluation", "training")
PAINTING = ("classical", "styleshot", "grid", "enlarge", "mask", "compose", "serve", "provenance")


def test_neither_the_app_nor_the_commands_that_paint_enter_the_workshop() -> None:
    app = [name for name in MODULES if not name.startswith((*WORKSHOP, "cli."))]
    assert len(app) > 100
    entering = {
        name: found
        for name in [*app, *(f"cli.{one}" for one in PAINTING)]
        if (found := {one for one in inside(imports(name)) if one.startswith(WORKSHOP)})
    }
    assert not entering


MATHEMATICS = ("styleshot", "small", "classical", "compose", "helpers", "research")


def test_the_mathematics_know_neither_page_nor_hub() -> None:
    names = [name for name in MODULES if name.startswith(MATHEMATICS)]
    assert len(names) > 50
    for name in names:
        used = imports(name)
        assert not {one for one in used if one.split(".")[0] == "gradio"}, name
        assert not {one for one in inside(used) if one.startswith(("models", "pictures", "settings"))} - {"settings"}, (
            name
        )


def test_gradio_is_used_by_the_page_alone() -> None:
    using = {name for name in MODULES if any(one.split(".")[0] == "gradio" for one in imports(name))}
    assert using and not [name for name in using if not name.startswith("ui")]


def test_the_page_computes_nothing() -> None:
    computing = {"torch", "torchvision", "diffusers", "transformers", "controlnet_aux", "cv2"}
    names = [name for name in MODULES if name.startswith("ui")]
    assert len(names) > 10
    assert not {name for name in names if computing & {one.split(".")[0] for one in imports(name)}}


def test_heavy_libraries_are_not_imported_at_start() -> None:
    names = [name for name in MODULES if not name.startswith(LATE)]
    assert len(names) > 100
    for name in names:
        allowed = {"gradio"} if name.startswith("ui") else set()
        used = imports(name, at_start_only=True)
        assert not {one.split(".")[0] for one in used} & (HEAVY - allowed), name
        assert not {one for one in inside(used) if one.startswith(LATE) and one not in LATE}, name


def test_the_reader_of_imports_sees_what_it_should(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "sample.py"
    file.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import torch\n"
        "try:\n    import cv2\nexcept ImportError:\n    pass\n"
        "class A:\n    import numpy\n"
        "def f():\n    import gradio\n"
        f"from {PACKAGE} import jobs, __version__\n"
        f"from {PACKAGE}.errors import Problem\n"
    )
    monkeypatch.setitem(MODULES, "sample", file)
    at_start = {"typing", "cv2", "numpy", f"{PACKAGE}.jobs", PACKAGE, f"{PACKAGE}.errors"}
    assert imports("sample", at_start_only=True) == at_start
    assert imports("sample") == at_start | {"torch", "gradio"}


# In one program, one after the other: what the first loads the next find loaded.
STARTS = (
    "import styleshot_demo; styleshot_demo.Studio()",
    "import styleshot_demo.models.hub, styleshot_demo.runtime.cache, styleshot_demo.runners.classical",
    "import styleshot_demo.cli.app",
    "from styleshot_demo.models import hub; from styleshot_demo import Settings; hub.overview(Settings())",
)


def test_starting_loads_no_heavy_library() -> None:
    code = f"import sys\nfor what in {STARTS!r}:\n    exec(what)\n    print(*sorted(set(sys.modules) & {HEAVY!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "\n" * len(STARTS), dict(zip(STARTS, done.stdout.splitlines(), strict=True))
