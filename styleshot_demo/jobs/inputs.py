"""The pictures of a job: opened as it is made, with the names of their files, styles with their weights."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import IOBase
from pathlib import Path
from typing import Annotated, Any, TypeVar

from PIL import Image
from pydantic import BeforeValidator, SkipValidation

from styleshot_demo import pictures
from styleshot_demo.errors import Problem
from styleshot_demo.jobs.checks import number

T = TypeVar("T")
Picture = Image.Image | str | Path
MAX_STYLES = 4
KEPT_INFO = ("file_name", "pixels_sha256", "deep", "kept")  # what a picture that was opened before carries along
MAX_FILE_NAME = 120  # characters of a picture's file name that are kept
_find_kept: Callable[[Path], Any] | None = None  # the page has one: jobs know no library


def open_styles(styles: Any) -> tuple[tuple[Image.Image, float], ...]:
    """One picture, several, or (picture, weight) pairs as opened pictures with their weights.

    Weights stay as they were given, in any unit (a lone picture has 1): `normalised_weights` makes them sum to 1.
    Pictures of weight 0 are left out, so they cost nothing and cannot change the result.
    """
    if styles is None:
        raise Problem("style_needed")
    if isinstance(styles, Mapping):  # picture -> weight
        styles = list(styles.items())
    alone = not isinstance(styles, Iterable) or isinstance(styles, Image.Image | str | Path | bytes | IOBase)
    if alone or (isinstance(styles, tuple) and len(styles) == 2 and isinstance(styles[1], int | float)):
        styles = [styles]
    pairs: list[Any] = [item if isinstance(item, tuple) else (item, 1.0) for item in styles if item is not None]
    if not pairs:
        raise Problem("style_needed")
    if len(pairs) > MAX_STYLES:
        raise Problem("too_many_styles", count=len(pairs), limit=MAX_STYLES)
    if any(len(pair) != 2 or pair[0] is None for pair in pairs):
        raise Problem("style_needed")
    weights = [number("style weight", weight, 0, 100) for _, weight in pairs]
    if sum(weights) <= 0:
        raise Problem("weights_all_zero")
    seen = [(picture, weight) for (picture, _), weight in zip(pairs, weights, strict=True) if weight > 0]
    if len(seen) == 1:
        return ((open_named(seen[0][0]), 1.0),)
    return tuple((open_named(picture), weight) for picture, weight in seen)


def open_named(source: Picture, deep: bool = False) -> Image.Image:
    """`pictures.open_picture`, with the name of the file (without its folder) kept in `info["file_name"]`.

    deep  keep the 16 bits a channel of a file that has them too, in `info["deep"]`: [H, W, 3] uint16
    """
    if isinstance(source, Image.Image):
        picture = pictures.open_picture(source)
        known = {name: source.info[name] for name in KEPT_INFO if name in source.info}
    else:
        picture, pixels = pictures.open_deep(source) if deep else (pictures.open_picture(source), None)
        known: dict[Any, Any] = {"file_name": name} if (name := file_name_of(source)) else {}
        if (kept := kept_of(source)) is not None:
            known["kept"] = kept
        if pixels is not None:
            known["deep"] = pixels
    picture.info.update(known)
    return picture


def find_kept_by(find: Callable[[Path], Any]) -> None:
    """From now on `find` says of a file what `info["kept"]` is of its picture: None where it is of no kept style."""
    global _find_kept
    _find_kept = find


def kept_of(source: Any) -> Any:
    """What `info["kept"]` is of the picture in a file; None where it is of no kept style."""
    return _find_kept(Path(source)) if _find_kept is not None and isinstance(source, str | Path) else None


def file_name_of(source: Any) -> str | None:
    """The name of a file without its folder, whichever system wrote the path, in printable characters; None for what
    is no path."""
    if not isinstance(source, str | Path):
        return None
    name = re.split(r"[/\\]", str(source))[-1]
    return "".join(sign if sign.isprintable() else " " for sign in name)[:MAX_FILE_NAME] or None


def normalised_weights(styles: Sequence[tuple[Image.Image, float]]) -> list[float]:
    """The weights of a job's styles, made to sum to 1."""
    total = sum(weight for _, weight in styles)
    return [weight / total for _, weight in styles]


def roles(
    styles: Sequence[tuple[T, float]], colours: int | None
) -> tuple[Sequence[tuple[T, float]], Sequence[tuple[T, float]] | None]:
    """(styles that give brushwork, the one that gives colours), weights summing to 1 in each.

    colours  the place of the one that gives colours; None: all give both
    """
    if colours is None:
        return styles, None
    others = [style for place, style in enumerate(styles) if place != colours]
    total = sum(weight for _, weight in others)
    brushwork = [(style, weight / total) for style, weight in others]
    return brushwork, [(styles[colours][0], 1.0)]


def _given(content: Any) -> Any:
    if content is None:
        raise Problem("content_needed")
    return content


# Of a job that is made: opened pictures. They are opened last, when all that takes no time has been checked.
Content = Annotated[Image.Image, SkipValidation, BeforeValidator(_given)]
Styles = Annotated[tuple[tuple[Image.Image, float], ...], SkipValidation]
