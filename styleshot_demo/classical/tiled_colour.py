"""`transfer_colours` of pictures too large to be worked on at once: part by part, with the moments of the whole."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from styleshot_demo.classical.cached_style import WeightedStyles, cached_styles
from styleshot_demo.classical.colour import colour_map, inside, into_gamut, to_oklab
from styleshot_demo.classical.lazy_picture import LazyPicture, TileStep
from styleshot_demo.classical.statistics import RunningMoments
from styleshot_demo.classical.tiles import Box, tiles

COLOUR_TILE = 1024  # pixels of a tile's sides
KEPT_BYTES = 800_000_000  # for all that is kept of the content, so that tiles need not be read a second time


@torch.inference_mode()
def transfer_colours_tiled(
    content: LazyPicture,
    styles: WeightedStyles,
    method: str,
    strength: float,
    subject: Callable[[Box], Tensor] | None = None,
) -> Iterator[TileStep]:
    """`transfer_to_moments`, part by part; `subject` gives its mask of each."""
    wanted = [(style.oklab_moments(), weight) for style, weight in cached_styles(styles)]
    kept: dict[Box, Tensor] = {}
    running, room = RunningMoments(), KEPT_BYTES
    boxes = list(tiles(content.height, content.width, COLOUR_TILE))
    for count, box in enumerate(boxes, 1):
        lab = to_oklab(content.read(box))
        if subject is None:
            running.update(lab, box, content.width)
        else:
            running.update_vectors(inside(lab, subject(box)))
        room -= lab.nbytes
        if room > 0:
            kept[box] = lab
        yield TileStep(0.3 * count / len(boxes))
    affine = colour_map(running.moments(), wanted, method)
    for count, box in enumerate(boxes, 1):
        lab = kept.pop(box) if box in kept else to_oklab(content.read(box))
        made = into_gamut(affine(lab, strength))
        if subject is not None:
            made = torch.lerp(content.read(box), made, subject(box))
        yield TileStep(0.3 + 0.7 * count / len(boxes), box, made)
