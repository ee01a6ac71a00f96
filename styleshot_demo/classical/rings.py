"""Takes away the rings that a feed-forward network paints around things on flat ground.

What the network makes of a flat area should depend on the area, not on how near the next edge is. How it does depend
on that is fitted, cell by cell, and taken off: texture has no part in it, for it does not follow the edge.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from styleshot_demo.classical.grain import DECAY, gradient

EDGE = 8.0  # grey levels a pixel: an edge that rings
REACH = (4.0, 12.0, 30.0)  # pixels over which a ring falls to exp(-1)
WIDTH = 7  # pixels, over which the lightness of an edge is that of both its sides
SHARPNESS = 32.0  # a place that differs from the nearest edge by 1 / this lies on one side of it
CELL = 16  # pixels
CELLS_AROUND = 7  # that a fit sees, across
RIDGE = 0.02


def without_rings(painted: Tensor, content: Tensor, calm: Tensor) -> Tensor:
    """`painted` [1, 3, H, W] without what in it follows the distance to the edges of `content`, where that is `calm`.

    content  [1, 3, H, W] in [0, 1]
    calm     [1, 1, H, W], 1: take all of it away, 0: leave the place as it is
    """
    change = gradient(content, 1.0)
    flat = calm * torch.exp(-change / DECAY)
    light = content.mean(1, keepdim=True)
    found = _nearest_edge(change > EDGE, light)
    if found is None:
        return painted
    away, edge = found
    side = torch.tanh((light - edge) * SHARPNESS)
    falls = [torch.exp(-away / reach) for reach in REACH]
    rings = torch.cat([fall * part for fall in falls for part in (side.clamp_min(0), side.clamp_max(0))], 1)
    known = torch.cat([torch.ones_like(away), content, rings], 1)
    weight = (flat > 0.5).to(painted)
    count, first = known.shape[1], 4
    # Cells are read at every second pixel of both axes: the fit has hundreds of places for each unknown all the same.
    gram, wanted = _sums(known[..., ::2, ::2], painted[..., ::2, ::2], weight[..., ::2, ::2], CELL // 2)
    eye = torch.eye(count, dtype=gram.dtype, device=gram.device)
    ridge = torch.full((count,), RIDGE, dtype=gram.dtype, device=gram.device)
    ridge[0] = 1e-4
    total, total_wanted = gram.sum((0, 1)), wanted.sum((0, 1))
    places = total[0, 0].clamp_min(1)
    overall = torch.linalg.solve(total / places + 1e-3 * eye, total_wanted / places)
    gram, wanted = _around(gram), _around(wanted)
    places = gram[..., :1, :1].clamp_min(1)
    fitted = torch.linalg.solve(gram / places + torch.diag(ridge), wanted / places + ridge[:, None] * overall)
    strength = fitted[..., first:, :]  # [rows, columns, rings, 3]
    rows, columns, number, _ = strength.shape
    spread = interpolate(
        strength.permute(2, 3, 0, 1).reshape(1, number * 3, rows, columns),
        size=(rows * CELL, columns * CELL),
        mode="bilinear",
    )[..., : painted.shape[2], : painted.shape[3]]
    spread = spread.reshape(number, 3, *painted.shape[2:])
    found = torch.einsum("khw,kchw->chw", rings[0], spread.to(rings))
    return painted - flat * found[None]


def _sums(known: Tensor, painted: Tensor, weight: Tensor, cell: int) -> tuple[Tensor, Tensor]:
    """Normal equations of each cell: [rows, columns, K, K] and [rows, columns, K, 3]."""
    both = torch.cat([known * weight, painted * weight], 1)
    both = pad(both, (0, -both.shape[3] % cell, 0, -both.shape[2] % cell))[0]
    channels, height, width = both.shape
    cells = both.reshape(channels, height // cell, cell, width // cell, cell).permute(1, 3, 2, 4, 0).flatten(2, 3)
    count = known.shape[1]
    products = cells[..., :count].transpose(2, 3) @ cells
    return products[..., :count], products[..., count:]


def _around(sums: Tensor) -> Tensor:
    """Sums over the cells around each cell."""
    rows, columns, one, other = sums.shape
    maps = sums.reshape(rows, columns, -1).permute(2, 0, 1)[None]
    half = CELLS_AROUND // 2
    maps = avg_pool2d(pad(maps, (half,) * 4), CELLS_AROUND, stride=1) * CELLS_AROUND**2
    return maps[0].permute(1, 2, 0).reshape(rows, columns, one, other)


def _nearest_edge(edges: Tensor, light: Tensor) -> tuple[Tensor, Tensor] | None:
    """Pixels to the nearest of `edges`, and how light the picture is there, each [1, 1, H, W]; None if there is none."""
    import cv2
    import numpy as np

    free = (~edges[0, 0]).cpu().numpy().astype(np.uint8)
    if free.all():
        return None
    away, labels = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    soft = cv2.blur(light[0, 0].cpu().numpy(), (WIDTH, WIDTH))
    by_label = np.zeros(labels.max() + 1, np.float32)
    by_label[labels[free == 0]] = soft[free == 0]
    return tuple(torch.from_numpy(part).to(light)[None, None] for part in (away, by_label[labels]))
