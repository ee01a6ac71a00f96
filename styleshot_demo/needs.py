"""How much memory a run takes, by measured numbers, and the sizes to choose from where that is too much."""

from collections.abc import Sequence
from dataclasses import dataclass

from styleshot_demo.errors import Problem
from styleshot_demo.jobs import FOUND, ImageJob
from styleshot_demo.runtime.memory import SPARE

# Bytes of working memory per pixel of the largest picture, measured by `bench classical` (peak above the idle process,
# plus a fifth).
BYTES_PER_PIXEL = {"fast": 700, "patches": 330, "optimise": 3600, "colour": 350}
FIXED_BYTES = {"patches": 300_000_000}  # whatever the size: the pieces of the styles
# Bytes for each pixel of an enlarged picture (the picture, and a copy while it is saved), and for the tile in work;
# of x4plus with the network itself, 67 MB.
BYTES_PER_ENLARGED, BYTES_PER_TILE = 8, {"animevideov3": 120_000_000, "x4plus": 400_000_000}
# Bytes that finding a subject, or people, takes at its peak, before anything is painted.
BYTES_TO_FIND = 350_000_000
# Bytes that a run at the photo's own size takes at its peak, measured by `bench classical --whole`: in any case, for
# each pixel, and at most, for what is kept to save time is kept as far as there is room.
WHOLE_BYTES = {"fast": (250_000_000, 60, 1_500_000_000), "colour": (200_000_000, 25, 1_200_000_000)}
SIZES_TO_FIT = (2048, 1792, 1536, 1280, 1024, 896, 768, 640, 512, 384, 256)
TIGHT = 0.5  # of the free memory is what an estimate may take that has just failed
DIFFUSION_SIZES = tuple(range(1024, 120, -64))


@dataclass(frozen=True)
class MemoryNeed:
    """What a classical run takes of its device's memory.

    needed   bytes at its peak
    free     bytes that it could have there; None where that is not ours to know (ZeroGPU)
    fitting  the largest `job.size` that would fit
    most     the setting that asks for the most of it: "size", "whole", "brush_size", "keep_background" or "region"
    """

    needed: int
    free: int | None
    fitting: int
    most: str = "size"

    def fits(self) -> bool:
        """Whether there is memory for it."""
        return self.free is None or self.needed <= SPARE * self.free

    def problem(self) -> Problem:
        """That there is not, and what to do about it."""
        return too_little(self.fitting, self.most)


def classical_bytes(method: str, size: int, shapes: Sequence[tuple[int, int]]) -> int:
    """What a classical run takes at its peak; `shapes` are (width, height) of the pictures, each brought to `size`."""
    # A style can be larger than a content that is long and thin, as both are brought to the same longest side.
    share = max([min(one) / max(one) for one in shapes], default=1.0)
    return FIXED_BYTES.get(method, 0) + int(size * size * BYTES_PER_PIXEL[method] * share)


def bytes_to_find(job: object) -> int:
    """Bytes that finding the region of an image job's photo takes."""
    return BYTES_TO_FIND if isinstance(job, ImageJob) and job.region in FOUND else 0


def too_little(fitting: int, most: str) -> Problem:
    """That memory is short, with the largest `job.size` that would fit; `most` as in `MemoryNeed`."""
    keys = {
        "size": "out_of_memory",
        "whole": "out_of_memory_whole",
        "brush_size": "out_of_memory_brush_size",
        "keep_background": "out_of_memory_keep_background",
        "region": "out_of_memory_region",
    }
    return Problem(keys[most], size=fitting)
