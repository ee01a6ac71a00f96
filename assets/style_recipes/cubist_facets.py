"""Cubist facets: a still life seen through shifting planes, each brushed light to dark from one of its edges."""

import cv2
import numpy as np

from .colour import over, palette, ramp, rgb, saturate, smoothstep
from .noise import fbm, grain
from .shapes import bezier, disc, fill, plane, shrink, spline, stroke
from .surface import linen, relief

TITLE_EN = "Cubist facets: guitar, bottle and pears"
TITLE_ZH = "立体主义:吉他、酒瓶与梨"
METHOD = "recursive line cuts, one shifted view per plane, edge-graded hatching on canvas"


def still_life(size: int) -> tuple[np.ndarray, np.ndarray]:
    """The things on the table, flat, and their drawn lines (size, size)."""
    x, y = plane(size)
    picture = ramp(y + 0.25 * x, [(0, "#2f5a66"), (0.35, "#6d8a80"), (0.7, "#b79a6a"), (1, "#6a4a34")])
    stripes = smoothstep(0.55, 0.65, np.sin((x + 0.15 * y) * 60))
    picture = over(picture, rgb("#3c6a78"), 0.5 * stripes * (y < 0.5))
    ink = np.zeros((size, size), np.float32)

    def put(colour, *polygons, edge: float = 0.007) -> None:
        nonlocal picture, ink
        mask = fill(size, polygons)
        rims = fill(size, [stroke(np.concatenate([p, p[:1]]), edge) for p in polygons])
        picture = over(picture, colour, mask)
        ink = np.maximum(ink * (1 - mask), rims)

    put(rgb("#8a4f2c"), np.array([(-0.1, 0.70), (1.1, 0.62), (1.1, 1.1), (-0.1, 1.1)]))
    put(rgb("#e8dcc0"), np.array([(0.05, 0.72), (0.60, 0.66), (0.74, 0.92), (0.12, 0.99)]))
    put(rgb("#d8c7a0"), np.array([(0.05, 0.86), (0.30, 0.80), (0.36, 0.95), (0.10, 1.0)]))
    body = spline(
        [
            (0.50, 0.33),
            (0.60, 0.31),
            (0.68, 0.36),
            (0.665, 0.44),
            (0.66, 0.49),
            (0.735, 0.55),
            (0.755, 0.66),
            (0.68, 0.755),
            (0.55, 0.765),
            (0.45, 0.70),
            (0.43, 0.60),
            (0.48, 0.52),
            (0.47, 0.46),
            (0.43, 0.41),
        ],
        closed=True,
    )
    put(rgb("#c9772e"), body, edge=0.010)
    put(
        ramp(y * 1.2 + x * 0.3, [(0, "#f0b85a"), (1, "#b5602a")]),
        (body - (0.585, 0.55)) * 0.88 + (0.585, 0.55),
        edge=0.004,
    )
    put(rgb("#20160f"), disc(0.595, 0.525, 0.056))
    put(rgb("#4a2a1a"), np.array([(0.535, 0.07), (0.575, 0.06), (0.615, 0.50), (0.575, 0.505)]))
    put(
        rgb("#2f1b12"),
        np.array([(0.51, -0.01), (0.585, -0.03), (0.59, 0.075), (0.525, 0.085)]),
        np.array([(0.55, 0.655), (0.665, 0.645), (0.668, 0.675), (0.553, 0.685)]),
    )
    for k in range(6):
        ink = np.maximum(
            ink, fill(size, [stroke(np.array([(0.542 + 0.006 * k, 0.03), (0.568 + 0.015 * k, 0.665)]), 0.0028)]) * 0.9
        )
    bottle = spline(
        [
            (0.235, 0.10),
            (0.290, 0.10),
            (0.292, 0.24),
            (0.30, 0.31),
            (0.355, 0.40),
            (0.365, 0.52),
            (0.36, 0.79),
            (0.17, 0.80),
            (0.165, 0.52),
            (0.175, 0.40),
            (0.228, 0.31),
            (0.232, 0.24),
        ],
        closed=True,
        steps=10,
    )
    put(
        ramp((x - 0.16) * 5, [(0, "#0e3f3c"), (0.35, "#2f8a6a"), (0.5, "#9fd0a0"), (0.62, "#1f6a58"), (1, "#0a2c30")]),
        bottle,
        edge=0.009,
    )
    put(rgb("#efe3c2"), np.array([(0.168, 0.52), (0.363, 0.51), (0.362, 0.68), (0.168, 0.69)]))
    put(rgb("#b3372a"), np.array([(0.19, 0.545), (0.34, 0.54), (0.34, 0.58), (0.19, 0.588)]), disc(0.265, 0.635, 0.028))
    put(rgb("#7a1f1f"), np.array([(0.232, 0.06), (0.293, 0.06), (0.293, 0.15), (0.232, 0.15)]))
    for px, py, s, lean, tones in (
        (0.43, 0.855, 1.0, 0.2, ("#f3d65a", "#8a9a2a")),
        (0.80, 0.80, 1.1, -0.25, ("#f0a83a", "#a5341f")),
        (0.60, 0.905, 0.85, 0.9, ("#dfe07a", "#5f8a2f")),
    ):
        pear = (
            np.array(
                [
                    (0, -0.125),
                    (0.035, -0.105),
                    (0.045, -0.055),
                    (0.085, 0.0),
                    (0.08, 0.062),
                    (0.03, 0.09),
                    (-0.03, 0.09),
                    (-0.08, 0.062),
                    (-0.085, 0.0),
                    (-0.045, -0.055),
                    (-0.035, -0.105),
                ]
            )
            * s
        )
        c, sn = np.cos(lean), np.sin(lean)
        pear = spline(pear @ np.array([[c, sn], [-sn, c]]) + (px, py), closed=True)
        put(
            ramp(np.hypot(x - px + 0.03, y - py + 0.03) / (0.12 * s), [(0, "#fff2b0"), (0.3, tones[0]), (1, tones[1])]),
            pear,
            edge=0.008,
        )
        ink = np.maximum(
            ink,
            fill(
                size,
                [
                    stroke(
                        bezier(
                            tuple(pear[0]),
                            (pear[0][0] + 0.01, pear[0][1] - 0.03),
                            (pear[0][0] + 0.03, pear[0][1] - 0.05),
                            steps=10,
                        ),
                        0.008,
                    )
                ],
            ),
        )
    glass = np.array(
        [
            (0.80, 0.36),
            (0.945, 0.35),
            (0.915, 0.52),
            (0.885, 0.545),
            (0.885, 0.65),
            (0.93, 0.675),
            (0.82, 0.685),
            (0.865, 0.655),
            (0.86, 0.545),
            (0.825, 0.52),
        ]
    )
    put(over(picture, rgb("#cfe6e6"), 0.62), glass, edge=0.006)
    put(
        rgb("#8f1f3a"),
        np.array([(0.812, 0.42), (0.933, 0.415), (0.915, 0.515), (0.885, 0.54), (0.86, 0.54), (0.828, 0.515)]),
        edge=0.004,
    )
    for k in range(5):
        ink = np.maximum(
            ink,
            0.75
            * fill(
                size,
                [
                    stroke(
                        np.array([(0.10 + 0.004 * k, 0.885 + 0.018 * k), (0.28 + 0.006 * k, 0.845 + 0.018 * k)]), 0.0028
                    )
                ],
            ),
        )
    return picture, ink


