"""Low poly: a Delaunay mesh drawn tight along edges and loose in calm places, each facet lit and graded."""

import cv2
import numpy as np
from scipy.spatial import Delaunay

from .colour import over, ramp, rgb, saturate, smoothstep
from .noise import fbm, grain, line
from .shapes import below, disc, fill, pixels, plane, shrink

TITLE_EN = "Low poly: alpine lake at dusk"
TITLE_ZH = "低多边形:黄昏的高山湖"
METHOD = "edge-weighted Delaunay triangulation, facet lighting and inner gradients"

SHORE = 0.62


def scene(size: int) -> np.ndarray:
    x, y = plane(size)
    axis = np.linspace(0, 1, 400)
    sky = ramp(
        y / SHORE + 0.12 * (x - 0.5),
        [(0, "#1b1450"), (0.28, "#5a2a86"), (0.5, "#c23f82"), (0.7, "#ff7a59"), (0.88, "#ffc46b"), (1, "#ffe9a8")],
    )
    far = np.hypot(x - 0.62, y - 0.43)
    sky = over(sky, rgb("#ffe08a"), 0.75 * np.exp(-((far / 0.2) ** 2)))
    picture = over(sky, rgb("#fff6d0"), fill(size, [disc(0.62, 0.43, 0.068)]))
    ranges = (
        (
            [
                (0, 0.44),
                (0.12, 0.37),
                (0.2, 0.42),
                (0.33, 0.33),
                (0.46, 0.45),
                (0.6, 0.50),
                (0.74, 0.42),
                (0.86, 0.34),
                (1, 0.43),
            ],
            "#a0467f",
            "#6b3a86",
            0.02,
        ),
        (
            [
                (0, 0.33),
                (0.08, 0.29),
                (0.16, 0.36),
                (0.29, 0.14),
                (0.36, 0.25),
                (0.41, 0.22),
                (0.54, 0.50),
                (0.64, 0.56),
                (0.78, 0.44),
                (0.88, 0.33),
                (0.94, 0.37),
                (1, 0.29),
            ],
            "#4a4aa8",
            "#241d5e",
            0.012,
        ),
        (
            [(0, 0.52), (0.1, 0.48), (0.24, 0.57), (0.4, 0.60), (0.6, 0.605), (0.8, 0.56), (0.93, 0.49), (1, 0.50)],
            "#1f6f78",
            "#12324f",
            0.008,
        ),
    )
    for k, (points, light, dark, rough) in enumerate(ranges):
        px, py = np.array(points).T
        ridge = np.interp(axis, px, py) + rough * line(axis, 16, 40 + k, 3)
        top = np.interp(x[0], axis, ridge)[None]
        mask = below(size, ridge)
        fold = x + 0.9 * (y - top) * (fbm(size, 5, 90 + k) - 0.5) + 0.05 * np.sin((y - top) * 26 + 9 * x)
        slope = np.interp(fold, axis, np.gradient(cv2.GaussianBlur(ridge[None], (0, 0), 5)[0], axis))
        warm = smoothstep(-0.6, 1.2, slope + 3.0 * (fbm(size, 8, 60 + k) - 0.5))
        rock = over(
            ramp(1.2 * fbm(size, 7, 50 + k) - 0.1, [(0, dark), (1, light)]),
            rgb("#ff9a6b"),
            (0.22, 0.55, 0.35)[k] * warm,
        )
        if k == 1:
            snow = smoothstep(0.10, 0.03, y - top + 0.10 * (fbm(size, 16, 70) - 0.3)) * smoothstep(0.42, 0.34, y)
            rock = over(rock, over(np.broadcast_to(rgb("#9fb2ef"), rock.shape), rgb("#fff0e2"), warm), 0.95 * snow)
        picture = over(picture, rock, mask)
    cut = int(SHORE * size)
    mirror = picture[:cut][::-1]
    lake = np.concatenate([picture[:cut], mirror])[:size]
    lake = np.pad(lake, ((0, size - len(lake)), (0, 0), (0, 0)), "edge")
    lake = over(lake, rgb("#123a7a"), 0.28 + 0.4 * smoothstep(SHORE, 1, y))
    lake = over(
        lake,
        rgb("#ffd27a"),
        0.75
        * np.exp(-(((x - 0.62) / (0.03 + 0.12 * (y - SHORE))) ** 2))
        * smoothstep(0.4, 0.6, fbm(size, (5, 40), 80, 3)),
    )
    picture = over(picture, lake, (y > SHORE).astype(np.float32))
    bank = below(
        size,
        0.985
        - 0.20 * np.clip(1 - axis / 0.62, 0, 1) ** 1.3
        - 0.13 * np.clip((axis - 0.72) / 0.28, 0, 1) ** 1.3
        + 0.02 * line(axis, 9, 81),
    )
    picture = over(
        picture, ramp(fbm(size, 10, 82), [(0, "#0d1b33"), (0.5, "#1c4a4a"), (0.8, "#3f7f4f"), (1, "#d98a4a")]), bank
    )
    for px, foot, tall in (
        (0.05, 0.90, 0.42),
        (0.135, 0.92, 0.34),
        (0.215, 0.94, 0.24),
        (0.95, 0.94, 0.38),
        (0.875, 0.96, 0.27),
        (0.80, 0.975, 0.17),
    ):
        for t in np.linspace(0, 0.84, 7):
            half, base = tall * 0.21 * (1 - t * 0.92), foot - tall * t
            tier = [np.array([(px - half, base), (px + half, base), (px, base - tall * 0.27)])]
            tone = ramp((x - px) / (tall * 0.42) + 0.5 + 0.2 * t, [(0, "#0b2238"), (0.5, "#145a52"), (1, "#57a05a")])
            picture = over(picture, tone, fill(size, tier))
    return saturate(picture, 1.1)


