"""`batch`, from outside: real pictures, real weights, real processes, and what happens when they are killed."""

import csv
import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from batch.folders import (
    SIZE,
    STYLE,
    STYLES,
    here,
    photos,
    results,
    run,
    same_but_for_what_is_loaded,
    start,
    without_pool,
)
from PIL import Image

from styleshot_demo import provenance
from styleshot_demo.batch.manifest import BatchManifest

FAST = ("--style", STYLE, "--size", SIZE)


def rows(out: Path, name: str = "report.csv") -> list[dict[str, str]]:
    with (out / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def wait_for(done, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def workers_of(process: subprocess.Popen) -> list[psutil.Process]:
    """The processes that paint, not the one that tidies up after them."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # what was killed a moment ago
            if "spawn_main" in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    return found


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder of six pictures and two broken ones, tried (trial.json) and then painted by a batch in two processes:
    (the folder above, the report)."""
    folder = tmp_path_factory.mktemp("batch")
    inputs = photos(folder / "in", 6)
    (inputs / "broken.jpg").write_bytes((inputs / "photo 00.jpg").read_bytes()[:700])
    (inputs / "empty.png").write_bytes(b"")
    words = ("batch", "in", "-o", "out", *FAST, "--workers", 2, "--json")
    trial = here(folder, *words, "--dry-run")
    assert trial.exit_code == 0, trial.stderr
    (folder / "trial.json").write_text(trial.stdout)
    assert not (folder / "out").exists()
    done = run(folder, *words)
    assert done.returncode == 1, done.stderr
    (folder / "stdout.json").write_text(done.stdout)
    (folder / "stderr.txt").write_text(done.stderr)
    return folder, folder / "stdout.json"


def test_each_picture_is_the_one_that_classical_makes(painted: tuple[Path, Path]) -> None:
    folder, _ = painted
    made = results(folder / "out")
    assert sorted(made) == [f"photo {n:02}.png" for n in (0, 1, 3, 4)] + [
        f"sub folder/photo {n:02}.png" for n in (2, 5)
    ]
    source = Path("in", "sub folder", "photo 02.jpg")
    done = here(folder, "classical", source, STYLE, "--size", SIZE, "-o", "alone.png")
    assert done.exit_code == 0, done.stderr
    same_but_for_what_is_loaded(folder / "out" / "sub folder" / "photo 02.png", folder / "alone.png")


def test_a_style_of_the_library_paints_as_it_does_in_classical(tmp_path: Path) -> None:
    photos(tmp_path / "in", 1)
    kept = {"STYLESHOT_LIBRARY": str(tmp_path / "styles")}
    options = ("--weight", 3, "--weight", 1, "--strength", 0.6)
    saved = here(tmp_path, "styles", "save", "Brand", STYLE, STYLES / "engraving.jpg", *options, **kept)
    assert saved.exit_code == 0
    done = without_pool(tmp_path, "in", "-o", "out", "--style", "style:Brand", "--size", SIZE, **kept)
    assert done.exit_code == 0, done.stderr
    made = results(tmp_path / "out")
    name = next(iter(made))
    source = Path("in", name).with_suffix(".jpg")
    alone = here(tmp_path, "classical", source, "style:Brand", "--size", SIZE, "-o", "alone.png", **kept)
    assert alone.exit_code == 0, alone.stderr
    assert (tmp_path / "alone.png").read_bytes() == made[name]
    record = provenance.read(tmp_path / "out" / name)
    assert record.settings["strength"] == 0.6
    missing = here(tmp_path, "batch", "in", "-o", "out", "--style", "style:Nobody", **kept)
    assert missing.exit_code == 2 and "Nobody" in missing.stderr


def test_where_styles_cannot_be_kept_that_is_said(tmp_path: Path) -> None:
    photos(tmp_path / "in", 1)
    (tmp_path / "out" / ".styleshot-batch").mkdir(parents=True)
    (tmp_path / "out" / ".styleshot-batch" / "styles").write_text("a file")
    done = here(tmp_path, "batch", "in", "-o", "out", *FAST)
    assert done.exit_code == 2 and "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1 and str(tmp_path) not in done.stderr


def test_the_report_says_what_became_of_each(painted: tuple[Path, Path]) -> None:
    folder, told = painted
    table = {row["file"]: row for row in rows(folder / "out")}
    assert {name: row["status"] for name, row in table.items()} == {
        "broken.jpg": "failed",
        "empty.png": "failed",
        **{f"photo {n:02}.jpg": "painted" for n in (0, 1, 3, 4)},
        **{f"sub folder/photo {n:02}.jpg": "painted" for n in (2, 5)},
    }
    assert table["broken.jpg"]["problem"].startswith("This picture is cut off")
    assert table["broken.jpg"]["seed"] == table["broken.jpg"]["result"] == ""
    one = table["sub folder/photo 02.jpg"]
    assert one["result"] == "sub folder/photo 02.png"
    assert one["seed"] == "0" and float(one["seconds"]) > 0 and one["problem"] == ""
    figures = json.loads(told.read_text())
    assert figures == json.loads((folder / "out" / "report.json").read_text())
    assert (figures["pictures"], figures["painted"], figures["failed"], figures["kept"]) == (8, 6, 2, 0)
    assert figures["workers"] == 2 and len(figures["processes"]) == 2
    assert [row["file"] for row in figures["files"]] == sorted(table)
    assert "broken.jpg: This picture is cut off" in (folder / "stderr.txt").read_text()


def test_a_trial_says_how_much(painted: tuple[Path, Path]) -> None:
    """That it leaves nothing, `painted` has seen."""
    folder, _ = painted
    told = json.loads((folder / "trial.json").read_text())
    assert (told["pictures"], told["finished"], told["workers"]) == (8, 0, 2)
    size = sum(map(len, results(folder / "out").values()))
    assert size / 6 * 8 == pytest.approx(told["size"], rel=0.3)
    assert told["seconds"] == pytest.approx(4 * told["each"], abs=0.2)
    words = ("in", "-o", "out", *FAST, "--dry-run")
    (folder / "in" / "empty.png").rename(folder / "empty.png")
    assert without_pool(folder, *words).exit_code == 1  # the only one that is left cannot be painted
    (folder / "in" / "broken.jpg").rename(folder / "broken.jpg")
    assert without_pool(folder, *words).stdout == "6 pictures, 6 of them finished\n"
    for name in ("broken.jpg", "empty.png"):
        (folder / name).rename(folder / "in" / name)


def test_what_is_finished_is_not_painted_again_unless_something_changed(painted: tuple[Path, Path]) -> None:
    folder, _ = painted
    out = folder / "out"
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    (out / "photo 00.png").unlink()  # a result is gone
    (folder / "in" / "photo 01.jpg").write_bytes((folder / "in" / "photo 03.jpg").read_bytes())  # another picture
    (folder / "in" / "photo 04.jpg").touch()  # the same picture
    done = without_pool(folder, "in", "-o", "out", *FAST)
    assert done.exit_code == 1, done.stderr
    assert done.stdout.startswith("2 painted, 4 kept, 2 failed, 0 stopped")
    changed = {path.name for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert changed == {"photo 00.png", "photo 01.png"}
    kept = next(row for row in rows(out) if row["file"] == "photo 03.jpg")
    assert kept["status"] == "kept" and float(kept["seconds"]) > 0  # those that it took then


def test_a_kill_of_all_in_the_middle_costs_what_was_in_work(tmp_path: Path) -> None:
    photos(tmp_path / "in", 8)
    words = ("in", "-o", "out", *FAST)
    killed = start(tmp_path, "batch", *words, "--workers", 2)
    wait_for(lambda: len(results(tmp_path / "out")) >= 2)
    children = workers_of(killed)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(20)
    wait_for(lambda: not any(child.is_running() and child.status() != "zombie" for child in children), 30)
    half = results(tmp_path / "out")
    assert 2 <= len(half) < 8
    for content in half:
        Image.open(tmp_path / "out" / content).load()  # whole
    again = without_pool(tmp_path, *words)
    assert again.exit_code == 0, again.stderr
    statuses = [row["status"] for row in rows(tmp_path / "out")]
    # A result whose line in the manifest was not written yet is made again: one for each process at most.
    assert len(half) - 2 <= statuses.count("kept") <= len(half)
    assert set(statuses) == {"kept", "painted"}
    after = results(tmp_path / "out")
    # What each of two workers had written but not told of is painted again; its record tells other seconds.
    assert half.keys() <= after.keys() and len(after) == 8
    assert sum(after[name] != data for name, data in half.items()) <= 2
    assert not list((tmp_path / "out").rglob("*.part")) and not (tmp_path / "out/.styleshot-batch/parts").exists()


def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    photos(tmp_path / "in", 7)
    running = start(tmp_path, "batch", "in", "-o", "out", *FAST, "--workers", 2, "--json")
    wait_for(lambda: len(results(tmp_path / "out")) >= 2)
    victim = workers_of(running)[0]
    victim.kill()
    told, problems = running.communicate(timeout=200)
    assert running.returncode == 0, problems
    figures = json.loads(told)
    # One that was written, but not told of yet, is found there by who takes the killed one's place.
    assert figures["painted"] + figures["kept"] == len(results(tmp_path / "out")) == 7
    assert len(figures["processes"]) > 2  # others took its place


def test_a_picture_that_ends_its_process_twice_has_failed(tmp_path: Path) -> None:
    photos(tmp_path / "in", 1)
    running = start(
        tmp_path, "batch", "in", "-o", "out", *FAST, "--method", "optimise", "--steps", 5000, "--workers", 1
    )
    for _ in range(2):
        wait_for(lambda: workers_of(running))
        victim = workers_of(running)[0]
        victim.kill()
        wait_for(lambda gone=victim: gone not in workers_of(running))
    told, problems = running.communicate(timeout=200)
    assert running.returncode == 1
    assert told.startswith("0 painted, 0 kept, 1 failed, 0 stopped")
    assert "photo 00.jpg: The process that painted this picture was ended" in problems
    assert rows(tmp_path / "out")[0]["status"] == "failed"


def test_ctrl_c_leaves_what_is_finished_and_says_how_to_go_on(tmp_path: Path) -> None:
    photos(tmp_path / "in", 40)
    running = start(tmp_path, "batch", "in", "-o", "out", *FAST, "--workers", 1)
    wait_for(lambda: len(results(tmp_path / "out")) >= 2)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, problems = running.communicate(timeout=200)
    assert running.returncode == 130
    assert "pictures are finished and stay; the same command goes on." in problems
    assert "Traceback" not in problems
    table = rows(tmp_path / "out")
    made = results(tmp_path / "out")
    assert len(table) == 40
    assert sorted(row["result"] for row in table if row["status"] == "painted") == sorted(made)
    assert {row["status"] for row in table} == {"painted", "stopped"}


def test_parts_share_a_folder_and_make_everything_once(tmp_path: Path) -> None:
    photos(tmp_path / "in", 5)
    words = ("in", "-o", "out", *FAST, "--no-provenance")
    for part, painted in (("1/2", 3), ("2/2", 2)):
        done = without_pool(tmp_path, *words, "--shard", part)
        assert done.exit_code == 0, done.stderr
        assert done.stdout.startswith(f"{painted} painted, 0 kept")
    files = [row["file"] for name in ("report-1-of-2.csv", "report-2-of-2.csv") for row in rows(tmp_path / "out", name)]
    assert len(files) == len(set(files)) == len(results(tmp_path / "out")) == 5
    done = without_pool(tmp_path, *words)  # all of it, without parts, is there
    assert done.stdout.startswith("0 painted, 5 kept, 0 failed, 0 stopped")
    assert not Image.open(tmp_path / "out/photo 00.png").info


def test_two_styles_other_methods_and_formats(tmp_path: Path) -> None:
    photos(tmp_path / "in", 1)
    second = STYLES / "woodcut.jpg"
    words = ("--style", STYLE, "--style", second, "--weight", 3, "--weight", 1, "--size", SIZE, "--format", "jpg")
    done = without_pool(tmp_path, "in/photo 00.jpg", "-o", "out", *words, "--method", "colour", "--seed", 7)
    assert done.exit_code == 0, done.stderr
    alone = here(
        *(tmp_path, "classical", "in/photo 00.jpg", STYLE, second, "--weight", 3, "--weight", 1, "--size", SIZE),
        *("--method", "colour", "--seed", 7, "-o", "alone.jpg"),
    )
    assert alone.exit_code == 0, alone.stderr
    assert (tmp_path / "out/photo 00.jpg").read_bytes() == (tmp_path / "alone.jpg").read_bytes()
    assert provenance.read(tmp_path / "out/photo 00.jpg").seed == 7


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["in", "-o", "out", "--style", "missing.jpg"], "There is no picture at the given place."),
        (["missing", "-o", "out", *FAST], "There is no picture at the given place."),
        (["in", "-o", "in", *FAST], "The pictures are read from in"),
        (["in", "-o", "out", *FAST, "--strength", 2], "strength is 2; it must lie between 0 and 1."),
        (["in", "-o", "out", *FAST, "--shard", "9/8"], "9/8 is no part of a batch."),
        (["in", "-o", "out", *FAST, "--weight", 1, "--weight", 2], "2 style weights were given for 1 style pictures."),
        (["in", "-o", "out", *FAST, "--format", "gif"], "gif is not a choice for format."),
        (["in", "-o", "out", *FAST, "--engine", "slurm"], "slurm is not a choice for engine."),
    ],
)
def test_what_cannot_be_asked_for_is_said_before_anything_is_made(tmp_path: Path, words: list, said: str) -> None:
    photos(tmp_path / "in", 1)
    done = here(tmp_path, "batch", *words)
    assert done.exit_code == 2
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists() and len(list((tmp_path / "in").iterdir())) == 1


