"""The picture without things: one function for each place, all of structure at several scales and directions."""

from collections.abc import Callable

import numpy as np

from styleshot_demo.compose import autumn, grounds, lands, rooms, skyscapes, waters
from styleshot_demo.compose.light import Light
from styleshot_demo.compose.stage import HORIZON
from styleshot_demo.compose.textures import dabs, mix, noise, rgb

_PLACES: dict[str, Callable[..., np.ndarray]] = {
    "meadow": lands.meadow,
    "mountains": lands.mountains,
    "forest": lands.forest,
    "desert": lands.desert,
    "snow": lands.snow,
    "street": lands.street,
    "beach": waters.beach,
    "sea": waters.sea,
    "under water": waters.under_water,
    "room": rooms.room,
    "table": rooms.table,
    "plain": rooms.plain,
    "white": rooms.white,
    "sky": skyscapes.clouds,
    "space": skyscapes.space,
}
INDOORS = {"room", "table", "plain", "white", "under water", "space"}


def backdrop(
    place: str,
    shape: tuple[int, int],
    light: Light,
    random: np.random.Generator,
    disc: bool,
    shore: str | None,
    accent: float,
    far: str | None,
) -> np.ndarray:
    """[H, W, 3] float32 in [0, 1].

    disc    whether to draw sun or moon
    shore   at the sea: "left" or "right" where there has to be land to stand on
    accent  hue in degrees that walls go with
    far     "mountains" behind an open place, or None
    """
    pixels = _PLACES[place](random, shape, light, disc, shore, accent, far)
    return weathered(random, pixels, place, light)


def weathered(random, pixels: np.ndarray, place: str, light: Light) -> np.ndarray:
    """What a weather lays over the far of a place, or autumn does to its leaves; nothing indoors."""
    if place in INDOORS or light.weather not in ("fog", "autumn"):
        return pixels
    if light.weather == "autumn":
        return autumn.turned(random, pixels, HORIZON[place])
    height, width = pixels.shape[:2]
    unit = min(height, width) / 512
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    horizon = min(HORIZON[place], 0.8)
    bank = np.exp(-(((rows - horizon) / 0.22) ** 2))
    veil = np.clip(0.85 * bank + 0.22 * noise(random, (height, width), 40 * unit, 5, 4) * bank + 0.12, 0, 0.92)
    return mix(pixels, light.haze, veil.astype(np.float32))


def falling(random, pixels: np.ndarray, place: str, light: Light) -> np.ndarray:
    """Rain, snow or leaves in front of everything, in [H, W, 3]; nothing indoors."""
    if place in INDOORS or light.weather not in ("rain", "snow", "autumn"):
        return pixels
    if light.weather == "autumn":
        return autumn.leaves(random, pixels, light)
    height, width = pixels.shape[:2]
    unit = min(height, width) / 512
    layer = pixels.copy()
    count = int(width * height / (unit * unit) / 262144 * (420 if light.weather == "rain" else 330))
    x, y = random.uniform(-0.1, 1.1, count) * width, random.uniform(-0.05, 1, count) * height
    if light.weather == "rain":
        long = random.uniform(12, 34, count) * unit
        starts, ends = np.stack([x, y], 1), np.stack([x - 0.28 * long, y + long], 1)
        tone = np.tile(mix(light.haze, rgb("#ffffff"), 0.5), (count, 1))
        grounds.strokes(layer, starts, ends, tone, np.full(count, 1.1 * unit))
        return mix(pixels, layer, 0.55)
    near = random.random(count) ** 3
    dabs(
        layer,
        np.stack([x, y], 1),
        (0.9 + 3.2 * near) * unit,
        np.ones((count, 3), np.float32) * (0.7 + 0.3 * light.tint.max()),
    )
    return mix(pixels, layer, 0.88)
