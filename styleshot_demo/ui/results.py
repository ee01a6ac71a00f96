"""Finished pictures as files: a PNG with its record, under a name a person would choose."""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from styleshot_demo import names, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.events import Result
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.provenance import Record
from styleshot_demo.settings import Settings
from styleshot_demo.ui import problems, words
from styleshot_demo.ui.words import tr

Styles = Sequence[tuple[Image.Image, float]]
STYLE_SIGNS = 24  # of a style's name in that of a file
# Remarks that say that something else was painted than was asked for.
NOT_AS_ASKED = ("no_subject", "nobody_found", "no_alpha", "rest_needs_style", "optimise_not_composed")


def file_name(stem: str, method: str, styles: Styles, strength: float, seed: int) -> str:
    """Such as "chelsea-fast-watercolour-strength0.8-seed7.png"; of several styles the first two are named."""
    known = [str(image.info.get("file_name", "")) for image, _ in styles]
    named = "-".join(names.stem_of(name)[:STYLE_SIGNS] for name in known[:2])
    return names.made_of(stem, method, named, f"strength{strength:g}", f"seed{seed}", suffix=".png")


def save(image: Image.Image, made_by: Record | None, place: Path, name: str) -> Path:
    """Saves one picture in a folder of its own inside `place` and returns its path; `Problem` cannot_write.

    made_by  what the file is to say of how it was made; None for nothing
    """
    folder = _place(place)
    refused: Problem | None = None
    for path in (folder / name, folder / "picture.png"):
        try:
            provenance.write(image, path, made_by)
            return path
        except Problem as problem:  # what was painted is not lost because of a name
            refused = problem
    assert refused is not None  # by both
    raise refused


def keep(shown: Any, image: Image.Image, made_by: Record | None, settings: Settings, name: str) -> Path:
    """`save` in Gradio's folder, for the element that shows it; with its record unless the settings forbid."""
    path = save(image, made_by if settings.provenance else None, Path(shown.GRADIO_CACHE), name)
    shown.temp_files.add(str(path))  # so that Gradio deletes it when it is old
    return path


def save_plain(image: Image.Image, stem: str, folder: Path) -> Path:
    """Saves a picture that is shown but not offered for download, quickly."""
    path = _place(folder) / names.made_of(stem, suffix=".png")
    image.save(path, format="PNG", compress_level=1)
    return path


def summary(result: Result) -> str:
    """What was done, in a line or two of HTML; of several remarks all but the first, and those that say that it is not
    what was asked for, can be unfolded."""
    seconds = f"{result.seconds:.1f}" if result.seconds < 10 else f"{result.seconds:.0f}"
    width, height = result.images[-1].size
    other_than_asked = [told for told in result.notes[1:] if told.key in NOT_AS_ASKED]
    first = [words.remark(told) for told in (*result.notes[:1], *other_than_asked)]
    others = [words.remark(told) for told in result.notes[1:] if told not in other_than_asked]
    facts = [tr("done", seconds=seconds), tr("facts", width=width, height=height)]
    if seeded(result.plan.job):
        facts.append(tr("seed_caption", seed=result.seed))
    told = words.join([*facts, *first])
    return problems.note(told, words.join(others, " ") if others else None)


def seeded(job: object) -> bool:
    """Whether another seed would make another picture: fast draws by chance only the brushwork in flat areas."""
    if not isinstance(job, ClassicalJob):
        return True
    return job.method in ("patches", "optimise") or (job.method == "fast" and job.grain > 0)


def _place(folder: Path) -> Path:
    place = folder / secrets.token_hex(16)  # nobody can guess the address of another person's picture
    place.mkdir(parents=True)
    return place
