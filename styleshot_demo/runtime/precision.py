"""In which precision networks compute."""

import re

from styleshot_demo.runtime.device import gpu_name, is_cuda
from styleshot_demo.settings import Settings

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}

# These small Turing chips (TU116, TU117) have no tensor cores, and in half precision Stable Diffusion paints black on
# them: what people report of every program that runs it.
_NO_HALF = re.compile(r"GTX 16\d\d|\bMX(450|550)\b|\bT(400|500|550|600|1000|1200)\b", re.IGNORECASE)

# What overflows half precision (float16 ends at 65,504): the patch networks of the style-aware encoder reach 3e6 on
# ordinary pictures. They run once a picture, so single precision costs next to nothing.
ALWAYS_FLOAT32 = ("style_encoder",)


def precision_of(settings: Settings, device: str) -> str:
    """ "float32", "float16" or "bfloat16": what the settings name, else half precision where that is fast and safe.

    A CPU is slower in half precision than in single precision.
    """
    if settings.precision != "auto":
        return settings.precision
    if device.startswith("cpu") or (is_cuda(device) and _NO_HALF.search(gpu_name(device))):
        return "float32"
    return "float16"


def precision_for(part: str, precision: str) -> str:
    """What one network of StyleShot computes in, where all others compute in `precision`."""
    return "float32" if part in ALWAYS_FLOAT32 else precision
