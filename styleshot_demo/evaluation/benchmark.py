"""Seconds and memory of the classical methods, each size in a process of its own so that peaks do not mix."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import psutil

from styleshot_demo.jobs import METHODS


def classical(sizes: Sequence[int] = (384, 512, 1024), repeats: int = 5) -> dict[str, Any]:
    """Figures per method and size: seconds per stage (medians), seconds of a slider move, peak memory.

    `slider_ratio` is a slider move's time over that of a full pass, `known_style_ratio` that of a photo in a style that
    has been read before; `peak_mb` is what the process took above what it
    had taken with the models loaded and nothing painted.
    """
    import torch

    methods = {method: {} for method in METHODS}
    for method in methods:
        for size in sizes:
            command = [sys.executable, "-m", "styleshot_demo.evaluation.benchmark", method, str(size), str(repeats)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
            methods[method][str(size)] = json.loads(done.stdout.splitlines()[-1])
    return {
        "machine": {"processor": platform.processor() or platform.machine(), "threads": torch.get_num_threads()},
        "torch": torch.__version__,
        "repeats": repeats,
        "methods": methods,
    }


def _median_seconds(work: Callable[[], Any], repeats: int) -> float:
    return _alternating_seconds([work], repeats)[0]


def _alternating_seconds(works: Sequence[Callable[[], Any]], repeats: int) -> list[float]:
    """Medians of each, run in turns: what else the machine does meanwhile falls on all of them."""
    for work in works:
        work()
    times: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for own, work in zip(times, works, strict=True):
            began = time.perf_counter()
            work()
            own.append(time.perf_counter() - began)
    return [round(statistics.median(own), 4) for own in times]


def _peak_mb() -> float:
    """Most main memory that this process has had, MiB."""
    memory = psutil.Process().memory_info()
    peak = getattr(memory, "peak_wset", None)
    if peak is not None:  # Windows, which has no `resource`
        return peak / 1024**2
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def _measure(method: str, size: int, repeats: int) -> dict[str, Any]:
    import torch

    from styleshot_demo.classical.cached_style import CachedStyle
    from styleshot_demo.classical.colour import transfer_colours
    from styleshot_demo.classical.optimise import stylise
    from styleshot_demo.classical.patches import patch_transfer
    from styleshot_demo.classical.weights import load_fast
    from styleshot_demo.settings import ASSETS

    painter = load_fast(ASSETS / "weights/encoder.safetensors", ASSETS / "weights/fast.safetensors")
    generator = torch.Generator().manual_seed(0)
    # Smooth noise: convolutions do not care what they see, and a bench should need no files.
    content, style = (
        torch.nn.functional.interpolate(
            torch.rand(1, 3, size // 16, size // 16, generator=generator), size=(size, size * 3 // 4), mode="bicubic"
        ).clamp(0, 1)
        for _ in range(2)
    )
    painter.decode(painter.encode(content[..., :64, :64], [(style[..., :64, :64], 1.0)]))
    idle = _peak_mb()
    if method == "fast":
        pair, known = [(style, 1.0)], [(CachedStyle.of(style), 1.0)]
        full, again = _alternating_seconds(
            [lambda styles=styles: painter.decode(painter.encode(content, styles)) for styles in (pair, known)], repeats
        )
        figures = {
            "full": full,
            "known_style": again,
            "known_style_ratio": round(again / full, 3),
            "encode": _median_seconds(lambda: painter.encode(content, [(style, 1.0)]), repeats),
        }
        encoded = painter.encode(content, [(style, 1.0)])
        figures["decode"] = _median_seconds(lambda: painter.decode(encoded), repeats)
        figures["slider_move"] = _median_seconds(lambda: painter.decode(encoded, 0.5), repeats)
        figures["slider_ratio"] = round(figures["slider_move"] / figures["full"], 3)
    elif method == "patches":
        figures = {"full": _median_seconds(lambda: deque(patch_transfer(content, [(style, 1.0)]), maxlen=1), repeats)}
    elif method == "colour":
        figures = {"full": _median_seconds(lambda: transfer_colours(content, [(style, 1.0)]), repeats)}
    elif method != "optimise":
        raise ValueError(f"nothing here measures {method}")
    else:
        # Enough iterations to see every scale; the time of one is that of the last, the largest scale.
        steps, marks = 8, [time.perf_counter()]
        for _ in stylise(content, [(style, 1.0)], painter.encoder, painter, steps=steps):
            marks.append(time.perf_counter())
        figures = {"largest_iteration": round(marks[-1] - marks[-2], 4)}
    return {**figures, "peak_mb": round(_peak_mb() - idle, 1)}


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
