"""`batch --engine ray`, on a real cluster of two workers on this machine."""

import json
import time
from pathlib import Path

import psutil
from batch.folders import SIZE, STYLE, photos, results, same_but_for_what_is_loaded, start, without_pool


def actors() -> list[psutil.Process]:
    """Ray's processes that hold a worker; each calls itself after its class."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(word.startswith("ray::MapWorker") for word in process.info["cmdline"] or ()):
            found.append(process)
    return found


def test_ray_makes_the_same_files_and_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    photos(tmp_path / "in", 4)
    (tmp_path / "in" / "broken.jpg").write_bytes(b"no picture")
    words = ("--style", STYLE, "--size", SIZE, "--workers", 2, "--json")
    before = {process.pid for process in actors()}
    running = start(tmp_path, "batch", "in", "-o", "ray", *words, "--engine", "ray")
    try:
        end = time.monotonic() + 200
        while not results(tmp_path / "ray"):
            assert running.poll() is None and time.monotonic() < end
            time.sleep(0.05)
        victim = next(process for process in actors() if process.pid not in before)
        victim.kill()
        told, problems = running.communicate(timeout=200)
    finally:
        running.terminate()  # Ray's own processes end with it
        running.wait(30)
    assert running.returncode == 1, problems
    figures = json.loads(told)
    assert (figures["engine"], figures["workers"]) == ("ray", 2)
    # What its worker had finished when it was killed, the next one finds.
    assert figures["painted"] + figures["kept"] == 4 and figures["failed"] == 1
    assert "broken.jpg: This file is not a picture" in problems
    made = results(tmp_path / "ray")
    assert len(made) == 4
    without_pool(tmp_path, "in", "-o", "plain", *words)
    plain = results(tmp_path / "plain")
    assert plain.keys() == made.keys()
    for name in made:
        same_but_for_what_is_loaded(tmp_path / "ray" / name, tmp_path / "plain" / name)
    again = without_pool(tmp_path, "in", "-o", "ray", *words)  # whichever engine painted, it is finished
    assert json.loads(again.stdout)["kept"] == 4