def test_a_result_does_not_take_the_place_of_a_style(tmp_path: Path) -> None:
    photos(tmp_path / "in", 1)
    style = tmp_path / "photo 00.jpg"
    style.write_bytes(STYLE.read_bytes())
    done = without_pool(tmp_path, "in", "-o", ".", "--style", style.name, "--format", "jpg", "--size", SIZE)
    assert done.exit_code == 2 and "photo 00.jpg is one of the pictures to read." in done.stderr
    assert style.read_bytes() == STYLE.read_bytes()


def test_nothing_is_lost_that_is_no_result_of_the_same_picture(tmp_path: Path) -> None:
    photos(tmp_path / "in", 2)
    photos(tmp_path / "other", 3)
    Image.open(STYLES / "woodcut.jpg").resize((99, 99)).save(tmp_path / "other" / "photo 00.jpg")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "photo 00.png").write_text("mine")
    for words in (("--dry-run",), ()):
        done = without_pool(tmp_path, "in", "-o", "out", *FAST, *words)
        assert done.exit_code == 2 and done.stderr.count("\n") == 1
        assert "not made of these photos: 1, the first of them photo 00.png. Choose another folder" in done.stderr
    assert results(tmp_path / "out") == {"photo 00.png": b"mine"}
    (tmp_path / "out" / "photo 00.png").unlink()
    assert without_pool(tmp_path, "in", "-o", "out", *FAST).exit_code == 0
    made = results(tmp_path / "out")
    done = without_pool(tmp_path, "other", "-o", "out", *FAST)  # the names are the same, one of the pictures is too
    assert done.exit_code == 2 and "photos: 1, the first of them photo 00.png." in done.stderr
    assert results(tmp_path / "out") == made
    (tmp_path / "in").rename(tmp_path / "moved")  # the same pictures, elsewhere
    done = without_pool(tmp_path, "moved", "-o", "out", "--style", STYLES / "woodcut.jpg", "--size", SIZE)
    assert done.stdout.startswith("2 painted, 0 kept"), done.stderr


