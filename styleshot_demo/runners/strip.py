"""Pictures side by side: two control maps, or a strength sweep with its captions."""

from PIL import Image, ImageDraw, ImageFont

CAPTION = 28  # pixels under each picture of a sweep


def strip(images: list[Image.Image], captions: list[str]) -> Image.Image:
    """Pictures side by side, each with a caption under it."""
    row = beside(images, gap=8)
    sheet = Image.new("RGB", (row.width, row.height + CAPTION), "white")
    sheet.paste(row, (0, 0))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(CAPTION * 0.6)
    left = 0
    for image, caption in zip(images, captions, strict=True):
        pen.text((left + image.width / 2, row.height + CAPTION / 2), caption, fill="black", font=font, anchor="mm")
        left += image.width + 8
    return sheet


def beside(images: list[Image.Image], gap: int = 0) -> Image.Image:
    """Pictures of one height in a row on white, `gap` pixels apart."""
    width = sum(image.width for image in images) + gap * (len(images) - 1)
    row = Image.new("RGB", (width, max(image.height for image in images)), "white")
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width + gap
    return row
