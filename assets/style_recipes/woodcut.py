"""Woodcut in two inks: carved lines follow each form and swell with its darkness."""

import numpy as np

from .colour import over, rgb, smoothstep
from .noise import fbm, grain, line
from .shapes import below, bezier, disc, fill, plane, shrink, spline, stroke
from .surface import fibres

TITLE_EN = "Woodcut: the ploughed valley"
TITLE_ZH = "木刻:犁过的山谷"
METHOD = "tone-modulated carved lines along each form, two inks printed slightly out of register"

SUN = (0.66, 0.27)


class Block:
    """The wood: `black` is 1 where ink stands. Each call carves one form over what was there."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.black = np.zeros((size, size), np.float32)
        self.tint = np.zeros((size, size), np.float32)
        self.wobble = fbm(size, 24, 2, 4) - 0.5
        self.chip = fbm(size, 46, 3, 3) - 0.5

    def carve(self, mask: np.ndarray, phase: np.ndarray, tone: np.ndarray, outline: np.ndarray | None = None) -> None:
        """Lines at whole numbers of `phase` inside `mask`, a share `tone` of the ground black."""
        wave = np.abs(np.mod(phase + 0.35 * self.wobble, 1) - 0.5) * 2
        ink = (wave < np.clip(tone + 0.36 * self.chip, 0.0, 1.0)).astype(np.float32)
        if outline is not None:
            ink = np.maximum(ink, outline)
        self.black = over(self.black[..., None], ink[..., None], mask)[..., 0]

    def second(self, mask: np.ndarray, amount: float | np.ndarray) -> None:
        self.tint = self.tint * (1 - mask) + mask * amount


def rim(size: int, curve: np.ndarray, width: float) -> np.ndarray:
    t = np.linspace(0, 1, len(curve))
    return fill(size, [stroke(curve, width * (0.75 + 0.4 * line(t, 8, len(curve), 2)))])


def tree(block: Block, x0: float, foot: float, scale: float, seed: int) -> None:
    size, rng = block.size, np.random.default_rng(seed)
    x, y = plane(size)
    trunk = fill(
        size,
        [
            stroke(
                bezier((x0, foot), (x0 - 0.02 * scale, foot - 0.12 * scale), (x0, foot - 0.26 * scale)),
                0.04 * scale * np.linspace(1.5, 0.6, 40),
            )
        ],
    )
    block.second(trunk, 0.0)
    block.carve(trunk, x * 150 / scale**0.5 + 3 * y, np.full((size, size), 0.72, np.float32))
    balls = [
        (
            x0 + reach * np.cos(turn) * scale,
            foot - (0.32 - 0.75 * reach * np.sin(turn)) * scale,
            rng.uniform(0.055, 0.08) * scale,
        )
        for reach, turn in zip(rng.uniform(0.03, 0.115, 15), np.arange(15) * 2.4, strict=True)
    ]
    for cx, cy, r in sorted(balls, key=lambda ball: ball[1] - ball[2]):
        lobes = np.linspace(0, 2 * np.pi, 90, endpoint=False)
        edge = r * (1 + 0.07 * np.sin(lobes * 9 + cx * 90))
        crown = np.stack([cx + edge * np.cos(lobes), cy + edge * np.sin(lobes)], 1)
        mask, dx, dy = fill(size, [crown]), (x - cx) / r, (y - cy) / r
        lit = np.clip(0.5 + 0.55 * ((SUN[0] - cx) * dx + (SUN[1] - cy) * dy) / np.hypot(SUN[0] - cx, SUN[1] - cy), 0, 1)
        round_lines = np.hypot(dx - 0.7 * np.sign(SUN[0] - cx), dy + 0.7) * 9 * (r / 0.05) ** 0.6
        block.carve(mask, round_lines, 0.98 - 0.92 * lit, rim(size, np.concatenate([crown, crown[:1]]), 0.006))
        block.second(mask, 0.75 * (lit > 0.42))


def render(size: int) -> np.ndarray:
    large = size * 2
    block = Block(large)
    x, y = plane(large)
    axis = np.linspace(0, 1, 400)
    everything = np.ones((large, large), np.float32)
    far, turn = np.hypot(x - SUN[0], y - SUN[1]), np.arctan2(y - SUN[1], x - SUN[0])
    rays = turn / (2 * np.pi) * 132
    band = 0.5 + 0.5 * np.cos(turn * 12)
    block.carve(everything, rays, 0.02 + 0.30 * band + 0.75 * smoothstep(0.12, 0.85, far))
    block.second(everything, 0.85 * smoothstep(0.62, 0.60, far * (1 + 0.10 * np.cos(turn * 24))))
    for cx, cy, wide, seed in ((0.33, 0.155, 0.20, 5), (0.97, 0.17, 0.19, 6), (0.44, 0.36, 0.12, 7)):
        puffs = [
            disc(
                cx + k * wide * 0.42,
                cy - 0.05 * wide * (2 - abs(k)),
                wide * (0.34 - 0.075 * abs(k) + 0.03 * (k % 2)),
                squash=0.78,
            )
            for k in (-2, -1, 0, 1, 2)
        ]
        mask = fill(large, puffs)
        mask = mask * smoothstep(cy + 0.028, cy + 0.024, y)
        lower = smoothstep(cy - wide * 0.22, cy + 0.03, y)
        edges = np.maximum.reduce([fill(large, [stroke(np.concatenate([p, p[:1]]), 0.0055)]) for p in puffs])
        inner = fill(large, [disc(*np.mean(p, 0), 0.93 * np.ptp(p[:, 0]) / 2, squash=0.72) for p in puffs[::2]])
        block.carve(mask, (y + 0.012 * np.sin(x * 40 + seed)) * 95, 0.85 * lower - 0.05, edges * (1 - inner))
        block.second(mask, 0.0)
    disc_mask = fill(large, [disc(*SUN, 0.092)])
    block.carve(disc_mask, far * 70, np.full_like(far, -1.0))
    block.second(disc_mask, 1.0)
    block.carve(fill(large, [disc(*SUN, 0.108)]) - disc_mask, rays, np.full_like(far, -1.0))
    hills = ((0.47, 0.07, 11, 70, 0.55), (0.54, 0.06, 14, 62, 0.42), (0.60, 0.05, 18, 54, 0.32))
    for k, (level, swing, seed, count, dark) in enumerate(hills):
        ridge = level + swing * line(axis, 3, seed, 2)
        mask = below(large, ridge)
        top = np.interp(x[0], axis, ridge)[None]
        slope = np.interp(x[0], axis, np.gradient(ridge, axis))[None]
        depth = y - top
        facing = np.clip(0.5 + slope * np.sign(SUN[0] - x) * -1.2, 0, 1)
        phase = depth * count * 1.1 + (x + 0.2 * depth) * (9 if k % 2 else -9)
        tone = dark + 0.50 * (facing - 0.5) + 1.6 * depth
        block.carve(mask, phase, tone, rim(large, np.stack([axis, ridge + 0.002], 1), 0.008))
        block.second(mask, (0.0, 0.8, 0.0)[k])
        stands = np.random.default_rng(seed).integers(10, 390, 9)
        woods = [disc(axis[j], ridge[j] + 0.004, 0.012, squash=0.8) for j in stands]
        block.carve(fill(large, woods), x * 160, np.full_like(x, 0.86))
    brink = 0.665 + 0.018 * line(axis, 2, 25, 1)
    ground = below(large, brink)
    depth = y - np.interp(x[0], axis, brink)[None]
    furrow = (x - 0.45) / (depth + 0.075)
    bend = furrow * 3.6 + 0.9 * np.sin(depth * 7)
    ridge_light = 0.5 + 0.5 * np.sin(2 * np.pi * bend)
    block.carve(ground, bend * 5, 0.28 + 0.62 * ridge_light, rim(large, np.stack([axis, brink], 1), 0.008))
    block.second(ground, 0.9 * (ridge_light < 0.55))
    wall = np.array([(0.745, 0.63), (0.845, 0.63), (0.845, 0.705), (0.745, 0.705)])
    house, roof = (
        fill(large, [wall]),
        fill(large, [np.array([(0.730, 0.635), (0.765, 0.575), (0.868, 0.575), (0.858, 0.635)])]),
    )
    block.carve(house, x * 90, np.where(x > 0.80, 0.62, 0.10), rim(large, np.concatenate([wall, wall[:1]]), 0.006))
    block.second(house, 0.0)
    block.carve(roof, (y + 0.25 * x) * 130, np.full_like(x, 0.55))
    block.second(roof, 1.0)
    panes = fill(
        large, [np.array([(a, 0.65), (a + 0.016, 0.65), (a + 0.016, 0.678), (a, 0.678)]) for a in (0.76, 0.785, 0.818)]
    )
    block.black = np.maximum(block.black, panes)
    tree(block, 0.205, 0.80, 1.02, 46)
    tree(block, 0.93, 0.735, 0.62, 42)
    tree(block, 0.655, 0.672, 0.36, 44)
    rng = np.random.default_rng(47)
    blades, lights = [], []
    for _ in range(330):
        gx, gy = rng.uniform(-0.02, 1.02), 1.0 + rng.uniform(-0.035, 0.03)
        gy += 0.02 * np.sin(gx * 9)
        lean, tall = rng.normal(0, 0.02), rng.uniform(0.03, 0.085)
        leaf = stroke(
            bezier((gx, gy), (gx + lean * 0.3, gy - tall * 0.6), (gx + lean, gy - tall), steps=12),
            0.0085 * np.linspace(1, 0.05, 12),
        )
        blades.append(leaf)
        lights.append(
            stroke(
                bezier((gx, gy), (gx + lean * 0.3, gy - tall * 0.6), (gx + lean, gy - tall), steps=12) + (0.002, 0),
                0.0026 * np.linspace(1, 0.05, 12),
            )
        )
    block.black = np.maximum(block.black, fill(large, blades)) * (1 - fill(large, lights[::2]))
    crows = []
    for bx, by, wing in ((0.36, 0.20, 0.03), (0.43, 0.245, 0.024), (0.32, 0.26, 0.02), (0.47, 0.18, 0.02)):
        crows.append(
            spline(
                [
                    (bx - wing, by - 0.4 * wing),
                    (bx - 0.4 * wing, by - 0.62 * wing),
                    (bx, by - 0.1 * wing),
                    (bx + 0.5 * wing, by - 0.8 * wing),
                    (bx + wing, by - 0.5 * wing),
                    (bx + 0.4 * wing, by - 0.2 * wing),
                    (bx, by + 0.3 * wing),
                    (bx - 0.4 * wing, by - 0.2 * wing),
                ],
                closed=True,
            )
        )
    halo = np.maximum.reduce([fill(large, [stroke(np.concatenate([p, p[:1]]), 0.008)]) for p in crows])
    block.black = np.maximum(block.black * (1 - halo), fill(large, crows))
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) + 0.004 * (fbm(large, 30, 55) - 0.5)
    plate = smoothstep(0.0235, 0.0245, edge)
    frame = smoothstep(0.032, 0.031, edge) * plate
    unit = large / 1536
    rings = 0.5 + 0.5 * np.sin(60 * (y + 0.5 * fbm(large, (2, 5), 57) + 0.02 * x))
    salt = smoothstep(-2.5, -1.9, grain(large, 58, 2.0 * unit) + 0.5 * (fbm(large, 60, 59) - 0.5))
    black = np.maximum(block.black * plate, frame) * salt * (0.90 + 0.10 * rings)
    tint = np.roll(block.tint, (round(3 * unit), round(-4 * unit)), (0, 1)) * plate
    tint = tint * (0.80 + 0.20 * rings) * smoothstep(-2.9, -1.9, grain(large, 60, 2.4 * unit))
    paper = over(
        np.broadcast_to(rgb("#f1e4c6"), (large, large, 3)),
        rgb("#d9c69c"),
        0.35 * fbm(large, 5, 61) + 0.3 * fibres(large, 62),
    )
    picture = over(paper, rgb("#d9701f"), tint * 0.95)
    picture = over(picture, rgb("#171416"), black)
    return shrink(picture, size)
