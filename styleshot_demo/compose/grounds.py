"""What lies on the ground: grass, sand, waves, snow, trees, walls. Each draws onto pixels [H, W, 3] in place."""

import cv2
import numpy as np

from styleshot_demo.compose.light import Light
from styleshot_demo.compose.textures import below, dabs, line, mix, noise, plane, rgb, smooth, strokes, varied


def unit_of(pixels: np.ndarray) -> float:
    return min(pixels.shape[:2]) / 512


def hills(
    random,
    pixels,
    base: int,
    rise: float,
    colour: np.ndarray,
    light: Light,
    depth: float,
    cell: float = 200,
    ridged: bool = False,
) -> np.ndarray:
    """A row of hills down from about the row `base`; returns its outline [W]. `rise` in pixels, `depth` 0 to 1."""
    height, width = pixels.shape[:2]
    unit = unit_of(pixels)
    edge = base - rise * (0.5 + 0.5 * line(random, width, cell * unit, 6 if ridged else 3, ridged))
    inside = below(edge, height)
    rows = np.arange(height, dtype=np.float32)[:, None] - edge[None]
    field = noise(random, (height, width), 22 * unit, 2.4, 4)
    fold = noise(random, (height, width), 60 * unit, 1.4, 3)
    shade = 1 + 0.075 * field + 0.11 * fold + 0.13 * np.exp(-np.maximum(rows, 0) / (14 * unit))
    face = light.on(colour, depth) * shade[..., None]
    face = mix(face, light.haze, np.clip(rows / max(rise, 1) * 0.3 * (1 - depth), 0, 0.5))
    pixels[:] = mix(pixels, np.clip(face, 0, 1), inside)
    return edge


def peaks(random, pixels, base: int, rise: float, light: Light, depth: float, snow: float = 0.45) -> None:
    """A mountain range with lit and shaded faces, snow on the upper share of it."""
    height, width = pixels.shape[:2]
    unit = unit_of(pixels)
    edge = base - rise * (0.55 + 0.45 * line(random, width, 190 * unit, 7, True))
    soft = cv2.GaussianBlur(edge[None].astype(np.float32), (0, 0), 5 * unit)[0]
    rows = np.arange(height, dtype=np.float32)[:, None]
    # Faces run down aslant from the ridge: each place looks up the slope of the ridge a way along.
    ragged = noise(random, (height, width), 30 * unit, 0.7, 5)
    across = (np.arange(width, dtype=np.float32)[None] + (rows - edge[None]) * 0.35 + 12 * unit * ragged).clip(
        0, width - 1
    )
    slope = np.gradient(soft)[across.astype(int)]
    side = -1 if light.sun is None or light.sun[0] < 0.5 else 1
    lit = smooth(-side * slope + 0.22 * ragged, -0.55, 0.55)
    rock = mix(light.on(rgb("#4b5876"), depth), light.on(rgb("#a99c96"), depth), lit)
    white = mix(light.on(rgb("#a9bedd"), depth), light.on(rgb("#ffffff"), min(1, depth + 0.3)), lit)
    if light.time == "sunset":
        white = mix(white, rgb("#ffb08a"), 0.5 * lit)
    fall = (rows - (base - rise)) / rise
    capped = smooth(snow - fall + 0.13 * ragged - 0.1 * np.sin(across / (9 * unit)), -0.04, 0.05)
    face = mix(rock, white, capped)
    face = mix(face, light.haze, np.clip((fall - 0.3) * 0.8, 0, 0.75))
    pixels[:] = mix(pixels, face, below(edge, height))


def conifers(
    random,
    pixels,
    edge: np.ndarray,
    size: float,
    light: Light,
    depth: float,
    share: float = 0.5,
    colour: str = "#2f5d43",
    snow: bool = False,
) -> None:
    """Small fir trees along an outline [W] of rows."""
    width = pixels.shape[1]
    count = int(width / size * 2.2 * share)
    where = noise(random, (1, width), width / 5, 1, 3)[0]
    for x in sorted(random.integers(0, width, count), key=lambda one: edge[one]):
        if where[x] < -0.15:
            continue
        tall = size * random.uniform(0.7, 1.5)
        foot = edge[x] + tall * random.uniform(0.1, 0.35)
        shade = light.on(rgb(colour) * random.uniform(0.8, 1.2), depth)
        for tier in range(3):
            top, wide = foot - tall * (1 - 0.24 * tier), tall * (0.17 + 0.09 * tier)
            low = foot - tall * (0.55 - 0.25 * tier)
            points = np.array([[x, top], [x - wide, low], [x + wide, low]])
            cv2.fillPoly(pixels, [(points * 16).astype(np.int32)], shade.tolist(), cv2.LINE_AA, 4)
            lit = np.array([[x, top], [x - wide, low], [x - wide * 0.1, low]])
            tone = rgb("#ffffff") if snow else shade + 0.06
            tone = light.on(rgb("#eef4fa"), depth) if snow else tone
            if snow:
                lit = np.array([[x, top], [x - wide * 0.75, low - tall * 0.07], [x + wide * 0.6, low - tall * 0.09]])
            cv2.fillPoly(pixels, [(lit * 16).astype(np.int32)], np.clip(tone, 0, 1).tolist(), cv2.LINE_AA, 4)


