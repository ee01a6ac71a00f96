"""A few dozen drawn things in three sets, two paintings' worth of texture, and a run made ready with tiny networks."""

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from styleshot_demo.training.small import pack
from styleshot_demo.training.small.recipe import Phase, PhaseRecipe, Sizes

SIZES = Sizes(
    channels=8,
    widths=(32, 48),
    heads=2,
    width=64,
    vocabulary=700,
    text_layers=1,
    style_width=32,
    style_layers=1,
    patch_widths=((16, 16, 16, 16, 32), (16, 16, 16, 32), (16, 16, 32)),
    control_widths=(8, 8, 8, 8, 16),
    prior_rank=12,
    decoder_widths=(16, 16, 8, 8, 8),
)
SETS = ("flat", "line", pack.HELD_SET)
COLOURS = {"red": (220, 40, 40), "green": (40, 160, 60), "blue": (50, 80, 220), "yellow": (240, 210, 50)}
SHAPES = ("circle", "square", "triangle")


def drawn(shape: str, colour: tuple[int, int, int], style: str) -> Image.Image:
    image = Image.new("RGBA", (128, 128), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    look = {"outline": "black", "width": 8} if style == "line" else {"fill": colour}
    if shape == "circle":
        pen.ellipse((20, 20, 108, 108), **look)
    elif shape == "square":
        pen.rectangle((24, 24, 104, 104), **look)
    else:
        pen.polygon(((64, 16), (112, 108), (16, 108)), **look)
    return image


def write_data(folder: Path) -> Path:
    (folder / "emoji").mkdir(parents=True)
    lines = []
    for name in SETS:
        with zipfile.ZipFile(folder / "emoji" / f"{name}.zip", "w") as archive:
            for n, (word, colour) in enumerate(COLOURS.items()):
                for m, shape in enumerate(SHAPES):
                    code = f"{n}{m}"
                    buffer = io.BytesIO()
                    drawn(shape, colour, name).save(buffer, "PNG")
                    archive.writestr(f"{code}.webp", buffer.getvalue())
                    lines.append(
                        {
                            "file": f"{name}.zip/{code}.webp",
                            "set": name,
                            "codepoints": code,
                            "name": f"{word} {shape}",
                            "keywords": [word, shape, "shape"],
                        }
                    )
    (folder / "emoji" / "metadata.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    rng = np.random.default_rng(0)
    for group in pack.GROUPS:
        (folder / group).mkdir()
        with (folder / group / "index.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["file", "title", "artist"])
            for n in range(16):
                coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
                image = Image.fromarray(coarse).resize((320, 300), Image.Resampling.BICUBIC)
                image.save(folder / group / f"{n:02}.png")
                table.writerow([f"{n:02}.png", f"A quiet harbour {n} (oil)", "Somebody Else"])
    return folder


def recipe(**phase: object) -> PhaseRecipe:
    given = {
        "train_text": True,
        "steps": 6,
        "batch": 4,
        "warmup": 1,
        "checkpoint_every": 1000,  # but for that of the end: each takes as long as two steps
        "validate_every": 0,
        "sheet_every": 0,
    }
    return PhaseRecipe(SIZES, Phase(**(given | phase)))