def render(size: int) -> np.ndarray:
    work, large = 768, size * 2
    picture = scene(work)
    rng = np.random.default_rng(7)
    soft = cv2.GaussianBlur(picture, (0, 0), 2.2)
    steep = sum(cv2.Sobel(soft, cv2.CV_32F, *d, ksize=3) ** 2 for d in ((1, 0), (0, 1))).sum(-1) ** 0.5
    wanted = cv2.GaussianBlur(np.minimum(steep / np.quantile(steep, 0.97), 1), (0, 0), 2.0)
    chance = (0.022 + wanted**1.1).ravel()
    picks = rng.choice(work * work, 6500, replace=False, p=chance / chance.sum())
    spots = np.stack([picks % work, picks // work], 1) + rng.random((len(picks), 2))
    taken, points = np.zeros((work, work), np.uint8), []
    for px, py in spots:  # keep apart: a facet must be large enough to be seen
        if not taken[int(py), int(px)]:
            points.append((px / work, py / work))
            reach = int(7 + 15 * (1 - wanted[int(py), int(px)]) ** 2)
            cv2.circle(taken, (int(px), int(py)), reach, 1, -1)
    side = np.linspace(0, 1, 15)
    frame = [np.stack([side, np.full(15, edge)], 1) for edge in (-0.01, 1.01)] + [
        np.stack([np.full(15, edge), side], 1) for edge in (-0.01, 1.01)
    ]
    points = np.array(points)
    points = points[np.abs(np.hypot(points[:, 0] - 0.62, points[:, 1] - 0.43) - 0.068) > 0.014]
    corners = np.concatenate([points, disc(0.62, 0.43, 0.069, 15), disc(0.62, 0.43, 0.098, 13), *frame])
    mesh = Delaunay(corners).simplices
    centre = corners[mesh].mean(1)
    colours = np.zeros((len(mesh), 3), np.float32)
    for weights in ((1, 1, 1), (3, 1, 1), (1, 3, 1), (1, 1, 3)):
        at = np.einsum("nij,i->nj", corners[mesh], np.array(weights) / sum(weights))
        cell = np.clip((at * work).astype(int), 0, work - 1)
        colours += picture[cell[:, 1], cell[:, 0]] / 4
    heights = rng.normal(0, 0.02, len(corners))
    a, b, c = (np.concatenate([corners[mesh[:, k]], heights[mesh[:, k], None]], 1) for k in range(3))
    normal = np.cross(b - a, c - a)
    normal *= np.sign(normal[:, 2:]) / np.linalg.norm(normal, axis=1, keepdims=True)
    lit = normal @ (np.array([0.55, -0.55, 0.63]))
    colours = colours * (1 + 0.34 * (lit - lit.mean()))[:, None] + 0.05 * np.clip(lit - 0.75, 0, 1)[:, None]
    labels = np.zeros((large, large), np.int32)
    seams = np.zeros((large, large), np.uint8)
    for k, triangle in enumerate(mesh):
        cv2.fillConvexPoly(labels, pixels(corners[triangle], large), k, cv2.LINE_8, 5)
    for triangle in mesh:
        cv2.polylines(seams, [pixels(corners[triangle], large)], True, 255, 1, cv2.LINE_AA, 5)
    x, y = plane(large)
    slope = rng.normal(0, 1, (len(mesh), 2)) + (0.9, -0.9)
    slope /= np.linalg.norm(slope, axis=1, keepdims=True)
    width = np.ptp(corners[mesh], axis=1).max(1) + 0.01
    inner = (
        (x - centre[:, 0][labels]) * slope[:, 0][labels] + (y - centre[:, 1][labels]) * slope[:, 1][labels]
    ) / width[labels]
    facets = colours[labels] * (1 + 0.24 * inner[..., None])
    facets = over(facets, np.clip(facets * 1.5 + 0.06, 0, 1), seams.astype(np.float32) / 255 * 0.42)
    return shrink(np.clip(facets * (1 + 0.012 * grain(large, 9, 1.5 * large / 1536))[..., None], 0, 1), size)
