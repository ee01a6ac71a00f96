"""Pictures on their way into a style file."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from styleshot_demo import containers, jobs, pictures
from styleshot_demo.errors import Problem
from styleshot_demo.library.style import MAX_PICTURES, THUMBNAIL, StylePicture
from styleshot_demo.library.stylefile import MAX_FILE_MB, put, thumbnail_of
from styleshot_demo.library.typical import features, nearest, typical

LONGEST = jobs.CLASSICAL_SIZES[1]  # pixels of a side: no method sees a style larger


def check(styles: Sequence[tuple[Any, float]], use: Sequence[int] | None) -> None:
    """What can be known before pictures are opened; `Problem` as `Library.save`."""
    if not styles:
        raise Problem("style_needed")
    if len(styles) > MAX_PICTURES:
        raise Problem("too_many_style_pictures", count=len(styles), limit=MAX_PICTURES)
    weights = [jobs.number("style weight", weight, 0, 100) for _, weight in styles]
    for place in use or ():
        jobs.number("use", place + 1, 1, len(styles), whole=True)
    if use is not None and not 1 <= len(set(use)) <= jobs.MAX_STYLES:
        raise Problem("too_many_styles" if use else "style_needed", count=len(set(use)), limit=jobs.MAX_STYLES)
    if sum(weights[place] for place in (range(len(weights)) if use is None else use)) <= 0:
        raise Problem("weights_all_zero")


def pack(
    target: zipfile.ZipFile, styles: Sequence[tuple[Any, float]], use: Sequence[int] | None
) -> tuple[StylePicture, ...]:
    """Writes pictures and thumbnail into a style file, one after the other; what is to be written of them.

    A `Problem` of the gate has the picture's path as a note.
    """
    packed, found, thumbnails, size = [], [], [], 0
    for number, (source, weight) in enumerate(styles, 1):
        try:
            image = jobs.open_named(source)
        except Problem as problem:
            if isinstance(source, str | Path):
                problem.add_note(str(source))
            raise
        data, suffix = _encoded(source, image)
        file = f"pictures/{number:03d}{suffix}"
        size += len(data)
        if size > MAX_FILE_MB * 2**20:
            raise Problem("style_file_too_large", file=file, limit=MAX_FILE_MB)
        put(target, file, data)
        name = str(image.info.get("file_name", ""))
        packed.append(StylePicture(file=file, name=name, weight=float(weight)))
        found.append(features(image))
        thumbnails.append(thumbnail_of(image))
    standing: dict[int, int] = {}  # place -> that of the picture that stands for it
    if use is None:
        able = [place for place, picture in enumerate(packed) if picture.weight > 0]
        use = [able[place] for place in typical([found[place] for place in able], jobs.MAX_STYLES)]
        if len(able) > len(use):
            near = nearest([found[place] for place in able], [able.index(place) for place in use])
            standing = {place: able[one] for place, one in zip(able, near, strict=True)}
    first = max(sorted(set(use)), key=lambda place: packed[place].weight)
    put(target, THUMBNAIL, thumbnails[first])
    return tuple(
        picture.model_copy(
            update={"used": place in use, "typical": packed[standing[place]].file if place in standing else ""}
        )
        for place, picture in enumerate(packed)
    )


def _encoded(source: Any, image: Image.Image) -> tuple[bytes, str]:
    """(file, suffix): the same pixels as the gate opens, as far as a job can see them, and nothing else.

    No place, camera or comment goes along. A plain JPEG stays the JPEG it is; what is larger than a job sees becomes a
    fine one; the rest are PNGs.
    """
    if max(image.size) <= LONGEST:
        plain = _plain_jpeg(source)
        return (plain, ".jpg") if plain else (_saved(image, "PNG"), ".png")
    small = pictures.fit_longest(image, LONGEST)
    if small.mode == "RGBA":
        return _saved(small, "PNG"), ".png"
    return _saved(small, "JPEG", quality=95, subsampling=0), ".jpg"


def _plain_jpeg(source: Any) -> bytes | None:
    """The bytes of a JPEG that needs neither turning nor a colour profile, without what else stands in it."""
    if not isinstance(source, str | Path | bytes):
        return None
    data = pictures.read_bytes(source)
    if containers.kind_of(data) != "JPEG":
        return None
    clean = containers.clean("JPEG", data)
    plain = clean.profile is None and clean.orientation == 1 and clean.space is None and not clean.mended
    return clean.data if plain else None


def _saved(image: Image.Image, format: str, **options: Any) -> bytes:
    encoded = io.BytesIO()
    Image.frombytes(image.mode, image.size, image.tobytes()).save(encoded, format=format, **options)
    return encoded.getvalue()
