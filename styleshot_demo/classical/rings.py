"""Takes away the rings that a feed-forward network paints around things on flat ground.

What the network makes of a flat area should depend on the area, not on how near the next edge is. How it does depend
on that is fitted, cell by cell, and taken off: texture has no part in it, for it does not follow the edge.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from styleshot_demo.classical.grain import slope, to_levels

if TYPE_CHECKING:
    import numpy as np

# All but the last step is done on every second pixel: rings are wide.
EDGE = 16.0  # grey levels from one of those to the next: an edge that rings
CALM = 12.0  # grey levels likewise: where lightness changes so much, a place counts as flat by exp(-1)
REACH = (4.0, 12.0, 30.0)  # pixels over which a ring falls to exp(-1)
WIDTH = 5  # of those pixels, over which the lightness of an edge is that of both its sides
SHARPNESS = 32.0  # a place that differs from the nearest edge by 1 / this lies on one side of it
CELL = 8  # of those pixels
CELLS_AROUND = 7  # that a fit sees, across
RIDGE = 0.02  # pulls the fit of a cell to that of the whole picture
KNOWN = 4  # columns of the fit that are no rings: 1 and the content's colours


def without_rings(painted: Tensor, content: Tensor, calm: Tensor) -> Tensor:
    """`painted` [1, 3, H, W] without what in it follows the distance to the edges of `content`, where that is `calm`.

    content  [1, 3, H, W] in [0, 1]
    calm     [1, 1, H, W], 1: take all of it away, 0: leave the place as it is
    """
    small, made, area = (
        avg_pool2d(part, 2, ceil_mode=True, count_include_pad=False) for part in (content, painted, calm)
    )
    levels = to_levels(small)
    change = slope(levels, 0.6)
    found = _nearest_edge(change > EDGE, levels)
    if found is None:
        return painted
    away, edge = (torch.from_numpy(part).to(content)[None, None] for part in found)
    falls = torch.cat([torch.exp(-2 * away / reach) for reach in REACH], 1)
    sides = _sides(small, edge)
    rings = torch.cat([falls * side for side in sides], 1)
    flat = area * torch.exp(-torch.from_numpy(change).to(content) / CALM)
    strength = _fitted(torch.cat([torch.ones_like(away), small, rings], 1), made, flat)[..., KNOWN:, :]
    rows, columns, number, _ = strength.shape
    spread = interpolate(
        strength.permute(2, 3, 0, 1).reshape(1, number * 3, rows, columns),
        size=(rows * CELL, columns * CELL),
        mode="bilinear",
    )[..., : falls.shape[2], : falls.shape[3]].to(falls)
    spread = spread.reshape(2, len(REACH), 3, *falls.shape[2:])
    lighter, darker = (part * falls[0][:, None] for part in spread)  # [reach, 3, h, w]
    # What is smooth is enlarged; on which side of the edge a pixel lies is its own affair.
    coarse = torch.cat([lighter.sum(0), darker.sum(0), edge[0], flat[0]])[None]
    size = content.shape[2:]
    lighter, darker, edge, flat = interpolate(coarse, size=size, mode="bilinear").split([3, 3, 1, 1], 1)
    on_light, on_dark = _sides(content, edge)
    return painted - flat * (on_light * lighter + on_dark * darker)


def _sides(content: Tensor, edge: Tensor) -> tuple[Tensor, Tensor]:
    """How far each place lies on the lighter (0 to 1) and on the darker side (-1 to 0) of its nearest edge."""
    side = torch.tanh((content.mean(1, keepdim=True) - edge) * SHARPNESS)
    return side.clamp_min(0), side.clamp_max(0)


def _fitted(known: Tensor, painted: Tensor, flat: Tensor) -> Tensor:
    """[rows, columns, K, 3]: for each cell how `painted` [1, 3, h, w] is made of `known` [1, K, h, w] in the flat
    places around: least squares, drawn towards the solution for the whole picture."""
    count = known.shape[1]
    both = torch.cat([known, painted], 1) * (flat > 0.5)
    both = pad(both, (0, -both.shape[3] % CELL, 0, -both.shape[2] % CELL))[0]
    channels, height, width = both.shape
    cells = both.reshape(channels, height // CELL, CELL, width // CELL, CELL).permute(1, 3, 2, 4, 0).flatten(2, 3)
    sums = cells[..., :count].transpose(2, 3) @ cells
    total = sums.sum((0, 1)).cpu()
    half = CELLS_AROUND // 2
    flattened = pad(sums.flatten(2).permute(2, 0, 1)[None], (half,) * 4)
    around = avg_pool2d(flattened, CELLS_AROUND, stride=1) * CELLS_AROUND**2
    sums = around[0].permute(1, 2, 0).reshape(sums.shape).cpu()
    # Small systems are the processor's work: some kinds of GPU cannot solve them at all.
    ridge = torch.full((count,), RIDGE)
    ridge[0] = RIDGE / 200
    total, sums = (part / part[..., :1, :1].clamp_min(1) for part in (total, sums))
    whole = torch.linalg.solve(total[:, :count] + 1e-3 * torch.eye(count), total[:, count:])
    return torch.linalg.solve(
        sums[..., :count] + torch.diag(ridge), sums[..., count:] + ridge[:, None] * whole
    ).to(painted.device)


def _nearest_edge(edges: "np.ndarray", levels: "np.ndarray") -> "tuple[np.ndarray, np.ndarray] | None":
    """Places to the nearest of `edges`, and how light the picture is there, 0 to 1; None if there is none.

    All are arrays [h, w]; `levels` are grey levels.
    """
    import cv2
    import numpy as np

    if not edges.any():
        return None
    free = (~edges).astype(np.uint8)
    away, labels = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    by_label = np.zeros(labels.max() + 1, np.float32)
    by_label[labels[edges]] = cv2.blur(levels, (WIDTH, WIDTH))[edges] / 255
    return away, by_label[labels]
