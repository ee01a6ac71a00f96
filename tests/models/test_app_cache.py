"""What is the program's own lies in a folder of its own; where there is none, nothing but time is lost."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants, scan_cache_dir

from styleshot_demo.errors import Problem
from styleshot_demo.models import app_cache, hashes, hub
from styleshot_demo.models.catalogue import MODELS, Model, ModelFile
from styleshot_demo.models.hashes import HashRecord
from styleshot_demo.models.transfer import Timeouts
from styleshot_demo.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CONTENT = bytes(range(256)) * 20
FILE = ModelFile("me/thing", "c" * 40, "words.txt", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
THING = Model("thing", "A thing", "For the tests.", "MIT", (FILE,))

# A person without any model runs the methods that come along.
RUN = """
from PIL import Image
from styleshot_demo import ClassicalJob, Studio, TextJob
studio, red = Studio(), Image.new("RGB", (64, 64), "red")
for job in (ClassicalJob(red, [red], size=256), TextJob([red], "red apple", model="small", steps=1, size=128),
            TextJob([red], "red apple", size=256)):
    result = studio.finish(job)
    print(result.images[0].size, sorted(result.models))
"""


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    folder = tmp_path / "hub"
    folder.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(hashes, "_remembered", {})
    return folder


@pytest.fixture
def server(serve, monkeypatch):
    monkeypatch.setitem(MODELS, "thing", THING)
    return serve({"me/thing/words.txt": CONTENT})


def bring(server, settings):
    patience = Timeouts(connect=3, reach=3, stall=1, tries=2, pause=0)
    return hub.fetch("thing", settings, endpoint=server.url, patience=patience)


def painted(home: str, tmp_path: Path, **more: str) -> str:
    kept = {name: os.environ[name] for name in ("PATH", "OMP_NUM_THREADS", "LD_LIBRARY_PATH") if name in os.environ}
    environment = kept | {"HOME": home, "STYLESHOT_DEVICE": "cpu", "PYTHONPATH": str(ROOT)} | more
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


EXPECTED = "(256, 256) ['encoder', 'fast']\n(128, 128) ['styleshot-small']\n(256, 256) ['encoder', 'fast']\n"


def test_built_in_runs_leave_nothing_in_the_hubs_cache(tmp_path):
    home = tmp_path / "home"
    cache = home / ".cache" / "huggingface" / "hub"
    cache.mkdir(parents=True)
    assert painted(str(home), tmp_path) == EXPECTED
    found = scan_cache_dir(cache)
    assert not found.warnings and not list(cache.iterdir())
    assert not [path for path in home.rglob("*") if path.name.startswith("styleshot")], "nor anywhere else"


@pytest.mark.skipif(not Path("/proc/1").is_dir(), reason="needs a place that even root cannot write to")
def test_without_a_home_that_can_be_written_to_they_paint_all_the_same(tmp_path):
    assert painted("/proc/1/nowhere", tmp_path) == EXPECTED
    assert not list(tmp_path.iterdir())


def test_the_folder_is_the_platforms_and_hosts_may_name_another(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert app_cache.folders(Settings()) == [tmp_path / "caches" / "styleshot_demo"]
    assert app_cache.folders(Settings(models=tmp_path / "models"))[1:] == [tmp_path / "models"]
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "relative")
    assert all(folder.is_absolute() for folder in app_cache.folders(Settings()))


def without_a_name(monkeypatch):
    """As in a container that runs as a user whom the system does not know."""
    import pwd

    def unknown(number):
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.delenv("HOME", raising=False)


def without_a_folder_on_windows(monkeypatch):
    import platformdirs
    from platformdirs import windows

    monkeypatch.setattr(platformdirs, "PlatformDirs", windows.Windows)
    monkeypatch.setattr(windows, "_RESOLVE_WIN_FOLDER", windows.get_win_folder_from_env_vars)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)


@pytest.mark.parametrize(
    "surroundings",
    [
        pytest.param(without_a_name, marks=pytest.mark.skipif(os.name == "nt", reason="Windows knows its users")),
        without_a_folder_on_windows,
    ],
)
def test_where_the_platform_has_no_folder_only_that_of_the_models_is_left(tmp_path, monkeypatch, surroundings):
    from platformdirs import user_cache_dir

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    surroundings(monkeypatch)
    with pytest.raises((RuntimeError, ValueError)):
        user_cache_dir(app_cache.NAME, appauthor=False)
    assert app_cache.folders(Settings()) == [] and app_cache.record(Settings()).read("hashed") == {}
    assert app_cache.folders(Settings(models=tmp_path)) == [tmp_path]


@pytest.mark.parametrize("with_models", [False, True])
def test_fetching_leaves_a_hub_cache_that_its_own_scan_is_pleased_with(server, hub_cache, own_cache, with_models):
    settings = Settings(models=hub_cache) if with_models else Settings()
    found = bring(server, settings)
    assert hub.check(found, settings) == []
    scanned = scan_cache_dir(hub_cache)
    assert not scanned.warnings and [repo.repo_id for repo in scanned.repos] == ["me/thing"]
    assert [path.name for path in own_cache.iterdir()] == [HashRecord.NAME]
    record = json.loads((own_cache / HashRecord.NAME).read_text())
    assert [entry["sha256"] for entry in record["fetched"].values()] == [FILE.sha256]
    assert list(record["hashed"]) == [str(found.files["words.txt"])]


@pytest.mark.parametrize("place", ["hub cache", "models"])
def test_a_record_of_an_earlier_version_still_counts(server, hub_cache, tmp_path, monkeypatch, place):
    """What was fetched once is demanded from then on, also when it was another version that fetched it."""
    unknown = Model("thing", "A thing", "", "MIT", (ModelFile("me/thing", "c" * 40, "words.txt", len(CONTENT)),))
    monkeypatch.setitem(MODELS, "thing", unknown)
    settings = Settings(models=tmp_path / "models") if place == "models" else Settings()
    entry = {"bytes": len(CONTENT), "sha256": "0" * 64}
    HashRecord(settings.models or hub_cache).write("fetched", f"me/thing@{'c' * 40}/words.txt", entry)
    with pytest.raises(Problem) as caught:
        bring(server, settings)
    assert caught.value.key == "wrong_hash"


@pytest.mark.parametrize("cache", ["file", "below a file", "nowhere"])
def test_a_cache_folder_that_cannot_be_costs_only_time(server, hub_cache, tmp_path, monkeypatch, cache):
    (tmp_path / "file").write_text("mine")
    place = {"file": tmp_path / "file", "below a file": tmp_path / "file" / "x", "nowhere": Path("/proc/1/nowhere")}
    monkeypatch.setenv("XDG_CACHE_HOME", str(place[cache]))
    found = bring(server, Settings())
    assert found.here and hub.hashes(found, Settings()) == {"words.txt": FILE.sha256}
    assert not scan_cache_dir(hub_cache).warnings


def test_a_models_folder_that_is_a_file_is_a_problem(server, hub_cache, tmp_path):
    (tmp_path / "file").write_text("mine")
    for models in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Problem) as caught:
            bring(server, Settings(models=models))
        assert caught.value.key == "models_folder_locked"


def test_hashes_of_what_comes_along_need_no_record(tmp_path, own_cache, hub_cache):
    found = hub.find("encoder", Settings())
    assert all(len(digest) == 64 for digest in hub.hashes(found, Settings()).values())
    assert not own_cache.exists()