def lawn(random, pixels, horizon: int, light: Light, colour: str = "#6aa84a", flowers: float = 1.0) -> None:
    """Grass from the row `horizon` down: patches, blades that grow towards the front, flowers."""
    height, width = pixels.shape[:2]
    unit = unit_of(pixels)
    near = np.linspace(0, 1, height - horizon, dtype=np.float32)[:, None]
    patches = plane(random, (height, width), horizon, 30, 3)
    broad = plane(random, (height, width), horizon, 110, 4)
    green = rgb(colour)
    face = mix(
        light.on(green * np.array((1.12, 1.05, 0.85), np.float32), 0.6), light.on(green * 0.72, 1.0), near[..., None]
    )
    face = face * (1 + 0.10 * patches + 0.09 * broad)[..., None]
    face = mix(face, light.warm * light.tint, 0.16 * smooth(broad, 0.3, 1.5))
    pixels[horizon:] = np.clip(face, 0, 1)
    count = int(2600 * width / (512 * unit))
    share = np.sort(random.random(count) ** 0.75)
    feet = np.stack([random.uniform(0, width, count), horizon + share * (height - horizon) * 1.03], 1)
    tall = (2.5 + 15 * share) * unit * random.uniform(0.6, 1.3, count)
    tips = feet - np.stack([random.normal(0, 0.35, count) * tall, tall], 1)
    base = green[None] * (1.05 - 0.45 * share[:, None])
    tones = np.clip(base + random.normal(0, 0.09, (count, 1)) + random.normal(0, 0.02, (count, 3)), 0, 1)
    strokes(pixels, feet, tips, (light.on(tones, 1.0)).astype(np.float32), (0.7 + 1.5 * share) * unit)
    if flowers and light.weather != "snow":
        petals = [rgb(one) for one in ("#ffffff", "#ffd84d", "#f0625d", "#b58ae0", "#ff9fc0")]
        count = int(150 * flowers * width / (512 * unit))
        share = np.sort(random.random(count) ** 0.7)
        drift = random.uniform(0, width, 7)
        centres = np.stack(
            [(random.choice(drift, count) + random.normal(0, width / 9, count)) % width,
             horizon + (0.06 + share * 0.96) * (height - horizon)], 1)  # fmt: skip
        kinds = np.stack([petals[int(one)] for one in random.integers(0, len(petals), count)])
        dabs(pixels, centres, (0.8 + 2.9 * share) * unit, light.on(kinds, 1.0).clip(0, 1).astype(np.float32), 0.8)


