"""One thing put into the picture: in the scene's light, with its shadow or mirror image, rooted in the ground."""

import cv2
import numpy as np
from PIL import Image

from styleshot_demo.compose import art, autumn
from styleshot_demo.compose.layout import Placed
from styleshot_demo.compose.light import Light
from styleshot_demo.compose.places import AFLOAT
from styleshot_demo.compose.scene import Scene
from styleshot_demo.compose.textures import mix, noise, smooth

OVERGROWN = {"meadow": 1.0, "mountains": 1.0, "forest": 1.0, "snow": 0.6, "desert": 0.5, "beach": 0.4, "sea": 0.9,
             "under water": 0.5}  # fmt: skip
LEAFY = {"deciduous tree", "leaf fluttering in wind", "herb", "leafless tree"}  # in autumn they turn
INTERIOR = {"room", "table", "plain", "white"}
# What shines by itself: dusk does not touch it.
LUMINOUS = {"sun", "sun with face", "crescent moon", "full moon", "full moon face", "star", "glowing star", "fire",
            "shooting star", "fireworks", "sparkler", "comet", "light bulb", "candle", "rainbow", "high voltage",
            "sparkles", "ringed planet", "jack-o-lantern", "red paper lantern", "diya lamp"}  # fmt: skip


def stand(
    pixels: np.ndarray,
    masks: np.ndarray,
    one: Placed,
    scene: Scene,
    light: Light,
    random: np.random.Generator,
    skin: str | None = None,
) -> None:
    """Draws one thing with its shadow or mirror image, and what grows before its foot. `skin`: of a person."""
    height, width = pixels.shape[:2]
    thing = scene.things[one.index]
    tall = max(10, round(one.height * height))
    drawing = art.draw(thing.name, tall, thing.colour, one.form, skin, thing.clothes)
    if one.flip:
        drawing = drawing.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    values = np.asarray(drawing, np.float32) / 255
    tall, wide = values.shape[:2]
    left, top = round(one.x * width - wide / 2), round(one.y * height) - tall
    unit = min(height, width) / 512
    if light.weather == "autumn" and thing.name in LEAFY and thing.colour is None and scene.place not in INTERIOR:
        values[..., :3] = autumn.turned(random, values[..., :3])
    if thing.name not in LUMINOUS:
        values = _lit(values, one, scene, light, (left + wide / 2) / width)
    elif light.time != "day" and scene.place != "space":
        _glow(pixels, (left + wide / 2, top + tall / 2), 0.9 * max(tall, wide))
    if one.carried == "water":
        _mirror(pixels, values, (left, top), light, random, unit)
    elif one.carried in ("ground", "thing") and scene.kind != "portrait":
        _shadow(pixels, values, (left, top), light, scene, one, unit)
    before = None
    if one.carried == "water":
        sunk = round(tall * _draught(thing.name))
        top += sunk
        before = pixels.copy()
    elif one.carried == "ground" and scene.place in OVERGROWN:
        before = pixels.copy()
    paste(pixels, masks, one.index, values, (left, top))
    if before is not None:
        _overgrow(pixels, masks, before, one, scene, values[..., 3], (left, top), random, unit)


def _draught(name: str) -> float:
    """The share of its height that is under water."""
    fish = art.by_name()[name].subgroup == "animal-marine" and name not in AFLOAT
    return 0.40 if fish else 0.05


def _glow(pixels: np.ndarray, centre: tuple[float, float], reach: float) -> None:
    down, right = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]].astype(np.float32)
    away = ((right - centre[0]) ** 2 + (down - centre[1]) ** 2) / reach**2
    pixels[:] = mix(pixels, np.array((1.0, 0.86, 0.55), np.float32), 0.42 * np.exp(-2.2 * away))


