"""`transfer_colours` of pictures too large to be worked on at once: part by part, with the moments of the whole."""

from collections.abc import Generator, Iterator, Sequence

import torch
from torch import Tensor

from styleshot_demo.classical.colour import colour_map, into_gamut, to_oklab
from styleshot_demo.classical.lazy_picture import LazyPicture, TileStep
from styleshot_demo.classical.statistics import Moments, RunningMoments
from styleshot_demo.classical.tiles import Box, tiles

COLOUR_TILE = 1024  # pixels of a tile's sides
KEPT_BYTES = 800_000_000  # for all that is kept of the content, so that tiles need not be read a second time


@torch.inference_mode()
def transfer_colours_tiled(
    content: LazyPicture, styles: Sequence[tuple[LazyPicture, float]], method: str, strength: float
) -> Iterator[TileStep]:
    """`transfer_colours`, part by part."""

    kept: dict[Box, Tensor] = {}

    def streamed_moments(picture: LazyPicture, share: float) -> Generator[TileStep, None, Moments]:
        running = RunningMoments()
        boxes = list(tiles(picture.height, picture.width, COLOUR_TILE))
        room = KEPT_BYTES
        for count, box in enumerate(boxes, 1):
            lab = to_oklab(picture.read(box))
            running.update(lab, box, picture.width)
            room -= lab.nbytes
            if picture is content and room > 0:
                kept[box] = lab
            yield TileStep(share * count / len(boxes))
        return running.moments()

    seen = []
    for picture, weight in styles:
        found = picture.cache.get("oklab")
        if found is None:
            found = yield from streamed_moments(picture, 0.0)
            picture.cache.put("oklab", found)
        seen.append((found, weight))
    own = yield from streamed_moments(content, 0.3)
    affine = colour_map(own, seen, method)
    boxes = list(tiles(content.height, content.width, COLOUR_TILE))
    for count, box in enumerate(boxes, 1):
        lab = kept.pop(box) if box in kept else to_oklab(content.read(box))
        made = into_gamut(affine(lab, strength))
        yield TileStep(0.3 + 0.7 * count / len(boxes), box, made)
