"""Pictures on their way into a style file."""

import io
import itertools
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from styleshot_demo import containers, jobs, pictures
from styleshot_demo.errors import Problem
from styleshot_demo.library.style import MAX_PICTURES, THUMBNAIL, Style, StylePicture
from styleshot_demo.library.stylefile import MAX_FILE_MB, StyleFile, put, thumbnail_of
from styleshot_demo.library.typical import features, nearest, typical

if TYPE_CHECKING:
    import numpy as np

LONGEST = jobs.CLASSICAL_SIZES[1]  # pixels of a side: no method sees a style larger


@dataclass(frozen=True)
class _Packed:
    """A picture that lies in the style file: what is written of it, its `features`, and a thumbnail."""

    picture: StylePicture
    features: "np.ndarray"
    thumbnail: bytes


def check(styles: Sequence[tuple[Any, float]], use: Sequence[int] | None, before: Style | None = None) -> None:
    """What can be known before pictures are opened; `Problem` as `Library.save`. Those of `before` come first."""
    if not styles:
        raise Problem("style_needed")
    weights = [picture.weight for picture in before.pictures] if before else []
    count = len(weights) + len(styles)
    if count > MAX_PICTURES:
        raise Problem("too_many_style_pictures", count=count, limit=MAX_PICTURES)
    weights += [jobs.number("style weight", weight, 0, 100) for _, weight in styles]
    for place in use or ():
        jobs.number("use", place + 1, 1, count, whole=True)
    if use is not None and not 1 <= len(set(use)) <= jobs.MAX_STYLES:
        raise Problem("too_many_styles" if use else "style_needed", count=len(set(use)), limit=jobs.MAX_STYLES)
    if sum(weights[place] for place in (range(len(weights)) if use is None else use)) <= 0:
        raise Problem("weights_all_zero")


def pack(
    target: zipfile.ZipFile,
    styles: Sequence[tuple[Any, float]],
    use: Sequence[int] | None,
    before: StyleFile | None = None,
) -> tuple[StylePicture, ...]:
    """Writes pictures and thumbnail into a style file, one after the other; what is to be written of them.

    before  a style file whose pictures come first, as they are
    use     places among all of them

    A `Problem` of the gate has the picture's path as a note.
    """
    added = _added(target, styles, before)  # what is new may be broken: it is read first
    packed = [*(_copied(target, before) if before else ()), *added]
    standing: dict[int, int] = {}  # place -> that of the picture that stands for it
    if use is None:
        able = [place for place, each in enumerate(packed) if each.picture.weight > 0]
        use = [able[place] for place in typical([packed[place].features for place in able], jobs.MAX_STYLES)]
        if len(able) > len(use):
            near = nearest([packed[place].features for place in able], [able.index(place) for place in use])
            standing = {place: able[one] for place, one in zip(able, near, strict=True)}
    first = max(sorted(set(use)), key=lambda place: packed[place].picture.weight)
    put(target, THUMBNAIL, packed[first].thumbnail)
    typical_of = {place: packed[one].picture.file for place, one in standing.items()}
    return tuple(
        each.picture.model_copy(update={"used": place in use, "typical": typical_of.get(place, "")})
        for place, each in enumerate(packed)
    )


def _added(target: zipfile.ZipFile, styles: Sequence[tuple[Any, float]], before: StyleFile | None) -> list[_Packed]:
    old = [picture.file for picture in before.style.pictures] if before else []
    size = sum(before.size(file) for file in old) if before else 0
    taken = {Path(file).stem for file in old}
    free = (stem for number in itertools.count(1) if (stem := f"{number:03d}") not in taken)
    packed = []
    for (source, weight), stem in zip(styles, free, strict=False):
        try:
            image = jobs.open_named(source)
        except Problem as problem:
            if isinstance(source, str | Path):
                problem.add_note(str(source))
            raise
        data, suffix = _encoded(source, image)
        file = f"pictures/{stem}{suffix}"
        size += len(data)
        if size > MAX_FILE_MB * 2**20:
            raise Problem("style_file_too_large", file=file, limit=MAX_FILE_MB)
        put(target, file, data)
        name = str(image.info.get("file_name", ""))
        packed.append(_seen(StylePicture(file=file, name=name, weight=float(weight)), image))
    return packed


def _copied(target: zipfile.ZipFile, before: StyleFile) -> list[_Packed]:
    packed = []
    for picture in before.style.pictures:
        put(target, picture.file, before.read(picture.file))
        packed.append(_seen(picture, before.picture(picture.file)))
    return packed


def _seen(picture: StylePicture, image: Image.Image) -> _Packed:
    return _Packed(picture, features(image), thumbnail_of(image))


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
