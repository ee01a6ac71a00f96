"""Contact sheets: rows of pictures under headings, to look at many results at once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from styleshot_demo.destinations import not_written

GAP = 8


CELL = 256  # pixels of a sheet's cells


def sheet_of(rows: Sequence[Sequence[Image.Image]], headings: Sequence[str], cell: int = CELL) -> Image.Image:
    """One RGB picture: a heading per column, then the rows; each picture is fitted into `cell` x `cell` pixels."""
    font = ImageFont.load_default(size=18)
    top = 32
    width = len(headings) * (cell + GAP) + GAP
    sheet = Image.new("RGB", (width, top + len(rows) * (cell + GAP) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for column, heading in enumerate(headings):
        draw.text((GAP + column * (cell + GAP), 6), heading, fill="black", font=font)
    for line, row in enumerate(rows):
        for column, image in enumerate(row):
            small = image.convert("RGB")
            small.thumbnail((cell, cell), Image.Resampling.LANCZOS)
            left = GAP + column * (cell + GAP) + (cell - small.width) // 2
            sheet.paste(small, (left, top + GAP + line * (cell + GAP) + (cell - small.height) // 2))
    return sheet


def at_full_size(image: Image.Image, middle: tuple[float, float], cell: int = CELL) -> Image.Image:
    """As much of a picture as a cell shows at 100 %, around a `middle` that is given in shares of its width and height.

    What a small cell shows of a whole picture hides how it is painted.
    """
    left, top = (
        min(max(0, round(share * side - cell / 2)), max(0, side - cell))
        for share, side in zip(middle, image.size, strict=True)
    )
    return image.crop((left, top, min(left + cell, image.width), min(top + cell, image.height)))


def write(sheet: Image.Image, file: Path, **options: Any) -> None:
    """Saves a sheet, with Pillow's `options`; `Problem` cannot_write."""
    try:
        sheet.save(file, **options)
    except (OSError, ValueError) as error:  # ValueError: no format has that suffix
        raise not_written(error) from error