def cut(rng: np.random.Generator) -> list[np.ndarray]:
    """The square cut again and again across its larger pieces: convex polygons."""
    pieces = [np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)]
    while len(pieces) < 64:
        areas = [0.5 * abs(np.sum(p[:, 0] * np.roll(p[:, 1], -1) - p[:, 1] * np.roll(p[:, 0], -1))) for p in pieces]
        polygon = pieces.pop(int(np.argmax(np.array(areas) * rng.uniform(0.5, 1.0, len(areas)))))
        middle = polygon.mean(0) + rng.normal(0, 0.02, 2)
        angle = rng.choice((0.35, 1.15, 2.0, 2.75)) + rng.normal(0, 0.14)
        side = (polygon - middle) @ np.array([-np.sin(angle), np.cos(angle)])
        halves: tuple[list, list] = ([], [])
        for k in range(len(polygon)):
            a, b, sa, sb = polygon[k], polygon[(k + 1) % len(polygon)], side[k], side[(k + 1) % len(polygon)]
            halves[int(sa < 0)].append(a)
            if sa * sb < 0:
                cross = a + (b - a) * sa / (sa - sb)
                halves[0].append(cross)
                halves[1].append(cross)
        pieces += [np.array(half) for half in halves if len(half) > 2]
    return pieces


