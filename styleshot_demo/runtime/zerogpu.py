"""ZeroGPU (Hugging Face Spaces): a GPU is there only while a decorated function runs, in a process of its own.

There, `spaces` makes PyTorch say that there is a GPU although there is none: models are put "on" it when the program
starts, and come to the real one in the process that gets it. Whatever else is computed in the program's own process
has to be computed on the processor. Everywhere else nothing of this happens.
"""

import gc
import importlib
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from styleshot_demo.errors import Problem
from styleshot_demo.jobs.regions import FOUND

if TYPE_CHECKING:
    from torch import nn

log = logging.getLogger(__name__)

# Seconds for a 512 x 512 picture on what ZeroGPU lends; generous, as a run that takes longer is cut off.
STARTING, PER_PICTURE, PER_STEP = 15, 2.0, 0.15
PER_ITERATION = 0.1  # of `optimise`; two cores of a processor take 0.16
PER_STYLE_PICTURE = 0.1  # to read one of those that a style is made of
FINDING = 5  # where the subject or people are: on the processor, by OpenCV
LONGEST = 120


class WorkerError(RuntimeError):
    """What went wrong where the GPU was, with that process's traceback as its text."""


def lends() -> bool:
    """Whether this program runs where the `spaces` package lends a GPU by the call."""
    if "SPACES_ZERO_GPU" not in os.environ:  # the package may be there all the same, and takes a while to import
        return False
    try:
        config = importlib.import_module("spaces.config").Config
    except (ImportError, AttributeError):
        return False
    return bool(getattr(config, "zero_gpu", False))


def in_worker() -> bool:
    """Whether this process is one that a GPU was lent to, forked from the program's own."""
    return bool(getattr(sys.modules.get("spaces.zero.wrappers"), "forked", False))


def gpu_is_emulated() -> bool:
    """Whether PyTorch only pretends that there is a GPU: in the program's own process, where using it is an error."""
    return lends() and not in_worker()


def loses_cache(device: str) -> bool:
    """Whether what a run on that device remembers is gone with the process that the GPU was lent to."""
    return lends() and device.startswith("cuda")


def seconds_for(plan: Any) -> int:
    """How many seconds the GPU is asked for; `plan` is a `plan.Plan`."""
    width, height = plan.size
    area = width * height / 512**2
    reading = PER_STYLE_PICTURE * plan.style_pictures
    if plan.placement is None:  # a classical method, of a photo or of the composer's sketches
        return min(LONGEST, round(STARTING + reading + area * PER_ITERATION * plan.iterations))
    step = PER_STEP * (1.5 if hasattr(plan.job, "content") else 1)  # the ControlNet
    finding = FINDING if getattr(plan.job, "region", "everywhere") in FOUND else 0
    painting = len(plan.shots) * area * (PER_PICTURE + step * plan.job.steps)
    return min(LONGEST, round(STARTING + reading + finding + painting))


def decorated(
    run: Callable[..., Iterator[Any]], reset_after_fork: Callable[[], None]
) -> Callable[..., Generator[Any, None, None]]:
    """`run(plan)` with a GPU for as long as that takes; to be called where `lends()`.

    forked  called once in each process that gets a GPU, before its first run

    What goes wrong arrives as it would without another process: a `Problem` as itself, out of memory as `MemoryError`,
    anything else as `WorkerError`. That there is no GPU to be had is a `Problem` whose key begins with "gpu_".
    """
    spaces = sys.modules.get("spaces") or importlib.import_module("spaces")
    home = os.getpid()
    begun: set[int] = set()

    def in_lent_process(plan: Any) -> Iterator[Any]:
        try:
            if os.getpid() != home and os.getpid() not in begun:
                begun.add(os.getpid())
                reset_after_fork()
            yield from run(plan)
        except Exception as error:
            # The package hands over the name of an error's class and nothing else of it.
            yield _Failure.of(error)

    gpu = spaces.GPU(in_lent_process, duration=seconds_for)

    def on_lent_gpu(plan: Any) -> Generator[Any, None, None]:
        failure = None
        try:
            with closing(gpu(plan)) as events:
                for event in events:
                    if isinstance(event, _Failure):
                        failure = event  # and on to the end, so that the process can be used again
                    else:
                        yield event
        except Exception as error:
            refused = refusal(error)
            if refused is None:
                raise
            log.warning("no GPU: %s: %s", refused.key, error)
            raise refused from error
        if failure:
            raise failure.error()

    return on_lent_gpu


