"""Takes away the rings that a feed-forward network paints around things on flat ground.

What the network makes of a flat area should depend on the area, not on how near the next edge is. How it does depend
on that is fitted, cell by cell, and taken off: texture has no part in it, for it does not follow the edge. So wide
rings go. Right beside an edge, where nothing is flat that could be fitted, it paints a line of a few pixels: there each
of some narrow bands along the edge gets the mean that its side of the edge has further away.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from styleshot_demo.classical.grain import gradient_magnitude, grey_levels
from styleshot_demo.classical.tiles import Box, halved, source_box, upsample_crop

if TYPE_CHECKING:
    import numpy as np

# All but the last step is done on every second pixel: rings are wide.
EDGE_THRESHOLD = 16.0  # grey levels from one of those to the next: an edge that rings
FLATNESS_SCALE = 12.0  # grey levels likewise: where lightness changes so much, a place counts as flat by exp(-1)
DECAY_LENGTHS = (4.0, 12.0, 30.0)  # pixels over which a ring falls to exp(-1)
EDGE_BLUR = 5  # of those pixels, over which the lightness of an edge is that of both its sides
SHARPNESS = 32.0  # a place that differs from the nearest edge by 1 / this lies on one side of it
CELL = 8  # of those pixels
CELL_WINDOW = 7  # that a fit sees, across
RIDGE = 0.02  # pulls the fit of a cell to that of the whole picture
CELL_BATCH = 8192  # that are fitted, on the processor: some kinds of GPU cannot solve small systems at all
CONTEXT = 16  # pixels around a place that tell how fast lightness changes there, at least
FIXED_COLUMNS = 4  # columns of the fit that are no rings: 1 and the content's colours
BANDS = (-2.0, -1.0, 1.0, 2.0, 3.5, 5.5, 8.0)  # of those pixels to the edge: middles of bands, and their end
REFERENCE_DISTANCE = 4.0  # of those pixels, from which on a place counts as further away, by 1 - exp(-1)
BAND_WINDOW = 3  # cells whose means a cell of a band takes, across
BAND_DOUBT, REFERENCE_DOUBT = 0.0015, 0.015  # shares of a window: a band, or what is further away, counts half then


def dering(painted: Tensor, content: Tensor, mask: Tensor) -> Tensor:
    """`painted` [1, 3, H, W] without what in it follows the distance to the edges of `content`, where `mask` is 1.

    content  [1, 3, H, W] in [0, 1]
    mask     [1, 1, H, W], 1: take all of it away, 0: leave the place as it is
    """
    whole = Box(0, content.shape[2], 0, content.shape[3])
    deringing = DeringingFilter.from_reader(
        lambda box: box.crop(content), whole.height, whole.width, strip=whole.height
    )
    if deringing is None:
        return painted
    deringing.observe(painted, content, mask, whole)
    deringing.fit()
    return deringing.apply(painted, content, whole)


class DeringingFilter:
    """The ringing of one picture, which may be observed, and removed, part by part: `observe`, `fit`, `apply`.

    Parts begin at multiples of `2 * CELL` pixels, and end there or with the picture.
    """

    def __init__(self, size: tuple[int, int], change: Tensor, away: Tensor, edge: Tensor) -> None:
        """`size` is height and width; the others are [1, 1, h, w] on every second pixel: how fast lightness changes,
        how far the nearest edge is, and how light it is there."""
        self.size = size
        self.small = Box(0, size[0], 0, size[1]).downscaled(2)
        self.away, self.edge = away, edge
        # Of what was not looked at yet, how fast lightness changes there, in place of how flat it is.
        self._flat = change
        self._area = torch.zeros_like(change, dtype=torch.float16)  # and whether, up to its very edge
        rows, columns = -(-self.small.height // CELL), -(-self.small.width // CELL)
        self._sums = torch.zeros(
            rows, columns, FIXED_COLUMNS + 2 * len(DECAY_LENGTHS), FIXED_COLUMNS + 2 * len(DECAY_LENGTHS) + 3
        )
        self._strength = torch.zeros(1, 6 * len(DECAY_LENGTHS), rows, columns)
        self._band_sums = torch.zeros(rows, columns, 2 * len(BANDS), 7 + 2 * len(DECAY_LENGTHS))
        self._band_offsets = torch.zeros(1, 6 * (len(BANDS) - 1), rows, columns)

    @classmethod
    def from_reader(
        cls, read: Callable[[Box], Tensor], height: int, width: int, strip: int = 512
    ) -> "DeringingFilter | None":
        """The rings around the edges of a picture that is read in strips of about so many rows; None if it has none.

        read  a part of the picture, [1, 3, h, w] in [0, 1]
        """
        import numpy as np

        small = Box(0, height, 0, width).downscaled(2)
        levels, change = (np.empty((small.height, small.width), np.float32) for _ in range(2))
        for top in range(0, height, strip + strip % 2):
            own = Box(top, min(height, top + strip + strip % 2), 0, width)
            window = own.expanded(CONTEXT, height, width)
            seen = grey_levels(halved(read(window)))
            kept = slice((own.top - window.top) // 2, (own.top - window.top) // 2 + own.downscaled(2).height)
            levels[own.downscaled(2).top : own.downscaled(2).bottom] = seen[kept]
            change[own.downscaled(2).top : own.downscaled(2).bottom] = gradient_magnitude(seen, 0.6)[kept]
        found = _nearest_edge(change > EDGE_THRESHOLD, levels)
        if found is None:
            return None
        return cls((height, width), *(torch.from_numpy(part)[None, None] for part in (change, *found)))

    def observe(self, painted: Tensor, content: Tensor, mask: Tensor, box: Box) -> None:
        """Learn from a part of the picture, to be done once with each; all are as in `dering`."""
        place = box.downscaled(2)
        small, made, area = (halved(part) for part in (content, painted, mask))
        falls, sides = self._basis(small, place)
        flat = place.crop(self._flat)
        flat.copy_(area.cpu() * torch.exp(-flat / FLATNESS_SCALE))
        place.crop(self._area).copy_(area)
        rings = torch.cat([falls * side for side in sides], 1)
        known = torch.cat([torch.ones_like(rings[:, :1]), small, rings], 1)
        sums = _normal_equations(known, made, flat.to(content))
        down, right = place.top // CELL, place.left // CELL
        self._sums[down : down + len(sums), right : right + sums.shape[1]] = sums.cpu()
        away = place.crop(self.away).to(content)
        calm = flat.to(content)
        further = 1 - torch.exp(-((away.clamp_min(0) / REFERENCE_DISTANCE) ** 2))
        weights = torch.cat([area * _bands(away), calm * further], 1)
        weights = _cells(torch.cat([weights * (side.abs() > 0.5) for side in sides], 1))
        seen = _cells(torch.cat([torch.ones_like(away), small, made, calm * rings], 1))
        sums = weights.transpose(2, 3) @ seen
        self._band_sums[down : down + len(sums), right : right + sums.shape[1]] = sums.cpu()

    def fit(self) -> None:
        """When all parts have been observed."""
        rows = self._sums.shape[0]
        total = self._sums.sum((0, 1))
        step = max(1, CELL_BATCH // self._sums.shape[1])
        half = CELL_WINDOW // 2
        for top in range(0, rows, step):
            bottom = min(rows, top + step)
            seen = Box(top, bottom, 0, 1).expanded(half, rows, 1)
            fitted = _solve(self._sums[seen.top : seen.bottom], total)[top - seen.top :][: bottom - top]
            self._strength[0, :, top:bottom] = fitted[:, :, FIXED_COLUMNS:].flatten(2).permute(2, 0, 1)
            near = Box(top, bottom, 0, 1).expanded(BAND_WINDOW // 2, rows, 1)
            offsets = _offsets(self._band_sums[near.top : near.bottom], fitted, top - near.top)
            self._band_offsets[0, :, top:bottom] = offsets.flatten(2).permute(2, 0, 1)
        del self._sums, self._band_sums

    def apply(self, painted: Tensor, content: Tensor, box: Box) -> Tensor:
        """A part of the picture without its rings; painted and content are as in `dering`."""
        small = (self.small.height, self.small.width)
        window = source_box(box, small, self.size)
        maps = (self.away, self.edge, self._flat, self._area)
        away, edge, flat, area = (window.crop(part).to(content) for part in maps)
        lighter, darker = self._mixed(self._strength, window, flat * _decays(away))
        on_bands = self._mixed(self._band_offsets, window, area * _bands(away))
        lighter, darker = lighter + on_bands[0], darker + on_bands[1]
        # What is smooth is enlarged; on which side of the edge a pixel lies is its own affair.
        coarse = torch.cat([lighter, darker, edge[0]])[None]
        lighter, darker, edge = upsample_crop(coarse, window, small, self.size, box).split([3, 3, 1], 1)
        on_light, on_dark = _sides(content, edge)
        return painted - lighter.mul_(on_light).addcmul_(darker, on_dark)

    @staticmethod
    def _mixed(cells: Tensor, window: Box, shares: Tensor) -> Tensor:
        """[2, 3, h, w]: of values of cells, [1, 2 * K * 3, rows, columns], those for each place in `window`, of which
        the K have `shares` [1, K, h, w]."""
        around = window.downscaled(CELL).expanded(1, cells.shape[2], cells.shape[3])
        spread = interpolate(around.crop(cells).to(shares), scale_factor=CELL, mode="bilinear")
        spread = window.crop(spread, Box(*(CELL * end for end in around)))
        spread = spread.reshape(2, shares.shape[1], 3, *shares.shape[2:])
        mixed = spread[:, 0].mul_(shares[:, 0])
        for number in range(1, shares.shape[1]):
            mixed.addcmul_(spread[:, number], shares[:, number])
        return mixed

    def _basis(self, small: Tensor, place: Box) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        return _decays(place.crop(self.away).to(small)), _sides(small, place.crop(self.edge).to(small))


def _decays(away: Tensor) -> Tensor:
    """[1, len(DECAY_LENGTHS), h, w]: how much of a ring is left so far away from an edge."""
    away = away.clamp_min(0)
    return torch.cat([torch.exp(-2 * away / reach) for reach in DECAY_LENGTHS], 1)


def _sides(content: Tensor, edge: Tensor) -> tuple[Tensor, Tensor]:
    """How far each place lies on the lighter (0 to 1) and on the darker side (-1 to 0) of its nearest edge."""
    side = torch.tanh((content.mean(1, keepdim=True) - edge) * SHARPNESS)
    return side.clamp_min(0), side.clamp_max(0)


def _normal_equations(known: Tensor, painted: Tensor, flat: Tensor) -> Tensor:
    """[rows, columns, K, K + 3]: products of `known` [1, K, h, w] with itself and with `painted` [1, 3, h, w], summed
    over the flat places of each cell."""
    cells = _cells(torch.cat([known, painted], 1) * (flat > 0.5))
    return cells[..., : known.shape[1]].transpose(2, 3) @ cells


def _cells(maps: Tensor) -> Tensor:
    """[rows, columns, CELL * CELL, C]: the places of each cell of maps [1, C, h, w]; beyond their ends 0."""
    maps = pad(maps, (0, -maps.shape[3] % CELL, 0, -maps.shape[2] % CELL))[0]
    channels, height, width = maps.shape
    return maps.reshape(channels, height // CELL, CELL, width // CELL, CELL).permute(1, 3, 2, 4, 0).flatten(2, 3)


def _bands(away: Tensor) -> Tensor:
    """[1, len(BANDS) - 1, h, w]: how much of each band a place is that lies so far away from an edge; 1 in all, up to
    the last but one."""
    shares = []
    for number, middle in enumerate(BANDS[:-1]):
        share = (BANDS[number + 1] - away) / (BANDS[number + 1] - middle)
        if number:
            share = torch.minimum(share, (away - BANDS[number - 1]) / (middle - BANDS[number - 1]))
        shares.append(share.clamp(0, 1))
    return torch.cat(shares, 1)


def _offsets(sums: Tensor, fitted: Tensor, above: int) -> Tensor:
    """[rows, columns, 2, bands, 3]: by what each band along an edge is lighter, on either side, than what lies further
    away on that side; what the content itself or a wide ring accounts for, as `fitted`, is no part of it.

    sums   of the cells: for each side and band, and for what is further away, the products of its weights with 1, the
           content, what was painted, and what rings were made of; they begin `above` rows before `fitted`
    """
    half = BAND_WINDOW // 2
    around = pad(sums.flatten(2).permute(2, 0, 1)[None], (half, half, half, half))
    means = avg_pool2d(around, BAND_WINDOW, stride=1)[0].permute(1, 2, 0).reshape(sums.shape)
    means = means[above : above + len(fitted)]
    weight = means[..., :1]
    known = torch.cat([means[..., 1:4], means[..., 7:]], -1)
    left = (means[..., 4:7] - known @ fitted[:, :, 1:]) / weight.clamp_min(1e-6)
    left, weight = (part.unflatten(2, (2, len(BANDS))) for part in (left, weight))
    share = weight / CELL**2
    sure = share[..., :-1, :] / (share[..., :-1, :] + BAND_DOUBT)
    sure = sure * share[..., -1:, :] / (share[..., -1:, :] + REFERENCE_DOUBT)
    offsets = sure * (left[..., :-1, :] - left[..., -1:, :])
    return offsets * torch.tensor([1.0, -1.0])[:, None, None]  # of the darker side, whose share is negative


def _solve(sums: Tensor, total: Tensor) -> Tensor:
    """[rows, columns, K, 3]: for each cell how what is painted is made of what is known in the flat places around.

    Least squares, drawn towards the solution for the whole picture, whose sums are `total` [K, K + 3].
    """
    count = sums.shape[2]
    half = CELL_WINDOW // 2
    flattened = pad(sums.flatten(2).permute(2, 0, 1)[None], (half,) * 4)
    around = avg_pool2d(flattened, CELL_WINDOW, stride=1) * CELL_WINDOW**2
    sums = around[0].permute(1, 2, 0).reshape(sums.shape)
    ridge = torch.full((count,), RIDGE)
    ridge[0] = RIDGE / 200
    total, sums = (part / part[..., :1, :1].clamp_min(1) for part in (total, sums))
    whole = torch.linalg.solve(total[:, :count] + 1e-3 * torch.eye(count), total[:, count:])
    return torch.linalg.solve(sums[..., :count] + torch.diag(ridge), sums[..., count:] + ridge[:, None] * whole)


def _nearest_edge(edges: "np.ndarray", levels: "np.ndarray") -> "tuple[np.ndarray, np.ndarray] | None":
    """Places to the nearest of `edges` and how light the picture is there, 0 to 1; None if there is none.

    All are arrays [h, w]; `levels` are grey levels. Within an edge, places are less than 0, down to its middle.
    """
    import cv2
    import numpy as np

    if not edges.any():
        return None
    free = (~edges).astype(np.uint8)
    away, labels = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    labels = cast("np.ndarray", labels)  # of whole numbers, which its stubs do not say
    by_label = np.zeros(labels.max() + 1, np.float32)
    by_label[labels[edges]] = cv2.blur(levels, (EDGE_BLUR, EDGE_BLUR))[edges] / 255
    inside = cv2.distanceTransform(edges.astype(np.uint8), cv2.DIST_L2, 5)
    return away - inside, by_label[labels]
