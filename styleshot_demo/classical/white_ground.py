"""White that a product was photographed on stays white when colours are transferred.

Moments of such a picture are those of its paper: led to the style's mean, white comes out grey and what stands on it
nearly black. So they are taken of what stands there alone, and nothing else moves.
"""

from PIL import Image

from styleshot_demo.classical.background import subject

WHITE = 236  # of each channel, at least
LEAST = 0.1, 0.005  # shares of the picture: of the ground, and of what stands on it


def subject_on_white(picture: Image.Image) -> Image.Image | None:
    """`background.subject` of a picture on plain white: mode "L", 255 is what stands there; None where the ground has
    another colour, or hardly anything of either is seen."""
    import numpy as np

    border = [picture.crop(box) for box in _strips(picture)]
    light = np.concatenate([np.asarray(part.convert("RGB")).reshape(-1, 3) for part in border])
    if np.median(light, axis=0).min() < WHITE:
        return None
    mask = subject(picture)
    if mask is None:
        return None
    levels = np.asarray(mask)
    ground, thing = (levels == 0).mean(), (levels == 255).mean()
    return mask if ground >= LEAST[0] and thing >= LEAST[1] else None


def _strips(picture: Image.Image) -> tuple[tuple[int, int, int, int], ...]:
    width, height = picture.size
    return (0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height)
