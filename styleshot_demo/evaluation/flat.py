"""What becomes of flat areas: the white around a product, the paper of a drawing, a smooth sky."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from styleshot_demo.errors import Problem
from styleshot_demo.jobs import METHODS, ClassicalJob
from styleshot_demo.pictures import fit_longest, open_picture
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio
from styleshot_demo.training.folders import pictures_in, split

STYLES = 5
RING = (4, 20)  # pixels from what is drawn
FAR = 40
STEP = 2.0  # grey levels from one pixel to the next: ground changes less
GOOD = {"halo": 6.0, "stripes": 0.45, "paint": 0.25}


def evaluate_flat(
    flat: Path,
    style: Path,
    *,
    size: int = 512,
    methods: Sequence[str] = ("fast",),
    options: dict[str, Any] | None = None,
    seed: int = 0,
    part: str = "held",
    sheet: Path | None = None,
    on_pair: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Figures per method over every flat picture with `STYLES` paintings, at strength 1.

    flat     folder of pictures with large flat areas (others are left out); two more are drawn by `drawn`
    style    folder of paintings; those whose lightness varies most are taken, for with them the faults are largest
    size     longest side of everything, pixels
    seed     of each job
    options  further settings of each job
    part     "held": only paintings that training leaves out (`training.folders.split`), "all"
    sheet    where to save a picture of the results, if anywhere

    Of the content, the ground is the largest connected area where neighbouring pixels differ by less than `STEP` grey
    levels; all else is drawn on it. The ring is the ground 4 to 20 pixels from what is drawn, the far area the ground
    more than 40 pixels from it and more than 4 from the picture's border. L* is CIELAB's lightness, 0 to 100.

    halo     difference of mean L* between ring and far area, less what the ground's own shading explains of it (a sky
             grows lighter downwards): the line that leads from the content's L* to the result's in the far area
    stripes  anisotropy of the gradients of L* in the far area, less that of the style picture: with the mean J of
             their outer products, the difference of J's eigenvalues over their sum; 0 where the style's is larger
    paint    deviation, in the far area, of L* between Gaussians of 2 and 8 pixels, as a share of the style picture's
    good     share of the pairs with halo <= 6, stripes <= .45 and paint >= .25 together
    """
    for method in methods:
        if method not in METHODS:
            raise Problem("unknown_choice", name="method", value=method, choices=", ".join(METHODS))
    contents = list(_contents(flat, size))
    paintings = _paintings(style, size, part)
    studio = Studio(Settings(provenance=False))
    rows: dict[str, list[dict[str, Any]]] = {method: [] for method in methods}
    shown = []
    total = len(contents) * len(paintings)
    for number, (name, content) in enumerate(contents):
        for place, painting in enumerate(paintings):
            made = []
            for method in methods:
                job = ClassicalJob(content, ((painting, 1.0),), method=method, size=size, seed=seed, **(options or {}))
                image = studio.finish(job).images[0]
                made.append(image)
                rows[method].append({"picture": name, "style": place, **figures(content, painting, image)})
            shown.append([content, painting, *made])
            on_pair(number * len(paintings) + place + 1, total)
    if sheet is not None:
        from styleshot_demo.evaluation.sheets import sheet_of, write

        write(sheet_of(shown, ["content", "style", *methods]), sheet)
    return {
        "pictures": len(contents),
        "styles": len(paintings),
        "size": size,
        "part": part,
        "seed": seed,
        "methods": {method: _summed(found) for method, found in rows.items()},
        "pairs": rows,
    }


def figures(content: Image.Image, style: Image.Image, made: Image.Image) -> dict[str, float]:
    """halo, stripes and paint of one result; `content`, which has flat `areas`, and `made` are of one size."""
    masks = areas(content)
    assert masks is not None  # which was looked at before anything was painted
    ring, far = masks
    own, light, painted = (lightness(picture) for picture in (content, made, style))
    slope = np.cov(own[far], light[far])[0, 1] / max(own[far].var(), 1.0)
    found = (light[ring].mean() - light[far].mean()) - slope * (own[ring].mean() - own[far].mean())
    whole = np.ones(painted.shape, bool)
    stripes = anisotropy(light, far) - anisotropy(painted, whole)
    return {
        "halo": abs(float(found)),
        "stripes": max(0.0, stripes),
        "paint": brushwork(light, far) / max(brushwork(painted, whole), 1e-6),
    }


