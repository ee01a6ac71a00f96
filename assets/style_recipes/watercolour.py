"""Watercolour: many thin, frayed glazes with dark wet edges, granulation in the paper's dimples and blooms."""

import cv2
import numpy as np

from .colour import glaze, palette, rgb, smoothstep
from .noise import fbm, grain, warp
from .shapes import bezier, disc, fill, petal, plane, shrink, stroke, window
from .surface import relief, tooth

TITLE_EN = "Watercolour: poppies and cornflowers"
TITLE_ZH = "水彩:虞美人与矢车菊"
METHOD = "stacked frayed glazes, wet-edge pigment, granulation, back-runs, cold-pressed paper"


class Sheet:
    def __init__(self, size: int) -> None:
        self.size, self.count = size, 0
        self.paint = np.full((size, size, 3), rgb("#fbf7ec"), np.float32)
        self.tooth = tooth(size, 5)
        self.pool = fbm(size, 8, 6, 5)
        self.drift = [(fbm(size, 10, seed, 5) - 0.5) * 2 for seed in range(40, 46)]  # how far the brush's edge frays

    def wash(
        self,
        polygons: list[np.ndarray],
        colour: str,
        amount: float,
        fray: float = 0.006,
        edge: float = 0.5,
        second: str | None = None,
        soft: float = 0.0,
    ) -> None:
        """One touch of the brush: three frayed coats, pigment at the rim; `second` bleeds in where it pools."""
        self.count += 1
        unit = self.size / 1536
        part = window(self.size, polygons, 0.02 + 2 * fray + 3 * soft)
        base = fill(self.size, polygons, part)
        if soft:
            base = cv2.GaussianBlur(base, (0, 0), soft * self.size)
        rows, columns = np.mgrid[0 : base.shape[0], 0 : base.shape[1]].astype(np.float32)
        total = np.zeros_like(base)
        for coat in range(3):
            pull = fray * (0.6 + 0.5 * coat) * self.size
            right, down = (
                self.moved(self.drift[(self.count + coat + k) % 6], 97 + 13 * coat + 41 * k, part) for k in (0, 3)
            )
            frayed = cv2.remap(base, columns + pull * right, rows + pull * down, cv2.INTER_LINEAR)
            body = smoothstep(0.35, 0.65, frayed) if not soft else frayed
            rim = np.clip(body - cv2.GaussianBlur(body, (0, 0), 5.5 * unit), 0, 1) * 2.0
            total += body * 0.30 + edge * rim * 0.42
        density = (
            total * amount * (0.55 + 0.95 * self.moved(self.pool, 131, part)) * (0.82 + 0.42 * (1 - self.tooth[part]))
        )
        if second is None:
            self.paint[part] = glaze(self.paint[part], rgb(colour), density)
            return
        share = smoothstep(0.35, 0.68, self.moved(self.pool, 277, part))
        self.paint[part] = glaze(
            glaze(self.paint[part], rgb(colour), density * (1 - share)), rgb(second), density * share
        )

    def moved(self, field: np.ndarray, step: int, part: tuple[slice, slice]) -> np.ndarray:
        """A part of a noise field, shifted differently for every touch of the brush."""
        shift = self.count * step * self.size // 1152
        return np.roll(field, (shift, shift // 3), (0, 1))[part]

    def lift(self, polygons: list[np.ndarray], share: float) -> None:
        """Take wet paint off again, so that a flower does not show the stalks behind it."""
        part = window(self.size, polygons)
        mask = cv2.GaussianBlur(fill(self.size, polygons, part), (0, 0), self.size / 500) * share
        self.paint[part] += (rgb("#fdf3e2") - self.paint[part]) * mask[..., None]

    def bloom(self, x: float, y: float, radius: float, seed: int) -> None:
        """A back-run: water dropped into a damp wash lifts pigment and leaves a cauliflower rim."""
        ring = warp(fill(self.size, [disc(x, y, radius)]), seed, 0.022, 14, 5)
        ring = cv2.GaussianBlur(ring, (0, 0), self.size / 420)
        lift = smoothstep(0.4, 0.9, cv2.GaussianBlur(ring, (0, 0), self.size / 90))[..., None]
        self.paint = self.paint + (rgb("#fbf7ec") - self.paint) * 0.42 * lift
        rim = np.clip(1 - np.abs(ring - 0.5) * 2.6, 0, 1)
        self.paint = np.where(rim[..., None] > 0, self.paint ** (1 + 0.55 * rim[..., None]), self.paint)


def poppy(sheet: Sheet, rng: np.random.Generator, cx: float, cy: float, r: float, tilt: float) -> None:
    squash = 0.80
    lobes = []
    for k, turn in enumerate((-2.6, -0.55, -1.57, 0.5, 2.65, 1.57)):
        width = rng.uniform(0.95, 1.15)
        lobe = petal(0, 0, turn + tilt + rng.normal(0, 0.12), 1.0, 1.18 * width, 0.70, rng.normal(0, 0.25))
        around = np.linspace(0, 2 * np.pi, len(lobe))
        lobe = lobe * (1 + 0.05 * np.sin(around * 9 + k) + 0.03 * np.sin(around * 17 + 2 * k))[:, None]
        lobes.append(lobe * (r, r * squash) + (cx, cy))
    sheet.lift([*lobes, disc(cx, cy, 0.5 * r)], 0.96)
    for k, lobe in enumerate(lobes):
        sheet.wash(
            [lobe],
            ("#ff5a36", "#f5362f", "#ff7a45")[k % 3],
            rng.uniform(0.42, 0.7),
            0.006,
            1.25,
            ("#e0203f", "#ffa63f")[k % 2],
        )
    folds = [
        stroke(
            bezier(
                (cx + 0.2 * r * np.cos(a), cy + 0.2 * r * squash * np.sin(a)),
                (cx + 0.55 * r * np.cos(a + 0.15), cy + 0.55 * r * squash * np.sin(a + 0.15)),
                (cx + 0.86 * r * np.cos(a), cy + 0.86 * r * squash * np.sin(a)),
                steps=14,
            ),
            0.004 * np.linspace(1.2, 0.1, 14),
        )
        for a in rng.uniform(0, 2 * np.pi, 17)
    ]
    sheet.wash(folds, "#a30d26", 0.75, 0.002, 0.2)
    sheet.wash([disc(cx, cy, 0.24 * r, squash=squash)], "#2b1a3f", 1.7, 0.006, 0.5, "#4a1230")
    dots = [
        disc(cx + 0.36 * r * np.cos(a) * u, cy + 0.36 * r * squash * np.sin(a) * u, 0.0045)
        for a, u in zip(np.linspace(0, 6.28, 22), rng.uniform(0.8, 1.15, 22), strict=True)
    ]
    sheet.wash(dots, "#1f1430", 2.2, 0.001, 0.2)
    sheet.wash([disc(cx, cy - 0.02 * r, 0.09 * r, squash=squash)], "#7f8f2f", 1.2, 0.002, 0.4)


def cornflower(sheet: Sheet, rng: np.random.Generator, cx: float, cy: float, r: float) -> None:
    sheet.lift([disc(cx, cy, r * 0.8)], 0.85)
    for k in range(9):
        a = k * 2 * np.pi / 9 + rng.normal(0, 0.1)
        parts = [petal(cx, cy, a + d, r * rng.uniform(0.85, 1.05), r * 0.24, 0.72) for d in (-0.2, 0, 0.2)]
        sheet.wash(parts, "#4070e8", rng.uniform(0.6, 1.0), 0.003, 0.8, "#7a5fe8")
    sheet.wash([disc(cx, cy, 0.26 * r)], "#3a1f78", 1.5, 0.003, 0.5)


def render(size: int) -> np.ndarray:
    large = round(size * 1.5)
    sheet = Sheet(large)
    rng = np.random.default_rng(19)
    for cx, cy, r, colour, second in (
        (0.25, 0.20, 0.34, "#9cc9e0", "#c8b6e0"),
        (0.78, 0.22, 0.32, "#f6d58a", "#f2b6a0"),
        (0.50, 0.42, 0.36, "#cfe0a8", "#a8d0c8"),
        (0.15, 0.65, 0.28, "#a9cf9a", "#8fc0d0"),
        (0.85, 0.68, 0.30, "#bcd890", "#f0d890"),
        (0.5, 0.90, 0.42, "#86b36a", "#5f9a8a"),
    ):
        sheet.wash([disc(cx, cy, r, squash=0.8)], colour, 0.62, 0.06, 0.25, second, soft=0.02)
        sheet.wash([disc(cx + 0.04, cy - 0.03, r * 0.7, squash=0.8)], second, 0.42, 0.075, 0.55, colour)
    for bx, by, r, seed in (
        (0.13, 0.16, 0.075, 201),
        (0.88, 0.42, 0.07, 202),
        (0.46, 0.09, 0.06, 203),
        (0.90, 0.10, 0.05, 204),
        (0.10, 0.50, 0.055, 205),
    ):
        sheet.bloom(bx, by, r, seed)
    for _ in range(15):  # pale distant stalks, wet in wet
        fx, top = rng.uniform(0.02, 0.98), rng.uniform(0.25, 0.6)
        sheet.wash(
            [
                stroke(
                    bezier((fx, 1.02), (fx + rng.normal(0, 0.05), 0.8), (fx + rng.normal(0, 0.08), top), steps=20),
                    0.012 * np.linspace(1, 0.3, 20),
                )
            ],
            "#7fae7a",
            0.55,
            0.006,
            0.2,
            "#86a8c8",
            soft=0.003,
        )
    poppies = (
        (0.34, 0.33, 0.165, -0.15),
        (0.70, 0.44, 0.185, 0.2),
        (0.24, 0.63, 0.115, 0.1),
        (0.80, 0.175, 0.10, -0.3),
        (0.52, 0.66, 0.105, 0.0),
    )
    flowers = (
        (0.55, 0.185, 0.07),
        (0.12, 0.385, 0.066),
        (0.90, 0.66, 0.07),
        (0.40, 0.535, 0.056),
        (0.70, 0.715, 0.058),
        (0.14, 0.80, 0.054),
    )
    for cx, cy, r in [(p[0], p[1], p[2]) for p in poppies] + list(flowers):
        foot = 0.5 + (cx - 0.5) * 0.55 + rng.normal(0, 0.02)
        stalk = bezier(
            (foot, 1.03),
            (foot + rng.normal(0, 0.03), 0.8),
            (cx + rng.normal(0, 0.02), cy + 0.2),
            (cx, cy + 0.5 * r),
            steps=40,
        )
        sheet.wash([stroke(stalk, 0.0105 * np.linspace(1.3, 0.7, 40))], "#3f7f3a", 1.25, 0.003, 0.6, "#2f6a6a")
        for k in (8, 15, 22):
            side = rng.choice((-1, 1))
            a = -np.pi / 2 + side * rng.uniform(0.5, 1.0)
            sheet.wash(
                [petal(*stalk[k], a, rng.uniform(0.09, 0.15), rng.uniform(0.02, 0.034), 0.45, -side * 0.7)],
                "#4f9440",
                rng.uniform(0.7, 1.2),
                0.005,
                0.7,
                "#2a7a78",
            )
    for _ in range(46):
        fx, tall, lean = rng.uniform(-0.02, 1.02), rng.uniform(0.10, 0.30), rng.normal(0, 0.06)
        blade = bezier((fx, 1.03), (fx + lean * 0.2, 1.02 - tall * 0.6), (fx + lean, 1.02 - tall), steps=20)
        sheet.wash(
            [stroke(blade, rng.uniform(0.007, 0.015) * np.linspace(1, 0.08, 20))],
            str(rng.choice(["#3f8a3f", "#6fa03a", "#2f6f5f", "#8fa83a"])),
            rng.uniform(0.6, 1.2),
            0.003,
            0.5,
            "#2f6f78",
        )
    for bx, by, turn in ((0.60, 0.30, -1.2), (0.17, 0.24, -1.9), (0.93, 0.31, -1.4)):
        sheet.wash(
            [stroke(bezier((bx - 0.03, by + 0.33), (bx - 0.02, by + 0.12), (bx, by), steps=24), 0.006)],
            "#4f8a3f",
            1.0,
            0.002,
            0.5,
        )
        sheet.wash([petal(bx, by + 0.02, turn, 0.07, 0.042, 0.5)], "#5f9a4a", 1.2, 0.003, 0.7, "#c83a2f")
    for cx, cy, r, tilt in sorted(poppies, key=lambda p: p[2]):
        poppy(sheet, rng, cx, cy, r, tilt)
    for cx, cy, r in flowers:
        cornflower(sheet, rng, cx, cy, r)
    for colour in palette("#e5392f", "#3f62c8", "#5f9a4a", "#f2a03f"):
        drops = [disc(px, py, abs(rng.normal(0, 0.0035)) + 0.0012) for px, py in rng.random((26, 2))]
        code = "#" + "".join(f"{round(float(v) * 255):02x}" for v in colour)
        sheet.wash(drops, code, 0.9, 0.001, 0.8)
    unit = large / 1152
    grains = 1 + 0.035 * grain(large, 8, 1.1 * unit) * (1 - sheet.paint.mean(-1))
    bumps = relief(sheet.tooth, 5.0 * unit)
    x, y = plane(large)
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) + 0.010 * (fbm(large, 14, 9) - 0.5)
    paper = rgb("#fbf7ec")
    picture = paper + (sheet.paint * grains[..., None] - paper) * smoothstep(0.018, 0.026, edge)[..., None]
    return shrink(np.clip(picture * (1 + 0.05 * bumps)[..., None], 0, 1), size)
