"""On ZeroGPU, with the real package `spaces`: see `zerogpu_host.py` for what stands in for the rest of a Space."""

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models
from PIL import Image

from styleshot_demo import ClassicalJob, ImageJob, Settings, Studio, TextJob
from styleshot_demo.events import Step
from styleshot_demo.messages import PROBLEMS, remark
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.runtime import zerogpu
from styleshot_demo.runtime.device import device_of

# One process does all of it, half a minute of computing; a busy machine takes its time for that.
pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).resolve().parents[2]
PICTURE = Image.linear_gradient("L").convert("RGB").resize((64, 48))


def fill_hub_cache(plain: Path, cache: Path) -> None:
    """Moves tiny models to where the hub's client, and so a Space's preloading, keeps them: blobs and links."""
    for name in ("sd15", "styleshot", "styleshot-lineart", "hed"):
        repo, revision = MODELS[name].files[0].repo, MODELS[name].files[0].revision
        folder = cache / f"models--{repo.replace('/', '--')}"
        for number, source in enumerate(sorted(path for path in (plain / repo).rglob("*") if path.is_file())):
            blob = folder / "blobs" / f"{number:064x}"
            link = folder / "snapshots" / revision / source.relative_to(plain / repo)
            for place in (blob, link):
                place.parent.mkdir(parents=True, exist_ok=True)
            os.rename(source, blob)
            link.symlink_to(blob)


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """What came of each thing that `zerogpu_script.py` has tried, by its name."""
    home = tmp_path_factory.mktemp("home")
    plain = tiny_models.build(tmp_path_factory.mktemp("plain"), ("base", "contour", "lineart", "detectors"))
    fill_hub_cache(plain, home / ".cache" / "huggingface" / "hub")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "SPACE", "XDG_"))}
    paths = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "runtime")]
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "runtime" / "zerogpu_script.py"), str(home)],
        env=environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=580,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"name"')]
    assert done.returncode == 0, done.stderr[-4000:]
    return {line["name"]: line for line in lines}


# At the start --------------------------------------------------------------------------------------------------------


def test_everything_is_converted_and_held_before_a_gpu_is_lent(space):
    assert len(space["prepared"]["converted"]) == 2
    assert space["prepared"]["held"] == ["cuda:0"]
    assert space["prepared"]["calls"] == []


def test_the_weights_chosen_at_the_start_outlive_the_launch(space):
    assert space["before"]["choice"] == space["launched"]["choice"] == "styleshot"
    assert space["launched"]["gone"] == []
    assert space["launched"]["packed"] > 0 and space["launched"]["calls"] == ["/startup-report"]


# In the program's own process ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fast", "colour", "fast in the main thread"])
def test_quick_methods_ask_for_no_gpu(space, name):
    assert space[name]["size"] == [256, 192], space[name]
    assert space[name]["asked"] == []


def test_the_lines_of_a_photo_ask_for_no_gpu(space):
    assert space["lines"]["size"] == [168, 128]


def test_optimise_falls_back_to_the_processor(space):
    told = space["optimise without a GPU"]
    assert told["size"] == [256, 192], told
    assert len(told["asked"]) == 1 and told["steps"][0] == "without_gpu" and told["notes"][-1] == "without_gpu"


def test_nothing_outside_of_a_worker_starts_cuda(space):
    assert not any(told["cuda"] for told in space.values() if "cuda" in told)
    assert not any("Low-level CUDA init" in told.get("text", "") for told in space.values())


# In a worker --------------------------------------------------------------------------------------------------------


def test_optimise_runs_where_the_gpu_is(space):
    told = space["optimise"]
    assert told["size"] == [256, 192], told
    assert len(told["asked"]) == 1 and "without_gpu" not in told["notes"]


def test_styleshot_runs_where_the_gpu_is_with_the_models_held_from_the_start(space):
    told = space["image"]
    assert told.get("size") == [168, 128], told
    assert told["model"] == "styleshot" and len(told["asked"]) == 1
    assert "converting" not in told["steps"]


def test_a_problem_arrives_as_it_was(space):
    told = space["worker: problem"]
    assert (told["problem"], told["values"]) == ("no_content_fusion", {"model": "StyleShot"})


def test_out_of_memory_is_tried_again_one_tier_lower(space):
    told = space["worker: memory"]
    assert len(told["asked"]) == 2 and told["notes"] == ["placement_lowered"], told
    told = space["worker: memory for ever"]
    assert len(told["asked"]) == 2 and told["problem"] == "out_of_memory", told


def test_a_defect_arrives_with_its_traceback(space):
    told = space["worker: defect"]
    assert told["error"] == "WorkerError" and "ValueError: a defect" in told["text"]


def test_nothing_is_converted_on_time_that_was_lent(space):
    assert space["worker: convert"]["problem"] == "not_prepared"


def test_a_worker_does_not_wait_for_threads_that_it_does_not_have(space):
    assert space["worker: loading"].get("size") == [64, 48], space["worker: loading"]


def test_closing_a_run_ends_its_worker_and_gives_the_gpu_back(space):
    assert space["closed"]["released"] == 1


