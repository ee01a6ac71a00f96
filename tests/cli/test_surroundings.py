"""Commands that are stopped, that cannot write where they were asked to, and that are asked to be quiet."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from models.conftest import FakeHub
from PIL import Image
from running import ROOT, clean_environment
from typer.testing import CliRunner

from styleshot_demo import provenance
from styleshot_demo.cli import classical as command
from styleshot_demo.cli import results
from styleshot_demo.cli.app import app
from styleshot_demo.cli.report import ProgressLine, printable


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with photo.png and style.png; temporary files go to the folder "temporary" beside it."""
    here = tmp_path / "here"
    here.mkdir()
    (tmp_path / "temporary").mkdir()
    Image.linear_gradient("L").convert("RGB").save(here / "photo.png")
    Image.radial_gradient("L").convert("RGB").save(here / "style.png")
    monkeypatch.chdir(here)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return here


def run(*args: object):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def start(folder: Path, *args: str, **environ: str) -> subprocess.Popen:
    settings = clean_environment(PYTHONPATH=str(ROOT), TMPDIR=str(folder.parent / "temporary"), **environ)
    program = [sys.executable, "-m", "styleshot_demo", *args]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(program, cwd=folder, env=settings, text=True, **pipes)


def left(folder: Path) -> set[str]:
    temporary = {path.name for path in (folder.parent / "temporary").iterdir()}
    return {path.name for path in folder.iterdir()} | {name for name in temporary if "torchinductor" not in name}


