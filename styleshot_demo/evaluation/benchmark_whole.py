"""Photos at their own size: seconds and memory, and whether the tiles show; each in a process of its own."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from PIL import Image, ImageChops

from styleshot_demo.evaluation.benchmark import _peak_mb
from styleshot_demo.settings import ASSETS

COMPARED = 4.5  # megapixels up to which a picture is also painted without tiles: that takes 700 bytes a pixel
STYLE = ASSETS / "styles/oil-impasto.jpg"
SMALL = 512  # pixels of the longest side of the picture whose seconds are compared
STYLED = 1.5  # megapixels of a photo beside which styles are as large as beside any larger one
RUNS = 5  # of it before, and as many after the whole one: what else a machine does changes as time goes by


def whole(megapixels: Sequence[float], content: Path | None = None) -> dict[str, Any]:
    """Figures per method and number of megapixels.

    content  a photo, which is brought to each size; None: smooth noise, all of which counts as flat

    preview_seconds                 until there was a picture as large as a screen; 0 where the photo is no larger
    seconds_per_megapixel           of a run by `Studio` without its preview; its style was read before
    seconds_per_megapixel_at_512    of a run at 512 pixels, in the same process, its style read before as well: the
                                    median of five before and five after it, each with the picture moved on a little, so
                                    that all is computed that a new picture asks for
    peak_mb                         what the process took above what it had with the models loaded and no picture open
    largest_difference              grey levels between the pixels and those of a picture painted without tiles
    largest_difference_rounded      the same in 8 bits
    share_of_different_values       how many of those differ at all; all three only up to 4.5 megapixels
    """
    import torch

    methods: dict[str, Any] = {}
    for method in ("fast", "colour"):
        methods[method] = {f"{one:g}": _apart("measure", method, one, content) for one in megapixels}
        for one in megapixels:
            if one <= COMPARED:
                methods[method][f"{one:g}"] |= _apart("compare", method, one, content)
    return {"threads": torch.get_num_threads(), "torch": torch.__version__, "methods": methods}


def _apart(task: str, method: str, megapixels: float, content: Path | None) -> dict[str, Any]:
    arguments = [task, method, str(megapixels), str(content or "")]
    command = [sys.executable, "-m", "styleshot_demo.evaluation.benchmark_whole", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ)
    return json.loads(done.stdout.splitlines()[-1])


def _picture(megapixels: float, content: Path | None) -> Image.Image:
    """Of about so many megapixels."""
    if content is None:
        import numpy as np

        noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
        photo = Image.fromarray(noise)
    else:
        photo = Image.open(content).convert("RGB")
    scale = (megapixels * 1e6 / (photo.width * photo.height)) ** 0.5
    sides = int(photo.width * scale), int(photo.height * scale)
    return photo.resize(sides, Image.Resampling.BICUBIC)


def _measure(method: str, megapixels: float, content: Path | None) -> dict[str, Any]:
    from styleshot_demo import ClassicalJob, Settings, Studio

    studio = Studio(Settings(device="cpu"))

    def seconds(picture: Image.Image, **settings: Any) -> tuple[float, float]:
        """Of the whole run, and of its preview."""
        job = ClassicalJob(picture, cast(Any, STYLE), method=method, **settings)  # which opens the file
        began, preview = time.perf_counter(), 0.0
        for event in studio.run(job):
            if not preview and getattr(event, "preview", None) is not None:
                preview = time.perf_counter() - began
        return time.perf_counter() - began, preview

    small = _picture(0.2, content)
    # Neither a pair nor where faces are may be remembered: of the whole photo they are not.
    first, *others = (ImageChops.offset(small, 8 * number, 0) for number in range(2 * RUNS + 1))
    seconds(first, size=SMALL)
    times = [seconds(other, size=SMALL)[0] for other in others[:RUNS]]
    studio.cache.make_free("cpu", 2**62)
    idle = _peak_mb()
    # The style is read as large as for the photo.
    seconds(ImageChops.offset(_picture(min(STYLED, megapixels), content), 8, 0), whole=True)
    picture = _picture(megapixels, content)
    taken, preview = seconds(picture, whole=True)
    peak = _peak_mb() - idle
    times += [seconds(other, size=SMALL)[0] for other in others[RUNS:]]
    pixels = picture.width * picture.height
    at_512 = statistics.median(times) / (SMALL**2 * min(small.size) / max(small.size))
    return {
        "width": picture.width,
        "height": picture.height,
        "seconds": round(taken, 2),
        "preview_seconds": round(preview, 2),
        "seconds_per_megapixel": round(1e6 * (taken - preview) / pixels, 2),
        "seconds_per_megapixel_at_512": round(1e6 * at_512, 2),
        "peak_mb": round(peak, 1),
    }


def _compare(method: str, megapixels: float, content: Path | None) -> dict[str, Any]:
    """Not by way of files, which would hide what lies behind the rounding."""
    import torch

    from styleshot_demo.classical.colour import transfer_colours
    from styleshot_demo.classical.lazy_picture import LazyPicture
    from styleshot_demo.classical.tiled import stylise_tiled
    from styleshot_demo.classical.tiled_colour import transfer_colours_tiled
    from styleshot_demo.classical.weights import load_fast
    from styleshot_demo.images.ops import to_tensor

    picture, style = (to_tensor(one) for one in (_picture(megapixels, content), _picture(1, STYLE)))
    if method == "fast":
        painter = load_fast(ASSETS / "weights/encoder.safetensors", ASSETS / "weights/fast.safetensors")
        at_once = painter.decode(painter.encode(picture, [(style, 1.0)], grain=0.5))
        parts = stylise_tiled(painter, LazyPicture.from_pixels(picture), [(style, 1.0)], grain=0.5)
    else:
        at_once = transfer_colours(picture, [(style, 1.0)])
        parts = transfer_colours_tiled(LazyPicture.from_pixels(picture), [(style, 1.0)], "monge-kantorovich", 1.0)
    made = torch.full_like(at_once, float("nan"))
    for part in parts:
        if part.box is not None:
            assert part.pixels is not None  # where they belong is said with them
            part.box.crop(made).copy_(part.pixels)
    levels = [one.mul(255).round() for one in (made, at_once)]
    return {
        "largest_difference": round(float((made - at_once).abs().max()) * 255, 3),
        "largest_difference_rounded": int((levels[0] - levels[1]).abs().max()),
        "share_of_different_values": round(float((levels[0] != levels[1]).float().mean()), 4),
    }


if __name__ == "__main__":
    task, method, megapixels, content = sys.argv[1:]
    work = {"measure": _measure, "compare": _compare}[task]
    print(json.dumps(work(method, float(megapixels), Path(content) if content else None)))
