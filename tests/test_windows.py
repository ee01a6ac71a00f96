"""What Windows lacks is not needed: tried on other systems, with the modules and functions that it lacks taken away.

Nobody has run the program on Windows yet; this is what can be known without.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from running import ROOT, clean_environment

PACKAGE = ROOT / "styleshot_demo"
LACKING = ("resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline", "posix")
NAMES = (
    *("getuid", "geteuid", "getgid", "getegid", "getgroups", "getpgid", "setsid", "fork", "forkpty", "wait3", "wait4"),
    *("killpg", "sysconf", "pathconf", "statvfs", "mkfifo", "mknod", "chown", "fchown", "lchown", "fchmod", "nice"),
    *("getloadavg", "sched_getaffinity", "uname", "getpriority"),
)
SIGNALS = ("SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD", "SIGQUIT", "SIGPIPE")

# Takes away what Windows lacks, but only from this package: what other libraries use there is their own matter.
WITHOUT = """
import builtins, sys, types
lacking, names, signals = %r, %r, %r
real = builtins.__import__

class Less(types.ModuleType):
    def __init__(self, module, lost):
        super().__init__(module.__name__)
        self.__dict__["_module"], self.__dict__["_lost"] = module, lost
    def __getattr__(self, name):
        if name in self._lost:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(self._module, name)

def without(name, globals=None, locals=None, fromlist=(), level=0):
    ours = ((globals or {}).get("__name__") or "").startswith("styleshot_demo")
    if ours and name.split(".")[0] in lacking:
        raise ModuleNotFoundError(f"No module named {name!r}")
    module = real(name, globals, locals, fromlist, level)
    if ours and name == "os" and not fromlist:
        return Less(module, names)
    if ours and name == "signal":
        return Less(module, signals)
    return module

builtins.__import__ = without
"""


def without(code: str, *arguments: str, timeout: int = 180) -> subprocess.CompletedProcess:
    """Runs code in a Python that lacks, for this package, what Windows lacks."""
    whole = WITHOUT % (LACKING, NAMES, SIGNALS) + code
    environ = clean_environment(PYTHONPATH=str(ROOT))
    return subprocess.run([sys.executable, "-c", whole, *arguments], cwd=ROOT, env=environ, capture_output=True,
                          text=True, timeout=timeout)  # fmt: skip


# One program for two tests: what the first half has imported the second has not to import anew, which takes seconds.
TRIED = """
import gc, os, sys
gc.disable()  # what is imported stays: nobody has to look through it
from styleshot_demo.cli.app import app
from styleshot_demo.process import begin
from typer.testing import CliRunner
from PIL import Image
begin()
here = os.getcwd()
os.chdir(sys.argv[1])
Image.linear_gradient("L").convert("RGB").save("photo.png")
for words in (["--help"], ["bench", "styleshot", "--help"], ["train", "style", "--help"], ["models"],
              ["classical", "photo.png", "photo.png", "-o", "out.png", "--size", "256"]):
    done = CliRunner().invoke(app, words)
    print("COMMAND", words[0], done.exit_code, done.output[-300:] if done.exit_code else "")
os.chdir(here)

import importlib, pkgutil, styleshot_demo
for found in pkgutil.walk_packages(styleshot_demo.__path__, "styleshot_demo."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
        print(found.name)
from styleshot_demo.evaluation import benchmark, synthetic
import psutil
class Memory: peak_wset = 3 * 1024**2
psutil.Process.memory_info = lambda self: Memory
assert benchmark._peak_mb() == 3
from styleshot_demo.ui import environment
environment.clear()
folder = environment.new_folder()
print("FOLDER", folder.is_dir())
folder.rmdir()
"""


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess, Path]:
    """What came of `TRIED`, and the folder that it painted into."""
    folder = tmp_path_factory.mktemp("painted")
    return without(TRIED, str(folder)), folder


def test_the_command_line_paints_and_explains_itself_without_what_windows_lacks(tried):
    done, folder = tried
    told = [line.split() for line in done.stdout.splitlines() if line.startswith("COMMAND")]
    assert [line[2:] for line in told] == [["0"]] * 5, done.stdout[:3000] + done.stderr[-3000:]
    assert (folder / "out.png").exists()


def test_every_module_is_imported_without_what_windows_lacks(tried):
    done, _ = tried
    assert done.returncode == 0, done.stderr[-3000:]
    imported = set(done.stdout.split())
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in PACKAGE.rglob("*.py")}
    modules = {name.removesuffix(".__init__") for name in modules} - {"styleshot_demo", "styleshot_demo.__main__"}
    assert modules <= imported and "FOLDER True" in done.stdout


def test_what_is_taken_away_is_really_gone():
    done = without("exec('import resource', {'__name__': 'styleshot_demo.x'})")
    assert "No module named 'resource'" in done.stderr
    done = without("exec('import os\\nos.getuid()', {'__name__': 'styleshot_demo.x'})")
    assert "no attribute 'getuid'" in done.stderr
    assert without("import resource, os, signal; os.getuid(); signal.SIGKILL").returncode == 0


def calls() -> list[tuple[Path, ast.Call]]:
    return [
        (path, node)
        for path in [ROOT / "app.py", *PACKAGE.rglob("*.py")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def test_every_text_file_is_opened_in_utf_8():
    # Windows' own choice is one of its old code pages.
    wrong = []
    for path, call in calls():
        called = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if called not in ("open", "fdopen", "read_text", "write_text"):
            continue
        source, name = ast.unparse(call), ast.unparse(call.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if name.endswith((".read_text", ".write_text")):
            text = "utf-8" not in source and "cgroup" not in path.read_text(encoding="utf-8")  # which are numbers
        elif name in ("open", "os.fdopen", "io.open") or name.endswith(("path.open", "_path.open", ".txt').open")):
            first = 0 if name.endswith(("path.open", ".txt').open")) else 1
            mode = given.get("mode") or (ast.unparse(call.args[first]) if len(call.args) > first else "'r'")
            text = "b" not in mode and "encoding" not in given
        else:
            continue
        if text:
            wrong.append(f"{path.relative_to(ROOT)}:{call.lineno} {source}")
    assert not wrong


def test_a_console_of_an_old_code_page_does_not_break_a_command(tmp_path):
    environ = clean_environment(PYTHONPATH=str(ROOT), PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
    args = [sys.executable, "-m", "styleshot_demo", "provenance", "照片 🍎.png"]
    done = subprocess.run(args, cwd=tmp_path, env=environ, capture_output=True)
    assert done.returncode == 2 and rb"\u7167\u7247 \U0001f34e.png: There is no picture" in done.stderr
