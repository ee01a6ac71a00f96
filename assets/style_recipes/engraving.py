"""Copper engraving: swelling lines and cross-hatching wrap a nautilus, shells and the sea behind them."""

import numpy as np

from .colour import over, ramp, rgb, smoothstep
from .noise import fbm, grain
from .shapes import bezier, fill, plane, shrink, spline, stroke
from .surface import fibres, relief

TITLE_EN = "Engraving: nautilus on the strand"
TITLE_ZH = "铜版画:海滩鹦鹉螺"
METHOD = "form-following hatch and cross-hatch whose lines swell with tone, plate mark and laid paper"


class Plate:
    """Copper: `ink` is 1 where a line was cut. A form replaces what it covers."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.ink = np.zeros((size, size), np.float32)
        self.shake = fbm(size, 26, 2, 4) - 0.5

    def cut(self, mask: np.ndarray, tone: np.ndarray, *phases: np.ndarray) -> None:
        """Engrave `tone` (1 = black) with lines at whole numbers of each phase; later phases join in darker tones."""
        total = np.zeros_like(mask)
        for k, phase in enumerate(phases):
            wave = np.abs(np.mod(phase + 0.16 * self.shake, 1) - 0.5) * 2
            share = np.clip((tone - 0.34 * k) / (1 - 0.30 * k) * (0.92 - 0.15 * k), 0, 0.92)
            total = np.maximum(total, (wave < share) * (share > 0.045))
        self.ink = over(self.ink[..., None], total[..., None], mask)[..., 0]

    def draw(self, *polygons: np.ndarray) -> None:
        self.ink = np.maximum(self.ink, fill(self.size, polygons))


def nautilus(plate: Plate, cx: float, cy: float, scale: float) -> None:
    size = plate.size
    x, y = plane(size)
    growth = np.log(3.05) / (2 * np.pi)
    turn, far = np.arctan2(y - cy, x - cx), np.maximum(np.hypot(x - cx, y - cy) / scale, 1e-5) * 3.05
    end = 0.55  # direction in which the mouth opens
    lap = np.mod(turn - end, 2 * np.pi)
    raw = np.log(far) / growth - lap
    whorl = np.ceil(raw / (2 * np.pi))
    along = lap + whorl * 2 * np.pi  # spiral angle; 0 at the mouth's outer edge, negative towards the middle
    across = 1 + (raw - whorl * 2 * np.pi) / (2 * np.pi)  # 0 at the inner seam, 1 at the outer edge of the whorl
    mask = (whorl <= 0).astype(np.float32)
    bulge = np.sin(np.pi * np.clip(across, 0, 1)) ** 0.8
    facing = 0.5 + 0.5 * np.cos(turn + 2.25)
    tone = 0.90 - 0.62 * bulge * (0.45 + 0.75 * facing)
    flames = smoothstep(
        0.35, 0.75, np.sin(along * 10.5 + 2.2 * np.sin(across * 3.0) + 0.6 * np.sin(along * 3)) * (0.25 + across)
    )
    tone = tone + 0.42 * flames * smoothstep(0.10, 0.5, across) * smoothstep(5.6, 2.4, along)
    ribs = along * 34 / (2 * np.pi) * 3.2 + 3.4 * (across - 0.5) ** 2 * 2
    plate.cut(mask, np.clip(tone, 0.08, 1.0), ribs * 1.15, across * 15 + 0.5, ribs * 0.6 + across * 9)
    foot, rim = (np.array([cx + r * np.cos(end), cy + r * np.sin(end)]) for r in (scale / 3.05, scale))
    bow = (foot + rim) / 2 + 0.30 * scale * np.array([-np.sin(end), np.cos(end)])
    lip = bezier(tuple(rim), tuple(bow + 0.16 * (rim - foot)), tuple(bow - 0.28 * (rim - foot)), tuple(foot))
    mouth = fill(size, [lip])
    depth = (x - foot[0]) * -np.sin(end) + (y - foot[1]) * np.cos(end)
    plate.cut(
        mouth, 0.95 - 3.2 * depth / scale, ((x - foot[0]) * np.cos(end) + (y - foot[1]) * np.sin(end)) * 75, depth * 110
    )
    plate.draw(stroke(lip, 0.0075))
    theta = np.linspace(-7 * np.pi, 2 * np.pi, 900)
    reach = scale * np.exp(growth * (theta - 2 * np.pi))
    curve = np.stack([cx + reach * np.cos(theta + end), cy + reach * np.sin(theta + end)], 1)
    plate.draw(stroke(curve, 0.0062 * np.clip(reach / (0.5 * scale), 0.12, 1.0)))


def render(size: int) -> np.ndarray:
    large = size * 2
    plate = Plate(large)
    x, y = plane(large)
    full = np.ones((large, large), np.float32)
    cloud = fbm(large, (3, 5), 5, 5)
    heaps = smoothstep(0.45, 0.72, cloud) * smoothstep(0.50, 0.36, y)
    sky = 0.62 - 0.55 * y - 0.52 * heaps + 0.22 * smoothstep(0.5, 0.8, fbm(large, (5, 9), 6))
    plate.cut(full, np.clip(sky, 0.05, 0.8), (y + 0.012 * np.sin(x * 7) + 0.018 * cloud) * 105, (y * 0.7 + x) * 78)
    horizon = 0.475
    plate.cut(
        smoothstep(horizon - 0.001, horizon + 0.001, y),
        np.clip(
            0.30 + 0.5 * np.sin(np.clip(y - horizon, 0, 1) ** 0.62 * 75 + 2.2 * fbm(large, (5, 20), 7)) * 0.6 + 0.15,
            0.06,
            0.9,
        ),
        (np.clip(y - horizon, 0, 1) ** 0.80 + 0.004 * np.sin(x * 60 + 70 * y)) * 120,
    )
    cliff = spline(
        [
            (-0.05, 0.20),
            (0.05, 0.185),
            (0.10, 0.215),
            (0.155, 0.22),
            (0.18, 0.29),
            (0.225, 0.33),
            (0.235, 0.40),
            (0.285, 0.435),
            (0.31, 0.49),
            (-0.05, 0.50),
        ],
        closed=True,
    )
    crag = fbm(large, (9, 4), 9, 5)
    plate.cut(
        fill(large, [cliff]),
        np.clip(0.30 + 1.5 * (crag - 0.42) + 0.9 * (0.15 - x) * 0.5, 0.06, 1),
        (x * 0.9 + y * 0.25 + 0.05 * crag) * 150,
        (y + 0.3 * x) * 110,
    )
    plate.draw(stroke(np.concatenate([cliff, cliff[:1]]), 0.0042))
    ship = [
        np.array([(0.735, 0.462), (0.862, 0.458), (0.842, 0.486), (0.755, 0.487)]),
        stroke(np.array([(0.775, 0.46), (0.777, 0.335)]), 0.0035),
        stroke(np.array([(0.82, 0.46), (0.822, 0.35)]), 0.0035),
        stroke(np.array([(0.86, 0.46), (0.895, 0.44)]), 0.003),
    ]
    for mx, top in ((0.777, 0.345), (0.822, 0.36)):
        for k in range(3):
            sail_y, half = top + 0.036 * k, 0.016 + 0.004 * k
            sail = np.array(
                [
                    (mx - half, sail_y),
                    (mx + half, sail_y),
                    (mx + half + 0.006, sail_y + 0.031),
                    (mx - half + 0.006, sail_y + 0.031),
                ]
            )
            plate.cut(fill(large, [sail]), 0.15 + 0.6 * smoothstep(mx, mx + 0.02, x), (x + 0.4 * y) * 190)
            plate.draw(stroke(np.concatenate([sail, sail[:1]]), 0.0028))
    plate.draw(*ship)
    axis = np.linspace(-0.05, 1.05, 120)
    foam = np.stack([axis, 0.675 + 0.022 * np.sin(axis * 7) + 0.010 * np.sin(axis * 23)], 1)
    strand = np.concatenate([foam, [(1.1, 1.1), (-0.1, 1.1)]])
    depth = np.clip(y - 0.665, 0, 1)
    dune = fbm(large, (4, 9), 11, 4)
    plate.cut(fill(large, [stroke(foam, 0.030)]), np.full_like(x, 0.06), y * 60)
    plate.cut(
        fill(large, [strand]),
        np.clip(0.16 + 0.95 * (dune - 0.42) + 0.5 * depth, 0.05, 0.85),
        (y + 0.035 * dune + 0.010 * np.sin(x * 12)) * 92,
        (x + 0.5 * y) * 80,
    )
    shadow = fill(
        large,
        [
            spline(
                [(0.27, 0.86), (0.50, 0.82), (0.80, 0.80), (1.02, 0.825), (0.90, 0.885), (0.60, 0.925), (0.36, 0.915)],
                closed=True,
            )
        ],
    )
    plate.cut(shadow, np.full_like(x, 0.92), (y + 0.02 * dune) * 105, (x + 0.4 * y) * 95, (x - 0.6 * y) * 90)
    nautilus(plate, 0.475, 0.595, 0.335)
    for cx, cy, r, lean in ((0.835, 0.855, 0.098, -0.3), (0.155, 0.855, 0.088, 0.35)):  # scallops
        rim = np.linspace(-np.pi * 0.93, -np.pi * 0.07, 120)
        wavy = r * (1 + 0.035 * np.abs(np.cos(rim * 12)))
        shell = np.concatenate(
            [
                [(cx, cy + 0.55 * r)],
                np.stack([cx + wavy * np.cos(rim + lean), cy + 0.1 * r + wavy * np.sin(rim + lean)], 1),
            ]
        )
        angle = np.arctan2(y - cy - 0.55 * r, x - cx) - lean
        reach = np.hypot(x - cx, y - cy - 0.55 * r) / r
        fold = 0.5 + 0.5 * np.cos(angle * 26)
        plate.cut(
            fill(large, [shell]),
            np.clip(0.80 - 0.62 * fold + 0.22 * np.sin(reach * 17) + 0.25 * np.cos(angle + 0.6), 0.05, 1),
            reach * 27,
            angle * 24,
        )
        plate.draw(stroke(np.concatenate([shell, shell[:1]]), 0.0052))
    star_x, star_y = 0.325, 0.893
    turn = np.linspace(0, 2 * np.pi, 121)
    arm = 0.066 * (0.36 + 0.64 * np.clip(0.5 + 0.5 * np.cos(5 * turn), 0, 1) ** 1.4)
    star = np.stack([star_x + arm * np.cos(turn + 0.3) * 1.15, star_y + arm * np.sin(turn + 0.3) * 0.75], 1)
    sx, sy = (x - star_x) / 1.15, (y - star_y) / 0.75
    reach = np.hypot(sx, sy) / 0.066
    folds = np.mod(np.arctan2(sy, sx) - 0.3, 2 * np.pi / 5) / (2 * np.pi / 5)
    plate.cut(fill(large, [star]), 0.22 + 0.62 * np.abs(folds - 0.5), reach * 14, (sx + sy) * 200)
    plate.draw(stroke(star, 0.0042))
    gulls = []
    for gx, gy, wing in ((0.46, 0.13, 0.045), (0.55, 0.19, 0.032), (0.37, 0.205, 0.026), (0.66, 0.115, 0.028)):
        thin = 0.0105 * (wing / 0.04) * np.sin(np.pi * np.linspace(0.04, 0.96, 20))
        gulls += [
            stroke(
                bezier(
                    (gx - wing, gy - 0.15 * wing), (gx - 0.5 * wing, gy - 0.75 * wing), (gx, gy + 0.1 * wing), steps=20
                ),
                thin,
            ),
            stroke(
                bezier(
                    (gx, gy + 0.1 * wing), (gx + 0.5 * wing, gy - 0.8 * wing), (gx + wing, gy - 0.3 * wing), steps=20
                ),
                thin,
            ),
        ]
    halo = fill(large, [stroke(np.concatenate([g, g[:1]]), 0.006) for g in gulls])
    plate.ink = plate.ink * (1 - halo)
    plate.draw(*gulls)
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    frame = smoothstep(0.0515, 0.0525, edge)
    lines = smoothstep(0.0018, 0.0010, np.abs(edge - 0.0465)) + smoothstep(0.0010, 0.0004, np.abs(edge - 0.0415))
    ink = plate.ink * frame + lines
    unit = large / 1536
    sheet = ramp(fbm(large, 4, 21), [(0, "#e6d5b0"), (0.5, "#f1e5c8"), (1, "#f6eedb")])
    laid = 0.5 + 0.5 * np.sin(y * 2 * np.pi * 150 + 2 * fbm(large, 9, 22))
    sheet = sheet * (0.975 + 0.02 * laid + 0.008 * grain(large, 23, 1.5 * unit))[..., None]
    sheet = over(
        sheet, rgb("#b89a68"), 0.22 * smoothstep(0.62, 0.85, fbm(large, 8, 24)) + 0.30 * fibres(large, 25, 260)
    )
    wiped = 0.10 * smoothstep(0.030, 0.034, edge) * (0.6 + 0.8 * fbm(large, 3, 26))
    press = relief(smoothstep(0.026, 0.034, edge), 14 * unit)
    print_ink = np.clip(ink * (0.86 + 0.22 * fbm(large, 60, 27, 3)), 0, 1)
    picture = over(over(sheet, rgb("#7a4a24"), wiped), rgb("#2b1610"), print_ink * 0.96)
    return shrink(np.clip(picture * (1 + 0.10 * press)[..., None], 0, 1), size)
