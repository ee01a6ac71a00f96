"""What a Space on ZeroGPU has around a program, for scripts that run in a process of their own.

The package `spaces` is the real one, with all that it does to PyTorch, its forked workers and its client. Two things of
a Space are missing here and stand in this file: the scheduler behind `SPACES_ZERO_DEVICE_API_URL`, and the GPU itself.
For the latter the package's own emulation, which computes on the processor what was put on "cuda", simply stays
switched on in the worker.
"""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

GRANTED = 200, "application/json", json.dumps(
    {"idle": True, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": "token"}
)
FAILED = 200, "text/event-stream", "event: failed\n\n"
UNAVAILABLE = 503, "application/json", "{}"
BROKEN = 500, "application/json", "{}"


def over_quota(left=12, wait=12240, result="quota-exceeded"):
    """The scheduler's answer to one who asks for more than is left; `wait` in seconds."""
    return 429, "application/json", json.dumps({"left": left, "wait": wait}), {"X-Approve-Result": result}


class Scheduler:
    """Answers `/schedule` with `self.answer` and notes what it was asked."""

    def __init__(self):
        self.answer, self.asked, self.calls = GRANTED, [], []
        scheduler = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                place = urlsplit(self.path)
                scheduler.calls.append(place.path)
                status, kind, text, *more = 200, "application/json", "{}"
                if place.path == "/schedule":
                    scheduler.asked.append(int(parse_qs(place.query)["durationSeconds"][0]))
                    status, kind, text, *more = scheduler.answer
                body = text.encode()
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **dict(*more)}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def begin(home: Path) -> Scheduler:
    """Makes this process one of a Space; to be called before anything else is imported. `home` is the user's folder."""
    scheduler = Scheduler()
    cgroup = home / "cgroup"
    cgroup.write_text("0::/space\n")
    os.environ |= {
        "HOME": str(home),
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": scheduler.url,
        "ZEROGPU_PROC_SELF_CGROUP_PATH": str(cgroup),
        "ZEROGPU_OFFLOAD_DIR": str(home / "offload"),
    }
    return scheduler


def launch() -> None:
    """What the launch of a page does first there: pack what lies on "cuda" and report the start."""
    from spaces import zero

    zero.startup()


def lend_the_emulation() -> None:
    """Lets workers compute in the package's emulation, since there is no GPU that they could come to."""
    import torch
    from spaces import zero
    from spaces.zero.torch import patching

    def move(callback=None):
        with torch._C.DisableTorchFunction():
            for pack in patching.tensor_packs:
                data, start = Path(pack.path()).read_bytes(), 0
                for tensor, size, aligned in chain(*pack.batches, pack.big_tensors):
                    raw = torch.frombuffer(bytearray(data[start : start + size]), dtype=tensor.dtype)
                    start += aligned
                    for fake in pack.fakes[tensor]:
                        patching.cuda_aliases[fake] = raw.as_strided(tensor.shape, tensor.stride())

    zero.torch.unpatch = lambda: None
    zero.torch.init = lambda uuid: None
    zero.torch.move = move


def in_emulation(work):
    """`work` in a worker's thread: there the emulation has to be entered anew."""
    import torch
    from spaces import zero
    from torch.overrides import TorchFunctionMode

    from styleshot_demo.runtime import zerogpu

    def lone(value):
        return isinstance(value, torch.Tensor) and value.ndim == 0 and value.device.type == "cpu"

    class Gaps(TorchFunctionMode):
        """What a GPU allows and the emulation does not: `tensor.to(another)`, and single numbers that lie elsewhere."""

        def __torch_function__(self, func, types, args=(), kwargs=None):
            if func is torch.Tensor.to and len(args) > 1 and isinstance(args[1], torch.Tensor):
                args = (args[0], args[1].device, args[1].dtype)
            else:
                places = {value.device.type for value in args if isinstance(value, torch.Tensor)}
                if places == {"cpu", "cuda"}:
                    args = tuple(value.to("cuda") if lone(value) else value for value in args)
            return func(*args, **(kwargs or {}))

    def emulated(*arguments):
        if zerogpu.in_worker():
            zero.torch.enter_mode()
            Gaps().__enter__()
        yield from work(*arguments)

    return emulated