def test_a_result_that_a_kill_left_untold_is_that_of_its_picture(tmp_path: Path, monkeypatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise SystemExit(1)

    photos(tmp_path / "in", 1)
    with monkeypatch.context() as patched:
        patched.setattr(BatchManifest, "add", killed)
        without_pool(tmp_path, "in", "-o", "out", *FAST)
    assert list(results(tmp_path / "out")) == ["photo 00.png"]
    done = without_pool(tmp_path, "in", "-o", "out", *FAST)
    assert done.stdout.startswith("1 painted, 0 kept"), done.stderr


def test_results_of_versions_that_told_no_source_are_gone_on_with(tmp_path: Path) -> None:
    photos(tmp_path / "in", 1)
    assert without_pool(tmp_path, "in", "-o", "out", *FAST).exit_code == 0
    for file in (tmp_path / "out" / ".styleshot-batch").glob("*.jsonl"):
        told = json.loads(file.read_text().splitlines()[-1])
        file.write_text(json.dumps({name: told[name] for name in told if name not in ("source", "picture")}) + "\n")
    assert without_pool(tmp_path, "in", "-o", "out", *FAST).stdout.startswith("0 painted, 1 kept")
    done = without_pool(tmp_path, "in", "-o", "out", *FAST, "--strength", 0.5)
    assert done.stdout.startswith("1 painted, 0 kept"), done.stderr
    done = without_pool(tmp_path, "in", "-o", "out", *FAST)  # what lies there is the last that was made
    assert done.stdout.startswith("1 painted, 0 kept"), done.stderr


def test_two_commands_do_not_paint_into_one_folder_at_once(tmp_path: Path) -> None:
    photos(tmp_path / "in", 30)
    words = ("batch", "in", "-o", "out", *FAST, "--workers", 1)
    first = start(tmp_path, *words)
    try:
        wait_for(lambda: (tmp_path / "out/.styleshot-batch/lock").exists())
        done = here(tmp_path, *words)
        assert done.exit_code == 1
        assert "Another command is painting into this folder." in done.stderr
    finally:
        first.terminate()
        first.communicate(timeout=200)
    assert first.returncode == 128 + signal.SIGTERM
