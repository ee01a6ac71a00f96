"""One more setting of a job is written in one place, and named in each language: everything else follows."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FIELD = """
    sparkle: Annotated[
        float, Number("Specks of light", 0, 10, unit="specks", step=0.5, methods=("fast", "patches"), place="finer")
    ] = 2.5
"""
# Runs in the copy: what each part of the program makes of the setting, as JSON.
ASKS = """
import gc, json, sys
gc.disable()  # what is imported stays: nobody has to look through it
from PIL import Image
from typer.testing import CliRunner
from styleshot_demo import ClassicalJob, jobs, provenance
from styleshot_demo.cli.app import app
from styleshot_demo.errors import Problem
from styleshot_demo.settings import Settings
from styleshot_demo.ui import build, controls, words

picture = Image.new("RGB", (64, 64))
job = ClassicalJob(picture, picture, sparkle=4)
try:
    ClassicalJob(picture, picture, sparkle=11)
except Problem as problem:
    refused = [[said.en, said.zh] for said in words.problem(problem)]
from gradio import routes
routes.App.create_app = lambda *given, **more: None  # the page is looked at, not served
record = provenance.record(job.settings(), {}, 0)
page = build.build(Settings())
shown = [block for block in page.blocks.values() if getattr(block, "elem_id", None) == "sparkle"]
print(json.dumps({
    "settings": job.settings()["sparkle"],
    "of others": "sparkle" in ClassicalJob(picture, picture, method="colour").settings(),
    "refused": refused,
    "restored": provenance.restore(record).settings["sparkle"],
    "stored": controls.valid(jobs.check_each(ClassicalJob), {"sparkle": 99}),
    "help": CliRunner().invoke(app, ["classical", "--help"], terminal_width=200).stdout,
    "documented": "sparkle" in ClassicalJob.__doc__,
    "page": [[one.minimum, one.maximum, one.step, one.value, one.visible] for one in shown],
}))
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with one more setting, and how many lines that took."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "styleshot_demo", folder / "styleshot_demo")  # what is compiled too, which takes its time
    (folder / "assets").symlink_to(ROOT / "assets", target_is_directory=True)
    put(folder / "styleshot_demo/jobs/classical.py", '    seed: Annotated[int, Number("Same seed', FIELD.lstrip("\n"))
    put(folder / "styleshot_demo/ui/texts/en.json", '    "tv_weight"', '    "sparkle": "Sparkle",\n')
    put(folder / "styleshot_demo/ui/texts/zh.json", '    "tv_weight"', '    "sparkle": "闪光",\n')
    return folder


def put(file: Path, before: str, lines: str) -> None:
    text = file.read_text(encoding="utf-8")
    place = text.index(before)
    file.write_text(text[:place] + lines + text[place:], encoding="utf-8")


def test_everything_follows_from_one_place_and_a_line_in_each_language(copied: Path) -> None:
    changed = [path for path in copied.rglob("*") if path.is_file() and not {"assets", "__pycache__"} & {*path.parts}]
    changed = [path for path in changed if path.read_bytes() != (ROOT / path.relative_to(copied)).read_bytes()]
    assert sorted(path.name for path in changed) == ["classical.py", "en.json", "zh.json"]

    done = subprocess.run([sys.executable, "-c", ASKS], cwd=copied, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["settings"] == told["restored"] == 4
    assert not told["of others"] and told["documented"] and told["stored"] == {}
    assert told["refused"][0] == ["Sparkle is 11; it must lie between 0 and 10.", told["refused"][0][1]]
    assert "闪光" in told["refused"][0][1]
    help_line = " ".join(told["help"].split())
    assert "--sparkle NUMBER fast, patches: specks of light (0 to 10 specks)." in help_line
    assert told["page"] == [[0, 10, 0.5, 2.5, True]]