def render(size: int) -> np.ndarray:
    large = size * 2
    base, ink = still_life(large)
    rng = np.random.default_rng(21)
    x, y = plane(large)
    rows, columns = np.mgrid[0:large, 0:large].astype(np.float32)
    picture, drawn = base.copy(), ink.copy()
    edges = np.zeros((large, large), np.float32)
    tints = palette("#d9b26a", "#7fa0a0", "#e6d3a8", "#3f5a6a", "#b3683a", "#9aa888", "#f0e2c0", "#5a3f3a")
    bristle = fbm(large, (120, 5), 31, 3)
    for polygon in cut(rng):
        mask = fill(large, [polygon])
        box = np.argwhere(mask > 0)
        if not len(box):
            continue
        top, left = box.min(0)
        low, right = box.max(0) + 1
        window = (slice(top, low), slice(left, right))
        angle, zoom = rng.normal(0, 0.10), 1 + rng.normal(0, 0.10)
        centre, shift = polygon.mean(0) * large, rng.normal(0, 0.022, 2) * large
        dx, dy = columns[window] - centre[0], rows[window] - centre[1]
        c, s = np.cos(angle) / zoom, np.sin(angle) / zoom
        mx, my = c * dx - s * dy + centre[0] + shift[0], s * dx + c * dy + centre[1] + shift[1]
        mx, my = mx.astype(np.float32), my.astype(np.float32)
        view = cv2.remap(base, mx, my, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        lines = cv2.remap(ink, mx, my, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        k = int(rng.integers(len(polygon)))
        a, b = polygon[k], polygon[(k + 1) % len(polygon)]
        normal = np.array([-(b - a)[1], (b - a)[0]])
        normal /= np.linalg.norm(normal)
        if (polygon.mean(0) - a) @ normal < 0:
            normal = -normal
        far = (x[window] - a[0]) * normal[0] + (y[window] - a[1]) * normal[1]
        reach = max(((polygon - a) @ normal).max(), 1e-3)
        t = far / reach
        turn = cv2.getRotationMatrix2D(
            (large / 2, large / 2), float(np.degrees(np.arctan2(-normal[1], normal[0]))), 1.0
        )
        hatch = cv2.warpAffine(bristle, turn, (large, large), borderMode=cv2.BORDER_REFLECT)[window]
        view = over(view, tints[rng.integers(len(tints))], 0.16 + 0.20 * rng.random())
        view = view * (1 + rng.choice((-1, 1), p=(0.4, 0.6)) * (0.75 * (t - 0.45)) + 0.26 * (hatch - 0.5))[..., None]
        m = mask[window]
        picture[window] = over(picture[window], view, m)
        drawn[window] = drawn[window] * (1 - m) + lines * m
        edges[window] = np.maximum(
            edges[window] * 0.999, fill(large, [stroke(np.array([a, b]), 0.0055)])[window] * rng.uniform(0.5, 0.95)
        )
    for _ in range(9):  # long construction lines and arcs across the planes
        a, b = rng.random(2), rng.random(2)
        bow = (a + b) / 2 + rng.normal(0, 0.06, 2)
        edges = np.maximum(edges, 0.55 * fill(large, [stroke(bezier(tuple(a), tuple(bow), tuple(b)), 0.0032)]))
    worn = 0.55 + 0.45 * smoothstep(0.30, 0.52, fbm(large, 100, 33, 3))
    picture = over(picture, rgb("#1d1512"), np.maximum(drawn * 0.85, edges * 0.85) * worn)
    unit = large / 1536
    strokes = fbm(large, (170, 26), 41, 3) * smoothstep(0.4, 0.6, fbm(large, 7, 43)) + fbm(
        large, (26, 170), 42, 3
    ) * smoothstep(0.6, 0.4, fbm(large, 7, 43))
    light = relief(strokes + 0.12 * linen(large, 44) + 0.02 * grain(large, 45, 1.5 * unit), 22 * unit)
    return shrink(saturate(np.clip(picture * (1 + 0.13 * light)[..., None], 0, 1), 1.25), size)
