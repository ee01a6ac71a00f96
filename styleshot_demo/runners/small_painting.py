"""What a photo that is painted at its own size will look like, as large as a screen shows it."""

from typing import TYPE_CHECKING

from PIL import Image

from styleshot_demo import jobs
from styleshot_demo.images.ops import to_tensor
from styleshot_demo.jobs import ClassicalJob

if TYPE_CHECKING:
    import torch

    from styleshot_demo.classical.fast import FastTransfer
    from styleshot_demo.runners.styles import CachedStyles


def style_size_beside(smaller: Image.Image, content: Image.Image, style_size: int) -> int:
    """Pixels of a style's longest side beside the smaller content, where it has `style_size` beside the content."""
    least, _ = jobs.CLASSICAL_SIZES
    return max(least, round(style_size * max(smaller.size) / max(content.size)))


def painted_small(
    job: ClassicalJob, content: Image.Image, styles: "CachedStyles", painter: "FastTransfer | None", device: str
) -> "torch.Tensor":
    """[1, 3, H, W] in [0, 1]: the smaller content, RGB, painted as the job says.

    styles   their longest side at `style_size_beside` that content
    painter  None: `colour` paints
    """
    from styleshot_demo.classical.colour import transfer_to_moments, with_colours_of
    from styleshot_demo.classical.white_ground import subject_on_white

    pixels = to_tensor(content, device)
    if painter is None:
        shades = [(style.oklab_moments(), share) for style, share in styles]
        thing = subject_on_white(content)
        subject = None if thing is None else to_tensor(thing, device)[:, :1]
        return transfer_to_moments(pixels, shades, job.colour_method, job.strength, subject)
    brushes, colours = jobs.roles(styles, job.colour_style)
    encoded = painter.encode(pixels, brushes, job.transform, job.grain, job.seed, colour_styles=colours)
    made = painter.decode(encoded, job.strength)
    return with_colours_of(pixels, made) if job.keep_colours else made
