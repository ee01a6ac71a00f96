"""One picture of a whole grid, with what each row and column is."""

import math
from collections.abc import Mapping, Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from styleshot_demo.images.ops import on_white
from styleshot_demo.settings import ASSETS

FONT = ASSETS / "fonts" / "sheet.otf"
LARGEST = 512  # pixels of a cell's side
MOST_PIXELS = 16_000_000  # of all cells together
GAP, EDGE = 8, 16
INK, FAINT, EMPTY = "#26231e", "#787164", "#efebe3"
_MARGIN = 220  # pixels that the labels of rows take at most


def draw_sheet(
    pictures: Mapping[tuple[int, int], Image.Image],
    rows: Sequence[str],
    columns: Sequence[str],
    title: tuple[str, str] = ("", ""),
) -> Image.Image:
    """RGB: cells in rows and columns on white, with their labels.

    pictures  (row, column) -> picture, from 0; a cell without one stays empty. They are never enlarged
    rows      a label for each; a grid of one row has [""]
    columns   the same
    title     what the rows differ in, and what the columns do
    """
    width, height = cell_size(list(pictures.values()), len(rows) * len(columns))
    size = min(26, max(13, width // 16))
    font, small = _font(size), _font(max(12, round(0.8 * size)))
    line = round(1.5 * size)
    texts = [*((label, font) for label in rows), (title[0], small)]
    margin = min(_MARGIN, max(math.ceil(each.getlength(text)) for text, each in texts))
    left = EDGE + (margin + 2 * GAP if margin else 0)
    top = EDGE + line * (any(columns) + any(title))
    across, down = len(columns) * (width + GAP) - GAP, len(rows) * (height + GAP) - GAP
    sheet = Image.new("RGB", (left + across + EDGE, top + down + EDGE), "white")
    pen = ImageDraw.Draw(sheet)
    if any(title):
        middle = EDGE + line / 2
        pen.text((left, middle), shortened(title[1], small, across), FAINT, small, "lm")
        pen.text((EDGE, top - line / 2), shortened(title[0], small, margin), FAINT, small, "lm")
    for column, label in enumerate(columns):
        middle = left + column * (width + GAP) + width / 2
        pen.text((middle, top - line / 2), shortened(label, font, width), INK, font, "mm")
    for row, label in enumerate(rows):
        y = top + row * (height + GAP)
        pen.text((EDGE, y + height / 2), shortened(label, font, margin), INK, font, "lm")
        for column in range(len(columns)):
            x = left + column * (width + GAP)
            picture = pictures.get((row, column))
            if picture is None:
                pen.rectangle((x, y, x + width - 1, y + height - 1), EMPTY)
                continue
            shown = fitted(picture, width, height)
            sheet.paste(shown, (x + (width - shown.width) // 2, y + (height - shown.height) // 2))
    return sheet


def cell_size(pictures: Sequence[Image.Image], cells: int) -> tuple[int, int]:
    """Width and height of each cell, pixels: as large as the largest picture, within what a sheet may have."""
    if not pictures:
        return LARGEST // 2, LARGEST // 2
    width, height = (max(picture.size[side] for picture in pictures) for side in (0, 1))
    scale = min(1.0, LARGEST / max(width, height), math.sqrt(MOST_PIXELS / (cells * width * height)))
    return max(1, round(scale * width)), max(1, round(scale * height))


def fitted(picture: Image.Image, width: int, height: int) -> Image.Image:
    """RGB, within that width and height, never enlarged."""
    scale = min(1.0, width / picture.width, height / picture.height)
    size = max(1, round(scale * picture.width)), max(1, round(scale * picture.height))
    shown = on_white(picture)
    return shown if shown.size == size else shown.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)


def shortened(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """As much of a text as `width` pixels take, with an ellipsis where that is not all."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size)
