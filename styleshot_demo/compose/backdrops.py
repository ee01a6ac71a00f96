"""The picture without things: one function for each place, all of structure at several scales and directions."""

from collections.abc import Callable

import cv2
import numpy as np

from styleshot_demo.compose import grounds
from styleshot_demo.compose.colours import from_oklch
from styleshot_demo.compose.light import Light
from styleshot_demo.compose.skies import sky, stars
from styleshot_demo.compose.textures import below, dabs, line, mix, noise, plane, rgb, smooth

# Row of the horizon, or of the far edge of the floor, as a share of the height.
HORIZON = {
    "meadow": 0.50, "mountains": 0.62, "forest": 0.60, "desert": 0.52, "beach": 0.40, "sea": 0.50, "under water": 0.78,
    "street": 0.66, "room": 0.66, "table": 0.56, "sky": 0.9, "space": 1.0, "snow": 0.52, "plain": 0.70,
}  # fmt: skip


def backdrop(
    place: str,
    shape: tuple[int, int],
    light: Light,
    random: np.random.Generator,
    disc: bool,
    shore: str | None,
    accent: float,
) -> np.ndarray:
    """[H, W, 3] float32 in [0, 1].

    disc    whether to draw sun or moon
    shore   at the sea: "left" or "right" where there has to be land to stand on
    accent  hue in degrees that walls go with
    """
    pixels = _PLACES[place](random, shape, light, disc, shore, accent)
    return weathered(random, pixels, place, light)


def shore_edge(width: int, height: int, side: str) -> np.ndarray:
    """[W]: the rows where the headland by the sea begins, without its roughness."""
    x = np.arange(width, dtype=np.float32) / width
    x = x if side == "left" else 1 - x
    return (0.60 + 0.06 * x + 0.62 * smooth(x, 0.42, 1.02)) * height