@dataclass(frozen=True)
class _Failure:
    """An error on its way from one process to the other."""

    problem: Problem | None
    out_of_memory: bool
    report: str

    @classmethod
    def of(cls, error: Exception) -> "_Failure":
        from styleshot_demo.runtime.cache import is_out_of_memory
        from styleshot_demo.runtime.device import empty_device_cache

        problem = error if isinstance(error, Problem) else None
        report, memory = "".join(traceback.format_exception(error)), is_out_of_memory(error)
        if memory:
            error.__traceback__ = None  # it holds the tensors
            gc.collect()
            empty_device_cache()
        return cls(problem, memory, report)

    def error(self) -> Exception:
        if self.problem:
            return self.problem
        return MemoryError(self.report) if self.out_of_memory else WorkerError(self.report)


def refusal(error: BaseException) -> Problem | None:
    """What an error of the `spaces` package says, as a `Problem`; None for any other error."""
    title, message = getattr(error, "title", None), str(getattr(error, "message", ""))
    # By name: gradio belongs to the page.
    if not any(kind.__name__ == "Error" and kind.__module__.startswith("gradio") for kind in type(error).__mro__):
        if str(error).startswith("Connection closed by visitor"):
            return Problem("gpu_busy")  # nobody reads it, and it is no defect
        calls = ("ZeroGPU API", "Error while re-trying after queue", "Unexpected end of stream")
        unanswered = any(kind.__module__.split(".")[0] in ("httpx", "httpcore") for kind in type(error).__mro__)
        return Problem("gpu_failed") if unanswered or str(error).startswith(calls) else None
    if "No GPU was available" in message or title == "ZeroGPU queue timeout":
        return Problem("gpu_busy")
    if title == "ZeroGPU quota exceeded":
        numbers = re.search(r"\((\d+)s requested vs\. (-?\d+)s left\)\. Try again in (.+?)\. ", message)
        if numbers:
            requested, left, wait = numbers.groups()
            return Problem("gpu_quota_until", requested=requested, left=max(0, int(left)), wait=wait)
        return Problem("gpu_quota")
    if title == "ZeroGPU pending credits exceeded":
        return Problem("gpu_pending")
    if title == "ZeroGPU illegal duration":
        return Problem("gpu_too_long")
    if message == "GPU task aborted":
        return Problem("gpu_aborted")
    if message == "Expired ZeroGPU proxy token":
        return Problem("gpu_sign_in_again")
    return Problem("gpu_failed") if str(title).startswith("ZeroGPU") else None


def complete() -> None:
    """Adds to the package's emulation what it leaves out; to be called before anything is computed.

    Adam asks, on the processor too, whether a CUDA graph is being recorded, if PyTorch says that there is a GPU. That
    starts CUDA, or fails where there is none; and once it is started here, no worker can use it.
    """
    if gpu_is_emulated():
        import torch

        torch.cuda.is_current_stream_capturing = lambda: False


def own_memory(module: "nn.Module") -> "nn.Module":
    """Copies weights that are mapped from files into memory, where GPUs are lent; else the module as it is.

    When the program is launched, `spaces` deletes the files in the hub's cache whose weights it has taken over from a
    mapping. Who looks for these files later (which model is there, what it hashes to) would find them gone.
    """
    if gpu_is_emulated():
        for tensor in (*module.parameters(), *module.buffers()):
            tensor.data = tensor.data.clone()
    return module


def forbid_converting(model: str) -> None:
    """`Problem` in a process that a GPU was lent to: minutes of its time would go into converting files."""
    if in_worker():
        raise Problem("not_prepared", model=model)
