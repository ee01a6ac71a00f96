"""Run by `test_zerogpu.py` in a process of its own: a program on a Space, from its start to many kinds of ends.

Prints one JSON line for each thing that was tried: its name, and what came of it.
"""

import gc
import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import zerogpu_host as host

# What is imported and held from the start on stays: nobody has to look through it again and again.
gc.disable()
scheduler = host.begin(Path(sys.argv[1]))

from gradio.context import LocalContext  # noqa: E402
from PIL import Image  # noqa: E402

from styleshot_demo import ClassicalJob, ImageJob, Settings, Studio, TextJob  # noqa: E402
from styleshot_demo.errors import Problem  # noqa: E402
from styleshot_demo.events import Finished, Step  # noqa: E402
from styleshot_demo.messages import remark  # noqa: E402
from styleshot_demo.runners import weights as files  # noqa: E402

PICTURE = Image.linear_gradient("L").convert("RGB").resize((64, 48))


class Headers(dict):
    """Of a request."""


VISITOR = SimpleNamespace(headers=Headers({"x-ip-token": "head.e30.tail", "x-gradio-user": "app"}))


def tell(name, **what):
    print(json.dumps({"name": name, "cpu": round(time.process_time(), 1), **what}, default=str), flush=True)


def attempt(name, job, studio, thread=True):
    """Runs a job, in another thread as the page does, and tells how it ended."""
    told = {"steps": []}

    def run():
        try:
            for event in studio.run(job):
                if isinstance(event, Finished):
                    result = event.result
                    notes = [note.key for note in result.notes]
                    told.update(size=result.images[0].size, notes=notes, model=result.settings.get("model"))
                else:
                    told["steps"].append(event.message.key)
        except Problem as problem:
            told.update(problem=problem.key, values=problem.values)
        except BaseException as error:
            told.update(error=type(error).__name__, text="".join(traceback.format_exception(error)))

    before = len(scheduler.asked)
    if thread:
        worker = threading.Thread(target=run)
        worker.start()
        worker.join()
    else:
        run()
    import torch

    tell(name, asked=scheduler.asked[before:], cuda=torch.cuda.is_initialized(), **told)


def classical(**fields):
    return ClassicalJob(PICTURE, [PICTURE.rotate(90)], size=256, **fields)


text = TextJob([PICTURE], "a house", steps=2, size=128)
image = ImageJob(PICTURE, [PICTURE], "a house", steps=2, size=128, threshold=128)

# The start: all is found, hashed, converted, loaded and packed before a page is there.
studio = Studio(Settings())
tell("before", choice=studio.choose(image).model)
studio.prepare()
held = {model.device for model in studio.cache.loaded() if model.in_use}
converted = list(files.root_for(studio.settings).glob(f"*/{files.MANIFEST}"))
tell("prepared", calls=list(scheduler.calls), held=sorted(held), converted=[path.parent.name for path in converted])
host.lend_the_emulation()
real = studio._work
studio._work = host.in_emulation(real)
studio._lease = None
studio._leased()
blobs = sorted(Path(sys.argv[1]).glob(".cache/huggingface/hub/models--*/blobs/*"))
host.launch()
packed = sum(path.stat().st_size for path in (Path(sys.argv[1]) / "offload").iterdir())
gone = [path.name for path in blobs if not path.exists()]
tell("launched", choice=studio.choose(image).model, calls=list(scheduler.calls), packed=packed, gone=gone)
gc.freeze()
gc.enable()


def refuse(part, *rest):
    raise AssertionError(f"{part} is loaded on time that was lent")


files.load = refuse  # all is there; workers are forks of this

# All kinds of jobs.
scheduler.answer = host.UNAVAILABLE
attempt("fast", classical(), studio)
attempt("colour", classical(method="colour"), studio)
attempt("fast in the main thread", classical(strength=0.5), studio, thread=False)
tell("lines", size=studio.control_map(PICTURE, threshold=128, size=128).size)
attempt("optimise without a GPU", classical(method="optimise", steps=2), studio)
attempt("text without a GPU", text, studio)
scheduler.answer = host.GRANTED
attempt("optimise", classical(method="optimise", steps=1), studio)
attempt("image", image, studio)

# What the scheduler may say instead.
for name, answer in (
    ("quota", host.over_quota()),
    ("runs", host.over_quota(wait=0, result="runs-exceeded")),
    ("pending", host.over_quota(result="pending-overquota-exceeded")),
    ("too long", host.over_quota(wait=-1, result="illegal-duration")),
    ("queue", host.FAILED),
    ("broken", host.BROKEN),
):
    scheduler.answer = answer
    if name == "quota":
        attempt("quota of nobody", text, studio, thread=False)
    LocalContext.request.set(VISITOR)
    attempt(name, text, studio, thread=False)
    LocalContext.request.set(None)
scheduler.answer = host.GRANTED

# What may go wrong where the GPU is. Which it is stands in the prompt; the rest of the way is the real one.


def work(plan):
    yield Step(0.1, remark("painting"))
    kind = plan.job.prompt
    lower = [note for note in plan.remarks if note.key == "placement_lowered"]
    if kind == "problem":
        raise Problem("no_content_fusion", model="StyleShot")
    if kind == "memory" and not lower:
        import torch

        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
    if kind == "memory for ever":
        raise MemoryError
    if kind == "defect":
        raise ValueError("a defect")
    if kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "convert":
        shutil.rmtree(converted[0].parent.parent)
        list(files.locate(studio.settings, "styleshot", "contour"))
    if kind == "loading":
        with studio.cache.acquire("another", lambda: "model", size=len):
            pass
    for step in range(20 if kind == "slow" else 0):
        time.sleep(0.02)
        yield Step(0.2 + step / 100, remark("painting"))
    from styleshot_demo.events import Result

    yield Finished(Result([PICTURE], None, 0, 0.1, {"model": "styleshot"}, {}, lower))


studio._work, studio._lease = work, None
for kind in ("problem", "memory", "memory for ever", "defect", "killed", "convert"):
    attempt(f"worker: {kind}", TextJob([PICTURE], kind, steps=2, size=128), studio, thread=False)

# Another thread loads a model at the moment of the fork; it does not exist in the worker.
loading, may_end = threading.Event(), threading.Event()


def load():
    loading.set()
    may_end.wait(60)
    return "model"


def hold():
    with studio.cache.acquire("slow", load, size=len):
        pass


holder = threading.Thread(target=hold)
holder.start()
loading.wait(10)
studio._lease = None  # no worker from before
attempt("worker: loading", TextJob([PICTURE], "loading", steps=2, size=128), studio, thread=False)
may_end.set()
holder.join()

# Closing, and two at once.
slow = TextJob([PICTURE], "slow", steps=2, size=128)
events = studio.run(slow)
next(events), next(events)
releases = scheduler.calls.count("/release")
events.close()
tell("closed", released=scheduler.calls.count("/release") - releases)
first, second = studio.run(slow), studio.run(slow)
seen = [next(first).message.key, next(second).message.key]
tell("together", steps=seen, lanes=[studio.lanes.length("long"), studio.lanes.length("short")])
first.close(), second.close()

# No GPU where one was promised, and no scheduler.
from spaces import zero  # noqa: E402

zero.torch.init, zero.torch.unpatch = zero.torch._init, zero.torch._unpatch
studio._lease = None
attempt("no GPU in the worker", text, studio, thread=False)
zero.client.Config.zero_device_api_url = "http://127.0.0.1:9"
attempt("no scheduler", text, studio, thread=False)