def waves(random, pixels, horizon: int, light: Light, floor: int | None = None) -> None:
    """Water from the row `horizon` to `floor` (or the bottom), with the sky's colours and the way of the sun on it."""
    height, width = pixels.shape[:2]
    unit = unit_of(pixels)
    near = np.linspace(0, 1, height - horizon, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
    swell = plane(random, (height, width), horizon, 30, 5)
    chop = plane(random, (height, width), horizon, 12, 4)
    deep = {"day": rgb("#1c6a9c"), "sunset": rgb("#2f4279"), "night": rgb("#0c2050")}[light.time]
    shallow = {"day": rgb("#5db4c8"), "sunset": rgb("#8d5c8a"), "night": rgb("#2b4d8e")}[light.time]
    if light.weather != "clear":
        deep, shallow = mix(deep, light.haze * 0.6, 0.5), mix(shallow, light.haze, 0.5)
    face = mix(mix(shallow, light.low, 0.45), deep, smooth(near, -0.12, 0.75))
    face = mix(face, deep * 0.72, 0.75 * smooth(-swell, 0.25, 1.5))
    face = mix(face, mix(shallow, light.middle, 0.35), 0.75 * smooth(swell + 0.5 * chop, 0.35, 1.5))
    face = mix(
        face,
        mix(light.low, rgb("#ffffff"), 0.6),
        0.8 * smooth(swell + 0.55 * chop, 1.7, 2.15) * smooth(near, 0.05, 0.3),
    )
    if light.sun is not None and light.weather != "fog":
        x = np.arange(width, dtype=np.float32)[None] - light.sun[0] * width
        reach = (16 + 95 * near) * unit
        path = np.exp(-((x / reach) ** 2)) * (0.95 if light.time != "day" else 0.4)
        glint = smooth(swell + 0.8 * chop, 0.15, 1.0)
        face = mix(face, light.warm, path * (0.25 + 0.75 * glint))
    shown = slice(horizon, floor or height)
    pixels[shown] = np.clip(face, 0, 1)[: (floor or height) - horizon]


def sand(random, pixels, edge: np.ndarray, light: Light, colour: str = "#e8cf9a", ripples: float = 1.0) -> None:
    """Sand below an outline [W] of rows: ripples in perspective, grains, pebbles."""
    height, width = pixels.shape[:2]
    unit = unit_of(pixels)
    top = max(0, min(int(edge.min()), height - 8))
    field = plane(random, (height, width), top, 15, 6)
    broad = plane(random, (height, width), top, 120, 3)
    fine = noise(random, (height - top, width), 3 * unit, 1.5, 2)
    tone = rgb(colour)
    near = np.linspace(0, 1, height - top, dtype=np.float32)[:, None]
    face = mix(
        light.on(tone * 1.04, 0.7), light.on(tone * np.array((0.9, 0.86, 0.8), np.float32), 1.0), near[..., None]
    )
    face = face * (1 + ripples * 0.075 * field + 0.06 * broad + 0.02 * fine)[..., None]
    inside = below(edge, height)[top:]
    pixels[top:] = mix(pixels[top:], np.clip(face, 0, 1), inside)
    count = int(90 * width / (512 * unit))
    share = random.random(count)
    centres = np.stack([random.uniform(0, width, count), top + (0.12 + 0.88 * share) * (height - top)], 1)
    keep = centres[:, 1] > edge[centres[:, 0].astype(int).clip(0, width - 1)] + 6 * unit
    tones = light.on(varied(random, tone * 0.75, count, 0.1), 1.0).clip(0, 1)
    dabs(pixels, centres[keep], ((0.6 + 1.8 * share) * unit)[keep], tones[keep], 0.6)


def drifts(random, pixels, horizon: int, light: Light) -> None:
    """Snow on the ground: soft drifts with blue shadows, glitter."""
    height, width = pixels.shape[:2]
    unit = unit_of(pixels)
    for row, share in enumerate((0.0, 0.22, 0.5, 0.8)):
        base = horizon + share * (height - horizon)
        edge = base - (10 + 16 * row) * unit * (0.5 + 0.5 * line(random, width, (170 + 90 * row) * unit, 3))
        inside = below(edge, height)
        rows = np.arange(height, dtype=np.float32)[:, None] - edge[None]
        field = noise(random, (height, width), (12 + 10 * row) * unit, 5, 4)
        fall = np.exp(-np.maximum(rows, 0) / ((22 + 22 * row) * unit))
        face = mix(
            light.on(rgb("#b7cbe6"), 0.75 + 0.08 * row),
            light.on(rgb("#ffffff"), 1),
            np.clip(0.25 + 0.75 * fall + 0.13 * field, 0, 1),
        )
        if light.time == "sunset":
            face = mix(face, rgb("#ffb79a"), 0.35 * fall)
        pixels[:] = mix(pixels, np.clip(face, 0, 1), inside)
    count = int(120 * width / (512 * unit))
    centres = np.stack([random.uniform(0, width, count), random.uniform(horizon, height, count)], 1)
    dabs(pixels, centres, random.uniform(0.6, 1.5, count) * unit, np.tile(light.on(rgb("#ffffff"), 1), (count, 1)))


def trunks(random, pixels, ground: int, light: Light, depth: float, count: int, wide: float, colour: str) -> None:
    """Tree trunks from the top of the picture to about the row `ground`, with bark and boughs."""
    height, width = pixels.shape[:2]
    unit = unit_of(pixels)
    bark = noise(random, (height, width), 26 * unit, 0.16, 4)
    for x in random.permutation(np.linspace(0, width, count) + random.uniform(-0.3, 0.3, count) * width / count):
        size = wide * random.uniform(0.7, 1.35) * unit
        lean = random.normal(0, 0.03) * height
        foot = ground + random.uniform(-6, 10) * unit
        points = np.array(
            [[x + lean - size * 0.36, -2], [x + lean + size * 0.36, -2], [x + size * 0.45, foot - 20 * unit],
             [x + size * 0.85, foot], [x - size * 0.85, foot], [x - size * 0.45, foot - 20 * unit]])  # fmt: skip
        shape = np.zeros((height, width), np.float32)
        cv2.fillPoly(shape, [(points * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
        for _ in range(3):
            y = random.uniform(0.05, 0.45) * height
            side = random.choice([-1, 1])
            cv2.line(
                shape,
                (int(x + lean * (1 - y / foot)), int(y)),
                (int(x + side * size * random.uniform(2, 4)), int(y - size * random.uniform(1.5, 3))),
                1.0,
                max(1, round(size * 0.22)),
                cv2.LINE_AA,
            )
        side = (np.arange(width, dtype=np.float32)[None] - x) / max(size, 1)
        sun = 0.5 if light.sun is None else light.sun[0]
        lit = np.clip(0.5 + (0.55 if sun * width > x else -0.55) * side, 0, 1)
        face = light.on(rgb(colour), depth) * (0.72 + 0.5 * lit + 0.13 * bark)[..., None]
        pixels[:] = mix(pixels, np.clip(face, 0, 1), shape)


def leaves(
    random,
    pixels,
    rows: tuple[float, float],
    light: Light,
    depth: float,
    count: int,
    size: float,
    colour: str,
    tilt: float = 40,
) -> None:
    """Dabs of foliage between two rows (shares of the height), thickest at the first."""
    height, width = pixels.shape[:2]
    unit = unit_of(pixels)
    count = int(count * width / (512 * unit))
    share = random.random(count) ** 2.0
    centres = np.stack([random.uniform(-10, width + 10, count), (rows[0] + share * (rows[1] - rows[0])) * height], 1)
    centres[:, 1] += 0.06 * height * np.sin(centres[:, 0] / width * 9 + rows[1] * 20)
    spread = 0.04 if light.weather == "snow" else 0.09
    tones = light.on(varied(random, rgb(colour), count, spread, spread / 4), depth).clip(0, 1).astype(np.float32)
    dabs(pixels, centres, random.uniform(0.6, 1.4, count) * size * unit, tones, 0.5, random.normal(0, tilt, count))


def houses(random, pixels, foot: int, light: Light, depth: float, tall: float, wide: float) -> None:
    """A row of town houses that stand on the row `foot`: walls, roofs, windows that are lit at night."""
    height, width = pixels.shape[:2]
    unit = unit_of(pixels)
    walls = [
        rgb(one) for one in ("#d98f6c", "#e8c48a", "#b9c4b2", "#c97f7f", "#9fb3c8", "#e3d5bd", "#b58a6a", "#cbb7d0")
    ]
    texture = noise(random, (height, width), 14 * unit, 1.3, 4)
    x = -random.uniform(0, wide) * unit
    while x < width:
        span = wide * random.uniform(0.75, 1.3) * unit
        top = foot - tall * random.uniform(0.62, 1.1) * unit
        left, right = int(x), int(x + span)
        wall = light.on(walls[int(random.integers(len(walls)))] * random.uniform(0.85, 1.05), depth)
        cut = (slice(max(0, int(top)), foot), slice(max(0, left), max(0, min(width, right))))
        if cut[1].stop > cut[1].start:
            face = wall * (1 + 0.075 * texture[cut])[..., None]
            face *= np.linspace(1.06, 0.9, face.shape[1], dtype=np.float32)[None, :, None]
            pixels[cut] = np.clip(face, 0, 1)
            roof = str(random.choice(["#8a4a3c", "#6c5a58", "#7d6a55", "#4f5d6e"]))
            roof = light.on(rgb("#f4f8fc" if light.weather == "snow" else roof), depth)
            if random.random() < 0.6:
                rise = span * random.uniform(0.22, 0.4)
                points = np.array([[left - 4 * unit, top], [(left + right) / 2, top - rise], [right + 4 * unit, top]])
            else:
                rise = 8 * unit
                points = np.array(
                    [
                        [left - 3 * unit, top],
                        [left - 3 * unit, top - rise],
                        [right + 3 * unit, top - rise],
                        [right + 3 * unit, top],
                    ]
                )
            cv2.fillPoly(pixels, [(points * 16).astype(np.int32)], roof.tolist(), cv2.LINE_AA, 4)
            columns = max(2, int(span / (26 * unit)))
            storeys = max(2, int((foot - top) / (36 * unit)))
            cell, storey = span / columns, (foot - top) / storeys
            for row in range(storeys):
                for column in range(columns):
                    a, b = left + cell * (column + 0.26), top + storey * (row + 0.24)
                    c, d = a + cell * 0.48, b + storey * 0.52
                    lit = random.random() < {"night": 0.55, "sunset": 0.35}.get(light.time, 0.0)
                    glass = rgb("#ffd66b") if lit else light.on(rgb("#4d6a80"), depth)
                    frame = np.clip(wall * 1.25, 0, 1)
                    cv2.rectangle(
                        pixels, (int(a - unit), int(b - unit)), (int(c + unit), int(d + unit)), frame.tolist(), -1
                    )
                    cv2.rectangle(pixels, (int(a), int(b)), (int(c), int(d)), glass.tolist(), -1)
                    cv2.line(
                        pixels,
                        (int((a + c) / 2), int(b)),
                        (int((a + c) / 2), int(d)),
                        frame.tolist(),
                        max(1, round(unit)),
                    )
        x += span


def planks(random, pixels, horizon: int, light: Light, colour: str, boards: int = 11, along: bool = True) -> None:
    """Wooden boards from the row `horizon` down: they run to the vanishing point, or with `along` False across."""
    height, width = pixels.shape[:2]
    rows = np.linspace(0, 1, height - horizon, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
    x = np.arange(width, dtype=np.float32)[None] / width - 0.5
    if along:
        place = x / (0.55 + 1.1 * rows) * boards
        grain = cv2.remap(
            noise(random, (512, 512), 6, 14, 4),
            (1 / (rows + 0.3) * 150 % 511).astype(np.float32),
            ((place * 37 + 2000) % 511).astype(np.float32),
            cv2.INTER_LINEAR,
        )
    else:
        place = np.sqrt(rows + 0.02) * boards * 0.6 + 0 * x
        grain = cv2.remap(
            noise(random, (512, 512), 6, 14, 4),
            ((x + 0.5) * 500 / (0.6 + rows) % 511).astype(np.float32),
            ((place * 45) % 511).astype(np.float32),
            cv2.INTER_LINEAR,
        )
    board = np.floor(place).astype(int) + 100
    tones = random.normal(1, 0.075, 400).astype(np.float32)[board.clip(0, 399)]
    gap = np.abs(place - np.round(place))
    seam = 1 - 0.38 * smooth(-gap, -0.06, -0.015)
    face = light.on(rgb(colour), 1.0) * (tones * seam * (1 + 0.08 * grain) * (1.08 - 0.24 * rows))[..., None]
    pixels[horizon:] = np.clip(face, 0, 1)


def plaster(random, pixels, colour: np.ndarray, side: float = 0.3) -> None:
    """A painted wall over all of the picture: broad brush strokes that turn, light from one side (0 to 1 across)."""
    height, width = pixels.shape[:2]
    unit = unit_of(pixels)
    x = np.arange(width, dtype=np.float32)[None] / width
    y = np.arange(height, dtype=np.float32)[:, None] / height
    away = np.hypot(x - side, (y - 0.25) * 0.8)
    shade = 1.12 - 0.36 * away + 0.03 * noise(random, (height, width), 90 * unit, 1.0, 5)
    warm = np.array([0.02, 0.0, -0.03], np.float32) * (1 - away)[..., None]
    pixels[:] = np.clip(colour * shade[..., None] + warm, 0, 1)
    layer = pixels.copy()
    turn = noise(random, (height, width), 150 * unit, 1.2, 2)
    for size, count, share in ((42, 260, 0.16), (20, 520, 0.16), (9, 700, 0.12)):
        count = int(count * width * height / (unit * unit * 262144))
        centres = np.stack([random.uniform(0, width, count), random.uniform(0, height, count)], 1)
        there = (centres[:, 1].astype(int), centres[:, 0].astype(int))
        tones = np.clip(
            pixels[there] * random.normal(1, share / 2, (count, 1)) + random.normal(0, 0.012, (count, 3)), 0, 1
        )
        angles = -35 + 38 * turn[there] + random.normal(0, 9, count)
        dabs(layer, centres, size * unit * random.uniform(0.7, 1.3, count), tones.astype(np.float32), 0.26, angles)
        pixels[:] = mix(pixels, cv2.GaussianBlur(layer, (0, 0), 0.8 * unit), 0.6)