def _lit(values: np.ndarray, one: Placed, scene: Scene, light: Light, x: float) -> np.ndarray:
    """A drawing [H, W, 4] in the light of the scene: a bright and a dark side, darker below, paler when far."""
    colours, alpha = values[..., :3], values[..., 3:]
    tall, wide = alpha.shape[:2]
    sun = 0.25 if light.sun is None else light.sun[0]
    across = np.linspace(-1, 1, wide, dtype=np.float32)[None] * (1 if x < sun else -1)
    down = np.linspace(0, 1, tall, dtype=np.float32)[:, None]
    flat = light.weather in ("fog", "rain") or scene.place in ("under water",)
    shade = 1 + (0.05 if flat else 0.11) * across - 0.15 * smooth(down, 0.55, 1.0) + 0.03
    indoors = scene.place in INTERIOR
    own = {"day": 0.0, "sunset": 0.30, "night": 0.62}[light.time]  # how much of its own colours survives the dusk
    tint = light.tint * (1 - own) + own
    if indoors:
        tint = 0.5 * tint + 0.5
    if scene.place == "space":
        tint = np.array((0.96, 0.97, 1.0), np.float32)
    colours = colours * shade[..., None] * tint
    if light.time == "sunset" and not indoors:
        rim = smooth(across + 0 * down, 0.2, 1.0)
        colours = mix(colours, light.warm, 0.22 * rim)
    if scene.place == "under water":
        colours = mix(
            colours * np.array((0.88, 0.98, 1.02), np.float32),
            np.array((0.14, 0.52, 0.70), np.float32),
            0.10 + 0.28 * (1 - one.depth),
        )
    elif not indoors and scene.place != "space":
        depth = one.depth if one.carried != "sky" else 0.7
        veil = {"fog": 0.75, "rain": 0.42, "snow": 0.35}.get(light.weather, 0.30)
        colours = mix(colours, light.haze, veil * (1 - depth) ** 1.25)
    return np.concatenate([np.clip(colours, 0, 1), alpha], -1)


def _shadow(
    pixels: np.ndarray,
    values: np.ndarray,
    corner: tuple[int, int],
    light: Light,
    scene: Scene,
    one: Placed,
    unit: float,
) -> None:
    """The dark spot at its foot, and the shadow that it casts away from the light."""
    height, width = pixels.shape[:2]
    tall, wide = values.shape[:2]
    left, top = corner
    foot = top + tall
    alpha = values[..., 3]
    base = alpha[int(tall * 0.86) :].max(0)
    seen = np.flatnonzero(base > 0.5)
    if not len(seen):
        return
    first, last = left + int(seen[0]), left + int(seen[-1])
    spot = np.zeros((height, width), np.float32)
    middle, half = (first + last) / 2, max(3.0, (last - first) / 2)
    flat = max(2.0, min(0.16 * half, 0.05 * height) + 1.5 * unit)
    if one.carried != "thing":
        sun = 0.25 if light.sun is None else light.sun[0]
        low = {"day": 0.20, "sunset": 0.42, "night": 0.20}[light.time] if scene.place not in INTERIOR else 0.16
        squeezed = cv2.resize(alpha, (wide, max(2, round(tall * low))), interpolation=cv2.INTER_AREA)[::-1]
        if light.time != "sunset":
            squeezed = squeezed[::-1]  # thrown back, on the ground behind it
        cast = np.zeros((height, width), np.float32)
        lean = (-1 if middle / width < sun else 1) * (0.9 if scene.place not in INTERIOR else 1.6)
        rows = squeezed.shape[0]
        for row in range(rows):
            y = foot - rows + row if light.time != "sunset" else foot + row - round(2 * unit)
            away = (rows - row) if light.time != "sunset" else row
            x = left + round(lean * away)
            a, b = max(0, x), min(width, x + wide)
            if 0 <= y < height and b > a:
                cast[y, a:b] = np.maximum(cast[y, a:b], squeezed[row, a - x : b - x])
        clear = 0.24 if light.time == "sunset" else 0.30
        weight = {"fog": 0.08, "rain": 0.10, "snow": 0.14}.get(light.weather, clear)
        soft = cv2.GaussianBlur(cast, (0, 0), 2.2 * unit)
        pixels *= 1 - weight * soft[..., None] * np.array((1.0, 0.95, 0.80), np.float32)
    cv2.ellipse(
        spot, (int(middle), int(foot - 0.25 * flat)), (int(half * 1.08), int(flat)), 0, 0, 360, 1.0, -1, cv2.LINE_AA
    )
    spot = cv2.GaussianBlur(spot, (0, 0), max(0.8, 0.45 * flat))
    weight = 0.46 if scene.place not in ("snow",) and light.weather != "snow" else 0.26
    pixels *= 1 - weight * spot[..., None] * np.array((1.0, 0.96, 0.86), np.float32)


