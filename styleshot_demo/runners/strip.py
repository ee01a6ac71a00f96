"""A strength sweep with its captions."""

from PIL import Image, ImageDraw, ImageFont

from styleshot_demo.images.ops import grid

CAPTION = 28  # pixels under each picture of a sweep


def strip(images: list[Image.Image], captions: list[str]) -> Image.Image:
    """Pictures side by side, each with a caption under it."""
    row = grid([images], gap=8)
    sheet = Image.new("RGB", (row.width, row.height + CAPTION), "white")
    sheet.paste(row, (0, 0))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(CAPTION * 0.6)
    left = 0
    for image, caption in zip(images, captions, strict=True):
        pen.text((left + image.width / 2, row.height + CAPTION / 2), caption, fill="black", font=font, anchor="mm")
        left += image.width + 8
    return sheet
