"""Draw the style pictures that ship with the app.

    python assets/make_styles.py [--only NAME] [--out DIR] [--size 768]

Every picture comes from seeded arithmetic (numpy, SciPy, OpenCV, scikit-image): the same command gives the same
picture, and nobody else's work is in it. They are dedicated to the public domain (CC0 1.0).
"""

import argparse
import io
import json
import sys
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageFile

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

RECIPES = (
    "oil_impasto",
    "stained_glass",
    "ink_wash",
    "woodcut",
    "pointillism",
    "batik",
    "low_poly",
    "byzantine_mosaic",
    "watercolour",
    "neon_grid",
    "wave_print",
    "cubist_facets",
    "pastel_chalk",
    "risograph",
    "engraving",
    "silk_embroidery",
)
QUALITY = 90
LIMIT = 250_000  # bytes of one picture
ImageFile.MAXBLOCK = 2**23  # Pillow wants the whole file in one buffer when it optimises


def load(name: str):
    """The recipe module of a picture; `name` is written with hyphens or underscores."""
    return import_module(f"style_recipes.{name.replace('-', '_')}")


def render(name: str, size: int) -> Image.Image:
    """One style picture, size x size, RGB."""
    pixels = np.asarray(load(name).render(size))
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8), "RGB")


def encode(picture: Image.Image) -> bytes:
    """JPEG without subsampled colour; quality steps down only where a rich texture would pass the size limit."""
    for quality in range(QUALITY, 60, -2):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True, progressive=True)
        if buffer.tell() <= LIMIT:
            break
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="NAME", help="draw this picture alone, for example stained-glass")
    parser.add_argument("--out", type=Path, default=HERE / "styles", metavar="DIR")
    parser.add_argument("--size", type=int, default=768, help="pixels of each side")
    options = parser.parse_args()
    only = options.only and options.only.replace("-", "_")
    if only and only not in RECIPES:
        parser.error(f"there is no style {options.only}; choose one of {', '.join(RECIPES).replace('_', '-')}")
    if options.size < 64:
        parser.error("--size must be at least 64")
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in [only] if only else RECIPES:
        file = options.out / f"{name.replace('_', '-')}.jpg"
        file.write_bytes(encode(render(name, options.size)))
        print(f"{file.name}: {file.stat().st_size // 1000} KB", flush=True)
    if not only:
        index = [
            {
                "file": f"{name.replace('_', '-')}.jpg",
                "title_en": load(name).TITLE_EN,
                "title_zh": load(name).TITLE_ZH,
                "method": load(name).METHOD,
            }
            for name in RECIPES
        ]
        text = json.dumps(index, ensure_ascii=False, indent=2)
        (options.out / "index.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