def _mirror(
    pixels: np.ndarray,
    values: np.ndarray,
    corner: tuple[int, int],
    light: Light,
    random: np.random.Generator,
    unit: float,
) -> None:
    """What the water shows of it: upside down, broken by ripples, fading."""
    height, width = pixels.shape[:2]
    tall, wide = values.shape[:2]
    left, foot = corner[0], corner[1] + tall
    rows = min(height - foot, round(tall * 0.55))
    if rows < 4:
        return
    image = cv2.resize(values[::-1], (wide, max(2, round(tall * 0.8))), interpolation=cv2.INTER_AREA)[:rows]
    rows = image.shape[0]
    for row in range(rows):
        shift = round(unit * (1 + 5 * row / rows) * np.sin(row / (2.3 * unit) + 2 * random.random()))
        a, b = max(0, left + shift), min(width, left + shift + wide)
        if b > a:
            part = image[row, a - left - shift : b - left - shift]
            share = part[:, 3:] * 0.42 * (1 - row / rows)
            line = pixels[foot + row, a:b]
            pixels[foot + row, a:b] = line + (part[:, :3] * 0.85 - line) * share


def paste(pixels: np.ndarray, masks: np.ndarray, index: int, values: np.ndarray, corner: tuple[int, int]) -> None:
    """Lays a drawing [h, w, 4] onto the picture, its alpha into its mask, and takes it from the masks of others."""
    height, width = pixels.shape[:2]
    left, top = corner
    a, b = max(0, left), min(width, left + values.shape[1])
    c, d = max(0, top), min(height, top + values.shape[0])
    if a >= b or c >= d:
        return
    part = values[c - top : d - top, a - left : b - left]
    alpha = part[..., 3:]
    pixels[c:d, a:b] += (part[..., :3] - pixels[c:d, a:b]) * alpha
    masks[:, c:d, a:b] *= 1 - alpha[None, ..., 0]
    masks[index, c:d, a:b] += alpha[..., 0]


def _overgrow(
    pixels: np.ndarray,
    masks: np.ndarray,
    before: np.ndarray,
    one: Placed,
    scene: Scene,
    alpha: np.ndarray,
    corner: tuple[int, int],
    random: np.random.Generator,
    unit: float,
) -> None:
    """Lets grass, sand, snow or water stand a little before a foot, so that it stands in the ground, not on it.

    before  the picture without the thing;  alpha [h, w]  where it covers that, from the `corner` (left, top) on
    """
    height, width = pixels.shape[:2]
    (left, top), (tall, wide) = corner, alpha.shape
    foot = top + tall
    afloat = one.carried == "water"
    under = _draught(scene.things[one.index].name)
    deep = max(2.0, (under + 0.02) * tall) if afloat else OVERGROWN[scene.place] * (2.0 + 9.0 * one.depth) * unit
    a, b = max(0, left), min(width, left + wide)
    c, d = max(0, top, int(foot - 3 * deep) - 2), min(height, foot)
    if a >= b or c >= d:
        return
    uneven = noise(random, (1, b - a), (14 if afloat else 2.2) * unit, 1, 1 if afloat else 2)[0]
    reach = foot - deep * (0.8 + 0.006 * uneven / under if afloat else 0.45 + 0.8 * np.abs(uneven))
    rows = np.arange(c, d, dtype=np.float32)[:, None]
    share = np.clip(rows - reach[None] + 0.5, 0, 1) * alpha[c - top : d - top, a - left : b - left]
    # On land, what stands before it is what lies a bit lower: the same place would be in its shadow.
    lower = np.arange(c, d) if afloat else np.clip(np.arange(c, d) + round(1.5 * deep), 0, height - 1)
    pixels[c:d, a:b] = mix(pixels[c:d, a:b], before[lower][:, a:b], share)
    masks[one.index, c:d, a:b] *= 1 - share
