"""Pictures held to a palette, and palettes found in pictures."""

from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image

from styleshot_demo import jobs, pictures
from styleshot_demo.formats import sixteen_bit
from styleshot_demo.images.ops import to_array, to_tensor

if TYPE_CHECKING:
    import numpy as np

    from styleshot_demo.classical.palette import PaletteMap

PIXELS = 2**20  # that are mapped at once
SEEN = 512  # pixels of the longest side at which a picture's colours are looked for


def apply_palette(palette: str, painted: Image.Image) -> Image.Image:
    """A picture, mode RGB, in the colours of a palette as a job keeps it; as it is where that is empty."""
    import numpy as np

    return Image.fromarray(_mapped(palette, np.asarray(painted), 255)) if palette else painted


def apply_palette_16bit(palette: str, painted: "np.ndarray") -> "np.ndarray":
    """`apply_palette` for [H, W, 3] uint16."""
    return _mapped(palette, painted, sixteen_bit.WHITE) if palette else painted


def palette_of(picture: Image.Image) -> str:
    """The main colours of a picture, as many as a palette may have, as a job keeps one."""
    from styleshot_demo.classical.palette import main_colours

    found = main_colours(to_tensor(pictures.fit_longest(picture, SEEN)), jobs.MAX_COLOURS)
    return " ".join("#" + bytes(colour).hex() for colour in found)


def _mapped(palette: str, pixels: "np.ndarray", white: int) -> "np.ndarray":
    """Some rows at a time: a photo at its own size would else need gigabytes."""
    import numpy as np
    import torch

    mapping, made = _map(palette), np.empty_like(pixels)
    rows = max(1, PIXELS // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        part = torch.from_numpy(pixels[top : top + rows].astype(np.float32) / white).permute(2, 0, 1)[None]
        made[top : top + rows] = to_array(mapping(part), white)
    return made


@lru_cache(maxsize=4)
def _map(palette: str) -> "PaletteMap":
    """Remembered for the previews of one run."""
    import torch

    from styleshot_demo.classical.palette import PaletteMap

    return PaletteMap(torch.tensor(jobs.palette_rgb(palette)) / 255)