def test_two_visitors_wait_for_the_gpu_and_not_for_each_other(space):
    assert space["together"] == space["together"] | {"steps": ["painting", "painting"], "lanes": [0, 0]}


# Refused ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("text without a GPU", "gpu_busy"),
        ("queue", "gpu_busy"),
        ("quota of nobody", "gpu_quota"),
        ("runs", "gpu_quota"),
        ("quota", "gpu_quota_until"),
        ("pending", "gpu_pending"),
        ("too long", "gpu_too_long"),
        ("worker: killed", "gpu_aborted"),
        ("no GPU in the worker", "gpu_failed"),
        ("broken", "gpu_failed"),
        ("no scheduler", "gpu_failed"),
    ],
)
def test_people_read_why_there_is_no_gpu(space, name, key):
    assert space[name].get("problem") == key, space[name]


def test_whose_time_is_used_up_is_told_when_to_come_back(space):
    values = space["quota"]["values"]
    assert values == {"requested": str(space["quota"]["asked"][0]), "left": 12, "wait": "3:24:00"}
    assert {"{requested}", "{left}"} <= set(PROBLEMS["gpu_quota_until"][0].replace(",", "").split())


def test_a_sign_in_that_has_run_out_is_called_so():
    from spaces.zero.gradio import error

    assert zerogpu.refusal(error("ZeroGPU client error", "Expired ZeroGPU proxy token")).key == "gpu_sign_in_again"
    assert zerogpu.refusal(error("Something else", "of the page's own")) is None
    assert zerogpu.refusal(ValueError("a defect")) is None


def test_the_sentences_of_the_package_are_those_that_are_read_here():
    """A newer package may word them in another way; then `refusal` has to learn it."""
    import spaces

    package = Path(spaces.__file__).parent / "zero"
    text = "".join((package / name).read_text(encoding="utf-8") for name in ("client.py", "wrappers.py"))
    for words in (
        "ZeroGPU quota exceeded",
        "ZeroGPU queue timeout",
        "ZeroGPU pending credits exceeded",
        "ZeroGPU illegal duration",
        "No GPU was available",
        "Expired ZeroGPU proxy token",
        "GPU task aborted",
        "ZeroGPU API",
        "Connection closed by visitor",
        "Error while re-trying after queue",
        "Unexpected end of stream",
        "s requested vs. {res.left}s left",
        "Try again in {res.wait}. ",
    ):
        assert words in text, words


# Elsewhere ----------------------------------------------------------------------------------------------------------


def test_on_other_hardware_nothing_of_this_happens(monkeypatch):
    assert not zerogpu.lends() and not zerogpu.gpu_is_emulated()
    assert not zerogpu.in_worker() and not zerogpu.loses_cache("cuda")
    studio = Studio(Settings(device="cpu"))
    studio.prepare()
    assert studio._styleshot is None and studio._classical is None and studio.cache.loaded() == []
    monkeypatch.setitem(sys.modules, "spaces", None)
    monkeypatch.setitem(sys.modules, "spaces.config", None)
    assert not zerogpu.lends() and device_of(Settings(device="cpu")) == "cpu"


# What is asked for --------------------------------------------------------------------------------------------------


def test_what_takes_longer_asks_for_longer():
    studio = Studio(Settings(device="cpu"))

    def seconds(job):
        return zerogpu.seconds_for(studio.plan(job))

    def text(**fields):
        return TextJob([PICTURE], "", model="small", **fields)

    plain = seconds(text(steps=60))
    assert seconds(text(steps=60, size=128)) < plain
    assert seconds(text(count=4, steps=60)) > plain < seconds(text(steps=90))
    followed = seconds(ImageJob(PICTURE, [PICTURE], steps=60, model="small"))
    assert seconds(ImageJob(PICTURE, [PICTURE], steps=60, model="small", region="subject")) > followed > plain
    brief = seconds(ClassicalJob(PICTURE, [PICTURE], method="optimise", steps=10))
    assert brief < seconds(ClassicalJob(PICTURE, [PICTURE], method="optimise", size=1024))
    drawn = seconds(TextJob([PICTURE], "a fox", model="composer", painted_by="optimise", size=512))
    assert drawn == seconds(ClassicalJob(Image.new("RGB", (512, 512)), [PICTURE], method="optimise", size=512))
    several = TextJob([PICTURE], "a fox", model="composer", painted_by="optimise", size=512, count=3)
    assert seconds(several) > 2 * drawn - zerogpu.STARTING
    large = replace(studio.plan(text(count=8, steps=150)), size=(1024, 1024))
    assert zerogpu.seconds_for(large) == zerogpu.LONGEST


def test_what_crosses_to_the_other_process_can_be_pickled():
    job = ImageJob(PICTURE, [(PICTURE, 0.5), (PICTURE, 0.25)], "a house")
    again = pickle.loads(pickle.dumps(job))
    assert again.settings() == job.settings() and again.content.tobytes() == job.content.tobytes()
    step = Step(0.5, remark("iterating", step=1, total=2, seconds=3), PICTURE)
    assert pickle.loads(pickle.dumps(step)).message == step.message
