"""Places on land: meadow, mountains, forest, desert, snow and street."""

import cv2
import numpy as np

from styleshot_demo.compose import grounds
from styleshot_demo.compose.skies import sky
from styleshot_demo.compose.stage import HORIZON
from styleshot_demo.compose.textures import below, dabs, line, mix, noise, plane, rgb, smooth


def meadow(random, shape, light, disc, shore, accent, far) -> np.ndarray:
    height, width = shape
    horizon = round(HORIZON["meadow"] * height)
    pixels = sky(random, shape, horizon, light, disc)
    if far == "mountains":
        grounds.peaks(random, pixels, horizon + 4, 0.34 * height, light, 0.3, 0.5)
    else:
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


def mountains(random, shape, light, disc, shore, accent, far) -> np.ndarray:
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


def forest(random, shape, light, disc, shore, accent, far) -> np.ndarray:
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


def desert(random, shape, light, disc, shore, accent, far) -> np.ndarray:
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


def snow(random, shape, light, disc, shore, accent, far) -> np.ndarray:
    height, width = shape
    horizon = round(HORIZON["snow"] * height)
    pixels = sky(random, shape, horizon, light, disc)
    grounds.peaks(random, pixels, horizon + 4, (0.36 if far else 0.26) * height, light, 0.35 if far else 0.15, 0.8)
    edge = grounds.hills(random, pixels, horizon + 6, 0.09 * height, rgb("#b9cbe0"), light, 0.4, 180)
    grounds.conifers(random, pixels, edge, 0.075 * height, light, 0.55, 1.1, "#3a5f63", True)
    grounds.drifts(random, pixels, horizon + round(0.03 * height), light)
    return pixels


def street(random, shape, light, disc, shore, accent, far) -> np.ndarray:
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
    snowy = light.weather == "snow"
    if snowy:
        grounds.drifts(random, pixels, foot + round(0.01 * height), light)
    y = round(0.90 * height)
    for x in () if snowy else np.arange(-0.1, 1.1, 0.22):
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