# Ends ---------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that one process could send to another so")
def test_a_run_that_is_told_to_end_leaves_nothing(folder):
    args = ("classical", "photo.png", "style.png", "-o", "out.png", "--method", "optimise", "--steps", "5000")
    with start(folder, *args, "--size", "256") as running:
        while "Step" not in (line := running.stderr.readline()):
            assert line, "it ended by itself"
        running.terminate()
        _, told = running.communicate(timeout=60)
    assert running.returncode == 143
    assert "Traceback" not in told and "reference" not in told
    assert left(folder) == {"photo.png", "style.png"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that one process could send to another so")
def test_a_download_that_is_stopped_with_ctrl_c_ends_without_a_word(folder):
    hub = FakeHub({})
    hub.hang = True
    try:
        places = {"HF_ENDPOINT": hub.url, "HF_HOME": str(folder.parent / "hub")}
        with start(folder, "models", "fetch", "hed", **places) as running:
            end = time.monotonic() + 60
            while not hub.requests and time.monotonic() < end:
                time.sleep(0.05)
            running.send_signal(signal.SIGINT)
            _, told = running.communicate(timeout=60)
    finally:
        hub.close()
    assert running.returncode == 130 and hub.requests
    assert "Traceback" not in told and "reference" not in told
    assert left(folder) == {"photo.png", "style.png"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that one process could send to another so")
@pytest.mark.parametrize("imported", ["styleshot_demo.cli", "pydantic", "styleshot_demo.cli.app"])
def test_ctrl_c_while_the_program_starts_ends_it_without_a_word(folder, imported):
    """`imported` has been, when it comes: by the clock it would come too early where much else is going on."""
    watched = {"PYTHONPROFILEIMPORTTIME": "1"}
    with start(folder, "classical", "photo.png", "style.png", "-o", "out.png", **watched) as running:
        while not (line := running.stderr.readline()).endswith(f" {imported}\n"):
            assert line, "it ended by itself"
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    said = [line for line in told.splitlines() if not line.startswith("import time:")]
    assert running.returncode == 130 and not said


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that one process could send to another so")
def test_what_was_opened_for_the_time_is_put_away_and_nohup_holds(folder):
    code = (
        "import signal, sys, tempfile, time\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from styleshot_demo.process import begin\n"
        "begin()\n"
        "assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN\n"
        "with tempfile.TemporaryDirectory(dir='.') as place:\n"
        "    print(place, flush=True)\n"
        "    time.sleep(60)\n"
    )
    environ = clean_environment(PYTHONPATH=str(ROOT))
    with subprocess.Popen([sys.executable, "-c", code], cwd=folder, env=environ, stdout=subprocess.PIPE) as running:
        assert running.stdout.readline()
        assert len(left(folder)) == 3
        running.terminate()
    assert running.returncode == 143 and left(folder) == {"photo.png", "style.png"}


@pytest.mark.skipif(os.name == "nt", reason="Windows knows its users")
def test_a_user_without_name_and_home_gets_no_folder_called_as_the_sign_for_home(folder):
    """Libraries would make it in the current folder: "~" stays as it is where the system does not know the user."""
    code = (
        "import os, pwd\n"
        "def unknown(number): raise KeyError(f'getpwuid(): uid not found: {number}')\n"
        "pwd.getpwuid = unknown\n"
        "from styleshot_demo.process import begin\n"
        "assert os.path.expanduser('~') == '~'\n"
        "begin()\n"
        "import getpass\n"
        "from huggingface_hub import constants\n"
        "print(os.path.expanduser('~'), constants.HF_HUB_CACHE, getpass.getuser(), sep='\\n')\n"
    )
    gone = ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME", "HF_HOME", "XDG_CACHE_HOME")
    environ = {name: value for name, value in clean_environment(PYTHONPATH=str(ROOT)).items() if name not in gone}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    home, cache, name = done.stdout.split()
    assert os.path.isabs(home) and Path(cache).is_relative_to(home)
    assert name == "user" and left(folder) == {"photo.png", "style.png"}


# Places -------------------------------------------------------------------------------------------------------------


def test_a_name_that_the_disk_refuses_is_told_before_anything_is_painted(folder, monkeypatch):
    monkeypatch.setattr(command, "run_to_end", lambda *_: pytest.fail("it painted"))
    for name in ("\U0001d4b3" * 63 + ".png", "a" * 252 + ".png"):
        done = run("classical", "photo.png", "style.png", "-o", name)
        assert done.exit_code == 2 and "too long" in done.stderr
    assert left(folder) == {"photo.png", "style.png"}


def test_numbers_that_make_a_name_too_long_are_told_before_anything_is_painted(folder, monkeypatch):
    from styleshot_demo.cli import styleshot

    monkeypatch.setattr(styleshot, "run_to_end", lambda *_: pytest.fail("it painted"))
    done = run("text", "apple", "style.png", "-o", "a" * 250 + ".png", "--count", 2)
    assert done.exit_code == 2 and "too long" in done.stderr
    # Nor may a number make it the name of a picture to read.
    shutil.copy("style.png", "out-2.png")
    done = run("text", "apple", "out-2.png", "-o", "out.png", "--count", 2)
    assert done.exit_code == 2 and "out-2.png is one of the pictures to read" in done.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_told_before_anything_is_painted(folder):
    (folder / "closed").mkdir(mode=0o500)
    done = run("classical", "photo.png", "style.png", "-o", "closed/out.png")
    assert done.exit_code == 2 and "could not be written" in done.stderr


def test_checking_a_destination_changes_nothing(folder):
    before = (folder / "style.png").stat().st_mtime_ns
    results.check_destination(Path("style.png"), [Path("photo.png")])
    results.check_destination(Path("new.png"), [])
    assert left(folder) == {"photo.png", "style.png"} and (folder / "style.png").stat().st_mtime_ns == before


@pytest.mark.parametrize("gone", ["folder", "name", "all but the temporary"])
def test_what_was_painted_is_kept_somewhere_and_told(folder, monkeypatch, gone):
    place = folder / "deep" / "out.png"
    place.parent.mkdir()

    def paint(*given):
        result = results.run_to_end(*given)
        if gone == "name":
            place.mkdir()  # what was a free name is none any more
        else:
            shutil.rmtree(place.parent)
        if gone.startswith("all"):
            os.chdir(folder.parent)
            shutil.rmtree(folder)
            monkeypatch.setattr(Path, "cwd", lambda: folder)
        return result

    monkeypatch.setattr(command, "run_to_end", paint)
    done = run("classical", "photo.png", "style.png", "-o", place, "--size", 256, "--json")
    assert done.exit_code == 1 and "saved as" in done.stderr and "Traceback" not in done.stderr
    [told] = json.loads(done.stdout)["files"]
    assert told in done.stderr and Path(told).suffix == ".png"
    expected = {"folder": folder, "name": place.parent, "all but the temporary": folder.parent / "temporary"}
    assert Path(told).parent == expected[gone]
    assert provenance.read(Path(told)).job == "classical"


# Noise --------------------------------------------------------------------------------------------------------------


LIBRARIES_SPEAK = """
import logging, warnings
warnings.warn("a warning", FutureWarning)
logging.getLogger("some.library").warning("a log line")
from transformers.utils import logging
logging.get_logger("transformers").warning("by transformers")
"""


def speaking(folder: Path, code: str, *args: str) -> subprocess.CompletedProcess:
    """What comes of code, after which libraries speak."""
    program = [sys.executable, "-c", code + LIBRARIES_SPEAK, *args]
    environ = clean_environment(PYTHONPATH=str(ROOT))
    return subprocess.run(program, cwd=folder, env=environ, capture_output=True, text=True, timeout=240)


def test_with_q_neither_libraries_nor_notes_speak(folder):
    words = "a red apple on a table, " * 40  # tokenizer and pipeline warn of its length, and so does a note of ours
    args = ("text", words, "style.png", "-o", "out.png", "--steps", "1", "--model", "small", "--size", "128", "-q")
    code = (
        "from styleshot_demo.process import begin\n"
        "begin()\n"
        "from styleshot_demo.cli.app import app\n"
        "app(standalone_mode=False)\n"
    )
    done = speaking(folder, code, *args)
    assert done.returncode == 0 and done.stdout.startswith("out.png") and done.stderr == ""


def test_libraries_speak_where_they_are_asked_to(folder):
    said = speaking(folder, "from styleshot_demo.cli import verbosity\nverbosity.begin(verbose=True)\n").stderr
    for words in ("a warning", "a log line", "by transformers"):
        assert words in said


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("end", ["2>/dev/full", ">&- 2>&-"])
def test_where_nothing_can_be_said_it_paints_all_the_same(folder, end):
    words = f"{sys.executable} -m styleshot_demo classical photo.png style.png -o out.png --size 256 {end}"
    environ = clean_environment(PYTHONPATH=str(ROOT))
    done = subprocess.run(words, shell=True, cwd=folder, env=environ, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0 and done.stdout.startswith("" if ">&- " in end else "out.png")
    assert left(folder) == {"photo.png", "style.png", "out.png"}


def test_every_command_knows_q(folder):
    for words in (["models"], ["models", "list"], ["bench", "classical"], ["train", "style"], ["serve"]):
        assert "-q, --quiet" in run(*words, "--help").stdout
    done = run("models", "-q")
    assert done.exit_code == 0 and not done.stderr


def test_quiet_holds_for_one_command_only(folder, capsys):
    args = ("classical", "photo.png", "style.png", "-o", "out.png", "--size", 256)
    assert not run(*args, "-q").stderr
    assert "Painting" in run(*args).stderr
    with ProgressLine() as progress:
        progress.show(0.5, "Half of it")
    assert "Half of it" in capsys.readouterr().err


def test_control_characters_do_not_reach_the_terminal(folder):
    name = "evil\x1b]0;pwned\x07\n.png"
    done = run("classical", name, "style.png", "-o", "out.png")
    assert done.exit_code == 2 and "\x1b" not in done.stderr and "\\x1b]0;pwned\\x07\\n.png" in done.stderr
    assert printable("照片 é 🍎 a\\b") == "照片 é 🍎 a\\b"
    assert printable("\u202e\udcff") == "\\u202e\\udcff"
