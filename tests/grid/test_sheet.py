"""The sheet of a grid: every cell at its place and at its size, labels that can be read in both languages."""

import numpy as np
import pytest
from PIL import Image, ImageFont

from styleshot_demo.grid.sheet import EDGE, FONT, GAP, LARGEST, MOST_PIXELS, cell_size, draw_sheet, shortened
from styleshot_demo.ui.words import TEXTS

COLOURS = ("red", "lime", "blue", "black")


def pictures(width, height, count=4):
    return {(n // 2, n % 2): Image.new("RGB", (width, height), COLOURS[n]) for n in range(count)}


def test_small_pictures_stand_at_their_own_size_in_rows_and_columns():
    sheet = draw_sheet(pictures(100, 60), ["one", "two"], ["a", "b"], ("Rows", "Columns"))
    pixels = np.asarray(sheet)
    for colour, (row, column) in zip(COLOURS, ((0, 0), (0, 1), (1, 0), (1, 1)), strict=True):
        rgb = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
        ys, xs = np.nonzero((pixels == rgb).all(2))
        assert (np.ptp(xs) + 1, np.ptp(ys) + 1) == (100, 60) and len(xs) == 6000, colour
        assert xs.max() == sheet.width - EDGE - 1 - (1 - column) * (100 + GAP)
        assert ys.max() == sheet.height - EDGE - 1 - (1 - row) * (60 + GAP)


def test_a_cell_that_was_not_painted_stays_empty():
    whole, part = (draw_sheet(pictures(64, 64, count), ["", ""], ["a", "b"]) for count in (4, 3))
    assert whole.size == part.size and whole.getpixel((whole.width - 40, whole.height - 40)) == (0, 0, 0)
    assert part.getpixel((part.width - 40, part.height - 40)) == (239, 235, 227)
    assert draw_sheet({}, ["x"], ["y"]).width > 200


def test_a_single_row_has_no_place_for_its_label():
    row = {(0, n): Image.new("RGB", (80, 80)) for n in range(3)}
    assert draw_sheet(row, [""], ["a", "b", "c"], ("", "Strength")).width == 3 * 80 + 2 * GAP + 2 * EDGE


@pytest.mark.parametrize("cells", [1, 64])
def test_large_pictures_are_made_smaller(cells):
    width, height = cell_size([Image.new("RGB", (3000, 2000)), Image.new("RGB", (100, 400))], cells)
    assert width <= LARGEST and width * height * cells <= MOST_PIXELS * 1.01 and abs(width / height - 1.5) < 0.01


def test_labels_are_written_and_cut_where_they_are_too_long():
    plain, named = (draw_sheet(pictures(64, 64), [text] * 2, ["", ""], ("", "")) for text in ("", "强度"))
    left = named.width - plain.width
    assert left > 20 and np.asarray(named)[:, :left].min() < 100
    font = ImageFont.truetype(str(FONT), 20)
    assert shortened("short", font, 200) == "short"
    cut = shortened("much too long for its place", font, 90)
    assert cut.endswith("…") and font.getlength(cut) <= 90
    long = draw_sheet(pictures(64, 64), ["a name without any end" * 9] * 2, ["a", "b"])
    assert long.width < 500


def test_the_font_has_every_sign_that_the_page_writes():
    font = ImageFont.truetype(str(FONT), 24)
    missing = font.getmask("\U0001f9ff").getbbox(), bytes(font.getmask("\U0001f9ff"))
    signs = {sign for english, chinese in TEXTS.values() for sign in english + chinese if sign.strip()}
    signs |= set("蜡染厚涂油画") | set("ÄÖÜßéñ")
    lost = [sign for sign in sorted(signs) if (font.getmask(sign).getbbox(), bytes(font.getmask(sign))) == missing]
    assert not lost
