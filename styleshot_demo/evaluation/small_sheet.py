"""A sheet of what the small StyleShot makes: styles in rows; prompts, then contents, in columns."""

from collections.abc import Callable, Sequence

from PIL import Image

from styleshot_demo.evaluation.sheets import sheet_of
from styleshot_demo.jobs import ImageJob, TextJob
from styleshot_demo.studio import Studio

PROMPTS = ("red apple", "rocket", "cat face")
SIDE = 256


def sheet(
    studio: Studio,
    styles: Sequence[Image.Image],
    contents: Sequence[Image.Image],
    prompts: Sequence[str] = PROMPTS,
    *,
    steps: int = 20,
    seed: int = 0,
    on_picture: Callable[[int, int], None] = lambda done, total: None,
) -> Image.Image:
    """Every style with every prompt and every content, made by the studio as a person would get it.

    Each row begins with its style; over it all lies a row with the contents. Pictures are fitted into 256 pixels.
    """
    total = len(styles) * (len(prompts) + len(contents))
    rows: list[list[Image.Image]] = []
    done = 0
    blank = Image.new("RGB", (SIDE, SIDE), "white")
    if contents:
        rows.append([blank] * (1 + len(prompts)) + list(contents))
    for style in styles:
        row = [style]
        for prompt in prompts:
            job = TextJob(styles=((style, 1.0),), prompt=prompt, model="small", size=SIDE, steps=steps, seed=seed)
            row.append(studio.finish(job).images[0])
            on_picture(done := done + 1, total)
        for content in contents:
            job = ImageJob(content=content, styles=((style, 1.0),), model="small", size=SIDE, steps=steps, seed=seed)
            row.append(studio.finish(job).images[0])
            on_picture(done := done + 1, total)
        rows.append(row)
    return sheet_of(rows, ["style", *prompts, *[""] * len(contents)], SIDE)