def areas(content: Image.Image) -> tuple[np.ndarray, np.ndarray] | None:
    """(ring, far area) of a picture, as masks [H, W]; None where there is no far area."""
    levels = np.asarray(content.convert("RGB"), dtype=np.float32)
    calm = np.ones(levels.shape[:2], np.uint8)
    for axis in (0, 1):
        jump = np.abs(np.diff(levels, axis=axis)).max(2) >= STEP
        before = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
        after = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        calm[before][jump] = 0
        calm[after][jump] = 0
    count, labels, sizes, _ = cv2.connectedComponentsWithStats(calm, connectivity=4)
    if count < 2:
        return None
    ground = (labels == 1 + int(sizes[1:, cv2.CC_STAT_AREA].argmax())).astype(np.uint8)
    away = cv2.distanceTransform(ground, cv2.DIST_L2, 5)
    inner = np.zeros(ground.shape, bool)
    inner[4:-4, 4:-4] = True
    ring, far = (away >= RING[0]) & (away <= RING[1]) & inner, (away > FAR) & inner
    return (ring, far) if ring.any() and far.any() else None


def lightness(picture: Image.Image) -> np.ndarray:
    """L* [H, W] of CIELAB, 0 to 100."""
    values = np.asarray(picture.convert("RGB"), dtype=np.float32) / 255
    return cv2.cvtColor(values, cv2.COLOR_RGB2Lab)[..., 0]


def anisotropy(light: np.ndarray, area: np.ndarray) -> float:
    """0 (gradients in all directions alike) to 1 (all along one line), inside `area`."""
    soft = cv2.GaussianBlur(light, (0, 0), 1.0)
    down, right = (part[area] for part in np.gradient(soft))
    xx, yy, xy = (float((one * other).mean()) for one, other in ((right, right), (down, down), (right, down)))
    return float(np.hypot(xx - yy, 2 * xy)) / max(xx + yy, 1e-9)


def brushwork(light: np.ndarray, area: np.ndarray) -> float:
    """Deviation of what lies between Gaussians of 2 and 8 pixels, inside `area`."""
    return float((cv2.GaussianBlur(light, (0, 0), 2) - cv2.GaussianBlur(light, (0, 0), 8))[area].std())


def drawn(size: int = 512) -> Iterator[tuple[str, Image.Image]]:
    """(name, picture): a shaded cup on white with a soft shadow, and a bar chart on a pale ground."""
    scale = size / 512
    cup = Image.new("RGB", (size, size), "white")
    shadow = Image.new("L", (size, size), 0)
    ImageDraw.Draw(shadow).ellipse([part * scale for part in (150, 345, 370, 385)], fill=90)
    cup.paste((90, 90, 95), mask=shadow.filter(ImageFilter.GaussianBlur(9 * scale)))
    shade = Image.linear_gradient("L").rotate(90).resize((size, size))
    body = Image.merge("RGB", [shade.point([low + v * 90 // 255 for v in range(256)]) for low in (150, 60, 45)])
    mask = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(mask)
    draw.polygon([(x * scale, y * scale) for x, y in ((165, 190), (345, 190), (325, 365), (185, 365))], fill=255)
    draw.ellipse([part * scale for part in (310, 215, 400, 320)], outline=255, width=round(16 * scale))
    cup.paste(body, mask=mask.filter(ImageFilter.GaussianBlur(0.7)))
    yield "cup", cup
    chart = Image.new("RGB", (size, size), (244, 240, 228))
    draw = ImageDraw.Draw(chart)
    bars = ((150, 60), (110, 120), (190, 90), (230, 160))
    for number, (red, height) in enumerate(bars):
        left = 150 + 55 * number
        draw.rectangle(
            [part * scale for part in (left, 350 - height, left + 38, 350)], fill=(red, 90, 250 - red)
        )
    draw.line([part * scale for part in (135, 350, 375, 350)], fill=(30, 30, 40), width=max(1, round(3 * scale)))
    draw.line([part * scale for part in (135, 160, 135, 350)], fill=(30, 30, 40), width=max(1, round(3 * scale)))
    yield "chart", chart


def _contents(folder: Path, size: int) -> Iterator[tuple[str, Image.Image]]:
    paths = pictures_in(folder)
    if not paths:
        raise Problem("picture_missing")
    pictures = [(path.stem, fit_longest(open_picture(path).convert("RGB"), size)) for path in paths]
    for name, picture in (*pictures, *drawn(size)):
        if areas(picture) is not None:
            yield name, picture


def _paintings(folder: Path, size: int, part: str) -> list[Image.Image]:
    paths = pictures_in(folder)
    paths = split(paths)[1] if part == "held" else paths
    if not paths:
        raise Problem("picture_missing")
    found = [fit_longest(open_picture(path).convert("RGB"), size) for path in paths]
    return sorted(found, key=lambda picture: -float(lightness(picture).std()))[:STYLES]


def _summed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    good = [
        row["halo"] <= GOOD["halo"] and row["stripes"] <= GOOD["stripes"] and row["paint"] >= GOOD["paint"]
        for row in rows
    ]
    summed: dict[str, Any] = {
        name: round(float(np.median([row[name] for row in rows])), 3) for name in ("halo", "stripes", "paint")
    }
    return summed | {"good": int(sum(good)), "of": len(rows)}