def _meadow(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    horizon = round(HORIZON["meadow"] * height)
    pixels = sky(random, shape, horizon, light, disc)
    grounds.hills(random, pixels, horizon + 4, 0.20 * height, rgb("#7f9fb0"), light, 0.15, 230)
    edge = grounds.hills(random, pixels, horizon + 6, 0.11 * height, rgb("#6c9a6a"), light, 0.38, 170)
    grounds.conifers(random, pixels, edge, 0.045 * height, light, 0.42, 0.9)
    edge = grounds.hills(random, pixels, horizon + 8, 0.05 * height, rgb("#78ab55"), light, 0.6, 210)
    _bushes(random, pixels, edge, light)
    grounds.lawn(random, pixels, horizon + round(0.02 * height), light)
    return pixels


def _bushes(random, pixels, edge, light) -> None:
    height, width = pixels.shape[:2]
    unit = grounds.unit_of(pixels)
    count = int(60 * width / (512 * unit))
    x = np.sort(random.integers(0, width, count))
    where = noise(random, (1, width), width / 4, 1, 3)[0]
    for one in x[where[x] > 0.1]:
        size = random.uniform(4, 9) * unit
        centres = np.stack(
            [one + random.normal(0, size, 14), edge[one] + 0.02 * height - np.abs(random.normal(0, size * 0.6, 14))], 1
        )
        order = np.argsort(-centres[:, 1])[::-1]
        lift = ((edge[one] + 0.02 * height - centres[:, 1]) / (2 * size))[:, None]
        tones = light.on(rgb("#4d8145") * (0.75 + 0.45 * lift), 0.65).clip(0, 1).astype(np.float32)
        dabs(pixels, centres[order], np.full(14, size * 0.5), tones[order])


def _mountains(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    horizon = round(HORIZON["mountains"] * height)
    pixels = sky(random, shape, round(0.55 * height), light, disc)
    grounds.peaks(random, pixels, horizon, 0.46 * height, light, 0.35, 0.42)
    grounds.peaks(random, pixels, horizon + round(0.02 * height), 0.30 * height, light, 0.7, 0.30)
    edge = grounds.hills(random, pixels, horizon + 6, 0.10 * height, rgb("#4f7a5a"), light, 0.6, 160)
    grounds.conifers(random, pixels, edge, 0.06 * height, light, 0.7, 1.4, snow=light.weather == "snow")
    if light.weather == "snow":
        grounds.drifts(random, pixels, horizon + round(0.01 * height), light)
    else:
        grounds.lawn(random, pixels, horizon + round(0.01 * height), light, "#709f4b", 1.3)
    return pixels


def _forest(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    ground = round(HORIZON["forest"] * height)
    snowy = light.weather == "snow"
    pixels = np.zeros((height, width, 3), np.float32)
    air = mix(light.low, rgb("#d8e8a8") * light.tint, 0.0 if snowy or light.time == "night" else 0.6)
    grounds.plaster(random, pixels, air, 0.5 if light.sun is None else light.sun[0])
    far, leaf = ("#9fb0bd", "#8ea5b5") if snowy else ("#8fa98a", "#9dbb6e")
    grounds.trunks(random, pixels, ground, light, 0.15, 17, 9, far)
    grounds.leaves(random, pixels, (-0.02, 0.5), light, 0.3, 620, 9, leaf)
    if snowy:
        grounds.drifts(random, pixels, ground - round(0.02 * height), light)
    else:
        grounds.lawn(random, pixels, ground, light, "#5f8f3f", 0.7)
    edge = ground + 0.02 * height + 8 * unit * line(random, width, 60 * unit, 4)
    if not snowy:
        centres = np.stack([random.uniform(0, width, 260), np.zeros(260)], 1)
        centres[:, 1] = (
            edge[centres[:, 0].astype(int).clip(0, width - 1)] - np.abs(random.normal(0, 0.03, 260)) * height
        )
        tones = light.on(rgb("#55803f")[None] * random.uniform(0.7, 1.25, (260, 1)), 0.6).astype(np.float32)
        dabs(pixels, centres, random.uniform(4, 11, 260) * unit, tones, 0.55, random.normal(0, 50, 260))
    grounds.trunks(random, pixels, ground + round(0.03 * height), light, 0.55, 8, 17, "#6d5a48")
    grounds.leaves(random, pixels, (-0.03, 0.36), light, 0.6, 620, 11, "#e6edf4" if snowy else "#6f9e45")
    trunk = grounds.trunks
    canvas = pixels.copy()
    trunk(random, canvas, ground + round(0.10 * height), light, 0.95, 3, 34, "#4e3d31")
    middle = np.abs(np.linspace(-1, 1, width, dtype=np.float32))[None] * np.ones((height, 1), np.float32)
    pixels[:] = mix(pixels, canvas, smooth(middle, 0.55, 0.62))  # the nearest trunks frame the clearing
    grounds.leaves(random, pixels, (-0.06, 0.22), light, 0.95, 520, 14, "#f4f8fc" if snowy else "#477a34")
    if light.time != "night" and light.weather == "clear":  # shafts of light
        down, right = np.mgrid[0:height, 0:width].astype(np.float32)
        along = (right - (0.3 * width - 0.45 * down)) / (60 * unit)
        shafts = smooth(np.sin(along) + 0.6 * np.sin(2.3 * along + 1), 0.7, 1.6) * (1 - down / height)
        pixels[:] = mix(pixels, light.warm, 0.22 * shafts)
    return pixels


def _desert(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    horizon = round(HORIZON["desert"] * height)
    pixels = sky(random, shape, horizon, light, disc)
    grounds.hills(random, pixels, horizon + 4, 0.13 * height, rgb("#b98a78"), light, 0.2, 150, True)
    side = -1 if light.sun is None or light.sun[0] < 0.5 else 1
    for row, share in enumerate((0.0, 0.14, 0.36)):
        base = horizon + share * (height - horizon)
        edge = base - (0.055 + 0.012 * row) * height * line(random, width, (230 + 90 * row) * unit, 2)
        down = np.arange(height, dtype=np.float32)[:, None] - edge[None]
        slope = np.gradient(edge)
        # The crest winds down the dune: one side lies in the light.
        crest = (
            np.arange(width, dtype=np.float32)[None] + 0.9 * down + 16 * unit * noise(random, shape, 60 * unit, 1, 3)
        )
        lit = smooth(-side * slope[crest.clip(0, width - 1).astype(int)] * 5, -0.6, 0.6)
        ripple = np.sin((down + 7 * unit * noise(random, shape, 34 * unit, 2.5, 3)) / ((2.2 + 1.3 * row) * unit))
        tone = mix(rgb("#c98d54"), rgb("#f6cf8a"), lit)
        face = (
            light.on(tone, 0.55 + 0.2 * row)
            * (1 + 0.05 * ripple + 0.035 * noise(random, shape, 20 * unit, 5, 3))[..., None]
        )
        pixels[:] = mix(pixels, np.clip(face, 0, 1), below(edge, height))
    return pixels


def _beach(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    horizon = round(HORIZON["beach"] * height)
    pixels = sky(random, shape, horizon, light, disc)
    grounds.hills(random, pixels, horizon + 2, 0.07 * height, rgb("#7d98a8"), light, 0.15, 260)
    grounds.waves(random, pixels, horizon, light)
    x = np.arange(width, dtype=np.float32) / width
    edge = (0.62 + 0.07 * np.sin(3.1 * x + random.uniform(0, 6)) + 0.012 * line(random, width, 60 * unit, 4)) * height
    for back, tone, share in ((0.030, "#ffffff", 0.75), (0.012, "#bfe0dd", 0.6)):
        wash = below(edge - back * height - 3 * unit * line(random, width, 26 * unit, 3), height)
        pixels[:] = mix(pixels, light.on(rgb(tone), 0.9), wash * share)
    grounds.sand(random, pixels, edge, light)
    wet = below(edge, height) * (1 - below(edge + 0.045 * height, height))
    pixels[:] = mix(pixels, light.on(rgb("#b99a6b"), 1.0), 0.55 * wet)
    return pixels


def _sea(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    horizon = round(HORIZON["sea"] * height)
    pixels = sky(random, shape, horizon, light, disc)
    grounds.hills(random, pixels, horizon + 2, 0.075 * height, rgb("#6f8aa0"), light, 0.12, 240)
    grounds.waves(random, pixels, horizon, light)
    if shore:
        edge = shore_edge(width, height, shore)
        rough = edge + 5 * unit * line(random, width, 40 * unit, 4)
        foam = below(rough + 0.075 * height - 5 * unit, height)
        inside = below(rough, height)
        # A cliff of rock under a cap of grass.
        rows = np.arange(height, dtype=np.float32)[:, None] - rough[None]
        facet = noise(random, shape, 26 * unit, 0.6, 5)
        rock = light.on(rgb("#8d7f74"), 0.95) * (0.9 + 0.2 * facet)[..., None]
        surf = mix(
            pixels,
            light.on(rgb("#f4fbfb"), 1),
            0.8 * smooth(noise(random, shape, 7 * unit, 3, 3) + 4 * (foam - 0.7), 0, 0.8) * (1 - inside),
        )
        near = below(rough - 6 * unit, height) * (1 - inside)
        pixels[:] = mix(pixels, surf, near)
        pixels[:] = mix(pixels, np.clip(rock, 0, 1), inside)
        grass = mix(light.on(rgb("#7fae55"), 0.8), light.on(rgb("#5c8f3f"), 1), np.clip(rows / (0.3 * height), 0, 1))
        grass = (
            grass
            * (1 + 0.10 * noise(random, shape, 8 * unit, 2.5, 4) + 0.07 * noise(random, shape, 40 * unit, 3, 3))[
                ..., None
            ]
        )
        x = np.arange(width, dtype=np.float32)[None] / width
        x = x if shore == "left" else 1 - x
        cap = inside * (1 - smooth(x + 0.05 * facet, 0.52, 0.64))
        pixels[:] = mix(pixels, np.clip(grass, 0, 1), cap)
        _tufts(random, pixels, edge, light, cap)
    return pixels


def _tufts(random, pixels, edge, light, where) -> None:
    height, width = pixels.shape[:2]
    unit = grounds.unit_of(pixels)
    feet = np.stack([random.uniform(0, width - 1, 1500), random.uniform(edge.min(), height, 1500)], 1)
    feet = feet[np.argsort(feet[:, 1])]
    feet = feet[where[feet[:, 1].astype(int).clip(0, height - 1), feet[:, 0].astype(int)] > 0.8]
    share = (feet[:, 1] - edge.min()) / max(1.0, height - edge.min())
    tips = feet - np.stack([random.normal(0, 2.0, len(feet)) * unit, (4 + 9 * share) * unit], 1)
    tones = light.on(rgb("#6b9c45")[None] * random.uniform(0.7, 1.3, (len(feet), 1)), 1).clip(0, 1).astype(np.float32)
    grounds.strokes(pixels, feet, tips, tones, (0.8 + share) * unit)


def _under_water(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    down, right = np.mgrid[0:height, 0:width].astype(np.float32)
    fall = np.clip(down / height + 0.05 * noise(random, shape, 80 * unit, 2.5, 5), 0, 1)
    top, deep = (rgb("#7fdce0"), rgb("#0d4a86")) if light.time != "night" else (rgb("#2f6fa8"), rgb("#061a45"))
    if light.time == "sunset":
        top = rgb("#f0b98a")
    pixels = mix(
        mix(top, rgb("#2793bd") * (light.tint * 0.5 + 0.5), smooth(fall, 0, 0.4)), deep, smooth(fall, 0.3, 1.0)
    )
    along = (right - 0.5 * width) / (down + 0.55 * height) * 24 + random.uniform(0, 6)
    rays = smooth(
        np.sin(along) + 0.7 * np.sin(2.7 * along + 2) + 0.3 * noise(random, shape, 90 * unit, 0.6, 3), 0.5, 1.8
    )
    pixels = mix(pixels, top, 0.5 * rays * np.clip(1 - fall * 1.15, 0, 1))
    # Ripples of the surface seen from below.
    pixels = mix(
        pixels,
        rgb("#e9ffff"),
        0.6 * smooth(noise(random, shape, 9 * unit, 6, 3), 0.8, 1.6) * np.clip(1 - down / (0.13 * height), 0, 1),
    )
    reef = Light(
        light.zenith,
        light.middle,
        light.low,
        rgb("#2a7fae") * light.tint,
        light.tint * np.array((0.62, 0.86, 0.95), np.float32),
        light.warm,
        None,
        light.time,
        "clear",
    )
    grounds.hills(random, pixels, round(0.86 * height), 0.28 * height, rgb("#4a7f8f"), reef, 0.1, 150)
    grounds.hills(random, pixels, round(0.90 * height), 0.20 * height, rgb("#56727c"), reef, 0.45, 110)
    edge = HORIZON["under water"] * height + 0.025 * height * line(random, width, 200 * unit, 3)
    grounds.sand(random, pixels, edge, reef, "#e5d3a0", 1.4)
    for _ in range(int(16 * width / height)):  # weeds
        x = random.uniform(0, width)
        if abs(x / width - 0.5) < 0.2 and random.random() < 0.75:
            continue
        foot = edge[int(min(x, width - 1))] + random.uniform(0.0, 0.16) * height
        tall = random.uniform(0.12, 0.36) * height
        tone = reef.on(rgb(str(random.choice(["#3f9a6a", "#6fae4a", "#2f7d74", "#b0577e", "#c98a3c"]))), 0.9)
        phase = random.uniform(0, 6)
        for blade in range(int(random.integers(3, 6))):
            t = np.linspace(0, 1, 14)
            bend = (blade - 2) * 7 * unit
            path = np.stack(
                [
                    x + bend * t * 2 + 7 * unit * np.sin(5 * t + phase + blade) * t,
                    foot - tall * t * (1 - 0.09 * abs(blade - 2)),
                ],
                1,
            )
            for a, b, share in zip(path[:-1], path[1:], t, strict=False):
                cv2.line(
                    pixels,
                    (int(a[0] * 16), int(a[1] * 16)),
                    (int(b[0] * 16), int(b[1] * 16)),
                    (np.clip(tone * (0.75 + 0.45 * share), 0, 1)).tolist(),
                    max(1, round((5.5 - 4 * share) * unit)),
                    cv2.LINE_AA,
                    4,
                )
    for _ in range(int(38 * width / height)):  # bubbles
        x, y, size = random.uniform(0, width), random.uniform(0, 0.85) * height, random.uniform(1.5, 5.5) * unit
        cv2.circle(
            pixels, (int(x), int(y)), max(1, int(size)), (0.8, 0.96, 1.0), max(1, round(0.8 * unit)), cv2.LINE_AA
        )
    return pixels


def _street(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    foot = round(HORIZON["street"] * height)
    pixels = sky(random, shape, round(0.6 * height), light, disc)
    grounds.houses(random, pixels, foot, light, 0.25, 0.56 * height / unit, 70)
    grounds.houses(random, pixels, foot, light, 0.85, 0.38 * height / unit, 105)
    kerb = foot + round(0.075 * height)
    pave = plane(random, shape, foot, 26, 2)[: kerb - foot]
    pixels[foot:kerb] = np.clip(light.on(rgb("#b9b0a4"), 0.95) * (1 + 0.07 * pave)[..., None], 0, 1)
    for x in np.arange(0, width, 26 * unit):
        cv2.line(
            pixels,
            (int(x), foot),
            (int(x + (x - width / 2) * 0.12), kerb),
            (light.on(rgb("#8f877d"), 0.95)).tolist(),
            max(1, round(unit)),
            cv2.LINE_AA,
        )
    cv2.rectangle(pixels, (0, kerb), (width, kerb + round(6 * unit)), light.on(rgb("#d8d2c8"), 1).tolist(), -1)
    top = kerb + round(6 * unit)
    rough = plane(random, shape, foot, 22, 5)[top - foot :]
    fine = noise(random, (height - top, width), 3 * unit, 1.6, 2)
    road = light.on(rgb("#6a6c76"), 1) * (1 + 0.10 * rough + 0.035 * fine)[..., None]
    if light.time == "night" or light.weather == "rain":  # wet: it mirrors the windows
        mirror = pixels[max(0, foot - (height - top)) : foot][::-1]
        mirror = cv2.resize(
            cv2.blur(mirror, (max(1, round(3 * unit)), max(1, round(34 * unit)))), (width, height - top)
        )
        road = mix(road, mirror, 0.5 if light.weather == "rain" else 0.35)
    pixels[top:] = np.clip(road, 0, 1)
    y = round(0.90 * height)
    for x in np.arange(-0.1, 1.1, 0.22):
        points = np.array([[x, 0], [x + 0.11, 0], [x + 0.115, 0.018], [x - 0.01, 0.018]]) * (width, height) + (0, y)
        cv2.fillPoly(pixels, [points.astype(np.int32)], light.on(rgb("#efe6c8"), 1).tolist(), cv2.LINE_AA)
    for x in (random.uniform(0.04, 0.16), random.uniform(0.84, 0.96)):  # lamps
        x, post = int(x * width), light.on(rgb("#2f353d"), 1).tolist()
        cv2.line(
            pixels,
            (x, foot + round(0.05 * height)),
            (x, round(0.34 * height)),
            post,
            max(1, round(4 * unit)),
            cv2.LINE_AA,
        )
        lamp = (x, round(0.33 * height))
        if light.time != "day":
            down, right = np.mgrid[0:height, 0:width].astype(np.float32)
            glow = np.exp(-np.hypot(right - lamp[0], down - lamp[1]) / (34 * unit))
            pixels[:] = mix(pixels, rgb("#ffd27a"), 0.75 * glow)
        cv2.ellipse(pixels, lamp, (round(9 * unit), round(11 * unit)), 0, 0, 360, (1.0, 0.93, 0.7), -1, cv2.LINE_AA)
        cv2.line(
            pixels,
            (x - round(11 * unit), lamp[1] - round(10 * unit)),
            (x + round(11 * unit), lamp[1] - round(10 * unit)),
            post,
            max(1, round(4 * unit)),
        )
    return pixels


def _wall(random, shape, light, accent, lightness: float = 0.80) -> np.ndarray:
    pixels = np.zeros((*shape, 3), np.float32)
    tone = from_oklch(np.array([lightness, 0.055, accent])).astype(np.float32)
    side = 0.2 if light.sun is None or light.sun[0] < 0.5 else 0.8
    grounds.plaster(random, pixels, tone * (0.55 * light.tint + 0.45), side)
    return pixels


def _window(random, pixels, light, box) -> None:
    """A window with the sky in it; box: left, top, right, bottom in shares."""
    height, width = pixels.shape[:2]
    unit = grounds.unit_of(pixels)
    left, top, right, bottom = (round(part * (width, height)[place % 2]) for place, part in enumerate(box))
    view = sky(random, (max(8, bottom - top), max(8, right - left)), int((bottom - top) * 0.8), light, False)
    grounds.hills(random, view, int((bottom - top) * 0.85), (bottom - top) * 0.25, rgb("#7fa36a"), light, 0.4, 90)
    frame = (rgb("#f3ead8") * (0.5 * light.tint + 0.5)).tolist()
    edge = round(8 * unit)
    cv2.rectangle(pixels, (left - edge, top - edge), (right + edge, bottom + edge), frame, -1)
    pixels[top : top + view.shape[0], left : left + view.shape[1]] = view
    for x in (left, (left + right) // 2, right):
        cv2.line(pixels, (x, top), (x, bottom), frame, max(1, round(5 * unit)))
    cv2.line(pixels, (left, (top + bottom) // 2), (right, (top + bottom) // 2), frame, max(1, round(5 * unit)))
    cv2.rectangle(
        pixels,
        (left - round(14 * unit), bottom + edge),
        (right + round(14 * unit), bottom + edge + round(8 * unit)),
        frame,
        -1,
    )


def _room(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    floor = round(HORIZON["room"] * height)
    pixels = _wall(random, shape, light, accent)
    stripes = np.sin(np.arange(width, dtype=np.float32)[None] / (13 * unit)) * np.ones((height, 1), np.float32)
    pixels *= (1 + 0.035 * np.sign(stripes) * smooth(np.abs(stripes), 0.1, 0.4))[..., None]
    left = random.random() < 0.5
    _window(random, pixels, light, (0.10, 0.10, 0.36, 0.44) if left else (0.64, 0.10, 0.90, 0.44))
    x = 0.70 if left else 0.16
    box = [
        round(x * width),
        round(0.14 * height),
        round((x + 0.16) * width),
        round(0.34 * height),
    ]  # a picture on the wall
    cv2.rectangle(
        pixels,
        (box[0] - round(6 * unit), box[1] - round(6 * unit)),
        (box[2] + round(6 * unit), box[3] + round(6 * unit)),
        (rgb("#8a6238") * light.tint).tolist(),
        -1,
    )
    small = (max(8, box[3] - box[1]), max(8, box[2] - box[0]))
    view = sky(random, small, small[0] // 2, light, False)
    grounds.hills(random, view, int(small[0] * 0.75), small[0] * 0.3, rgb("#6c9a6a"), light, 0.5, 60)
    pixels[box[1] : box[1] + small[0], box[0] : box[0] + small[1]] = view
    skirting = round(0.035 * height)
    grounds.planks(random, pixels, floor, light, "#b5814f", 12)
    pixels[floor - skirting : floor] = mix(
        pixels[floor - skirting : floor], rgb("#f2e9da") * (0.5 * light.tint + 0.5), 0.85
    )
    down, right = np.mgrid[0:height, 0:width].astype(np.float32)  # a rug
    r = np.hypot((right - width / 2) / (0.40 * width), (down - 0.86 * height) / (0.105 * height))
    rug = from_oklch(np.array([0.55, 0.11, (accent + 150) % 360])).astype(np.float32) * light.tint
    weave = 1 + 0.07 * noise(random, shape, 3 * unit, 5, 2)
    ring = smooth(np.cos(r * 15), 0.3, 0.7)
    face = mix(rug, mix(rug, rgb("#f4e3bd"), 0.7), 0.75 * ring) * weave[..., None]
    pixels[:] = mix(pixels, np.clip(face, 0, 1), smooth(-r, -1.01, -0.99))
    return pixels


def _table(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    top = round(HORIZON["table"] * height)
    pixels = _wall(random, shape, light, accent, 0.70)
    cloth = random.random() < 0.45
    if cloth:
        rows = np.linspace(0, 1, height - top, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
        x = (np.arange(width, dtype=np.float32)[None] / width - 0.5) / (0.55 + 0.8 * rows) * 13
        y = np.sqrt(rows + 0.05) * 12
        wave = 0.12 * noise(random, rows.shape, 60 * unit, 1.5, 2)
        checks = (
            smooth(np.sin((x + wave) * np.pi), -0.15, 0.15) * 0.5
            + smooth(np.sin((y + wave) * np.pi), -0.15, 0.15) * 0.5
        )
        tone = from_oklch(np.array([0.60, 0.12, (accent + 170) % 360])).astype(np.float32)
        face = mix(rgb("#fbf5ea"), tone, 0.85 * checks) * light.tint
        fold = (
            1 + 0.055 * noise(random, rows.shape, 50 * unit, 0.5, 3) + 0.025 * noise(random, rows.shape, 3 * unit, 1, 2)
        )
        pixels[top:] = np.clip(face * (fold * (1.04 - 0.2 * rows))[..., None], 0, 1)
    else:
        grounds.planks(random, pixels, top, light, str(random.choice(["#a9743f", "#8a5a35", "#c0925c"])), 9, False)
    pixels[top - round(2 * unit) : top + round(3 * unit)] *= 0.82
    glow = np.exp(
        -(
            (
                np.arange(width, dtype=np.float32)[None] / width
                - (0.2 if light.sun is None or light.sun[0] < 0.5 else 0.8)
            )
            ** 2
        )
        / 0.12
    )
    pixels[top:] = np.clip(pixels[top:] * (0.92 + 0.16 * glow)[..., None], 0, 1)
    return pixels


def _sky(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    pixels = sky(random, shape, height, light, disc)
    grounds.hills(random, pixels, round(0.98 * height), 0.10 * height, rgb("#7f9fb0"), light, 0.3, 200)
    edge = grounds.hills(random, pixels, round(1.0 * height), 0.06 * height, rgb("#6f9f5a"), light, 0.6, 160)
    grounds.conifers(random, pixels, edge, 0.02 * height, light, 0.6, 0.5)
    for _ in range(int(5 * width / height)):  # heaps of cloud, near
        x, y, size = random.uniform(0, width), random.uniform(0.08, 0.86) * height, random.uniform(22, 48) * unit
        _heap(random, pixels, x, y, size, light)
    return pixels


def _heap(random, pixels, x, y, size, light) -> None:
    body = {"day": rgb("#ffffff"), "sunset": rgb("#ffc2a0"), "night": rgb("#5a70a8")}[light.time]
    shade = {"day": rgb("#a9c6de"), "sunset": rgb("#a0608a"), "night": rgb("#22335f")}[light.time]
    count = 26
    across = random.normal(0, 1.25, count)
    rise = np.abs(random.normal(0, 0.5, count)) * np.exp(-(across**2) / 3)
    centres = np.stack([x + across * size, y - rise * size], 1)
    order = np.argsort(rise)[::-1]
    layer = pixels.copy()
    tones = mix(shade, body, np.clip(rise[:, None] * 1.1 + 0.15, 0, 1))
    dabs(
        layer, centres[order], (size * random.uniform(0.35, 0.75, count))[order], tones[order].astype(np.float32), 0.75
    )
    lit = np.clip(rise[order] + 0.3, 0, 1)
    dabs(
        layer,
        centres[order] - (size * 0.10, size * 0.14),
        size * 0.38 * lit,
        mix(shade, body, np.clip(lit[:, None] + 0.25, 0, 1)).astype(np.float32),
        0.7,
    )
    pixels[:] = mix(pixels, layer, 0.85)


def _space(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    unit = min(shape) / 512
    pixels = np.ones((height, width, 3), np.float32) * rgb("#0b0f2c")
    turn = noise(random, shape, 150 * unit, 1.3, 5)
    for colour, cover in (("#3b2a7d", -0.2), ("#7a2f7f", 0.5), ("#1f6f9a", 0.3), ("#d4688c", 1.2)):
        veil = smooth(noise(random, shape, 120 * unit, 1.6, 6) + 0.5 * turn, cover, cover + 1.6)
        pixels = mix(pixels, rgb(colour), 0.6 * veil)
    dark = smooth(noise(random, shape, 60 * unit, 1.8, 6), 0.5, 1.6)
    pixels = mix(pixels, rgb("#070a20"), 0.6 * dark)
    stars(random, pixels, round(height * 1.08), unit)
    stars(random, pixels, round(height * 1.08), 0.8 * unit)
    down, right = np.mgrid[0:height, 0:width].astype(np.float32)  # a world below
    side = random.choice([-0.1, 1.1])
    cx, cy, radius = side * width, 1.42 * height, 0.68 * min(height, width) + 0.12 * height
    away = np.hypot(right - cx, down - cy)
    inside = smooth(-away, -radius - unit, -radius + unit)
    bands = np.sin((away / (16 * unit)) + 1.2 * noise(random, shape, 40 * unit, 2.5, 4))
    face = mix(rgb("#3f78b5"), rgb("#8fd0d8"), smooth(bands + noise(random, shape, 30 * unit, 2, 4), -0.6, 1.4))
    pixels = mix(pixels, rgb("#8fd8ff"), 0.5 * np.exp(-np.maximum(away - radius, 0) / (14 * unit)) * (1 - inside))
    pixels = mix(pixels, face * (0.35 + 0.65 * smooth(-down, -1.1 * height, -0.75 * height))[..., None], inside)
    return pixels


def _snow(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    horizon = round(HORIZON["snow"] * height)
    pixels = sky(random, shape, horizon, light, disc)
    grounds.peaks(random, pixels, horizon + 4, 0.26 * height, light, 0.15, 0.8)
    edge = grounds.hills(random, pixels, horizon + 6, 0.09 * height, rgb("#b9cbe0"), light, 0.4, 180)
    grounds.conifers(random, pixels, edge, 0.075 * height, light, 0.55, 1.1, "#3a5f63", True)
    grounds.drifts(random, pixels, horizon + round(0.03 * height), light)
    return pixels


def _plain(random, shape, light, disc, shore, accent) -> np.ndarray:
    height, width = shape
    pixels = _wall(random, shape, light, accent, 0.84)
    y = np.arange(height, dtype=np.float32)[:, None] / height * np.ones((1, width), np.float32)
    ground = smooth(
        y + 0.012 * noise(random, shape, 30 * min(shape) / 512, 3, 4), HORIZON["plain"] - 0.06, HORIZON["plain"] + 0.10
    )
    other = _wall(random, shape, light, (accent + 25) % 360, 0.74)
    return mix(pixels, other, ground)


_PLACES: dict[str, Callable[..., np.ndarray]] = {
    "meadow": _meadow, "mountains": _mountains, "forest": _forest, "desert": _desert, "beach": _beach, "sea": _sea,
    "under water": _under_water, "street": _street, "room": _room, "table": _table, "sky": _sky, "space": _space,
    "snow": _snow, "plain": _plain,
}  # fmt: skip
INDOORS = {"room", "table", "plain", "under water", "space"}


def weathered(random, pixels: np.ndarray, place: str, light: Light) -> np.ndarray:
    """What a weather lays over the far of a place; nothing indoors."""
    if place in INDOORS or light.weather != "fog":
        return pixels
    height, width = pixels.shape[:2]
    unit = min(height, width) / 512
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    horizon = min(HORIZON[place], 0.8)
    bank = np.exp(-(((rows - horizon) / 0.22) ** 2))
    veil = np.clip(0.85 * bank + 0.22 * noise(random, (height, width), 40 * unit, 5, 4) * bank + 0.12, 0, 0.92)
    return mix(pixels, light.haze, veil.astype(np.float32))


def falling(random, pixels: np.ndarray, place: str, light: Light) -> np.ndarray:
    """Rain or snow in front of everything, in [H, W, 3]; nothing indoors."""
    if place in INDOORS or light.weather not in ("rain", "snow"):
        return pixels
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
